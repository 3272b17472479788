//! What the stories of `tests/` are told with: a stack alone, and somebody who writes messages to it by hand.

#![allow(dead_code, reason = "each test file uses a part")]

pub mod phone;
pub mod talk;

use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{HeaderName, Message, NameAddr, Request, Response, StatusCode, Uri};
use frontdesk_sip_stack::testing::{Pair, Side};
use frontdesk_sip_stack::*;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\n";
pub const ANSWER: &[u8] = b"v=0\r\no=- 2 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n";
pub const PASSWORD: &str = "correct horse";

pub fn uri(text: &str) -> Uri {
    text.parse().expect("a URI")
}

pub fn address(text: &str) -> NameAddr {
    NameAddr::new(uri(text))
}

pub fn status(code: u16) -> StatusCode {
    StatusCode::new(code).expect("a status")
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Two accounts, 1001 and 1002, and the given addresses as a peer.
pub fn settings(peers: &[&str]) -> SipSettings {
    let mut settings = SipSettings::default();
    for name in ["1001", "1002"] {
        settings.accounts.insert(name.to_owned(), ha1(name, &settings.realm, PASSWORD));
    }
    let addresses = peers.iter().map(|ip| ip.parse().expect("an address")).collect();
    settings.peers.push(PeerRule { name: "carrier".to_owned(), addresses, ..PeerRule::default() });
    settings
}

/// A stack and the somebody at the other end of `flow`.
pub struct Stage {
    pub stack: SipStack,
    pub now: Moment,
    pub flow: Flow,
    sent: Vec<(Flow, Vec<u8>)>,
    events: Vec<SipEvent>,
}

impl Stage {
    /// The other end, 192.0.2.9:5060, is a peer.
    pub fn with_peer() -> Self {
        Self::with(settings(&["192.0.2.9"]))
    }

    pub fn with(settings: SipSettings) -> Self {
        let local: SocketAddr = "192.0.2.1:5060".parse().expect("an address");
        let remote: SocketAddr = "192.0.2.9:5060".parse().expect("an address");
        let mut stage = Stage {
            stack: SipStack::new([1; 32]),
            now: Moment::ZERO,
            flow: Flow { transport: Transport::Udp, local, remote },
            sent: Vec::new(),
            events: Vec::new(),
        };
        stage.input(SipInput::Settings(Arc::new(settings)));
        stage
    }

    pub fn input(&mut self, input: SipInput) {
        self.stack.handle(input, self.now);
        while let Some(output) = self.stack.poll() {
            match output {
                SipOutput::Transmit { flow, bytes } => self.sent.push((flow, bytes)),
                SipOutput::Event(event) => self.events.push(event),
            }
        }
    }

    pub fn command(&mut self, command: SipCommand) {
        self.input(SipInput::Command(command));
    }

    /// The other end sends; `\n` becomes CRLF, and a missing Content-Length is counted.
    pub fn receive(&mut self, text: &str) {
        self.receive_over(self.flow, text);
    }

    pub fn receive_over(&mut self, flow: Flow, text: &str) {
        self.input(SipInput::Received { flow, bytes: text.replace('\n', "\r\n").into_bytes() });
    }

    /// Lets time pass, ticking at each deadline.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.stack.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.input(SipInput::Tick);
        }
        self.now = end;
    }

    /// What was sent since the last time.
    pub fn sent(&mut self) -> Vec<Message> {
        self.sent_with_flows().into_iter().map(|(_, message)| message).collect()
    }

    pub fn sent_with_flows(&mut self) -> Vec<(Flow, Message)> {
        let sent = std::mem::take(&mut self.sent);
        sent.into_iter().map(|(flow, bytes)| (flow, Message::read(&bytes).expect("own words"))).collect()
    }

    /// The only thing sent since the last time, a response.
    pub fn response(&mut self) -> Response {
        let mut sent = self.sent();
        match (sent.pop(), sent.is_empty()) {
            (Some(Message::Response(response)), true) => response,
            other => panic!("not one response: {other:?}"),
        }
    }

    /// The last thing sent since the last time, a response.
    pub fn last_response(&mut self) -> Response {
        match self.sent().pop() {
            Some(Message::Response(response)) => response,
            other => panic!("no response: {other:?}"),
        }
    }

    /// The requests sent since the last time.
    pub fn requests(&mut self) -> Vec<Request> {
        let requests = self.sent().into_iter().filter_map(|message| match message {
            Message::Request(request) => Some(request),
            Message::Response(_) => None,
        });
        requests.collect()
    }

    pub fn events(&mut self) -> Vec<SipEvent> {
        std::mem::take(&mut self.events)
    }

    /// The ends that were told since the last time.
    pub fn ends(&mut self) -> Vec<(SessionId, SessionEnd)> {
        let ends = self.events().into_iter().filter_map(|event| match event {
            SipEvent::Ended { session, end } => Some((session, end)),
            _ => None,
        });
        ends.collect()
    }

    /// Calls from the other end, and says which session it became.
    pub fn incoming(&mut self, invite: &str) -> SessionId {
        self.receive(invite);
        for event in self.events() {
            if let SipEvent::Incoming(call) = event {
                return call.session;
            }
        }
        panic!("no call came in: {:?}", self.sent());
    }

    /// This side calls the other end.
    pub fn call(&mut self, number: u64) -> (SessionId, Request) {
        let session = SessionId::Outgoing(number);
        let call = outgoing(session, self.flow, None);
        self.command(SipCommand::Invite(Box::new(call)));
        let invite = self.requests().pop().expect("an INVITE");
        (session, invite)
    }
}

pub fn outgoing(session: SessionId, flow: Flow, credentials: Option<Credentials>) -> OutgoingCall {
    OutgoingCall {
        session,
        target: uri(&format!("sip:1001@{}", flow.remote)),
        flow,
        from: address("sip:desk@192.0.2.1"),
        to: address("sip:1001@192.0.2.9"),
        description: OFFER.to_vec(),
        credentials,
        routes: Vec::new(),
        quirks: Arc::default(),
        extra: Vec::new(),
    }
}

pub fn credentials(username: &str, password: &str) -> Credentials {
    Credentials { username: username.to_owned(), password: password.to_owned() }
}

/// A request of the other end.
#[derive(Clone)]
pub struct Script {
    pub method: &'static str,
    pub uri: &'static str,
    pub branch: &'static str,
    pub cseq: u32,
    pub to: String,
    pub from: &'static str,
    pub call_id: &'static str,
    pub extra: String,
    pub body: &'static [u8],
}

impl Script {
    pub fn new(method: &'static str, branch: &'static str, cseq: u32) -> Self {
        Script {
            method,
            uri: "sip:100@192.0.2.1",
            branch,
            cseq,
            to: "<sip:100@192.0.2.1>".to_owned(),
            from: "<sip:alice@192.0.2.9>;tag=alice",
            call_id: "story",
            extra: String::new(),
            body: b"",
        }
    }

    pub fn invite() -> Self {
        let mut script = Script::new("INVITE", "z9hG4bKfirst", 1).with("Contact: <sip:alice@192.0.2.9>");
        script = script.with("Content-Type: application/sdp");
        script.body = OFFER;
        script
    }

    /// Within the dialog that `response` made.
    pub fn within(method: &'static str, branch: &'static str, cseq: u32, response: &Response) -> Self {
        let mut script = Script::new(method, branch, cseq);
        script.to = response.headers.get(HeaderName::To).expect("a To").to_owned();
        script
    }

    pub fn with(mut self, line: &str) -> Self {
        self.extra.push_str(line);
        self.extra.push('\n');
        self
    }

    pub fn offering(mut self, body: &'static [u8]) -> Self {
        self.body = body;
        self.with("Content-Type: application/sdp")
    }

    pub fn text(&self) -> String {
        let Script { method, uri, branch, cseq, to, from, call_id, extra, body } = self;
        let body = String::from_utf8_lossy(body).replace("\r\n", "\n");
        let length = body.replace('\n', "\r\n").len();
        format!(
            "{method} {uri} SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch={branch}\nMax-Forwards: 70\n\
             From: {from}\nTo: {to}\nCall-ID: {call_id}\nCSeq: {cseq} {}\n{extra}Content-Length: {length}\n\n{body}",
            method
        )
    }
}

/// An answer of the other end to a request of the stack, with a To tag.
pub fn answer(request: &Request, code: u16, tag: &str, extra: &str, body: &[u8]) -> String {
    let mut response = Response::answering(&request.headers, status(code));
    if !tag.is_empty() {
        let mut to = request.headers.to().expect("a To");
        if to.tag().is_none() {
            to.set_tag(tag);
            response.headers.set(HeaderName::To, to.to_string());
        }
    }
    for line in extra.lines() {
        let (name, value) = line.split_once(": ").expect("a header line");
        response.headers.push(HeaderName::from_token(name).expect("a name"), value);
    }
    if !body.is_empty() {
        response.headers.push(HeaderName::ContentType, "application/sdp");
        response.body = body.to_vec();
    }
    String::from_utf8(response.to_bytes()).expect("text").replace("\r\n", "\n")
}

pub fn header<'a>(message: &'a Response, name: &str) -> Option<&'a str> {
    message.headers.get(HeaderName::from_token(name).expect("a name"))
}

/// The call that came in on a side since the last time, if one did.
pub fn incoming_of(pair: &mut Pair, side: Side) -> Option<IncomingCall> {
    pair.take_events(side).into_iter().find_map(|(_, event)| match event {
        SipEvent::Incoming(call) => Some(*call),
        _ => None,
    })
}
