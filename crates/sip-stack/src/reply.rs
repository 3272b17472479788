//! Responses of this side (RFC 3261 §8.2.6), and where they go (RFC 3261 §18.2.2, RFC 3581 §4).

use crate::event::notifier::ALLOW_EVENTS;
use crate::input::{Flow, Transport};
use crate::limits::OVERLOAD_RETRY_AFTER_S;
use crate::output::{SipFact, SipOutput};
use crate::stack::{Due, SipStack};
use crate::transaction::table::{ServerKey, TransactionKey};
use crate::transaction::{ServerInput, table};
use crate::{SipEvent, chance};
use frontdesk_sip_message::{HeaderName, Headers, Method, NameAddr, Request, Response, StatusCode, Via};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::sync::Arc;

/// The methods that this side serves, as `Allow` says them.
pub(crate) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, PRACK, UPDATE, REFER, NOTIFY, SUBSCRIBE, MESSAGE";

/// The extensions that this side knows, as `Supported` says them (RFC 3262, RFC 3891, RFC 4028, RFC 4488).
pub(crate) const SUPPORTED: &str = "100rel, norefersub, replaces, timer";

/// Whether `Require` may ask for an extension.
pub(crate) fn is_supported(tag: &str) -> bool {
    SUPPORTED.split(", ").any(|known| known.eq_ignore_ascii_case(tag))
}

/// A request from outside and all that is needed to answer it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) request: Arc<Request>,
    pub(crate) key: ServerKey,
    /// Which way it came.
    pub(crate) flow: Flow,
    /// Where its responses go.
    pub(crate) answer_to: Flow,
    /// Where they go once the connection is closed that it came over (RFC 3261 §18.2.2).
    pub(crate) reopened: Option<Flow>,
}

impl Asked {
    pub(crate) fn headers(&self) -> &Headers {
        &self.request.headers
    }
}

/// The way of responses: over which flow, and over which once that one is closed.
pub(crate) type WayBack = (Flow, Option<Flow>);

/// Writes `received` and `rport` into the top Via, and says where responses go. Over a stream: back over the
/// connection; should it be closed then, over a new one to the port that the Via names (RFC 3261 §18.2.2), but for
/// WebSockets, which this side cannot open (RFC 7118 §5). In datagrams: with `rport` back to where the request came
/// from, without it to the port that the Via names (RFC 3581 §4). `maddr` is not followed: it would let anybody aim
/// this side's answers at a third party. The Via is told too, as it stands now.
pub(crate) fn note_source(headers: &mut Headers, flow: Flow) -> Option<(Via, WayBack)> {
    let mut top = headers.top_via().ok()?;
    let source = flow.remote;
    let wants_rport = top.rport().is_some();
    if wants_rport {
        top.set_rport(source.port());
    }
    if wants_rport || top.host.ip() != Some(source.ip()) {
        top.set_received(source.ip());
        headers.set_top_via(&top);
    }
    let sent_by = SocketAddr::new(source.ip(), top.port.unwrap_or(flow.transport.default_port()));
    let to_sent_by = Flow { remote: sent_by, ..flow };
    let way_back = match flow.transport {
        Transport::Udp if wants_rport => (flow, None),
        Transport::Udp => (to_sent_by, None),
        Transport::Tcp | Transport::Tls => (flow, Some(to_sent_by)),
        Transport::Ws | Transport::Wss => (flow, None),
    };
    Some((top, way_back))
}

impl SipStack {
    /// A response with what every response takes over from its request. `tag` goes into To if none is there.
    pub(crate) fn response(&self, asked: &Headers, status: StatusCode, tag: Option<&str>) -> Response {
        let mut response = Response::answering(asked, status);
        if let (Some(tag), Ok(mut to)) = (tag, asked.to())
            && to.tag().is_none()
        {
            to.set_tag(tag);
            response.headers.set(HeaderName::To, to.to_string());
        }
        if status.is_final() && !self.settings.product.is_empty() {
            response.headers.push(HeaderName::Server, &self.settings.product);
        }
        response
    }

    /// A response that makes or keeps a dialog: with Record-Route, Contact and, if there is one, SDP
    /// (RFC 3261 §12.1.1).
    pub(crate) fn dialog_response(
        &self,
        asked: &Headers,
        status: StatusCode,
        tag: &str,
        contact: &NameAddr,
        description: Option<Vec<u8>>,
    ) -> Response {
        let mut response = self.response(asked, status, Some(tag));
        for route in asked.get_all(HeaderName::RecordRoute) {
            response.headers.push(HeaderName::RecordRoute, route);
        }
        response.headers.push_display(HeaderName::Contact, contact);
        // RFC 3311 §4: in provisional responses too, so that the other side knows of UPDATE.
        response.headers.push(HeaderName::Allow, ALLOW);
        if status.is_success() {
            response.headers.push(HeaderName::AllowEvents, ALLOW_EVENTS);
            response.headers.push(HeaderName::Supported, SUPPORTED);
            response.headers.push(HeaderName::Accept, "application/sdp");
        }
        if let Some(body) = description {
            response.headers.push(HeaderName::ContentType, "application/sdp");
            response.body = body;
        }
        response
    }

    /// A To tag for an answer without memory: the same for each repetition of a request (RFC 3261 §8.2.7).
    pub(crate) fn stateless_tag(&self, asked: &Headers) -> String {
        let mut hash = Sha256::new().chain_update(self.tag_secret);
        for name in [HeaderName::Via, HeaderName::CallId, HeaderName::From] {
            hash = hash.chain_update(asked.get(name).unwrap_or("").as_bytes()).chain_update([0]);
        }
        chance::hex(&hash.finalize()[..8])
    }

    /// Answers a request that opens no dialog and needs no memory.
    pub(crate) fn refuse(&mut self, asked: &Asked, status: StatusCode) {
        let response = self.refusal(asked, status);
        self.respond(asked, response);
    }

    /// The response that [`refuse`](Self::refuse) would send, to add to.
    pub(crate) fn refusal(&self, asked: &Asked, status: StatusCode) -> Response {
        let tag = self.stateless_tag(asked.headers());
        self.response(asked.headers(), status, Some(&tag))
    }

    /// 503: a bound was reached (RFC 3261 §21.5.4).
    pub(crate) fn refuse_overload(&mut self, asked: &Asked, bound: &'static str) {
        let mut response = self.refusal(asked, StatusCode::SERVICE_UNAVAILABLE);
        response.headers.push_display(HeaderName::RetryAfter, OVERLOAD_RETRY_AFTER_S);
        self.respond(asked, response);
        self.tell(SipEvent::Noticed(SipFact::Overloaded { bound }));
    }

    /// Sends a response through the request's transaction, or past it where there is none.
    pub(crate) fn respond(&mut self, asked: &Asked, response: Response) {
        debug_assert!(asked.request.method != Method::ACK, "an ACK is never answered");
        let bytes = response.to_bytes();
        if !self.transactions.knows_server(&asked.key) {
            self.outputs.push_back(SipOutput::Transmit { flow: asked.answer_to, bytes });
            return;
        }
        let input = match response.status {
            status if status.is_provisional() => ServerInput::Provisional(bytes),
            status if status.is_success() => ServerInput::Success(bytes),
            _ => ServerInput::Failure(bytes),
        };
        self.step_server(&asked.key, input);
    }

    /// One step of a server transaction, its deadline and its end looked after.
    pub(crate) fn step_server(&mut self, key: &ServerKey, input: ServerInput) -> table::Step {
        let times = self.settings.timers;
        let step = self.transactions.step_server(key, input, self.now, &times, &mut self.outputs);
        self.wheel.set(Due::Transaction(TransactionKey::Server(key.clone())), step.deadline);
        if step.gone {
            self.forget_invite(key);
        }
        step
    }
}
