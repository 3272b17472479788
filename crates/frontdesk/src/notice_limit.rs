//! How many notices a second the operator is shown.
//!
//! A stranger can cause one with each datagram: without a limit a flood of them hides everything else that the desk
//! says, and fills the disk that its output is kept on.

use frontdesk_identifiers::Moment;
use frontdesk_sip_stack::SipFact;
use frontdesk_switchboard::Notice;
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

/// The limits of both kinds of notices: a flood of what anybody causes with a datagram hides nothing of what only some
/// can, and what the operator must act on.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoticeLimits {
    usual: NoticeLimit,
    urgent: NoticeLimit,
}

impl NoticeLimits {
    /// A notice came at `now`.
    pub fn show(&mut self, notice: &Notice, now: Moment) -> Shown {
        if is_urgent(notice) { self.urgent.show(now) } else { self.usual.show(now) }
    }

    /// How many were not shown, if a second with such ones is over.
    pub fn left_out(&mut self, now: Moment) -> Option<u64> {
        let left_out = self.usual.left_out(now).into_iter().chain(self.urgent.left_out(now));
        left_out.reduce(u64::saturating_add)
    }

    /// When [`left_out`](Self::left_out) has something to say.
    pub fn deadline(&self) -> Option<Moment> {
        self.usual.deadline().into_iter().chain(self.urgent.deadline()).min()
    }
}

/// Whether a notice takes more than a datagram to cause: a change of a trunk, somebody who guessed so often that he is
/// locked out.
fn is_urgent(notice: &Notice) -> bool {
    matches!(notice, Notice::Trunk { .. } | Notice::Sip(SipFact::LockedOut { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_switchboard::TrunkHealth;

    #[test]
    fn a_flood_hides_neither_who_is_locked_out_nor_a_trunk() {
        let mut limits = NoticeLimits::default();
        let now = Moment::from_millis(7_000);
        let flood = Notice::Sip(SipFact::Overloaded { bound: "sessions" });
        assert_eq!((0..500).filter(|_| limits.show(&flood, now) == Shown::Yes).count(), 20);
        let trunk = Notice::Trunk { trunk: "carrier".to_owned(), health: TrunkHealth::Up };
        assert_eq!(limits.show(&trunk, now), Shown::Yes);
        assert_eq!(limits.deadline(), Some(Moment::from_millis(8_000)));
        assert_eq!(limits.left_out(Moment::from_millis(8_000)), Some(480));
    }

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
