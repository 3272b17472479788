//! The other side of a session, once there is a dialog with it: early or confirmed.

use super::dialog::{Dialog, DialogKey};
use super::invite_session::Session;
use super::offer_answer::Exchange;
use super::proposal::Proposals;
use super::session_timer::SessionClock;
use crate::input::{Credentials, SessionId};
use crate::quirks::Quirks;
use crate::reply::Asked;
use crate::settings::SessionTimer;
use crate::stack::{Due, SipStack};
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{HeaderName, Headers, Method};
use std::sync::Arc;

/// A dialog and what both sides negotiate in it.
#[derive(Debug)]
pub(crate) struct Partner {
    pub(crate) dialog: Dialog,
    pub(crate) exchange: Exchange,
    /// A re-INVITE, UPDATE or PRACK with an offer that waits for this side's answer.
    pub(crate) reoffer: Option<Asked>,
    /// What this side wants changed.
    pub(crate) proposals: Proposals,
    /// How long the session stands without a refresh; none: for ever.
    pub(crate) clock: Option<SessionClock>,
    /// The last description of this side.
    pub(crate) described: Option<Vec<u8>>,
    /// The last description of the other side.
    pub(crate) heard: Option<Vec<u8>>,
    /// Whether its `Allow` names UPDATE.
    allows_update: bool,
    pub(crate) quirks: Arc<Quirks>,
    /// For challenges to requests within the dialog.
    pub(crate) credentials: Option<Credentials>,
}

impl Partner {
    pub(crate) fn new(dialog: Dialog, exchange: Exchange, quirks: Arc<Quirks>) -> Self {
        Partner {
            dialog,
            exchange,
            reoffer: None,
            proposals: Proposals::default(),
            clock: None,
            described: None,
            heard: None,
            allows_update: false,
            quirks,
            credentials: None,
        }
    }

    /// What a message of the other side says that it can (RFC 3311 §5.1). Silence changes nothing.
    pub(crate) fn note_abilities(&mut self, headers: &Headers) {
        if headers.contains(HeaderName::Allow) {
            self.allows_update = headers.lists(HeaderName::Allow, Method::UPDATE.as_str());
        }
    }

    pub(crate) fn takes_update(&self) -> bool {
        self.allows_update && !self.quirks.no_update
    }

    /// It refused an UPDATE as such.
    pub(crate) fn spurns_update(&mut self) {
        self.allows_update = false;
    }

    pub(crate) fn deadline(&self) -> Option<Moment> {
        let clock = self.clock.as_ref().map(SessionClock::deadline);
        [clock, self.proposals.deadline()].into_iter().flatten().min()
    }
}

impl SipStack {
    /// The other side of a session in this dialog.
    pub(crate) fn partner_mut(&mut self, id: SessionId, key: &DialogKey) -> Option<&mut Partner> {
        let partner = match self.sessions.get_mut(&id)? {
            Session::Arriving(arriving) => &mut arriving.partner,
            Session::Talking(talking) => &mut talking.partner,
            Session::Calling { invite } => self.invites.get_mut(invite)?.early_mut(&key.remote_tag)?,
        };
        (partner.dialog.key == *key).then_some(partner)
    }

    /// The first other side of a session that fits; only a forked call that is not answered has several.
    pub(crate) fn find_partner(
        &mut self,
        id: SessionId,
        fits: impl Fn(&Partner) -> bool,
    ) -> Option<&mut Partner> {
        match self.sessions.get_mut(&id)? {
            Session::Arriving(arriving) => Some(&mut arriving.partner).filter(|partner| fits(partner)),
            Session::Talking(talking) => Some(&mut talking.partner).filter(|partner| fits(partner)),
            Session::Calling { invite } => {
                self.invites.get_mut(invite)?.earlies_mut().find(|partner| fits(partner))
            }
        }
    }

    /// The session timer that this side wants with somebody.
    pub(crate) fn own_timer(&self, quirks: &Quirks) -> Option<SessionTimer> {
        self.settings.session_timer.filter(|_| !quirks.no_session_timer)
    }

    /// Clears or sets the deadline of a session.
    pub(crate) fn watch_session(&mut self, id: SessionId) {
        let deadline = match self.sessions.get(&id) {
            Some(Session::Calling { invite }) => {
                self.invites.get(invite).and_then(|invite| invite.deadline())
            }
            Some(session) => session.deadline(),
            None => None,
        };
        self.wheel.set(Due::Session(id), deadline);
    }
}
