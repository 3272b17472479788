//! The timestamps that we send: a function of the tick's number.

use frontdesk_audio::{FRAME_MS, MediaTick};
use frontdesk_identifiers::Moment;

/// The clock of our stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct SendClock {
    hz: u32,
    /// The timestamp of tick `from`.
    first: u32,
    from: MediaTick,
}

impl SendClock {
    pub(super) fn new(hz: u32, first: u32) -> Self {
        SendClock { hz, first, from: MediaTick(0) }
    }

    /// The timestamp of so many milliseconds after the beginning of tick 0, modulo 2³² (RFC 3550 §5.1).
    pub(super) fn timestamp(&self, ms: u64) -> u32 {
        let ms = ms.wrapping_sub(self.from.0.wrapping_mul(u64::from(FRAME_MS))) as u32;
        self.first.wrapping_add(ms.wrapping_mul(self.hz / 1_000))
    }

    /// The timestamp of the stream's beginning.
    pub(super) fn first(&self) -> u32 {
        self.first
    }

    /// All timestamps from now on are so much later.
    pub(super) fn shift(&mut self, units: u32) {
        self.first = self.first.wrapping_add(units);
    }

    /// From this tick on another clock: timestamps go on from where they stand (RFC 7160 §4.1).
    pub(super) fn set(&mut self, hz: u32, from: MediaTick) {
        if hz != self.hz {
            *self = SendClock { hz, first: self.timestamp(from.0.wrapping_mul(u64::from(FRAME_MS))), from };
        }
    }

    /// The timestamp of a time, by one that is known.
    pub(super) fn timestamp_at(&self, now: Moment, known: (Moment, u32)) -> u32 {
        let (at, timestamp) = known;
        let units = now.since(at).as_micros() as u64 * u64::from(self.hz) / 1_000_000;
        timestamp.wrapping_add(units as u32)
    }

    pub(super) fn hz(&self) -> u32 {
        self.hz
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_clock_goes_on_from_where_the_old_one_stood() {
        let mut clock = SendClock::new(8_000, u32::MAX - 159);
        assert_eq!([clock.timestamp(20), clock.timestamp(30), clock.timestamp(60)], [0, 80, 320]);
        clock.set(48_000, MediaTick(4));
        assert_eq!([clock.timestamp(80), clock.timestamp(90), clock.timestamp(100)], [480, 960, 1_440]);
        assert_eq!(clock.timestamp_at(Moment::from_millis(30), (Moment::from_millis(20), 480)), 960);
    }
}
