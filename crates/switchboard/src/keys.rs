//! Which keys of a party count, when they come by more than one way.
//!
//! A telephone may tell a key as an event in its sound (RFC 4733), as a tone in its sound, or by INFO; some use two
//! ways at once. One press must be one key:
//!
//! * A leg that agreed on `telephone-event` has its keys by that alone: its INFOs are answered and mean nothing.
//! * Without it, the first INFO shows that the telephone tells its keys so: tones mean nothing from then on. A tone
//!   that was heard just before was the same press.

use frontdesk_identifiers::Moment;
use std::time::Duration;

/// From one key by INFO to the next, for long: like the pace of keys in the sound, which the media engine keeps.
const KEY_TIME: Duration = Duration::from_millis(50);
/// Keys by INFO that may come at once. What is more is answered and passed over: each would be a fact of the record.
const BURST: u32 = 32;
/// So long after its tone the INFO of the same press may come; telephones send it when the key is let go.
const SAME_PRESS: Duration = Duration::from_secs(1);

/// How the keys of one leg come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Keys {
    /// Whether `telephone-event` is agreed.
    events: bool,
    /// Whether a key came by INFO.
    by_info: bool,
    /// The last key that came in the sound.
    heard: Option<(char, Moment)>,
    /// Up to when the keys by INFO have used their time; it may lie ahead of now by a burst.
    used_until: Moment,
}

impl Keys {
    /// The sound was agreed, with `telephone-event` or without.
    pub fn agreed(&mut self, events: bool) {
        self.events = events;
    }

    /// Whether a key in the sound counts.
    pub fn takes_heard(&mut self, key: char, now: Moment) -> bool {
        self.heard = Some((key, now));
        self.events || !self.by_info
    }

    /// Whether a key by INFO counts.
    pub fn takes_info(&mut self, key: char, now: Moment) -> bool {
        if self.events {
            return false;
        }
        let first = !std::mem::replace(&mut self.by_info, true);
        let was_heard = |(heard, at): (char, Moment)| heard == key && now.since(at) < SAME_PRESS;
        if first && self.heard.is_some_and(was_heard) {
            return false;
        }
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

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn with_telephone_events_an_info_is_no_second_key() {
        let mut keys = Keys::default();
        keys.agreed(true);
        assert!(keys.takes_heard('1', at(0)));
        assert!(!keys.takes_info('1', at(20)));
        assert!(keys.takes_heard('2', at(400)), "and takes nothing away from the events");
    }

    #[test]
    fn a_tone_beside_an_info_is_no_second_key_whichever_comes_first() {
        let mut keys = Keys::default();
        assert!(keys.takes_heard('1', at(0)));
        assert!(!keys.takes_info('1', at(200)));
        assert!(!keys.takes_heard('1', at(1_000)));
        assert!(keys.takes_info('1', at(1_200)));
        assert!(keys.takes_info('2', at(2_000)));
        assert!(!keys.takes_heard('2', at(2_060)));
    }

    #[test]
    fn a_flood_of_infos_is_cut() {
        let mut keys = Keys::default();
        let taken = |keys: &mut Keys, from: u64, apart: u64, many: u64| {
            (0..many).filter(|key| keys.takes_info('5', at(from + key * apart))).count()
        };
        assert_eq!(taken(&mut keys, 0, 0, 40), 32);
        assert_eq!(taken(&mut keys, 100_000, 80, 200), 200);
        assert_eq!(taken(&mut keys, 200_000, 1, 1_000), 51);
    }
}
