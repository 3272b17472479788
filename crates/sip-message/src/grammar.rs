//! The small words of the grammar: tokens, quoted strings, comma lists (RFC 3261 §25.1).

use crate::error::{Malformed, What};
use std::fmt;

/// Whether a byte may stand in a token.
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

/// Whether the whole text is a token.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// A number of digits only. More than fits is `None`, as is a sign.
pub(crate) fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Linear white space of an unfolded value.
pub(crate) const fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Without white space at both ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The pieces of a comma list, trimmed; commas in quotes and in `<>` do not split. Empty pieces are passed over,
/// as RFC 3261 §7.3.1 leaves room for.
pub(crate) fn pieces(text: &str) -> Pieces<'_> {
    Pieces { rest: Some(text) }
}

/// See [`pieces`].
pub(crate) struct Pieces<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while let Some(rest) = self.rest {
            let (piece, after) = match first_comma(rest) {
                Some(comma) => (rest.get(..comma).unwrap_or_default(), rest.get(comma + 1..)),
                None => (rest, None),
            };
            self.rest = after;
            let piece = trim(piece);
            if !piece.is_empty() {
                return Some(piece);
            }
        }
        None
    }
}

fn first_comma(text: &str) -> Option<usize> {
    // Most values are no lists at all.
    position_of(b',', text.as_bytes())?;
    let mut quoted = false;
    let mut escaped = false;
    let mut bracketed = false;
    for (at, byte) in text.bytes().enumerate() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'<' => bracketed = true,
            b'>' => bracketed = false,
            b',' if !bracketed => return Some(at),
            _ => {}
        }
    }
    None
}

/// Where a byte stands first. Sixteen bytes at a time, which compilers turn into one comparison.
pub(crate) fn position_of(wanted: u8, bytes: &[u8]) -> Option<usize> {
    const AT_ONCE: usize = 16;
    let is_in = |chunk: &&[u8]| chunk.iter().fold(false, |found, byte| found | (*byte == wanted));
    let without = bytes.chunks_exact(AT_ONCE).take_while(|chunk| !is_in(chunk)).count() * AT_ONCE;
    let at = bytes.get(without..)?.iter().position(|byte| *byte == wanted)?;
    Some(without + at)
}

/// Whether a line ends within a text.
pub(crate) fn has_line_end(text: &str) -> bool {
    text.bytes().fold(false, |found, byte| found | (byte == b'\r') | (byte == b'\n'))
}

/// Reads a value from left to right.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Cursor { text, at: 0 }
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn skip_spaces(&mut self) {
        self.take_while(is_space);
    }

    /// Takes this ASCII byte, if it is next.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = byte.is_ascii() && self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    /// Takes this ASCII byte and the white space around it, if it is next.
    pub(crate) fn eat_spaced(&mut self, byte: u8) -> bool {
        let before = self.at;
        self.skip_spaces();
        if self.eat(byte) {
            self.skip_spaces();
            return true;
        }
        self.at = before;
        false
    }

    /// Takes bytes as long as they are such. The predicate must treat the bytes above 127 alike, so that no
    /// character is cut.
    pub(crate) fn take_while(&mut self, is: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !is(byte)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    pub(crate) fn token(&mut self) -> Result<&'a str, Malformed> {
        let token = self.take_while(is_token_byte);
        if token.is_empty() { Err(Malformed(What::Token)) } else { Ok(token) }
    }

    /// Takes a quoted string with its quotes: what stands between them may be escaped.
    pub(crate) fn quoted(&mut self) -> Result<&'a str, Malformed> {
        let rest = self.rest();
        let mut escaped = false;
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                b'"' if at == 0 => {}
                _ if at == 0 => break,
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.at += at + 1;
                    return Ok(rest.get(..=at).unwrap_or_default());
                }
                _ => {}
            }
        }
        Err(Malformed(What::QuotedString))
    }
}

/// What a quoted string says; a text without quotes says itself.
pub(crate) fn unquote(text: &str) -> String {
    let Some(between) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut said = String::with_capacity(between.len());
    let mut characters = between.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => said.extend(characters.next()),
            other => said.push(other),
        }
    }
    said
}

/// Writes a text as a quoted string.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        f.write_char('"')?;
        if !self.0.bytes().any(|byte| byte.is_ascii_control() || matches!(byte, b'"' | b'\\')) {
            f.write_str(self.0)?;
            return f.write_char('"');
        }
        for character in self.0.chars() {
            match character {
                // A line end cannot be escaped (RFC 3261 §25.1, quoted-pair): it would end the header.
                '\r' | '\n' => f.write_char(' ')?,
                '"' | '\\' | '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' => {
                    f.write_char('\\')?;
                    f.write_char(character)?;
                }
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

/// Whether every `%` begins an escape of two hexadecimal digits.
pub(crate) fn escapes_are_whole(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| {
        let digit = |offset| bytes.get(at + offset).is_some_and(u8::is_ascii_hexdigit);
        digit(1) && digit(2)
    })
}

/// What a text with `%` escapes says, as bytes.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut said = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut ahead = bytes.clone();
            let high = ahead.next().and_then(|digit| char::from(digit).to_digit(16));
            let low = ahead.next().and_then(|digit| char::from(digit).to_digit(16));
            if let (Some(high), Some(low)) = (high, low) {
                said.push((high * 16 + low) as u8);
                bytes = ahead;
                continue;
            }
        }
        said.push(byte);
    }
    said
}
