//! What a session is told and what it answers.

use crate::packet::PacketFault;
use crate::rtcp::ReportFault;
use crate::secure::SecureFault;
use std::net::{IpAddr, SocketAddr};
use thiserror::Error;

/// The payload types of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadTypes {
    /// The sound that we send: as the other side numbered it.
    pub send: u8,
    /// The sound that we take: as this side numbered it. With G.711's static numbers both are the same.
    pub receive: u8,
    /// The telephone events that we send, if they were agreed.
    pub send_event: Option<u8>,
    /// The telephone events that we take.
    pub receive_event: Option<u8>,
    /// Units a second of the durations of events, both ways: the sound's clock (RFC 4733 §2.3.5), or 8,000 beside an Opus
    /// whose owner knows no other events.
    pub event_hz: u32,
}

impl PayloadTypes {
    /// The same numbers in both directions.
    pub const fn both_ways(sound: u8, event: Option<u8>) -> Self {
        PayloadTypes { send: sound, receive: sound, send_event: event, receive_event: event, event_hz: 8_000 }
    }
}

/// Where the peer is, as SDP says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpRemote {
    /// For RTP.
    pub rtp: SocketAddr,
    /// For RTCP.
    pub rtcp: SocketAddr,
    /// From where the call's SIP messages come, if that is known ([`crate::latching`]).
    pub messages_from: Option<IpAddr>,
}

/// What a session is made of.
#[derive(Debug, Clone, Copy)]
pub struct RtpSettings<'a> {
    /// Our stream's name; by chance (RFC 3550 §8.1).
    pub ssrc: u32,
    /// The number of our first packet; by chance (RFC 3550 §5.1).
    pub first_sequence: u16,
    /// The timestamp of tick 0; by chance.
    pub first_timestamp: u32,
    /// The payload types.
    pub payload_types: PayloadTypes,
    /// Where the peer is.
    pub remote: RtpRemote,
    /// Our canonical name (RFC 7022); cut after 64 bytes.
    pub cname: &'a str,
    /// Chance for the times of reports.
    pub seed: [u8; 32],
}

/// What became of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Sound that waits to be played.
    Sound,
    /// A key begins; told once for each key.
    Digit(char),
    /// A key goes on or ends, or the peer says that it is silent.
    Noted,
    /// Not taken.
    Refused(Refusal),
}

/// Why a datagram was not taken. None of them is a fault of this side; they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No RTP.
    #[error(transparent)]
    NotRtp(#[from] PacketFault),
    /// A payload type that was not agreed.
    #[error("payload type {0} was not agreed")]
    PayloadType(u8),
    /// From an address that is not believed ([`crate::latching`]).
    #[error("from a source that is not believed")]
    Source,
    /// What this side sent came back to it.
    #[error("a packet of this side's own stream")]
    OwnStream,
    /// A new stream or a far jump in the numbers, until a second packet confirms it.
    #[error("an unconfirmed jump")]
    Doubtful,
    /// Its time to be played is over.
    #[error("too late")]
    Late,
    /// It came before.
    #[error("a duplicate")]
    Duplicate,
    /// No sound in it, or more than 60 ms.
    #[error("a payload of a length that is not taken")]
    Length,
    /// The stream is encrypted, and this packet is not, or not with the keys that were agreed, or it came before.
    #[error(transparent)]
    Secure(#[from] SecureFault),
}

/// What became of an RTCP datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RtcpReceived {
    /// A report was noted.
    Report,
    /// The peer leaves the RTP session (RFC 3550 §6.6). SIP alone ends the call.
    Goodbye,
    /// From an address that is not believed.
    Source,
    /// No RTCP.
    Refused(ReportFault),
    /// The stream is encrypted, and this is not, or not with the keys that were agreed.
    Insecure(SecureFault),
}
