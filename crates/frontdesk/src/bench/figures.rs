//! What a run saw.

use super::histogram::Histogram;
use super::stamp::Stamp;
use frontdesk_rtp_session::quality::e_model::{self, Conditions};
use std::collections::BTreeMap;
use std::time::Duration;

/// Counts and times of a run, of all its legs together.
#[derive(Debug, Default)]
pub struct Figures {
    /// Calls that were placed.
    pub placed: u64,
    /// Calls that were answered.
    pub answered: u64,
    /// Calls that ended as calls should.
    pub completed: u64,
    /// Calls that this bench answered itself.
    pub taken: u64,
    /// Why calls failed, and how many.
    pub failed: BTreeMap<String, u64>,
    /// INVITE → 100.
    pub trying: Histogram,
    /// INVITE → 180 or 183.
    pub ringing: Histogram,
    /// INVITE → 200.
    pub answer: Histogram,
    /// 200 → the first packet of sound.
    pub first_sound: Histogram,
    /// Packets of sound that this bench meant to send; those that were lost on purpose are among them.
    pub sent: u64,
    /// Those of each leg's first half second.
    pub sent_early: u64,
    /// Packets that were lost on purpose.
    pub lost_on_purpose: u64,
    /// Stamped packets that came.
    pub came: u64,
    /// Those of each leg's first half second.
    pub came_early: u64,
    /// Packets that somebody else's bench sent, as far as their numbers say.
    pub sent_elsewhere: u64,
    /// Those of each leg's first half second.
    pub sent_elsewhere_early: u64,
    /// Packets of this bench that the other one had, by its own account.
    pub came_elsewhere: u64,
    /// Packets that came more than once.
    pub twice: u64,
    /// Packets that came after a later one.
    pub late_in_order: u64,
    /// RTP without a stamp: music, speech, silence of the target's own.
    pub unstamped: u64,
    /// What came and was no RTP.
    pub foreign: u64,
    /// From one bench's leg to the other leg, both by the same clock.
    pub delay: Histogram,
    /// From a leg to the target and back.
    pub round_trip: Histogram,
    /// Between packets that were sent 20 ms apart, as they came.
    pub spacing: Histogram,
    /// Keys that were pressed.
    pub keys_sent: u64,
    /// Keys that came.
    pub keys_came: u64,
    /// What is known of a second bench's clock.
    pub clocks: Clocks,
}

impl Figures {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Figures::default()
    }

    /// Calls that failed.
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Packets that should have come and did not, apart from each leg's first half second and from what was lost on
    /// purpose; and how many should have.
    pub fn lost(&self) -> (u64, u64) {
        let due = if self.sent_elsewhere > 0 {
            self.sent_elsewhere - self.sent_elsewhere_early
        } else {
            (self.sent - self.sent_early).saturating_sub(self.lost_on_purpose)
        };
        (due.saturating_sub(self.came - self.came_early), due)
    }

    /// How good a listener would find the sound, 1 to 4.5: by the E-model, of all that was lost, on purpose too, and of the
    /// delay with a packet's own 20 ms and a buffer that bears all but one packet of a hundred. None when nothing came.
    pub fn opinion(&self) -> Option<f64> {
        let (lost, due) = self.lost();
        let (lost, due) = (lost + self.lost_on_purpose, due + self.lost_on_purpose);
        let ways = self.clocks.ways();
        let whole = self.delay.quantile(0.99).or_else(|| ways?.back.quantile(0.99));
        let late = whole.or_else(|| Some(self.round_trip.quantile(0.99)? / 2))?;
        let conditions = Conditions {
            loss: lost as f32 / due.max(1) as f32,
            burst_ratio: 1.0,
            delay_ms: (late + super::voice::PACKET).as_secs_f32() * 1e3,
        };
        let opinion = e_model::opinion(e_model::rating(e_model::G711_CONCEALED, conditions));
        Some(f64::from(opinion.hundredths()) / 100.0)
    }
}

/// Differences that are kept for the end, when the clocks are known; of more than these every second one is.
const KEPT: usize = 1 << 20;

/// Two clocks, as seen through packets that carry times of both (as NTP does, RFC 5905 §8).
#[derive(Debug, Default)]
pub struct Clocks {
    /// The quickest round trip, and how far the other clock is ahead by it, in nanoseconds.
    best: Option<(i64, i64)>,
    /// Arrival here less departure there, each by its own clock.
    back: Vec<i64>,
    /// Arrival there less departure here.
    there: Vec<i64>,
    seen: u64,
}

/// How long packets are under way between two benches.
#[derive(Debug)]
pub struct Ways {
    /// How far the other clock is ahead, in nanoseconds.
    pub ahead_ns: i64,
    /// The quickest round trip: the other clock is known to within half of it.
    pub round_trip: Duration,
    /// From here to there.
    pub there: Histogram,
    /// From there to here.
    pub back: Histogram,
}

impl Clocks {
    /// A packet of another bench came at `at`.
    pub fn note(&mut self, stamp: &Stamp, at: u64) {
        let Some(echo) = stamp.heard else { return };
        let less = |later: u64, earlier: u64| later.wrapping_sub(earlier) as i64;
        let (there, back) = (less(echo.came, echo.sent), less(at, stamp.sent));
        let round_trip = there.saturating_add(back);
        // The other clock's lead lengthens the way there by as much as it shortens the way back.
        let ahead = (there.saturating_sub(back)) / 2;
        if round_trip >= 0 && self.best.is_none_or(|(best, _)| round_trip < best) {
            self.best = Some((round_trip, ahead));
        }
        self.seen += 1;
        if self.there.len() < KEPT {
            self.there.push(there);
            self.back.push(back);
        } else if self.seen.is_multiple_of(2) {
            let place = (self.seen as usize / 2) % KEPT;
            (self.there[place], self.back[place]) = (there, back);
        }
    }

    /// What can be said of both ways; nothing when no other bench was heard.
    pub fn ways(&self) -> Option<Ways> {
        let (round_trip, ahead) = self.best?;
        let histogram = |differences: &[i64], less: i64| {
            let mut histogram = Histogram::new();
            for difference in differences {
                let nanos = difference.saturating_sub(less).max(0);
                histogram.add(Duration::from_nanos(nanos.unsigned_abs()));
            }
            histogram
        };
        Some(Ways {
            ahead_ns: ahead,
            round_trip: Duration::from_nanos(round_trip.unsigned_abs()),
            there: histogram(&self.there, ahead),
            back: histogram(&self.back, -ahead),
        })
    }
}
