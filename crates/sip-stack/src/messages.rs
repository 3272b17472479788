//! MESSAGE (RFC 3428), both ways.

use crate::errand::{Errand, Outcome};
use crate::input::{IncomingMessageId, MessageId, OutgoingMessage};
use crate::limits::MAX_UNANSWERED_MESSAGES;
use crate::output::{IncomingMessage, SipEvent};
use crate::reply::Asked;
use crate::routing::Owner;
use crate::stack::SipStack;
use frontdesk_sip_message::{HeaderName, Method, StatusCode};
use std::collections::BTreeMap;

/// The longest text outside of a dialog, in bytes. RFC 3428 §8 means the whole MESSAGE; a sender that forgets its
/// headers is forgiven.
const TEXT_BYTES_MAX: usize = 1_300;

/// What a MESSAGE may bring.
const BODIES: &str = "text/plain";

/// MESSAGEs that wait for their answer, oldest first.
#[derive(Debug, Default)]
pub(crate) struct UnansweredMessages {
    asked: BTreeMap<IncomingMessageId, Asked>,
    next: u64,
}

impl UnansweredMessages {
    fn keep(&mut self, asked: &Asked) -> IncomingMessageId {
        self.next += 1;
        let id = IncomingMessageId(self.next);
        self.asked.insert(id, asked.clone());
        id
    }

    fn len(&self) -> usize {
        self.asked.len()
    }

    fn oldest(&self) -> Option<IncomingMessageId> {
        self.asked.keys().next().copied()
    }
}

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
        let (Ok(from), Ok(addressee)) = (asked.headers().from(), asked.headers().to()) else { return };
        // Kept, so that a repeated one is no second message.
        if !self.open_transaction(asked) {
            return;
        }
        let id = self.unanswered_messages.keep(asked);
        while self.unanswered_messages.len() > MAX_UNANSWERED_MESSAGES {
            self.overloaded("messages");
            let oldest = self.unanswered_messages.oldest();
            oldest.into_iter().for_each(|id| self.answer_message(id, StatusCode::SERVICE_UNAVAILABLE));
        }
        let (to, body) = (asked.request.uri.clone(), asked.request.body.clone());
        let flow = asked.flow;
        let message = IncomingMessage { id, admission, to, addressee, from, flow, content_type, body };
        self.tell(SipEvent::MessageReceived(Box::new(message)));
    }

    /// `AnswerMessage`.
    pub(crate) fn answer_message(&mut self, id: IncomingMessageId, status: StatusCode) {
        let Some(asked) = self.unanswered_messages.asked.remove(&id) else { return };
        let status = if status.is_provisional() { StatusCode::ACCEPTED } else { status };
        self.refuse(&asked, status);
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
            request.headers.push_display(HeaderName::Route, route);
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
