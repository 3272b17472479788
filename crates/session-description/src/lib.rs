//! SDP (RFC 8866) and offer/answer (RFC 3264) for telephone calls with one audio stream.
//!
//! The way of a description: an INVITE brings an offer, [`answer`] reads it line by line into what this side
//! needs to know of it, takes the first audio stream that it can serve, chooses the first codec *in the
//! offerer's order* that both sides speak, and gives back both the answer to send and the
//! [`AgreedAudio`](frontdesk_media_protocol::AgreedAudio) with
//! which a media port is configured. When this side calls, [`offer`] writes the offer and [`complete`] reads
//! what the other side made of it. What cannot be served is a [`Refusal`], which knows its SIP status.
//!
//! ```
//! use frontdesk_session_description::{Formats, LocalAudio, answer, complete, offer};
//! # use frontdesk_media_protocol::{Codec, Direction};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let phone = LocalAudio { address: "192.0.2.1:4000".parse()?, codecs: vec![Codec::Pcma, Codec::Pcmu],
//! #     formats: Formats::default(), direction: Direction::SendReceive, session_id: 1, session_version: 1, security: None };
//! # let desk = LocalAudio { address: "192.0.2.2:6000".parse()?, codecs: vec![Codec::Pcmu, Codec::Pcma],
//! #     formats: Formats::default(), direction: Direction::SendReceive, session_id: 2, session_version: 1, security: None };
//! let offered = offer(&phone);
//! let answered = answer(&desk, &offered)?;
//! let completed = complete(&phone, &answered.description)?;
//! assert_eq!(answered.audio.codec, Codec::Pcma, "the offerer's order counts");
//! assert_eq!(completed.codec, Codec::Pcma);
//! assert_eq!(completed.remote, desk.address);
//! # Ok(())
//! # }
//! ```
//!
//! # Choices
//!
//! * The grammar is our own and forgiving: only the lines that decide about the audio stream can make a
//!   description unreadable. A missing `o=`, `s=` or `t=`, an unknown type letter or a broken attribute that
//!   this side does not use is passed over, because real telephones send all of these. (A general SDP library
//!   reads the same fields in the tests, as a second opinion.)
//! * `RTP/AVPF` is taken like `RTP/AVP`: the answer names the offered profile and no feedback, which is how
//!   RFC 4585 §5 lets an AVP end join. `a=rtcp-mux` is not answered, so RTCP keeps its own port.
//! * Telephone events have the codec's clock (RFC 4733 §2.1). Beside Opus, those at 8,000 are taken where no others are
//!   offered, since many telephones offer no others.
//! * Opus is mono at 16 kHz, as its parameters say (RFC 7587 §6.1). Packets are asked for at 20 ms and taken up to 60.
//! * Sound is encrypted with keys in the description (SDES, RFC 4568), as the policy of [`LocalSecurity`] says. Where it is
//!   only offered, `RTP/AVP` carries `a=crypto` beside it, as most telephones and PBXs do that can do both: who does not
//!   know the attribute passes it over and speaks plain, where `RTP/SAVP` would cost a 488 and a second INVITE. Where it
//!   is required, `RTP/SAVP` is offered. An answer takes either, in the offerer's order of suites. A line with an MKI or
//!   with parameters that weaken it is passed over. DTLS is refused.
//! * A host name in `c=` is refused: a decision resolves no names.
//! * `c=0.0.0.0` is hold as RFC 3264 §8.4 spells it for old telephones: nothing is sent there, and the answer
//!   is `recvonly` (or `inactive`).
//! * A loopback address is refused, unless this side is at one itself: it would be this side's own machine.
//!
//! It never opens a socket, never asks for the time and never fails in any other way than by a [`Refusal`].

mod answer;
mod audio;
mod direction;
mod formats;
mod offer;
mod read;
mod refusal;
mod security;
mod write;

pub use answer::{Negotiated, answer};
pub use formats::{Formats, PayloadNumbers};
pub use offer::{complete, offer};
pub use refusal::Refusal;
pub use security::{Demand, LocalSecurity, OwnKeys, SUITES, is_by_secure_profile};

use frontdesk_media_protocol::{Codec, Direction};
use std::net::SocketAddr;

/// The largest description that is read, in bytes; a larger one is [`Refusal::TooLarge`].
pub const DESCRIPTION_BYTES_MAX: usize = 64 * 1024;
/// The most `m=` lines; more are [`Refusal::TooManyStreams`], because an answer must repeat each of them.
pub const STREAMS_MAX: usize = 16;
/// The most formats of one `m=` line that are looked at; the rest is passed over.
pub const FORMATS_MAX: usize = 64;

/// This side's end of the audio stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAudio {
    /// Where this side receives RTP, as the other side reaches it: never an unspecified address.
    pub address: SocketAddr,
    /// What this side speaks, the dearest first. In an answer the offerer's order goes before this one.
    pub codecs: Vec<Codec>,
    /// Their numbers and the like.
    pub formats: Formats,
    /// Who shall send, as far as this side has a say: [`Direction::SendOnly`] holds the other side.
    pub direction: Direction,
    /// The session's number in `o=` (RFC 8866 §5.2): the same for the whole call.
    pub session_id: u64,
    /// The description's number in `o=`: one more whenever what is described changed (RFC 3264 §8).
    pub session_version: u64,
    /// With what this side encrypts, and whether it must; none never does.
    pub security: Option<LocalSecurity>,
}
