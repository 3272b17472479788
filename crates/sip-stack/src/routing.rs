//! From a datagram to its owner: response → transaction → session; request → transaction → dialog → user.

use crate::dialog::dialog::DialogKey;
use crate::errand::{Errand, Outcome};
use crate::event::notifier::ALLOW_EVENTS;
use crate::input::{Credentials, Flow, RegistrationId, SessionId};
use crate::limits::MAX_TRANSACTIONS;
use crate::output::{SipEvent, SipFact, SipOutput};
use crate::reply::{ALLOW, Asked, SUPPORTED, note_source};
use crate::scrutiny::ONLY_WITHIN;
use crate::stack::{Due, SipStack};
use crate::transaction::table::{ClientKey, ServerKey, TransactionKey, Way};
use crate::transaction::{ClientInput, ServerInput};
use frontdesk_sip_message::{
    HeaderName, Headers, Host, Message, Method, Parameters, ParseError, Request, Response, StatusCode, Via,
};
use std::sync::Arc;

/// Where a broken request is answered to. A Via that cannot be read names no place, so the answer goes where the request
/// came from (RFC 4475 §3.1.2.1), with the Via as it came; without any Via nobody would understand an answer.
fn way_back_of_broken(headers: &mut Headers, flow: Flow) -> Option<Flow> {
    match note_source(headers, flow) {
        Some((_, (answer_to, _))) => Some(answer_to),
        None => headers.contains(HeaderName::Via).then_some(flow),
    }
}

/// Whose a client transaction is.
#[derive(Debug, Clone)]
pub(crate) enum Owner {
    /// The INVITE of [`SipStack::invites`].
    Invite,
    /// A CANCEL; its answer changes nothing.
    Cancel,
    /// A BYE; only a challenge to it matters.
    Bye(Option<Credentials>),
    /// A PRACK; only a challenge to it matters.
    Prack { session: SessionId, dialog: DialogKey, challenged: bool },
    /// A re-INVITE or UPDATE.
    Proposal { session: SessionId, dialog: DialogKey },
    /// A REGISTER of this side.
    Registration(RegistrationId),
    /// What is neither.
    Errand(Errand),
}

impl SipStack {
    /// A datagram.
    pub(crate) fn receive(&mut self, flow: Flow, bytes: &[u8]) {
        match Message::read(bytes) {
            Ok(Message::Request(request)) => self.receive_request(flow, request),
            Ok(Message::Response(response)) => self.receive_response(response),
            Err(ParseError::KeepAlive) => {}
            Err(error) => self.receive_broken(flow, &error),
        }
    }

    /// What is no message is answered where it can be (RFC 3261 §8.2, RFC 4475), without memory.
    fn receive_broken(&mut self, flow: Flow, error: &ParseError) {
        if let Some(rejection) = error.answerable() {
            let mut headers = rejection.headers.clone();
            if let Some(answer_to) = way_back_of_broken(&mut headers, flow) {
                self.refuse_broken(&headers, rejection.fault.status(), answer_to);
            }
        }
        self.tell(SipEvent::Noticed(SipFact::NotUnderstood { flow, why: error.to_string() }));
    }

    fn refuse_broken(&mut self, headers: &Headers, status: StatusCode, answer_to: Flow) {
        let tag = self.stateless_tag(headers);
        let bytes = self.response(headers, status, Some(&tag)).to_bytes();
        self.outputs.push_back(SipOutput::Transmit { flow: answer_to, bytes });
    }

    fn receive_request(&mut self, flow: Flow, mut request: Request) {
        if request.method != Method::ACK
            && let Some(fault) = request.fault()
        {
            if let Some(answer_to) = way_back_of_broken(&mut request.headers, flow) {
                self.refuse_broken(&request.headers, fault.status(), answer_to);
            }
            return self.tell(SipEvent::Noticed(SipFact::NotUnderstood { flow, why: fault.to_string() }));
        }
        let Some((via, (answer_to, reopened))) = note_source(&mut request.headers, flow) else { return };
        let Some(key) = ServerKey::of(&request, &via) else { return };
        let asked = Asked { request: Arc::new(request), key, flow, answer_to, reopened };
        if asked.request.method == Method::ACK {
            return self.receive_ack(&asked);
        }
        // RFC 3261 §17.2.3: a request that is known is only repeated.
        if self.transactions.knows_server(&asked.key) {
            self.step_server(&asked.key, ServerInput::Repeated);
            return;
        }
        if asked.request.method == Method::CANCEL {
            return self.receive_cancel(&asked);
        }
        let dialog = DialogKey::of_request(&asked.request);
        if let Some(refusal) = self.scrutinise(&asked, dialog.is_some()) {
            return self.respond(&asked, refusal);
        }
        match dialog {
            Some(dialog) => match self.dialogs.get(&dialog).copied() {
                Some(session) => self.receive_within(session, &dialog, &asked),
                None => self.receive_alone(&dialog, &asked),
            },
            None => self.receive_outside(&asked),
        }
    }

    /// A request that belongs to no dialog.
    fn receive_outside(&mut self, asked: &Asked) {
        match &asked.request.method {
            method if *method == Method::OPTIONS => self.answer_options(asked),
            // RFC 3261 §15.1.2: a BYE that matches no dialog; the others are the same (RFC 6086 §4.2.2, RFC 6665 §4.1.3).
            method if ONLY_WITHIN.contains(method) => {
                self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST)
            }
            method if *method == Method::REGISTER => self.receive_register(asked),
            method if *method == Method::SUBSCRIBE => self.receive_subscribe(asked),
            method if *method == Method::MESSAGE => self.receive_message(asked, false),
            // Nobody calls for who is not in a call with this side.
            method if *method == Method::REFER => self.refuse(asked, StatusCode::FORBIDDEN),
            _ => self.receive_invite(asked),
        }
    }

    /// RFC 3261 §11.2: what this side can do, and nothing about whom it serves.
    pub(crate) fn answer_options(&mut self, asked: &Asked) {
        let mut response = self.refusal(asked, StatusCode::OK);
        response.headers.push(HeaderName::Allow, ALLOW);
        response.headers.push(HeaderName::AllowEvents, ALLOW_EVENTS);
        response.headers.push(HeaderName::Supported, SUPPORTED);
        response.headers.push(HeaderName::Accept, "application/sdp");
        response.headers.push(HeaderName::AcceptEncoding, "identity");
        self.respond(asked, response);
    }

    /// Opens the server transaction of a request that wants memory. False when there is no room; it is answered
    /// then.
    pub(crate) fn open_transaction(&mut self, asked: &Asked) -> bool {
        let (clients, servers) = self.transactions.counts();
        if clients + servers >= MAX_TRANSACTIONS {
            self.refuse_overload(asked, "transactions");
            return false;
        }
        self.transactions.begin_server(asked);
        true
    }

    fn receive_response(&mut self, response: Response) {
        // RFC 3261 §8.1.3.3: more than one Via means that it is somebody else's.
        if response.headers.via_count() != 1 || response.fault().is_some() {
            return;
        }
        let Some(key) = self.transactions.match_response(&response) else { return };
        let input = match response.status {
            status if status.is_provisional() => ClientInput::Provisional,
            status if status.is_success() => ClientInput::Success,
            _ => ClientInput::Failure { ack: self.ack_to_refusal(&key, &response) },
        };
        self.step_client(&key, input, Some(&response));
    }

    /// The ACK to a refusal belongs to the transaction: same branch, Request-URI, Route; To from the response
    /// (RFC 3261 §17.1.1.3).
    fn ack_to_refusal(&self, key: &ClientKey, refusal: &Response) -> Vec<u8> {
        let Some(client) = self.transactions.client(key) else { return Vec::new() };
        let invite = &client.request;
        let mut headers = Headers::with_capacity(512, 8);
        if let Ok(via) = invite.headers.top_via() {
            headers.push_display(HeaderName::Via, via);
        }
        for route in invite.headers.get_all(HeaderName::Route) {
            headers.push(HeaderName::Route, route);
        }
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, invite.headers.get(HeaderName::From).unwrap_or_default());
        headers.push(HeaderName::To, refusal.headers.get(HeaderName::To).unwrap_or_default());
        headers.push(HeaderName::CallId, invite.headers.get(HeaderName::CallId).unwrap_or_default());
        let number = invite.headers.cseq().map_or(0, |cseq| cseq.number);
        headers.push(HeaderName::CSeq, format!("{number} ACK"));
        Request { method: Method::ACK, uri: invite.uri.clone(), headers, body: Vec::new() }.to_bytes()
    }

    /// One step of a client transaction; its owner is told what it means.
    pub(crate) fn step_client(&mut self, key: &ClientKey, input: ClientInput, response: Option<&Response>) {
        let Some(owner) = self.transactions.client(key).map(|client| client.owner.clone()) else { return };
        // What is challenged is needed once more, to answer the challenge, and a re-INVITE to acknowledge the answer; its
        // transaction may be gone by then.
        let challenges = [StatusCode::UNAUTHORIZED, StatusCode::PROXY_AUTHENTICATION_REQUIRED];
        let asks_again = match &owner {
            Owner::Proposal { .. } => response.is_some(),
            Owner::Bye(Some(_)) | Owner::Errand(_) | Owner::Prack { .. } => {
                response.is_some_and(|response| challenges.contains(&response.status))
            }
            _ => false,
        };
        let request = self
            .transactions
            .client(key)
            .filter(|_| asks_again)
            .map(|client| (Request::clone(&client.request), client.flow));
        let times = self.settings.timers;
        let step = self.transactions.step_client(key, input, self.now, &times, &mut self.outputs);
        self.wheel.set(Due::Transaction(TransactionKey::Client(*key)), step.deadline);
        let answer = response.filter(|_| step.told);
        match owner {
            Owner::Invite => self.invite_stepped(key, answer, step),
            Owner::Cancel => {}
            Owner::Bye(credentials) => {
                if let (Some(answer), Some((bye, flow)), Some(credentials)) = (answer, request, credentials) {
                    self.answer_challenge_to_bye(bye, flow, answer, credentials);
                }
            }
            Owner::Errand(errand) => {
                self.errand_stepped(errand, Outcome { key, challenged: request, answer, step });
            }
            Owner::Prack { session, dialog, challenged } => {
                if let (Some(answer), Some((prack, _))) = (answer, request) {
                    self.prack_answered(session, dialog, challenged, prack, answer);
                }
            }
            Owner::Proposal { session, dialog } => {
                let request = request.map(|(request, _)| request);
                self.proposal_stepped(key, session, &dialog, request, answer, step);
            }
            Owner::Registration(id) => self.registration_stepped(id, key, answer, step),
        }
    }

    /// Sends a request of this side in a transaction of its own.
    pub(crate) fn send_request(&mut self, mut request: Request, flow: Flow, owner: Owner) -> ClientKey {
        self.add_via(&mut request, flow);
        self.begin_client(request, flow, owner)
    }

    /// Sends a request that has its Via already.
    pub(crate) fn begin_client(&mut self, mut request: Request, flow: Flow, owner: Owner) -> ClientKey {
        let way = Way { wanted: flow, over: self.way_of(&mut request, flow) };
        let times = self.settings.timers;
        let now = self.now;
        let key = self.transactions.begin_client(request, way, owner, now, &times, &mut self.outputs);
        self.watch(TransactionKey::Client(key));
        key
    }

    /// A Via with a new branch that asks for `rport` (RFC 3581 §3), and what names this product.
    pub(crate) fn add_via(&mut self, request: &mut Request, flow: Flow) {
        let advertised = self.settings.advertised(flow);
        let mut via = Via {
            transport: flow.transport.via_name().to_owned(),
            host: Host::Ip(advertised.ip()),
            port: Some(advertised.port()),
            parameters: Parameters::new(),
        };
        via.parameters.set("branch", Some(&self.chance.branch()));
        via.ask_rport();
        request.headers.push_front(HeaderName::Via, &via);
        if !self.settings.product.is_empty() {
            request.headers.set(HeaderName::UserAgent, &self.settings.product);
        }
    }

    /// An INVITE from outside is over, its transaction is gone.
    pub(crate) fn forget_invite(&mut self, key: &ServerKey) {
        if let Some(invite) = self.arrived.remove(key)
            && self.merged.get(&invite.merge_key) == Some(key)
        {
            self.merged.remove(&invite.merge_key);
        }
    }
}
