//! Replaces (RFC 3891): which session gives way to a call.

use super::dialog::DialogKey;
use super::invite_session::Session;
use crate::input::SessionId;
use crate::reply::Asked;
use crate::stack::SipStack;
use frontdesk_sip_message::{HeaderName, Replaces, StatusCode, Uri};

/// The name of a dialog (RFC 3261 §12). Whoever knows it may take a party's place in it (RFC 3891 §5): it is for those
/// only who may.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DialogName {
    /// The Call-ID.
    pub call_id: String,
    /// The tag of this side.
    pub local_tag: String,
    /// The tag of the other side.
    pub remote_tag: String,
}

impl SipStack {
    /// How somebody else takes the place of this side's other end in a session: the address to call and the value of
    /// `Replaces` to call it with (RFC 3891 §4), as the other end reads it. For `Refer-To` it goes behind `?`, escaped
    /// ([`SipUri::add_header_field`](frontdesk_sip_message::SipUri::add_header_field)); an INVITE of this side carries
    /// it among [`OutgoingCall::extra`](crate::OutgoingCall). None while the session is not answered.
    pub fn replaces(&self, session: SessionId) -> Option<(Uri, String)> {
        let Session::Talking(talking) = self.sessions.get(&session)? else { return None };
        let key = &talking.partner.dialog.key;
        let tag = |tag: &str| if tag.is_empty() { "0".to_owned() } else { tag.to_owned() };
        let replaces = Replaces {
            call_id: key.call_id.clone(),
            to_tag: tag(&key.remote_tag),
            from_tag: tag(&key.local_tag),
            early_only: false,
        };
        Some((talking.partner.dialog.remote_target().clone(), replaces.to_string()))
    }

    /// The dialog of a session, as a document of RFC 4235 names it; where a call of this side was forked, that with the
    /// party that spoke first. None before anybody spoke.
    pub fn dialog(&self, session: SessionId) -> Option<DialogName> {
        let key = match self.sessions.get(&session)? {
            Session::Talking(talking) => &talking.partner.dialog.key,
            Session::Arriving(arriving) => &arriving.partner.dialog.key,
            Session::Calling { invite } => &self.invites.get(invite)?.first_early()?.dialog.key,
        };
        Some(DialogName {
            call_id: key.call_id.clone(),
            local_tag: key.local_tag.clone(),
            remote_tag: key.remote_tag.clone(),
        })
    }

    /// The session of this side that a `Replaces` names, whatever its state.
    fn session_named(&self, replaces: &Replaces) -> Option<SessionId> {
        self.names_of(replaces).iter().find_map(|key| self.dialogs.get(key).copied())
    }

    /// RFC 3891 §3: a tag of 0 also stands for none at all, of who speaks RFC 2543.
    fn names_of(&self, replaces: &Replaces) -> Vec<DialogKey> {
        let key = |remote_tag: &str| DialogKey {
            call_id: replaces.call_id.clone(),
            local_tag: replaces.to_tag.clone(),
            remote_tag: remote_tag.to_owned(),
        };
        let mut names = vec![key(&replaces.from_tag)];
        if replaces.from_tag == "0" {
            names.push(key(""));
        }
        names
    }

    /// The session that a `Replaces` in a Refer-To names, if it could be replaced now.
    pub(crate) fn session_to_replace(&self, replaces: &Replaces) -> Option<SessionId> {
        self.judge_replaces(replaces).ok()
    }

    /// The session whose place an INVITE takes; a refusal where it names one that it may not take (RFC 3891 §3).
    pub(crate) fn replaced_by(&self, invite: &Asked) -> Result<Option<SessionId>, StatusCode> {
        // More than one, one that cannot be read, or Join beside it: a bad request.
        let headers = invite.headers();
        let Some(replaces) = headers.replaces().map_err(|_| StatusCode::BAD_REQUEST)? else {
            return Ok(None);
        };
        if headers.contains(HeaderName::Join) {
            return Err(StatusCode::BAD_REQUEST);
        }
        self.judge_replaces(&replaces).map(Some)
    }

    fn judge_replaces(&self, replaces: &Replaces) -> Result<SessionId, StatusCode> {
        let Some(id) = self.session_named(replaces) else {
            // The session is over, only what else its dialog is used for is not. A dialog that never had one is none that
            // an INVITE could replace.
            let over = self.names_of(replaces).iter().any(|key| self.usages.outlived_session(key));
            return Err(if over { StatusCode::DECLINE } else { StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST });
        };
        match self.sessions.get(&id) {
            Some(Session::Talking(talking)) if talking.leaving.is_some() => Err(StatusCode::DECLINE),
            Some(Session::Talking(_)) if replaces.early_only => Err(StatusCode::BUSY_HERE),
            Some(Session::Talking(_)) => Ok(id),
            // A dialog that rings at the other side, by a call of this side.
            Some(Session::Calling { .. }) => Ok(id),
            // RFC 3891 §3: an early dialog that the other side began is not replaced.
            Some(Session::Arriving(_)) | None => Err(StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST),
        }
    }
}
