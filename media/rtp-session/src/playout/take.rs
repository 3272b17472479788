//! Filling a tick: decoding what is there, making up what is not.

use super::{Content, Cut, Entry, LONGEST_PAUSE, MAX_PAYLOAD_BYTES, Played, Playout, SLOTS, State};
use crate::jitter_buffer::MAX_WHOLE_BYTES;
use frontdesk_identifiers::Moment;
use std::time::Duration;

/// A tick is filled in at most so many steps: packets of 2.5 ms, with a gap before each.
const MOST_STEPS: usize = 24;

/// What a codec is asked to make up at once: 10 ms at 16 kHz.
const MADE_UP_PIECE: usize = 160;
/// A packet of Opus as short as this begins or goes on with a silence that is not sent; the decoder makes its noise.
const LONGEST_REST_BYTES: usize = 2;
/// It is told again each 400 ms; so long after the last time the peer has left.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// What stands at the place where decoding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A packet of sound.
    Sound(Entry),
    /// Nothing for so many units, and then a packet.
    Gap(u64),
    /// The beginning of a silence.
    ComfortNoise,
    /// Nothing.
    Nothing,
}

/// Where a tick begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begin {
    timestamp: u64,
    /// When the packet came that its first sample is of, if there is one.
    arrived: Option<Moment>,
}

impl Playout {
    /// Where this tick begins; asked before the sound is stretched.
    pub(super) fn here(&mut self) -> Begin {
        let arrived = match self.queue.is_empty() {
            false => Some(self.arrived),
            true => match self.next() {
                Next::Sound(entry) => Some(entry.arrived),
                Next::Gap(_) | Next::ComfortNoise | Next::Nothing => None,
            },
        };
        Begin { timestamp: self.position(), arrived }
    }

    /// Fills the tick.
    pub(super) fn play(&mut self, begin: Begin, out: &mut [i16]) -> Played {
        let (mut filled, mut made_up) = (0, 0);
        let Begin { timestamp, mut arrived } = begin;
        for _ in 0..MOST_STEPS {
            let Some(rest) = out.get_mut(filled..).filter(|rest| !rest.is_empty()) else { break };
            if !self.queue.is_empty() {
                let count = self.queue.take(rest);
                self.conceal.received(&mut rest[..count]);
                filled += count;
                continue;
            }
            match self.next() {
                Next::Sound(entry) => {
                    self.decode(&entry, rest.len());
                    arrived.get_or_insert(entry.arrived);
                }
                Next::Gap(units) if self.surplus() >= 0 => {
                    let (count, made) = self.fill_gap(units, rest);
                    filled += count;
                    made_up += made;
                }
                // Before the line, a missing packet may well be on its way.
                Next::Gap(_) | Next::Nothing => {
                    let (count, made) = self.starve(rest);
                    filled += count;
                    made_up += made;
                }
                Next::ComfortNoise => {
                    self.begin_comfort();
                    self.comfort.fill(rest);
                    self.conceal.received(rest);
                    filled = out.len();
                }
            }
        }
        if self.state == State::SpurtAwaited && !self.comforts {
            // Of what a codec made up a little may be left; it ends softly.
            self.queue.clear();
            self.cut_off = true;
            self.conceal.conceal(&mut []);
        }
        if made_up > 0 {
            self.counters.concealed += 1;
            self.counters.made_up += self.lasting(made_up);
            return Played::Concealed;
        }
        arrived.map_or(Played::Silence, |arrived| Played::Frame { arrived, timestamp: timestamp as u32 })
    }

    /// The peer describes its silence: what it said goes over into that.
    fn begin_comfort(&mut self) {
        let Some(entry) = self.buffer.first() else { return };
        let mut payload = [0; MAX_WHOLE_BYTES];
        let bytes = self.buffer.copy(&entry, 0, &mut payload);
        self.comfort.describe(&payload[..bytes]);
        self.buffer.forget_first();
        self.state = State::SpurtAwaited;
        if !std::mem::replace(&mut self.comforts, true) {
            self.conceal.conceal(&mut []);
        }
    }

    /// Decodes what follows without a gap until so many samples wait, if so much is there.
    pub(super) fn decode_up_to(&mut self, samples: usize) {
        for _ in 0..SLOTS {
            let wanted = samples.saturating_sub(self.queue.len());
            match self.next() {
                Next::Sound(entry) if wanted > 0 => self.decode(&entry, wanted),
                _ => break,
            }
        }
    }

    fn next(&mut self) -> Next {
        self.buffer.forget_before(self.at);
        let Some(first) = self.buffer.first() else { return Next::Nothing };
        if let State::Playing { starved } = self.state
            && starved > 0
        {
            let gap = first.timestamp.saturating_sub(self.at);
            if gap == 0 {
                self.line.be_cautious();
            }
            // What stood still meanwhile stood for packets that are lost after all.
            self.at += starved.min(gap);
            self.state = State::Playing { starved: 0 };
        }
        match first.timestamp.checked_sub(self.at) {
            Some(gap) if gap > 0 => Next::Gap(gap),
            _ if first.content == Content::ComfortNoise => Next::ComfortNoise,
            _ => Next::Sound(first),
        }
    }

    /// Decodes the first packet, as much of it as `wanted` samples need where it may be cut.
    fn decode(&mut self, entry: &Entry, wanted: usize) {
        self.arrived = entry.arrived;
        let done = self.at.saturating_sub(entry.timestamp);
        match self.format.cut {
            Cut::AtEachByte => {
                let mut payload = [0; MAX_PAYLOAD_BYTES];
                let most = (self.format.units(wanted) as usize).min(payload.len());
                let bytes = self.buffer.copy(entry, done as usize, &mut payload[..most]);
                let room = self.queue.room(self.format.samples(bytes as u64));
                let count = self.decoder.decode(&payload[..bytes], room);
                self.queue.push(count);
                self.at += bytes as u64;
            }
            Cut::Nowhere => {
                let mut payload = [0; MAX_WHOLE_BYTES];
                let bytes = self.buffer.copy(entry, 0, &mut payload);
                let before = self.queue.len();
                let room = self.queue.room(self.format.samples(u64::from(entry.units)));
                let count = self.decoder.decode(&payload[..bytes], room);
                self.rests = bytes <= LONGEST_REST_BYTES;
                if count == 0 {
                    // No payload of this codec after all: it counts as lost.
                    self.buffer.forget_first();
                    return;
                }
                self.queue.push(count);
                self.queue.forget_at(before, self.format.samples(done));
                self.at = entry.end();
            }
        }
        self.buffer.forget_before(self.at);
    }

    /// Stands in for packets that are lost, up to the next one. How many samples of `rest` were filled, and how many were
    /// made up.
    fn fill_gap(&mut self, units: u64, rest: &mut [i16]) -> (usize, usize) {
        if self.format.cut == Cut::Nowhere {
            return (0, self.ask_the_codec(units));
        }
        let count = self.format.samples(units).min(rest.len());
        // What is left of a unit is no gap.
        self.at += if count < rest.len() { units } else { self.format.units(count).min(units) };
        self.conceal.conceal(&mut rest[..count]);
        (count, count)
    }

    /// A codec that conceals its own losses fills the queue; how many samples were made up. What the next packet carries
    /// of the one before it (RFC 6716 §2.1.7) is better than what can be made up.
    fn ask_the_codec(&mut self, units: u64) -> usize {
        if let Some(next) = self.buffer.first().filter(|next| units <= u64::from(next.units)) {
            let mut payload = [0; MAX_WHOLE_BYTES];
            let bytes = self.buffer.copy(&next, 0, &mut payload);
            let count = self.format.samples(units);
            if self.decoder.recover(&payload[..bytes], self.queue.room(count)) {
                self.queue.push(count);
                self.at += units;
                self.counters.recovered += 1;
                return 0;
            }
        }
        let count = self.make_up_piece(self.format.samples(units));
        self.at += units.min(self.format.units(count));
        count
    }

    /// 10 ms that the codec makes up, into the queue, or `most` samples of it; how many.
    fn make_up_piece(&mut self, most: usize) -> usize {
        let room = self.queue.room(MADE_UP_PIECE);
        let count = room.len().min(most);
        self.decoder.conceal(room);
        self.queue.push(count);
        count
    }

    /// Nothing is there: playing stands still. How many samples of `rest` were filled, and how many were made up.
    fn starve(&mut self, rest: &mut [i16]) -> (usize, usize) {
        let (filled, made) = match self.format.cut {
            Cut::AtEachByte => {
                self.conceal.conceal(rest);
                (rest.len(), rest.len())
            }
            Cut::Nowhere => (0, self.make_up_piece(MADE_UP_PIECE)),
        };
        let State::Playing { starved } = self.state else { return (filled, made) };
        let starved = starved + self.format.units(made);
        let longest = if self.rests { LONGEST_REST } else { LONGEST_PAUSE };
        if starved < self.line.units(longest) as u64 {
            self.state = State::Playing { starved };
        } else {
            // The talk spurt is over.
            self.state = State::SpurtAwaited;
            self.at = self.at.max(self.buffer.newest_end().unwrap_or(0));
        }
        // The noise of a silence that the peer does not send stands for nothing that is lost.
        (filled, if self.rests { 0 } else { made })
    }
}
