//! A transfer that a party asks for: REFER (RFC 3515, the blind transfer of RFC 5589 §6).
//!
//! Who refers is a telephone of this house that talks with somebody. The two talk on while whom it names is called, and
//! the referrer is told how far it is:
//!
//! * Somebody answers: the referrer's leg ends, and who is left talks with him. It may be the caller or the called.
//! * Nobody does: the two go on talking, and the referrer knows the status.
//! * The referrer hangs up before it is decided: who is left waits with the ringing tone, and comes back to the flow with
//!   the outcome if there is one (the semi-attended transfer of RFC 5589 §7.6, without its second call).
//!
//! Where who stays talks over a trunk that takes REFER, that trunk is asked to put it through itself (`passing.rs`).
//!
//! Where its `Refer-To` carries a `Replaces` for a dialog that is not of this desk (a telephone asked somebody past it,
//! RFC 5589 §7), whom it names is called in the place of that dialog, by the same rules and with the same outcomes: only
//! who has the dialog answers, and nobody is rung anew. A flow has no such dialog, and a call for help is made without it.
//!
//! A REFER from a trunk or a peer is refused with 403: it would have this side place calls, at this side's cost, for
//! whoever reached the trunk.

use crate::attended::NOBODY;
use crate::call::{Call, Serving, Stage, context};
use crate::conversation::Conversation;
use crate::desk::Desk;
use crate::fault;
use crate::identity::Identity;
use crate::leg::Leg;
use crate::routing::{self, Party, Route};
use crate::transfer::Transfer;
use frontdesk_call_flow::{Flow, FlowEvent, TransferOutcome};
use frontdesk_call_record::{AdmittedBy, Fact, LegRole, TransferEnd, TransferKind};
use frontdesk_identifiers::{LegId, TelephoneNumber};
use frontdesk_sip_message::{Replaces, StatusCode, Uri};
use frontdesk_sip_stack::{ReferralId, SessionId, SipCommand};
use std::sync::Arc;

/// A REFER that was accepted and is not decided.
#[derive(Debug)]
pub(crate) struct Referral {
    id: ReferralId,
    /// The leg of who asked.
    by: LegId,
    /// The call to whom it named.
    pub transfer: Transfer,
}

impl Call {
    /// A party wants the other put through to somebody else.
    pub fn referred(
        &mut self,
        session: SessionId,
        id: ReferralId,
        target: &Uri,
        in_place_of: Option<Replaces>,
        desk: &mut Desk<'_>,
    ) {
        let by = match self.may_refer(session) {
            Ok(by) => by,
            Err(status) => return desk.out.sip(SipCommand::AnswerRefer { referral: id, status }),
        };
        self.tell_referred(by, target.user().unwrap_or_default(), desk);
        match routing::dialled(desk.rules, &self.party.tenant, target) {
            None => self.refuse_referral(id, NOBODY, desk),
            Some(Route::Flow { .. }) if in_place_of.is_some() => self.refuse_referral(id, NOBODY, desk),
            Some(Route::Flow { .. }) if self.kept_is_not_described(by) => {
                // Nothing can be said to a party whose ACK is to bring its description. It comes at once or never.
                self.refuse_referral(id, StatusCode::REQUEST_PENDING, desk);
            }
            Some(Route::Flow { flow, .. }) => {
                accept(id, desk);
                self.put_to_flow(by, id, flow, desk);
            }
            Some(Route::Phone { number }) => {
                accept(id, desk);
                let helps = desk.rules.directory.is_emergency(&self.party.tenant, &number);
                self.begin_referral(by, id, &number, in_place_of.filter(|_| !helps), desk);
            }
        }
    }

    fn refuse_referral(&mut self, referral: ReferralId, status: StatusCode, desk: &mut Desk<'_>) {
        desk.out.sip(SipCommand::AnswerRefer { referral, status });
        self.record.tell(Fact::ReferralFailed { status: status.as_u16() }, desk);
    }

    /// The leg of a session whose party may have the other put through, or why it may not.
    pub fn may_refer(&self, session: SessionId) -> Result<LegId, StatusCode> {
        let talking = self.transfer.as_ref().and_then(Transfer::talking);
        let leg = std::iter::once(&self.caller).chain(talking).find(|leg| leg.session == Some(session));
        match (leg, talking) {
            _ if self.ending.is_some() => Err(StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST),
            // One at a time, as with offers (RFC 3261 §21.4.27).
            (Some(leg), Some(_)) if leg.phone.is_some() && self.is_passing() => {
                Err(StatusCode::REQUEST_PENDING)
            }
            (Some(leg), Some(_)) if leg.phone.is_some() => match self.referral {
                Some(_) => Err(StatusCode::REQUEST_PENDING),
                None => Ok(leg.id),
            },
            _ => Err(StatusCode::FORBIDDEN),
        }
    }

    /// Whether who stays when this leg leaves was offered to, and has not answered.
    fn kept_is_not_described(&self, by: LegId) -> bool {
        let talking = self.transfer.as_ref().and_then(Transfer::talking);
        let kept = if by == self.caller.id { talking } else { Some(&self.caller) };
        kept.is_some_and(|leg| leg.awaits_answer)
    }

    pub fn tell_referred(&mut self, by: LegId, target: String, desk: &mut Desk<'_>) {
        let by = self.role_of(by);
        self.record.tell(Fact::Referred { by, target: target.into() }, desk);
    }

    pub fn role_of(&self, leg: LegId) -> LegRole {
        self.legs().find(|one| one.id == leg).map_or(LegRole::Callee, |leg| leg.role)
    }

    fn begin_referral(
        &mut self,
        by: LegId,
        id: ReferralId,
        target: &TelephoneNumber,
        in_place_of: Option<Replaces>,
        desk: &mut Desk<'_>,
    ) {
        if in_place_of.is_none()
            && let Some(way) = self.way_to_pass(self.kept_session(by), target, desk)
        {
            return self.pass_on(way, Some((id, by)), desk.rules.limits.ring, desk);
        }
        self.begin_referral_here(by, id, target, in_place_of, desk);
    }

    /// The session of who stays when the party of this leg leaves.
    fn kept_session(&self, by: LegId) -> Option<SessionId> {
        let talking = self.transfer.as_ref().and_then(Transfer::talking);
        if by == self.caller.id { talking?.session } else { self.caller.session }
    }

    /// Calls whom the referrer named, on a leg of this desk.
    pub fn begin_referral_here(
        &mut self,
        by: LegId,
        id: ReferralId,
        target: &TelephoneNumber,
        in_place_of: Option<Replaces>,
        desk: &mut Desk<'_>,
    ) {
        let kind = if in_place_of.is_some() { TransferKind::Attended } else { TransferKind::Blind };
        self.record.tell(Fact::TransferStarted { target: target.to_string().into(), kind }, desk);
        let (kept, ring) = (self.kept_party(by, desk), desk.rules.limits.ring);
        match Transfer::begin(&kept, target, ring, desk) {
            Ok(transfer) => {
                let transfer = transfer.in_place_of(in_place_of);
                self.referral = Some(Referral { id, by, transfer });
            }
            Err(outcome) => {
                self.diagnose_unregistered(target, desk);
                self.told_referral_failed(id, outcome, desk);
            }
        }
    }

    /// Who stays when the party of this leg leaves, as it is shown to whom it is put through: its own name and number,
    /// not those of who passes it on.
    pub fn kept_party(&self, by: LegId, desk: &Desk<'_>) -> Party {
        let mut party = self.party.clone();
        let talking = self.transfer.as_ref().and_then(Transfer::talking);
        let phone = talking.filter(|_| by == self.caller.id).and_then(|leg| leg.phone.as_ref());
        if let Some(phone) = phone.and_then(|number| desk.rules.directory.phone(&party.tenant, number)) {
            party.name = Some(phone.name.clone()).filter(|name| !name.is_empty());
            party.number = phone.number.to_string();
            party.admitted_by = AdmittedBy::Account(phone.account().to_owned());
            party.identity = Identity::default();
        }
        party
    }

    /// Who asks, when the party of this leg refers.
    pub fn referring_party(&self, by: LegId, desk: &Desk<'_>) -> Party {
        if by == self.caller.id { self.party.clone() } else { self.kept_party(self.caller.id, desk) }
    }

    pub fn is_referred_to(&self, leg: LegId) -> bool {
        let mut legs = self.referral.iter().flat_map(|referral| referral.transfer.legs());
        legs.any(|one| one.id == leg)
    }

    pub fn is_referrer(&self, leg: LegId) -> bool {
        self.referral.as_ref().is_some_and(|referral| referral.by == leg)
    }

    /// Whom the referrer named rings, and the referrer is told. His sound reaches nobody: the two talk.
    pub fn referred_progress(&mut self, leg: LegId, status: StatusCode, desk: &mut Desk<'_>) {
        self.called_rings_silently(leg, desk);
        if let Some(referral) = &self.referral {
            desk.out.sip(SipCommand::NotifyReferrer { referral: referral.id, status });
        }
    }

    /// Whom the referrer named answered, and takes its place.
    pub fn referral_answered(&mut self, leg: LegId, desk: &mut Desk<'_>) {
        let Some(Referral { id, by, transfer }) = self.referral.take() else { return };
        desk.out.sip(SipCommand::NotifyReferrer { referral: id, status: StatusCode::OK });
        self.leave(by, desk);
        self.transfer = Some(transfer);
        self.meet(leg, desk);
    }

    /// Whom the referrer named cannot be had: the two go on.
    pub fn referral_failed(&mut self, outcome: TransferOutcome, desk: &mut Desk<'_>) {
        let Some(Referral { id, transfer, .. }) = self.referral.take() else { return };
        self.retire(transfer.into_legs(), None, desk);
        self.told_referral_failed(id, outcome, desk);
    }

    pub fn told_referral_failed(&mut self, id: ReferralId, outcome: TransferOutcome, desk: &mut Desk<'_>) {
        let (status, _) = fault::of_failed_call(outcome);
        self.reason = None;
        if outcome == TransferOutcome::Unreachable {
            self.tell_suspicions(desk);
        }
        self.suspicions.clear();
        self.record.tell(Fact::TransferEnded { outcome: fault::transfer_end(outcome) }, desk);
        self.record.tell(Fact::ReferralFailed { status: status.as_u16() }, desk);
        desk.out.sip(SipCommand::NotifyReferrer { referral: id, status });
    }

    pub fn end_referral_when_due(&mut self, desk: &mut Desk<'_>) {
        let Some(Referral { transfer, .. }) = &self.referral else { return };
        if transfer.patience_ends().is_some_and(|until| until <= desk.now) {
            let outcome = transfer.outcome_of_patience();
            self.referral_failed(outcome, desk);
        }
    }

    /// Who referred hung up before it was decided: who is left waits for whom it named.
    pub fn referrer_left(&mut self, desk: &mut Desk<'_>) {
        let Some(Referral { by, transfer, .. }) = self.referral.take() else { return };
        self.leave(by, desk);
        let rings = transfer.is_ringing();
        self.transfer = Some(transfer);
        if rings {
            self.start_ring_tone(desk);
        }
    }

    /// Nobody waits any more for whom a party named: who was to be put through is gone.
    pub fn abandon_referral(&mut self, desk: &mut Desk<'_>) {
        let Some(Referral { id, transfer, .. }) = self.referral.take() else { return };
        self.retire(transfer.into_legs(), None, desk);
        self.record.tell(Fact::TransferEnded { outcome: TransferEnd::CallerLeft }, desk);
        let status = StatusCode::REQUEST_TERMINATED;
        desk.out.sip(SipCommand::NotifyReferrer { referral: id, status });
    }

    /// One of two who talked leaves the call, and the other goes on in it as its caller.
    pub fn leave(&mut self, by: LegId, desk: &mut Desk<'_>) {
        let leg = self.role_of(by);
        self.record.tell(Fact::PartyLeft { leg }, desk);
        self.part(desk);
        if by != self.caller.id {
            self.retire_called_legs(desk);
            return;
        }
        let party = self.kept_party(by, desk);
        let Some(kept) = self.transfer.take().and_then(Transfer::into_talking) else { return };
        self.take_callers_place(kept, party, desk);
    }

    /// This leg's party is the caller from here on. A flow that served the one before has served its purpose.
    pub fn take_callers_place(&mut self, leg: Leg, party: Party, desk: &mut Desk<'_>) {
        self.stop_ring_tone(desk);
        self.close_conversation(desk);
        if let (Serving::Flow(_), Ok(number)) = (&self.serving, TelephoneNumber::new(&party.number)) {
            self.serving = Serving::Phone(number);
        }
        self.party = party;
        let gone = std::mem::replace(&mut self.caller, leg);
        self.stage = Stage::Talking;
        self.retire(vec![gone], None, desk);
    }

    /// Who stays is put to a flow.
    fn put_to_flow(&mut self, by: LegId, id: ReferralId, flow: Arc<Flow>, desk: &mut Desk<'_>) {
        desk.out.sip(SipCommand::NotifyReferrer { referral: id, status: StatusCode::OK });
        self.record.tell(Fact::TransferEnded { outcome: TransferEnd::Completed }, desk);
        self.leave(by, desk);
        self.close_conversation(desk);
        let conversation = Conversation::new(flow, context(&self.party, desk), self.caller.id);
        self.serving = Serving::Flow(Box::new(conversation));
        self.tell_flow(FlowEvent::Began, desk);
    }
}

fn accept(referral: ReferralId, desk: &mut Desk<'_>) {
    desk.out.sip(SipCommand::AnswerRefer { referral, status: StatusCode::ACCEPTED });
}
