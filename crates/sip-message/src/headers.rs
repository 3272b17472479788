//! The header lines of a message, in their order.

mod callers;
mod typed;

use crate::grammar;
use crate::header_name::HeaderName;
use std::borrow::Borrow;
use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;

/// Header lines, in their order. Values are kept as they came, but for folding, which is undone, and for bytes that
/// are not UTF-8: a line with such bytes is read as ISO 8859-1, as old telephones mean it.
///
/// All values lie in one text, so that reading a message allocates twice for its headers, however many there are.
/// What is removed or replaced leaves its text behind until the headers are dropped.
#[derive(Clone, Default)]
pub struct Headers {
    text: String,
    lines: Vec<Line>,
}

#[derive(Clone)]
struct Line {
    name: HeaderName,
    value: Range<usize>,
}

impl Headers {
    /// None yet.
    pub const fn new() -> Self {
        Headers { text: String::new(), lines: Vec::new() }
    }

    /// None yet, with room for so many bytes of values and so many lines.
    pub fn with_capacity(bytes: usize, lines: usize) -> Self {
        Headers { text: String::with_capacity(bytes), lines: Vec::with_capacity(lines) }
    }

    /// Gives back the room that it does not need, where they are kept for long.
    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.lines.shrink_to_fit();
    }

    /// Adds a line at the end. A line end within the value becomes a space: no value can smuggle in a header.
    pub fn push(&mut self, name: impl Into<HeaderName>, value: impl AsRef<str>) {
        let line = self.line(name.into(), value.as_ref());
        self.lines.push(line);
    }

    /// Adds a line at the end with a value as it is shown, written in place.
    pub fn push_display(&mut self, name: impl Into<HeaderName>, value: impl fmt::Display) {
        let line = self.line_of(name.into(), value);
        self.lines.push(line);
    }

    /// Adds a line before all others, as a Via is.
    pub fn push_front(&mut self, name: impl Into<HeaderName>, value: impl fmt::Display) {
        let line = self.line_of(name.into(), value);
        self.lines.insert(0, line);
    }

    /// Puts one line in the place of the first of this name, takes the others away, or adds it at the end.
    pub fn set(&mut self, name: impl Into<HeaderName>, value: impl AsRef<str>) {
        let name = name.into();
        let line = self.line(name.clone(), value.as_ref());
        match self.lines.iter().position(|line| line.name == name) {
            Some(at) => {
                let mut index = 0;
                self.lines.retain(|line| {
                    index += 1;
                    line.name != name || index - 1 == at
                });
                if let Some(place) = self.lines.get_mut(at) {
                    *place = line;
                }
            }
            None => self.lines.push(line),
        }
    }

    /// Puts another value in the place of the first line of this name, and leaves the others. Adds the line at the
    /// front if there is none.
    pub(crate) fn set_first(&mut self, name: impl Into<HeaderName>, value: impl AsRef<str>) {
        let line = self.line(name.into(), value.as_ref());
        match self.lines.iter_mut().find(|known| known.name == line.name) {
            Some(place) => *place = line,
            None => self.lines.insert(0, line),
        }
    }

    /// Takes away every line of this name.
    pub fn remove(&mut self, name: impl Borrow<HeaderName>) {
        self.lines.retain(|line| line.name != *name.borrow());
    }

    /// The value of the first line of this name, without white space at its ends.
    pub fn get(&self, name: impl Borrow<HeaderName>) -> Option<&str> {
        self.lines.iter().find(|line| line.name == *name.borrow()).map(|line| self.value(line))
    }

    /// The values of all lines of this name. A line may hold a list: the typed accessors take it apart.
    pub fn get_all(&self, name: impl Borrow<HeaderName>) -> impl Iterator<Item = &str> {
        self.lines.iter().filter(move |line| line.name == *name.borrow()).map(|line| self.value(line))
    }

    /// Whether a line of this name is there.
    pub fn contains(&self, name: impl Borrow<HeaderName>) -> bool {
        self.lines.iter().any(|line| line.name == *name.borrow())
    }

    /// Every line.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &str)> {
        self.lines.iter().map(|line| (&line.name, self.value(line)))
    }

    /// How many lines.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds a line as it came from the network.
    pub(crate) fn push_bytes(&mut self, name: HeaderName, value: &[u8]) {
        let start = self.text.len();
        self.push_text(trim_bytes(value));
        self.lines.push(Line { name, value: start..self.text.len() });
    }

    /// Adds a folded line to the value of the last one: one space stands for the fold (RFC 3261 §7.3.1). `None` if
    /// there is no line yet.
    pub(crate) fn fold(&mut self, more: &[u8]) -> Option<()> {
        let start = self.lines.last()?.value.start;
        let more = trim_bytes(more);
        if self.text.len() > start && !more.is_empty() {
            self.text.push(' ');
        }
        self.push_text(more);
        let end = self.text.len();
        self.lines.last_mut()?.value.end = end;
        Some(())
    }

    /// Bytes that are not UTF-8 are ISO 8859-1. A carriage return alone is a space.
    fn push_text(&mut self, bytes: &[u8]) {
        let start = self.text.len();
        match std::str::from_utf8(bytes) {
            Ok(text) if !grammar::has_line_end(text) => self.text.push_str(text),
            Ok(text) => self.text.extend(text.chars().map(|c| if c == '\r' { ' ' } else { c })),
            Err(_) => self
                .text
                .extend(bytes.iter().map(|byte| if *byte == b'\r' { ' ' } else { char::from(*byte) })),
        }
        debug_assert!(!self.text.get(start..).unwrap_or_default().contains(['\r', '\n']));
    }

    fn value(&self, line: &Line) -> &str {
        self.text.get(line.value.clone()).unwrap_or_default()
    }

    fn line(&mut self, name: HeaderName, value: &str) -> Line {
        let start = self.text.len();
        self.text.push_str(value);
        self.close_line(name, start)
    }

    fn line_of(&mut self, name: HeaderName, value: impl fmt::Display) -> Line {
        let start = self.text.len();
        // Writing into a `String` cannot fail.
        let _ = write!(self.text, "{value}");
        self.close_line(name, start)
    }

    /// The line whose value begins at `start` and ends with the text, without white space and line ends around it; one
    /// within it becomes a space.
    fn close_line(&mut self, name: HeaderName, start: usize) -> Line {
        let value = self.text.get(start..).unwrap_or_default();
        if grammar::has_line_end(value) {
            let value: String =
                value.chars().map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }).collect();
            self.text.truncate(start);
            self.text.push_str(&value);
        }
        let bytes = self.text.as_bytes().get(start..).unwrap_or_default();
        let (before, length) = span_of_text(bytes);
        Line { name, value: start + before..start + before + length }
    }
}

/// Where what is no white space of SIP begins, and how long that is up to its end.
fn span_of_text(bytes: &[u8]) -> (usize, usize) {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = bytes.iter().position(is_text).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(is_text).map_or(start, |last| last + 1);
    (start, end - start)
}

/// Without white space of SIP at both ends; a form feed, say, is none.
fn trim_bytes(bytes: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r');
    let start = bytes.iter().position(is_text).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(is_text).map_or(start, |last| last + 1);
    bytes.get(start..end).unwrap_or_default()
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.lines.len() == other.lines.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

/// Only names and the values that tell nothing of a person: whatever else is there may hold a number, a name or a digest.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name: &HeaderName| {
            let of_nobody = [
                HeaderName::Via,
                HeaderName::CallId,
                HeaderName::CSeq,
                HeaderName::MaxForwards,
                HeaderName::ContentType,
                HeaderName::ContentLength,
            ];
            of_nobody.contains(name)
        };
        let line = |(name, value)| (name, if shown(name) { value } else { "…" });
        f.debug_list().entries(self.iter().map(line)).finish()
    }
}
