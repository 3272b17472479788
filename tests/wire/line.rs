//! A stack alone, and whoever writes to it.

use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{Message, Response};
use frontdesk_sip_stack::{
    Census, Flow, PeerRule, SessionId, SipCommand, SipEvent, SipFact, SipInput, SipOutput, SipSettings,
    SipStack, Transport, ha1,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Where the desk's peer calls from.
pub const PEER: &str = "192.0.2.9:5060";
/// Where somebody calls from whom the desk does not know.
pub const STRANGER: &str = "198.51.100.66:5060";

pub struct Line {
    pub stack: SipStack,
    pub now: Moment,
    /// What was sent since it was last asked for.
    pub sent: Vec<(Flow, Vec<u8>)>,
    /// The calls that came in and have not ended.
    pub calls: Vec<SessionId>,
    /// How often each session ended.
    pub ends: BTreeMap<SessionId, u32>,
    /// What was noticed since it was last asked for.
    pub facts: Vec<SipFact>,
}

impl Line {
    /// A desk that knows one peer, and one account `1001`.
    pub fn new() -> Self {
        let mut settings = SipSettings::default();
        settings.accounts.insert("1001".to_owned(), ha1("1001", &settings.realm, "correct horse"));
        let peer: SocketAddr = PEER.parse().expect("an address");
        settings.peers.push(PeerRule {
            name: "carrier".to_owned(),
            addresses: vec![peer.ip()],
            ..PeerRule::default()
        });
        let mut line = Line {
            stack: SipStack::new([7; 32]),
            now: Moment::ZERO,
            sent: Vec::new(),
            calls: Vec::new(),
            ends: BTreeMap::new(),
            facts: Vec::new(),
        };
        line.input(SipInput::Settings(Arc::new(settings)));
        line
    }

    pub fn flow(transport: Transport, remote: &str) -> Flow {
        let local = "192.0.2.1:5060".parse().expect("an address");
        Flow { transport, local, remote: remote.parse().expect("an address") }
    }

    pub fn input(&mut self, input: SipInput) {
        self.stack.handle(input, self.now);
        while let Some(output) = self.stack.poll() {
            match output {
                SipOutput::Transmit { flow, bytes } => self.sent.push((flow, bytes)),
                SipOutput::Event(event) => self.event(event),
            }
        }
    }

    fn event(&mut self, event: SipEvent) {
        match event {
            SipEvent::Incoming(call) => self.calls.push(call.session),
            SipEvent::Ended { session, .. } => {
                self.calls.retain(|call| *call != session);
                *self.ends.entry(session).or_default() += 1;
            }
            SipEvent::Noticed(fact) => self.facts.push(fact),
            _ => {}
        }
    }

    pub fn receive(&mut self, flow: Flow, bytes: &[u8]) {
        self.input(SipInput::Received { flow, bytes: bytes.to_vec() });
    }

    /// The responses sent since it was last asked for; each of them can be read again.
    pub fn responses(&mut self) -> Vec<Response> {
        let sent = std::mem::take(&mut self.sent);
        let read = sent.into_iter().map(|(_, bytes)| Message::read(&bytes).expect("own words"));
        let responses = read.filter_map(|message| match message {
            Message::Response(response) => Some(response),
            Message::Request(_) => None,
        });
        responses.collect()
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

    /// Ends every call and waits until the last timer has fired: what is left then would be left for ever.
    pub fn settle(&mut self) -> Census {
        for session in std::mem::take(&mut self.calls) {
            self.input(SipInput::Command(SipCommand::End { session, reason: None }));
        }
        self.run(Duration::from_secs(120));
        self.stack.census()
    }
}
