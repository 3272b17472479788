//! How fast a party may press keys.
//!
//! Each key becomes a fact of the call's record. A party whose stream is a key in every packet would write thousands
//! of them a second; no finger and no dialler does.

use frontdesk_identifiers::Moment;
use std::time::Duration;

/// From one key to the next, for long: 40 ms of tone and 40 ms of pause are the least of ITU-T Q.24, and a hasty
/// dialler is let through.
const KEY_TIME: Duration = Duration::from_millis(50);
/// Keys that may come at once, as after a stall of the network. What is more is passed over.
const BURST: u32 = 32;

/// The pace of one party. It is the moment up to which the party's keys have used its time, which may lie ahead of now
/// by a burst.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyPace {
    used_until: Moment,
}

impl KeyPace {
    pub(crate) fn new() -> Self {
        KeyPace { used_until: Moment::ZERO }
    }

    /// Whether a key that comes now is taken.
    pub(crate) fn takes(&mut self, now: Moment) -> bool {
        let begin = self.used_until.max(now);
        if begin.since(now) > KEY_TIME * (BURST - 1) {
            return false;
        }
        self.used_until = begin + KEY_TIME;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hasty_dialler_is_let_through_and_a_flood_of_keys_is_cut() {
        let mut pace = KeyPace::new();
        let mut taken = |from_ms: u64, apart_ms: u64, keys: u64| {
            (0..keys).filter(|key| pace.takes(Moment::from_millis(from_ms + key * apart_ms))).count()
        };
        assert_eq!(taken(0, 80, 200), 200, "as fast as an exchange can tell keys apart");
        assert_eq!(taken(100_000, 1, 1_000), 51, "a burst, and what comes due in its second");
        assert_eq!(taken(200_000, 0, 40), 32);
    }
}
