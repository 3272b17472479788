//! `;name=value;flag`, as it follows addresses, Via and many other headers.

use crate::error::{Malformed, What};
use crate::grammar::{self, Cursor, Quoted};
use std::fmt;

/// The most parameters that one address, URI or Via may bring; one with more is malformed. It keeps the comparison of
/// two URIs, which looks for each parameter of the one among those of the other, short.
const PARAMETERS_MAX: usize = 64;

/// Parameters in their order. Names are compared whatever their case; values are kept as they came, quotes included.
///
/// They are kept as they are written, `;name=value;flag` without white space: reading them allocates once, and writing
/// them copies one text.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    text: String,
}

impl Parameters {
    /// None yet.
    pub const fn new() -> Self {
        Parameters { text: String::new() }
    }

    /// Whether a parameter of this name is there, with a value or without.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value of the first parameter of this name, as it came: a quoted string has its quotes. `None` if it is
    /// not there or has no value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).flatten()
    }

    /// The value of the first parameter of this name, without quotes and escapes.
    pub fn unquoted(&self, name: &str) -> Option<String> {
        self.get(name).map(grammar::unquote)
    }

    /// Sets or replaces a parameter. A value that is neither a token nor an address is quoted.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let quoted = value.filter(|value| !may_stand_bare(value)).map(|value| Quoted(value).to_string());
        let value = quoted.as_deref().or(value);
        if !self.contains(name) {
            return self.push(name, value);
        }
        let before = std::mem::take(self);
        let mut replaced = false;
        for (known, old) in before.iter() {
            if !replaced && known.eq_ignore_ascii_case(name) {
                replaced = true;
                self.push(known, value);
            } else {
                self.push(known, old);
            }
        }
    }

    /// The same, for building in one expression.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.set(name, value);
        self
    }

    /// Takes away every parameter of this name.
    pub fn remove(&mut self, name: &str) {
        if !self.contains(name) {
            return;
        }
        let before = std::mem::take(self);
        for (known, value) in before.iter().filter(|(known, _)| !known.eq_ignore_ascii_case(name)) {
            self.push(known, value);
        }
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        Written { rest: &self.text }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn find(&self, name: &str) -> Option<Option<&str>> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn push(&mut self, name: &str, value: Option<&str>) {
        self.text.push(';');
        self.text.push_str(name);
        if let Some(value) = value {
            self.text.push('=');
            self.text.push_str(value);
        }
    }

    /// Reads `;name=value` as often as it comes, with white space around `;` and `=`.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let mut parameters = Parameters::new();
        let mut count = 0;
        while let Some((name, value)) = next_parameter(cursor)? {
            parameters.add(&mut count, name, value, cursor.rest().len())?;
        }
        Ok(parameters)
    }

    /// Reads them like [`read`](Self::read), only to know whether that can be done.
    pub(crate) fn check(cursor: &mut Cursor<'_>) -> Result<(), Malformed> {
        let mut count = 0;
        while next_parameter(cursor)?.is_some() {
            count += 1;
            if count > PARAMETERS_MAX {
                return Err(Malformed(What::Parameter));
            }
        }
        Ok(())
    }

    /// Reads the parameters of a URI (RFC 3261 §19.1.1): no white space, no quotes, escapes by `%`.
    pub(crate) fn read_in_uri(text: &str) -> Result<Self, Malformed> {
        let mut parameters = Parameters::new();
        let mut count = 0;
        for piece in text.split(';') {
            let (name, value) = match piece.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (piece, None),
            };
            let sound = |text: &str| {
                !text.is_empty()
                    && text.bytes().all(is_uri_parameter_byte)
                    && grammar::escapes_are_whole(text)
            };
            if !sound(name) || !value.is_none_or(sound) {
                return Err(Malformed(What::Parameter));
            }
            parameters.add(&mut count, name, value, text.len())?;
        }
        Ok(parameters)
    }

    /// Adds one that came, behind `count` others; at most `to_come` bytes follow.
    fn add(
        &mut self,
        count: &mut usize,
        name: &str,
        value: Option<&str>,
        to_come: usize,
    ) -> Result<(), Malformed> {
        if *count >= PARAMETERS_MAX {
            return Err(Malformed(What::Parameter));
        }
        if *count == 0 {
            self.text.reserve_exact(name.len() + value.map_or(0, str::len) + 2 + to_come);
        }
        *count += 1;
        self.push(name, value);
        Ok(())
    }
}

/// The next `;name=value`, with white space around `;` and `=`.
pub(crate) fn next_parameter<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<Option<(&'a str, Option<&'a str>)>, Malformed> {
    if !cursor.eat_spaced(b';') {
        return Ok(None);
    }
    let name = cursor.token().map_err(|_| Malformed(What::Parameter))?;
    let value = if cursor.eat_spaced(b'=') { Some(read_value(cursor)?) } else { None };
    Ok(Some((name, value)))
}

/// Parameters as they are written.
struct Written<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Written<'a> {
    type Item = (&'a str, Option<&'a str>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut cursor = Cursor::new(self.rest.strip_prefix(';')?);
        let name = cursor.take_while(|byte| !matches!(byte, b';' | b'='));
        let value = cursor.eat(b'=').then(|| {
            let quoted = if cursor.peek() == Some(b'"') { cursor.quoted().ok() } else { None };
            quoted.unwrap_or_else(|| cursor.take_while(|byte| byte != b';'))
        });
        self.rest = cursor.rest();
        Some((name, value))
    }
}

/// Names without case; values by case. The order counts.
impl PartialEq for Parameters {
    fn eq(&self, other: &Self) -> bool {
        let same = |((name, value), (other, theirs)): ((&str, _), (&str, _))| {
            name.eq_ignore_ascii_case(other) && value == theirs
        };
        self.text == other.text
            || self.iter().count() == other.iter().count() && self.iter().zip(other.iter()).all(same)
    }
}

impl Eq for Parameters {}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Wider than the grammar's `gen-value`, because addresses come without brackets too (RFC 5118 §4.5).
fn is_bare_byte(byte: u8) -> bool {
    !byte.is_ascii_control() && !matches!(byte, b' ' | b';' | b',' | b'"' | b'<' | b'>' | b'\\')
}

fn may_stand_bare(value: &str) -> bool {
    let quoted = || {
        let mut cursor = Cursor::new(value);
        cursor.quoted().is_ok() && cursor.at_end() && !value.contains(['\r', '\n'])
    };
    (!value.is_empty() && value.bytes().all(is_bare_byte)) || quoted()
}

fn read_value<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, Malformed> {
    if cursor.peek() == Some(b'"') {
        return cursor.quoted();
    }
    let value = cursor.take_while(is_bare_byte);
    if value.is_empty() { Err(Malformed(What::Parameter)) } else { Ok(value) }
}

fn is_uri_parameter_byte(byte: u8) -> bool {
    !byte.is_ascii_control() && !matches!(byte, b' ' | b';' | b',' | b'"' | b'<' | b'>' | b'=' | b'?' | b'@')
}
