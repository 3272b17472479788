//! Another session takes the place of one that is here: INVITE with Replaces (RFC 3891). So an attended transfer ends that
//! a party outside completed by itself, and so a telephone picks up what rings at another.
//!
//! The new leg's port is opened and its offer answered first; only then the old leg ends, so that nothing is lost if the
//! new one cannot be spoken with. Whoever named the session's tags knows it from inside its dialog; a call of another
//! tenant is unknown all the same, and gets 481.

use crate::attended::successor;
use crate::call::{Call, phone_of};
use crate::codecs;
use crate::desk::Desk;
use crate::encryption::{self, Security};
use crate::fault;
use crate::leg::Leg;
use crate::reason::COMPLETED_ELSEWHERE;
use crate::routing::Party;
use crate::switchboard::Switchboard;
use crate::transfer::Transfer;
use frontdesk_call_record::{AdmittedBy, Fact, LegRole};
use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::AgreedAudio;
use frontdesk_session_description::offer;
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::{IncomingCall, SessionId, SipCommand};

/// A session that will take the place of another when its port is open.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub leg: Leg,
    offer: Option<Vec<u8>>,
    call_id: String,
    party: Party,
    /// The leg that ends for it.
    replaced: LegId,
}

impl Switchboard {
    /// A call came that names a session whose place it shall take.
    pub(crate) fn on_replacing(&mut self, call: IncomingCall, party: Party, old: SessionId, now: Moment) {
        let (session, id) = (call.session, self.by_session.get(&old).copied());
        let found = id.and_then(|id| self.calls.get(&id)?.may_be_replaced(old, &party).map(|leg| (id, leg)));
        let Some((id, replaced)) = found else {
            // RFC 3891 §3: nothing that could be replaced.
            let status = StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST;
            return self.out.sip(SipCommand::Refuse {
                session,
                status,
                retry_after: None,
                reason: None,
                warning: None,
            });
        };
        self.with_call(id, now, |one, desk| one.arrive(call, party, replaced, desk));
    }
}

impl Call {
    /// The leg of a session whose place another may take.
    fn may_be_replaced(&self, session: SessionId, by: &Party) -> Option<LegId> {
        let strange = by.tenant != self.party.tenant;
        if strange || self.ending.is_some() || self.arrival.is_some() {
            return None;
        }
        let transfers = self.transfer.iter().chain(self.referral.iter().map(|referral| &referral.transfer));
        if let Some(leg) = transfers.flat_map(Transfer::legs).find(|leg| leg.session == Some(session)) {
            return Some(leg.id);
        }
        // A flow is spoken with by the caller's own leg; only a talk between two goes on with another.
        let talks = self.transfer.as_ref().is_some_and(|transfer| transfer.talking().is_some());
        (talks && self.caller.session == Some(session)).then_some(self.caller.id)
    }

    fn arrive(&mut self, call: IncomingCall, party: Party, replaced: LegId, desk: &mut Desk<'_>) {
        let role = self.role_of(replaced);
        let mut leg = Leg::open(role, Some(call.session), call.flow, desk);
        leg.phone = phone_of(&party, desk);
        leg.security = Security::new(encryption::of_party(&party, desk), desk);
        leg.codecs = codecs::of_party(&party, desk);
        let party = successor(&self.party, party);
        self.arrival = Some(Arrival { leg, offer: call.offer, call_id: call.call_id, party, replaced });
    }

    /// Whether this leg is of a session that waits to take another's place.
    pub fn is_arriving(&self, leg: LegId) -> bool {
        self.arrival.as_ref().is_some_and(|arrival| arrival.leg.id == leg)
    }

    /// It comes to nothing: it left, has no port, or the call is over.
    pub fn arrival_failed(&mut self, status: StatusCode, desk: &mut Desk<'_>) {
        if let Some(Arrival { mut leg, .. }) = self.arrival.take() {
            leg.refuse(status, None, None, desk);
            self.retired.push(leg);
        }
    }

    pub fn arrival_port_opened(&mut self, desk: &mut Desk<'_>) {
        let Some(Arrival { leg, replaced, .. }) = &self.arrival else { return };
        let (Some(local), Some(session)) = (leg.local_audio(), leg.session) else { return };
        if !self.legs().any(|one| one.id == *replaced) || self.retired.iter().any(|one| one.id == *replaced) {
            // It ended while the port was being opened.
            return self.arrival_failed(StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST, desk);
        }
        let summoning = self.is_summoning();
        let Some(Arrival { leg, offer: offered, .. }) = &mut self.arrival else { return };
        if offered.is_none() && summoning {
            // Whom the desk called is its caller from the answer on, and a caller is spoken with at once.
            return self.arrival_failed(StatusCode::NOT_ACCEPTABLE_HERE, desk);
        }
        let (description, audio) = match offered.as_deref().map(|offered| leg.answer(&local, offered)) {
            None => (offer(&local), None),
            Some(Ok((description, audio))) => (description, Some(audio)),
            Some(Err(refusal)) => {
                let status = StatusCode::new(refusal.sip_status()).unwrap_or(StatusCode::NOT_ACCEPTABLE_HERE);
                let fault = fault::of_refusal(&refusal, leg.role);
                self.reoffer_failed(Some(fault), desk);
                return self.arrival_failed(status, desk);
            }
        };
        desk.out.sip(SipCommand::Accept { session, description });
        self.take_place(audio, desk);
    }

    /// The new leg stands where the old one stood, which ends.
    fn take_place(&mut self, audio: Option<AgreedAudio>, desk: &mut Desk<'_>) {
        let Some(Arrival { mut leg, call_id, party, replaced, .. }) = self.arrival.take() else { return };
        leg.awaits_answer = audio.is_none();
        match audio {
            Some(audio) if matches!(party.admitted_by, AdmittedBy::Peer(_)) => {
                leg.configure_unproven(audio, desk)
            }
            // Who comes with a hold has not held anybody yet: there is nothing to notice.
            Some(audio) => drop(leg.configure(audio, desk)),
            None => {}
        }
        self.record.tell(Fact::Replaced { leg: leg.role, sip_call_id: call_id }, desk);
        let (new, referred, phone) = (leg.id, self.is_referred_to(replaced), leg.phone.clone());
        if replaced == self.caller.id {
            self.part(desk);
            self.take_callers_place(leg, party, desk);
            let other = self.transfer.as_ref().and_then(Transfer::talking).map(|leg| leg.id);
            return other.into_iter().for_each(|other| self.join(other, desk));
        }
        let referring = self.referral.as_mut().map(|referral| &mut referral.transfer).filter(|_| referred);
        let Some(transfer) = referring.or(self.transfer.as_mut()) else {
            leg.end(None, desk);
            return self.retired.push(leg);
        };
        let talked = transfer.talking().is_some();
        let before = transfer.replace(leg);
        self.retire(before, (!talked).then_some(COMPLETED_ELSEWHERE), desk);
        if talked {
            return self.join(new, desk);
        }
        if let (Some(audio), true) = (audio, self.is_summoning()) {
            return self.summoned_elsewhere(phone, audio, desk);
        }
        self.record.tell(Fact::TransferAnswered, desk);
        if let Some(audio) = audio {
            self.record.tell(encryption::agreed(LegRole::Callee, &audio), desk);
        }
        match referred {
            true => self.referral_answered(new, desk),
            false => self.meet(new, desk),
        }
    }
}
