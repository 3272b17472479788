//! INVITE sessions: unanswered, placed, standing; who owns the 2xx and its ACK (RFC 3261 §13 to §15).

use super::dialog::{Dialog, DialogKey};
use super::offer_answer::Exchange;
use crate::input::{Credentials, SessionId};
use crate::output::{SessionEnd, SipEvent};
use crate::reply::Asked;
use crate::routing::Owner;
use crate::stack::{Due, SipStack};
use crate::transaction::ServerInput;
use crate::transaction::table::{ClientKey, ServerKey};
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{HeaderName, Method, StatusCode};
use std::time::Duration;

/// What a merged request has in common with the first: Call-ID, From tag, sequence number (RFC 3261 §8.2.2.2).
pub(crate) type MergeKey = (String, String, u32);

/// An INVITE from outside whose transaction lives.
#[derive(Debug)]
pub(crate) struct InviteInProgress {
    pub(crate) session: SessionId,
    pub(crate) merge_key: MergeKey,
}

/// A session by what it waits for.
#[derive(Debug)]
pub(crate) enum Session {
    /// A call came in and waits for this side's answer.
    Arriving(Box<Arriving>),
    /// A call was placed and waits for the other side's answer.
    Calling { invite: ClientKey },
    /// A 2xx was sent or received.
    Talking(Box<Talking>),
}

/// A call that came in and is not answered.
#[derive(Debug)]
pub(crate) struct Arriving {
    pub(crate) asked: Asked,
    pub(crate) dialog: Dialog,
    pub(crate) exchange: Exchange,
}

/// A call that was answered.
#[derive(Debug)]
pub(crate) struct Talking {
    pub(crate) dialog: Dialog,
    pub(crate) exchange: Exchange,
    /// The 2xx of this side whose ACK has not come.
    pub(crate) unacknowledged: Vec<Unacknowledged>,
    /// A re-INVITE that waits for this side's answer.
    pub(crate) reoffer: Option<Asked>,
    /// For challenges to the BYE.
    pub(crate) credentials: Option<Credentials>,
    /// `Some` when the end was told and only the ACK is awaited, to send the BYE with this reason.
    pub(crate) leaving: Option<Option<String>>,
}

/// A 2xx that its sender repeats until the ACK comes (RFC 3261 §13.3.1.4).
#[derive(Debug)]
pub(crate) struct Unacknowledged {
    pub(crate) key: ServerKey,
    /// The number of the INVITE; the ACK has the same.
    pub(crate) number: u32,
    /// Whether this is the answer to the first INVITE.
    pub(crate) first: bool,
    wire: Vec<u8>,
    interval: Duration,
    resend_at: Moment,
    give_up_at: Moment,
}

impl Unacknowledged {
    pub(crate) fn new(asked: &Asked, wire: Vec<u8>, first: bool, t1: Duration, now: Moment) -> Self {
        Unacknowledged {
            key: asked.key.clone(),
            number: asked.headers().cseq().map_or(0, |cseq| cseq.number),
            first,
            wire,
            interval: t1,
            resend_at: now + t1,
            give_up_at: now + t1.saturating_mul(64),
        }
    }
}

impl Session {
    pub(crate) fn deadline(&self) -> Option<Moment> {
        match self {
            Session::Talking(talking) => {
                talking.unacknowledged.iter().map(|wait| wait.resend_at.min(wait.give_up_at)).min()
            }
            Session::Arriving(_) | Session::Calling { .. } => None,
        }
    }

    fn dialog(&self) -> Option<&DialogKey> {
        match self {
            Session::Arriving(arriving) => Some(&arriving.dialog.key),
            Session::Talking(talking) => Some(&talking.dialog.key),
            Session::Calling { .. } => None,
        }
    }
}

impl SipStack {
    /// `End`: whatever the state, the end is told now; what the wire still needs goes on without the session.
    pub(crate) fn end(&mut self, id: SessionId, reason: Option<String>) {
        match self.sessions.get(&id) {
            None => return,
            Some(Session::Talking(talking)) if talking.leaving.is_some() => return,
            Some(Session::Arriving(_)) => {
                self.answer_arriving(id, StatusCode::TEMPORARILY_UNAVAILABLE, None, reason);
                self.forget_session(id);
            }
            Some(Session::Calling { invite }) => {
                let invite = invite.clone();
                self.forget_session(id);
                self.cancel_invite(&invite, reason);
            }
            Some(Session::Talking(_)) => self.leave(id, reason),
        }
        self.told_end(id, SessionEnd::EndedHere);
    }

    pub(crate) fn told_end(&mut self, session: SessionId, end: SessionEnd) {
        self.tell(SipEvent::Ended { session, end });
    }

    /// Hangs up: BYE at once, or after the ACK. RFC 3261 §15: the callee must not send BYE before the ACK came or
    /// the 2xx was given up.
    fn leave(&mut self, id: SessionId, reason: Option<String>) {
        self.drop_reoffer(id);
        let awaits_ack = |talking: &Talking| talking.unacknowledged.iter().any(|wait| wait.first);
        match self.sessions.get_mut(&id) {
            Some(Session::Talking(talking)) if awaits_ack(talking) => talking.leaving = Some(reason),
            _ => self.hang_up(id, reason),
        }
    }

    /// Sends BYE and forgets the session.
    pub(crate) fn hang_up(&mut self, id: SessionId, reason: Option<String>) {
        if let Some(Session::Talking(mut talking)) = self.forget_session(id) {
            self.send_bye(&mut talking.dialog, talking.credentials, reason);
        }
    }

    pub(crate) fn send_bye(
        &mut self,
        dialog: &mut Dialog,
        credentials: Option<Credentials>,
        reason: Option<String>,
    ) {
        let mut bye = dialog.request(Method::BYE);
        if let Some(reason) = reason {
            bye.headers.push(HeaderName::Reason, reason);
        }
        self.send_request(bye, dialog.flow(), Owner::Bye(credentials));
    }

    /// Takes a session and all that points at it out.
    pub(crate) fn forget_session(&mut self, id: SessionId) -> Option<Session> {
        let session = self.sessions.remove(&id)?;
        self.leave_alone(&session);
        if let Some(dialog) = session.dialog() {
            self.dialogs.remove(dialog);
        }
        self.wheel.set(Due::Session(id), None);
        Some(session)
    }

    /// A 2xx is to be repeated, or its ACK never came (RFC 3261 §13.3.1.4).
    pub(crate) fn session_due(&mut self, id: SessionId) {
        let now = self.now;
        let t2 = self.settings.timers.t2;
        let Some(Session::Talking(talking)) = self.sessions.get_mut(&id) else { return };
        if talking.unacknowledged.iter().any(|wait| wait.give_up_at <= now) {
            return self.give_up_on_ack(id);
        }
        let mut repeated = Vec::new();
        for wait in talking.unacknowledged.iter_mut().filter(|wait| wait.resend_at <= now) {
            wait.interval = (wait.interval * 2).min(t2);
            wait.resend_at = now + wait.interval;
            repeated.push((wait.key.clone(), wait.wire.clone()));
        }
        for (key, wire) in repeated {
            self.step_server(&key, ServerInput::Success(wire));
        }
        self.watch_session(id);
    }

    fn give_up_on_ack(&mut self, id: SessionId) {
        self.drop_reoffer(id);
        let Some(Session::Talking(talking)) = self.sessions.get_mut(&id) else { return };
        let told = talking.leaving.take();
        let reason = told.clone().flatten();
        self.hang_up(id, reason);
        if told.is_none() {
            self.told_end(id, SessionEnd::NoAck);
        }
    }

    /// A re-INVITE that waits when the session ends is refused (RFC 3261 §15.1.2).
    pub(crate) fn drop_reoffer(&mut self, id: SessionId) {
        let Some(Session::Talking(talking)) = self.sessions.get_mut(&id) else { return };
        let Some(asked) = talking.reoffer.take() else { return };
        let tag = talking.dialog.key.local_tag.clone();
        let response = self.response(asked.headers(), StatusCode::REQUEST_TERMINATED, Some(&tag));
        self.respond(&asked, response);
    }
}
