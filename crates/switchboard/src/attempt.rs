//! One contact of a telephone being rung: its leg, its INVITE, and what its refusal means.

use crate::desk::Desk;
use crate::early::Way;
use crate::leg::Leg;
use crate::lights::Light;
use frontdesk_call_flow::TransferOutcome;
use frontdesk_call_record::LegRole;
use frontdesk_identifiers::TelephoneNumber;
use frontdesk_media_protocol::AgreedAudio;
use frontdesk_session_description::{complete, offer};
use frontdesk_sip_message::{NameAddr, StatusCode, Uri};
use frontdesk_sip_stack::{Flow, OutgoingCall, SessionEnd, SipCommand};
use std::sync::Arc;

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
        leg.phone = contact.phone;
        Attempt {
            leg,
            stage: Stage::OpeningPort,
            contact: contact.uri,
            from: contact.from,
            early: None,
            routes: contact.routes,
        }
    }

    /// The port is open: the offer is made. False if there is none to make.
    pub fn invite(&mut self, hops: u8, desk: &mut Desk<'_>) -> bool {
        let Some(local) = self.leg.local_audio() else { return false };
        let session = desk.out.session();
        self.leg.session = Some(session);
        self.stage = Stage::Calling;
        desk.out.sip(SipCommand::Invite(Box::new(OutgoingCall {
            session,
            target: self.contact.clone(),
            flow: self.leg.flow,
            from: self.from.clone(),
            to: NameAddr::from(self.contact.clone()),
            description: offer(&local),
            credentials: None,
            routes: std::mem::take(&mut self.routes),
            quirks: Arc::default(),
            extra: vec![("Max-Forwards".to_owned(), hops.to_string())],
        })));
        true
    }

    pub fn rings(&mut self) {
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

    pub fn is_ringing(&self) -> bool {
        self.stage == Stage::Ringing
    }

    /// What the end of its session means.
    pub fn failure(&self, end: &SessionEnd) -> Failure {
        match end {
            SessionEnd::Refused { status, .. } => failure_of_status(*status, self.is_ringing()),
            SessionEnd::NoResponse if self.is_ringing() => {
                Failure { outcome: TransferOutcome::NoAnswer, for_all: false }
            }
            _ => Failure::UNREACHABLE,
        }
    }
}

/// RFC 3261 §21: what a final status says about the person, not about the protocol.
fn failure_of_status(status: StatusCode, rang: bool) -> Failure {
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
    fn only_what_is_said_for_everywhere_ends_the_other_attempts() {
        let for_all = |code| failure_of_status(StatusCode::new(code).expect("a status"), true).for_all;
        assert!(for_all(600) && for_all(603) && for_all(604) && for_all(607));
        assert!(!for_all(486) && !for_all(480) && !for_all(302) && !for_all(503));
    }
}
