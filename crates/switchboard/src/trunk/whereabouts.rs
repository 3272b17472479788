//! Where one trunk is: what the locator said last, and when it is asked again (RFC 3263).

use crate::input::{Hop, LocateFailure};
use frontdesk_identifiers::Moment;
use std::time::Duration;

/// A locator that has not answered by then is asked again: its answer was lost.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);
/// An answer is kept at least so long, whatever its TTL: a zone with a TTL of 0 does not make this side a flood.
const ASK_AGAIN_MIN: Duration = Duration::from_secs(10);
/// An answer is kept at most so long: a trunk that moves is found the same day.
const ASK_AGAIN_MAX: Duration = Duration::from_secs(3_600);
/// How long after a failure it is asked again.
const AFTER_FAILURE: Duration = Duration::from_secs(30);
/// Hops that are kept of one answer; the rest, the least wanted, is left out.
pub(crate) const HOPS_MAX: usize = 16;

/// By what is known and awaited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// Nobody was asked yet.
    Unasked,
    /// The answer is awaited, and asked for again at `again`. `last` is what was good before.
    Asked { last: Vec<Hop>, again: Moment },
    /// The answer holds until `until`.
    Known { hops: Vec<Hop>, until: Moment },
    /// The last answer was a failure; what was good before goes on being used (an outage of DNS is no outage of trunks).
    Lost { last: Vec<Hop>, why: LocateFailure, again: Moment },
}

impl Whereabouts {
    /// The ways to it, as far as they are known.
    pub fn hops(&self) -> &[Hop] {
        match self {
            Whereabouts::Unasked => &[],
            Whereabouts::Asked { last, .. } | Whereabouts::Lost { last, .. } => last,
            Whereabouts::Known { hops, .. } => hops,
        }
    }

    /// Why there is no way at all, once that is known.
    pub fn failure(&self) -> Option<LocateFailure> {
        match self {
            Whereabouts::Lost { last, why, .. } if last.is_empty() => Some(*why),
            _ => None,
        }
    }

    /// When to ask (again).
    pub fn deadline(&self) -> Moment {
        match self {
            Whereabouts::Unasked => Moment::ZERO,
            Whereabouts::Asked { again, .. } | Whereabouts::Lost { again, .. } => *again,
            Whereabouts::Known { until, .. } => *until,
        }
    }

    /// It is asked now.
    pub fn asked(self, now: Moment) -> Whereabouts {
        let again = now + ANSWER_PATIENCE;
        match self {
            Whereabouts::Unasked => Whereabouts::Asked { last: Vec::new(), again },
            Whereabouts::Asked { last, .. } | Whereabouts::Lost { last, .. } => {
                Whereabouts::Asked { last, again }
            }
            Whereabouts::Known { hops, .. } => Whereabouts::Asked { last: hops, again },
        }
    }

    /// The answer came. One without hops says that there are none.
    pub fn answered(
        self,
        answer: Result<Vec<Hop>, LocateFailure>,
        valid_for: Duration,
        now: Moment,
    ) -> Whereabouts {
        match answer {
            Ok(mut hops) if !hops.is_empty() => {
                hops.truncate(HOPS_MAX);
                let until = now + valid_for.clamp(ASK_AGAIN_MIN, ASK_AGAIN_MAX);
                Whereabouts::Known { hops, until }
            }
            answer => {
                let why = answer.err().unwrap_or(LocateFailure::NoSuchName);
                let last = self.hops().to_vec();
                Whereabouts::Lost { last, why, again: now + AFTER_FAILURE }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_sip_stack::{Flow, Transport};

    fn hop(host: u8) -> Hop {
        let local = ([192, 0, 2, 1], 5060).into();
        let remote = ([198, 51, 100, host], 5060).into();
        Hop { flow: Flow { transport: Transport::Udp, local, remote }, priority: 10, weight: 0 }
    }

    fn at(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    fn known() -> Whereabouts {
        let asked = Whereabouts::Unasked.asked(at(0));
        asked.answered(Ok(vec![hop(1)]), Duration::from_secs(300), at(0))
    }

    #[test]
    fn an_answer_is_asked_for_again_when_it_runs_out() {
        assert_eq!(known().deadline(), at(300));
        assert_eq!(known().asked(at(300)).hops(), [hop(1)], "and used meanwhile");
    }

    #[test]
    fn the_last_good_answer_is_used_while_nobody_can_say_better() {
        let lost = known().asked(at(300)).answered(Err(LocateFailure::NoAnswer), Duration::ZERO, at(301));
        assert_eq!((lost.hops(), lost.failure(), lost.deadline()), (&[hop(1)][..], None, at(331)));
        let still = lost.asked(at(331)).answered(Ok(Vec::new()), Duration::ZERO, at(331));
        assert_eq!(still.hops(), [hop(1)]);
        let found = still.asked(at(361)).answered(Ok(vec![hop(2)]), Duration::from_secs(60), at(361));
        assert_eq!(found.hops(), [hop(2)]);
    }

    #[test]
    fn a_trunk_that_was_never_found_says_why() {
        let lost =
            Whereabouts::Unasked.asked(at(0)).answered(Err(LocateFailure::NoSuchName), Duration::ZERO, at(0));
        assert_eq!(lost.failure(), Some(LocateFailure::NoSuchName));
        assert!(lost.hops().is_empty());
    }

    #[test]
    fn no_time_to_live_makes_this_side_ask_all_the_time_or_never_again() {
        let of = |seconds| {
            let known = Whereabouts::Unasked.answered(Ok(vec![hop(1)]), Duration::from_secs(seconds), at(0));
            known.deadline()
        };
        assert_eq!((of(0), of(60), of(1_000_000)), (at(10), at(60), at(3_600)));
    }

    #[test]
    fn a_question_whose_answer_is_lost_is_asked_again() {
        assert_eq!(Whereabouts::Unasked.asked(at(5)).deadline(), at(65));
    }

    #[test]
    fn an_answer_without_end_is_cut() {
        let hops = vec![hop(1); 5_000];
        assert_eq!(Whereabouts::Unasked.answered(Ok(hops), Duration::ZERO, at(0)).hops().len(), HOPS_MAX);
    }
}
