//! From packets to the 20 ms of a tick.
//!
//! Packets wait in the [jitter buffer](crate::jitter_buffer) until their time comes. A tick decodes what it needs into a
//! short [queue](queue) of samples and takes 20 ms out of it. How long packets wait is a matter of one comparison: where
//! playing stands, and where it should stand by the [line](line), which follows the network. Too far behind it, a pitch
//! period is [left out](stretch); too far before it, one is repeated; so the delay follows without a click and with
//! nothing lost.
//!
//! What is missing is made up. If later packets are here already, the missing one counts as lost and playing goes on after
//! it. If nothing is here, playing stands still meanwhile: a packet that was only late is then played, and the delay
//! has grown by itself. After 200 ms of that the talk spurt is over, and the next packet begins another, at its place on
//! the line. Where the peer describes its silence (RFC 3389), that is what is heard in between. Waiting sound beyond 400 ms is thrown away at once: a backlog never becomes latency.

use crate::jitter_buffer::{Content, Entry, Incoming, Insertion, JitterBuffer, MAX_PAYLOAD_BYTES, SLOTS};
use frontdesk_audio::{AudioFrame, ComfortNoise, Conceal, Decoder, SampleRate};
use frontdesk_identifiers::Moment;
use std::time::Duration;

pub mod line;
pub mod payload;
pub mod queue;
pub mod stretch;
mod take;

use line::Line;
use payload::{Cut, Format};
use queue::SampleQueue;
use stretch::Care;

/// The sound that may wait at most. What is before it is thrown away at once.
pub const MOST_WAITING: Duration = Duration::from_millis(400);
/// What waits longer is shortened first, before it is handed over at once.
const MOST_HANDED_OVER: Duration = Duration::from_millis(100);
/// A pause this long is the end of the talk spurt.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// So far behind the line, periods are left out of quiet sound,
const QUIET_SURPLUS: Duration = Duration::from_millis(5);
/// so far, also out of a voice,
const LOUD_SURPLUS: Duration = Duration::from_millis(15);
/// until no more than this is left;
const LEFT_SURPLUS: Duration = Duration::from_micros(2_500);
/// so far, in each tick and out of any sound.
const GREAT_SURPLUS: Duration = Duration::from_millis(60);
/// So far before the line, periods are repeated.
const DEFICIT: Duration = Duration::from_millis(1);
/// The delay shrinks in one tick of so many, unless the surplus is great.
const SHRINK_TICKS: u8 = 3;
/// After so many ticks in which no period was found, the sound is cut where it resembles itself most.
const PATIENCE_TICKS: u8 = 10;

/// What a tick plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// What the peer said.
    Frame {
        /// When the packet of the first sample came.
        arrived: Moment,
        /// The RTP timestamp of the first sample.
        timestamp: u32,
    },
    /// Some of it is missing and made up.
    Concealed,
    /// The peer does not send, or its first packets still wait: nothing, or the noise that it described.
    Silence,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It waits.
    Waiting,
    /// Its time is over.
    Late,
    /// It waits already.
    Duplicate,
    /// No payload of this codec.
    WrongLength,
}

/// What playing did, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlayoutCounters {
    /// Packets thrown away because too much waited.
    pub overflown: u64,
    /// Ticks of which at least a part was made up.
    pub concealed: u64,
    /// Lost packets of which the next one carried a copy.
    pub recovered: u64,
    /// How much was made up.
    pub made_up: Duration,
    /// Time that was left out to shorten the delay.
    pub left_out: Duration,
    /// Time that was repeated to lengthen it.
    pub repeated: Duration,
}

/// The sound of one stream, and the delay in which it is heard.
#[derive(Debug)]
pub struct Playout {
    decoder: Decoder,
    format: Format,
    conceal: Conceal,
    comfort: ComfortNoise,
    /// The peer described its silence, which lasts.
    comforts: bool,
    buffer: JitterBuffer,
    queue: SampleQueue,
    line: Line,
    state: State,
    /// The time of the next sample to be decoded: everything before was decoded or given up. It only grows.
    at: u64,
    /// When the last packet that was decoded came.
    arrived: Moment,
    /// The peer said that it is silent and does not send.
    rests: bool,
    /// Its sound stopped in the middle: the next spurt may begin in the middle too, and is to begin softly.
    cut_off: bool,
    /// The surplus is being taken off.
    shrinks: bool,
    shrink_in: u8,
    impatience: u8,
    counters: PlayoutCounters,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The peer is silent, or its first packets wait for their time.
    SpurtAwaited,
    /// It speaks. For so many units now nothing came and something was made up, at which playing stood still.
    Playing { starved: u64 },
}

impl Playout {
    /// For a stream that has not begun. All memory is taken here.
    pub fn new(decoder: Decoder) -> Self {
        let format = Format::of(&decoder);
        Playout {
            decoder,
            format,
            conceal: Conceal::at(format.rate),
            comfort: ComfortNoise::new(),
            comforts: false,
            buffer: JitterBuffer::new(),
            queue: SampleQueue::new(),
            line: Line::new(format.tick_units()),
            state: State::SpurtAwaited,
            at: 0,
            arrived: Moment::ZERO,
            rests: false,
            cut_off: false,
            shrinks: false,
            shrink_in: 0,
            impatience: 0,
            counters: PlayoutCounters::default(),
        }
    }

    /// From now on payloads are read by this decoder; the one that is not needed any more, to be dropped where memory may
    /// be given back. Of two for the same codec the old one stays: it knows the sound so far.
    pub fn exchange(&mut self, decoder: Decoder) -> Decoder {
        if std::mem::discriminant(&decoder) == std::mem::discriminant(&self.decoder) {
            return decoder;
        }
        self.format = Format::of(&decoder);
        self.conceal = Conceal::at(self.format.rate);
        let old = std::mem::replace(&mut self.decoder, decoder);
        // What waits is in another codec.
        self.restart(0);
        old
    }

    /// A new stream, or new times of the same one, begins. What was learned about the network stays.
    pub fn restart(&mut self, at: u64) {
        self.buffer.clear();
        self.jump_to(at);
        self.state = State::SpurtAwaited;
        self.comforts = false;
        self.line.restart(self.format.tick_units());
    }

    /// Hands over what waits, by [`take_waiting`](Self::take_waiting): from here on the peer's packets are not for this
    /// side's ears. The time of the first sample that was not played, if nothing is missing between it and the newest
    /// packet; otherwise nothing changes, and the next tick may be asked.
    pub fn hand_over(&mut self) -> Option<u64> {
        // Decoded samples of a codec that may be cut are played first; those of another are few, and are given up.
        let exact = self.queue.is_empty() || self.format.cut == Cut::Nowhere;
        self.buffer.forget_before(self.at);
        let most = self.line.units(MOST_HANDED_OVER) as u64;
        let few = self.buffer.newest_end().is_none_or(|end| end <= self.position() + most);
        if !exact
            || !few
            || self.state != (State::Playing { starved: 0 })
            || !self.buffer.follows_from(self.at)
        {
            return None;
        }
        let position = self.position();
        self.rest();
        Some(position)
    }

    /// Nothing is played from here on.
    pub fn rest(&mut self) {
        self.queue.clear();
        self.state = State::SpurtAwaited;
        self.cut_off = false;
        self.line.rest();
    }

    /// The next packet of those that wait, into `out`: its time, how long it lasts, what it is and its length.
    pub fn take_waiting(&mut self, out: &mut [u8]) -> Option<(u64, u16, Content, usize)> {
        self.buffer.forget_before(self.at);
        let first = self.buffer.first()?;
        let done = match self.format.cut {
            Cut::AtEachByte if first.content == Content::Sound => self.at.saturating_sub(first.timestamp),
            _ => 0,
        };
        let bytes = self.buffer.copy(&first, done as usize, out);
        self.buffer.forget_first();
        self.at = first.end();
        Some((first.timestamp + done, first.units - done as u16, first.content, bytes))
    }

    /// How long a payload lasts, in units of the stream's clock.
    pub fn duration(&self, payload: &[u8]) -> Option<u16> {
        self.format.duration(payload)
    }

    /// The jitter (RFC 3550 §6.4.1) has changed.
    pub fn set_jitter(&mut self, jitter: Duration) {
        self.line.set_jitter(jitter);
    }

    /// The rate of the frames.
    pub fn rate(&self) -> SampleRate {
        self.format.rate
    }

    /// Units of the stream's clock a second.
    pub fn clock_hz(&self) -> u32 {
        self.format.clock_hz
    }

    /// How long before its tick a packet is wanted.
    pub fn margin(&self) -> Duration {
        self.line.margin()
    }

    /// What playing did so far.
    pub fn counters(&self) -> PlayoutCounters {
        self.counters
    }

    /// Takes a packet; its time is extended to 64 bits.
    pub fn insert(&mut self, timestamp: u64, content: Content, payload: &[u8], now: Moment) -> Kept {
        let units = match content {
            Content::Sound => self.format.duration(payload),
            // It begins something that has no end of its own.
            Content::ComfortNoise => Some(1),
        };
        let Some(units) = units else { return Kept::WrongLength };
        if content == Content::Sound {
            self.line.note(timestamp, units, now);
        }
        if timestamp + u64::from(units) <= self.at {
            if content == Content::Sound {
                self.line.be_cautious();
            }
            return Kept::Late;
        }
        match self.buffer.insert(&Incoming { timestamp, units, content, payload }, now) {
            Insertion::Stored => Kept::Waiting,
            Insertion::Overflown(packets) => {
                self.counters.overflown += u64::from(packets);
                Kept::Waiting
            }
            Insertion::Duplicate => Kept::Duplicate,
            Insertion::WrongLength => Kept::WrongLength,
        }
    }

    /// The time of the next sample to be played.
    fn position(&self) -> u64 {
        self.at.saturating_sub(self.format.units(self.queue.len()))
    }

    /// By how many units playing stands behind the line; negative if before it.
    fn surplus(&self) -> i64 {
        self.line.position().map_or(0, |line| line - self.position() as i64)
    }

    /// The next 20 ms; to be called once a tick.
    pub fn tick(&mut self, now: Moment, frame: &mut AudioFrame) -> Played {
        frame.silence_at(self.format.rate);
        self.line.tick(now);
        if self.state == State::SpurtAwaited && !self.begins() {
            if self.comforts {
                self.comfort.fill(frame.samples_mut());
            }
            self.conceal.received(frame.samples_mut());
            return Played::Silence;
        }
        self.give_up_backlog();
        let here = self.here();
        self.stretch(frame.samples().len());
        self.play(here, frame.samples_mut())
    }

    /// Whether the next talk spurt has begun: its first packet's place on the line has come.
    fn begins(&mut self) -> bool {
        self.buffer.forget_before(self.at);
        let Some(first) = self.buffer.first() else { return false };
        let most = self.line.units(MOST_WAITING) as u64;
        let waits = self.line.position().is_some_and(|line| line < first.timestamp as i64);
        if waits && self.buffer.newest_end().is_none_or(|end| end - first.timestamp < most) {
            return false;
        }
        let comforted = self.comforts && first.content == Content::Sound;
        self.comforts &= !comforted;
        if std::mem::take(&mut self.cut_off) || comforted {
            self.conceal.conceal(&mut []);
        }
        self.at = self.at.max(first.timestamp);
        self.state = State::Playing { starved: 0 };
        true
    }

    /// Goes on somewhere else; what was said goes over into what is said there.
    fn jump_to(&mut self, at: u64) {
        self.queue.clear();
        self.at = at;
        if self.state != State::SpurtAwaited {
            // A loss of no length: the real sound that follows is blended with what would have gone on.
            self.conceal.conceal(&mut []);
            self.cut_off = true;
        }
    }

    /// Throws away what waits too long at once.
    fn give_up_backlog(&mut self) {
        let Some(end) = self.buffer.newest_end() else { return };
        let (position, most) = (self.position(), self.line.units(MOST_WAITING) as u64);
        if end.saturating_sub(position) <= most {
            return;
        }
        let tick = self.line.tick_units();
        let by_margin = end.saturating_sub(self.line.units(self.line.margin()) as u64 + tick);
        let by_line = self.line.position().and_then(|line| u64::try_from(line).ok());
        let target = by_line.filter(|line| line + tick <= end && line + most >= end).unwrap_or(by_margin);
        if target > self.at {
            self.jump_to(target);
            self.state = State::Playing { starved: 0 };
            self.counters.overflown += self.buffer.forget_before(target);
        }
    }

    /// Brings playing nearer to the line by a pitch period, if it stands too far from it.
    fn stretch(&mut self, tick_samples: usize) {
        self.shrink_in = self.shrink_in.saturating_sub(1);
        let surplus = self.surplus();
        let beyond = |limit: Duration| surplus >= self.line.units(limit);
        self.shrinks = beyond(LOUD_SURPLUS) || (self.shrinks && beyond(LEFT_SURPLUS));
        let impatient = self.impatience >= PATIENCE_TICKS;
        let care = match self.shrinks {
            true if beyond(GREAT_SURPLUS) || impatient => Care::Anywhere,
            true => Care::WherePeriodic,
            false => Care::WhereQuiet,
        };
        let due = self.shrink_in == 0 || beyond(GREAT_SURPLUS);
        if self.shrinks || beyond(QUIET_SURPLUS) {
            if due {
                self.shorten(surplus.unsigned_abs(), tick_samples, care);
            }
        } else if surplus <= -self.line.units(DEFICIT) {
            self.lengthen(surplus.unsigned_abs(), tick_samples, impatient);
        } else {
            self.impatience = 0;
        }
    }

    fn shorten(&mut self, surplus: u64, tick_samples: usize, care: Care) {
        let longest = stretch::LONGEST * tick_samples / frontdesk_audio::SAMPLES_8K;
        self.decode_up_to(tick_samples + longest);
        let most = self.format.samples(surplus).min(self.queue.len().saturating_sub(tick_samples));
        let samples = stretch::shorten(&mut self.queue, self.format.rate, most, care);
        if samples > 0 {
            self.counters.left_out += self.lasting(samples);
            self.shrink_in = SHRINK_TICKS;
            self.impatience = 0;
        } else {
            self.impatience = self.impatience.saturating_add(1);
        }
    }

    fn lengthen(&mut self, deficit: u64, tick_samples: usize, impatient: bool) {
        self.decode_up_to(tick_samples);
        let care = if impatient { Care::Anywhere } else { Care::WherePeriodic };
        let samples =
            stretch::lengthen(&mut self.queue, self.format.rate, self.format.samples(deficit), care);
        if samples > 0 {
            self.counters.repeated += self.lasting(samples);
            self.impatience = 0;
        } else {
            self.impatience = self.impatience.saturating_add(1);
        }
    }

    fn lasting(&self, samples: usize) -> Duration {
        Duration::from_nanos(samples as u64 * 1_000_000_000 / u64::from(self.format.rate.hz()))
    }
}
