//! Requests of this side that are neither calls nor registrations, and whose answer is told: who asked.

use crate::event::usages::Usage;
use crate::input::{Flow, MessageId, ProbeId, SessionId};
use crate::stack::SipStack;
use crate::transaction::table::{ClientKey, Step};
use frontdesk_sip_message::{HeaderName, Headers, Method, NameAddr, Request, Response, StatusCode, Uri};

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// A NOTIFY.
    Notify(Usage),
    /// A REFER in the dialog of this session.
    Refer(SessionId),
    /// An INFO. `authenticated`: it carries an answer to a challenge.
    Inform { session: SessionId, authenticated: bool },
    /// A MESSAGE.
    Message(MessageId),
    /// An OPTIONS.
    Probe(ProbeId),
}

/// What a step of its transaction brought.
pub(crate) struct Outcome<'a> {
    pub(crate) key: &'a ClientKey,
    /// The request and its way, if it is challenged.
    pub(crate) challenged: Option<(Request, Flow)>,
    pub(crate) answer: Option<&'a Response>,
    pub(crate) step: Step,
}

impl Outcome<'_> {
    /// The final status; within it none where nobody answered. None as long as it is open.
    pub(crate) fn end(&self) -> Option<Option<StatusCode>> {
        match self.answer {
            Some(answer) if answer.status.is_final() => Some(Some(answer.status)),
            None if self.step.timed_out || self.step.failed => Some(None),
            _ => None,
        }
    }
}

impl SipStack {
    pub(crate) fn errand_stepped(&mut self, errand: Errand, outcome: Outcome<'_>) {
        match errand {
            Errand::Notify(usage) => self.notify_stepped(usage, outcome.key, outcome.answer, outcome.step),
            Errand::Refer(session) => self.refer_stepped(session, outcome),
            Errand::Inform { session, authenticated } => {
                self.inform_stepped(session, authenticated, outcome);
            }
            Errand::Message(message) => self.message_stepped(message, &outcome),
            Errand::Probe(probe) => self.probe_stepped(probe, &outcome),
        }
    }

    /// A request outside of any dialog, without Via (RFC 3261 §8.1.1).
    pub(crate) fn request_outside(
        &mut self,
        method: Method,
        target: Uri,
        mut from: NameAddr,
        to: &NameAddr,
    ) -> Request {
        from.set_tag(&self.chance.tag());
        let mut headers = Headers::new();
        headers.push_display(HeaderName::MaxForwards, crate::limits::HOPS);
        headers.push_display(HeaderName::From, from);
        headers.push_display(HeaderName::To, to);
        headers.push(HeaderName::CallId, self.chance.call_id());
        headers.push(HeaderName::CSeq, format!("1 {method}"));
        Request { method, uri: target, headers, body: Vec::new() }
    }
}
