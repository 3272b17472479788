//! How long packets wait before they are played.
//!
//! What is watched is the *slack*: how long the hastiest packet of the last second waited. It should be a
//! margin that grows with the jitter (RFC 3550 §6.4.1) and with each packet that came too late, and falls
//! slowly in quiet times. When nothing is there, playing pauses for the tick: a packet that was only late is
//! then played, and the delay has grown by itself. When the slack is a frame more than the margin, a frame is
//! left out where it is quiet, or in loud sound if it lasts: a backlog never becomes lasting latency.

use crate::jitter_buffer::{JitterBuffer, Taken};
use frontdesk_audio::SAMPLES_8K;
use frontdesk_identifiers::Moment;
use std::time::Duration;

const FRAME: u64 = SAMPLES_8K as u64;
const FRAME_TIME: Duration = Duration::from_millis(20);
/// The margin is never smaller: the tick itself is not more punctual.
const LEAST_MARGIN: Duration = Duration::from_millis(2);
/// The margin is never greater; more delay is worse than loss.
pub const GREATEST_MARGIN: Duration = Duration::from_millis(120);
/// The margin before anything is known: with [`LEAST_MARGIN`] one frame.
const FIRST_CAUTION: Duration = Duration::from_millis(18);
/// What a packet that came too late adds to the margin.
const CAUTION_PER_LATE: Duration = Duration::from_millis(10);
const GREATEST_CAUTION: Duration = Duration::from_millis(80);
/// It is added once in so many ticks (200 ms): one stall makes many packets late.
const CAUTION_TICKS: u16 = 10;
/// What each second without a late packet takes off.
const CAUTION_DECAY: Duration = Duration::from_millis(2);
/// The sound that may wait at most, in samples: 240 ms. What is before it is thrown away at once.
pub const MOST_WAITING_SAMPLES: u64 = 12 * FRAME;
/// A pause this long, in samples (200 ms), is the end of the talk spurt.
const LONGEST_PAUSE_SAMPLES: u64 = 10 * FRAME;
/// The slack is judged once in so many ticks: 1 s.
const JUDGED_TICKS: u16 = 50;
/// With so many frames too much, or after so many judgements, frames are left out of loud sound too, one in
/// [`LOUD_DROP_TICKS`].
const LOUD_DROP_FRAMES: u32 = 3;
const LOUD_DROP_JUDGEMENTS: u8 = 5;
const LOUD_DROP_TICKS: u16 = 5;

/// What a tick plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Playout<'a> {
    /// 20 ms of payload, in the codec that was agreed.
    Frame {
        /// 160 bytes of G.711.
        payload: &'a [u8; SAMPLES_8K],
        /// When the packet of the first sample came.
        arrived: Moment,
        /// The RTP timestamp of the first sample.
        timestamp: u32,
    },
    /// A frame is missing: make it up.
    Conceal,
    /// The peer does not send, or its first packets still wait.
    Silence,
}

/// What [`PlayoutDelay::tick`] says; the payload was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// The frame was copied.
    Frame {
        /// When its packet came.
        arrived: Moment,
        /// Its first sample.
        timestamp: u64,
    },
    /// It is missing.
    Conceal,
    /// Nothing is expected.
    Silence,
}

/// The delay of one stream.
#[derive(Debug, Clone)]
pub struct PlayoutDelay {
    state: State,
    /// Everything before was played or given up; it only grows.
    position: u64,
    jitter: Duration,
    caution: Duration,
    cautious_in: u16,
    slack: Option<Duration>,
    judged_in: u16,
    surplus_judgements: u8,
    surplus_frames: u32,
    loud_drop_in: u16,
    /// Packets thrown away because too much waited.
    pub overflown: u64,
    /// Frames left out to shorten the delay.
    pub dropped: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing waits.
    PacketAwaited,
    /// The first packets wait until the margin is over.
    MarginAwaited,
    /// Frames are played; playing pauses since so many samples because nothing is there.
    Playing { paused: u64 },
}

impl PlayoutDelay {
    /// For a stream that has not begun.
    pub fn new() -> Self {
        PlayoutDelay {
            state: State::PacketAwaited,
            position: 0,
            jitter: Duration::ZERO,
            caution: FIRST_CAUTION,
            cautious_in: 0,
            slack: None,
            judged_in: JUDGED_TICKS,
            surplus_judgements: 0,
            surplus_frames: 0,
            loud_drop_in: 0,
            overflown: 0,
            dropped: 0,
        }
    }

    /// A new stream, or new times of the same one, begins. What was learned about the network stays.
    pub fn restart(&mut self, position: u64) {
        self.state = State::PacketAwaited;
        self.position = position;
        self.slack = None;
        self.surplus_frames = 0;
        self.surplus_judgements = 0;
    }

    /// The jitter has changed.
    pub fn set_jitter(&mut self, jitter: Duration) {
        self.jitter = jitter;
    }

    /// Whether a packet that ends at this sample is too late. If so, the margin grows.
    pub fn is_late(&mut self, end: u64) -> bool {
        let late = end <= self.position;
        if late {
            self.be_cautious();
        }
        late
    }

    /// What the slack should be.
    pub fn margin(&self) -> Duration {
        (LEAST_MARGIN + self.jitter * 4 + self.caution).min(GREATEST_MARGIN)
    }

    /// Plays the next 20 ms out of `buffer` into `frame`. `quiet` says whether nobody would miss a payload.
    pub fn tick(
        &mut self,
        now: Moment,
        buffer: &mut JitterBuffer,
        frame: &mut [u8; SAMPLES_8K],
        quiet: impl Fn(&[u8; SAMPLES_8K]) -> bool,
    ) -> Tick {
        self.cautious_in = self.cautious_in.saturating_sub(1);
        self.judge();
        let paused = match self.begin(now, buffer) {
            Some(paused) => paused,
            None => return Tick::Silence,
        };
        self.give_up_backlog(buffer);
        let mut taken = buffer.copy(self.position, frame);
        if taken == Taken::Gap && paused > 0 {
            // The missing packet was lost and not late: the pause has stood for it already.
            let next = buffer.next_from(self.position).unwrap_or(self.position);
            self.position += paused.min(next - self.position);
            self.state = State::Playing { paused: 0 };
            taken = buffer.copy(self.position, frame);
        } else if matches!(taken, Taken::Whole { .. }) {
            if paused > 0 {
                self.be_cautious();
            } else if self.may_drop(buffer, quiet(frame)) {
                self.position += FRAME;
                taken = buffer.copy(self.position, frame);
            }
        }
        let outcome = self.play(now, taken);
        if self.state == State::PacketAwaited {
            // The talk spurt is over; less than a frame of it may be left, which nothing will complete.
            self.position = self.position.max(buffer.newest_end().unwrap_or(0));
        }
        buffer.forget_before(self.position);
        outcome
    }

    /// How long playing has paused; `None` if it has not begun.
    fn begin(&mut self, now: Moment, buffer: &JitterBuffer) -> Option<u64> {
        if let State::Playing { paused } = self.state {
            return Some(paused);
        }
        let (Some(first), Some(arrived)) = (buffer.oldest(), buffer.first_arrival()) else {
            self.state = State::PacketAwaited;
            return None;
        };
        if now.since(arrived) < self.margin() {
            self.state = State::MarginAwaited;
            return None;
        }
        self.position = self.position.max(first);
        self.state = State::Playing { paused: 0 };
        Some(0)
    }

    fn play(&mut self, now: Moment, taken: Taken) -> Tick {
        match taken {
            Taken::Whole { arrived, begun } => {
                if let Some(begun) = begun {
                    let waited = now.since(begun);
                    self.slack = Some(self.slack.map_or(waited, |slack| slack.min(waited)));
                }
                let timestamp = self.position;
                self.position += FRAME;
                self.state = State::Playing { paused: 0 };
                Tick::Frame { arrived, timestamp }
            }
            Taken::Gap => {
                self.position += FRAME;
                self.state = State::Playing { paused: 0 };
                Tick::Conceal
            }
            Taken::Dry => {
                let paused = match self.state {
                    State::Playing { paused } => paused + FRAME,
                    State::PacketAwaited | State::MarginAwaited => FRAME,
                };
                self.state = if paused >= LONGEST_PAUSE_SAMPLES {
                    State::PacketAwaited
                } else {
                    State::Playing { paused }
                };
                Tick::Conceal
            }
        }
    }

    fn be_cautious(&mut self) {
        if self.cautious_in == 0 {
            self.caution = (self.caution + CAUTION_PER_LATE).min(GREATEST_CAUTION);
            self.cautious_in = CAUTION_TICKS;
        }
    }

    /// Throws away what waits too long at once.
    fn give_up_backlog(&mut self, buffer: &mut JitterBuffer) {
        let Some(end) = buffer.newest_end() else { return };
        if end.saturating_sub(self.position) > MOST_WAITING_SAMPLES {
            let kept = samples(self.margin()) + FRAME;
            self.position = self.position.max(end.saturating_sub(kept));
            self.overflown += buffer.forget_before(self.position);
        }
    }

    /// Whether to leave out the frame that is next.
    fn may_drop(&mut self, buffer: &JitterBuffer, quiet: bool) -> bool {
        self.loud_drop_in = self.loud_drop_in.saturating_sub(1);
        if self.surplus_frames == 0 {
            return false;
        }
        let follows = buffer.newest_end().is_some_and(|end| end >= self.position + 2 * FRAME);
        let must = self.surplus_frames >= LOUD_DROP_FRAMES || self.surplus_judgements >= LOUD_DROP_JUDGEMENTS;
        if !follows || !(quiet || (must && self.loud_drop_in == 0)) {
            return false;
        }
        self.surplus_frames -= 1;
        self.loud_drop_in = LOUD_DROP_TICKS;
        self.dropped += 1;
        true
    }

    /// Once a second: is the delay longer than it must be?
    fn judge(&mut self) {
        self.judged_in -= 1;
        if self.judged_in > 0 {
            return;
        }
        self.judged_in = JUDGED_TICKS;
        self.caution = self.caution.saturating_sub(CAUTION_DECAY);
        let surplus = self.slack.take().unwrap_or_default().saturating_sub(self.margin());
        self.surplus_frames = (surplus.as_micros() / FRAME_TIME.as_micros()) as u32;
        self.surplus_judgements =
            if self.surplus_frames > 0 { self.surplus_judgements.saturating_add(1) } else { 0 };
    }
}

impl Default for PlayoutDelay {
    fn default() -> Self {
        PlayoutDelay::new()
    }
}

fn samples(time: Duration) -> u64 {
    (time.as_micros() as u64 * 8).div_ceil(1_000)
}
