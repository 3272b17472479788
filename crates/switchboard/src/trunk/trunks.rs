//! Every trunk of this node: which of them takes a call, and what became of the calls that they took.

use super::choice::ordered;
use super::health::TrunkHealth;
use super::line::Line;
use super::pulse::REST;
use crate::desk::Outbox;
use crate::input::{Hop, LocateFailure};
use crate::output::{Notice, SwitchboardOutput};
use frontdesk_call_record::TrunkTrouble;
use frontdesk_directory::{Directory, Trunk, TrunkTransport};
use frontdesk_identifiers::{Moment, TenantId};
use frontdesk_sip_stack::{
    Flow, PeerRule, Quirks, RegistrationId, SessionEnd, SessionId, SipEvent, SipSettings,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Ways that one call tries over all trunks of its tenant: each may cost the caller some seconds of silence.
const WAYS_MAX: usize = 8;

/// Every trunk of this node.
#[derive(Debug, Default)]
pub(crate) struct Trunks {
    lines: BTreeMap<String, Line>,
    /// Calls over trunks. Bounded by the sessions that the stack carries.
    calls: BTreeMap<SessionId, CallOver>,
    /// Registrations that are being taken back; none before the desk closes.
    leaving: Option<BTreeSet<RegistrationId>>,
}

/// A call over a trunk.
#[derive(Debug)]
struct CallOver {
    trunk: String,
    over: Flow,
    /// Whether the call has said already whether the trunk works.
    judged: bool,
}

/// One way of one trunk for one call.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub trunk: Arc<Trunk>,
    pub quirks: Arc<Quirks>,
    pub over: Flow,
}

/// The ways for a call, and the trunks that were passed over with the reason.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    pub ways: Vec<Way>,
    pub passed_over: Vec<(String, TrunkTrouble)>,
}

impl Trunks {
    /// The trunks are these from here on. Those that are reached as before keep what is known of them.
    pub fn reload(&mut self, directory: &Directory, out: &mut Outbox, now: Moment) {
        if self.leaving.is_some() {
            return;
        }
        let mut before = std::mem::take(&mut self.lines);
        for trunk in directory.trunks() {
            let kept = before.remove(&trunk.name).and_then(|mut line| {
                let takes = line.takes(trunk);
                if !takes {
                    line.leave(out);
                }
                takes.then_some(line)
            });
            let line = kept.unwrap_or_else(|| Line::new(Arc::new(trunk.clone()), out));
            self.lines.insert(trunk.name.clone(), line);
        }
        before.values().for_each(|line| line.leave(out));
        self.tick(out, now);
    }

    /// The rules of the SIP side with the trunks in them: whoever calls from a trunk's addresses or proves its names.
    pub fn settings(&self, own: &SipSettings) -> SipSettings {
        let mut settings = own.clone();
        for line in self.lines.values() {
            let trunk = &line.trunk;
            let mut addresses = trunk.addresses.clone();
            if trunk.calls_from_host {
                for hop in line.hops() {
                    let address = hop.flow.remote.ip().to_canonical();
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
            }
            if addresses.is_empty() && trunk.certificate_names.is_empty() {
                continue;
            }
            settings.peers.push(PeerRule {
                name: trunk.name.clone(),
                addresses,
                certificate_names: trunk.certificate_names.clone(),
                secure: trunk.transport == Some(TrunkTransport::Tls),
                quirks: Arc::clone(&line.quirks),
            });
        }
        settings
    }

    /// The locator answered. True if calls may come from elsewhere now.
    pub fn located(
        &mut self,
        trunk: &str,
        answer: Result<Vec<Hop>, LocateFailure>,
        valid_for: Duration,
        out: &mut Outbox,
        now: Moment,
    ) -> bool {
        let Some(line) = self.lines.get_mut(trunk) else { return false };
        let addresses = |line: &Line| line.hops().iter().map(|hop| hop.flow.remote.ip()).collect::<Vec<_>>();
        let before = addresses(line);
        if self.leaving.is_some() {
            return false;
        }
        line.located(answer, valid_for, out, now);
        addresses(line) != before
    }

    /// The desk closes: carriers are told, where they have registered this side, to send their calls elsewhere, and nobody
    /// is registered at or asked any more.
    pub fn close(&mut self, out: &mut Outbox) {
        if self.leaving.is_none() {
            self.leaving = Some(self.lines.values_mut().flat_map(|line| line.close(out)).collect());
        }
    }

    /// How many registrations are being taken back.
    pub fn leaving(&self) -> usize {
        self.leaving.as_ref().map_or(0, BTreeSet::len)
    }

    /// Lets happen what is due.
    pub fn tick(&mut self, out: &mut Outbox, now: Moment) {
        if self.leaving.is_some() {
            return;
        }
        for line in self.lines.values_mut().filter(|line| line.deadline() <= now) {
            line.tick(out, now);
        }
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.lines.values().filter(|_| self.leaving.is_none()).map(Line::deadline).min()
    }

    /// How each trunk is, by name.
    pub fn health(&self, now: Moment) -> impl Iterator<Item = (&str, TrunkHealth)> {
        self.lines.iter().map(move |(name, line)| (name.as_str(), line.health(now)))
    }

    /// The ways for a call of this tenant, in the order in which to try them: trunks by priority and weight (RFC 2782),
    /// their hops likewise (RFC 3263 §4.3).
    ///
    /// `emergency` takes every trunk that has a way at all, those in trouble last.
    pub fn ways(&self, tenant: &TenantId, emergency: bool, out: &mut Outbox, now: Moment) -> Ways {
        let own: Vec<&Line> = self.lines.values().filter(|line| line.trunk.tenant == *tenant).collect();
        let mut found = Ways::default();
        let order = ordered(own, |line| (line.trunk.priority, line.trunk.weight), out.chance());
        let (good, troubled): (Vec<&Line>, Vec<&Line>) =
            order.into_iter().partition(|line| line.trouble(now).is_none());
        for line in good.into_iter().chain(troubled) {
            match line.trouble(now) {
                Some(trouble) if !emergency => {
                    found.passed_over.push((line.trunk.name.clone(), trouble));
                }
                _ => self.add_ways(line, emergency, &mut found.ways, out, now),
            }
        }
        found.ways.truncate(WAYS_MAX);
        found
    }

    /// The ways of this one trunk, whatever its priority.
    pub fn ways_of(&self, trunk: &str, out: &mut Outbox, now: Moment) -> Vec<Way> {
        let mut ways = Vec::new();
        if let Some(line) = self.lines.get(trunk) {
            self.add_ways(line, false, &mut ways, out, now);
        }
        ways
    }

    fn add_ways(&self, line: &Line, all: bool, ways: &mut Vec<Way>, out: &mut Outbox, now: Moment) {
        let way = |over| Way { trunk: Arc::clone(&line.trunk), quirks: Arc::clone(&line.quirks), over };
        ways.extend(line.ways(all, out.chance(), now).into_iter().map(way));
    }

    /// A call goes out over a trunk, if it may: between its choice and now others may have filled it.
    pub fn begin(
        &mut self,
        trunk: &str,
        over: Flow,
        session: SessionId,
        emergency: bool,
        now: Moment,
    ) -> Result<(), TrunkTrouble> {
        let Some(line) = self.lines.get_mut(trunk) else { return Err(TrunkTrouble::NotLocated) };
        if let Some(trouble) = line.trouble(now).filter(|_| !emergency) {
            return Err(trouble);
        }
        line.breaker.begin(now);
        line.meter.begin(session, line.trunk.limits, now);
        self.calls.insert(session, CallOver { trunk: trunk.to_owned(), over, judged: false });
        Ok(())
    }

    /// How many sessions count against the limits of trunks.
    pub fn calls(&self) -> usize {
        let metered = self.lines.values().map(|line| line.meter.calls()).sum::<usize>();
        metered.max(self.calls.len())
    }

    /// A call came in over a trunk. False if it has as many as it may.
    pub fn came(&mut self, trunk: &str, over: Flow, session: SessionId, now: Moment) -> bool {
        let Some(line) = self.lines.get_mut(trunk) else { return true };
        if line.trunk.limits.calls.is_some_and(|most| line.meter.calls() >= most as usize) {
            return false;
        }
        line.meter.begin(session, line.trunk.limits, now);
        // Who calls here shows nothing of whether calls get through there.
        self.calls.insert(session, CallOver { trunk: trunk.to_owned(), over, judged: true });
        true
    }

    /// The trunk that carries this session, whichever side began it.
    pub fn of_session(&self, session: SessionId) -> Option<&Arc<Trunk>> {
        Some(&self.lines.get(&self.calls.get(&session)?.trunk)?.trunk)
    }

    /// Nothing at all came back from a call in the time that it had.
    pub fn silent(&mut self, session: SessionId, out: &mut Outbox, now: Moment) {
        self.judge(session, Verdict::Failed { rest: Some(REST) }, out, now);
    }

    /// What the SIP stack tells concerns the trunks too.
    pub fn hear(&mut self, event: &SipEvent, out: &mut Outbox, now: Moment) {
        match event {
            SipEvent::Progress { session, .. } | SipEvent::Answered { session, .. } => {
                self.judge(*session, Verdict::Works, out, now);
            }
            SipEvent::Ended { session, end } => {
                self.judge(*session, verdict(end), out, now);
                if let Some(call) = self.calls.remove(session)
                    && let Some(line) = self.lines.get_mut(&call.trunk)
                {
                    line.meter.end(*session);
                }
            }
            SipEvent::Registered { registration, .. } => {
                if let Some(line) = self.lines.values_mut().find(|line| line.has_registration(*registration))
                {
                    line.registered(*registration, out, now);
                }
            }
            SipEvent::RegistrationFailed { registration, status, .. } => {
                if let Some(line) = self.lines.values_mut().find(|line| line.has_registration(*registration))
                {
                    line.registration_failed(*registration, status.map(|status| status.as_u16()), out, now);
                }
            }
            SipEvent::RegistrationEnded { registration, .. } if self.leaving.is_some() => {
                if let Some(leaving) = &mut self.leaving {
                    leaving.remove(registration);
                }
            }
            SipEvent::RegistrationEnded { registration, status } => {
                if let Some(line) = self.lines.values_mut().find(|line| line.has_registration(*registration))
                {
                    line.registration_ended(*registration, status.map(|status| status.as_u16()), out, now);
                }
            }
            SipEvent::Probed { probe, status, retry_after } => {
                let answered = status.is_some();
                self.lines.values_mut().any(|line| line.probed(*probe, answered, *retry_after, out, now));
            }
            _ => {}
        }
    }

    fn judge(&mut self, session: SessionId, verdict: Verdict, out: &mut Outbox, now: Moment) {
        let Some(call) = self.calls.get_mut(&session).filter(|call| !call.judged) else { return };
        let Some(line) = self.lines.get_mut(&call.trunk) else { return };
        call.judged = true;
        match verdict {
            Verdict::Works => {
                line.breaker.succeeded();
                line.pulse.alive(call.over);
            }
            Verdict::Failed { rest } => {
                line.breaker.failed(now);
                if let Some(rest) = rest {
                    line.pulse.rest(call.over, rest, now);
                }
            }
            Verdict::Nothing => line.breaker.abandoned(now),
        }
        line.tell(out, now);
    }

    /// Tells of a limit that turned a call away.
    pub fn refused(trunk: &str, trouble: TrunkTrouble, out: &mut Outbox) {
        let notice = Notice::TrunkPassedOver { trunk: trunk.to_owned(), trouble };
        out.outputs.push_back(SwitchboardOutput::Notice(notice));
    }
}

/// What a call says of its trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Works,
    Failed { rest: Option<Duration> },
    Nothing,
}

fn verdict(end: &SessionEnd) -> Verdict {
    match end {
        // RFC 3261 §21.5.4: nothing more to this server before Retry-After.
        SessionEnd::Refused { status, retry_after, .. } if status.as_u16() == 503 => {
            Verdict::Failed { rest: *retry_after }
        }
        SessionEnd::Refused { status, .. } if is_of_the_way(status.as_u16()) => {
            Verdict::Failed { rest: None }
        }
        SessionEnd::Refused { .. } => Verdict::Works,
        SessionEnd::NoResponse | SessionEnd::TransportFailed => Verdict::Failed { rest: Some(REST) },
        _ => Verdict::Nothing,
    }
}

/// Whether a refusal says that this way does not work, rather than something about the called party (RFC 3263 §4.3,
/// RFC 3261 §21.4.9, §21.5).
pub(crate) fn is_of_the_way(status: u16) -> bool {
    status == 408 || (500..600).contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_sip_message::StatusCode;

    #[test]
    fn what_the_end_of_a_call_says_of_its_trunk() {
        let refused = |status: u16, wait: Option<u64>| SessionEnd::Refused {
            status: StatusCode::new(status).expect("a status"),
            retry_after: wait.map(Duration::from_secs),
            reason: None,
            redirects: Vec::new(),
        };
        let failed = |rest: Option<u64>| Verdict::Failed { rest: rest.map(Duration::from_secs) };
        let table = [
            (refused(486, None), Verdict::Works),
            (refused(404, None), Verdict::Works),
            (refused(603, None), Verdict::Works),
            (refused(302, None), Verdict::Works),
            (refused(408, None), failed(None)),
            (refused(500, None), failed(None)),
            (refused(503, None), failed(None)),
            (refused(503, Some(90)), failed(Some(90))),
            (SessionEnd::NoResponse, failed(Some(30))),
            (SessionEnd::TransportFailed, failed(Some(30))),
            (SessionEnd::EndedHere, Verdict::Nothing),
            (SessionEnd::HungUpByPeer { reason: None }, Verdict::Nothing),
        ];
        for (end, expected) in table {
            assert_eq!(verdict(&end), expected, "{end:?}");
        }
    }
}
