//! How much goes over one trunk: calls at once, and calls that begin within a second.

use frontdesk_call_record::TrunkTrouble;
use frontdesk_directory::TrunkLimits;
use frontdesk_identifiers::Moment;
use frontdesk_sip_stack::SessionId;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// Over which time calls that begin are counted.
const SECOND: Duration = Duration::from_secs(1);

/// The meter of one trunk. It holds no more sessions than the desk carries, and no more beginnings than the limit.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    sessions: BTreeSet<SessionId>,
    /// When the calls of the last second began.
    begun: VecDeque<Moment>,
}

impl Meter {
    /// Why no further call may go outward, if none may.
    pub fn is_full(&self, limits: TrunkLimits, now: Moment) -> Option<TrunkTrouble> {
        if limits.calls.is_some_and(|most| self.sessions.len() >= most as usize) {
            return Some(TrunkTrouble::TooManyCalls);
        }
        let most = limits.calls_per_second? as usize;
        let recent = self.begun.iter().filter(|at| now.since(**at) < SECOND).count();
        (recent >= most).then_some(TrunkTrouble::TooManyCallsPerSecond)
    }

    /// A call begins, outward or inward; only those of this side count against the rate.
    pub fn begin(&mut self, session: SessionId, limits: TrunkLimits, now: Moment) {
        self.sessions.insert(session);
        if limits.calls_per_second.is_none() || matches!(session, SessionId::Incoming(_)) {
            return;
        }
        while self.begun.front().is_some_and(|at| now.since(*at) >= SECOND) {
            self.begun.pop_front();
        }
        self.begun.push_back(now);
    }

    /// The call is over. False if it was none of this trunk's.
    pub fn end(&mut self, session: SessionId) -> bool {
        self.sessions.remove(&session)
    }

    pub fn calls(&self) -> usize {
        self.sessions.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: TrunkLimits = TrunkLimits { calls: Some(3), calls_per_second: Some(2) };

    #[test]
    fn as_many_calls_as_allowed_and_both_directions_count() {
        let mut meter = Meter::default();
        let now = Moment::from_millis(0);
        meter.begin(SessionId::Incoming(1), LIMITS, now);
        meter.begin(SessionId::Incoming(2), LIMITS, now);
        assert_eq!(meter.is_full(LIMITS, now), None, "calls from the trunk are not this side's pace");
        meter.begin(SessionId::Outgoing(1), LIMITS, now);
        assert_eq!(meter.is_full(LIMITS, now), Some(TrunkTrouble::TooManyCalls));
        assert!(meter.end(SessionId::Incoming(1)) && !meter.end(SessionId::Incoming(1)));
        assert_eq!(meter.is_full(LIMITS, now), None);
    }

    #[test]
    fn calls_of_any_one_second_are_counted_and_not_those_of_a_clocks_second() {
        let (mut meter, limits) = (Meter::default(), TrunkLimits { calls: None, ..LIMITS });
        let full = |meter: &Meter, ms| meter.is_full(limits, Moment::from_millis(ms));
        meter.begin(SessionId::Outgoing(1), limits, Moment::from_millis(900));
        meter.begin(SessionId::Outgoing(2), limits, Moment::from_millis(1_500));
        assert_eq!(full(&meter, 1_899), Some(TrunkTrouble::TooManyCallsPerSecond));
        assert_eq!(full(&meter, 1_900), None);
        meter.begin(SessionId::Outgoing(3), limits, Moment::from_millis(1_900));
        assert_eq!(full(&meter, 2_499), Some(TrunkTrouble::TooManyCallsPerSecond));
        assert_eq!(meter.begun.len(), 2, "what is past is forgotten");
    }

    #[test]
    fn a_trunk_without_limits_is_never_full() {
        let mut meter = Meter::default();
        for number in 0..2_000 {
            meter.begin(SessionId::Outgoing(number), TrunkLimits::default(), Moment::ZERO);
        }
        assert_eq!(meter.is_full(TrunkLimits::default(), Moment::ZERO), None);
        assert!(meter.begun.is_empty());
    }
}
