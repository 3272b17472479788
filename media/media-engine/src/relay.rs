//! Legs that talk with each other while nobody else needs their sound: payloads are passed on as they come.
//!
//! A bridge's two directions are judged apart. One is passed on when both legs speak one codec in packets of one length,
//! nobody listens to it or records it, and the hearing leg is sent nothing else: no playback, no key. Then the saying
//! leg needs no jitter buffer and no decoder and the hearing leg no encoder; a bridge that is passed on both ways has no
//! ticks, and is looked at once in [`LOOK_TURNS`] for its reports and its time-outs.
//!
//! Into it and out of it, no sample is lost or doubled; how the times go on is said in `rtp-session`'s `session/relay.rs`.

use crate::clock::SPOKES;
use crate::pace::Pace;
use frontdesk_identifiers::Moment;
use std::time::Duration;

/// Legs without ticks are looked at once in so many turns: each 100 ms.
pub(crate) const LOOK_TURNS: u64 = 5 * SPOKES as u64;
/// So long nothing may come that could be passed on, before its hearer is sent silence by ticks again: its own time-outs
/// and the doors in its NAT must not depend on somebody else's pauses.
pub(crate) const LONGEST_SILENCE: Duration = Duration::from_secs(2);
/// Events of a key are not split between the tick and passing on: so long none came.
const KEYS_OVER: Duration = Duration::from_millis(300);
/// After passing on, the hearer is sent nothing for at most so many ticks until the sound is there that follows.
const GAP_TICKS: u8 = 10;
/// A codec that knows what came before changes its encoder where it is quiet, or after so many ticks (5 s) anyhow.
pub(crate) const LOUD_TICKS: u16 = 250;

/// Whether what a leg's party says is heard here or passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Heard,
    PassedOn,
}

/// A leg's part in passing on.
pub(crate) struct Relay {
    way: Way,
    /// When the last packet of an event came.
    event_at: Option<Moment>,
    /// Ticks in which the way would have changed, had it been quiet.
    pub(crate) loud_ticks: u16,
    /// Ticks in which the party may be sent nothing, because what follows on what was passed on to it is not here yet.
    gap_ticks: u8,
    passed_from: Option<u16>,
    /// How fast packets are passed on.
    pace: Pace,
}

impl Relay {
    pub(crate) fn new() -> Self {
        Relay {
            way: Way::Heard,
            event_at: None,
            loud_ticks: 0,
            gap_ticks: 0,
            passed_from: None,
            pace: Pace::of_packets(),
        }
    }

    pub(crate) fn passes_on(&self) -> bool {
        self.way == Way::PassedOn
    }

    pub(crate) fn begin(&mut self) {
        (self.way, self.loud_ticks) = (Way::PassedOn, 0);
    }

    pub(crate) fn end(&mut self) {
        self.way = Way::Heard;
    }

    pub(crate) fn note_event(&mut self, now: Moment) {
        self.event_at = Some(now);
    }

    /// Whether no key is under way.
    pub(crate) fn keys_are_over(&self, now: Moment) -> bool {
        self.event_at.is_none_or(|at| now.since(at) >= KEYS_OVER)
    }

    pub(crate) fn takes_packet(&mut self, now: Moment) -> bool {
        self.pace.takes(now)
    }

    /// What was passed on to this leg's party, from this leg, ends.
    pub(crate) fn await_sound(&mut self, from: Option<u16>) {
        (self.gap_ticks, self.passed_from) = (GAP_TICKS, from);
    }

    /// Whether nothing was sent yet after what was passed on.
    pub(crate) fn has_gap(&self) -> bool {
        self.gap_ticks > 0
    }

    /// Whose sound was passed on.
    pub(crate) fn passed_from(&self) -> Option<u16> {
        self.passed_from
    }

    /// Sound is there.
    pub(crate) fn has_sound(&mut self) {
        self.gap_ticks = 0;
    }

    /// Whether nothing is sent in this tick, in which no sound is there.
    pub(crate) fn bears_gap(&mut self) -> bool {
        let bears = self.gap_ticks > 0;
        self.gap_ticks = self.gap_ticks.saturating_sub(1);
        bears
    }
}
