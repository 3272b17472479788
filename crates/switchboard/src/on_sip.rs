//! What the SIP stack tells, and which call it concerns.

use crate::attended::Joining;
use crate::call::{Call, Stage};
use crate::desk::Desk;
use crate::lights::Watch;
use crate::output;
use crate::switchboard::Switchboard;
use crate::transfer::Transfer;
use frontdesk_call_record::Fact;
use frontdesk_identifiers::{LegId, Moment, TelephoneNumber};
use frontdesk_media_protocol::MediaCommand;
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::{SessionEnd, SessionId, SipEvent};

impl Switchboard {
    pub(crate) fn on_sip(&mut self, event: SipEvent, now: Moment) {
        match event {
            SipEvent::Incoming(call) => self.on_incoming(*call, now),
            SipEvent::Trying { session } => {
                self.with_session(session, now, |call, _| call.called_speaks(session));
            }
            // 181, 182 and 183 too: gateways tell by them that it rings, and whoever tells is there to be reached.
            SipEvent::Progress { session, status, description, .. } => {
                self.with_session(session, now, |call, desk| {
                    if let Some(leg) = call.called_leg(session) {
                        call.called_progress(leg, status, description.as_deref(), desk);
                    }
                });
            }
            SipEvent::Answered { session, description, .. } => {
                self.with_session(session, now, |call, desk| {
                    if let Some(leg) = call.called_leg(session) {
                        call.called_answered(leg, &description, desk);
                    }
                });
            }
            SipEvent::Confirmed { session, description } => {
                self.with_session(session, now, |call, desk| call.confirmed(session, description, desk));
            }
            SipEvent::Reoffered { session, offer } => {
                self.with_session(session, now, |call, desk| call.reoffered(session, offer, desk));
            }
            SipEvent::ReofferAnswered { session, description } => {
                self.with_session(session, now, |call, desk| {
                    call.reoffer_answered(session, &description, desk)
                });
            }
            SipEvent::ReofferRefused { session, status } => {
                self.with_session(session, now, |call, desk| call.reoffer_refused(session, status, desk));
            }
            SipEvent::Referred { session, referral, target, replaces: None, replaces_header, .. } => {
                // The stack has read it, and refused what cannot be read.
                let elsewhere = replaces_header.and_then(|dialog| dialog.parse().ok());
                self.with_session(session, now, |call, desk| {
                    call.referred(session, referral, &target, elsewhere, desk);
                });
            }
            SipEvent::Referred { session, referral, target, replaces: Some(consulted), .. } => {
                self.on_joining(&Joining { referral, session, consulted, target }, now);
            }
            SipEvent::ReferProgress { session, status } => {
                self.with_session(session, now, |call, desk| call.passing_progress(session, status, desk));
            }
            SipEvent::ReferEnded { session, outcome } => {
                self.with_session(session, now, |call, desk| call.passing_ended(session, outcome, desk));
            }
            SipEvent::KeyInfo { session, key } => {
                self.with_session(session, now, |call, desk| call.key_told(session, key, desk));
            }
            SipEvent::Ended { session, end } => {
                self.with_session(session, now, |call, desk| call.session_ended(session, &end, desk));
            }
            SipEvent::Subscribed { subscription, account, resource, host, package } => {
                self.on_subscribed(subscription, Watch::new(account, resource, host, package));
            }
            SipEvent::Unsubscribed { subscription } => self.lights.unsubscribed(subscription),
            SipEvent::MessageReceived(message) => self.on_message(*message),
            SipEvent::Bound { account, contact, new: true } => {
                self.touch_account(&account);
                self.notice(output::Notice::PhoneRegistered { account, contact: contact.to_string() });
            }
            SipEvent::Unbound { account, contact, expired } => {
                self.touch_account(&account);
                self.notice(output::Notice::PhoneGone { account, contact: contact.to_string(), expired });
            }
            SipEvent::Noticed(fact) => self.notice(output::Notice::Sip(fact)),
            _ => {}
        }
    }
}

impl Switchboard {
    fn touch_account(&mut self, account: &str) {
        if let Ok(phone) = TelephoneNumber::new(account) {
            self.lights.touch(phone);
        }
    }
}

impl Call {
    /// The leg, if the session is one of the telephone which is being called or talked to.
    pub fn called_leg(&self, session: SessionId) -> Option<LegId> {
        let referred = self.referral.as_ref().map(|referral| &referral.transfer);
        self.transfer.iter().chain(referred).find_map(|transfer| transfer.leg_of(session))
    }

    /// An ACK came. Either party may have asked for an offer and answers it here (RFC 3264 §4).
    fn confirmed(&mut self, session: SessionId, description: Option<Vec<u8>>, desk: &mut Desk<'_>) {
        if self.ending.is_some() {
            return;
        }
        let first = self.caller.session == Some(session) && matches!(self.stage, Stage::AwaitingAck);
        let Some(leg) = self.leg_of(session) else { return };
        if first {
            let agreed = leg.take_answer(description.as_deref());
            return self.caller_confirmed(agreed, desk);
        }
        let proven = leg.prove(desk);
        if let Some(notice) = proven {
            self.record.tell(Fact::Noticed { notice, fault: None }, desk);
        }
        let Some(leg) = self.leg_of(session) else { return };
        // An ACK without an answer may be that of an earlier 2xx, late: the offer goes on waiting.
        match description.and_then(|description| leg.take_answer(Some(&description))) {
            Some(Ok(audio)) => self.reagreed(session, audio, desk),
            Some(Err(fault)) => self.reoffer_failed(Some(fault), desk),
            None => {}
        }
    }

    /// A key came by INFO. In a talk it is the other party's, who gets it in the sound; before, the flow's.
    fn key_told(&mut self, session: SessionId, key: char, desk: &mut Desk<'_>) {
        let Some(leg) = self.leg_of(session) else { return };
        let from = leg.id;
        if !leg.keys.takes_info(key, desk.now) || self.ending.is_some() {
            return;
        }
        let Some(talking) = self.transfer.as_ref().and_then(Transfer::talking) else {
            return self.caller_pressed(from, key, desk.now, desk);
        };
        let other = if from == self.caller.id { talking.id } else { self.caller.id };
        desk.out.media(MediaCommand::SendDigits { leg: other, digits: key.to_string() });
    }

    fn session_ended(&mut self, session: SessionId, end: &SessionEnd, desk: &mut Desk<'_>) {
        if self.passed_hung_up(session, end, desk) {
            return;
        }
        if self.caller.session == Some(session) {
            self.caller_session_ended(end, desk);
        } else if let Some(leg) = self.called_leg(session) {
            self.called_session_ended(leg, end, desk);
        } else if self.arrival.as_ref().is_some_and(|arrival| arrival.leg.session == Some(session)) {
            if let Some(arrival) = &mut self.arrival {
                arrival.leg.session = None;
            }
            self.arrival_failed(StatusCode::REQUEST_TERMINATED, desk);
        } else if let Some(leg) = self.retired.iter_mut().find(|leg| leg.session == Some(session)) {
            leg.session = None;
        }
    }
}
