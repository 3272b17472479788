//! What the other side says to a re-INVITE or UPDATE of this side (RFC 3261 §14.1, RFC 3311 §5.3, RFC 4028 §7.2).

use super::dialog::DialogKey;
use super::invite_session::Session;
use super::offer_answer::Exchange;
use super::proposal::{OpenProposal, Wish};
use super::session_timer;
use super::within::description_of;
use crate::input::SessionId;
use crate::limits::MAX_POSTPONEMENTS;
use crate::output::{SessionEnd, SipEvent, SipOutput};
use crate::routing::Owner;
use crate::stack::{Due, SipStack};
use crate::transaction::table::{ClientKey, Step};
use frontdesk_sip_message::{HeaderName, Method, Request, Response, StatusCode};
use std::time::Duration;

/// The longest `Retry-After` of a 500 that is waited for; a longer one is a refusal. RFC 3261 §14.2 has ten seconds at
/// most.
const RETRY_AFTER_MAX_S: u32 = 10;

/// The unit of the wait after a 491 (RFC 3261 §14.1).
const GLARE_UNIT: Duration = Duration::from_millis(10);

impl SipStack {
    /// The transaction of a proposal moved. `request` is what was asked, while it is answered.
    pub(crate) fn proposal_stepped(
        &mut self,
        client: &ClientKey,
        id: SessionId,
        dialog: &DialogKey,
        request: Option<Request>,
        answer: Option<&Response>,
        step: Step,
    ) {
        if answer.is_some_and(|answer| answer.status.is_final()) {
            self.wheel.set(Due::Invite(*client), None);
        }
        match answer.zip(request) {
            Some((answer, _)) if answer.status.is_provisional() => {}
            Some((answer, request)) if answer.status.is_success() => {
                self.proposal_accepted(client, id, dialog, &request, answer);
            }
            Some((answer, request)) => self.proposal_refused(client, id, dialog, request, answer),
            None if step.timed_out => self.proposal_unanswered(client, id, dialog, true),
            None if step.failed => self.proposal_unanswered(client, id, dialog, false),
            None => {}
        }
        if step.gone {
            self.wheel.set(Due::Invite(*client), None);
            self.reinvites.remove(client);
        }
    }

    /// The session ends, and nobody waits for the answer to its re-INVITE any more. A provisional response has stopped
    /// timer B, so that it would wait for ever: it gets as long as a cancelled one (RFC 3261 §9.1).
    pub(crate) fn give_up_reinvite_of(&mut self, session: &Session) {
        let Session::Talking(talking) = session else { return };
        let open = talking.partner.proposals.open.as_ref();
        if let Some(open) = open.filter(|open| !open.answer_due && self.reinvites.contains_key(&open.key)) {
            let give_up_at = self.now + self.settings.timers.life();
            self.wheel.set(Due::Invite(open.key), Some(give_up_at));
        }
    }

    /// A re-INVITE got no final response for 64·T1: it is cancelled, and after as long again forgotten.
    pub(crate) fn reinvite_due(&mut self, client: &ClientKey) {
        let owner = self.transactions.client(client).map(|client| client.owner.clone());
        let Some(Owner::Proposal { session, dialog }) = owner else { return };
        let open = self.partner_mut(session, &dialog).and_then(|partner| partner.proposals.open.as_ref());
        let wanted = open.is_some_and(|open| open.key == *client);
        if let Some(reinvite) = self.reinvites.get_mut(client)
            && wanted
            && !reinvite.cancelled
        {
            reinvite.cancelled = true;
            return self.send_cancel(client, None);
        }
        self.give_up_cancelled(client);
        self.reinvites.remove(client);
        self.proposal_unanswered(client, session, &dialog, false);
    }

    /// Takes the open proposal out, if it is still this one.
    fn take_open(&mut self, client: &ClientKey, id: SessionId, dialog: &DialogKey) -> Option<OpenProposal> {
        let partner = self.partner_mut(id, dialog)?;
        partner.proposals.open.take_if(|open| open.key == *client)
    }

    fn proposal_accepted(
        &mut self,
        client: &ClientKey,
        id: SessionId,
        dialog: &DialogKey,
        request: &Request,
        answer: &Response,
    ) {
        if let Some((flow, bytes)) = self.reinvites.get(client).and_then(|reinvite| reinvite.ack.clone()) {
            return self.outputs.push_back(SipOutput::Transmit { flow, bytes });
        }
        let description = description_of(&answer.headers, &answer.body);
        let now = self.now;
        let asked_timer = request.headers.contains(HeaderName::SessionExpires);
        let open = self.partner_mut(id, dialog).and_then(|partner| {
            let open = partner.proposals.open.as_mut().filter(|open| open.key == *client)?;
            let fresh = !open.answer_due;
            open.answer_due = open.wish == Wish::Offer(None) && description.is_some();
            if fresh {
                partner.dialog.refresh_target(&answer.headers);
                partner.note_abilities(&answer.headers);
                partner.proposals.postponed = 0;
                if asked_timer {
                    partner.clock = session_timer::agreed(&answer.headers, now);
                }
            }
            Some((partner.proposals.open.as_ref()?.answer_due, fresh))
        });
        match open {
            // RFC 3261 §14.1: its offer is answered with the ACK, once this side has an answer.
            Some((true, fresh)) => {
                if let Some(partner) = self.partner_mut(id, dialog).filter(|_| fresh) {
                    partner.exchange = partner.exchange.described_there();
                    partner.heard = description.clone();
                    let description = description.unwrap_or_default();
                    self.tell(SipEvent::ReofferAnswered { session: id, description });
                }
                self.watch_session(id);
            }
            Some((false, _)) => {
                self.acknowledge_reinvite(client, id, dialog, request, None);
                self.conclude(client, id, dialog, request, description, answer.status);
            }
            // The session is over: the BYE crossed the 2xx.
            None => self.acknowledge_reinvite(client, id, dialog, request, None),
        }
    }

    /// The 2xx to an offer, or to a refresh.
    fn conclude(
        &mut self,
        client: &ClientKey,
        id: SessionId,
        dialog: &DialogKey,
        request: &Request,
        description: Option<Vec<u8>>,
        status: StatusCode,
    ) {
        let Some(open) = self.take_open(client, id, dialog) else { return };
        let Some(partner) = self.partner_mut(id, dialog) else { return };
        if open.offers {
            partner.exchange = Exchange::Stable;
        }
        let changed = description.is_some() && description != partner.heard;
        if !request.body.is_empty() && description.is_some() {
            partner.described = Some(request.body.clone());
            partner.heard = description.clone();
        }
        match (open.wish, description) {
            (Wish::Offer(_), Some(description)) => {
                self.tell(SipEvent::ReofferAnswered { session: id, description });
            }
            // An offer that a 2xx does not answer changes nothing (RFC 3264 §4).
            (wish @ Wish::Offer(_), None) => self.tell_refused(id, &wish, Some(status)),
            // The other side may answer the same offer differently than before.
            (Wish::Refresh, Some(description)) if changed && open.offers => {
                self.tell(SipEvent::ReofferAnswered { session: id, description });
            }
            (Wish::Refresh, _) => {}
        }
        self.propose(id);
    }

    /// The ACK to the 2xx of a re-INVITE; an UPDATE has none.
    fn acknowledge_reinvite(
        &mut self,
        client: &ClientKey,
        id: SessionId,
        dialog: &DialogKey,
        request: &Request,
        description: Option<Vec<u8>>,
    ) {
        let Some(reinvite) = self.reinvites.get(client) else { return };
        let before = reinvite.dialog.clone();
        let dialog = self.partner_mut(id, dialog).map_or(before, |partner| partner.dialog.clone());
        let mut ack = dialog.ack(request);
        if let Some(description) = description {
            ack.headers.push(HeaderName::ContentType, "application/sdp");
            ack.body = description;
        }
        let flow = dialog.flow();
        self.add_via(&mut ack, flow);
        let bytes = ack.to_bytes();
        self.outputs.push_back(SipOutput::Transmit { flow, bytes: bytes.clone() });
        if let Some(reinvite) = self.reinvites.get_mut(client) {
            reinvite.ack = Some((flow, bytes));
        }
    }

    /// This side's answer to the offer that it had asked for. False when none is due.
    pub(crate) fn answer_in_ack(&mut self, id: SessionId, description: Option<Vec<u8>>) -> bool {
        let due = |open: &OpenProposal| open.answer_due;
        let found = self.find_partner(id, |partner| partner.proposals.open.as_ref().is_some_and(due));
        let Some(partner) = found else { return false };
        let dialog = partner.dialog.key.clone();
        let Some(open) = partner.proposals.open.take() else { return false };
        partner.exchange = Exchange::Stable;
        let refused = description.is_none();
        if !refused {
            partner.described.clone_from(&description);
        }
        if let Some(request) = self.transactions.client(&open.key).map(|client| client.request.clone()) {
            self.acknowledge_reinvite(&open.key, id, &dialog, &request, description);
        }
        if refused {
            // RFC 3261 §14.1: an offer in a 2xx cannot be refused; the ACK is followed by BYE.
            let reason = "SIP;cause=488;text=\"Offer not acceptable\"".to_owned();
            self.hang_up(id, Some(reason));
            self.told_end(id, SessionEnd::ProtocolViolation);
        } else {
            self.propose(id);
        }
        true
    }

    fn proposal_refused(
        &mut self,
        client: &ClientKey,
        id: SessionId,
        dialog: &DialogKey,
        request: Request,
        answer: &Response,
    ) {
        let Some(open) = self.take_open(client, id, dialog) else { return };
        let own_call = matches!(id, SessionId::Outgoing(_));
        let status = answer.status;
        let wait = self.wait_of(answer, own_call);
        let gone = [StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST, StatusCode::REQUEST_TIMEOUT];
        let Some(partner) = self.partner_mut(id, dialog) else { return };
        if open.offers {
            partner.exchange = Exchange::Stable;
        }
        let challenge = [StatusCode::UNAUTHORIZED, StatusCode::PROXY_AUTHENTICATION_REQUIRED];
        if challenge.contains(&status) && !open.challenged {
            if let Some(credentials) = partner.credentials.clone()
                && let Some(mut request) = self.answering_challenge(request, answer, &credentials)
                && let Some(partner) = self.partner_mut(id, dialog)
            {
                partner.dialog.renumber(&mut request);
                return self.send_proposal(id, dialog, request, open.wish, true);
            }
        } else if status == StatusCode::SESSION_INTERVAL_TOO_SMALL
            && let Some(least) = session_timer::demanded(&answer.headers, &request.headers)
        {
            partner.proposals.least_interval = Some(least);
            if self.postpone(id, dialog, &open.wish, Duration::ZERO) {
                return;
            }
        } else if let Some(wait) = wait {
            if self.postpone(id, dialog, &open.wish, wait) {
                return;
            }
        } else if request.method == Method::UPDATE
            && [StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_IMPLEMENTED].contains(&status)
        {
            partner.spurns_update();
            partner.proposals.want(open.wish);
            return self.propose(id);
        } else if gone.contains(&status) {
            let known = status == StatusCode::REQUEST_TIMEOUT;
            return self.dialog_gone(id, dialog, &open.wish, Some(status), known);
        }
        self.tell_refused(id, &open.wish, Some(status));
        self.propose(id);
    }

    /// No answer at all. Where the transport gave up, the session stays: one refused datagram may be spoofed.
    fn proposal_unanswered(&mut self, client: &ClientKey, id: SessionId, dialog: &DialogKey, silent: bool) {
        let Some(open) = self.take_open(client, id, dialog) else { return };
        if let Some(partner) = self.partner_mut(id, dialog).filter(|_| open.offers) {
            partner.exchange = Exchange::Stable;
        }
        if silent {
            self.dialog_gone(id, dialog, &open.wish, None, true);
        } else {
            self.tell_refused(id, &open.wish, None);
            self.propose(id);
        }
    }

    /// RFC 3261 §12.2.1.2, §14.1: 481, 408 or silence ends the dialog. `known`: the other side may still hold it, so
    /// a BYE is right. In an early dialog the INVITE itself decides.
    fn dialog_gone(
        &mut self,
        id: SessionId,
        dialog: &DialogKey,
        wish: &Wish,
        status: Option<StatusCode>,
        known: bool,
    ) {
        debug_assert!(self.partner_mut(id, dialog).is_some());
        if !matches!(self.sessions.get(&id), Some(Session::Talking(_))) {
            return self.tell_refused(id, wish, status);
        }
        self.drop_reoffer(id);
        if known {
            self.hang_up(id, Some("SIP;cause=408;text=\"No answer within the dialog\"".to_owned()));
        } else {
            self.forget_session(id);
        }
        self.told_end(id, SessionEnd::DialogGone);
    }

    /// Tries the wish again later, unless it was sent away too often. A newer offer stands in its place.
    fn postpone(&mut self, id: SessionId, dialog: &DialogKey, wish: &Wish, wait: Duration) -> bool {
        let at = self.now + wait;
        let Some(partner) = self.partner_mut(id, dialog) else { return false };
        let proposals = &mut partner.proposals;
        proposals.postponed += 1;
        if proposals.postponed > MAX_POSTPONEMENTS {
            proposals.postponed = 0;
            return false;
        }
        if !matches!(proposals.waiting, Some(Wish::Offer(_))) {
            proposals.waiting = Some(wish.clone());
        }
        proposals.not_before = Some(at);
        self.propose(id);
        true
    }

    /// How long a proposal waits that came at the wrong time. After a 491 the owner of the Call-ID waits 2.1 to 4 s,
    /// the other one 0 to 2 s, in units of 10 ms (RFC 3261 §14.1): so they do not meet again.
    fn wait_of(&mut self, answer: &Response, own_call: bool) -> Option<Duration> {
        match answer.status {
            StatusCode::REQUEST_PENDING => {
                let units = if own_call { 210 + self.chance.below(191) } else { self.chance.below(201) };
                Some(GLARE_UNIT * u32::try_from(units).unwrap_or_default())
            }
            StatusCode::SERVER_INTERNAL_ERROR => {
                let seconds = answer.headers.retry_after().ok().flatten()?;
                (seconds <= RETRY_AFTER_MAX_S).then(|| Duration::from_secs(u64::from(seconds)))
            }
            _ => None,
        }
    }
}
