//! What the SIP stack tells, and which call it concerns.

use crate::call::Call;
use crate::desk::Desk;
use crate::output::Notice;
use crate::switchboard::Switchboard;
use frontdesk_call_record::Fact;
use frontdesk_identifiers::Moment;
use frontdesk_session_description::{Negotiated, answer, offer};
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::{SessionEnd, SessionId, SipCommand, SipEvent};

impl Switchboard {
    pub(crate) fn on_sip(&mut self, event: SipEvent, now: Moment) {
        match event {
            SipEvent::Incoming(call) => self.on_incoming(*call, now),
            SipEvent::Progress { session, status, .. } => {
                self.with_session(session, now, |call, desk| {
                    if call.is_called(session) && status == StatusCode::RINGING {
                        call.called_rings(desk);
                    }
                });
            }
            SipEvent::Answered { session, description } => {
                self.with_session(session, now, |call, desk| {
                    if call.is_called(session) {
                        call.called_answered(&description, desk);
                    }
                });
            }
            SipEvent::Confirmed { session, description } => {
                self.with_session(session, now, |call, desk| call.confirmed(session, description, desk));
            }
            SipEvent::Reoffered { session, offer } => {
                self.with_session(session, now, |call, desk| call.reoffered(session, offer, desk));
            }
            SipEvent::Ended { session, end } => {
                self.with_session(session, now, |call, desk| call.session_ended(session, &end, desk));
            }
            SipEvent::Bound { account, contact, new: true } => {
                self.notice(Notice::PhoneRegistered { account, contact: contact.to_string() });
            }
            SipEvent::Unbound { account, contact, expired } => {
                self.notice(Notice::PhoneGone { account, contact: contact.to_string(), expired });
            }
            SipEvent::Noticed(fact) => self.notice(Notice::Sip(fact)),
            // The switchboard registers nowhere yet; trunks will.
            SipEvent::Registered { .. } | SipEvent::RegistrationEnded { .. } => {}
            _ => {}
        }
    }
}

impl Call {
    /// Whether the session is that of the telephone which is being called or talked to.
    fn is_called(&self, session: SessionId) -> bool {
        self.transfer.as_ref().is_some_and(|transfer| transfer.leg.session == Some(session))
    }

    fn confirmed(&mut self, session: SessionId, description: Option<Vec<u8>>, desk: &mut Desk<'_>) {
        if self.ending.is_none() && self.caller.session == Some(session) {
            self.caller_confirmed(description, desk);
        }
    }

    fn session_ended(&mut self, session: SessionId, end: &SessionEnd, desk: &mut Desk<'_>) {
        if self.caller.session == Some(session) {
            self.caller_session_ended(end, desk);
        } else if self.is_called(session) {
            self.called_session_ended(end, desk);
        } else if let Some(leg) = self.retired.iter_mut().find(|leg| leg.session == Some(session)) {
            leg.session = None;
        }
    }

    /// The other side wants other sound: hold, resume, a new address (RFC 3264 §8).
    fn reoffered(&mut self, session: SessionId, offered: Option<Vec<u8>>, desk: &mut Desk<'_>) {
        let called = self.transfer.as_mut().map(|transfer| &mut transfer.leg);
        let legs = std::iter::once(&mut self.caller).chain(called);
        let Some(leg) = legs.into_iter().find(|leg| leg.session == Some(session)) else { return };
        leg.renew_description();
        let Some(local) = leg.local_audio() else {
            let status = StatusCode::NOT_ACCEPTABLE_HERE;
            return desk.out.sip(SipCommand::RefuseReoffer { session, status });
        };
        let Some(offered) = offered else {
            leg.awaits_answer = true;
            return desk.out.sip(SipCommand::AcceptReoffer { session, description: offer(&local) });
        };
        match answer(&local, &offered) {
            Ok(Negotiated { audio, description }) => {
                desk.out.sip(SipCommand::AcceptReoffer { session, description });
                leg.configure(audio, desk);
            }
            Err(refusal) => {
                let status = StatusCode::new(refusal.sip_status()).unwrap_or(StatusCode::NOT_ACCEPTABLE_HERE);
                desk.out.sip(SipCommand::RefuseReoffer { session, status });
                let fault = Some(crate::fault::of_refusal(&refusal));
                let notice = frontdesk_call_record::Notice::ReofferRefused;
                self.record.tell(Fact::Noticed { notice, fault }, desk);
            }
        }
    }
}
