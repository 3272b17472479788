//! A wheel of deadlines: one for each owner, the earliest at hand.

use frontdesk_identifiers::Moment;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// At most one deadline for each key. Equal deadlines fire in the order in which they were set, so that a run repeats.
#[derive(Debug)]
pub(crate) struct Wheel<K> {
    by_key: BTreeMap<K, Place>,
    by_time: BTreeMap<Place, K>,
    /// How many deadlines were set so far.
    set: u64,
}

/// A deadline, and how many were set before it: unique, and compared without a look at the key.
type Place = (Moment, u64);

impl<K: Ord + Clone> Wheel<K> {
    pub(crate) fn new() -> Self {
        Wheel { by_key: BTreeMap::new(), by_time: BTreeMap::new(), set: 0 }
    }

    /// Sets, moves or (with `None`) clears the deadline of `key`.
    pub(crate) fn set(&mut self, key: K, at: Option<Moment>) {
        let place = at.map(|at| (at, self.set));
        self.set += 1;
        match (self.by_key.entry(key), place) {
            (Entry::Vacant(_), None) => {}
            (Entry::Vacant(entry), Some(place)) => {
                self.by_time.insert(place, entry.key().clone());
                entry.insert(place);
            }
            (Entry::Occupied(entry), Some((at, _))) if entry.get().0 == at => {}
            (Entry::Occupied(mut entry), Some(place)) => {
                let before = entry.insert(place);
                if let Some(key) = self.by_time.remove(&before) {
                    self.by_time.insert(place, key);
                }
            }
            (Entry::Occupied(entry), None) => {
                self.by_time.remove(&entry.remove());
            }
        }
    }

    /// Takes the earliest key that is due at `now`.
    pub(crate) fn pop_due(&mut self, now: Moment) -> Option<K> {
        let first = self.by_time.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let key = first.remove();
        self.by_key.remove(&key);
        Some(key)
    }

    /// Whether a deadline is set for `key`.
    pub(crate) fn is_set(&self, key: &K) -> bool {
        self.by_key.contains_key(key)
    }

    /// How many deadlines are set.
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.by_time.first_key_value().map(|((at, _), _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn the_earliest_deadline_fires_first_and_only_when_due() {
        let mut wheel = Wheel::new();
        wheel.set("late", Some(at(20)));
        wheel.set("early", Some(at(10)));
        assert_eq!(wheel.next(), Some(at(10)));
        assert_eq!(wheel.pop_due(at(9)), None);
        assert_eq!(wheel.pop_due(at(30)), Some("early"));
        assert_eq!(wheel.pop_due(at(30)), Some("late"));
        assert_eq!(wheel.pop_due(at(30)), None);
        assert_eq!(wheel.next(), None);
    }

    #[test]
    fn a_moved_deadline_fires_once_at_its_new_time() {
        let mut wheel = Wheel::new();
        wheel.set(1, Some(at(10)));
        wheel.set(1, Some(at(40)));
        assert_eq!(wheel.pop_due(at(39)), None);
        assert_eq!(wheel.pop_due(at(40)), Some(1));
        wheel.set(1, Some(at(50)));
        wheel.set(1, None);
        assert_eq!(wheel.pop_due(at(99)), None);
        assert_eq!(wheel.next(), None);
    }
}
