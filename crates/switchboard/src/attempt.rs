//! One contact of a telephone being rung: its leg, its INVITE, and what its refusal means.

use crate::cause;
use crate::codecs;
use crate::desk::Desk;
use crate::early::Way;
use crate::encryption::{self, Security};
use crate::leg::Leg;
use crate::lights::Light;
use crate::trunk::{OverTrunk, Trunks, is_of_the_way};
use frontdesk_call_flow::TransferOutcome;
use frontdesk_call_record::{Fact, LegRole};
use frontdesk_identifiers::{Moment, TelephoneNumber};
use frontdesk_media_protocol::AgreedAudio;
use frontdesk_session_description::{complete, offer};
use frontdesk_sip_message::{NameAddr, Replaces, StatusCode, Uri};
use frontdesk_sip_stack::{Flow, OutgoingCall, SessionEnd, SessionId, SipCommand};
use std::sync::Arc;
use std::time::Duration;

/// How long a trunk may be silent altogether, without even a 100, before the next way is tried: four of timer A's INVITEs.
/// Where no way is left it has the whole of timer B (RFC 3261 §17.1.1.2).
const SILENCE_MAX: Duration = Duration::from_secs(4);

/// A contact that has neither answered nor failed.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub leg: Leg,
    stage: Stage,
    contact: Uri,
    from: NameAddr,
    routes: Vec<NameAddr>,
    /// What its latest early description says.
    early: Option<AgreedAudio>,
    /// The trunk that carries it, if one does.
    pub over: Option<Box<OverTrunk>>,
    /// Until when a trunk may be silent altogether; none once it said anything.
    silent_until: Option<Moment>,
}

/// How a call stands, for who watches the telephone.
impl Attempt {
    pub fn light(&self) -> Light {
        match self.stage {
            Stage::OpeningPort | Stage::Calling => Light::Trying,
            Stage::Ringing => Light::Early,
        }
    }
}

/// How far the attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The port for the called telephone is being opened.
    OpeningPort,
    /// The INVITE is out.
    Calling,
    /// The telephone rings.
    Ringing,
}

/// Where a registered telephone can be reached now.
#[derive(Debug)]
pub(crate) struct Contact {
    pub uri: Uri,
    pub flow: Flow,
    /// The proxies on the way (RFC 3327 §5.3), the next hop first.
    pub routes: Vec<NameAddr>,
    /// Who calls, as the telephone is told.
    pub from: NameAddr,
    /// The telephone of the house that it is.
    pub phone: Option<TelephoneNumber>,
    /// How much it is wanted, in thousandths (RFC 3261 §20.10).
    pub preference: u16,
    /// The trunk that carries the call; none for a telephone of the house.
    pub over: Option<Box<OverTrunk>>,
}

/// What the end of one attempt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    pub outcome: TransferOutcome,
    /// Whether it holds for every contact of the person: 6xx (RFC 3261 §21.6).
    pub for_all: bool,
}

impl Failure {
    /// This contact cannot be reached; another may.
    pub const UNREACHABLE: Failure = Failure { outcome: TransferOutcome::Unreachable, for_all: false };
}

impl Attempt {
    /// Begins with the media port: each contact has its own.
    pub fn begin(contact: Contact, desk: &mut Desk<'_>) -> Attempt {
        let mut leg = Leg::open(LegRole::Callee, None, contact.flow, desk);
        let policy = encryption::of_called(contact.phone.as_ref(), contact.over.as_deref(), desk);
        leg.security = Security::new(policy, desk);
        leg.codecs = codecs::of_called(contact.phone.as_ref(), contact.over.as_deref(), desk);
        leg.phone = contact.phone;
        Attempt {
            leg,
            stage: Stage::OpeningPort,
            contact: contact.uri,
            from: contact.from,
            early: None,
            routes: contact.routes,
            over: contact.over,
            silent_until: None,
        }
    }

    /// The port is open: the offer is made. False if there is none to make.
    pub fn invite(&mut self, hops: u8, in_place_of: Option<&Replaces>, desk: &mut Desk<'_>) -> bool {
        let Some(local) = self.leg.local_audio() else { return false };
        let session = desk.out.session();
        if !self.begin_over_trunk(session, desk) {
            return false;
        }
        self.leg.session = Some(session);
        self.stage = Stage::Calling;
        let over = self.over.as_deref();
        let mut extra = vec![("Max-Forwards".to_owned(), hops.to_string())];
        extra.extend(over.into_iter().flat_map(|over| over.extra.clone()));
        if let Some(dialog) = in_place_of {
            // RFC 3891 §4: who cannot do it says 420, and is not rung as by a call of its own.
            extra.push(("Require".to_owned(), "replaces".to_owned()));
            extra.push(("Replaces".to_owned(), dialog.to_string()));
        }
        desk.out.sip(SipCommand::Invite(Box::new(OutgoingCall {
            session,
            target: self.contact.clone(),
            flow: self.leg.flow,
            from: self.from.clone(),
            to: NameAddr::from(self.contact.clone()),
            description: offer(&local),
            credentials: over.and_then(|over| over.credentials.clone()),
            routes: std::mem::take(&mut self.routes),
            quirks: over.map(|over| Arc::clone(&over.quirks)).unwrap_or_default(),
            extra,
        })));
        true
    }

    /// The trunk takes it, if it goes over one: between the choice and now others may have filled it.
    fn begin_over_trunk(&mut self, session: SessionId, desk: &mut Desk<'_>) -> bool {
        let Some(over) = &self.over else { return true };
        let (trunk, emergency) = (over.trunk.name.clone(), over.emergency);
        if let Err(trouble) = desk.trunks.begin(&trunk, self.leg.flow, session, emergency, desk.now) {
            Trunks::refused(&trunk, trouble, desk.out);
            desk.out.aside.push(Fact::TrunkPassedOver { trunk, trouble });
            return false;
        }
        self.silent_until = Some(desk.now + SILENCE_MAX);
        let hop = format!("{} {}", self.leg.flow.transport.via_name(), self.leg.flow.remote);
        desk.out.aside.push(Fact::TrunkTried { trunk, hop, emergency });
        true
    }

    /// The other side said something, be it 100: somebody is there.
    pub fn speaks(&mut self) {
        self.silent_until = None;
    }

    /// Until when it may be silent altogether, if it goes over a trunk.
    pub fn silent_until(&self) -> Option<Moment> {
        self.silent_until
    }

    pub fn rings(&mut self) {
        self.speaks();
        self.stage = Stage::Ringing;
    }

    /// It described its sound before it answers: the sound is let in. False if the description cannot be used.
    pub fn heard_early(&mut self, description: &[u8], desk: &mut Desk<'_>) -> bool {
        let Some(local) = self.leg.local_audio() else { return false };
        let Ok(audio) = complete(&local, description) else { return false };
        self.early = Some(audio);
        self.leg.configure_early(audio, Way::In, desk);
        true
    }

    /// What is agreed by its answer. An empty one stands for what it described before: gateways that sent it
    /// unreliably leave it out of the 200, against RFC 3261 §13.2.1.
    pub fn agreed(&self, description: &[u8]) -> Option<AgreedAudio> {
        if description.is_empty() {
            return self.early;
        }
        complete(&self.leg.local_audio()?, description).ok()
    }

    /// Whether it described its sound before it answers.
    pub fn is_heard(&self) -> bool {
        self.early.is_some()
    }

    pub fn is_ringing(&self) -> bool {
        self.stage == Stage::Ringing
    }

    /// What the end of its session means.
    pub fn failure(&self, end: &SessionEnd) -> Failure {
        let failure = self.failure_of_end(end);
        let Some(_) = &self.over else { return failure };
        let of_the_way = match end {
            SessionEnd::Refused { status, reason, .. } => {
                let meant = meant(*status, reason.as_deref());
                is_of_the_way(meant.as_u16()) || is_of_the_account(meant)
            }
            SessionEnd::NoResponse | SessionEnd::TransportFailed => true,
            _ => false,
        };
        // Whoever rang was reached, and does not ring a second time over another trunk.
        Failure { for_all: self.is_ringing() || !of_the_way, ..failure }
    }

    fn failure_of_end(&self, end: &SessionEnd) -> Failure {
        match end {
            SessionEnd::Refused { status, reason, .. } => {
                failure_of_status(meant(*status, reason.as_deref()), self.is_ringing())
            }
            SessionEnd::NoResponse if self.is_ringing() => {
                Failure { outcome: TransferOutcome::NoAnswer, for_all: false }
            }
            _ => Failure::UNREACHABLE,
        }
    }
}

/// The status that is meant: a gateway that puts a Q.850 cause beside one that says little knows it from the telephone
/// network, where 503 with cause 17 is a busy line and no broken trunk (RFC 3326, RFC 6432).
fn meant(status: StatusCode, reason: Option<&str>) -> StatusCode {
    let says_little = matches!(status.as_u16(), 408 | 480 | 487 | 500..=599);
    let cause = reason.and_then(cause::of_reason).filter(|_| says_little);
    cause.and_then(|cause| StatusCode::new(cause::to_status(cause))).unwrap_or(status)
}

/// A trunk that does not take this side's account says nothing of the called party.
fn is_of_the_account(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 407)
}

/// RFC 3261 §21: what a final status says about the person, not about the protocol.
pub(crate) fn failure_of_status(status: StatusCode, rang: bool) -> Failure {
    let outcome = match status.as_u16() {
        486 | 600 => TransferOutcome::Busy,
        603 | 607 => TransferOutcome::Declined,
        408 | 480 | 487 if rang => TransferOutcome::NoAnswer,
        _ => TransferOutcome::Unreachable,
    };
    Failure { outcome, for_all: status.as_u16() >= 600 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_final_status_has_an_outcome() {
        let of = |code, rang| failure_of_status(StatusCode::new(code).expect("a status"), rang).outcome;
        assert_eq!(of(486, false), TransferOutcome::Busy);
        assert_eq!(of(600, true), TransferOutcome::Busy);
        assert_eq!(of(603, true), TransferOutcome::Declined);
        assert_eq!(of(480, true), TransferOutcome::NoAnswer);
        assert_eq!(of(480, false), TransferOutcome::Unreachable);
        assert_eq!(of(404, true), TransferOutcome::Unreachable);
        assert_eq!(of(302, false), TransferOutcome::Unreachable);
    }

    #[test]
    fn a_cause_from_the_telephone_network_says_what_a_vague_status_means() {
        let meant = |status, reason| meant(StatusCode::new(status).expect("a status"), reason).as_u16();
        assert_eq!(meant(503, Some("Q.850;cause=17")), 486);
        assert_eq!(meant(500, Some("Q.850;cause=1;text=\"Unallocated\"")), 404);
        assert_eq!(meant(480, Some("Q.850;cause=21")), 403);
        assert_eq!(meant(486, Some("Q.850;cause=41")), 486, "what is clear stays");
        assert_eq!(meant(503, Some("SIP;cause=486")), 503);
        assert_eq!(meant(503, None), 503);
    }

    #[test]
    fn only_what_is_said_for_everywhere_ends_the_other_attempts() {
        let for_all = |code| failure_of_status(StatusCode::new(code).expect("a status"), true).for_all;
        assert!(for_all(600) && for_all(603) && for_all(604) && for_all(607));
        assert!(!for_all(486) && !for_all(480) && !for_all(302) && !for_all(503));
    }
}
