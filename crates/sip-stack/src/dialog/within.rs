//! Requests within a dialog, early or confirmed: who serves which, BYE and ACK (RFC 3261 §12.2.2, §15.1.2).

use super::dialog::DialogKey;
use super::invite_session::Session;
use super::offer_answer::Exchange;
use crate::dialog::callee::Told;
use crate::input::SessionId;
use crate::output::{SessionEnd, SipEvent};
use crate::reply::Asked;
use crate::stack::SipStack;
use crate::transaction::ServerInput;
use frontdesk_sip_message::{HeaderName, Headers, Method, StatusCode};

impl SipStack {
    pub(crate) fn receive_within(&mut self, id: SessionId, dialog: &DialogKey, asked: &Asked) {
        if asked.request.method == Method::REGISTER {
            return self.refuse(asked, StatusCode::BAD_REQUEST);
        }
        let Ok(cseq) = asked.headers().cseq() else { return };
        let leaving = matches!(self.sessions.get(&id), Some(Session::Talking(t)) if t.leaving.is_some());
        let unanswered = matches!(self.sessions.get(&id), Some(Session::Calling { .. }));
        let Some(partner) = self.partner_mut(id, dialog) else {
            return self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST);
        };
        // RFC 3261 §12.2.2: a lower number than one that was served is out of order.
        if !partner.dialog.takes(cseq.number) {
            // An INVITE has one final response, also where it is said again when the session is over (RFC 3261 §17.2.1).
            if asked.request.method != Method::INVITE || self.open_transaction(asked) {
                self.refuse(asked, StatusCode::SERVER_INTERNAL_ERROR);
            }
            return;
        }
        partner.dialog.came_by(asked.flow);
        match &asked.request.method {
            method if *method == Method::BYE => self.receive_bye(id, dialog, asked),
            method if *method == Method::OPTIONS => self.answer_options(asked),
            method if *method == Method::PRACK => self.receive_prack(id, dialog, asked),
            // A called party who has not answered neither subscribes nor refers.
            method if unanswered && [Method::NOTIFY, Method::SUBSCRIBE, Method::REFER].contains(method) => {
                self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST)
            }
            method if *method == Method::NOTIFY => self.receive_notify(dialog, asked),
            method if *method == Method::SUBSCRIBE => self.receive_subscribe_within(dialog, asked),
            _ if leaving => self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST),
            method if *method == Method::INVITE => self.receive_reinvite(id, dialog, asked),
            method if *method == Method::UPDATE => self.receive_update(id, dialog, asked),
            method if *method == Method::INFO => self.receive_info(id, asked),
            method if *method == Method::REFER => self.receive_refer(id, asked),
            method if *method == Method::MESSAGE => self.receive_message(asked, true),
            _ => self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST),
        }
    }

    /// RFC 3261 §15.1.2. Without room for its transaction the BYE is served all the same: it frees memory.
    fn receive_bye(&mut self, id: SessionId, dialog: &DialogKey, asked: &Asked) {
        if self.has_room() {
            self.transactions.begin_server(asked);
        }
        let reason = asked.headers().get(HeaderName::Reason).map(str::to_owned);
        let response = self.response(asked.headers(), StatusCode::OK, None);
        self.respond(asked, response);
        self.drop_reoffer(id);
        if let Some(Session::Calling { invite }) = self.sessions.get(&id) {
            // No called party may hang up an early dialog (RFC 3261 §15); who does it is out of the call.
            let invite = *invite;
            return self.end_branch(&invite, dialog);
        }
        // A caller may send BYE in the early dialog too (RFC 3261 §15): its INVITE is still to be answered.
        self.answer_arriving(id, StatusCode::REQUEST_TERMINATED, Told::default());
        let told = match self.forget_session(id) {
            Some(Session::Talking(talking)) => talking.leaving.is_some(),
            Some(_) => false,
            None => true,
        };
        if !told {
            self.told_end(id, SessionEnd::HungUpByPeer { reason });
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
        let wait = talking.unacknowledged.remove(at);
        let (first, answered) = (wait.first, wait.offers);
        let description = description_of(ack.headers(), &ack.request.body).filter(|_| answered);
        if answered {
            talking.partner.exchange = Exchange::Stable;
            talking.partner.heard.clone_from(&description);
        }
        let leaving = if first { talking.leaving.take() } else { None };
        self.propose(id);
        if let Some(reason) = leaving {
            return self.hang_up(id, reason);
        }
        let still_told = !matches!(self.sessions.get(&id), Some(Session::Talking(t)) if t.leaving.is_some());
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
