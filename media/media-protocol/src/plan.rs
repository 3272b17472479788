//! What two ends agreed on in offer and answer, as the sound needs it.

use std::net::{IpAddr, SocketAddr};

/// A payload format (RFC 3551 §4.5) that both ends speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// G.711 µ-law, 8 kHz; payload type 0.
    Pcmu,
    /// G.711 A-law, 8 kHz; payload type 8.
    Pcma,
}

impl Codec {
    /// The encoding name of RFC 3551 §6, as `a=rtpmap` writes it.
    pub const fn encoding_name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
        }
    }
}

/// Who sends sound, seen from this side (RFC 3264 §5.1, `a=sendrecv` and its kin).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Both.
    #[default]
    SendReceive,
    /// This side only.
    SendOnly,
    /// The other side only.
    ReceiveOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    /// Whether this side sends.
    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendReceive | Direction::SendOnly)
    }

    /// Whether this side receives.
    pub const fn receives(self) -> bool {
        matches!(self, Direction::SendReceive | Direction::ReceiveOnly)
    }
}

/// The outcome of offer and answer for one audio stream, as a media port is configured with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgreedAudio {
    /// Where to send RTP, as the other side's SDP says.
    pub remote: SocketAddr,
    /// Where to send RTCP: `a=rtcp` (RFC 3605), or the port above.
    pub remote_rtcp: SocketAddr,
    /// The host from which the call's SIP messages come, if that is known: sound from there is its owner's rather than a
    /// stranger's, though a NAT made its address another than `remote`.
    pub messages_from: Option<IpAddr>,
    /// The payload format, in both directions.
    pub codec: Codec,
    /// The payload type number of `codec` as the other side expects it.
    pub payload_type: u8,
    /// The payload type number of `telephone-event/8000` (RFC 4733) as the other side expects it.
    pub telephone_event: Option<u8>,
    /// The length of the packets that the other side wants, in milliseconds; 20 unless it said otherwise.
    pub packet_ms: u8,
    /// Who sends.
    pub direction: Direction,
}
