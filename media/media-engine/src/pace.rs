//! How fast a party may press keys, and have packets passed on.
//!
//! Each key becomes a fact of the call's record. A party whose stream is a key in every packet would write thousands
//! of them a second; no finger and no dialler does. And what is passed on as it comes must not become a flood at the
//! other side.

use frontdesk_identifiers::Moment;
use std::time::Duration;

/// How often something may happen: on average once in `each`, and so many at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    each: Duration,
    burst: u32,
    /// Up to this moment what happened has used its time, which may lie ahead of now by a burst.
    used_until: Moment,
}

impl Pace {
    /// Of keys: 40 ms of tone and 40 ms of pause are the least of ITU-T Q.24, and a hasty dialler is let through. A burst
    /// comes after a stall of the network.
    pub(crate) const fn of_keys() -> Self {
        Pace { each: Duration::from_millis(50), burst: 32, used_until: Moment::ZERO }
    }

    /// Of packets: twice as many as packets of 5 ms are, and after a stall of the network what a second of 10 ms holds.
    pub(crate) const fn of_packets() -> Self {
        Pace { each: Duration::from_micros(2_500), burst: 100, used_until: Moment::ZERO }
    }

    /// Whether one more is taken now.
    pub(crate) fn takes(&mut self, now: Moment) -> bool {
        let begin = self.used_until.max(now);
        if begin.since(now) > self.each * (self.burst - 1) {
            return false;
        }
        self.used_until = begin + self.each;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hasty_dialler_is_let_through_and_a_flood_of_keys_is_cut() {
        let mut pace = Pace::of_keys();
        let mut taken = |from_ms: u64, apart_ms: u64, keys: u64| {
            (0..keys).filter(|key| pace.takes(Moment::from_millis(from_ms + key * apart_ms))).count()
        };
        assert_eq!(taken(0, 80, 200), 200, "as fast as an exchange can tell keys apart");
        assert_eq!(taken(100_000, 1, 1_000), 51, "a burst, and what comes due in its second");
        assert_eq!(taken(200_000, 0, 40), 32);
    }

    #[test]
    fn packets_of_any_codec_are_let_through_and_a_flood_of_them_is_cut() {
        let mut pace = Pace::of_packets();
        assert!((0..1_000).all(|packet| pace.takes(Moment::from_millis(packet * 5))));
        let flood =
            (0..10_000).filter(|packet| pace.takes(Moment::from_nanos(10_000_000_000 + packet * 100_000)));
        assert_eq!(flood.count(), 100 + 400 - 1, "a burst, and what comes due in its second");
    }
}
