//! Changes of the sound while a call stands (RFC 3264 §8): what a party wants, what the desk wants, and what becomes of it.
//!
//! * A party holds, resumes or moves its sound: answered at once, with a fresh description. Who is held hears what the
//!   holder sends, such as its music, or the desk's (`music.rs`), and else silence.
//! * The desk's address for sound changes: every party is told by a re-INVITE, and who refuses it hears nothing more
//!   until somebody offers again. The record says so.
//! * A refresh of the session may bring another answer than before (RFC 4028 §7.4): it counts.
//! * The desk's offer in a 183 to a caller who brought none is answered by the PRACK (RFC 3262 §5).

use crate::call::{Call, Early, Stage};
use crate::desk::Desk;
use crate::doctor::Finding;
use crate::early::Way;
use crate::fault;
use crate::leg::Leg;
use crate::transfer::Transfer;
use frontdesk_call_record::{Cause, EndReason, Fact, Fault, LegRole, Notice};
use frontdesk_identifiers::LegId;
use frontdesk_media_protocol::AgreedAudio;
use frontdesk_session_description::{complete, offer};
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::{SessionId, SipCommand};

impl Call {
    /// The other side wants other sound: hold, resume, a new address.
    pub fn reoffered(&mut self, session: SessionId, offered: Option<Vec<u8>>, desk: &mut Desk<'_>) {
        let of_caller = self.caller.session == Some(session);
        if of_caller && matches!(self.stage, Stage::AwaitingAck) {
            if self.caller.awaits_answer {
                // RFC 3264 §4: one offer at a time, and this side's is not answered yet.
                let status = StatusCode::REQUEST_PENDING;
                return desk.out.sip(SipCommand::RefuseReoffer { session, status });
            }
            // Who sends a re-INVITE has the 200, though its ACK was lost or overtaken (RFC 5407 §3.1.4).
            self.caller_confirmed(None, desk);
        }
        let Some(leg) = self.leg_of(session) else { return };
        // A new exchange: an answer to an offer of before would come too late.
        leg.awaits_answer = false;
        leg.renew_description(desk);
        let Some(local) = leg.local_audio() else {
            let status = StatusCode::NOT_ACCEPTABLE_HERE;
            return desk.out.sip(SipCommand::RefuseReoffer { session, status });
        };
        let Some(offered) = offered else {
            leg.awaits_answer = true;
            return desk.out.sip(SipCommand::AcceptReoffer { session, description: offer(&local) });
        };
        match leg.answer(&local, &offered) {
            Ok((description, audio)) => {
                desk.out.sip(SipCommand::AcceptReoffer { session, description });
                self.reagreed(session, audio, desk);
            }
            Err(refusal) => {
                let status = StatusCode::new(refusal.sip_status()).unwrap_or(StatusCode::NOT_ACCEPTABLE_HERE);
                desk.out.sip(SipCommand::RefuseReoffer { session, status });
                let fault = fault::of_refusal(&refusal, leg.role);
                self.reoffer_failed(Some(fault), desk);
            }
        }
    }

    /// The other side answered an offer of this side, or a refresh in another way than before.
    pub fn reoffer_answered(&mut self, session: SessionId, description: &[u8], desk: &mut Desk<'_>) {
        if self.ending.is_some() {
            return;
        }
        if self.caller.session == Some(session) {
            match self.stage {
                Stage::Alerting { .. } => return self.early_offer_answered(description, desk),
                Stage::AwaitingAck if self.caller.awaits_answer => {
                    return self.late_offer_answered(description, desk);
                }
                _ => {}
            }
        }
        let Some(leg) = self.leg_of(session) else { return };
        let Some(local) = leg.local_audio() else { return };
        match complete(&local, description) {
            Ok(audio) => self.reagreed(session, audio, desk),
            Err(refusal) => {
                let fault = fault::of_refusal(&refusal, leg.role);
                self.reoffer_failed(Some(fault), desk);
            }
        }
    }

    /// A caller who brought no offer answered that of the 183: what comes before the answer can be heard now.
    fn early_offer_answered(&mut self, description: &[u8], desk: &mut Desk<'_>) {
        let Some(local) = self.caller.local_audio() else { return };
        let Stage::Alerting { audio, early, .. } = &mut self.stage else { return };
        match complete(&local, description) {
            Ok(agreed) => {
                (*audio, *early) = (Some(agreed), Early::Heard);
                self.caller.configure_early(agreed, Way::Out, desk);
                if let Some(leg) = self.transfer.as_ref().and_then(Transfer::heard) {
                    self.record.tell(Fact::EarlyMedia, desk);
                    self.join(leg, desk);
                }
            }
            Err(refusal) => self.refuse_description(&refusal, desk),
        }
    }

    /// The same, after the 200 went out: it brings no description of its own, and nor will the ACK.
    fn late_offer_answered(&mut self, description: &[u8], desk: &mut Desk<'_>) {
        match self.caller.take_answer(Some(description)) {
            Some(Ok(audio)) => self.media_agreed(audio, desk),
            Some(Err(fault)) => self.end(EndReason::NotAcceptable, Some(fault), desk),
            None => {}
        }
    }

    /// The sound of a call that stands goes another way from here on.
    pub fn reagreed(&mut self, session: SessionId, audio: AgreedAudio, desk: &mut Desk<'_>) {
        let Some(leg) = self.leg_of(session) else { return };
        let holder = leg.id;
        if let Some(notice) = leg.configure(audio, desk) {
            self.record.tell(Fact::Noticed { notice, fault: None }, desk);
            self.hold_changed(holder, notice, desk);
        }
    }

    /// The other side refused what the desk wanted, and the session goes on as it was (RFC 3261 §14.1).
    pub fn reoffer_refused(&mut self, session: SessionId, status: Option<StatusCode>, desk: &mut Desk<'_>) {
        if self.ending.is_some() {
            return;
        }
        let Some(role) = self.leg_of(session).map(|leg| leg.role) else { return };
        self.reoffer_failed(None, desk);
        self.diagnose(no_reoffer(role, status), desk);
    }

    /// What was wanted cannot be had, and the call goes on as it was (RFC 3261 §14.2).
    pub fn reoffer_failed(&mut self, fault: Option<Fault>, desk: &mut Desk<'_>) {
        self.record.tell(Fact::Noticed { notice: Notice::ReofferRefused, fault }, desk);
    }

    /// The desk's sound is awaited at another address from here on: whoever talks is told.
    pub fn move_sound(&mut self, desk: &mut Desk<'_>) {
        if self.ending.is_some() || !matches!(self.stage, Stage::Talking) {
            return;
        }
        let talking = self.transfer.as_ref().and_then(Transfer::talking);
        let legs: Vec<LegId> = talking.into_iter().chain([&self.caller]).map(|leg| leg.id).collect();
        for leg in legs {
            if let Some(leg) = self.leg_mut(leg) {
                leg.reoffer_at(desk.rules.sound_address, desk);
            }
        }
    }
}

impl Leg {
    /// Offers the sound at this address anew.
    fn reoffer_at(&mut self, advertised: Option<std::net::IpAddr>, desk: &mut Desk<'_>) {
        self.advertise(advertised);
        self.renew_description(desk);
        let (Some(session), Some(local)) = (self.session, self.local_audio()) else { return };
        desk.out.sip(SipCommand::Reoffer { session, description: Some(offer(&local)) });
    }
}

fn no_reoffer(role: LegRole, status: Option<StatusCode>) -> Option<Finding> {
    let evidence = match status {
        Some(status) => format!("the re-INVITE to the {} was refused with {status}", role.as_str()),
        None => format!("the re-INVITE to the {} was not answered", role.as_str()),
    };
    Finding::of(Cause::NoReoffer, fault::of_party(role), evidence)
}
