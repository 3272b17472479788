//! Sequence numbers of 16 bits, extended and judged (RFC 3550 A.1, A.3).

use crate::quality::bursts::{Bursts, Fate};

/// A jump forward below this is loss; above it, the sender may have restarted.
pub const MAX_DROPOUT: u16 = 3_000;
/// A step back below this is reordering.
pub const MAX_MISORDER: u16 = 100;

/// So many packets later it is clear whether one is still to come.
const FATE_AFTER: u64 = 64;

/// Where a packet stands in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Newer than all before; its extended number.
    Newest(u64),
    /// Older than the newest; its extended number.
    Earlier(u64),
    /// It came before, or so long ago that nobody remembers; its extended number.
    Again(u64),
    /// A jump so far that one packet is not believed; a second one that follows it restarts the stream.
    Doubtful,
    /// The sender restarted its numbers: everything before belongs to another time.
    Restarted(u64),
}

/// The sequence of one stream.
#[derive(Debug, Clone)]
pub struct Sequence {
    highest: u64,
    base: u64,
    /// A bit for each of the last 128 numbers, the highest in bit 0: set if it came.
    came: u128,
    /// After a far jump: the number that would confirm it.
    awaited_after_jump: Option<u16>,
    received: u64,
    expected_at_report: u64,
    received_at_report: u64,
    /// What was lost before the sender last restarted.
    lost_before: u64,
    /// A bit for each of the last 128 numbers: set if it came too late to be heard.
    late: u128,
    /// The next number whose fate is told.
    untold: u64,
    bursts: Bursts,
}

impl Sequence {
    /// A stream whose first packet has this number.
    pub fn starting_at(first: u16) -> Self {
        // One cycle above zero, so that a packet from before the first has a number too.
        let first = (1 << 16) | u64::from(first);
        Sequence {
            highest: first,
            base: first,
            came: 0,
            awaited_after_jump: None,
            received: 0,
            expected_at_report: 0,
            received_at_report: 0,
            lost_before: 0,
            late: 0,
            untold: first,
            bursts: Bursts::default(),
        }
    }

    /// Whether a number lies behind the highest, too far for reordering and too near to be of another time.
    pub fn far_behind(&self, number: u16) -> bool {
        (MAX_MISORDER..MAX_DROPOUT).contains(&(self.highest as u16).wrapping_sub(number))
    }

    /// Places a packet and counts it.
    pub fn place(&mut self, number: u16) -> Order {
        let forward = number.wrapping_sub(self.highest as u16);
        let order = if forward < MAX_DROPOUT {
            self.tell_fates(self.highest + u64::from(forward));
            self.highest += u64::from(forward);
            self.came = self.came.checked_shl(u32::from(forward)).unwrap_or(0);
            self.late = self.late.checked_shl(u32::from(forward)).unwrap_or(0);
            self.note(self.highest, Order::Newest(self.highest))
        } else if forward > u16::MAX - MAX_MISORDER {
            let earlier = self.highest - u64::from(forward.wrapping_neg());
            self.note(earlier, Order::Earlier(earlier))
        } else if self.awaited_after_jump == Some(number) {
            self.restart(number);
            Order::Restarted(self.highest)
        } else {
            self.awaited_after_jump = Some(number.wrapping_add(1));
            return Order::Doubtful;
        };
        self.awaited_after_jump = None;
        self.received += 1;
        order
    }

    /// A packet that came is not heard: it was too late.
    pub fn note_late(&mut self, number: u64) {
        if let Some(behind) = self.highest.checked_sub(number).filter(|behind| *behind < 128) {
            self.late |= 1 << behind;
        }
    }

    /// Bursts of loss, up to [`FATE_AFTER`] packets ago.
    pub fn bursts(&self) -> &Bursts {
        &self.bursts
    }

    /// Tells what became of the packets that lie far enough behind the one that is the highest now. At most
    /// [`MAX_DROPOUT`] of them, as far as numbers may jump.
    fn tell_fates(&mut self, highest: u64) {
        while self.untold + FATE_AFTER < highest {
            let bit =
                self.highest.checked_sub(self.untold).and_then(|behind| 1u128.checked_shl(behind as u32));
            let fate = match bit {
                Some(bit) if self.late & bit != 0 => Fate::Discarded,
                Some(bit) if self.came & bit != 0 => Fate::Heard,
                _ => Fate::Lost,
            };
            self.bursts.packet(fate);
            self.untold += 1;
        }
    }

    /// Marks a number, at most [`MAX_MISORDER`] behind the highest, as seen.
    fn note(&mut self, number: u64, order: Order) -> Order {
        let bit = 1u128 << (self.highest - number).min(127);
        if self.came & bit != 0 {
            return Order::Again(number);
        }
        self.came |= bit;
        order
    }

    fn restart(&mut self, number: u16) {
        self.lost_before = self.lost();
        // The next cycle: extended numbers grow over a restart too.
        self.highest = (((self.highest >> 16) + 2) << 16) | u64::from(number);
        self.base = self.highest;
        self.came = 1;
        self.late = 0;
        self.untold = self.highest;
        self.received = 0;
        self.expected_at_report = 0;
        self.received_at_report = 0;
    }

    /// The extended number as reports carry it: cycles and highest, 32 bits (RFC 3550 §6.4.1).
    pub fn reported_highest(&self) -> u32 {
        (self.highest as u32).wrapping_sub(1 << 16)
    }

    /// Packets missing since the beginning; duplicates make up for them, as in RFC 3550 A.3.
    pub fn lost(&self) -> u64 {
        self.lost_before + self.expected().saturating_sub(self.received)
    }

    /// The share of packets lost since the last call, in 1/256 (RFC 3550 A.3).
    pub fn fraction_lost(&mut self) -> u8 {
        let expected = self.expected() - self.expected_at_report;
        let received = self.received - self.received_at_report;
        self.expected_at_report = self.expected();
        self.received_at_report = self.received;
        let lost = expected.saturating_sub(received);
        (lost * 256).checked_div(expected).map_or(0, |share| share.min(255) as u8)
    }

    fn expected(&self) -> u64 {
        self.highest - self.base + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_and_loss_is_counted_across_the_wrap() {
        let mut sequence = Sequence::starting_at(65_534);
        for number in [65_534, 65_535, 1, 2] {
            assert!(matches!(sequence.place(number), Order::Newest(_)));
        }
        assert_eq!(sequence.lost(), 1);
        assert_eq!(sequence.fraction_lost(), 51);
        assert_eq!(sequence.reported_highest(), (1 << 16) + 2);
        assert_eq!(sequence.place(0), Order::Earlier(2 << 16));
        assert_eq!((sequence.lost(), sequence.fraction_lost()), (0, 0));
    }

    #[test]
    fn one_stray_number_is_doubted_and_two_in_a_row_are_a_restart() {
        let mut sequence = Sequence::starting_at(10);
        assert_eq!(sequence.place(10), Order::Newest(65_546));
        assert_eq!(sequence.place(40_000), Order::Doubtful);
        assert_eq!(sequence.place(11), Order::Newest(65_547));
        assert_eq!(sequence.place(40_001), Order::Doubtful, "the doubt ended with the good packet");
        assert_eq!(sequence.place(40_002), Order::Restarted((3 << 16) + 40_002));
        assert_eq!(sequence.lost(), 0);
        assert_eq!(sequence.place(40_003), Order::Newest((3 << 16) + 40_003));
    }

    #[test]
    fn a_repeated_number_is_not_new_and_a_packet_before_the_first_has_a_place() {
        let mut sequence = Sequence::starting_at(0);
        assert_eq!(sequence.place(0), Order::Newest(65_536));
        assert_eq!(sequence.place(0), Order::Again(65_536));
        assert_eq!(sequence.place(65_535), Order::Earlier(65_535));
        assert_eq!(sequence.place(65_535), Order::Again(65_535));
        assert_eq!(sequence.place(200), Order::Newest(65_736));
        assert_eq!(sequence.place(101), Order::Earlier(65_637));
    }
}
