//! MESSAGE (RFC 3428), both ways.

use crate::errand::{Errand, Outcome};
use crate::input::{MessageId, OutgoingMessage};
use crate::output::{IncomingMessage, SipEvent};
use crate::reply::Asked;
use crate::routing::Owner;
use crate::stack::SipStack;
use frontdesk_sip_message::{HeaderName, Method, StatusCode};

/// The longest text outside of a dialog, in bytes. RFC 3428 §8 means the whole MESSAGE; a sender that forgets its
/// headers is forgiven.
const TEXT_BYTES_MAX: usize = 1_300;

/// What a MESSAGE may bring.
const BODIES: &str = "text/plain";

impl SipStack {
    /// A MESSAGE, within a dialog or outside. `within` a dialog it may be as long as any message.
    pub(crate) fn receive_message(&mut self, asked: &Asked, within: bool) {
        let identity = |encoding: &str| encoding.trim().eq_ignore_ascii_case("identity");
        let packed = asked.headers().get_all(HeaderName::ContentEncoding).any(|encoding| !identity(encoding));
        let content_type = match asked.headers().content_type() {
            Ok(Some(kind)) if kind.is("text", "plain") && !packed => kind.to_string(),
            // RFC 3428 §7: said with what could be read.
            _ => {
                let mut refusal = self.refusal(asked, StatusCode::UNSUPPORTED_MEDIA_TYPE);
                refusal.headers.push(HeaderName::Accept, BODIES);
                return self.respond(asked, refusal);
            }
        };
        if !within && asked.request.body.len() > TEXT_BYTES_MAX {
            return self.refuse(asked, StatusCode::REQUEST_ENTITY_TOO_LARGE);
        }
        let admission = match self.admit(asked) {
            Ok(admission) => admission,
            Err(challenge) => return self.respond(asked, *challenge),
        };
        let Ok(from) = asked.headers().from() else { return };
        // Kept, so that a repeated one is no second message.
        if !self.open_transaction(asked) {
            return;
        }
        // RFC 3428 §7: this side passes it on, and does not know yet whether anybody reads it.
        self.refuse(asked, StatusCode::ACCEPTED);
        let (to, body) = (asked.request.uri.clone(), asked.request.body.clone());
        let message = IncomingMessage { admission, to, from, content_type, body };
        self.tell(SipEvent::MessageReceived(Box::new(message)));
    }

    /// `Message`.
    pub(crate) fn message(&mut self, wanted: OutgoingMessage) {
        let message = wanted.message;
        if !self.has_room() {
            self.overloaded("transactions");
            let status = Some(StatusCode::SERVICE_UNAVAILABLE);
            return self.tell(SipEvent::MessageEnded { message, status });
        }
        let mut request = self.request_outside(Method::MESSAGE, wanted.target, wanted.from, &wanted.to);
        for route in &wanted.routes {
            request.headers.push(HeaderName::Route, route.to_string());
        }
        request.headers.push(HeaderName::ContentType, &wanted.content_type);
        request.body = wanted.body;
        self.send_request(request, wanted.flow, Owner::Errand(Errand::Message(message)));
    }

    /// The transaction of a MESSAGE moved.
    pub(crate) fn message_stepped(&mut self, message: MessageId, outcome: &Outcome<'_>) {
        if let Some(status) = outcome.end() {
            self.tell(SipEvent::MessageEnded { message, status });
        }
    }
}
