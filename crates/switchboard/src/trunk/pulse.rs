//! Whether each way to one trunk is alive: by OPTIONS (RFC 3261 §11) and by what calls over it came to.

use crate::input::Hop;
use frontdesk_identifiers::Moment;
use frontdesk_sip_stack::{Flow, ProbeId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Probes in a row without an answer before a way counts as dead: one datagram may be lost with its repetitions.
const MISSED_MAX: u32 = 2;
/// How long a way rests that a call found dead (RFC 3263 §4.3).
pub(crate) const REST: Duration = Duration::from_secs(30);
/// The longest rest that a `Retry-After` buys: a trunk that asks for a day is asked again after this.
const REST_MAX: Duration = Duration::from_secs(600);

/// The pulse of one trunk. It remembers no more ways than the locator named.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// When it is felt next; none never.
    pub next: Option<Moment>,
    asked: BTreeMap<ProbeId, Flow>,
    ways: BTreeMap<Flow, Way>,
}

/// What is known of one way.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    missed: u32,
    answered: bool,
    rests_until: Option<Moment>,
}

/// What the ways of a trunk come to together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Nobody knows yet.
    Unknown,
    /// Every way that was asked answers.
    Steady,
    /// Some do.
    Weak,
    /// None does.
    None,
}

impl Pulse {
    pub fn new(next: Option<Moment>) -> Pulse {
        Pulse { next, ..Pulse::default() }
    }

    /// The locator named these ways: the others are forgotten.
    pub fn keep(&mut self, hops: &[Hop]) {
        let named = |flow: &Flow| hops.iter().any(|hop| hop.flow == *flow);
        self.ways.retain(|flow, _| named(flow));
        self.asked.retain(|_, flow| named(flow));
    }

    pub fn asked(&mut self, probe: ProbeId, flow: Flow) {
        self.asked.insert(probe, flow);
    }

    /// The answer to a probe, or that there was none. False if it was no probe of this trunk.
    pub fn probed(&mut self, probe: ProbeId, answered: bool, wait: Option<Duration>, now: Moment) -> bool {
        let Some(flow) = self.asked.remove(&probe) else { return false };
        let way = self.ways.entry(flow).or_default();
        if answered {
            *way = Way { missed: 0, answered: true, rests_until: None };
        } else {
            way.missed = way.missed.saturating_add(1);
        }
        if let Some(wait) = wait {
            self.rest(flow, wait, now);
        }
        true
    }

    /// A call got through, or was refused for its own sake: the way is alive.
    pub fn alive(&mut self, flow: Flow) {
        self.ways.insert(flow, Way { missed: 0, answered: true, rests_until: None });
    }

    /// Nothing more over this way for a while.
    pub fn rest(&mut self, flow: Flow, wait: Duration, now: Moment) {
        self.ways.entry(flow).or_default().rests_until = Some(now + wait.min(REST_MAX));
    }

    pub fn is_dead(&self, flow: &Flow) -> bool {
        self.ways.get(flow).is_some_and(|way| way.missed >= MISSED_MAX)
    }

    pub fn rests(&self, flow: &Flow, now: Moment) -> bool {
        self.ways.get(flow).and_then(|way| way.rests_until).is_some_and(|until| now < until)
    }

    /// What they come to together.
    pub fn beat(&self, hops: &[Hop]) -> Beat {
        let of = |hop: &Hop| self.ways.get(&hop.flow).copied().unwrap_or_default();
        if !hops.is_empty() && hops.iter().all(|hop| of(hop).missed >= MISSED_MAX) {
            Beat::None
        } else if hops.iter().any(|hop| of(hop).missed > 0) {
            Beat::Weak
        } else if hops.iter().any(|hop| of(hop).answered) {
            Beat::Steady
        } else {
            Beat::Unknown
        }
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

    fn ask(pulse: &mut Pulse, hop: Hop, number: u64, answered: bool) {
        pulse.asked(ProbeId(number), hop.flow);
        assert!(pulse.probed(ProbeId(number), answered, None, Moment::ZERO));
    }

    #[test]
    fn a_way_is_dead_after_two_probes_and_alive_with_the_first_answer() {
        let (mut pulse, hops) = (Pulse::default(), [hop(1)]);
        assert_eq!(pulse.beat(&hops), Beat::Unknown);
        ask(&mut pulse, hops[0], 1, false);
        assert_eq!((pulse.beat(&hops), pulse.is_dead(&hops[0].flow)), (Beat::Weak, false));
        ask(&mut pulse, hops[0], 2, false);
        assert_eq!((pulse.beat(&hops), pulse.is_dead(&hops[0].flow)), (Beat::None, true));
        ask(&mut pulse, hops[0], 3, true);
        assert_eq!(pulse.beat(&hops), Beat::Steady);
    }

    #[test]
    fn a_trunk_with_one_living_way_is_weak_and_not_down() {
        let (mut pulse, hops) = (Pulse::default(), [hop(1), hop(2)]);
        for number in 0..4 {
            ask(&mut pulse, hops[0], number, false);
        }
        ask(&mut pulse, hops[1], 9, true);
        assert_eq!(pulse.beat(&hops), Beat::Weak);
    }

    #[test]
    fn a_call_that_gets_through_proves_a_way_alive() {
        let (mut pulse, hops) = (Pulse::default(), [hop(1)]);
        ask(&mut pulse, hops[0], 1, false);
        ask(&mut pulse, hops[0], 2, false);
        pulse.rest(hops[0].flow, REST, Moment::ZERO);
        pulse.alive(hops[0].flow);
        assert!(!pulse.is_dead(&hops[0].flow) && !pulse.rests(&hops[0].flow, Moment::ZERO));
    }

    #[test]
    fn nobody_buys_a_rest_without_end() {
        let (mut pulse, flow) = (Pulse::default(), hop(1).flow);
        pulse.rest(flow, Duration::from_secs(86_400), Moment::ZERO);
        assert!(pulse.rests(&flow, Moment::ZERO + Duration::from_secs(599)));
        assert!(!pulse.rests(&flow, Moment::ZERO + REST_MAX));
    }

    #[test]
    fn ways_that_are_named_no_more_are_forgotten() {
        let mut pulse = Pulse::default();
        pulse.asked(ProbeId(1), hop(1).flow);
        pulse.keep(&[hop(2)]);
        assert!(!pulse.probed(ProbeId(1), true, None, Moment::ZERO));
    }
}
