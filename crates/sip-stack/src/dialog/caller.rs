//! Calls that this side places: forks, ACKs, CANCEL in every race (RFC 3261 §9.1, §13.2).

use super::dialog::{Dialog, local_contact};
use super::fork::{EarlyDialog, Fork, Forks};
use super::invite_session::{Session, Talking};
use super::offer_answer::Exchange;
use super::partner::Partner;
use super::proposal::Wish;
use super::session_timer;
use super::within::description_of;
use crate::input::{Credentials, Flow, OutgoingCall, SessionId};
use crate::limits::{HOPS, MAX_FORKS, MAX_SESSIONS, MAX_TRANSACTIONS, OVERLOAD_RETRY_AFTER_S};
use crate::output::{SessionEnd, SipEvent, SipOutput};
use crate::quirks::{Quirks, Reliability};
use crate::reply::ALLOW;
use crate::routing::Owner;
use crate::stack::{Due, SipStack};
use crate::transaction::table::{ClientKey, Step, TransactionKey};
use frontdesk_sip_message::{
    CSeq, Contacts, HeaderName, Headers, Method, NameAddr, Request, Response, StatusCode, Uri,
};
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

/// How often in a row a 422 is obeyed.
const TOO_BRIEF_MAX: u8 = 3;

/// An INVITE of this side. It lives as long as its transaction, longer than the session where that ends first: the
/// ACKs to repeated 2xx go on (RFC 6026 §7.2), and a late 2xx is still hung up.
#[derive(Debug)]
pub(crate) struct OutgoingInvite {
    /// Who awaits the answer; none once it is known or not wanted any more.
    awaiting: Option<SessionId>,
    terms: Terms,
    /// Whether a provisional response came: before it no CANCEL may be sent (RFC 3261 §9.1).
    provisional: bool,
    cancel: Cancel,
    /// The called parties, by their To tags.
    pub(crate) forks: Forks,
    /// The number of the next one that speaks for the first time.
    next_branch: u16,
    /// An offer that waits for the answer.
    pub(crate) waiting: Option<Wish>,
}

/// What an INVITE keeps when it is sent once more.
#[derive(Debug, Clone)]
struct Terms {
    credentials: Option<Credentials>,
    /// Whether it carries an answer to a challenge: a second challenge is a refusal.
    authenticated: bool,
    /// How often it was refused with 422.
    too_brief: u8,
    quirks: Arc<Quirks>,
}

impl OutgoingInvite {
    /// A called party speaks for the first time.
    pub(crate) fn first_word(&mut self, dialog: Dialog, request: &Request) -> EarlyDialog {
        let exchange = Exchange::asked(!request.body.is_empty());
        let mut partner = Partner::new(dialog, exchange, self.terms.quirks.clone());
        partner.credentials = self.terms.credentials.clone();
        partner.described = (!request.body.is_empty()).then(|| request.body.clone());
        let branch = self.next_branch;
        self.next_branch = branch.saturating_add(1);
        EarlyDialog::new(branch, partner)
    }
}

/// How far a CANCEL is.
#[derive(Debug)]
enum Cancel {
    Unwanted,
    /// Wanted, and to be sent with the first provisional response.
    Wanted {
        reason: Option<String>,
    },
    Sent {
        reason: Option<String>,
    },
}

impl SipStack {
    pub(crate) fn has_room(&self) -> bool {
        let (clients, servers) = self.transactions.counts();
        clients + servers < MAX_TRANSACTIONS
    }

    /// `Invite`.
    pub(crate) fn invite(&mut self, call: OutgoingCall) {
        if self.sessions.contains_key(&call.session) {
            debug_assert!(false, "the session {:?} exists already", call.session);
            return;
        }
        if self.sessions.len() >= MAX_SESSIONS || !self.has_room() {
            let wait = Duration::from_secs(u64::from(OVERLOAD_RETRY_AFTER_S));
            self.overloaded("sessions");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return self.told_end(
                call.session,
                SessionEnd::Refused { status, retry_after: Some(wait), reason: None, redirects: Vec::new() },
            );
        }
        // RFC 3261 §26.2.2: `sips` goes under TLS or not at all.
        if is_sips(&call.target) && !call.flow.transport.is_secure() {
            return self.told_end(call.session, SessionEnd::TransportFailed);
        }
        let (session, flow) = (call.session, call.flow);
        let (credentials, quirks) = (call.credentials.clone(), call.quirks.clone());
        let terms = Terms { credentials, authenticated: false, too_brief: 0, quirks };
        let mut request = self.first_invite(call);
        self.add_via(&mut request, flow);
        self.place(request, flow, session, terms, None);
    }

    fn first_invite(&mut self, call: OutgoingCall) -> Request {
        let contact =
            local_contact(contact_user(&call).as_deref(), call.flow, is_sips(&call.target), &self.settings);
        let mut from = call.from;
        from.set_tag(&self.chance.tag());
        let mut headers = Headers::with_capacity(1_024, 16);
        for route in &call.routes {
            headers.push_display(HeaderName::Route, route);
        }
        headers.push_display(HeaderName::MaxForwards, HOPS);
        headers.push_display(HeaderName::From, from);
        headers.push_display(HeaderName::To, call.to);
        headers.push(HeaderName::CallId, self.chance.call_id());
        headers.push(HeaderName::CSeq, "1 INVITE");
        headers.push_display(HeaderName::Contact, contact);
        headers.push(HeaderName::Allow, ALLOW);
        self.add_extensions(&mut headers, &call.quirks, !call.description.is_empty());
        for (name, value) in &call.extra {
            match HeaderName::from_token(name) {
                // There is one of it.
                Some(name) if name == HeaderName::MaxForwards => headers.set(name, value),
                Some(name) if name == HeaderName::Contact => {}
                Some(name) => headers.push(name, value),
                None => {}
            }
        }
        if !call.description.is_empty() {
            headers.push(HeaderName::ContentType, "application/sdp");
        }
        Request { method: Method::INVITE, uri: call.target, headers, body: call.description }
    }

    /// What this side can and wants beyond RFC 3261. Without an offer nothing is reliable: an offer in a provisional
    /// response would want its answer in the PRACK (RFC 3262 §5).
    fn add_extensions(&self, headers: &mut Headers, quirks: &Quirks, offers: bool) {
        // RFC 3891, RFC 4488, RFC 6228 §4.
        let mut supported = vec!["replaces", "norefersub", "199"];
        match quirks.reliable_provisional {
            Reliability::WhenUseful if offers => supported.push("100rel"),
            Reliability::Demanded if offers => headers.push(HeaderName::Require, "100rel"),
            _ => {}
        }
        if let Some(timer) = self.own_timer(quirks) {
            supported.push("timer");
            session_timer::ask(headers, timer.expires, None, None);
        }
        headers.push(HeaderName::Supported, supported.join(", "));
    }

    /// `before` is the INVITE in whose place this one stands.
    fn place(
        &mut self,
        request: Request,
        flow: Flow,
        session: SessionId,
        terms: Terms,
        before: Option<&ClientKey>,
    ) {
        let before = before.and_then(|key| self.invites.get_mut(key));
        let (next_branch, waiting) = before.map_or((0, None), |b| (b.next_branch, b.waiting.take()));
        let key = self.begin_client(request, flow, Owner::Invite);
        let invite = OutgoingInvite {
            awaiting: Some(session),
            terms,
            provisional: false,
            cancel: Cancel::Unwanted,
            forks: Forks::default(),
            next_branch,
            waiting,
        };
        self.invites.insert(key, Box::new(invite));
        self.sessions.insert(session, Session::Calling { invite: key });
    }

    /// The transaction of an INVITE moved.
    pub(crate) fn invite_stepped(&mut self, key: &ClientKey, answer: Option<&Response>, step: Step) {
        match answer {
            Some(answer) if answer.status.is_provisional() => self.invite_progressed(key, answer),
            Some(answer) if answer.status.is_success() => self.invite_accepted(key, answer),
            Some(answer) => self.invite_refused(key, answer),
            None if step.timed_out => self.invite_ended(key, SessionEnd::NoResponse),
            None if step.failed => self.invite_ended(key, SessionEnd::TransportFailed),
            None => {}
        }
        if step.gone {
            self.invites.remove(key);
            self.wheel.set(Due::Invite(*key), None);
        }
    }

    fn invite_progressed(&mut self, key: &ClientKey, answer: &Response) {
        let Some(invite) = self.invites.get_mut(key) else { return };
        let first = !std::mem::replace(&mut invite.provisional, true);
        if let Cancel::Wanted { reason } = &invite.cancel {
            let reason = reason.clone();
            invite.cancel = Cancel::Sent { reason: reason.clone() };
            return self.send_cancel(key, reason);
        }
        if let Some(session) = invite.awaiting
            && answer.status == StatusCode::TRYING
        {
            if first {
                self.tell(SipEvent::Trying { session });
            }
        } else if let Some(session) = invite.awaiting {
            self.branch_progressed(key, session, answer);
        }
    }

    /// A 2xx: the first of a wanted call makes the session; any other is acknowledged and hung up
    /// (RFC 3261 §13.2.2.4). A repeated one gets the same ACK again.
    fn invite_accepted(&mut self, key: &ClientKey, answer: &Response) {
        self.wheel.set(Due::Invite(*key), None);
        let Some(client) = self.transactions.client(key) else { return };
        let (request, flow) = (client.request.clone(), client.flow);
        let tag = answer.headers.to_tag().unwrap_or_default().to_owned();
        let Some(invite) = self.invites.get_mut(key) else { return };
        if let Some(Fork::Answered { flow, ack }) = invite.forks.get(&tag) {
            let (flow, bytes) = (*flow, ack.clone());
            return self.outputs.push_back(SipOutput::Transmit { flow, bytes });
        }
        let early = match invite.forks.remove(&tag) {
            Some(Fork::Early(early)) => *early,
            _ if invite.forks.len() >= MAX_FORKS => return self.overloaded("forks"),
            _ => match Dialog::of_caller(&request, answer, flow) {
                Some(dialog) => invite.first_word(dialog, &request),
                None => return,
            },
        };
        let EarlyDialog { branch, mut partner, .. } = early;
        partner.dialog.confirm(answer);
        partner.note_abilities(&answer.headers);
        let mut ack = partner.dialog.ack(&request);
        self.add_via(&mut ack, partner.dialog.flow());
        let (flow, bytes) = (partner.dialog.flow(), ack.to_bytes());
        let ack = bytes.clone();
        self.outputs.push_back(SipOutput::Transmit { flow, bytes });
        let Some(invite) = self.invites.get_mut(key) else { return };
        invite.forks.insert(tag, Fork::Answered { flow, ack });
        let cancelled = match &invite.cancel {
            Cancel::Unwanted => None,
            Cancel::Wanted { reason } | Cancel::Sent { reason } => Some(reason.clone()),
        };
        match invite.awaiting.take() {
            Some(session) => {
                partner.proposals.waiting = partner.proposals.waiting.or(invite.waiting.take());
                self.end_early_dialogs(key);
                self.begin_talking(session, partner, branch, &request, answer);
            }
            // The 200 crossed the CANCEL, or another called party was quicker.
            None => {
                let elsewhere = || Some("SIP;cause=200;text=\"Call completed elsewhere\"".to_owned());
                let credentials = partner.credentials.take();
                self.send_bye(&mut partner.dialog, credentials, cancelled.unwrap_or_else(elsewhere));
            }
        }
    }

    fn begin_talking(
        &mut self,
        session: SessionId,
        mut partner: Partner,
        branch: u16,
        request: &Request,
        answer: &Response,
    ) {
        if request.headers.contains(HeaderName::SessionExpires) {
            partner.clock = session_timer::agreed(&answer.headers, self.now);
        }
        // Where no reliable response answered the offer, the 2xx does; or else what was foretold holds.
        let awaited = partner.exchange == Exchange::OfferedHere && partner.proposals.open.is_none();
        if awaited {
            partner.exchange = Exchange::Stable;
            partner.heard = description_of(&answer.headers, &answer.body).or(partner.heard);
        }
        // An INVITE without an offer is answered with one.
        let offered = || description_of(&answer.headers, &answer.body);
        let description = partner.heard.clone().or_else(offered).unwrap_or_default();
        self.dialogs.insert(partner.dialog.key.clone(), session);
        let talking = Talking { partner, unacknowledged: Vec::new(), overtaken: None, leaving: None };
        self.sessions.insert(session, Session::Talking(Box::new(talking)));
        self.tell(SipEvent::Answered { session, branch, description });
        self.propose(session);
    }

    fn invite_refused(&mut self, key: &ClientKey, answer: &Response) {
        if self.retry_with_credentials(key, answer) || self.retry_more_slowly(key, answer) {
            return;
        }
        let retry_after = answer.headers.retry_after().ok().flatten();
        let retry_after = retry_after.map(|seconds| Duration::from_secs(u64::from(seconds)));
        let reason = answer.headers.get(HeaderName::Reason).map(str::to_owned);
        let redirects = redirects_of(answer);
        self.invite_ended(key, SessionEnd::Refused { status: answer.status, retry_after, reason, redirects });
    }

    fn invite_ended(&mut self, key: &ClientKey, end: SessionEnd) {
        self.wheel.set(Due::Invite(*key), None);
        let awaiting = self.invites.get_mut(key).and_then(|invite| invite.awaiting.take());
        if let Some(session) = awaiting {
            self.forget_session(session);
            self.told_end(session, end);
        }
    }

    /// 401 and 407 are answered once (RFC 3261 §22.2): same Call-ID and From tag, next number, new branch.
    fn retry_with_credentials(&mut self, key: &ClientKey, answer: &Response) -> bool {
        let Some(terms) = self.invites.get(key).map(|invite| invite.terms.clone()) else { return false };
        let Some(credentials) = terms.credentials.clone().filter(|_| !terms.authenticated) else {
            return false;
        };
        let Some(client) = self.transactions.client(key) else { return false };
        let request = Request::clone(&client.request);
        let Some(request) = self.answering_challenge(request, answer, &credentials) else { return false };
        self.place_again(key, request, Terms { authenticated: true, ..terms })
    }

    /// 422 is obeyed (RFC 4028 §7.3): the same once more with the interval that it demands.
    fn retry_more_slowly(&mut self, key: &ClientKey, answer: &Response) -> bool {
        let Some(terms) = self.invites.get(key).map(|invite| invite.terms.clone()) else { return false };
        if answer.status != StatusCode::SESSION_INTERVAL_TOO_SMALL || terms.too_brief >= TOO_BRIEF_MAX {
            return false;
        }
        let Some(client) = self.transactions.client(key) else { return false };
        let mut request = Request::clone(&client.request);
        let Some(least) = session_timer::demanded(&answer.headers, &request.headers) else { return false };
        session_timer::ask(&mut request.headers, least, None, Some(least));
        request.headers.remove(HeaderName::Via);
        let number = request.headers.cseq().map_or(1, |cseq| cseq.number.saturating_add(1));
        request.headers.set(HeaderName::CSeq, CSeq { number, method: Method::INVITE }.to_string());
        self.place_again(key, request, Terms { too_brief: terms.too_brief + 1, ..terms })
    }

    /// Sends the INVITE of a call that is still wanted once more, without its Via.
    fn place_again(&mut self, key: &ClientKey, mut request: Request, terms: Terms) -> bool {
        let Some(flow) = self.transactions.client(key).map(|client| client.flow) else { return false };
        let Some(session) = self.invites.get_mut(key).and_then(|invite| invite.awaiting.take()) else {
            return false;
        };
        self.end_early_dialogs(key);
        self.add_via(&mut request, flow);
        self.place(request, flow, session, terms, Some(key));
        true
    }

    /// The call is not wanted any more. Before the first provisional response no CANCEL may go out: it could
    /// overtake the INVITE (RFC 3261 §9.1).
    pub(crate) fn cancel_invite(&mut self, key: &ClientKey, reason: Option<String>) {
        let Some(invite) = self.invites.get_mut(key) else { return };
        invite.awaiting = None;
        if invite.provisional {
            invite.cancel = Cancel::Sent { reason: reason.clone() };
            self.send_cancel(key, reason);
        } else {
            invite.cancel = Cancel::Wanted { reason };
        }
    }

    pub(crate) fn send_cancel(&mut self, key: &ClientKey, reason: Option<String>) {
        let Some(client) = self.transactions.client(key) else { return };
        let (invite, flow) = (&client.request, client.flow);
        let mut headers = Headers::new();
        for name in [HeaderName::Via, HeaderName::Route, HeaderName::From, HeaderName::To, HeaderName::CallId]
        {
            for value in invite.headers.get_all(&name) {
                headers.push(name.clone(), value);
            }
        }
        headers.push(HeaderName::MaxForwards, "70");
        let number = invite.headers.cseq().map_or(0, |cseq| cseq.number);
        headers.push_display(HeaderName::CSeq, CSeq { number, method: Method::CANCEL });
        if let Some(reason) = reason {
            headers.push(HeaderName::Reason, reason);
        }
        let cancel = Request { method: Method::CANCEL, uri: invite.uri.clone(), headers, body: Vec::new() };
        self.begin_client(cancel, flow, Owner::Cancel);
        let give_up_at = self.now + self.settings.timers.life();
        self.wheel.set(Due::Invite(*key), Some(give_up_at));
    }

    /// RFC 3261 §9.1: no final response 64·T1 after the CANCEL; the INVITE counts as cancelled; so
    /// does a re-INVITE whose session is over.
    pub(crate) fn give_up_cancelled(&mut self, key: &ClientKey) {
        self.transactions.drop_client(key);
        self.invites.remove(key);
        self.reinvites.remove(key);
        self.wheel.set(Due::Transaction(TransactionKey::Client(*key)), None);
    }
}

fn is_sips(uri: &Uri) -> bool {
    uri.as_sip().is_some_and(|uri| uri.secure)
}

/// The user part of this side's Contact: of the `Contact` among what the user adds, else as the other side needs it, else
/// of From.
fn contact_user(call: &OutgoingCall) -> Option<String> {
    let added = call.extra.iter().find(|(name, _)| HeaderName::from_token(name) == Some(HeaderName::Contact));
    let added =
        added.and_then(|(_, value)| value.parse::<NameAddr>().ok()).and_then(|address| address.uri.user());
    added.or_else(|| call.quirks.contact_user.clone()).or_else(|| call.from.uri.user())
}

/// Where a 3xx says that the callee may be reached, the most wanted first (RFC 3261 §8.1.3.4).
fn redirects_of(answer: &Response) -> Vec<Uri> {
    let redirects = (300..400).contains(&answer.status.as_u16());
    let Ok(Contacts::List(mut list)) = answer.headers.contacts() else { return Vec::new() };
    list.sort_by_key(|contact| Reverse(contact.preference()));
    list.into_iter().filter(|_| redirects).map(|contact| contact.address.uri).collect()
}
