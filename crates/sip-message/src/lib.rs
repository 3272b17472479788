//! Bytes ↔ SIP messages (RFC 3261 §7, §19, §20, §25).
//!
//! **The way of a datagram.** [`Message::read`] looks at the first line and tells request from response; what is
//! neither is [`ParseError::NotSip`] and costs no more. `header_lines` undoes folding, resolves compact names and keeps
//! the order; [`Headers`] holds all values in one text. Content-Length cuts the body. That is the frame, and all that
//! [`Message::read`] answers for. What a header *means* is read when somebody asks for it: [`Headers::top_via`],
//! [`Headers::cseq`], [`Headers::contacts`]. [`Request::fault`] asks for those that every server must understand. The
//! way back is [`Message::write`], into a caller's buffer.
//!
//! **Three verdicts for a request** (RFC 4475 names the cases):
//!
//! 1. `Err(error)` with `error.answerable() == None`: drop it.
//! 2. `Err(error)` with `error.answerable() == Some(rejection)`: the first line, a header line or the body is broken.
//!    Answer `rejection.fault.status()` with [`Response::answering`]`(&rejection.headers, …)`.
//! 3. `Ok(request)`: if `request.fault()` is `Some`, answer `fault.status()` unless it is an ACK. Otherwise the request
//!    is sound, and what it asks for may be looked at.
//!
//! A response with a fault is dropped.
//!
//! ```
//! use frontdesk_sip_message::{Message, Method, Response, StatusCode};
//!
//! let datagram = b"OPTIONS sip:desk@example.com SIP/2.0\r\n\
//!     v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport\r\n\
//!     f: <sip:alice@example.com>;tag=1\r\nt: <sip:desk@example.com>\r\n\
//!     i: 7@192.0.2.1\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n";
//! let Message::Request(request) = Message::read(datagram)? else { unreachable!() };
//! assert_eq!(request.method, Method::OPTIONS);
//! assert_eq!(request.fault(), None);
//! let mut via = request.headers.top_via()?;
//! via.set_received([198, 51, 100, 7].into());
//! let mut answer = Response::answering(&request.headers, StatusCode::OK);
//! answer.headers.set_top_via(&via);
//! assert!(answer.to_bytes().starts_with(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport;received"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **What it never does.** No socket, no clock, no chance; no panic on what the outside says; no recursion; no memory
//! beyond the bounds below. It does not decide what the desk supports: that is the stack's.

mod error;
mod framer;
mod grammar;
mod header;
mod header_lines;
mod header_name;
mod headers;
mod mask;
mod message;
mod name_addr;
mod parameters;
mod request;
mod response;
mod uri;
mod vocabulary;
mod write;

pub use error::{HeaderError, Malformed, MessageFault, ParseError, Rejection, What};
pub use framer::{Frame, Framer, FramingFault, Unfinished};
pub use header::challenge::Challenge;
pub use header::contact::{Contact, Contacts};
pub use header::content_type::ContentType;
pub use header::credentials::DigestCredentials;
pub use header::cseq::CSeq;
pub use header::diversion::Diversion;
pub use header::event::Event;
pub use header::history_info::HistoryEntry;
pub use header::privacy::Privacy;
pub use header::rack::RAck;
pub use header::reason::Reason;
pub use header::refer_to::ReferTo;
pub use header::remote_party::RemoteParty;
pub use header::replaces::Replaces;
pub use header::session_expires::{Refresher, SessionExpires};
pub use header::subscription_state::SubscriptionState;
pub use header::via::Via;
pub use header_name::HeaderName;
pub use headers::Headers;
pub use message::Message;
pub use name_addr::NameAddr;
pub use parameters::Parameters;
pub use request::Request;
pub use response::Response;
pub use uri::{Host, SipUri, TelUri, Uri};
pub use vocabulary::{Method, NotAToken, StatusCode};

/// The longest message, in bytes: the longest datagram. A longer one is refused unread.
pub const MESSAGE_BYTES_MAX: usize = 65_535;

/// The longest header section, the first line included, in bytes. A longer one is refused.
pub const HEADER_BYTES_MAX: usize = 32 * 1024;

/// The most header lines. A message with more is refused.
pub const HEADER_LINES_MAX: usize = 256;
