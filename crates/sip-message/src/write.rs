//! Message → bytes, into a caller's buffer.

use crate::header_name::HeaderName;
use crate::headers::Headers;
use std::fmt::Display;
use std::io::Write;

/// What a usual message without a body fits into.
pub(crate) const BUFFER_BYTES: usize = 1024;

/// The first line. A line end within it becomes a space, whoever put it there.
pub(crate) fn line(out: &mut Vec<u8>, before: &[&str], middle: &dyn Display, after: &[&str]) {
    let start = out.len();
    for text in before {
        out.extend_from_slice(text.as_bytes());
    }
    // Writing into a `Vec` cannot fail.
    let _ = write!(out, "{middle}");
    for text in after {
        out.extend_from_slice(text.as_bytes());
    }
    for byte in out.iter_mut().skip(start) {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Everything behind the first line.
pub(crate) fn headers_and_body(out: &mut Vec<u8>, headers: &Headers, body: &[u8]) {
    let mut told = false;
    for (name, value) in headers.iter() {
        if *name == HeaderName::ContentLength {
            if !told {
                content_length(out, body);
            }
            told = true;
            continue;
        }
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    if !told {
        content_length(out, body);
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

fn content_length(out: &mut Vec<u8>, body: &[u8]) {
    // Writing into a `Vec` cannot fail.
    let _ = write!(out, "Content-Length: {}\r\n", body.len());
}
