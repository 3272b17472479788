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
//! How good both directions are is told by [`RtpSession::close_quality_interval`] ([`quality`]), to the peer too
//! (RFC 3611).
//!
//! Where nobody needs the sound, a packet goes from one session to another: [`RtpSession::receive_for_relay`] hands it over
//! as it came, and [`RtpSession::write_relayed`] puts the other session's header before it.
//!
//! It never does I/O, never asks for the time, never takes memory after [`RtpSession::new`], and no byte
//! from outside makes it panic. Payload that goes to the peer was encoded by somebody else.
//!
//! # What of which RFC, and which test holds it
//!
//! | RFC | done | held by |
//! |---|---|---|
//! | 3550 | header, extended numbers, probation, jitter, SR, RR, SDES, BYE | `rtcp/tests.rs`, `sequence.rs`, `streams_and_reports.rs` |
//! | 3550 §6.3 | randomised times. With two parties the least interval always rules: a member more or less (reverse reconsideration, §6.3.4) changes none, and BYE need not wait (§6.3.7) | `reports_are_about_five_seconds_apart_and_never_in_step` |
//! | 3551, 7587 | G.711 and G.722 in packets of 10–60 ms cut anywhere; Opus whole, with its copies of lost packets | `sound_over_bad_networks.rs` |
//! | 3389 | comfort noise is taken, and holds the call | `comfort_noise_now_and_then_holds_a_call` in media-engine |
//! | 3611 | the VoIP metrics block, both ways; of other blocks nothing | `a_report_survives_writing_and_reading` |
//! | 3711, 4568, 7714 | encrypted RTP and RTCP | [`secure`], `encrypted_sessions.rs` |
//! | 4733 | keys with their duration, both ways, by clocks of 8,000 and 48,000; of other events nothing | `keys_across_a_bridge.rs`, `telephone_event/tests.rs` |
//! | 4961, 7362 | symmetric RTP | [`latching`] |
//! | 5761 | reports on the port of the sound | `reports_beside_the_sound_go_where_it_comes_from` |
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
