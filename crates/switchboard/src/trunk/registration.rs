//! One registration at one trunk: over which of its ways, and whether it stands.
//!
//! The SIP stack refreshes and repeats by itself; here it is decided *where* it registers, and when to go elsewhere.

use crate::input::Hop;
use frontdesk_identifiers::Moment;
use frontdesk_sip_stack::Flow;
use std::time::Duration;

/// When a registration that the stack gave up is begun anew: a password that is wrong now may be mended by then, and
/// nobody is locked out for so few tries.
const ANEW_AFTER: Duration = Duration::from_secs(300);

/// By what is awaited or true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Registration {
    /// Nobody knows yet where the trunk is.
    AwaitingPlace,
    /// The registrar's answer is awaited. `tried`: so many other ways failed just before.
    AwaitingAnswer { over: Flow, tried: usize },
    /// It stands.
    Standing { over: Flow },
    /// It does not stand, and the stack tries again by itself.
    Failing { over: Flow, status: Option<u16>, tried: usize },
    /// The stack gave it up; it is begun anew at `again`.
    GivenUp { status: Option<u16>, again: Moment },
}

impl Registration {
    pub fn stands(&self) -> bool {
        matches!(self, Registration::Standing { .. })
    }

    /// The registrar's last word, where it failed.
    pub fn status(&self) -> Option<u16> {
        match self {
            Registration::Failing { status, .. } | Registration::GivenUp { status, .. } => *status,
            _ => None,
        }
    }

    /// Over which way to register now: because it did not yet, because its way is none any more, or because it was given
    /// up and may begin anew.
    pub fn due(&self, hops: &[Hop], now: Moment) -> Option<Flow> {
        let first = hops.first()?.flow;
        match self {
            Registration::AwaitingPlace => Some(first),
            Registration::AwaitingAnswer { over, .. }
            | Registration::Standing { over }
            | Registration::Failing { over, .. } => hops.iter().all(|hop| hop.flow != *over).then_some(first),
            Registration::GivenUp { again, .. } => (*again <= now).then_some(first),
        }
    }

    pub fn deadline(&self) -> Option<Moment> {
        match self {
            Registration::GivenUp { again, .. } => Some(*again),
            _ => None,
        }
    }

    pub fn asked(self, over: Flow) -> Registration {
        Registration::AwaitingAnswer { over, tried: 0 }
    }

    pub fn granted(self) -> Registration {
        match self {
            Registration::AwaitingAnswer { over, .. }
            | Registration::Standing { over }
            | Registration::Failing { over, .. } => Registration::Standing { over },
            other => other,
        }
    }

    /// It failed for now. The way to try at once instead, if the registrar itself is at fault and has another way: each
    /// is tried once in a round, then the stack's own patience decides.
    pub fn failed(self, status: Option<u16>, hops: &[Hop]) -> (Registration, Option<Flow>) {
        let (over, tried) = match self {
            Registration::AwaitingAnswer { over, tried } | Registration::Failing { over, tried, .. } => {
                (over, tried)
            }
            Registration::Standing { over } => (over, 0),
            other => return (other, None),
        };
        let elsewhere = status.is_none_or(|status| status == 408 || (500..600).contains(&status));
        let at = hops.iter().position(|hop| hop.flow == over);
        if let Some(at) = at.filter(|_| elsewhere && tried + 1 < hops.len())
            && let Some(next) = hops.get((at + 1) % hops.len())
        {
            let over = next.flow;
            return (Registration::AwaitingAnswer { over, tried: tried + 1 }, Some(over));
        }
        (Registration::Failing { over, status, tried: 0 }, None)
    }

    /// The stack gave it up.
    pub fn given_up(self, status: Option<u16>, now: Moment) -> Registration {
        Registration::GivenUp { status, again: now + ANEW_AFTER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_sip_stack::Transport;

    fn hop(host: u8) -> Hop {
        let (local, remote) = (([192, 0, 2, 1], 5060).into(), ([198, 51, 100, host], 5060).into());
        Hop { flow: Flow { transport: Transport::Udp, local, remote }, priority: 10, weight: 0 }
    }

    fn over(host: u8) -> Flow {
        hop(host).flow
    }

    #[test]
    fn it_registers_as_soon_as_the_trunk_is_found_and_again_when_it_moves() {
        let place = Registration::AwaitingPlace;
        assert_eq!(place.due(&[], Moment::ZERO), None);
        assert_eq!(place.due(&[hop(1), hop(2)], Moment::ZERO), Some(over(1)));
        let standing = place.asked(over(1)).granted();
        assert!(standing.stands());
        assert_eq!(standing.due(&[hop(2), hop(1)], Moment::ZERO), None, "it stays where it is");
        assert_eq!(standing.due(&[hop(3)], Moment::ZERO), Some(over(3)));
    }

    #[test]
    fn a_registrar_that_does_not_answer_is_asked_over_each_other_way_once() {
        let hops = [hop(1), hop(2), hop(3)];
        let (second, next) = Registration::AwaitingPlace.asked(over(1)).failed(None, &hops);
        assert_eq!(next, Some(over(2)));
        let (third, next) = second.failed(Some(503), &hops);
        assert_eq!(next, Some(over(3)));
        let (failing, next) = third.failed(None, &hops);
        assert_eq!((next, failing.stands()), (None, false), "then the stack's patience decides");
        let (_, next) = failing.failed(None, &hops);
        assert_eq!(next, Some(over(1)), "and the next round begins with the next way");
    }

    #[test]
    fn a_registrar_that_says_no_is_believed() {
        let (failing, next) = Registration::AwaitingPlace.asked(over(1)).failed(Some(403), &[hop(1), hop(2)]);
        assert_eq!((next, failing.status()), (None, Some(403)));
    }

    #[test]
    fn what_the_stack_gives_up_is_begun_anew_later() {
        let gone = Registration::AwaitingPlace.asked(over(1)).given_up(Some(403), Moment::ZERO);
        assert_eq!(gone.due(&[hop(1)], Moment::ZERO + ANEW_AFTER - Duration::from_secs(1)), None);
        assert_eq!(gone.due(&[hop(1)], Moment::ZERO + ANEW_AFTER), Some(over(1)));
        assert_eq!(gone.granted().status(), Some(403), "a late word changes nothing");
    }
}
