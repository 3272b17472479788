//! What two ends agreed on in offer and answer, as the sound needs it.

use crate::SrtpKeys;
use std::net::{IpAddr, SocketAddr};

/// A payload format (RFC 3551 §4.5) that both ends speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// G.711 µ-law, 8 kHz; payload type 0.
    Pcmu,
    /// G.711 A-law, 8 kHz; payload type 8.
    Pcma,
    /// G.722, 64 kbit/s, 16 kHz, though its RTP clock is of 8 kHz (RFC 3551 §4.5.2); payload type 9.
    G722,
    /// Opus (RFC 6716), mono, with an RTP clock of 48 kHz (RFC 7587); a payload type of its own in each call.
    Opus,
}

impl Codec {
    /// The encoding name of RFC 3551 §6, as `a=rtpmap` writes it.
    pub const fn encoding_name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::G722 => "G722",
            Codec::Opus => "opus",
        }
    }

    /// Units of its RTP timestamp a second.
    pub const fn clock_hz(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => 8_000,
            Codec::Opus => 48_000,
        }
    }
}

/// What an end wants of the Opus that it receives, of its `a=fmtp` (RFC 7587 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct OpusTerms {
    /// `useinbandfec=1`: it can make use of a copy of lost sound in the packet after it.
    pub copies: bool,
    /// `usedtx=1`: silence need not be sent.
    pub pauses: bool,
    /// `cbr=1`: all packets shall be of one size.
    pub constant: bool,
    /// `maxplaybackrate` of 8,000: it plays no more than a telephone line carries.
    pub narrow: bool,
    /// `maxaveragebitrate`, bits a second.
    pub max_bitrate_bps: Option<u32>,
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
    /// The payload type number of `codec` as this side told the other one: what comes is numbered so.
    pub receive_payload_type: u8,
    /// The payload type number of `telephone-event` (RFC 4733), with the codec's clock, as the other side expects it.
    pub telephone_event: Option<u8>,
    /// The number of `telephone-event` as this side told the other one.
    pub receive_telephone_event: Option<u8>,
    /// Units a second of the events' durations: the codec's clock, or 8,000 beside an Opus whose owner knows no other.
    pub telephone_event_hz: u32,
    /// The length of the packets that the other side wants, in milliseconds: 10 to 60, and 20 unless it said otherwise.
    pub packet_ms: u8,
    /// What the other side wants of the Opus that is sent to it.
    pub opus: OpusTerms,
    /// Both sides know comfort noise (RFC 3389, payload type 13): silence need not be sent in G.711.
    pub comfort_noise: bool,
    /// RTCP comes and goes on the RTP port (RFC 5761).
    pub rtcp_mux: bool,
    /// The keys of both directions, if what goes by is encrypted (RFC 3711).
    pub secure: Option<SrtpKeys>,
    /// Who sends.
    pub direction: Direction,
}

impl AgreedAudio {
    /// The least that two ends agree on: one codec under one number, both ways, in packets of 20 ms and in the clear, no keys,
    /// and RTCP one port above RTP.
    pub fn plain(codec: Codec, payload_type: u8, remote: SocketAddr) -> Self {
        AgreedAudio {
            remote,
            remote_rtcp: SocketAddr::new(remote.ip(), remote.port().saturating_add(1)),
            messages_from: None,
            codec,
            payload_type,
            receive_payload_type: payload_type,
            telephone_event: None,
            receive_telephone_event: None,
            telephone_event_hz: codec.clock_hz(),
            packet_ms: 20,
            opus: OpusTerms::default(),
            comfort_noise: false,
            rtcp_mux: false,
            secure: None,
            direction: Direction::SendReceive,
        }
    }
}
