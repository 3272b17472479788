//! How a caller is put through: the call's side of a transfer, from the first ring to the last word of the two.

use crate::attempt::Failure;
use crate::call::{Call, Serving};
use crate::desk::Desk;
use crate::fault;
use crate::leg::Leg;
use crate::transfer::Transfer;
use frontdesk_call_flow::{FlowEvent, TransferOutcome};
use frontdesk_call_record::{EndReason, Fact, LegRole, TransferEnd, TransferKind};
use frontdesk_identifiers::{LegId, TelephoneNumber};
use frontdesk_media_protocol::MediaCommand;
use frontdesk_sip_stack::SessionEnd;
use std::time::Duration;

/// Why a telephone stops ringing when the call was answered at another place (RFC 3326 §2).
const COMPLETED_ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

impl Call {
    pub fn begin_transfer(&mut self, target: TelephoneNumber, ring: Duration, desk: &mut Desk<'_>) {
        self.abandon_transfer(desk);
        let kind = match self.serving {
            Serving::Flow(_) => TransferKind::Flow,
            Serving::Phone(_) => TransferKind::Dialled,
        };
        self.record.tell(Fact::TransferStarted { target: target.to_string().into(), kind }, desk);
        match Transfer::begin(&self.party, &target, ring, desk) {
            Ok(transfer) => self.transfer = Some(transfer),
            Err(outcome) => self.transfer_ended(outcome, desk),
        }
    }

    /// The port for a contact of the called telephone is open.
    pub fn called_port_opened(&mut self, leg: LegId, desk: &mut Desk<'_>) {
        let Some(transfer) = &mut self.transfer else { return };
        if !transfer.invite(leg, desk) {
            self.attempt_failed(leg, Failure::UNREACHABLE, desk);
        }
    }

    /// The called telephone rings in one of its places.
    pub fn called_rings(&mut self, leg: LegId, desk: &mut Desk<'_>) {
        let Some(transfer) = &mut self.transfer else { return };
        if !transfer.rings(leg) {
            return;
        }
        self.record.tell(Fact::TransferRinging, desk);
        match &mut self.serving {
            Serving::Flow(conversation) => conversation.start_ringback(desk),
            Serving::Phone(_) => self.ring_caller(desk),
        }
    }

    /// A person answered: it stops ringing in the other places, and the two are joined.
    pub fn called_answered(&mut self, leg: LegId, description: &[u8], desk: &mut Desk<'_>) {
        let Some(transfer) = &mut self.transfer else { return };
        let Some((audio, others)) = transfer.answered(leg, description, desk) else {
            return self.attempt_failed(leg, Failure::UNREACHABLE, desk);
        };
        // RFC 3326 §2: a telephone that reads it does not list the call as missed.
        self.retire(others, Some(COMPLETED_ELSEWHERE), desk);
        let (first, second) = (self.caller.id, leg);
        self.record.tell(Fact::TransferAnswered, desk);
        let codec = audio.codec.encoding_name().to_owned();
        self.record.tell(Fact::MediaAgreed { leg: LegRole::Callee, codec }, desk);
        match &mut self.serving {
            Serving::Flow(conversation) => conversation.stop_ringback(desk),
            Serving::Phone(_) => self.accept_caller(desk),
        }
        desk.out.media(MediaCommand::Bridge { first, second });
        self.record.tell(Fact::Bridged, desk);
        self.tell_flow(FlowEvent::TransferAnswered, desk);
    }

    /// A called leg's session is over.
    pub fn called_session_ended(&mut self, leg: LegId, end: &SessionEnd, desk: &mut Desk<'_>) {
        let Some(transfer) = &mut self.transfer else { return };
        if let Some(ended) = transfer.legs_mut().find(|one| one.id == leg) {
            ended.session = None;
        }
        if transfer.talking().is_none() {
            let failure = transfer.failure(leg, end);
            return self.attempt_failed(leg, failure, desk);
        }
        match fault::of_broken_session(end, LegRole::Callee) {
            Some((reason, fault)) => self.end(reason, fault, desk),
            None => self.transfer_over(TransferOutcome::Completed, desk),
        }
    }

    /// The telephone has rung as long as it may.
    pub fn end_ringing_when_due(&mut self, desk: &mut Desk<'_>) {
        let Some(transfer) = &self.transfer else { return };
        if transfer.deadline().is_none_or(|until| desk.now < until) {
            return;
        }
        let outcome = transfer.outcome_of_patience();
        self.transfer_over(outcome, desk);
    }

    /// One contact failed: its leg retires, the others go on, and if it was the last the next ones ring.
    pub fn attempt_failed(&mut self, leg: LegId, failure: Failure, desk: &mut Desk<'_>) {
        let Some(transfer) = &mut self.transfer else { return };
        let Some(attempt) = transfer.take(leg) else { return };
        let over = transfer.failed(failure, desk);
        self.retire(vec![attempt.leg], None, desk);
        if let Some(outcome) = over {
            self.transfer_over(outcome, desk);
        }
    }

    /// The transfer is over: its legs retire, and the caller goes on as the outcome says.
    fn transfer_over(&mut self, outcome: TransferOutcome, desk: &mut Desk<'_>) {
        if self.retire_called_legs(desk) {
            self.transfer_ended(outcome, desk);
        }
    }

    /// Ends a transfer that nobody waits for any more: the caller left, or wants somebody else.
    pub fn abandon_transfer(&mut self, desk: &mut Desk<'_>) {
        let Some(transfer) = &self.transfer else { return };
        let talked = transfer.talking().is_some();
        let outcome = if talked { TransferEnd::Completed } else { TransferEnd::CallerLeft };
        self.retire_called_legs(desk);
        self.record.tell(Fact::TransferEnded { outcome }, desk);
    }

    fn retire_called_legs(&mut self, desk: &mut Desk<'_>) -> bool {
        let Some(transfer) = self.transfer.take() else { return false };
        if let Some(leg) = transfer.talking() {
            desk.out.media(MediaCommand::Unbridge { first: self.caller.id, second: leg.id });
        }
        self.retire(transfer.into_legs(), None, desk);
        true
    }

    /// Ends legs, and keeps them until they are gone.
    fn retire(&mut self, legs: Vec<Leg>, reason: Option<&str>, desk: &mut Desk<'_>) {
        for mut leg in legs {
            leg.end(reason.map(str::to_owned), desk);
            self.retired.push(leg);
        }
    }

    fn transfer_ended(&mut self, outcome: TransferOutcome, desk: &mut Desk<'_>) {
        self.record.tell(Fact::TransferEnded { outcome: fault::transfer_end(outcome) }, desk);
        match &mut self.serving {
            Serving::Flow(conversation) => {
                let event = conversation.transfer_ended(outcome, desk);
                self.tell_flow(event, desk);
            }
            Serving::Phone(_) if outcome == TransferOutcome::Completed => {
                self.end(EndReason::CalleeHungUp, None, desk);
            }
            Serving::Phone(_) => {
                let (status, reason) = fault::of_failed_call(outcome);
                self.refuse(status, reason, None, desk);
            }
        }
    }
}
