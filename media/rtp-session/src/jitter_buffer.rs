//! Packets that wait to be played, in the order of their timestamps.
//!
//! The order is that of the timestamps and not of the sequence numbers: events and comfort noise take numbers
//! too, and packets may be of any length. All memory is taken when the buffer is made.

use arrayvec::ArrayVec;
use frontdesk_audio::SAMPLES_8K;
use frontdesk_identifiers::Moment;

/// How many packets wait at most. One more pushes the oldest out, which is counted.
pub const SLOTS: usize = 32;
/// The longest payload: 60 ms of G.711. A longer packet is refused.
pub const MAX_PAYLOAD_BYTES: usize = 480;

/// Packets of one stream that have not been played.
#[derive(Debug, Clone)]
pub struct JitterBuffer {
    /// Oldest first; neither empty payloads nor equal timestamps.
    entries: ArrayVec<Entry, SLOTS>,
    /// A bit for each slot that no entry uses.
    free: u32,
    slots: Box<[[u8; MAX_PAYLOAD_BYTES]; SLOTS]>,
}

/// One packet that waits.
#[derive(Debug, Clone, Copy)]
struct Entry {
    timestamp: u64,
    length: u16,
    slot: u8,
    arrived: Moment,
}

impl Entry {
    fn end(&self) -> u64 {
        self.timestamp + u64::from(self.length)
    }
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insertion {
    /// It waits.
    Stored,
    /// It waits, and the oldest was pushed out for it.
    Overflown,
    /// One with its timestamp waits already.
    Duplicate,
    /// Empty, or longer than [`MAX_PAYLOAD_BYTES`].
    WrongLength,
}

/// 20 ms that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// They are complete.
    Whole {
        /// When the packet of the first sample came.
        arrived: Moment,
        /// When the last of the packets came that begin within these 20 ms, if one does.
        begun: Option<Moment>,
    },
    /// Some are missing, and later ones are here already.
    Gap,
    /// Nothing later is here either.
    Dry,
}

impl JitterBuffer {
    /// An empty buffer; takes all memory that it will ever need.
    pub fn new() -> Self {
        JitterBuffer {
            entries: ArrayVec::new(),
            free: u32::MAX,
            slots: Box::new([[0; MAX_PAYLOAD_BYTES]; SLOTS]),
        }
    }

    /// Keeps a packet.
    pub fn insert(&mut self, timestamp: u64, payload: &[u8], arrived: Moment) -> Insertion {
        if payload.is_empty() || payload.len() > MAX_PAYLOAD_BYTES {
            return Insertion::WrongLength;
        }
        if self.entries.iter().any(|entry| entry.timestamp == timestamp) {
            return Insertion::Duplicate;
        }
        let overflown = self.entries.is_full();
        if overflown {
            let oldest = self.entries.remove(0);
            self.free |= 1 << oldest.slot;
        }
        let slot = self.free.trailing_zeros() as u8;
        self.free &= !(1 << slot);
        self.slots[usize::from(slot)][..payload.len()].copy_from_slice(payload);
        // From the newest backwards: a packet is nearly always the newest.
        let place = self.entries.iter().rposition(|entry| entry.timestamp < timestamp).map_or(0, |at| at + 1);
        self.entries.insert(place, Entry { timestamp, length: payload.len() as u16, slot, arrived });
        if overflown { Insertion::Overflown } else { Insertion::Stored }
    }

    /// The first sample that waits.
    pub fn oldest(&self) -> Option<u64> {
        self.entries.first().map(|entry| entry.timestamp)
    }

    /// When the packet came that has waited longest.
    pub fn first_arrival(&self) -> Option<Moment> {
        self.entries.iter().map(|entry| entry.arrived).min()
    }

    /// The sample after the last one that waits.
    pub fn newest_end(&self) -> Option<u64> {
        self.entries.iter().map(Entry::end).max()
    }

    /// The first timestamp of a packet at or after `at`.
    pub fn next_from(&self, at: u64) -> Option<u64> {
        self.entries.iter().map(|entry| entry.timestamp).find(|timestamp| *timestamp >= at)
    }

    /// Copies the 20 ms from `at` on; takes nothing out.
    pub fn copy(&self, at: u64, frame: &mut [u8; SAMPLES_8K]) -> Taken {
        let mut filled = 0;
        let (mut first, mut begun) = (None, None);
        for entry in &self.entries {
            let wanted = at + filled as u64;
            if entry.end() <= wanted {
                continue;
            }
            let Some(skip) = wanted.checked_sub(entry.timestamp) else { return Taken::Gap };
            let skip = skip as usize;
            let take = (usize::from(entry.length) - skip).min(SAMPLES_8K - filled);
            frame[filled..filled + take]
                .copy_from_slice(&self.slots[usize::from(entry.slot)][skip..skip + take]);
            filled += take;
            let arrived = *first.get_or_insert(entry.arrived);
            if skip == 0 {
                begun = begun.max(Some(entry.arrived));
            }
            if filled == SAMPLES_8K {
                return Taken::Whole { arrived, begun };
            }
        }
        Taken::Dry
    }

    /// Forgets packets that lie wholly before `at`; how many they were.
    pub fn forget_before(&mut self, at: u64) -> u64 {
        let mut gone = 0;
        while self.entries.first().is_some_and(|entry| entry.end() <= at) {
            let entry = self.entries.remove(0);
            self.free |= 1 << entry.slot;
            gone += 1;
        }
        gone
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.free = u32::MAX;
    }

    /// How many packets wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Default for JitterBuffer {
    fn default() -> Self {
        JitterBuffer::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::ZERO;

    #[test]
    fn packets_of_ten_and_thirty_milliseconds_become_frames_of_twenty() {
        let mut buffer = JitterBuffer::new();
        let mut frame = [0; 160];
        buffer.insert(1_080, &[2; 240], NOW);
        assert_eq!(buffer.copy(1_000, &mut frame), Taken::Gap);
        buffer.insert(1_000, &[1; 80], Moment::from_millis(3));
        let later = Moment::from_millis(3);
        assert_eq!(buffer.copy(1_000, &mut frame), Taken::Whole { arrived: later, begun: Some(later) });
        assert_eq!((frame[79], frame[80]), (1, 2));
        assert_eq!(buffer.copy(1_160, &mut frame), Taken::Whole { arrived: NOW, begun: None });
        assert_eq!(buffer.copy(1_320, &mut frame), Taken::Dry);
        assert_eq!((buffer.forget_before(1_319), buffer.forget_before(1_320)), (1, 1));
        assert!(buffer.is_empty());
    }

    #[test]
    fn the_oldest_goes_when_all_slots_are_taken_and_nothing_is_kept_twice() {
        let mut buffer = JitterBuffer::new();
        for n in (0..32u64).rev() {
            assert_eq!(buffer.insert(n * 160, &[n as u8; 160], NOW), Insertion::Stored);
        }
        assert_eq!(buffer.insert(160, &[9; 160], NOW), Insertion::Duplicate);
        assert_eq!(buffer.insert(32 * 160, &[32; 160], NOW), Insertion::Overflown);
        assert_eq!((buffer.oldest(), buffer.newest_end(), buffer.len()), (Some(160), Some(33 * 160), 32));
        let mut frame = [0; 160];
        for n in 1..=32u64 {
            assert!(matches!(buffer.copy(n * 160, &mut frame), Taken::Whole { .. }));
            assert_eq!(frame, [n as u8; 160]);
        }
        assert_eq!(buffer.insert(0, &[], NOW), Insertion::WrongLength);
        assert_eq!(buffer.insert(0, &[0; 481], NOW), Insertion::WrongLength);
    }

    #[test]
    fn packets_that_overlap_give_each_sample_once() {
        let mut buffer = JitterBuffer::new();
        buffer.insert(0, &[1; 100], NOW);
        buffer.insert(10, &[2; 20], NOW);
        buffer.insert(50, &[3; 160], NOW);
        let mut frame = [0; 160];
        assert!(matches!(buffer.copy(0, &mut frame), Taken::Whole { .. }));
        assert_eq!((frame[99], frame[100]), (1, 3));
    }
}
