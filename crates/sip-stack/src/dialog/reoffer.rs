//! What the other side wants changed: re-INVITE (RFC 3261 §14.2), UPDATE (RFC 3311 §5.2), and how this side answers.

use super::dialog::DialogKey;
use super::invite_session::{InviteInProgress, Session, Unacknowledged};
use super::offer_answer::{Exchange, Judgement};
use super::partner::Partner;
use super::session_timer::{self, Grant, SessionClock};
use super::within::description_of;
use crate::input::SessionId;
use crate::limits::MAX_UNACKNOWLEDGED;
use crate::output::SipEvent;
use crate::reply::Asked;
use crate::stack::SipStack;
use crate::transaction::ServerInput;
use frontdesk_sip_message::{HeaderName, Method, Response, StatusCode};
use std::time::Duration;

/// The longest random wait that a too early change is sent away with, in seconds (RFC 3261 §14.2, RFC 3311 §5.2).
const WAIT_MAX_S: u64 = 10;

impl SipStack {
    pub(crate) fn receive_reinvite(&mut self, id: SessionId, dialog: &DialogKey, asked: &Asked) {
        let judgement = match self.sessions.get(&id) {
            Some(Session::Talking(talking)) if talking.unacknowledged.len() < MAX_UNACKNOWLEDGED => {
                talking.partner.exchange.judge()
            }
            // RFC 3261 §14.2: the first INVITE has no final response yet.
            _ => Judgement::TooEarly,
        };
        if !self.open_transaction(asked) {
            return;
        }
        if judgement != Judgement::Serve {
            return self.refuse_change(asked, judgement);
        }
        if self.refused_as_too_brief(id, dialog, asked) {
            return;
        }
        let trying = self.response(asked.headers(), StatusCode::TRYING, None);
        self.respond(asked, trying);
        let number = asked.headers().cseq().map_or(0, |cseq| cseq.number);
        let merge_key = (dialog.call_id.clone(), dialog.remote_tag.clone(), number);
        self.arrived.insert(asked.key.clone(), InviteInProgress { session: id, merge_key });
        self.pass_up(id, dialog, asked);
    }

    /// UPDATE: with an offer it is passed up, without it refreshes the target and the session at once.
    pub(crate) fn receive_update(&mut self, id: SessionId, dialog: &DialogKey, asked: &Asked) {
        if !self.open_transaction(asked) {
            return;
        }
        let Some(partner) = self.partner_mut(id, dialog) else {
            return self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST);
        };
        let offers = description_of(asked.headers(), &asked.request.body).is_some();
        // RFC 3311 §5.2: an UPDATE while another one is unanswered is too early, whatever it brings.
        let unanswered = partner.reoffer.as_ref().is_some_and(|open| open.request.method == Method::UPDATE);
        let judgement = match partner.exchange.judge() {
            _ if unanswered => Judgement::TooEarly,
            judgement if offers => judgement,
            _ => Judgement::Serve,
        };
        if judgement != Judgement::Serve {
            return self.refuse_change(asked, judgement);
        }
        if self.refused_as_too_brief(id, dialog, asked) {
            return;
        }
        if offers {
            return self.pass_up(id, dialog, asked);
        }
        if let Some(response) = self.success_to_change(id, dialog, asked, None) {
            self.respond(asked, response);
        }
        self.watch_session(id);
    }

    /// Tells of an offer, or of an INVITE that wants one.
    pub(crate) fn pass_up(&mut self, id: SessionId, dialog: &DialogKey, asked: &Asked) {
        let offer = (!asked.request.body.is_empty()).then(|| asked.request.body.clone());
        let Some(partner) = self.partner_mut(id, dialog) else { return };
        partner.exchange = Exchange::invited(offer.is_some());
        partner.reoffer = Some(asked.clone());
        self.tell(SipEvent::Reoffered { session: id, offer });
    }

    /// 491, or 500 with a random wait.
    pub(crate) fn refuse_change(&mut self, asked: &Asked, judgement: Judgement) {
        if judgement == Judgement::RequestPending {
            return self.refuse(asked, StatusCode::REQUEST_PENDING);
        }
        let mut response = self.refusal(asked, StatusCode::SERVER_INTERNAL_ERROR);
        let wait = self.chance.below(WAIT_MAX_S + 1);
        response.headers.push_display(HeaderName::RetryAfter, wait);
        self.respond(asked, response);
    }

    /// 422 to a session timer below this side's least (RFC 4028 §9), once the call is answered.
    fn refused_as_too_brief(&mut self, id: SessionId, dialog: &DialogKey, asked: &Asked) -> bool {
        if !matches!(self.sessions.get(&id), Some(Session::Talking(_))) {
            return false;
        }
        let quirks = self.partner_mut(id, dialog).map(|partner| partner.quirks.clone()).unwrap_or_default();
        let grant = session_timer::grant(asked.headers(), self.own_timer(&quirks));
        let Grant::TooSmall(least) = grant else { return false };
        self.refuse_too_brief(asked, least);
        true
    }

    pub(crate) fn refuse_too_brief(&mut self, asked: &Asked, least: Duration) {
        let mut response = self.refusal(asked, StatusCode::SESSION_INTERVAL_TOO_SMALL);
        response.headers.push_display(HeaderName::MinSe, least.as_secs());
        self.respond(asked, response);
    }

    /// The 200 to a re-INVITE, UPDATE or PRACK; the dialog's target and the session's life are refreshed by it.
    fn success_to_change(
        &mut self,
        id: SessionId,
        dialog: &DialogKey,
        asked: &Asked,
        description: Option<Vec<u8>>,
    ) -> Option<Response> {
        let now = self.now;
        let confirmed = matches!(self.sessions.get(&id), Some(Session::Talking(_)));
        let refreshes = asked.request.method != Method::PRACK;
        let partner = self.partner_mut(id, dialog)?;
        let (contact, quirks) = (partner.dialog.contact().clone(), partner.quirks.clone());
        let grant = session_timer::grant(asked.headers(), self.own_timer(&quirks));
        let tag = &dialog.local_tag;
        let mut response = self.dialog_response(asked.headers(), StatusCode::OK, tag, &contact, description);
        let partner = self.partner_mut(id, dialog)?;
        if refreshes {
            partner.dialog.refresh_target(asked.headers());
            partner.note_abilities(asked.headers());
        }
        if refreshes && confirmed {
            partner.clock = None;
            if let Grant::Timed { interval, keeper, required } = grant {
                session_timer::tell(&mut response.headers, interval, keeper, required);
                partner.clock = Some(SessionClock::new(interval, keeper, now));
            }
        }
        Some(response)
    }

    /// 200 with this side's description: to a re-INVITE repeated until its ACK comes, to an UPDATE or PRACK once; or
    /// the answer that an ACK of this side waits for.
    pub(crate) fn accept_reoffer(&mut self, id: SessionId, description: Vec<u8>) {
        let (t1, now) = (self.settings.timers.t1, self.now);
        let Some(partner) = self.reoffered_partner(id) else {
            self.answer_in_ack(id, Some(description));
            return;
        };
        let Some(asked) = partner.reoffer.take() else { return };
        let dialog = partner.dialog.key.clone();
        partner.exchange = partner.exchange.described_here();
        partner.described = Some(description.clone());
        let offers = partner.exchange == Exchange::OfferedHere;
        if !offers {
            partner.heard = Some(asked.request.body.clone());
        }
        let Some(response) = self.success_to_change(id, &dialog, &asked, Some(description)) else { return };
        if asked.request.method != Method::INVITE {
            self.respond(&asked, response);
            return self.propose(id);
        }
        let wire = response.to_bytes();
        self.step_server(&asked.key, ServerInput::Success(wire.clone()));
        if let Some(Session::Talking(talking)) = self.sessions.get_mut(&id) {
            let wait = Unacknowledged::new(&asked, wire, false, t1, now);
            talking.unacknowledged.push(wait.offering(offers));
        }
        self.watch_session(id);
    }

    /// A refused change leaves the session as it was (RFC 3261 §14.2, RFC 3311 §5.2).
    pub(crate) fn refuse_reoffer(&mut self, id: SessionId, status: StatusCode) {
        let status = if status.is_failure() { status } else { StatusCode::NOT_ACCEPTABLE_HERE };
        if !self.answer_reoffer(id, status) {
            self.answer_in_ack(id, None);
        }
    }

    pub(crate) fn cancel_reoffer(&mut self, id: SessionId) {
        self.answer_reoffer(id, StatusCode::REQUEST_TERMINATED);
    }

    fn answer_reoffer(&mut self, id: SessionId, status: StatusCode) -> bool {
        let Some(partner) = self.reoffered_partner(id) else { return false };
        let Some(asked) = partner.reoffer.take() else { return false };
        partner.exchange = Exchange::Stable;
        let tag = partner.dialog.key.local_tag.clone();
        let response = self.response(asked.headers(), status, Some(&tag));
        self.respond(&asked, response);
        self.propose(id);
        true
    }

    fn reoffered_partner(&mut self, id: SessionId) -> Option<&mut Partner> {
        self.find_partner(id, |partner| partner.reoffer.is_some())
    }
}
