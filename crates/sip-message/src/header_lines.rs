//! From bytes to header lines: folding undone, compact names resolved, order kept (RFC 3261 §7.3).

use crate::error::MessageFault;
use crate::grammar;
use crate::header_name::HeaderName;
use crate::headers::Headers;
use crate::{HEADER_BYTES_MAX, HEADER_LINES_MAX};

/// A first line and header lines, and where the body begins.
pub(crate) struct Section<'a> {
    /// Without its line end.
    pub(crate) first_line: &'a [u8],
    /// Every line that could be read.
    pub(crate) headers: Headers,
    /// The first line that could not.
    pub(crate) fault: Option<MessageFault>,
    /// What stands behind the empty line.
    pub(crate) rest: &'a [u8],
}

/// Reads up to the empty line. `None` if there is none within [`HEADER_BYTES_MAX`] bytes.
pub(crate) fn read(bytes: &[u8]) -> Option<Section<'_>> {
    let mut lines = Lines { rest: bytes, taken: 0 };
    let first_line = lines.next_line()?;
    let mut headers = Headers::with_capacity(bytes.len().min(2048), 24);
    let mut fault = None;
    let mut number = 0;
    loop {
        let line = lines.next_line()?;
        if line.is_empty() {
            return Some(Section { first_line, headers, fault, rest: lines.rest });
        }
        number += 1;
        let read = if line.starts_with(b" ") || line.starts_with(b"\t") {
            headers.fold(line)
        } else if headers.len() >= HEADER_LINES_MAX {
            fault.get_or_insert(MessageFault::TooManyHeaderLines);
            continue;
        } else {
            read_line(line, &mut headers)
        };
        if read.is_none() {
            fault.get_or_insert(MessageFault::HeaderLine { line: number });
        }
    }
}

fn read_line(line: &[u8], headers: &mut Headers) -> Option<()> {
    let colon = grammar::position_of(b':', line)?;
    let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
    let name = std::str::from_utf8(name).ok()?.trim_end_matches([' ', '\t']);
    headers.push_bytes(HeaderName::from_token(name)?, value);
    Some(())
}

/// Lines that end in CRLF, or in LF alone as careless senders write them.
struct Lines<'a> {
    rest: &'a [u8],
    taken: usize,
}

impl<'a> Lines<'a> {
    fn next_line(&mut self) -> Option<&'a [u8]> {
        let within = self.rest.get(..self.rest.len().min(HEADER_BYTES_MAX.saturating_sub(self.taken)))?;
        let end = grammar::position_of(b'\n', within)?;
        let line = within.get(..end)?;
        self.rest = self.rest.get(end + 1..)?;
        self.taken += end + 1;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}
