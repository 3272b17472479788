//! The sockets of SIP (RFC 3261 §18): what comes in becomes a [`SipInput`], what goes out is put on the wire.
//!
//! The way of a datagram: a task a socket reads it together with the address it was sent to (`IP_PKTINFO`), so
//! that its [`Flow`] says which address of this machine the other side knows, even on a socket that listens on
//! all of them. Keep-alives and STUN are passed over, a source that sends more requests than anybody should
//! ([`REQUESTS_PER_SECOND`]) is cut off, and the rest is given to `deliver`. Out again it goes by
//! [`Transports::send`], from that same address and port. A socket that the network answers with an ICMP error
//! becomes [`SipInput::TransportFailed`].
//!
//! # When the desk is too busy
//!
//! `deliver` never waits: it gives the input back as [`Full`]. A request that would begin something new
//! is then answered here with 503 and `Retry-After`; everything that belongs to a call already begun waits in a
//! bounded queue ([`WAITING_MAX`]) and is offered again, in order, before anything newer.
//!
//! # What it is not yet
//!
//! UDP only: TCP, TLS and WebSocket will stand beside `udp`. [`resolve`] asks for addresses only; the NAPTR and
//! SRV records of RFC 3263 are not looked up yet.
//!
//! It never parses a message beyond a glance at its header lines, never decides anything about a call, and
//! never blocks the thread that sends.

mod chance;
mod connection;
mod connections;
mod counters;
mod desk;
mod faults;
mod glance;
mod intake;
mod limits;
mod listen_address;
mod listener;
mod locator;
mod opening;
mod outbox;
mod overload;
mod settings;
mod stream;
mod tls;
mod transports;
mod udp;
mod udp_reader;

pub use counters::Counters;
pub use faults::{NotAHost, RouteFault, SendFault, TransportFault};
pub use intake::{Full, WAITING_MAX};
pub use limits::{REQUEST_BURST, REQUESTS_PER_SECOND, SOURCES_MAX};
pub use listen_address::{ListenAddress, ListenAddressError};
pub use locator::{
    Answer, HOPS_MAX, LOCATE_SECONDS_MAX, LocateFault, Located, Locator, LocatorSettings, Question,
    VALID_MAX, VALID_MIN, resolve,
};
pub use opening::OpenFault;
pub use outbox::{OUTBOX_BYTES_MAX, OUTBOX_MESSAGES_MAX};
pub use overload::RETRY_AFTER_SECONDS;
pub use settings::{ConnectionLimits, TransportSettings};
pub use tls::EXPECTED_NAMES_MAX;
pub use tls::faults::{PemPart, TlsFault};
pub use tls::files::{CertificateStatus, CertificateUse};
pub use tls::settings::{PemFiles, TlsSettings};
pub use transports::Transports;

#[cfg(doc)]
use frontdesk_sip_stack::{Flow, SipInput};
