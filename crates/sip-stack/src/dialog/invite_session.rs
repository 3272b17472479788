//! INVITE sessions: unanswered, placed, standing; who owns the 2xx and its ACK (RFC 3261 §13 to §15).

use super::dialog::{Dialog, DialogKey};
use super::partner::Partner;
use super::proposal::Wish;
use super::provisional::Provisionals;
use crate::dialog::callee::Told;
use crate::input::{Credentials, SessionId};
use crate::output::{SessionEnd, SipEvent};
use crate::reply::Asked;
use crate::routing::Owner;
use crate::stack::{Due, SipStack};
use crate::transaction::ServerInput;
use crate::transaction::table::{ClientKey, ServerKey};
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{HeaderName, Method, RAck, StatusCode};
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
    pub(crate) partner: Partner,
    pub(crate) provisionals: Provisionals,
}

/// A call that was answered.
#[derive(Debug)]
pub(crate) struct Talking {
    pub(crate) partner: Partner,
    /// The 2xx of this side whose ACK has not come.
    pub(crate) unacknowledged: Vec<Unacknowledged>,
    /// The reliable provisional response that the 2xx overtook: its PRACK may still come (RFC 3262 §3).
    pub(crate) overtaken: Option<RAck>,
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
    /// Whether it brought an offer: then the ACK brings the answer.
    pub(crate) offers: bool,
    wire: Vec<u8>,
    interval: Duration,
    resend_at: Moment,
    give_up_at: Moment,
}

impl Unacknowledged {
    /// The same, bringing an offer or not.
    pub(crate) fn offering(self, offers: bool) -> Self {
        Unacknowledged { offers, ..self }
    }

    pub(crate) fn new(asked: &Asked, wire: Vec<u8>, first: bool, t1: Duration, now: Moment) -> Self {
        Unacknowledged {
            offers: false,
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
                let waits = talking.unacknowledged.iter().map(|wait| wait.resend_at.min(wait.give_up_at));
                let partner = talking.partner.deadline().filter(|_| talking.leaving.is_none());
                waits.chain(partner).min()
            }
            Session::Arriving(arriving) => {
                [arriving.provisionals.deadline(), arriving.partner.deadline()].into_iter().flatten().min()
            }
            // Its early dialogs are its INVITE's.
            Session::Calling { .. } => None,
        }
    }

    fn dialog(&self) -> Option<&DialogKey> {
        match self {
            Session::Arriving(arriving) => Some(&arriving.partner.dialog.key),
            Session::Talking(talking) => Some(&talking.partner.dialog.key),
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
                self.drop_reoffer(id);
                self.answer_arriving(
                    id,
                    StatusCode::TEMPORARILY_UNAVAILABLE,
                    Told { reason, ..Told::default() },
                );
                self.forget_session(id);
            }
            Some(Session::Calling { invite }) => {
                let invite = *invite;
                self.drop_reoffer(id);
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
    /// the 2xx was given up. It also waits a little for the last word to who referred in the dialog.
    pub(crate) fn leave(&mut self, id: SessionId, reason: Option<String>) {
        self.drop_reoffer(id);
        let awaits_ack = |talking: &Talking| talking.unacknowledged.iter().any(|wait| wait.first);
        let (waits, dialog) = match self.sessions.get(&id) {
            Some(Session::Talking(talking)) => (awaits_ack(talking), talking.partner.dialog.key.clone()),
            _ => return,
        };
        let waits = waits || self.bye_waits_for_news(&dialog);
        match self.sessions.get_mut(&id) {
            Some(Session::Talking(talking)) if waits => talking.leaving = Some(reason),
            _ => self.hang_up(id, reason),
        }
        self.watch_session(id);
    }

    /// Sends BYE and forgets the session.
    pub(crate) fn hang_up(&mut self, id: SessionId, reason: Option<String>) {
        if let Some(Session::Talking(mut talking)) = self.forget_session(id) {
            let credentials = talking.partner.credentials.take();
            self.send_bye(&mut talking.partner.dialog, credentials, reason);
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
        self.give_up_reinvite_of(&session);
        if let Some(dialog) = session.dialog() {
            self.dialogs.remove(dialog);
        }
        if let Session::Calling { invite } = &session {
            self.end_early_dialogs(invite);
        }
        self.wheel.set(Due::Session(id), None);
        Some(session)
    }

    /// A 2xx or a reliable provisional response is to be repeated or given up, a refresh is due, a session is over its
    /// time, or a wish waited long enough.
    pub(crate) fn session_due(&mut self, id: SessionId) {
        match self.sessions.get(&id) {
            Some(Session::Talking(_)) => self.talking_due(id),
            Some(Session::Arriving(_)) => self.provisional_due(id),
            Some(Session::Calling { .. }) | None => {}
        }
        self.propose(id);
    }

    fn talking_due(&mut self, id: SessionId) {
        let now = self.now;
        let t2 = self.settings.timers.t2;
        let Some(Session::Talking(talking)) = self.sessions.get_mut(&id) else { return };
        // RFC 3261 §13.3.1.4.
        if talking.unacknowledged.iter().any(|wait| wait.give_up_at <= now) {
            return self.give_up_on_ack(id);
        }
        let mut repeated = Vec::new();
        for wait in talking.unacknowledged.iter_mut().filter(|wait| wait.resend_at <= now) {
            wait.interval = (wait.interval * 2).min(t2);
            wait.resend_at = now + wait.interval;
            repeated.push((wait.key.clone(), wait.wire.clone()));
        }
        if talking.leaving.is_none()
            && let Some(clock) = &mut talking.partner.clock
        {
            if clock.is_over(now) {
                return self.time_out(id);
            }
            if clock.take_refresh(now) {
                talking.partner.proposals.want(Wish::Refresh);
            }
        }
        for (key, wire) in repeated {
            self.step_server(&key, ServerInput::Success(wire));
        }
    }

    /// RFC 4028 §10: no refresh came, or none of this side's was answered.
    fn time_out(&mut self, id: SessionId) {
        self.drop_reoffer(id);
        self.hang_up(id, Some("SIP;cause=408;text=\"Session timer expired\"".to_owned()));
        self.told_end(id, SessionEnd::TimerExpired);
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

    /// A re-INVITE or UPDATE that waits when the session ends is refused (RFC 3261 §15.1.2).
    pub(crate) fn drop_reoffer(&mut self, id: SessionId) {
        while let Some(partner) = self.find_partner(id, |partner| partner.reoffer.is_some()) {
            let Some(asked) = partner.reoffer.take() else { return };
            let tag = partner.dialog.key.local_tag.clone();
            let response = self.response(asked.headers(), StatusCode::REQUEST_TERMINATED, Some(&tag));
            self.respond(&asked, response);
        }
    }
}
