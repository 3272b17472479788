//! Calls that come in: admission, ringing, the answer, CANCEL (RFC 3261 §8.2, §9.2, §13.3).

use super::dialog::Dialog;
use super::invite_session::{Arriving, InviteInProgress, Session, Talking, Unacknowledged};
use super::offer_answer::Exchange;
use crate::input::SessionId;
use crate::limits::{HOPS, MAX_SESSIONS};
use crate::output::{Admission, IncomingCall, SessionEnd, SipEvent};
use crate::reply::Asked;
use crate::stack::SipStack;
use crate::transaction::ServerInput;
use crate::transaction::table::ServerKey;
use frontdesk_sip_message::{HeaderName, StatusCode};
use std::time::Duration;

impl SipStack {
    /// An INVITE outside of any dialog.
    pub(crate) fn receive_invite(&mut self, asked: &Asked) {
        let headers = asked.headers();
        let (Ok(from), Ok(call_id), Ok(cseq)) = (headers.from(), headers.call_id(), headers.cseq()) else {
            return self.refuse(asked, StatusCode::BAD_REQUEST);
        };
        let merge_key = (call_id.to_owned(), from.tag().unwrap_or_default().to_owned(), cseq.number);
        // RFC 3261 §8.2.2.2: the same request by another way.
        if self.merged.contains_key(&merge_key) {
            return self.refuse(asked, StatusCode::LOOP_DETECTED);
        }
        let admission = match self.admit(asked) {
            Ok(admission) => admission,
            Err(challenge) => return self.respond(asked, *challenge),
        };
        let replaces = match self.replaced_by(asked) {
            Ok(replaces) => replaces,
            Err(status) => return self.refuse(asked, status),
        };
        let local_tag = self.chance.tag();
        let Some(dialog) = Dialog::of_callee(&asked.request, &local_tag, asked.flow, &self.settings) else {
            return self.refuse(asked, StatusCode::BAD_REQUEST);
        };
        if self.sessions.len() >= MAX_SESSIONS {
            return self.refuse_overload(asked, "sessions");
        }
        if self.open_transaction(asked) {
            self.arrive(asked, dialog, admission, merge_key, replaces);
        }
    }

    fn arrive(
        &mut self,
        asked: &Asked,
        dialog: Dialog,
        admission: Admission,
        merge_key: (String, String, u32),
        replaces: Option<SessionId>,
    ) {
        let session = SessionId::Incoming(self.next_incoming);
        self.next_incoming += 1;
        // RFC 3261 §17.2.1: 100 at once, so that the caller stops repeating itself.
        let trying = self.response(asked.headers(), StatusCode::TRYING, None);
        self.respond(asked, trying);
        let offer = (!asked.request.body.is_empty()).then(|| asked.request.body.clone());
        let exchange = Exchange::invited(offer.is_some());
        self.arrived.insert(asked.key.clone(), InviteInProgress { session, merge_key: merge_key.clone() });
        self.merged.insert(merge_key, asked.key.clone());
        self.dialogs.insert(dialog.key.clone(), session);
        let (Ok(from), Ok(to)) = (asked.headers().from(), asked.headers().to()) else { return };
        let call = IncomingCall {
            session,
            admission,
            called: asked.request.uri.clone(),
            from,
            to,
            call_id: dialog.key.call_id.clone(),
            offer,
            flow: asked.flow,
            headers: asked.headers().clone(),
            replaces,
            hops: asked.headers().max_forwards().ok().flatten().unwrap_or(HOPS).min(HOPS),
        };
        let arriving = Arriving { asked: asked.clone(), dialog, exchange };
        self.sessions.insert(session, Session::Arriving(Box::new(arriving)));
        self.tell(SipEvent::Incoming(Box::new(call)));
    }

    /// 180, 183 and the like. Without RFC 3262 it may be lost; the caller hears of it at the next one.
    pub(crate) fn ring(&mut self, id: SessionId, status: StatusCode, description: Option<Vec<u8>>) {
        let status = if status.is_provisional() { status } else { StatusCode::RINGING };
        let Some(Session::Arriving(arriving)) = self.sessions.get(&id) else { return };
        let tag = &arriving.dialog.key.local_tag;
        let contact = arriving.dialog.contact();
        let response = self.dialog_response(arriving.asked.headers(), status, tag, contact, description);
        let asked = arriving.asked.clone();
        self.respond(&asked, response);
    }

    /// 200, repeated until its ACK comes.
    pub(crate) fn accept(&mut self, id: SessionId, description: Vec<u8>) {
        if !matches!(self.sessions.get(&id), Some(Session::Arriving(_))) {
            return;
        }
        let Some(Session::Arriving(arriving)) = self.sessions.remove(&id) else { return };
        let Arriving { asked, dialog, exchange } = *arriving;
        let response = self.dialog_response(
            asked.headers(),
            StatusCode::OK,
            &dialog.key.local_tag,
            dialog.contact(),
            Some(description),
        );
        let wire = response.to_bytes();
        self.step_server(&asked.key, ServerInput::Success(wire.clone()));
        let wait = Unacknowledged::new(&asked, wire, true, self.settings.timers.t1, self.now);
        let talking = Talking {
            dialog,
            exchange: exchange.accepted(),
            unacknowledged: vec![wait],
            reoffer: None,
            credentials: None,
            leaving: None,
        };
        self.sessions.insert(id, Session::Talking(Box::new(talking)));
        self.watch_session(id);
    }

    /// `Refuse`. What is no refusal becomes one: 480.
    pub(crate) fn refuse_call(
        &mut self,
        id: SessionId,
        status: StatusCode,
        retry_after: Option<Duration>,
        reason: Option<String>,
    ) {
        if !matches!(self.sessions.get(&id), Some(Session::Arriving(_))) {
            return;
        }
        let status = if status.is_failure() { status } else { StatusCode::TEMPORARILY_UNAVAILABLE };
        self.answer_arriving(id, status, retry_after, reason);
        self.forget_session(id);
        self.told_end(id, SessionEnd::EndedHere);
    }

    /// The final refusal of a call that came in.
    pub(crate) fn answer_arriving(
        &mut self,
        id: SessionId,
        status: StatusCode,
        retry_after: Option<Duration>,
        reason: Option<String>,
    ) {
        let Some(Session::Arriving(arriving)) = self.sessions.get(&id) else { return };
        let asked = arriving.asked.clone();
        let mut response = self.response(asked.headers(), status, Some(&arriving.dialog.key.local_tag));
        if let Some(wait) = retry_after {
            response.headers.push(HeaderName::RetryAfter, wait.as_secs().max(1).to_string());
        }
        if let Some(reason) = reason {
            response.headers.push(HeaderName::Reason, reason);
        }
        self.respond(&asked, response);
    }

    /// CANCEL (RFC 3261 §9.2): never challenged, answered hop by hop.
    pub(crate) fn receive_cancel(&mut self, cancel: &Asked) {
        let invite = ServerKey::of_cancelled(&cancel.request);
        let found = invite.as_ref().and_then(|key| self.arrived.get(key)).map(|arrived| arrived.session);
        let Some((session, invite)) = found.zip(invite) else {
            return self.refuse(cancel, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST);
        };
        let tag = match self.sessions.get(&session) {
            Some(Session::Arriving(arriving)) => arriving.dialog.key.local_tag.clone(),
            Some(Session::Talking(talking)) => talking.dialog.key.local_tag.clone(),
            _ => self.stateless_tag(cancel.headers()),
        };
        let response = self.response(cancel.headers(), StatusCode::OK, Some(&tag));
        self.respond(cancel, response);
        match self.sessions.get(&session) {
            Some(Session::Arriving(_)) => {
                let reason = cancel.headers().get(HeaderName::Reason).map(str::to_owned);
                self.answer_arriving(session, StatusCode::REQUEST_TERMINATED, None, None);
                self.forget_session(session);
                self.told_end(session, SessionEnd::CancelledByPeer { reason });
            }
            // A re-INVITE is cancelled; the session goes on (RFC 3261 §14.2).
            Some(Session::Talking(talking))
                if talking.reoffer.as_ref().is_some_and(|asked| asked.key == invite) =>
            {
                self.cancel_reoffer(session);
            }
            // Answered already: the CANCEL has no effect.
            _ => {}
        }
    }

    /// The transport gave up on what was said to a caller.
    pub(crate) fn caller_unreachable(&mut self, id: SessionId) {
        if matches!(self.sessions.get(&id), Some(Session::Arriving(_))) {
            self.forget_session(id);
            self.told_end(id, SessionEnd::TransportFailed);
        }
    }
}
