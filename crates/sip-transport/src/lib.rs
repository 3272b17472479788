//! The sockets of SIP (RFC 3261 §18): what comes in becomes a [`SipInput`], what goes out is put on the wire. UDP, TCP,
//! TLS, WebSocket and secure WebSocket stand side by side, and a [`Flow`] says which of them and between whom.
//!
//! **The way of a datagram.** The thread that decides sleeps in [`Datagrams::wait`], reads what came by
//! [`Datagrams::gather`], and takes it by [`Datagrams::take`]: no other thread stands in between, for waking one costs more
//! than reading, answering and sending together. Each datagram comes together with the address it was sent to
//! (`IP_PKTINFO`), so that its flow says which address of this machine the other side knows, even on a socket that listens
//! on all of them. Keep-alives are passed over, STUN is answered (RFC 5626 §4.4.2), and a source that sends more requests
//! than anybody should ([`STRANGER_REQUESTS`], [`TRUSTED_REQUESTS`]) is cut off. Out again it goes by [`Transports::send`],
//! from that same address and port. An ICMP error becomes [`SipInput::TransportFailed`]. For programs that are not in such a
//! hurry, [`Transports::start`] reads them by a task a socket, and gives them to `deliver`.
//!
//! **The way of a stream's message.** A listener accepts a connection, shakes hands (TLS, then WebSocket), and, if there is
//! a place for it ([`ConnectionLimits`]), gives it to a task of its own, in which a reader and a writer run side by side.
//! The reader cuts messages out of the stream; a WebSocket message is one already (RFC 7118). Names that the other side's
//! certificate proves (RFC 5922 §7.1) are told by [`SipInput::PeerProved`] before its first message, its end by
//! [`SipInput::FlowClosed`], once, if the desk knows of it. [`Transports::send`] finds the connection by its flow, or opens
//! one, puts the message into its bounded outbox ([`OUTBOX_MESSAGES_MAX`]) and comes back at once. What cannot be opened
//! becomes [`SipInput::TransportFailed`], and [`Transports::open_fault`] says why.
//!
//! **Where to send.** [`Locator`] finds hosts by NAPTR, SRV and addresses (RFC 3263); [`Transports::flow_to`] makes a flow
//! of an address; [`Transports::expect_name`] says whose certificate must be there. [`learn_external_address`] asks a STUN
//! server for this machine's address outside (RFC 8489).
//!
//! # When the desk is too busy
//!
//! Datagrams that were let in wait in a bounded queue ([`WAITING_MAX`]), in the order in which they came. While
//! [`BEGINNINGS_WAITING_MAX`] of them wait, a request that would begin something new is answered here with 503 and
//! `Retry-After`; what belongs to a call already begun still finds room.
//!
//! `deliver` never waits: it gives the input back as [`Full`]. Of a stream, a request that would begin something new is then
//! refused likewise, and for what belongs to a call already begun the stream is not read any further. So a stream that
//! floods is read as slowly as its source may send, and nothing of it is lost.
//!
//! # What others can take
//!
//! Every queue has a bound by name. Accepted connections are bounded in all and by source, and so, apart from them, are
//! handshakes under way: who finishes none keeps nobody out who does. A handshake, a message's headers and its body each have their time; a connection that never brings a request
//! goes soon, and one whose other side does not read goes when its outbox is full or a write stands still. [`Counters`]
//! tell of all that was dropped, refused or closed.
//!
//! # What it never does
//!
//! It never parses a message beyond a glance at its header lines, never decides anything about a call, never blocks the
//! thread that sends, and opens no WebSocket unless it is told to, as a telephone is. It does not look at revocation lists, and it
//! resumes no TLS session across a renewal of certificates.

mod chance;
mod connection;
mod connections;
mod counters;
mod datagrams;
mod desk;
mod faults;
mod glance;
mod handshakes;
mod intake;
mod keep_alive;
mod limits;
mod listen_address;
mod listener;
mod locator;
mod opening;
mod outbox;
mod overload;
mod settings;
mod stream;
mod stun;
mod tls;
mod transports;
mod udp;
mod udp_reader;
mod websocket;

pub use counters::Counters;
pub use datagrams::Datagrams;
pub use faults::{NotAHost, RouteFault, SendFault, TransportFault};
pub use intake::{BEGINNINGS_WAITING_MAX, Full, WAITING_MAX};
pub use keep_alive::KEPT_ALIVE_MAX;
pub use limits::{Budget, RESPONSES, SOURCES_MAX, STRANGER_REQUESTS, TRUSTED_MAX, TRUSTED_REQUESTS};
pub use listen_address::{ListenAddress, ListenAddressError};
pub use locator::{
    Answer, HOPS_MAX, LOCATE_SECONDS_MAX, LocateFault, Located, Locator, LocatorSettings, Question,
    VALID_MAX, VALID_MIN, resolve,
};
pub use opening::OpenFault;
pub use outbox::{OUTBOX_BYTES_MAX, OUTBOX_MESSAGES_MAX};
pub use overload::RETRY_AFTER_SECONDS;
pub use settings::{ConnectionLimits, TransportSettings};
pub use stun::client::{StunFault, StunTiming, learn_external_address};
pub use stun::message::{NotStun, StunMessage, TransactionId};
pub use tls::EXPECTED_NAMES_MAX;
pub use tls::faults::{PemPart, TlsFault};
pub use tls::files::{CertificateStatus, CertificateUse};
pub use tls::settings::{PemFiles, TlsSettings};
pub use transports::Transports;

#[cfg(doc)]
use frontdesk_sip_stack::{Flow, SipInput};
