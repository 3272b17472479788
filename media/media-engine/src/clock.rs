//! The 20 ms wheel: absolute deadlines on four spokes, and where its time comes from.

use frontdesk_identifiers::{Moment, WallTime};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Length of a tick: what one packet of every leg carries.
pub const TICK: Duration = Duration::from_millis(20);
/// Spokes of the wheel. Legs are spread over them, so that a second of sound is 200 small turns, not 50 bursts.
pub const SPOKES: usize = 4;
/// From one spoke to the next.
pub const SPOKE: Duration = Duration::from_millis(5);

/// Where the engine's time comes from: the machine, or a simulator.
pub trait Clock {
    /// Now.
    fn now(&self) -> Moment;
    /// Civil time, for the other side's eyes (RTCP sender reports); it may jump.
    fn wall(&self) -> WallTime;
}

/// The machine's steady clock, counted from the node's own start.
#[derive(Debug, Clone, Copy)]
pub struct SteadyClock {
    epoch: Instant,
}

impl SteadyClock {
    /// A clock that shows [`Moment::ZERO`] at `epoch`.
    pub fn new(epoch: Instant) -> Self {
        SteadyClock { epoch }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Moment {
        let nanos = self.epoch.elapsed().as_nanos();
        Moment::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    fn wall(&self) -> WallTime {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        WallTime::from_unix_micros(u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX))
    }
}

/// Which turn is next, and when. Turns are counted from the wheel's origin; the turn `n` belongs to spoke
/// `n % 4` and is due at `origin + n · 5 ms`, however late the turns before it were.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wheel {
    origin: Moment,
    next: u64,
}

impl Wheel {
    pub(crate) fn new(origin: Moment) -> Self {
        Wheel { origin, next: 0 }
    }

    /// The number of the next turn.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Leaves out the turns before this one: nobody has a tick in them.
    pub(crate) fn pass_to(&mut self, turn: u64) {
        self.next = self.next.max(turn);
    }

    /// The first turn that is not late at `now`, and was not made yet.
    pub(crate) fn upcoming(&self, now: Moment) -> u64 {
        let passed = now.since(self.origin).as_nanos().div_ceil(SPOKE.as_nanos());
        self.next.max(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// When the next turn is due.
    pub(crate) fn deadline(&self) -> Moment {
        self.due(self.next)
    }

    /// The next turn that is due and shall still be made. Turns that are later than one tick are passed over:
    /// their legs are served again on their spoke's next turn, so that a stall never becomes a burst.
    pub(crate) fn take_due(&mut self, now: Moment) -> Option<u64> {
        let late = now.since(self.deadline());
        if now < self.deadline() {
            return None;
        }
        if late >= TICK {
            let passed_over = (late - TICK).as_nanos() / SPOKE.as_nanos() + 1;
            self.next = self.next.saturating_add(u64::try_from(passed_over).unwrap_or(u64::MAX));
        }
        let turn = self.next;
        self.next += 1;
        Some(turn)
    }

    /// When a turn is due.
    pub(crate) fn due(&self, turn: u64) -> Moment {
        self.origin + Duration::from_nanos(turn.saturating_mul(SPOKE.as_nanos() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_stand_on_absolute_deadlines_however_late_they_are_taken() {
        let mut wheel = Wheel::new(Moment::from_millis(100));
        assert_eq!(wheel.take_due(Moment::from_millis(99)), None);
        assert_eq!(wheel.take_due(Moment::from_millis(104)), Some(0));
        assert_eq!(wheel.deadline(), Moment::from_millis(105));
        assert_eq!(wheel.take_due(Moment::from_millis(105)), Some(1));
    }

    #[test]
    fn after_a_stall_each_spoke_is_taken_once_and_the_rest_is_passed_over() {
        let mut wheel = Wheel::new(Moment::ZERO);
        assert_eq!(wheel.take_due(Moment::ZERO), Some(0));
        let mut taken = Vec::new();
        while let Some(turn) = wheel.take_due(Moment::from_millis(1_003)) {
            taken.push(turn);
        }
        assert_eq!(taken, [197, 198, 199, 200]);
    }

    #[test]
    fn turns_without_legs_are_left_out_and_the_others_keep_their_deadlines() {
        let mut wheel = Wheel::new(Moment::from_millis(100));
        wheel.pass_to(3);
        assert_eq!(wheel.deadline(), Moment::from_millis(115));
        assert_eq!(wheel.take_due(Moment::from_millis(114)), None);
        assert_eq!(wheel.take_due(Moment::from_millis(115)), Some(3));
        assert_eq!(wheel.upcoming(Moment::from_millis(10_001)), 1_981);
        assert_eq!(wheel.upcoming(Moment::from_millis(10_005)), 1_981, "it is due now, and not late");
        assert_eq!(wheel.upcoming(Moment::from_millis(100)), 4, "three was made");
    }

    #[test]
    fn a_tick_that_is_just_not_a_whole_tick_late_is_still_made() {
        let mut wheel = Wheel::new(Moment::ZERO);
        assert_eq!(wheel.take_due(Moment::from_nanos(19_999_999)), Some(0));
        let mut wheel = Wheel::new(Moment::ZERO);
        assert_eq!(wheel.take_due(Moment::from_millis(20)), Some(1), "the first is 20 ms late");
    }
}
