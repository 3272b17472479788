//! One RTP stream pair: what comes from one peer and what goes to it, told the time.
//!
//! The way of a packet from the peer: [`RtpSession::receive`] opens it, if the stream is encrypted ([`secure`]),
//! reads its header ([`packet`]), asks whether its source is believed ([`latching`]) and where its sequence number stands
//! ([`sequence`]); keys go to [`telephone_event`], sound into the [`jitter_buffer`]. Once a tick [`RtpSession::playout`]
//! decodes the next 20 ms or makes them up; how long packets wait is decided in [`playout`].
//!
//! The way to the peer: [`RtpSession::write_packet`] puts a header before a payload; the timestamp is a
//! function of the tick's number, so that a skipped tick leaves the sequence numbers contiguous.
//! [`RtpSession::write_digit_packet`] takes the tick for a key that is being sent. [`RtpSession::write_rtcp`]
//! writes a report when [`RtpSession::rtcp_deadline`] has passed.
//!
//! Where nobody needs the sound, a packet goes from one session to another: [`RtpSession::receive_for_relay`] hands it over
//! as it came, and [`RtpSession::write_relayed`] puts the other session's header before it.
//!
//! It never does I/O, never asks for the time, never takes memory after [`RtpSession::new`], and no byte
//! from outside makes it panic. Payload that goes to the peer was encoded by somebody else.
//!
//! # Why no library
//!
//! `rtc-rtp`, `rtc-rtcp` and `rtc-srtp` read and write into vectors and reference-counted buffers: some allocations for
//! each packet. The tick may not allocate, so [`packet`], [`rtcp`] and [`secure`] read and write in place; the libraries
//! are the oracles of their tests.

mod counters;
pub mod jitter_buffer;
pub mod latching;
pub mod packet;
pub mod playout;
pub mod quality;
pub mod rtcp;
pub mod secure;
pub mod sequence;
mod session;
pub mod telephone_event;

pub use counters::RtpCounters;
pub use playout::Played;
pub use session::{
    MAX_PACKET_BYTES, Passage, PassedOn, PayloadTypes, Received, Refusal, RtcpReceived, RtpRemote,
    RtpSession, RtpSettings,
};
pub use telephone_event::{DigitFault, EndedKey};
