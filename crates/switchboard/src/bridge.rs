//! How a caller is put through: the call's side of a transfer, from the first ring to the last word of the two.

use crate::attempt::Failure;
use crate::call::{Call, Serving, Stage};
use crate::desk::Desk;
use crate::doctor;
use crate::fault;
use crate::leg::Leg;
use crate::reason::{self, COMPLETED_ELSEWHERE};
use crate::transfer::Transfer;
use frontdesk_call_flow::{FlowEvent, TransferOutcome};
use frontdesk_call_record::{EndReason, Fact, LegRole, TransferEnd, TransferKind};
use frontdesk_identifiers::{LegId, TelephoneNumber};
use frontdesk_media_protocol::AgreedAudio;
use frontdesk_sip_stack::SessionEnd;
use std::time::Duration;

impl Call {
    pub fn begin_transfer(&mut self, target: TelephoneNumber, ring: Duration, desk: &mut Desk<'_>) {
        self.abandon_transfer(desk);
        if let Some(way) = self.way_to_pass(self.caller.session, &target, desk) {
            return self.pass_on(way, None, ring, desk);
        }
        self.begin_transfer_here(target, ring, desk);
    }

    /// Calls whom the caller shall be put through to, on a leg of this desk.
    pub fn begin_transfer_here(&mut self, target: TelephoneNumber, ring: Duration, desk: &mut Desk<'_>) {
        let kind = match self.serving {
            Serving::Flow(_) => TransferKind::Flow,
            Serving::Phone(_) | Serving::Nobody => TransferKind::Dialled,
        };
        self.record.tell(Fact::TransferStarted { target: target.to_string().into(), kind }, desk);
        match Transfer::begin(&self.party, &target, ring, desk) {
            Ok(transfer) => self.transfer = Some(transfer),
            Err(outcome) => {
                self.diagnose_unregistered(&target, desk);
                self.transfer_ended(outcome, desk);
            }
        }
    }

    /// The transfer that calls by this leg: the caller's, or one that a party asked for by REFER.
    pub fn calling(&mut self, leg: LegId) -> Option<&mut Transfer> {
        let referred = self.referral.as_mut().map(|referral| &mut referral.transfer);
        self.transfer.iter_mut().chain(referred).find(|transfer| transfer.legs().any(|one| one.id == leg))
    }

    /// The port for a contact of the called telephone is open.
    pub fn called_port_opened(&mut self, leg: LegId, desk: &mut Desk<'_>) {
        let spoken = self.caller.speaks;
        let Some(transfer) = self.calling(leg) else { return };
        if !transfer.invite(leg, spoken, desk) {
            self.attempt_failed(leg, Failure::UNREACHABLE, desk);
        }
    }

    /// The called telephone rings in one of its places.
    pub fn called_rings(&mut self, leg: LegId, desk: &mut Desk<'_>) {
        if self.called_rings_silently(leg, desk) {
            self.start_ring_tone(desk);
        }
    }

    /// The same, without a word to the caller. True the first time that any place rings.
    pub fn called_rings_silently(&mut self, leg: LegId, desk: &mut Desk<'_>) -> bool {
        let first = self.calling(leg).is_some_and(|transfer| transfer.rings(leg));
        if first {
            let fact = if self.is_summoning() { Fact::Ringing } else { Fact::TransferRinging };
            self.record.tell(fact, desk);
        }
        first
    }

    /// A person answered: it stops ringing in the other places, and the two are joined.
    pub fn called_answered(&mut self, leg: LegId, description: &[u8], desk: &mut Desk<'_>) {
        let referred = self.is_referred_to(leg);
        let Some(transfer) = self.calling(leg) else { return };
        let Some((audio, others)) = transfer.answered(leg, description, desk) else {
            let refusal = transfer.refusal(leg, description);
            let finding = refusal.and_then(|refusal| doctor::of_refusal(&refusal, LegRole::Callee));
            self.diagnose(finding, desk);
            return self.attempt_failed(leg, Failure::UNREACHABLE, desk);
        };
        self.retire(others, Some(COMPLETED_ELSEWHERE), desk);
        if self.is_summoning() {
            return self.summoned(audio, desk);
        }
        self.told_answered(audio, desk);
        if referred {
            return self.referral_answered(leg, desk);
        }
        self.meet(leg, desk);
    }

    /// Somebody answered who is called for the caller.
    pub fn told_answered(&mut self, audio: AgreedAudio, desk: &mut Desk<'_>) {
        self.suspicions.clear();
        self.reason = None;
        self.record.tell(Fact::TransferAnswered, desk);
        self.record.tell(crate::encryption::agreed(LegRole::Callee, &audio), desk);
    }

    /// The caller and who answered talk.
    pub fn meet(&mut self, leg: LegId, desk: &mut Desk<'_>) {
        self.stop_ring_tone(desk);
        if matches!(self.stage, Stage::Alerting { .. }) {
            self.accept_caller(desk);
        }
        self.join(leg, desk);
        self.order_checkup(desk);
        self.record.tell(Fact::Bridged, desk);
        self.tell_flow(FlowEvent::TransferAnswered, desk);
    }

    /// A called leg's session is over.
    pub fn called_session_ended(&mut self, leg: LegId, end: &SessionEnd, desk: &mut Desk<'_>) {
        self.diagnose_end(leg, end, desk);
        let Some(transfer) = self.calling(leg) else { return };
        if let Some(ended) = transfer.legs_mut().find(|one| one.id == leg) {
            ended.session = None;
        }
        if transfer.talking().is_none() {
            let failure = transfer.failure(leg, end, desk);
            self.reason = reason::of_end(end).or(self.reason.take());
            return self.attempt_failed(leg, failure, desk);
        }
        if self.is_referrer(leg) {
            return self.referrer_left(desk);
        }
        if self.is_passer(leg) {
            return self.passer_left(desk);
        }
        self.reason = reason::of_end(end);
        match fault::of_broken_session(end, LegRole::Callee) {
            Some((reason, fault)) => self.end(reason, fault, desk),
            None => {
                self.abandon_referral(desk);
                self.transfer_over(TransferOutcome::Completed, desk);
            }
        }
    }

    /// The telephone has rung as long as it may.
    pub fn end_ringing_when_due(&mut self, desk: &mut Desk<'_>) {
        self.end_referral_when_due(desk);
        self.end_passing_when_due(desk);
        self.leave_silent_ways(desk);
        let Some(transfer) = &self.transfer else { return };
        if transfer.patience_ends().is_none_or(|until| desk.now < until) {
            return;
        }
        let outcome = transfer.outcome_of_patience();
        self.transfer_over(outcome, desk);
    }

    /// One contact failed: its leg retires, the others go on, and if it was the last the next ones ring.
    pub fn attempt_failed(&mut self, leg: LegId, failure: Failure, desk: &mut Desk<'_>) {
        let referred = self.is_referred_to(leg);
        let Some(transfer) = self.calling(leg) else { return };
        let Some(attempt) = transfer.take(leg) else { return };
        let over = transfer.failed(failure, desk);
        let rings = transfer.is_ringing();
        self.retire(vec![attempt.leg], None, desk);
        match over {
            Some(outcome) if referred => self.referral_failed(outcome, desk),
            Some(outcome) => self.transfer_over(outcome, desk),
            // Whose sound was heard is gone, and others ring.
            None if rings && !referred => self.start_ring_tone(desk),
            None => {}
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
        if !self.is_summoning() {
            self.record.tell(Fact::TransferEnded { outcome }, desk);
        }
    }

    pub fn retire_called_legs(&mut self, desk: &mut Desk<'_>) -> bool {
        let Some(transfer) = self.transfer.take() else { return false };
        let reason = self.reason.clone();
        self.retire(transfer.into_legs(), reason.as_deref(), desk);
        true
    }

    /// Ends legs, and keeps them until they are gone.
    pub fn retire(&mut self, legs: Vec<Leg>, reason: Option<&str>, desk: &mut Desk<'_>) {
        for mut leg in legs {
            self.part_from(leg.id, desk);
            leg.end(reason.map(str::to_owned), desk);
            self.retired.push(leg);
        }
    }

    pub fn transfer_ended(&mut self, outcome: TransferOutcome, desk: &mut Desk<'_>) {
        if outcome == TransferOutcome::Unreachable {
            self.tell_suspicions(desk);
        }
        self.suspicions.clear();
        if self.is_summoning() {
            return self.summons_failed(outcome, desk);
        }
        self.record.tell(Fact::TransferEnded { outcome: fault::transfer_end(outcome) }, desk);
        self.stop_ring_tone(desk);
        match &mut self.serving {
            Serving::Flow(_) => {
                self.reason = None;
                self.tell_flow(FlowEvent::TransferEnded(outcome), desk);
            }
            Serving::Phone(_) | Serving::Nobody if outcome == TransferOutcome::Completed => {
                self.end(EndReason::CalleeHungUp, None, desk);
            }
            Serving::Phone(_) | Serving::Nobody => {
                let (status, reason) = fault::of_failed_call(outcome);
                self.refuse(status, reason, None, desk);
            }
        }
    }
}
