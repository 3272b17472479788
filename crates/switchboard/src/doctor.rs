//! The call doctor: why a call failed, or why somebody in it hears nothing, from what the call itself saw.
//!
//! Findings are told once for each cause and party, when the evidence is there: an end or a refusal at once, sound that
//! does not come three seconds after it should. What is wrong with one of several trunks is told when none of them led
//! there; otherwise that it was tried or passed over is enough. What to do about each is in [`Cause::remedy`].

use crate::call::Call;
use crate::desk::Desk;
use crate::fault::of_party;
use crate::input::FlowFault;
use crate::leg::Leg;
use crate::transfer::Transfer;
use frontdesk_call_record::{Cause, Fact, LegRole, StreamSummary, TrunkTrouble, Whose};
use frontdesk_identifiers::{LegId, TelephoneNumber};
use frontdesk_media_protocol::{PortFault, Strangeness};
use frontdesk_session_description::Refusal;
use frontdesk_sip_stack::SessionEnd;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long after the answer the sound of both parties must have come.
pub(crate) const CHECKUP_AFTER: Duration = Duration::from_secs(3);

/// Findings about ways that failed while others wait: as many as a call tries, and the trunks that it passes over.
const SUSPICIONS_MAX: usize = 16;

/// What the doctor finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub cause: Cause,
    pub whose: Whose,
    pub evidence: String,
}

impl Finding {
    pub fn of(cause: Cause, whose: Whose, evidence: impl Into<String>) -> Option<Finding> {
        Some(Finding { cause, whose, evidence: evidence.into() })
    }
}

/// What the end of a session shows. `asked` is whether this side placed the call, `phone` whether a registered telephone
/// of the house is at the other end.
pub(crate) fn of_end(end: &SessionEnd, role: LegRole, phone: Option<&TelephoneNumber>) -> Option<Finding> {
    let party = of_party(role);
    match end {
        SessionEnd::NoAck => {
            Finding::of(Cause::NoAck, Whose::Network, "the 200 was repeated for 32 s and no ACK came")
        }
        SessionEnd::DialogGone => Finding::of(
            Cause::DialogLost,
            party,
            "a request within the call was answered with 481 or not at all",
        ),
        SessionEnd::TimerExpired => {
            Finding::of(Cause::SessionExpired, Whose::Network, "the session timer ran out without a refresh")
        }
        SessionEnd::TransportFailed => {
            Finding::of(Cause::NetworkRefused, Whose::Network, "what was sent could not be delivered")
        }
        SessionEnd::NoResponse => match phone {
            Some(number) => Finding::of(
                Cause::BindingLost,
                Whose::Network,
                format!("the INVITE to where {number} registered was not answered at all"),
            ),
            None => Finding::of(Cause::NetworkRefused, Whose::Network, "the INVITE was not answered at all"),
        },
        SessionEnd::Refused { status, .. } => of_status(status.as_u16(), party),
        _ => None,
    }
}

/// What a refusal of this side's INVITE shows. That somebody is busy is no illness.
fn of_status(status: u16, party: Whose) -> Option<Finding> {
    let refused = || format!("the INVITE was refused with {status}");
    match status {
        401 | 407 => Finding::of(
            Cause::WrongPassword,
            Whose::Operator,
            format!("{status} again after the credentials were sent"),
        ),
        404 | 410 | 484 | 604 => Finding::of(Cause::UnknownNumber, party, refused()),
        488 | 606 => Finding::of(Cause::NoCommonCodec, party, refused()),
        _ => None,
    }
}

/// Why a trunk was passed over.
fn of_trouble(trunk: &str, trouble: TrunkTrouble) -> Option<Finding> {
    let (cause, whose) = match trouble {
        TrunkTrouble::NotLocated => (Cause::NameNotFound, Whose::Operator),
        TrunkTrouble::TooManyCalls | TrunkTrouble::TooManyCallsPerSecond => {
            (Cause::TrunkLimit, Whose::Operator)
        }
        _ => (Cause::TrunkDown, Whose::Network),
    };
    Finding::of(cause, whose, format!("trunk {trunk} was passed over: {trouble}"))
}

/// What a description that cannot be served shows.
pub(crate) fn of_refusal(refusal: &Refusal, role: LegRole) -> Option<Finding> {
    let cause = match refusal {
        Refusal::NoCommonCodec => Cause::NoCommonCodec,
        Refusal::Secure | Refusal::Dtls | Refusal::NoCommonSuite => Cause::EncryptionOnly,
        Refusal::Plain => Cause::PlainOnly,
        _ => Cause::BadDescription,
    };
    Finding::of(cause, of_party(role), refusal.to_string())
}

/// What the counters of a stream that is over show.
pub(crate) fn of_stream(counters: &StreamSummary, role: LegRole) -> Option<Finding> {
    (counters.received == 0 && counters.refused > 0).then_some(())?;
    let evidence =
        format!("{} datagrams came to the {}'s port, none of its stream", counters.refused, role.as_str());
    Finding::of(Cause::StrangeSource, of_party(role), evidence)
}

/// Why a leg has no port.
pub(crate) fn of_port(fault: PortFault) -> Option<Finding> {
    let evidence = match fault {
        PortFault::RangeExhausted => "every port of the RTP range is taken",
        PortFault::EngineFull => "as many legs as the sound carries",
        // A wrong address in the settings: the fault in the record names it.
        _ => return None,
    };
    Finding::of(Cause::NoRoom, Whose::Operator, evidence)
}

/// Why what was sent could not be delivered.
fn of_flow(fault: &FlowFault, remote: SocketAddr) -> Option<Finding> {
    let evidence = format!("no connection to {remote}: {fault}");
    match fault {
        FlowFault::Certificate(_) => Finding::of(Cause::Certificate, Whose::Operator, evidence),
        _ => Finding::of(Cause::NetworkRefused, Whose::Network, evidence),
    }
}

/// What came to a leg's port in place of its sound.
fn of_strange(role: LegRole, from: SocketAddr, why: Strangeness) -> Option<Finding> {
    let what = match why {
        Strangeness::NotRtp => "no RTP".to_owned(),
        Strangeness::PayloadType(number) => format!("RTP of the payload type {number}, which was not agreed"),
        Strangeness::OwnStream => "what this desk sent itself".to_owned(),
        Strangeness::Insecure => "sound that is not encrypted with the keys that were agreed".to_owned(),
        _ => "RTP of another source".to_owned(),
    };
    let evidence = format!("what comes to the {}'s port from {from} is {what}", role.as_str());
    Finding::of(Cause::StrangeSource, of_party(role), evidence)
}

/// Why no sound comes from this leg, when it should; `others` is whether anybody else's sound came.
fn of_silence(leg: &Leg, others: Option<bool>) -> Option<Finding> {
    let agreed = leg.agreed?;
    if let Some((from, why)) = leg.strange {
        return of_strange(leg.role, from, why);
    }
    let (told, source) = (agreed.remote, leg.flow.remote.ip());
    if is_private(told.ip()) && !is_private(source) {
        let evidence =
            format!("the SDP of the {} says {told}, its SIP comes from {source}", leg.role.as_str());
        return Finding::of(Cause::PrivateAddress, of_party(leg.role), evidence);
    }
    let silent =
        format!("no RTP came from the {} (told at {told}) within 3 s of the answer", leg.role.as_str());
    match others {
        Some(false) => Finding::of(Cause::NoSound, Whose::Network, silent),
        _ => Finding::of(Cause::OneWay, of_party(leg.role), silent),
    }
}

/// Whether an address means something within a private network only (RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            ip.is_private() || ip.is_link_local() || ip.is_loopback() || shared
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

impl Call {
    /// Tells a finding, once for each cause and party.
    pub fn diagnose(&mut self, finding: Option<Finding>, desk: &mut Desk<'_>) {
        let Some(Finding { cause, whose, evidence }) = finding else { return };
        if self.diagnosed.insert((cause, whose)) {
            self.record.tell(Fact::Diagnosed { cause, whose, evidence }, desk);
        }
    }

    /// Writes down what parts of the call told that do not hold its record.
    pub fn tell_aside(&mut self, desk: &mut Desk<'_>) {
        for fact in std::mem::take(&mut desk.out.aside) {
            if let Fact::TrunkPassedOver { trunk, trouble } = &fact {
                self.suspect(of_trouble(trunk, *trouble));
            }
            self.record.tell(fact, desk);
        }
    }

    /// Keeps a finding about one of several ways until it is known whether another one led there.
    fn suspect(&mut self, finding: Option<Finding>) {
        if self.suspicions.len() < SUSPICIONS_MAX {
            self.suspicions.extend(finding);
        }
    }

    /// No way led to whom was called: what is known of each is told.
    pub fn tell_suspicions(&mut self, desk: &mut Desk<'_>) {
        self.tell_aside(desk);
        for finding in std::mem::take(&mut self.suspicions) {
            self.diagnose(Some(finding), desk);
        }
    }

    /// What the end of the session of a leg that stands or rings shows.
    pub fn diagnose_end(&mut self, leg: LegId, end: &SessionEnd, desk: &mut Desk<'_>) {
        let over_trunk = self.calling(leg).is_some_and(|transfer| transfer.trunk_of(leg).is_some());
        let Some(leg) = self.legs().find(|one| one.id == leg) else { return };
        let known = desk
            .out
            .flow_fault
            .as_ref()
            .filter(|(flow, _)| *end == SessionEnd::TransportFailed && flow.remote == leg.flow.remote);
        let finding = match known {
            Some((flow, fault)) => of_flow(fault, flow.remote),
            None => of_end(end, leg.role, leg.phone.as_ref()),
        };
        if over_trunk { self.suspect(finding) } else { self.diagnose(finding, desk) }
    }

    /// Nobody can be called: there is no place where the telephone registered.
    pub fn diagnose_unregistered(&mut self, target: &TelephoneNumber, desk: &mut Desk<'_>) {
        let Some(phone) = desk.rules.directory.phone(&self.party.tenant, target) else { return };
        if desk.stack.bindings(phone.account()).next().is_none() {
            let evidence = format!("{target} has no contact at this desk's registrar");
            self.diagnose(Finding::of(Cause::NotRegistered, Whose::Callee, evidence), desk);
        }
    }

    /// From now on sound should come from both: it is looked for soon.
    pub fn order_checkup(&mut self, desk: &Desk<'_>) {
        self.checkup_at = Some(desk.now + CHECKUP_AFTER);
    }

    /// The time of the checkup has come, if it has.
    pub fn check_up_when_due(&mut self, desk: &mut Desk<'_>) {
        if self.checkup_at.take_if(|at| *at <= desk.now).is_none() {
            return;
        }
        let talking = self.transfer.as_ref().and_then(Transfer::talking);
        let legs: Vec<&Leg> = std::iter::once(&self.caller).chain(talking).collect();
        // Who holds, or was told to be silent, owes nothing.
        let owes = |leg: &&&Leg| leg.agreed.is_some_and(|audio| audio.direction.receives()) && !leg.arrived;
        let findings: Vec<Option<Finding>> = legs
            .iter()
            .filter(owes)
            .map(|leg| {
                let mut others = legs.iter().filter(|one| one.id != leg.id);
                let others = (legs.len() > 1).then(|| others.any(|one| one.arrived));
                of_silence(leg, others)
            })
            .collect();
        for finding in findings {
            self.diagnose(finding, desk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_sip_message::StatusCode;

    fn cause(end: &SessionEnd) -> Option<Cause> {
        of_end(end, LegRole::Callee, None).map(|finding| finding.cause)
    }

    fn refused(code: u16) -> Option<Cause> {
        let status = StatusCode::new(code).expect("a status");
        cause(&SessionEnd::Refused { status, retry_after: None, reason: None, redirects: Vec::new() })
    }

    #[test]
    fn every_end_that_is_an_illness_has_its_cause() {
        assert_eq!(cause(&SessionEnd::NoAck), Some(Cause::NoAck));
        assert_eq!(cause(&SessionEnd::DialogGone), Some(Cause::DialogLost));
        assert_eq!(cause(&SessionEnd::TimerExpired), Some(Cause::SessionExpired));
        assert_eq!(cause(&SessionEnd::TransportFailed), Some(Cause::NetworkRefused));
        assert_eq!(cause(&SessionEnd::NoResponse), Some(Cause::NetworkRefused));
        let phone = TelephoneNumber::new("1001").expect("a number");
        let lost = of_end(&SessionEnd::NoResponse, LegRole::Callee, Some(&phone)).expect("a finding");
        assert_eq!(lost.cause, Cause::BindingLost);
        assert!(lost.evidence.contains("1001"));
        assert_eq!(refused(401), Some(Cause::WrongPassword));
        assert_eq!(refused(407), Some(Cause::WrongPassword));
        assert_eq!(refused(404), Some(Cause::UnknownNumber));
        assert_eq!(refused(488), Some(Cause::NoCommonCodec));
    }

    #[test]
    fn a_trunk_that_is_passed_over_has_its_cause() {
        let cause = |trouble| of_trouble("carrier", trouble).map(|finding| finding.cause);
        assert_eq!(cause(TrunkTrouble::NotLocated), Some(Cause::NameNotFound));
        assert_eq!(cause(TrunkTrouble::TooManyCalls), Some(Cause::TrunkLimit));
        assert_eq!(cause(TrunkTrouble::BreakerOpen), Some(Cause::TrunkDown));
        assert_eq!(cause(TrunkTrouble::NotRegistered), Some(Cause::TrunkDown));
    }

    #[test]
    fn people_who_hang_up_or_are_busy_are_not_ill() {
        for code in [480, 486, 487, 600, 603] {
            assert_eq!(refused(code), None, "{code}");
        }
        assert_eq!(cause(&SessionEnd::HungUpByPeer { reason: None }), None);
        assert_eq!(cause(&SessionEnd::CancelledByPeer { reason: None }), None);
        assert_eq!(cause(&SessionEnd::EndedHere), None);
    }

    #[test]
    fn a_description_that_cannot_be_served_says_why() {
        let found = |refusal| of_refusal(&refusal, LegRole::Caller).expect("a finding");
        assert_eq!(found(Refusal::Secure).cause, Cause::EncryptionOnly);
        assert_eq!(found(Refusal::NoCommonCodec).cause, Cause::NoCommonCodec);
        let unreadable = found(Refusal::NoAddress);
        assert_eq!((unreadable.cause, unreadable.whose), (Cause::BadDescription, Whose::Caller));
        assert!(unreadable.evidence.contains("no address"));
    }

    #[test]
    fn datagrams_of_which_none_is_of_the_stream_come_from_elsewhere() {
        let counters = |received, refused| StreamSummary { received, refused, ..StreamSummary::default() };
        let strange = of_stream(&counters(0, 250), LegRole::Callee).expect("a finding");
        assert_eq!((strange.cause, strange.whose), (Cause::StrangeSource, Whose::Callee));
        assert_eq!(of_stream(&counters(1, 250), LegRole::Callee), None);
        assert_eq!(of_stream(&counters(0, 0), LegRole::Callee), None);
    }

    #[test]
    fn addresses_of_private_networks_are_known() {
        for text in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.5",
            "100.64.0.1",
            "169.254.1.1",
            "127.0.0.1",
            "fd00::1",
            "fe80::1",
        ] {
            assert!(is_private(text.parse().expect("an address")), "{text}");
        }
        for text in ["203.0.113.1", "172.32.0.1", "100.128.0.1", "2001:db8::1"] {
            assert!(!is_private(text.parse().expect("an address")), "{text}");
        }
    }
}
