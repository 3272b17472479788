//! Calls that this side places: forks, ACKs, CANCEL in every race (RFC 3261 §9.1, §13.2).

use super::dialog::{Dialog, local_contact};
use super::invite_session::{Session, Talking};
use super::offer_answer::Exchange;
use super::within::description_of;
use crate::input::{Credentials, Flow, OutgoingCall, SessionId};
use crate::limits::{HOPS, MAX_FORKS, MAX_SESSIONS, MAX_TRANSACTIONS, OVERLOAD_RETRY_AFTER_S};
use crate::output::{SessionEnd, SipEvent, SipOutput};
use crate::reply::{ALLOW, SUPPORTED};
use crate::routing::Owner;
use crate::stack::{Due, SipStack};
use crate::transaction::table::{ClientKey, Step, TransactionKey};
use frontdesk_sip_message::{
    CSeq, Contacts, HeaderName, Headers, Method, Request, Response, StatusCode, Uri,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// An INVITE of this side. It lives as long as its transaction, longer than the session where that ends first: the
/// ACKs to repeated 2xx go on (RFC 6026 §7.2), and a late 2xx is still hung up.
#[derive(Debug)]
pub(crate) struct OutgoingInvite {
    /// Who awaits the answer; none once it is known or not wanted any more.
    awaiting: Option<SessionId>,
    credentials: Option<Credentials>,
    /// Whether it carries an answer to a challenge: a second challenge is a refusal.
    authenticated: bool,
    /// Whether a provisional response came: before it no CANCEL may be sent (RFC 3261 §9.1).
    provisional: bool,
    cancel: Cancel,
    /// The ACK to the 2xx of each called party, by its To tag.
    forks: BTreeMap<String, (Flow, Vec<u8>)>,
}

/// How far a CANCEL is.
#[derive(Debug)]
enum Cancel {
    Unwanted,
    /// Wanted, and to be sent with the first provisional response.
    Wanted {
        reason: Option<String>,
    },
    Sent,
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
        let (session, flow, credentials) = (call.session, call.flow, call.credentials.clone());
        let mut request = self.first_invite(call);
        self.add_via(&mut request, flow);
        self.place(request, flow, session, credentials, false);
    }

    fn first_invite(&mut self, call: OutgoingCall) -> Request {
        let mut from = call.from;
        from.set_tag(&self.chance.tag());
        let sips = call.target.as_sip().is_some_and(|target| target.secure);
        let contact = local_contact(from.uri.user().as_deref(), call.flow, sips, &self.settings);
        let mut headers = Headers::new();
        headers.push(HeaderName::MaxForwards, HOPS.to_string());
        headers.push(HeaderName::From, from.to_string());
        headers.push(HeaderName::To, call.to.to_string());
        headers.push(HeaderName::CallId, self.chance.call_id());
        headers.push(HeaderName::CSeq, "1 INVITE");
        headers.push(HeaderName::Contact, contact.to_string());
        headers.push(HeaderName::Allow, ALLOW);
        headers.push(HeaderName::Supported, SUPPORTED);
        for (name, value) in &call.extra {
            match HeaderName::from_token(name) {
                // There is one of it.
                Some(name) if name == HeaderName::MaxForwards => headers.set(name, value),
                Some(name) => headers.push(name, value),
                None => {}
            }
        }
        if !call.description.is_empty() {
            headers.push(HeaderName::ContentType, "application/sdp");
        }
        Request { method: Method::INVITE, uri: call.target, headers, body: call.description }
    }

    fn place(
        &mut self,
        request: Request,
        flow: Flow,
        session: SessionId,
        credentials: Option<Credentials>,
        authenticated: bool,
    ) {
        let key = self.begin_client(request, flow, Owner::Invite);
        let invite = OutgoingInvite {
            awaiting: Some(session),
            credentials,
            authenticated,
            provisional: false,
            cancel: Cancel::Unwanted,
            forks: BTreeMap::new(),
        };
        self.invites.insert(key.clone(), invite);
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
            self.wheel.set(Due::Invite(key.clone()), None);
        }
    }

    fn invite_progressed(&mut self, key: &ClientKey, answer: &Response) {
        let Some(invite) = self.invites.get_mut(key) else { return };
        invite.provisional = true;
        if matches!(invite.cancel, Cancel::Wanted { .. })
            && let Cancel::Wanted { reason } = std::mem::replace(&mut invite.cancel, Cancel::Sent)
        {
            return self.send_cancel(key, reason);
        }
        if let Some(session) = invite.awaiting
            && answer.status != StatusCode::TRYING
        {
            let description = description_of(&answer.headers, &answer.body);
            self.tell(SipEvent::Progress { session, branch: 0, status: answer.status, description });
        }
    }

    /// A 2xx: the first of a wanted call makes the session; any other is acknowledged and hung up
    /// (RFC 3261 §13.2.2.4). A repeated one gets the same ACK again.
    fn invite_accepted(&mut self, key: &ClientKey, answer: &Response) {
        self.wheel.set(Due::Invite(key.clone()), None);
        let Some(client) = self.transactions.client(key) else { return };
        let (request, flow) = (client.request.clone(), client.flow);
        let Some(mut dialog) = Dialog::of_caller(&request, answer, flow) else { return };
        let tag = dialog.key.remote_tag.clone();
        let Some(invite) = self.invites.get(key) else { return };
        if let Some((flow, bytes)) = invite.forks.get(&tag).cloned() {
            self.outputs.push_back(SipOutput::Transmit { flow, bytes });
            return;
        }
        if invite.forks.len() >= MAX_FORKS {
            return self.overloaded("forks");
        }
        let credentials = invite.credentials.clone();
        let mut ack = dialog.ack(&request);
        self.add_via(&mut ack, dialog.flow());
        let sent = (dialog.flow(), ack.to_bytes());
        self.outputs.push_back(SipOutput::Transmit { flow: sent.0, bytes: sent.1.clone() });
        let Some(invite) = self.invites.get_mut(key) else { return };
        invite.forks.insert(tag, sent);
        match invite.awaiting.take() {
            Some(session) => {
                let description = description_of(&answer.headers, &answer.body).unwrap_or_default();
                self.begin_talking(session, dialog, credentials);
                self.tell(SipEvent::Answered { session, branch: 0, description });
            }
            // The 200 crossed the CANCEL, or another called party was quicker.
            None => self.send_bye(&mut dialog, credentials, None),
        }
    }

    fn begin_talking(&mut self, session: SessionId, dialog: Dialog, credentials: Option<Credentials>) {
        self.dialogs.insert(dialog.key.clone(), session);
        let talking = Talking {
            dialog,
            exchange: Exchange::Stable,
            unacknowledged: Vec::new(),
            reoffer: None,
            credentials,
            leaving: None,
        };
        self.sessions.insert(session, Session::Talking(Box::new(talking)));
    }

    fn invite_refused(&mut self, key: &ClientKey, answer: &Response) {
        if self.retry_with_credentials(key, answer) {
            return;
        }
        let retry_after = answer.headers.retry_after().ok().flatten();
        let retry_after = retry_after.map(|seconds| Duration::from_secs(u64::from(seconds)));
        let reason = answer.headers.get(HeaderName::Reason).map(str::to_owned);
        let redirects = redirects_of(answer);
        self.invite_ended(key, SessionEnd::Refused { status: answer.status, retry_after, reason, redirects });
    }

    fn invite_ended(&mut self, key: &ClientKey, end: SessionEnd) {
        self.wheel.set(Due::Invite(key.clone()), None);
        let awaiting = self.invites.get_mut(key).and_then(|invite| invite.awaiting.take());
        if let Some(session) = awaiting {
            self.forget_session(session);
            self.told_end(session, end);
        }
    }

    /// 401 and 407 are answered once (RFC 3261 §22.2): same Call-ID and From tag, next number, new branch.
    fn retry_with_credentials(&mut self, key: &ClientKey, answer: &Response) -> bool {
        let Some(invite) = self.invites.get(key) else { return false };
        let (Some(session), Some(credentials), false) =
            (invite.awaiting, invite.credentials.clone(), invite.authenticated)
        else {
            return false;
        };
        let Some(client) = self.transactions.client(key) else { return false };
        let (request, flow) = (client.request.clone(), client.flow);
        let Some(mut request) = self.answering_challenge(request, answer, &credentials) else { return false };
        if let Some(invite) = self.invites.get_mut(key) {
            invite.awaiting = None;
        }
        self.add_via(&mut request, flow);
        self.place(request, flow, session, Some(credentials), true);
        true
    }

    /// The call is not wanted any more. Before the first provisional response no CANCEL may go out: it could
    /// overtake the INVITE (RFC 3261 §9.1).
    pub(crate) fn cancel_invite(&mut self, key: &ClientKey, reason: Option<String>) {
        let Some(invite) = self.invites.get_mut(key) else { return };
        invite.awaiting = None;
        if invite.provisional {
            invite.cancel = Cancel::Sent;
            self.send_cancel(key, reason);
        } else {
            invite.cancel = Cancel::Wanted { reason };
        }
    }

    fn send_cancel(&mut self, key: &ClientKey, reason: Option<String>) {
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
        headers.push(HeaderName::CSeq, CSeq { number, method: Method::CANCEL }.to_string());
        if let Some(reason) = reason {
            headers.push(HeaderName::Reason, reason);
        }
        let cancel = Request { method: Method::CANCEL, uri: invite.uri.clone(), headers, body: Vec::new() };
        self.begin_client(cancel, flow, Owner::Cancel);
        let give_up_at = self.now + self.settings.timers.life();
        self.wheel.set(Due::Invite(key.clone()), Some(give_up_at));
    }

    /// RFC 3261 §9.1: no final response 64·T1 after the CANCEL; the INVITE counts as cancelled.
    pub(crate) fn give_up_cancelled(&mut self, key: &ClientKey) {
        self.transactions.drop_client(key);
        self.invites.remove(key);
        self.wheel.set(Due::Transaction(TransactionKey::Client(key.clone())), None);
    }
}

/// Where a 3xx says that the callee may be reached, the most wanted first (RFC 3261 §8.1.3.4).
fn redirects_of(answer: &Response) -> Vec<Uri> {
    let redirects = (300..400).contains(&answer.status.as_u16());
    let Ok(Contacts::List(mut list)) = answer.headers.contacts() else { return Vec::new() };
    list.sort_by_key(|contact| Reverse(contact.preference()));
    list.into_iter().filter(|_| redirects).map(|contact| contact.address.uri).collect()
}
