//! Packets that wait to be decoded, in the order of their timestamps.
//!
//! The order is that of the timestamps and not of the sequence numbers: events take numbers too, and packets may be of
//! any length. A payload lies in a chain of pieces, so that a few long packets or many short ones fit into the same
//! memory. All of it is taken when the buffer is made.

use arrayvec::ArrayVec;
use frontdesk_identifiers::Moment;

/// How many packets wait at most. One more pushes the oldest out, which is counted.
pub const SLOTS: usize = 48;
/// The longest payload of a codec with a byte for each unit of its clock, G.711 and G.722: 60 ms. A longer packet is
/// refused.
pub const MAX_PAYLOAD_BYTES: usize = 480;
/// The longest payload of a codec whose packets are taken whole: the longest frame of Opus (RFC 6716 §3.2.1), and its head.
pub const MAX_WHOLE_BYTES: usize = 1_276;

/// A piece holds 20 ms of G.711.
const PIECE_BYTES: usize = 160;
/// 7.5 KiB: 900 ms of G.711, or six packets of Opus as long as they can be. When they are used up the oldest packet goes.
const PIECES: usize = 48;
/// The end of a chain.
const NONE: u8 = u8::MAX;

/// Packets of one stream that have not been decoded.
#[derive(Debug)]
pub struct JitterBuffer {
    /// Oldest first; neither empty payloads nor equal timestamps.
    entries: ArrayVec<Entry, SLOTS>,
    /// A bit for each piece that no entry uses.
    free: u64,
    /// Which piece of the same payload follows.
    follows: [u8; PIECES],
    pieces: Box<[[u8; PIECE_BYTES]; PIECES]>,
}

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Sound, in the codec that was agreed.
    Sound,
    /// What the peer's silence sounds like from here on (RFC 3389).
    ComfortNoise,
}

/// One packet that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The time of its first sample, in units of the stream's clock.
    pub timestamp: u64,
    /// How long it lasts, in those units.
    pub units: u16,
    /// The length of its payload.
    pub bytes: u16,
    /// What it carries.
    pub content: Content,
    /// When it came.
    pub arrived: Moment,
    first_piece: u8,
}

impl Entry {
    /// The time after its last sample.
    pub fn end(&self) -> u64 {
        self.timestamp + u64::from(self.units)
    }
}

/// A packet as it comes.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The time of its first sample, in units of the stream's clock.
    pub timestamp: u64,
    /// How long it lasts; not 0.
    pub units: u16,
    /// What it carries.
    pub content: Content,
    /// Its payload, not empty and at most [`MAX_WHOLE_BYTES`].
    pub payload: &'a [u8],
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insertion {
    /// It waits.
    Stored,
    /// It waits, and so many of the oldest were pushed out for it.
    Overflown(u32),
    /// One with its timestamp waits already.
    Duplicate,
    /// Empty, or longer than any packet.
    WrongLength,
}

impl JitterBuffer {
    /// An empty buffer; takes all memory that it will ever need.
    pub fn new() -> Self {
        JitterBuffer {
            entries: ArrayVec::new(),
            free: ALL_FREE,
            follows: [NONE; PIECES],
            pieces: Box::new([[0; PIECE_BYTES]; PIECES]),
        }
    }

    /// Keeps a packet.
    pub fn insert(&mut self, packet: &Incoming<'_>, arrived: Moment) -> Insertion {
        let Incoming { timestamp, units, content, payload } = *packet;
        if payload.is_empty() || payload.len() > MAX_WHOLE_BYTES || units == 0 {
            return Insertion::WrongLength;
        }
        if self.entries.iter().any(|entry| entry.timestamp == timestamp) {
            return Insertion::Duplicate;
        }
        let needed = payload.len().div_ceil(PIECE_BYTES) as u32;
        let mut overflown = 0;
        while self.entries.is_full() || self.free.count_ones() < needed {
            // There is an oldest one: an empty buffer has room for the longest packet.
            self.forget_first();
            overflown += 1;
        }
        let first_piece = self.store(payload);
        let entry = Entry { timestamp, units, bytes: payload.len() as u16, content, arrived, first_piece };
        // From the newest backwards: a packet is nearly always the newest.
        let place = self.entries.iter().rposition(|entry| entry.timestamp < timestamp).map_or(0, |at| at + 1);
        self.entries.insert(place, entry);
        if overflown > 0 { Insertion::Overflown(overflown) } else { Insertion::Stored }
    }

    fn store(&mut self, payload: &[u8]) -> u8 {
        let mut chain = NONE;
        // From the end, so that each piece knows its follower.
        for part in payload.chunks(PIECE_BYTES).rev() {
            let piece = self.free.trailing_zeros() as usize;
            self.free &= !(1 << piece);
            self.pieces[piece][..part.len()].copy_from_slice(part);
            self.follows[piece] = chain;
            chain = piece as u8;
        }
        chain
    }

    /// Whether what waits begins at `at` or before, and goes on without a gap.
    pub fn follows_from(&self, at: u64) -> bool {
        let mut reached = at;
        self.entries.iter().all(|entry| {
            let follows = entry.timestamp <= reached;
            reached = reached.max(entry.end());
            follows
        })
    }

    /// The packet that waits with the earliest time.
    pub fn first(&self) -> Option<Entry> {
        self.entries.first().copied()
    }

    /// The time after the last sample that waits.
    pub fn newest_end(&self) -> Option<u64> {
        self.entries.iter().map(Entry::end).max()
    }

    /// Copies a packet's payload from byte `from` on into `out`; how much there was.
    pub fn copy(&self, entry: &Entry, from: usize, out: &mut [u8]) -> usize {
        let end = usize::from(entry.bytes);
        let mut piece = usize::from(entry.first_piece);
        let (mut begins, mut copied) = (0, 0);
        while begins < end && copied < out.len() {
            let Some(bytes) = self.pieces.get(piece) else { break };
            let here = &bytes[..(end - begins).min(PIECE_BYTES)];
            let skip = (from + copied).saturating_sub(begins);
            if let Some(wanted) = here.get(skip..) {
                let take = wanted.len().min(out.len() - copied);
                out[copied..copied + take].copy_from_slice(&wanted[..take]);
                copied += take;
            }
            begins += PIECE_BYTES;
            piece = usize::from(self.follows[piece]);
        }
        copied
    }

    /// Forgets the packet with the earliest time.
    pub fn forget_first(&mut self) {
        let Some(entry) = self.entries.pop_at(0) else { return };
        let mut piece = entry.first_piece;
        for _ in 0..usize::from(entry.bytes).div_ceil(PIECE_BYTES) {
            self.free |= 1 << piece;
            piece = self.follows[usize::from(piece)];
        }
    }

    /// Forgets packets that lie wholly before `at`; how many they were.
    pub fn forget_before(&mut self, at: u64) -> u64 {
        let mut gone = 0;
        while self.entries.first().is_some_and(|entry| entry.end() <= at) {
            self.forget_first();
            gone += 1;
        }
        gone
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.free = ALL_FREE;
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

const ALL_FREE: u64 = (1 << PIECES) - 1;

impl Default for JitterBuffer {
    fn default() -> Self {
        JitterBuffer::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(buffer: &mut JitterBuffer, timestamp: u64, payload: &[u8]) -> Insertion {
        let units = payload.len() as u16;
        buffer.insert(&Incoming { timestamp, units, content: Content::Sound, payload }, Moment::ZERO)
    }

    fn whole(buffer: &JitterBuffer) -> Vec<u8> {
        let mut out = [0; MAX_WHOLE_BYTES];
        let entry = buffer.first().unwrap();
        let length = buffer.copy(&entry, 0, &mut out);
        out[..length].to_vec()
    }

    #[test]
    fn packets_come_out_in_the_order_of_their_times_and_whole() {
        let mut buffer = JitterBuffer::new();
        let long: Vec<u8> = (0..MAX_WHOLE_BYTES).map(|n| n as u8).collect();
        put(&mut buffer, 1_080, &long);
        put(&mut buffer, 1_000, &[1; 80]);
        assert_eq!((whole(&buffer), buffer.newest_end()), (vec![1; 80], Some(1_080 + 1_276)));
        assert_eq!(buffer.forget_before(1_079), 0);
        assert_eq!(buffer.forget_before(1_080), 1);
        assert_eq!(whole(&buffer), long);
        let entry = buffer.first().unwrap();
        let mut part = [0; 200];
        assert_eq!(buffer.copy(&entry, 150, &mut part), 200);
        assert_eq!(part[..], long[150..350]);
        assert_eq!(buffer.copy(&entry, 1_200, &mut part), 76);
        assert_eq!(part[..76], long[1_200..]);
        assert_eq!(buffer.copy(&entry, 1_276, &mut part), 0);
    }

    #[test]
    fn the_oldest_goes_when_all_room_is_taken_and_nothing_is_kept_twice() {
        let mut buffer = JitterBuffer::new();
        for n in (0..SLOTS as u64).rev() {
            assert_eq!(put(&mut buffer, n * 160, &[n as u8; 160]), Insertion::Stored);
        }
        assert_eq!(put(&mut buffer, 160, &[9; 160]), Insertion::Duplicate);
        assert_eq!(put(&mut buffer, 48 * 160, &[48; 160]), Insertion::Overflown(1));
        assert_eq!((buffer.first().unwrap().timestamp, buffer.len()), (160, SLOTS));
        assert_eq!(put(&mut buffer, 49 * 160, &[7; 1_276]), Insertion::Overflown(8));
        assert_eq!(put(&mut buffer, 0, &[]), Insertion::WrongLength);
        assert_eq!(put(&mut buffer, 0, &[0; 1_277]), Insertion::WrongLength);
        for n in 9..49u64 {
            assert_eq!(whole(&buffer), [n as u8; 160]);
            buffer.forget_first();
        }
        assert_eq!(whole(&buffer), [7; 1_276]);
        buffer.forget_first();
        assert!(buffer.is_empty() && buffer.free == ALL_FREE);
    }
}
