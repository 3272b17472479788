//! Requests within the dialog of a session: ACK, BYE, re-INVITE, and who serves the others (RFC 3261 §12.2.2, §14.2, §15.1.2).

use super::dialog::DialogKey;
use super::invite_session::{InviteInProgress, Session, Talking, Unacknowledged};
use super::offer_answer::{Exchange, Judgement};
use crate::input::SessionId;
use crate::limits::MAX_UNACKNOWLEDGED;
use crate::output::{SessionEnd, SipEvent};
use crate::reply::Asked;
use crate::stack::SipStack;
use crate::transaction::ServerInput;
use frontdesk_sip_message::{HeaderName, Headers, Method, StatusCode};

/// The longest random wait that a too early re-INVITE is sent away with, in seconds (RFC 3261 §14.2).
const REINVITE_WAIT_MAX_S: u64 = 10;

impl SipStack {
    pub(crate) fn receive_within(&mut self, id: SessionId, asked: &Asked) {
        if asked.request.method == Method::REGISTER {
            return self.refuse(asked, StatusCode::BAD_REQUEST);
        }
        let Ok(cseq) = asked.headers().cseq() else { return };
        let (in_order, leaving) = match self.sessions.get_mut(&id) {
            Some(Session::Arriving(arriving)) => (arriving.dialog.takes(cseq.number), false),
            Some(Session::Talking(talking)) => (talking.dialog.takes(cseq.number), talking.leaving.is_some()),
            _ => return self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST),
        };
        // RFC 3261 §12.2.2: a lower number than one that was served is out of order.
        if !in_order {
            return self.refuse(asked, StatusCode::SERVER_INTERNAL_ERROR);
        }
        self.dialog_came_by(id, asked.flow);
        let Some(dialog) = DialogKey::of_request(&asked.request) else { return };
        match &asked.request.method {
            method if *method == Method::BYE => self.receive_bye(id, asked),
            method if *method == Method::INVITE && !leaving => self.receive_reinvite(id, asked),
            method if *method == Method::OPTIONS => self.answer_options(asked),
            method if *method == Method::INFO && !leaving => self.receive_info(id, asked),
            method if *method == Method::REFER && !leaving => self.receive_refer(id, asked),
            method if *method == Method::NOTIFY => self.receive_notify(&dialog, asked),
            method if *method == Method::SUBSCRIBE => self.receive_subscribe_within(&dialog, asked),
            method if *method == Method::MESSAGE && !leaving => self.receive_message(asked, true),
            _ => self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST),
        }
    }

    /// RFC 3261 §15.1.2. Without room for its transaction the BYE is served all the same: it frees memory.
    fn receive_bye(&mut self, id: SessionId, asked: &Asked) {
        if self.has_room() {
            self.transactions.begin_server(asked);
        }
        let reason = asked.headers().get(HeaderName::Reason).map(str::to_owned);
        let response = self.response(asked.headers(), StatusCode::OK, None);
        self.respond(asked, response);
        // A caller may send BYE in the early dialog too (RFC 3261 §15): its INVITE is still to be answered.
        self.answer_arriving(id, StatusCode::REQUEST_TERMINATED, None, None);
        self.drop_reoffer(id);
        let told = match self.forget_session(id) {
            Some(Session::Talking(talking)) => talking.leaving.is_some(),
            Some(_) => false,
            None => true,
        };
        if !told {
            self.told_end(id, SessionEnd::HungUpByPeer { reason });
        }
    }

    fn receive_reinvite(&mut self, id: SessionId, asked: &Asked) {
        let judgement = match self.sessions.get(&id) {
            Some(Session::Talking(talking)) if talking.unacknowledged.len() < MAX_UNACKNOWLEDGED => {
                talking.exchange.judge()
            }
            // RFC 3261 §14.2: the first INVITE has no final response yet.
            _ => Judgement::TooEarly,
        };
        if !self.open_transaction(asked) {
            return;
        }
        match judgement {
            Judgement::Serve => self.reoffered(id, asked),
            Judgement::RequestPending => self.refuse(asked, StatusCode::REQUEST_PENDING),
            Judgement::TooEarly => {
                let mut response = self.refusal(asked, StatusCode::SERVER_INTERNAL_ERROR);
                let wait = self.chance.below(REINVITE_WAIT_MAX_S + 1);
                response.headers.push(HeaderName::RetryAfter, wait.to_string());
                self.respond(asked, response);
            }
        }
    }

    fn reoffered(&mut self, id: SessionId, asked: &Asked) {
        let trying = self.response(asked.headers(), StatusCode::TRYING, None);
        self.respond(asked, trying);
        let Some(Session::Talking(talking)) = self.sessions.get_mut(&id) else { return };
        let offer = (!asked.request.body.is_empty()).then(|| asked.request.body.clone());
        talking.exchange = Exchange::invited(offer.is_some());
        talking.reoffer = Some(asked.clone());
        let key = &talking.dialog.key;
        let number = asked.headers().cseq().map_or(0, |cseq| cseq.number);
        let merge_key = (key.call_id.clone(), key.remote_tag.clone(), number);
        self.arrived.insert(asked.key.clone(), InviteInProgress { session: id, merge_key });
        self.tell(SipEvent::Reoffered { session: id, offer });
    }

    /// 200 to a re-INVITE, repeated until its ACK comes.
    pub(crate) fn accept_reoffer(&mut self, id: SessionId, description: Vec<u8>) {
        let (t1, now) = (self.settings.timers.t1, self.now);
        let Some((asked, talking)) = self.take_reoffer(id) else { return };
        talking.dialog.refresh_target(asked.headers());
        talking.exchange = talking.exchange.accepted();
        let (tag, contact) = (talking.dialog.key.local_tag.clone(), talking.dialog.contact().clone());
        let response =
            self.dialog_response(asked.headers(), StatusCode::OK, &tag, &contact, Some(description));
        let wire = response.to_bytes();
        self.step_server(&asked.key, ServerInput::Success(wire.clone()));
        if let Some(Session::Talking(talking)) = self.sessions.get_mut(&id) {
            talking.unacknowledged.push(Unacknowledged::new(&asked, wire, false, t1, now));
        }
        self.watch_session(id);
    }

    /// A refused re-INVITE leaves the session as it was (RFC 3261 §14.2).
    pub(crate) fn refuse_reoffer(&mut self, id: SessionId, status: StatusCode) {
        let status = if status.is_failure() { status } else { StatusCode::NOT_ACCEPTABLE_HERE };
        self.answer_reoffer(id, status);
    }

    pub(crate) fn cancel_reoffer(&mut self, id: SessionId) {
        self.answer_reoffer(id, StatusCode::REQUEST_TERMINATED);
    }

    fn answer_reoffer(&mut self, id: SessionId, status: StatusCode) {
        let Some((asked, talking)) = self.take_reoffer(id) else { return };
        talking.exchange = Exchange::Stable;
        let tag = talking.dialog.key.local_tag.clone();
        let response = self.response(asked.headers(), status, Some(&tag));
        self.respond(&asked, response);
    }

    fn take_reoffer(&mut self, id: SessionId) -> Option<(Asked, &mut Talking)> {
        match self.sessions.get_mut(&id) {
            Some(Session::Talking(talking)) => Some((talking.reoffer.take()?, talking)),
            _ => None,
        }
    }

    /// An ACK goes to the transaction that refused, and to the dialog that accepted. It is never answered; one that
    /// nobody awaits is ignored (RFC 3261 §17.1.1.3, §13.3.1.4).
    pub(crate) fn receive_ack(&mut self, ack: &Asked) {
        if self.transactions.knows_server(&ack.key) {
            self.step_server(&ack.key, ServerInput::Ack);
        }
        let dialog = DialogKey::of_request(&ack.request);
        let Some(id) = dialog.and_then(|dialog| self.dialogs.get(&dialog).copied()) else { return };
        let Ok(cseq) = ack.headers().cseq() else { return };
        let Some(Session::Talking(talking)) = self.sessions.get_mut(&id) else { return };
        // The number tells to which INVITE of the dialog it belongs (RFC 3261 §13.2.2.4).
        let Some(at) = talking.unacknowledged.iter().position(|wait| wait.number == cseq.number) else {
            return;
        };
        let first = talking.unacknowledged.remove(at).first;
        let answered = talking.exchange == Exchange::OfferedHere;
        if answered {
            talking.exchange = Exchange::Stable;
        }
        let leaving = if first { talking.leaving.take() } else { None };
        self.watch_session(id);
        if let Some(reason) = leaving {
            return self.hang_up(id, reason);
        }
        let still_told = !matches!(self.sessions.get(&id), Some(Session::Talking(t)) if t.leaving.is_some());
        let description = description_of(ack.headers(), &ack.request.body).filter(|_| answered);
        if still_told && (first || description.is_some()) {
            self.tell(SipEvent::Confirmed { session: id, description });
        }
    }
}

/// The body, if it is SDP.
pub(crate) fn description_of(headers: &Headers, body: &[u8]) -> Option<Vec<u8>> {
    let is_sdp = matches!(headers.content_type(), Ok(Some(kind)) if kind.is_sdp());
    (is_sdp && !body.is_empty()).then(|| body.to_vec())
}
