//! INFO of this side (RFC 6086, and the bodies from before it): nobody waits for what becomes of it.

use super::invite_session::Session;
use crate::errand::{Errand, Outcome};
use crate::input::SessionId;
use crate::routing::Owner;
use crate::stack::SipStack;
use frontdesk_sip_message::{HeaderName, Method};

impl SipStack {
    /// `Inform`.
    pub(crate) fn inform(&mut self, session: SessionId, content_type: &str, body: Vec<u8>) {
        if !self.has_room() {
            return self.overloaded("transactions");
        }
        let Some(Session::Talking(talking)) = self.sessions.get_mut(&session) else { return };
        if talking.leaving.is_some() {
            return;
        }
        let mut info = talking.partner.dialog.request(Method::INFO);
        info.headers.push(HeaderName::ContentType, content_type);
        info.body = body;
        let flow = talking.partner.dialog.flow();
        self.send_request(info, flow, Owner::Errand(Errand::Inform { session, authenticated: false }));
    }

    /// A challenge to an INFO is answered once; nothing else matters.
    pub(crate) fn inform_stepped(&mut self, session: SessionId, authenticated: bool, outcome: Outcome<'_>) {
        let (Some((request, flow)), Some(answer), false) =
            (outcome.challenged, outcome.answer, authenticated)
        else {
            return;
        };
        let Some(Session::Talking(talking)) = self.sessions.get(&session) else { return };
        let Some(credentials) = talking.partner.credentials.clone() else { return };
        let Some(mut info) = self.answering_challenge(request, answer, &credentials) else { return };
        let Some(Session::Talking(talking)) = self.sessions.get_mut(&session) else { return };
        talking.partner.dialog.renumber(&mut info);
        self.send_request(info, flow, Owner::Errand(Errand::Inform { session, authenticated: true }));
    }
}
