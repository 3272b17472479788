//! Requests (RFC 3261 §7.1).

use crate::error::MessageFault;
use crate::header_name::HeaderName;
use crate::headers::Headers;
use crate::uri::Uri;
use crate::vocabulary::Method;
use crate::write;

/// A request. `Debug` shows how it is made, not who it is from and for; the body as its length.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// To whom or what.
    pub uri: Uri,
    /// The header lines.
    pub headers: Headers,
    /// The body; empty if there is none.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers.
    pub fn new(method: Method, uri: impl Into<Uri>) -> Self {
        Request { method, uri: uri.into(), headers: Headers::new(), body: Vec::new() }
    }

    /// What must be refused before anybody looks at what the request asks for: the headers that every server must
    /// understand are missing, repeated or malformed, CSeq does not fit, or the Request-URI cannot be served
    /// (RFC 3261 §8.2.2, §16.3; RFC 4475). The answer is [`MessageFault::status`]; an ACK gets none.
    ///
    /// A header that only some requests need, such as Authorization, Expires or Date, is not looked at: its accessor
    /// says what is wrong with it. What needs knowledge of the desk (420, 415, 483, 405) is the stack's.
    pub fn fault(&self) -> Option<MessageFault> {
        self.check().err()
    }

    fn check(&self) -> Result<(), MessageFault> {
        let headers = &self.headers;
        headers.check_vias()?;
        headers.check_address(HeaderName::From)?;
        headers.check_address(HeaderName::To)?;
        headers.call_id()?;
        let cseq = headers.cseq()?;
        headers.max_forwards()?;
        headers.check_contacts()?;
        headers.check_addresses(HeaderName::Route)?;
        headers.check_addresses(HeaderName::RecordRoute)?;
        headers.content_type()?;
        if cseq.method != self.method {
            return Err(MessageFault::CSeqMethod);
        }
        match &self.uri {
            Uri::Other(_) => Err(MessageFault::RequestUriScheme),
            // RFC 3261 §19.1.1, table 1: no headers in a Request-URI (RFC 4475 §3.1.2.11).
            Uri::Sip(uri) if uri.headers.is_some() => Err(MessageFault::RequestUri),
            _ => Ok(()),
        }
    }

    /// Writes the request at the end of a buffer. Content-Length always tells the truth: it is written with the
    /// length of the body where the header stands, or as the last line if it is missing.
    pub fn write(&self, out: &mut Vec<u8>) {
        write::line(out, &[self.method.as_str(), " "], &self.uri, &[" SIP/2.0"]);
        write::headers_and_body(out, &self.headers, &self.body);
    }

    /// The same into a new buffer.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(write::BUFFER_BYTES + self.body.len());
        self.write(&mut out);
        out
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("uri", &self.uri)
            .field("headers", &self.headers)
            .field("body", &self.body.len())
            .finish()
    }
}
