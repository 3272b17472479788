//! Calls that come in: admission, ringing, the answer, CANCEL (RFC 3261 §8.2, §9.2, §13.3).

use super::dialog::Dialog;
use super::invite_session::{Arriving, InviteInProgress, Session, Talking, Unacknowledged};
use super::offer_answer::Exchange;
use super::partner::Partner;
use super::provisional::Provisionals;
use super::session_timer::{self, Grant, SessionClock};
use crate::input::SessionId;
use crate::limits::{HOPS, MAX_SESSIONS};
use crate::output::{Admission, IncomingCall, SessionEnd, SipEvent};
use crate::quirks::Quirks;
use crate::reply::Asked;
use crate::stack::SipStack;
use crate::transaction::ServerInput;
use crate::transaction::table::ServerKey;
use frontdesk_sip_message::{HeaderName, StatusCode};
use std::sync::Arc;
use std::time::Duration;

/// What a refusal says beside its status.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) retry_after: Option<Duration>,
    pub(crate) reason: Option<String>,
    pub(crate) warning: Option<String>,
}

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
        // Whoever was admitted has used its nonce count up (RFC 7616 §3.3): only a transaction gives the same answer again to
        // the same request (RFC 3261 §17.2.1).
        if !self.open_transaction(asked) {
            return;
        }
        let replaces = match self.replaced_by(asked) {
            Ok(replaces) => replaces,
            Err(status) => return self.refuse(asked, status),
        };
        let quirks = self.quirks_of(&admission);
        let grant = session_timer::grant(headers, self.own_timer(&quirks));
        if let Grant::TooSmall(least) = grant {
            return self.refuse_too_brief(asked, least);
        }
        let local_tag = self.chance.tag();
        let Some(dialog) = Dialog::of_callee(&asked.request, &local_tag, asked.flow, &self.settings) else {
            return self.refuse(asked, StatusCode::BAD_REQUEST);
        };
        if self.sessions.len() >= MAX_SESSIONS {
            return self.refuse_overload(asked, "sessions");
        }
        self.arrive(asked, dialog, admission, merge_key, replaces);
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
        let mut partner = Partner::new(dialog, exchange, self.quirks_of(&admission));
        partner.note_abilities(asked.headers());
        partner.heard.clone_from(&offer);
        let call = IncomingCall {
            session,
            admission,
            called: asked.request.uri.clone(),
            from,
            to,
            call_id: partner.dialog.key.call_id.clone(),
            offer,
            flow: asked.flow,
            headers: asked.headers().clone(),
            replaces,
            hops: asked.headers().max_forwards().ok().flatten().unwrap_or(HOPS).min(HOPS),
        };
        let provisionals = Provisionals::asked_by(asked.headers());
        let arriving = Arriving { asked: asked.clone(), partner, provisionals };
        self.sessions.insert(session, Session::Arriving(Box::new(arriving)));
        self.tell(SipEvent::Incoming(Box::new(call)));
    }

    /// What whoever was admitted needs done differently.
    fn quirks_of(&self, admission: &Admission) -> Arc<Quirks> {
        match admission {
            Admission::Peer { name } => {
                let peer = self.settings.peers.iter().find(|peer| peer.name == *name);
                peer.map(|peer| peer.quirks.clone()).unwrap_or_default()
            }
            Admission::Account { .. } => Arc::default(),
        }
    }

    /// 200, repeated until its ACK comes; it waits for the PRACK to what described the session before it.
    pub(crate) fn accept(&mut self, id: SessionId, description: Vec<u8>) {
        let Some(Session::Arriving(arriving)) = self.sessions.get_mut(&id) else { return };
        if arriving.provisionals.hold_back(&description) {
            return;
        }
        let Some(Session::Arriving(arriving)) = self.sessions.remove(&id) else { return };
        let Arriving { asked, mut partner, mut provisionals } = *arriving;
        // RFC 6337 §3.1.1: what a reliable response answered is not answered again.
        let description = partner.exchange.owes_description().then_some(description);
        let offers = partner.exchange == Exchange::AwaitingOfferHere;
        if description.is_some() {
            partner.exchange = partner.exchange.described_here();
            partner.described.clone_from(&description);
        }
        let dialog = &partner.dialog;
        let tag = &dialog.key.local_tag;
        let mut response =
            self.dialog_response(asked.headers(), StatusCode::OK, tag, dialog.contact(), description);
        let grant = session_timer::grant(asked.headers(), self.own_timer(&partner.quirks));
        if let Grant::Timed { interval, keeper, required } = grant {
            session_timer::tell(&mut response.headers, interval, keeper, required);
            partner.clock = Some(SessionClock::new(interval, keeper, self.now));
        }
        let wire = response.to_bytes();
        let kept = wire.clone();
        self.step_server(&asked.key, ServerInput::Success(wire));
        let wait = Unacknowledged::new(&asked, kept, true, self.settings.timers.t1, self.now);
        let talking = Talking {
            partner,
            unacknowledged: vec![wait.offering(offers)],
            overtaken: provisionals.overtaken(),
            leaving: None,
        };
        self.sessions.insert(id, Session::Talking(Box::new(talking)));
        self.watch_session(id);
    }

    /// `Refuse`. What is no refusal becomes one: 480.
    pub(crate) fn refuse_call(&mut self, id: SessionId, status: StatusCode, told: Told) {
        if !matches!(self.sessions.get(&id), Some(Session::Arriving(_))) {
            return;
        }
        let status = if status.is_failure() { status } else { StatusCode::TEMPORARILY_UNAVAILABLE };
        self.drop_reoffer(id);
        self.answer_arriving(id, status, told);
        self.forget_session(id);
        self.told_end(id, SessionEnd::EndedHere);
    }

    /// The final refusal of a call that came in.
    pub(crate) fn answer_arriving(&mut self, id: SessionId, status: StatusCode, told: Told) {
        let Some(Session::Arriving(arriving)) = self.sessions.get(&id) else { return };
        let asked = arriving.asked.clone();
        let mut response =
            self.response(asked.headers(), status, Some(&arriving.partner.dialog.key.local_tag));
        if let Some(wait) = told.retry_after {
            response.headers.push_display(HeaderName::RetryAfter, wait.as_secs().max(1));
        }
        if let Some(reason) = told.reason {
            response.headers.push(HeaderName::Reason, reason);
        }
        if let Some(warning) = told.warning {
            response.headers.push(HeaderName::Warning, warning);
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
            Some(Session::Arriving(arriving)) => arriving.partner.dialog.key.local_tag.clone(),
            Some(Session::Talking(talking)) => talking.partner.dialog.key.local_tag.clone(),
            _ => self.stateless_tag(cancel.headers()),
        };
        let response = self.response(cancel.headers(), StatusCode::OK, Some(&tag));
        self.respond(cancel, response);
        match self.sessions.get(&session) {
            Some(Session::Arriving(_)) => {
                let reason = cancel.headers().get(HeaderName::Reason).map(str::to_owned);
                self.drop_reoffer(session);
                self.answer_arriving(session, StatusCode::REQUEST_TERMINATED, Told::default());
                self.forget_session(session);
                self.told_end(session, SessionEnd::CancelledByPeer { reason });
            }
            // A re-INVITE is cancelled; the session goes on (RFC 3261 §14.2).
            Some(Session::Talking(talking))
                if talking.partner.reoffer.as_ref().is_some_and(|asked| asked.key == invite) =>
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
