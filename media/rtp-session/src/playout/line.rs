//! When sound is to be played so that the network is just waited for: the line.
//!
//! Each packet says, by its time and its arrival, by which tick its first sample can be played at the earliest, and so
//! where playing may stand at any tick: `position(tick) = tick · units + offset`. The smallest offset of the last one and
//! a half seconds is the line that suits all packets; to stand behind it is needless delay, before it is to run dry.
//! A delay follows the network up at once and down after that window, and a peer's clock that is faster or slower than
//! ours moves the line with it.

use frontdesk_identifiers::Moment;
use std::time::Duration;

/// The window has so many parts. The worst of them is left out of account: one short trouble is no reason to wait longer.
const PARTS: usize = 6;
/// A part ends after so many ticks' worth of sound, 240 ms. Pauses of the peer do not age what is known.
const PART_TICKS: i64 = 12;
/// Packets are wanted so long before their tick at least: the tick itself is not more punctual.
const LEAST_MARGIN: Duration = Duration::from_millis(2);
/// The caution before anything is known: with [`LEAST_MARGIN`] one frame.
const FIRST_CAUTION: Duration = Duration::from_millis(18);
/// What a packet that came too late adds to the caution,
const CAUTION_PER_LATE: Duration = Duration::from_millis(10);
/// once in so many ticks (200 ms), since one stall makes many packets late,
const CAUTION_TICKS: u16 = 10;
/// up to this.
const GREATEST_CAUTION: Duration = Duration::from_millis(40);
/// What each second takes off it.
const CAUTION_DECAY_PER_TICK: Duration = Duration::from_micros(200);
/// Nobody waits longer than this for the slowest packets; more delay is worse than loss.
pub const GREATEST_SPREAD: Duration = Duration::from_millis(240);
/// Who did not tick for longer was at rest.
const LONGEST_REST: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(20);

/// The line of one stream, in units of its clock.
#[derive(Debug, Clone)]
pub struct Line {
    /// Units of a tick.
    tick_units: i64,
    /// Ticks so far.
    tick: i64,
    ticked: Option<Moment>,
    /// The smallest and the greatest offset of each part; the one that is being filled stands at `part`.
    parts: [Option<(i64, i64)>; PARTS],
    part: usize,
    /// The sound that came since it was begun.
    part_units: i64,
    jitter: Duration,
    caution: Duration,
    cautious_in: u16,
}

impl Line {
    /// For a stream with so many units a tick, of which nothing is known.
    pub fn new(tick_units: u16) -> Self {
        Line {
            tick_units: i64::from(tick_units),
            tick: 0,
            ticked: None,
            parts: [None; PARTS],
            part: 0,
            part_units: 0,
            jitter: Duration::ZERO,
            caution: FIRST_CAUTION,
            cautious_in: 0,
        }
    }

    /// Other times begin, maybe in other units. What was learned about the network stays.
    pub fn restart(&mut self, tick_units: u16) {
        self.tick_units = i64::from(tick_units);
        self.forget();
    }

    /// Nobody ticks for a while.
    pub fn rest(&mut self) {
        self.ticked = None;
        self.forget();
    }

    fn forget(&mut self) {
        self.parts = [None; PARTS];
        self.part_units = 0;
    }

    /// The jitter by RFC 3550 §6.4.1 has changed.
    pub fn set_jitter(&mut self, jitter: Duration) {
        self.jitter = jitter;
    }

    /// How long before its tick a packet is wanted.
    pub fn margin(&self) -> Duration {
        // With an even spread of delays the mean difference of two is a third of it: a tenth of the spread.
        LEAST_MARGIN + (self.jitter * 3 / 10).min(TICK) + self.caution
    }

    /// A packet came too late, or playing ran dry before it.
    pub fn be_cautious(&mut self) {
        if self.cautious_in == 0 {
            self.caution = (self.caution + CAUTION_PER_LATE).min(GREATEST_CAUTION);
            self.cautious_in = CAUTION_TICKS;
        }
    }

    /// A packet of so many units came, whose first sample has this time.
    pub fn note(&mut self, timestamp: u64, units: u16, now: Moment) {
        let offset = self.offset(timestamp, now);
        let best = self.parts.iter().flatten().map(|(_, greatest)| *greatest).max();
        let spread = self.units(GREATEST_SPREAD);
        if best.is_some_and(|best| offset > best + spread) {
            // The peer's clock jumped forward: what was before says nothing about what comes.
            self.forget();
        }
        self.part_units += i64::from(units);
        let part = &mut self.parts[self.part];
        *part = Some(part.map_or((offset, offset), |(least, most)| (least.min(offset), most.max(offset))));
    }

    /// By how much the first tick that this packet can be played in lags behind its time.
    fn offset(&self, timestamp: u64, now: Moment) -> i64 {
        // The next tick is 20 ms after the last, unless there was none of late: while nothing is awaited nobody ticks.
        let ticked = self.ticked.filter(|ticked| now.since(*ticked) < LONGEST_REST).unwrap_or(now);
        let wanted = (now + self.margin()).since(ticked);
        let ticks = wanted.as_nanos().div_ceil(TICK.as_nanos()).max(1) as i64;
        timestamp as i64 - (self.tick + ticks) * self.tick_units
    }

    /// A tick.
    pub fn tick(&mut self, now: Moment) {
        self.tick += 1;
        self.ticked = Some(now);
        self.cautious_in = self.cautious_in.saturating_sub(1);
        self.caution = self.caution.saturating_sub(CAUTION_DECAY_PER_TICK);
        if self.part_units >= PART_TICKS * self.tick_units {
            self.part_units = 0;
            self.part = (self.part + 1) % PARTS;
            self.parts[self.part] = None;
        }
    }

    /// Where playing should stand in this tick, if anything is known.
    pub fn position(&self) -> Option<i64> {
        let mut offsets = [i64::MAX; 2];
        let (mut best, mut known) = (i64::MIN, 0);
        for (least, greatest) in self.parts.iter().flatten().copied() {
            offsets = match offsets {
                [worst, _] if least < worst => [least, worst],
                [worst, second] => [worst, second.min(least)],
            };
            best = best.max(greatest);
            known += 1;
        }
        let [worst, second] = offsets;
        let offset = match known {
            0 => return None,
            1 | 2 => worst,
            _ => second,
        };
        let offset = offset.max(best - self.units(GREATEST_SPREAD));
        Some(self.tick * self.tick_units + offset)
    }

    /// A time in units of the stream.
    pub fn units(&self, time: Duration) -> i64 {
        let units = (time.as_nanos() * u128::from(self.tick_units())).div_ceil(TICK.as_nanos());
        i64::try_from(units).unwrap_or(i64::MAX)
    }

    /// Units of a tick.
    pub fn tick_units(&self) -> u64 {
        self.tick_units.unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 20 ms that come so many milliseconds late, and the ticks between them; where the line stands then,
    /// against the time of the peer.
    fn line_after(lateness: impl Fn(u64) -> u64, packets: u64) -> (Line, i64) {
        let mut line = Line::new(160);
        line.caution = Duration::ZERO;
        for n in 0..packets {
            line.note(n * 160, 160, Moment::from_millis(n * 20 + 5 + lateness(n)));
            line.tick(Moment::from_millis(n * 20 + 10));
        }
        let behind = line.position().unwrap() - (packets as i64 - 1) * 160;
        (line, behind)
    }

    #[test]
    fn a_punctual_peer_is_played_in_the_next_tick() {
        assert_eq!(line_after(|_| 0, 100).1, 0);
    }

    #[test]
    fn the_slowest_packets_are_waited_for_until_they_have_been_gone_for_a_while() {
        let slow = |until: u64| move |n: u64| if n < until && n.is_multiple_of(5) { 60 } else { 0 };
        assert_eq!(line_after(slow(1_000), 100).1, -3 * 160);
        assert_eq!(line_after(slow(60), 100).1, -3 * 160);
        assert_eq!(line_after(slow(20), 100).1, 0);
    }

    #[test]
    fn one_packet_that_comes_late_changes_nothing_and_nobody_is_waited_for_without_end() {
        assert_eq!(line_after(|n| if n == 60 { 190 } else { 0 }, 100).1, 0);
        assert_eq!(line_after(|n| if n.is_multiple_of(6) { 900 } else { 0 }, 100).1, -12 * 160);
    }

    #[test]
    fn a_jump_of_the_clock_forward_makes_a_line_of_its_own() {
        let (mut line, _) = line_after(|_| 0, 100);
        line.note(1_000_000, 160, Moment::from_millis(2_000));
        line.tick(Moment::from_millis(2_010));
        assert_eq!(line.position(), Some(1_000_000));
    }
}
