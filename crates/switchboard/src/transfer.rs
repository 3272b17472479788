//! Putting a caller through: one attempt at one telephone, with a typed outcome whatever happens.

use crate::desk::Desk;
use crate::leg::Leg;
use crate::routing::Party;
use frontdesk_call_flow::TransferOutcome;
use frontdesk_call_record::LegRole;
use frontdesk_identifiers::{Moment, TelephoneNumber, TenantId};
use frontdesk_media_protocol::AgreedAudio;
use frontdesk_session_description::{complete, offer};
use frontdesk_sip_message::{NameAddr, StatusCode, Uri};
use frontdesk_sip_stack::{Flow, OutgoingCall, SessionEnd, SipCommand};
use std::time::Duration;

/// An attempt that has not come to its end.
#[derive(Debug)]
pub(crate) struct Transfer {
    pub leg: Leg,
    pub stage: Stage,
    contact: Uri,
    from: NameAddr,
    /// How many hops the call may take from here on: this desk is one (RFC 7332).
    hops: u8,
    ring: Duration,
}

/// How far the attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The port for the called telephone is being opened.
    OpeningPort,
    /// The INVITE is out.
    Calling { until: Moment },
    /// The telephone rings.
    Ringing { until: Moment },
    /// The two talk.
    Talking,
}

/// Where a registered telephone can be reached now.
struct Contact {
    uri: Uri,
    flow: Flow,
}

impl Transfer {
    /// Starts the attempt, or tells why there is nothing to attempt.
    pub fn begin(
        caller: &Party,
        target: &TelephoneNumber,
        ring: Duration,
        desk: &mut Desk<'_>,
    ) -> Result<Transfer, TransferOutcome> {
        let contact = reach(&caller.tenant, target, desk).ok_or(TransferOutcome::Unreachable)?;
        let from = caller.presented(contact.flow.local.ip());
        let leg = Leg::open(LegRole::Callee, None, contact.flow, desk);
        let hops = caller.hops.saturating_sub(1);
        Ok(Transfer { leg, stage: Stage::OpeningPort, contact: contact.uri, from, hops, ring })
    }

    /// The port is open: the offer can be made.
    pub fn invite(&mut self, desk: &mut Desk<'_>) -> Option<TransferOutcome> {
        let Some(local) = self.leg.local_audio() else { return Some(TransferOutcome::Unreachable) };
        let session = desk.out.session();
        self.leg.session = Some(session);
        self.stage = Stage::Calling { until: desk.now + self.ring };
        desk.out.sip(SipCommand::Invite(Box::new(OutgoingCall {
            session,
            target: self.contact.clone(),
            flow: self.leg.flow,
            from: self.from.clone(),
            to: NameAddr::from(self.contact.clone()),
            description: offer(&local),
            credentials: None,
            extra: vec![("Max-Forwards".to_owned(), self.hops.to_string())],
        })));
        None
    }

    /// The telephone rings. True the first time.
    pub fn rings(&mut self) -> bool {
        match self.stage {
            Stage::Calling { until } => {
                self.stage = Stage::Ringing { until };
                true
            }
            Stage::OpeningPort | Stage::Ringing { .. } | Stage::Talking => false,
        }
    }

    /// The person answered: what the sound needs to know, unless the answer cannot be used.
    pub fn answered(
        &mut self,
        description: &[u8],
        desk: &mut Desk<'_>,
    ) -> Result<AgreedAudio, TransferOutcome> {
        let local = self.leg.local_audio().ok_or(TransferOutcome::Unreachable)?;
        let audio = complete(&local, description).map_err(|_| TransferOutcome::Unreachable)?;
        // Somebody who answers with a hold has not held anybody yet: there is nothing to notice.
        let _ = self.leg.configure(audio, desk);
        self.stage = Stage::Talking;
        Ok(audio)
    }

    pub fn is_talking(&self) -> bool {
        self.stage == Stage::Talking
    }

    /// When the flow's patience is over.
    pub fn deadline(&self) -> Option<Moment> {
        match self.stage {
            Stage::Calling { until } | Stage::Ringing { until } => Some(until),
            Stage::OpeningPort | Stage::Talking => None,
        }
    }

    /// What the end of the called leg's session means.
    pub fn outcome(&self, end: &SessionEnd) -> TransferOutcome {
        let rang = matches!(self.stage, Stage::Ringing { .. });
        if self.stage == Stage::Talking {
            return TransferOutcome::Completed;
        }
        match end {
            SessionEnd::Refused { status, .. } => outcome_of_status(*status, rang),
            SessionEnd::NoResponse if rang => TransferOutcome::NoAnswer,
            _ => TransferOutcome::Unreachable,
        }
    }
}

/// RFC 3261 §21: what a final status says about the person, not about the protocol.
fn outcome_of_status(status: StatusCode, rang: bool) -> TransferOutcome {
    match status.as_u16() {
        486 | 600 => TransferOutcome::Busy,
        603 | 607 => TransferOutcome::Declined,
        408 | 480 | 487 if rang => TransferOutcome::NoAnswer,
        _ => TransferOutcome::Unreachable,
    }
}

/// The contact that was bound last rings. (Forking to all of them is the SIP side's next step.)
fn reach(tenant: &TenantId, target: &TelephoneNumber, desk: &Desk<'_>) -> Option<Contact> {
    let phone = desk.rules.directory.phone(tenant, target)?;
    let bindings = desk.stack.bindings(phone.number.as_str());
    // Of equals `max_by_key` takes the last, and bindings stand in the order in which they were refreshed.
    let wanted = bindings.max_by_key(|binding| binding.preference)?;
    Some(Contact { uri: wanted.contact.clone(), flow: wanted.flow })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_final_status_has_an_outcome() {
        let status = |code| StatusCode::new(code).expect("a status");
        assert_eq!(outcome_of_status(status(486), false), TransferOutcome::Busy);
        assert_eq!(outcome_of_status(status(600), true), TransferOutcome::Busy);
        assert_eq!(outcome_of_status(status(603), true), TransferOutcome::Declined);
        assert_eq!(outcome_of_status(status(480), true), TransferOutcome::NoAnswer);
        assert_eq!(outcome_of_status(status(480), false), TransferOutcome::Unreachable);
        assert_eq!(outcome_of_status(status(404), true), TransferOutcome::Unreachable);
        assert_eq!(outcome_of_status(status(302), false), TransferOutcome::Unreachable);
    }
}
