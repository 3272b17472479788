//! What a robot hears, and what it answers.

use super::robot::{Due, PATIENCE, Reoffer, Robot, RobotOutput, without_events};
use super::script::{Cue, WhenCalled, WhenReferred};
use frontdesk_identifiers::Moment;
use frontdesk_session_description::{answer, complete, offer};
use frontdesk_sip_message::{CSeq, HeaderName, Message, Method, Request, Response, StatusCode};
use frontdesk_sip_stack::{
    Flow, IncomingCall, ReferralId, SessionId, SipCommand, SipEvent, SipInput, SipOutput,
};
use std::time::Duration;

impl Robot {
    /// A datagram came.
    pub fn receive(&mut self, flow: Flow, bytes: Vec<u8>, now: Moment) {
        let message = Message::read(&bytes).expect("the desk writes what can be read");
        let bytes = self.as_answer_to_invite(&message).unwrap_or(bytes);
        if !self.is_of_errand(flow, &message, now) {
            self.stack.handle(SipInput::Received { flow, bytes }, now);
        }
        self.settle(now);
    }

    /// Drains the stack: first what it tells, then what it sends, because what is sent may need what was told.
    pub(super) fn settle(&mut self, now: Moment) {
        loop {
            let mut transmits = Vec::new();
            while let Some(output) = self.stack.poll() {
                match output {
                    SipOutput::Transmit { flow, bytes } => transmits.push((flow, bytes)),
                    SipOutput::Event(event) => self.on_sip(event, now),
                }
            }
            for (flow, bytes) in transmits {
                let dressed = self.dress(bytes);
                self.out.extend(dressed.into_iter().map(|bytes| RobotOutput::Transmit(flow, bytes)));
            }
            match self.commands.pop_front() {
                Some(command) => self.stack.handle(SipInput::Command(command), now),
                None => return,
            }
        }
    }

    /// What the stack sends, as this robot writes it.
    fn dress(&mut self, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        match Message::read(&bytes).expect("the stack writes what can be read") {
            Message::Request(request) => match self.as_update(&request) {
                Some(written) => written,
                None => vec![self.dress_request(request, bytes)],
            },
            Message::Response(response) => self.dress_response(response, bytes),
        }
    }

    /// A re-INVITE with an offer as UPDATE, from who offers so; its ACK and CANCEL are nothing then. None for the rest.
    fn as_update(&mut self, request: &Request) -> Option<Vec<Vec<u8>>> {
        let (call_id, cseq) = (request.headers.call_id().ok()?.to_owned(), request.headers.cseq().ok()?);
        let within = request.headers.to().is_ok_and(|to| to.tag().is_some());
        let name = (call_id, cseq.number);
        match request.method {
            Method::INVITE if within && self.person.offers_by_update && !request.body.is_empty() => {
                let mut update = request.clone();
                update.method = Method::UPDATE;
                let cseq = CSeq { number: cseq.number, method: Method::UPDATE };
                update.headers.set(HeaderName::CSeq, cseq.to_string());
                self.updates.insert(name);
                Some(vec![update.to_bytes()])
            }
            Method::ACK | Method::CANCEL if self.updates.contains(&name) => Some(Vec::new()),
            _ => None,
        }
    }

    /// The answer to such an UPDATE, as the stack awaits it.
    fn as_answer_to_invite(&self, message: &Message) -> Option<Vec<u8>> {
        let Message::Response(response) = message else { return None };
        let cseq = response.headers.cseq().ok()?;
        let name = (response.headers.call_id().ok()?.to_owned(), cseq.number);
        if cseq.method != Method::UPDATE || !self.updates.contains(&name) {
            return None;
        }
        let mut answer = response.clone();
        let cseq = CSeq { number: cseq.number, method: Method::INVITE };
        answer.headers.set(HeaderName::CSeq, cseq.to_string());
        Some(answer.to_bytes())
    }

    fn dress_request(&mut self, mut request: Request, bytes: Vec<u8>) -> Vec<u8> {
        if let (Some(preference), true) = (self.person.preference, request.method == Method::REGISTER) {
            let contact = request.headers.get(HeaderName::Contact).unwrap_or_default();
            let contact = format!("{contact};q={preference}");
            request.headers.set(HeaderName::Contact, contact);
            return request.to_bytes();
        }
        let Ok(call_id) = request.headers.call_id().map(str::to_owned) else { return bytes };
        if request.method == Method::INVITE {
            self.name_newest(call_id);
            return bytes;
        }
        let call = self.calls.values_mut().find(|call| call.is_named(&call_id));
        let first = call.filter(|call| request.method == Method::ACK && call.reoffers.is_empty());
        let Some(answer) = first.and_then(|call| call.answer_in_ack.clone()) else { return bytes };
        if request.body.is_empty() {
            request.headers.set(HeaderName::ContentType, "application/sdp");
            request.body = answer;
        }
        request.to_bytes()
    }

    /// The robot numbers its calls, the stack names them: this is the first message of the newest.
    fn name_newest(&mut self, call_id: String) {
        if self.calls.values().any(|call| call.is_named(&call_id)) {
            return;
        }
        let mut own = self.calls.iter_mut().filter(|(session, _)| matches!(session, SessionId::Outgoing(_)));
        if let Some((_, call)) = own.find(|(_, call)| call.call_id.is_none()) {
            call.call_id = Some(call_id);
        }
    }

    fn dress_response(&self, mut response: Response, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        let of_invite = response.headers.cseq().is_ok_and(|cseq| cseq.method == Method::INVITE);
        let code = response.status.as_u16();
        if let WhenCalled::Redirect(status, elsewhere) = &self.person.when_called
            && of_invite
            && code == *status
        {
            response.headers.set(HeaderName::Contact, elsewhere);
            return vec![response.to_bytes()];
        }
        if self.person.forks && of_invite && (101..200).contains(&code) {
            let to = response.headers.get(HeaderName::To).unwrap_or_default().to_owned();
            let mut twin = response;
            twin.headers.set(HeaderName::To, format!("{to}twin"));
            // A twin knows nothing of the numbers of the other's reliable responses.
            twin.headers.remove(HeaderName::Require);
            twin.headers.remove(HeaderName::RSeq);
            return vec![twin.to_bytes(), bytes];
        }
        vec![bytes]
    }

    fn on_sip(&mut self, event: SipEvent, now: Moment) {
        match event {
            SipEvent::Incoming(call) => self.called(*call, now),
            SipEvent::Progress { session, status, description, .. } => {
                if let Some(call) = self.calls.get_mut(&session) {
                    call.progress.push(status.as_u16());
                    let early = description.and_then(|description| complete(&call.local, &description).ok());
                    call.early = early.or(call.early);
                }
            }
            SipEvent::Answered { session, description, .. } => self.on_answer(session, &description, now),
            SipEvent::Reoffered { session, offer } => self.on_offer(session, offer),
            SipEvent::ReofferAnswered { session, description } => {
                self.on_reoffer_answered(session, &description);
            }
            SipEvent::ReofferRefused { session, status } => {
                if let Some(call) = self.calls.get_mut(&session) {
                    call.reoffer = None;
                    call.reoffers.push(status.map_or(0, StatusCode::as_u16));
                }
            }
            SipEvent::ReferProgress { session, status } => {
                if let Some(call) = self.calls.get_mut(&session) {
                    call.refer_progress.push(status.as_u16());
                }
            }
            SipEvent::ReferEnded { session, outcome } => {
                if let Some(call) = self.calls.get_mut(&session) {
                    call.referred.push(outcome);
                }
            }
            SipEvent::Ended { session, end } => {
                if let Some(call) = self.calls.get_mut(&session) {
                    assert!(call.ended.is_none(), "a session ends once");
                    call.ended = Some((now, end));
                }
            }
            SipEvent::MessageReceived(message) => {
                self.texts.push(String::from_utf8_lossy(&message.body).into_owned());
                let (id, status) = (message.id, StatusCode::OK);
                self.commands.push_back(SipCommand::AnswerMessage { id, status });
            }
            SipEvent::Referred { referral, .. } => self.asked_to_call(referral, now),
            SipEvent::Registered { .. } => self.registered = Some(true),
            SipEvent::RegistrationEnded { .. } => self.registered = Some(false),
            _ => {}
        }
    }

    /// The desk wants it to call somebody else.
    fn asked_to_call(&mut self, referral: ReferralId, now: Moment) {
        let code = |code| StatusCode::new(code).expect("a status");
        let status = match self.person.when_referred {
            WhenReferred::Refuse(status) => code(status),
            WhenReferred::Tell(_) | WhenReferred::Silent => StatusCode::ACCEPTED,
        };
        self.commands.push_back(SipCommand::AnswerRefer { referral, status });
        if let WhenReferred::Tell(status) = self.person.when_referred {
            self.commands.push_back(SipCommand::NotifyReferrer { referral, status: StatusCode::RINGING });
            self.later(now + Duration::from_secs(2), Due::Tell(referral, code(status)));
        }
    }

    fn on_answer(&mut self, session: SessionId, description: &[u8], now: Moment) {
        let Some(call) = self.calls.get_mut(&session) else { return };
        if call.offerless {
            let negotiated = answer(&call.local, description).expect("the desk's offer can be answered");
            call.agreed = Some(negotiated.audio);
            call.answer_in_ack = Some(match self.person.no_events {
                true => without_events(&negotiated.description),
                false => negotiated.description,
            });
        } else {
            call.agreed = Some(complete(&call.local, description).expect("the desk's answer fits"));
        }
        call.answered = Some(now);
        self.cue(session, Cue::Answered, now);
    }

    /// The desk offers, or wants to be offered to.
    fn on_offer(&mut self, session: SessionId, offered: Option<Vec<u8>>) {
        let no_events = self.person.no_events;
        let Some(call) = self.calls.get_mut(&session) else { return };
        call.local.session_version += 1;
        let description = match offered {
            None => Some(offer(&call.local)),
            Some(offered) => answer(&call.local, &offered).ok().map(|agreed| {
                call.agreed = Some(agreed.audio);
                agreed.description
            }),
        };
        self.commands.push_back(match description {
            Some(plain) => {
                let description = if no_events { without_events(&plain) } else { plain };
                SipCommand::AcceptReoffer { session, description }
            }
            None => SipCommand::RefuseReoffer { session, status: StatusCode::NOT_ACCEPTABLE_HERE },
        });
    }

    fn on_reoffer_answered(&mut self, session: SessionId, description: &[u8]) {
        let Some(call) = self.calls.get_mut(&session) else { return };
        match call.reoffer.take() {
            Some(Reoffer::Made) => call.agreed = complete(&call.local, description).ok(),
            Some(Reoffer::AskedFor) => {
                let negotiated = answer(&call.local, description).expect("the desk's offer can be answered");
                call.agreed = Some(negotiated.audio);
                let description = match self.person.no_events {
                    true => without_events(&negotiated.description),
                    false => negotiated.description,
                };
                self.commands.push_back(SipCommand::AcceptReoffer { session, description });
            }
            None => return,
        }
        call.reoffers.push(200);
    }

    fn called(&mut self, incoming: IncomingCall, now: Moment) {
        let session = incoming.session;
        let local = self.new_local();
        let agreed = incoming.offer.as_deref().and_then(|offered| answer(&local, offered).ok());
        let acts = match &self.person.when_called {
            WhenCalled::Answer { acts, .. } | WhenCalled::AnswerAfterSound { acts, .. } => acts.clone(),
            _ => Vec::new(),
        };
        self.begin(session, local, acts, false, now);
        let description = agreed.as_ref().map(|agreed| self.described(agreed.description.clone()));
        let Some(call) = self.calls.get_mut(&session) else { return };
        call.call_id = Some(incoming.call_id);
        call.answer = description;
        call.agreed = agreed.map(|agreed| agreed.audio);
        self.react(session, now);
    }

    /// What its mood has it do with a call that came.
    fn react(&mut self, session: SessionId, now: Moment) {
        let status = |code| StatusCode::new(code).expect("a status");
        let given_up = Due::Refuse(session, StatusCode::TEMPORARILY_UNAVAILABLE);
        match self.person.when_called.clone() {
            WhenCalled::Refuse(code) | WhenCalled::Redirect(code, _) => {
                self.later(now, Due::Refuse(session, status(code)));
            }
            WhenCalled::RefuseSaying { status: code, retry_after, reason } => {
                let reason = reason.map(str::to_owned);
                let due = Due::RefuseSaying { session, status: status(code), retry_after, reason };
                self.later(now, due);
            }
            WhenCalled::RingThenRefuse { after, status: code } => {
                self.ring(session, StatusCode::RINGING);
                self.later(now + after, Due::Refuse(session, status(code)));
            }
            WhenCalled::Ring => {
                self.ring(session, StatusCode::RINGING);
                self.later(now + PATIENCE, given_up);
            }
            WhenCalled::Progress => {
                self.ring(session, StatusCode::SESSION_PROGRESS);
                self.later(now + PATIENCE, given_up);
            }
            WhenCalled::AnswerAfterSound { after, .. } => {
                self.ring(session, StatusCode::SESSION_PROGRESS);
                self.later(now + after, Due::PickUp(session));
            }
            WhenCalled::AnswerWith(text) => {
                if let Some(call) = self.calls.get_mut(&session) {
                    call.answer = Some(text.as_bytes().to_vec());
                }
                self.ring(session, StatusCode::RINGING);
                self.later(now + Duration::from_millis(500), Due::PickUp(session));
            }
            WhenCalled::Answer { after, .. } => {
                self.ring(session, StatusCode::RINGING);
                self.later(now + after, Due::PickUp(session));
            }
        }
    }

    /// 180 without a description, 183 with one.
    fn ring(&mut self, session: SessionId, status: StatusCode) {
        let description = self.calls.get(&session).and_then(|call| call.answer.clone());
        let description = description.filter(|_| status == StatusCode::SESSION_PROGRESS);
        self.commands.push_back(SipCommand::Ring { session, status, description });
    }
}
