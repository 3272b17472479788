//! One message out of one datagram.

use crate::error::{MessageFault, ParseError, Rejection};
use crate::header_lines::{self, Section};
use crate::request::Request;
use crate::response::Response;
use crate::uri::Uri;
use crate::vocabulary::{Method, StatusCode};
use crate::{MESSAGE_BYTES_MAX, headers::Headers};

/// A request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

impl Message {
    /// Reads one datagram, or one frame of a stream. Line ends before the first line are passed over
    /// (RFC 3261 §7.5), bytes behind Content-Length are cut off, and without Content-Length the body goes to the end
    /// (RFC 3261 §18.3).
    ///
    /// What comes out is sound in its frame only; [`Request::fault`] and [`Response::fault`] look at the headers that
    /// everybody must understand.
    ///
    /// # Errors
    /// See [`ParseError`]; [`ParseError::answerable`] says whether an answer can be sent.
    pub fn read(bytes: &[u8]) -> Result<Message, ParseError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(ParseError::TooLong { length: bytes.len() });
        }
        let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n' | 0));
        let bytes = start.and_then(|start| bytes.get(start..)).ok_or(ParseError::KeepAlive)?;
        let kind = Kind::of(bytes)?;
        let section = header_lines::read(bytes).ok_or(ParseError::HeadersDoNotEnd)?;
        match kind {
            Kind::Response => read_response(section).map(Message::Response).map_err(ParseError::BadResponse),
            Kind::Request(method) => read_request(method, section).map(Message::Request),
        }
    }

    /// Writes the message at the end of a buffer. See [`Request::write`].
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Message::Request(request) => request.write(out),
            Message::Response(response) => response.write(out),
        }
    }

    /// The headers.
    pub fn headers(&self) -> &Headers {
        match self {
            Message::Request(request) => &request.headers,
            Message::Response(response) => &response.headers,
        }
    }
}

/// What the first line begins.
enum Kind {
    Request(Method),
    Response,
}

impl Kind {
    /// A request line names SIP at its end, a status line at its start. All else is not SIP, and costs no more time.
    fn of(bytes: &[u8]) -> Result<Kind, ParseError> {
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
        if starts_with_sip(line) {
            return Ok(Kind::Response);
        }
        let last = line.rsplit(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
        let first = line.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
        let method = std::str::from_utf8(first).ok().and_then(Method::from_token);
        match method {
            Some(method) if starts_with_sip(last) => Ok(Kind::Request(method)),
            _ => Err(ParseError::NotSip),
        }
    }
}

fn starts_with_sip(bytes: &[u8]) -> bool {
    bytes.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"))
}

fn read_request(method: Method, section: Section<'_>) -> Result<Request, ParseError> {
    let Section { first_line, headers, fault, rest } = section;
    let line = request_line(first_line);
    let read = match (line, fault) {
        (Err(fault), _) | (Ok(_), Some(fault)) => Err(fault),
        (Ok(uri), None) => body(&headers, rest).map(|body| (uri, body)),
    };
    match read {
        Ok((uri, body)) => Ok(Request { method, uri, headers, body }),
        Err(fault) => Err(ParseError::Rejected(Box::new(Rejection { fault, method, headers }))),
    }
}

/// `Method SP Request-URI SP SIP-Version`, with one space each and nothing else (RFC 3261 §7.1).
fn request_line(line: &[u8]) -> Result<Uri, MessageFault> {
    let version = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Err(MessageFault::Version);
    }
    let mut parts = line.split(|byte| *byte == b' ');
    let (Some(_), Some(uri), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(MessageFault::RequestLine);
    };
    if uri.is_empty() || version.is_empty() {
        return Err(MessageFault::RequestLine);
    }
    let uri = std::str::from_utf8(uri).map_err(|_| MessageFault::RequestUri)?;
    uri.parse().map_err(|_| MessageFault::RequestUri)
}

fn read_response(section: Section<'_>) -> Result<Response, MessageFault> {
    let Section { first_line, headers, fault, rest } = section;
    let (status, reason) = status_line(first_line)?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    let body = body(&headers, rest)?;
    Ok(Response { status, reason, headers, body })
}

/// `SIP-Version SP Status-Code SP Reason-Phrase` (RFC 3261 §7.2). The space before an empty reason may be missing.
fn status_line(line: &[u8]) -> Result<(StatusCode, String), MessageFault> {
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let version = parts.next().unwrap_or_default();
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Err(MessageFault::Version);
    }
    let code = parts.next().and_then(|code| std::str::from_utf8(code).ok()).filter(|code| code.len() == 3);
    let status = code
        .and_then(crate::grammar::number)
        .and_then(|code| u16::try_from(code).ok())
        .and_then(StatusCode::new)
        .ok_or(MessageFault::StatusLine)?;
    let reason = parts.next().unwrap_or_default();
    let reason = match std::str::from_utf8(reason) {
        Ok(text) => text.to_owned(),
        Err(_) => reason.iter().copied().map(char::from).collect(),
    };
    Ok((status, reason))
}

/// RFC 3261 §18.3.
fn body(headers: &Headers, rest: &[u8]) -> Result<Vec<u8>, MessageFault> {
    let promised = headers.content_length()?.unwrap_or(rest.len());
    let body = rest.get(..promised).ok_or(MessageFault::BodyTooShort { present: rest.len(), promised })?;
    Ok(body.to_vec())
}
