//! An attended transfer (RFC 5589 §7): a party of this desk talks with one, asks another in a second call, and joins the
//! two by a REFER whose `Replaces` names its session in the second call.
//!
//! Both calls are of this desk, so nobody is called anew: the first call takes over the leg of whom was asked, and the
//! second is over. Each record says so: `taken_over` here, `handed_over` there. Where whom was asked still rings, the
//! ringing is taken over, and the caller waits for it. A second call that went past this desk is joined by an INVITE with
//! `Replaces` (`referral.rs`).

use crate::call::{Call, Recording, Stage};
use crate::desk::Desk;
use crate::routing::Party;
use crate::switchboard::Switchboard;
use crate::transfer::Transfer;
use frontdesk_call_record::{EndReason, Fact, LegRole, TransferEnd, TransferKind};
use frontdesk_identifiers::{CallId, LegId, Moment};
use frontdesk_media_protocol::MediaCommand;
use frontdesk_sip_message::{StatusCode, Uri};
use frontdesk_sip_stack::{ReferralId, SessionId, SipCommand};

/// The answer to a REFER whose `Replaces` leads to nobody here. A 481 would say that the dialog is gone in which the REFER
/// came, and end the referrer's call (RFC 3261 §12.2.1.2, RFC 5057 §5.1).
pub(crate) const NOBODY: StatusCode = StatusCode::NOT_FOUND;

/// What one call gives to another: whom the referrer asked.
#[derive(Debug)]
pub(crate) struct HandedOver {
    from: CallId,
    transfer: Transfer,
}

/// A REFER with `Replaces` that names a session of this desk.
#[derive(Debug)]
pub(crate) struct Joining {
    pub referral: ReferralId,
    /// The session in whose dialog the REFER came.
    pub session: SessionId,
    /// The referrer's session with whom it asked.
    pub consulted: SessionId,
    pub target: Uri,
}

impl Switchboard {
    pub(crate) fn on_joining(&mut self, joining: &Joining, now: Moment) {
        let answer = match self.may_join(joining) {
            Ok((first, by, second)) => {
                let give =
                    |call: &mut Call, desk: &mut Desk<'_>| call.hand_over(joining.consulted, first, desk);
                let given = self.with_call(second, now, give).flatten();
                let transfer = given.map(|transfer| HandedOver { from: second, transfer });
                match transfer {
                    Some(handed) => {
                        self.with_call(first, now, |call, desk| call.take_over(by, joining, handed, desk));
                        return;
                    }
                    None => NOBODY,
                }
            }
            Err(status) => status,
        };
        self.out.sip(SipCommand::AnswerRefer { referral: joining.referral, status: answer });
    }

    /// The two calls and the referrer's leg in the first, or why they are not joined.
    fn may_join(&self, joining: &Joining) -> Result<(CallId, LegId, CallId), StatusCode> {
        let gone = NOBODY;
        let call = |session: &SessionId| {
            let id = *self.by_session.get(session)?;
            Some((id, self.calls.get(&id)?))
        };
        let (first, one) = call(&joining.session).ok_or(gone)?;
        let (second, other) = call(&joining.consulted).ok_or(gone)?;
        let by = one.may_refer(joining.session)?;
        // A dialog that another tenant's call is in does not exist for this one.
        let strange = one.party.tenant != other.party.tenant;
        if first == second || strange || !other.may_hand_over(joining.consulted) {
            return Err(gone);
        }
        Ok((first, by, second))
    }
}

impl Call {
    /// Whether there is somebody at the other end of this session who can go on in another call.
    fn may_hand_over(&self, session: SessionId) -> bool {
        let Some(transfer) = &self.transfer else { return false };
        let asked_by_caller = self.caller.session == Some(session);
        let called = transfer.talking().is_some_and(|leg| leg.session == Some(session));
        let stands = matches!(self.stage, Stage::AwaitingAck | Stage::Talking);
        self.ending.is_none() && self.referral.is_none() && (asked_by_caller || called && stands)
    }

    /// Gives away whoever is at the other end of this session, and ends.
    fn hand_over(&mut self, session: SessionId, to: CallId, desk: &mut Desk<'_>) -> Option<Transfer> {
        self.stop_ring_tone(desk);
        self.part(desk);
        let mut transfer = self.transfer.take()?;
        let talked = transfer.talking().is_some();
        if self.caller.session != Some(session) {
            // Who was asked called by himself: his leg leaves, and the referrer's stands in its place until it is gone.
            if self.recording == (Recording::Running { leg: self.caller.id }) {
                desk.out.media(MediaCommand::StopRecording { leg: self.caller.id });
            }
            let hops = self.party.hops;
            let referrer = transfer.into_talking()?;
            let mut leg = std::mem::replace(&mut self.caller, referrer);
            leg.role = LegRole::Callee;
            transfer = Transfer::talk(leg, hops);
        }
        let outcome = if talked { TransferEnd::Completed } else { TransferEnd::CallerLeft };
        self.record.tell(Fact::TransferEnded { outcome }, desk);
        self.record.tell(Fact::HandedOver { to }, desk);
        self.end(EndReason::Transferred, None, desk);
        Some(transfer)
    }

    /// Takes over whom the referrer asked in the other call; the referrer leaves.
    fn take_over(&mut self, by: LegId, joining: &Joining, handed: HandedOver, desk: &mut Desk<'_>) {
        let referral = joining.referral;
        let target = joining.target.user().unwrap_or_default();
        desk.out.sip(SipCommand::AnswerRefer { referral, status: StatusCode::ACCEPTED });
        self.tell_referred(by, target.clone(), desk);
        let kind = TransferKind::Attended;
        self.record.tell(Fact::TransferStarted { target: target.into(), kind }, desk);
        self.record.tell(Fact::TakenOver { from: handed.from }, desk);
        desk.out.sip(SipCommand::NotifyReferrer { referral, status: StatusCode::OK });
        let transfer = handed.transfer;
        let (talking, rings) = (transfer.talking().map(|leg| leg.id), transfer.is_ringing());
        if rings {
            self.record.tell(Fact::TransferRinging, desk);
        }
        if talking.is_some() {
            self.record.tell(Fact::TransferAnswered, desk);
        }
        self.leave(by, desk);
        self.transfer = Some(transfer);
        match talking {
            Some(leg) => self.meet(leg, desk),
            None if rings => self.start_ring_tone(desk),
            None => {}
        }
    }
}

/// Who is left when a party hands its place to another telephone of its own house.
pub(crate) fn successor(before: &Party, after: Party) -> Party {
    Party { hops: before.hops.min(after.hops), ..after }
}
