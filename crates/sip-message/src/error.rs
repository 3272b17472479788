//! What can be wrong with a message, and what a server answers to it.

use crate::header_name::HeaderName;
use crate::headers::Headers;
use crate::vocabulary::{Method, StatusCode};

/// Which word of the grammar a text fails to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum What {
    /// A token (RFC 3261 §25.1).
    #[error("a token")]
    Token,
    /// A quoted string, closed (RFC 3261 §25.1).
    #[error("a quoted string")]
    QuotedString,
    /// A number in its bounds.
    #[error("a number within its bounds")]
    Number,
    /// A host name or address.
    #[error("a host")]
    Host,
    /// A port from 0 to 65535.
    #[error("a port")]
    Port,
    /// A URI (RFC 3261 §19.1, RFC 3966, RFC 3986).
    #[error("a URI")]
    Uri,
    /// A parameter after a semicolon.
    #[error("a parameter")]
    Parameter,
    /// The `>` that closes an address.
    #[error("an address closed by '>'")]
    Address,
    /// `SIP/2.0/` and a transport.
    #[error("a protocol and transport")]
    Protocol,
    /// Credentials or a challenge with the parts they must have (RFC 7616).
    #[error("a whole digest")]
    Digest,
    /// The end of the value.
    #[error("the end of the value")]
    End,
}

/// A value that does not follow its grammar, and what was expected instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct Malformed(pub What);

/// A header that is not as it must be. The sender's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// It must be there and is not.
    #[error("no {0}")]
    Missing(HeaderName),
    /// It may be there once and is there again (RFC 4475 §3.3.8).
    #[error("more than one {0}")]
    Repeated(HeaderName),
    /// Its value does not follow its grammar.
    #[error("{name}: {malformed}")]
    Malformed {
        /// Which header.
        name: HeaderName,
        /// What was expected.
        malformed: Malformed,
    },
}

/// Why a request cannot be served, whatever it asks for. The sender's fault, always; a server answers with
/// [`status`](Self::status) (RFC 3261 §8.2, §16.3 and RFC 4475).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageFault {
    /// The first line has too many, too few or odd parts: 400.
    #[error("malformed request line")]
    RequestLine,
    /// The first line of a response has no code from 100 to 699; there is nobody to answer.
    #[error("malformed status line")]
    StatusLine,
    /// The first line speaks another version of SIP: 505.
    #[error("unknown version of SIP")]
    Version,
    /// The Request-URI does not follow the grammar: 400.
    #[error("malformed Request-URI")]
    RequestUri,
    /// The Request-URI has a scheme that this desk cannot serve: 416.
    #[error("unknown scheme of the Request-URI")]
    RequestUriScheme,
    /// A header line without a name or a colon: 400.
    #[error("malformed header line {line}")]
    HeaderLine {
        /// Counted from 1, the first line after the request line.
        line: usize,
    },
    /// More header lines than [`HEADER_LINES_MAX`](crate::HEADER_LINES_MAX): 400.
    #[error("too many header lines")]
    TooManyHeaderLines,
    /// A header that must be understood is not: 400.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The method of CSeq is not the method of the request: 400 (RFC 3261 §8.1.1.5).
    #[error("CSeq speaks of another method")]
    CSeqMethod,
    /// The body is shorter than Content-Length says: 400 (RFC 3261 §18.3).
    #[error("the body has {present} bytes of {promised}")]
    BodyTooShort {
        /// How many bytes came.
        present: usize,
        /// How many bytes Content-Length speaks of.
        promised: usize,
    },
}

impl MessageFault {
    /// The answer.
    pub fn status(&self) -> StatusCode {
        match self {
            MessageFault::Version => StatusCode::VERSION_NOT_SUPPORTED,
            MessageFault::RequestUriScheme => StatusCode::UNSUPPORTED_URI_SCHEME,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// A request that was understood far enough to be answered, and no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// What is wrong; its [`status`](MessageFault::status) is the answer.
    pub fault: MessageFault,
    /// Of the request: an ACK is never answered.
    pub method: Method,
    /// Every header line that could be read, Via, From, To, Call-ID and CSeq among them if they were there.
    pub headers: Headers,
}

/// Why bytes are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Nothing but line ends: a keep-alive (RFC 5626 §3.5.1), or a NAT's pinhole kept open by zero bytes.
    #[error("a keep-alive, no message")]
    KeepAlive,
    /// Longer than [`MESSAGE_BYTES_MAX`](crate::MESSAGE_BYTES_MAX).
    #[error("{length} bytes are too many for a message")]
    TooLong {
        /// How long.
        length: usize,
    },
    /// The first line is neither a request's nor a response's.
    #[error("this is not SIP")]
    NotSip,
    /// No empty line ends the headers, or they are longer than
    /// [`HEADER_BYTES_MAX`](crate::HEADER_BYTES_MAX).
    #[error("the headers do not end")]
    HeadersDoNotEnd,
    /// A request that must be refused, and can be answered.
    #[error("{}", .0.fault)]
    Rejected(Box<Rejection>),
    /// A response that must be dropped (RFC 3261 §18.1.2, RFC 4475 §3.1.2.5).
    #[error("a response that cannot be used: {0}")]
    BadResponse(MessageFault),
}

impl ParseError {
    /// What can be answered, if anything: the bytes are a request, and its top Via can be read.
    pub fn answerable(&self) -> Option<&Rejection> {
        match self {
            ParseError::Rejected(rejection)
                if rejection.method != Method::ACK && rejection.headers.top_via().is_ok() =>
            {
                Some(rejection)
            }
            _ => None,
        }
    }
}
