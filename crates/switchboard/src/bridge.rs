//! How a caller is put through: the call's side of a transfer, from the first ring to the last word of the two.

use crate::call::{Call, Serving};
use crate::desk::Desk;
use crate::fault;
use crate::transfer::{Stage, Transfer};
use frontdesk_call_flow::{FlowEvent, TransferOutcome};
use frontdesk_call_record::{EndReason, Fact, LegRole, TransferEnd};
use frontdesk_identifiers::TelephoneNumber;
use frontdesk_media_protocol::MediaCommand;
use frontdesk_sip_stack::SessionEnd;
use std::time::Duration;

impl Call {
    pub fn begin_transfer(&mut self, target: TelephoneNumber, ring: Duration, desk: &mut Desk<'_>) {
        self.abandon_transfer(desk);
        self.record.tell(Fact::TransferStarted { target: target.to_string().into() }, desk);
        match Transfer::begin(&self.party, &target, ring, desk) {
            Ok(transfer) => self.transfer = Some(transfer),
            Err(outcome) => self.transfer_ended(outcome, desk),
        }
    }

    /// The called leg's port is open.
    pub fn called_port_opened(&mut self, desk: &mut Desk<'_>) {
        let Some(transfer) = &mut self.transfer else { return };
        if let Some(outcome) = transfer.invite(desk) {
            self.transfer_over(outcome, desk);
        }
    }

    /// The called telephone rings.
    pub fn called_rings(&mut self, desk: &mut Desk<'_>) {
        let Some(transfer) = &mut self.transfer else { return };
        if !transfer.rings() {
            return;
        }
        self.record.tell(Fact::TransferRinging, desk);
        match &mut self.serving {
            Serving::Flow(conversation) => conversation.start_ringback(desk),
            Serving::Phone(_) => self.ring_caller(desk),
        }
    }

    /// The person answered: the two are joined.
    pub fn called_answered(&mut self, description: &[u8], desk: &mut Desk<'_>) {
        let Some(transfer) = &mut self.transfer else { return };
        let audio = match transfer.answered(description, desk) {
            Ok(audio) => audio,
            Err(outcome) => return self.transfer_over(outcome, desk),
        };
        let (first, second) = (self.caller.id, transfer.leg.id);
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

    /// The called leg's session is over.
    pub fn called_session_ended(&mut self, end: &SessionEnd, desk: &mut Desk<'_>) {
        let Some(transfer) = &mut self.transfer else { return };
        transfer.leg.session = None;
        let (talked, outcome) = (transfer.is_talking(), transfer.outcome(end));
        match fault::of_broken_session(end, LegRole::Callee).filter(|_| talked) {
            Some((reason, fault)) => self.end(reason, fault, desk),
            None => self.transfer_over(outcome, desk),
        }
    }

    /// The telephone has rung as long as it may.
    pub fn end_ringing_when_due(&mut self, desk: &mut Desk<'_>) {
        let Some(transfer) = &self.transfer else { return };
        if transfer.deadline().is_none_or(|until| desk.now < until) {
            return;
        }
        let rang = matches!(transfer.stage, Stage::Ringing { .. });
        let outcome = if rang { TransferOutcome::NoAnswer } else { TransferOutcome::Unreachable };
        self.transfer_over(outcome, desk);
    }

    /// The attempt is over: its leg retires, and the caller goes on as the outcome says.
    pub fn transfer_over(&mut self, outcome: TransferOutcome, desk: &mut Desk<'_>) {
        if self.retire_called_leg(desk) {
            self.transfer_ended(outcome, desk);
        }
    }

    /// Ends an attempt that nobody waits for any more: the caller left, or wants somebody else.
    pub fn abandon_transfer(&mut self, desk: &mut Desk<'_>) {
        let Some(transfer) = &self.transfer else { return };
        let talked = transfer.stage == Stage::Talking;
        let outcome = if talked { TransferEnd::Completed } else { TransferEnd::CallerLeft };
        self.retire_called_leg(desk);
        self.record.tell(Fact::TransferEnded { outcome }, desk);
    }

    fn retire_called_leg(&mut self, desk: &mut Desk<'_>) -> bool {
        let Some(Transfer { mut leg, stage, .. }) = self.transfer.take() else { return false };
        if stage == Stage::Talking {
            desk.out.media(MediaCommand::Unbridge { first: self.caller.id, second: leg.id });
        }
        leg.end(None, desk);
        self.retired.push(leg);
        true
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
