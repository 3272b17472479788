//! Responses (RFC 3261 §7.2).

use crate::error::MessageFault;
use crate::header_name::HeaderName;
use crate::headers::Headers;
use crate::vocabulary::StatusCode;
use crate::write;

/// A response. `Debug` shows how it is made, not who it is from and for; the body as its length.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// How it went.
    pub status: StatusCode,
    /// The same in words, for people.
    pub reason: String,
    /// The header lines.
    pub headers: Headers,
    /// The body; empty if there is none.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without headers, with the RFC's reason phrase.
    pub fn new(status: StatusCode) -> Self {
        Response {
            status,
            reason: status.default_reason().to_owned(),
            headers: Headers::new(),
            body: Vec::new(),
        }
    }

    /// A response to a request with these headers: every Via, From, To, Call-ID and CSeq are copied as they came,
    /// and Timestamp into a 100 (RFC 3261 §8.2.6). The To tag is the caller's to add.
    pub fn answering(request: &Headers, status: StatusCode) -> Self {
        let mut response = Response::new(status);
        // What is copied, and room for what its user adds.
        response.headers = Headers::with_capacity(1_024, 16);
        for (name, value) in request.iter() {
            let copied =
                [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq];
            let timestamp = *name == HeaderName::Timestamp && status == StatusCode::TRYING;
            if copied.contains(name) || timestamp {
                response.headers.push(name, value);
            }
        }
        response
    }

    /// Why the response must be dropped, if it must: there is nobody to answer (RFC 3261 §8.1.3.3, §18.1.2).
    pub fn fault(&self) -> Option<MessageFault> {
        let check = || {
            self.headers.top_via()?;
            self.headers.check_address(HeaderName::From)?;
            self.headers.check_address(HeaderName::To)?;
            self.headers.call_id()?;
            self.headers.cseq()?;
            self.headers.check_contacts()?;
            self.headers.check_addresses(HeaderName::RecordRoute)?;
            Ok(())
        };
        check().err()
    }

    /// Writes the response at the end of a buffer. See [`Request::write`](crate::Request::write) for Content-Length.
    pub fn write(&self, out: &mut Vec<u8>) {
        write::line(out, &["SIP/2.0 "], &self.status, &[" ", &self.reason]);
        write::headers_and_body(out, &self.headers, &self.body);
    }

    /// The same into a new buffer.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(write::BUFFER_BYTES + self.body.len());
        self.write(&mut out);
        out
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("reason", &self.reason)
            .field("headers", &self.headers)
            .field("body", &self.body.len())
            .finish()
    }
}
