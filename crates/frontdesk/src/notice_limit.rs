//! How many notices a second the operator is shown.
//!
//! A stranger can cause one with each datagram: without a limit a flood of them hides everything else that the desk
//! says, and fills the disk that its output is kept on.

use frontdesk_identifiers::Moment;
use std::time::Duration;

/// Notices shown in one second. What is more is counted, and the count is shown when the second is over.
pub const NOTICES_A_SECOND: u32 = 20;

const SECOND: Duration = Duration::from_secs(1);

/// The present second's notices.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoticeLimit {
    /// When the second began; none before the first notice.
    began: Option<Moment>,
    shown: u32,
    left_out: u64,
}

/// What to do with a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Show it.
    Yes,
    /// Say first that so many were not shown, then show it.
    After {
        /// How many.
        left_out: u64,
    },
    /// It is counted only.
    No,
}

impl NoticeLimit {
    /// A notice came at `now`.
    pub fn show(&mut self, now: Moment) -> Shown {
        let before = self.left_out(now);
        if self.shown == 0 {
            self.began = Some(now);
        }
        if self.shown >= NOTICES_A_SECOND {
            self.left_out += 1;
            return Shown::No;
        }
        self.shown += 1;
        before.map_or(Shown::Yes, |left_out| Shown::After { left_out })
    }

    /// How many were not shown, if a second with such ones is over.
    pub fn left_out(&mut self, now: Moment) -> Option<u64> {
        if self.began.is_none_or(|began| now < began + SECOND) {
            return None;
        }
        let left_out = std::mem::take(self).left_out;
        (left_out > 0).then_some(left_out)
    }

    /// When [`left_out`](Self::left_out) has something to say.
    pub fn deadline(&self) -> Option<Moment> {
        self.began.filter(|_| self.left_out > 0).map(|began| began + SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(limit: &mut NoticeLimit, at_ms: u64, count: u64) -> usize {
        let at = Moment::from_millis(at_ms);
        (0..count).filter(|_| limit.show(at) == Shown::Yes).count()
    }

    #[test]
    fn a_flood_of_notices_is_cut_and_the_rest_is_told_as_a_number() {
        let mut limit = NoticeLimit::default();
        assert_eq!(limit.deadline(), None);
        assert_eq!(shown(&mut limit, 5_000, 500), NOTICES_A_SECOND as usize);
        assert_eq!(shown(&mut limit, 5_999, 20), 0);
        assert_eq!(limit.deadline(), Some(Moment::from_millis(6_000)));
        assert_eq!(limit.left_out(Moment::from_millis(5_999)), None);
        assert_eq!(limit.left_out(Moment::from_millis(6_000)), Some(500));
        assert_eq!((limit.left_out(Moment::from_millis(6_001)), limit.deadline()), (None, None));
        assert_eq!(shown(&mut limit, 6_001, 1), 1, "a new second");
    }

    #[test]
    fn the_next_notice_tells_of_the_flood_if_nobody_did_before() {
        let mut limit = NoticeLimit::default();
        assert_eq!(shown(&mut limit, 0, 23), 20);
        assert_eq!(limit.show(Moment::from_millis(9_000)), Shown::After { left_out: 3 });
        assert_eq!(limit.show(Moment::from_millis(9_000)), Shown::Yes);
    }

    #[test]
    fn a_few_notices_are_all_shown() {
        let mut limit = NoticeLimit::default();
        for second in 0..50 {
            assert_eq!(shown(&mut limit, second * 1_000, 20), 20, "second {second}");
        }
    }
}
