//! Whole calls between a neighbour and a registered telephone, through a switchboard without sockets or clock.
//!
//! Both ends are written here and say what sipp's do in `benches/set_up_beside_kamailio`: INVITE, 180 and 200 at once, ACK,
//! BYE, 200. Ports open and close by themselves. What the switchboard was told is kept as a [`Tape`].

use crate::tape::Tape;
use frontdesk_directory::{Directory, Peer, Phone, Tenant};
use frontdesk_identifiers::{Locale, Moment, TelephoneNumber, TenantId, WallTime};
use frontdesk_media_protocol::{MediaCommand, MediaEvent, StreamCounters};
use frontdesk_sip_message::{HeaderName, Message, NameAddr, Request, Response, Uri};
use frontdesk_sip_stack::{
    Credentials, Flow, OutgoingRegistration, PeerRule, RegistrationId, SipCommand, SipInput, SipOutput,
    SipSettings, SipStack, Transport, ha1,
};
use frontdesk_switchboard::{
    Limits, Rules, Switchboard, SwitchboardCensus, SwitchboardInput, SwitchboardOutput,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const DESK: ([u8; 4], u16) = ([192, 0, 2, 1], 5060);
const NEIGHBOUR: ([u8; 4], u16) = ([192, 0, 2, 9], 5060);
const TELEPHONE: ([u8; 4], u16) = ([192, 0, 2, 101], 5060);
const REALM: &str = "frontdesk";
const PHONE: &str = "1001";
const PASSWORD: &str = "only for the bench";
/// Between one message of an end and the next.
const STEP: Duration = Duration::from_millis(1);

/// A call that stands: what its caller must know to end it.
#[derive(Debug)]
pub struct StandingCall {
    number: u64,
    to: String,
    target: Uri,
}

/// A switchboard, and both ends of its calls.
pub struct Exchange {
    board: Switchboard,
    now: Moment,
    calls: u64,
    ports: u16,
    /// What was sent and not yet looked at.
    sent: Vec<(SocketAddr, Vec<u8>)>,
    tape: Tape,
}

/// The switchboard that every tape begins with.
pub fn switchboard() -> Switchboard {
    Switchboard::new([7; 32], WallTime::from_unix_micros(1_790_000_000_000_000))
}

impl Default for Exchange {
    fn default() -> Self {
        Exchange::new()
    }
}

impl Exchange {
    /// One with a neighbour that is known by its address, and a telephone that has registered.
    pub fn new() -> Exchange {
        let mut exchange = Exchange {
            board: switchboard(),
            now: Moment::from_millis(1_000),
            calls: 0,
            ports: 0,
            sent: Vec::new(),
            tape: Tape::default(),
        };
        exchange.tell(SwitchboardInput::Rules(Arc::new(rules())));
        exchange.register();
        exchange
    }

    /// What the switchboard was told since the last time.
    pub fn take_tape(&mut self) -> Tape {
        std::mem::take(&mut self.tape)
    }

    /// How much of everything the switchboard holds.
    pub fn census(&self) -> SwitchboardCensus {
        self.board.census()
    }

    /// A call from the INVITE to the ACK.
    pub fn set_up(&mut self) -> StandingCall {
        self.calls += 1;
        let number = self.calls;
        self.caller_says(invite(number));
        let invited = self.heard_by(TELEPHONE);
        let [Message::Request(invited)] = invited.as_slice() else {
            panic!("the telephone is invited, and told nothing else: {invited:?}")
        };
        self.phone_says(answer(invited, "180 Ringing", number, None));
        self.phone_says(answer(invited, "200 OK", number, Some(&description("192.0.2.101"))));
        let told = self.heard_by(NEIGHBOUR);
        let Some(Message::Response(accepted)) = told.last() else {
            panic!("the caller is answered: {told:?}")
        };
        assert_eq!(accepted.status.as_u16(), 200, "the call is put through: {told:?}");
        let call = StandingCall {
            number,
            to: accepted.headers.get(HeaderName::To).expect("a To").to_owned(),
            target: contact_of(accepted),
        };
        assert!(
            matches!(self.heard_by(TELEPHONE).as_slice(), [Message::Request(ack)] if ack.method.as_str() == "ACK")
        );
        self.caller_says(within("ACK", &call, 1));
        call
    }

    /// The caller hangs up, and both ends are done with it.
    pub fn hang_up(&mut self, call: &StandingCall) {
        self.caller_says(within("BYE", call, 2));
        let told = self.heard_by(TELEPHONE);
        let [Message::Request(bye)] = told.as_slice() else { panic!("a BYE: {told:?}") };
        self.phone_says(answer(bye, "200 OK", call.number, None));
        let told = self.heard_by(NEIGHBOUR);
        assert!(matches!(told.as_slice(), [Message::Response(ok)] if ok.status.as_u16() == 200));
        assert!(self.sent.is_empty(), "nobody is told anything more: {:?}", self.sent);
    }

    /// So much time passes.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.board.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.tell(SwitchboardInput::Tick);
        }
        self.now = end;
    }

    fn caller_says(&mut self, text: String) {
        self.says(NEIGHBOUR, text);
    }

    fn phone_says(&mut self, text: String) {
        self.says(TELEPHONE, text);
    }

    fn says(&mut self, from: ([u8; 4], u16), text: String) {
        self.pass(STEP);
        self.tell(SwitchboardInput::Sip(SipInput::Received {
            flow: flow_of(from),
            bytes: text.into_bytes(),
        }));
    }

    fn heard_by(&mut self, who: ([u8; 4], u16)) -> Vec<Message> {
        let (heard, others) =
            std::mem::take(&mut self.sent).into_iter().partition(|(to, _)| *to == SocketAddr::from(who));
        self.sent = others;
        let read = |(_, bytes): (_, Vec<u8>)| Message::read(&bytes).expect("the switchboard writes messages");
        Vec::into_iter(heard).map(read).collect()
    }

    fn tell(&mut self, input: SwitchboardInput) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.tape.record(self.now, input.clone());
            self.board.handle(input, self.now);
            while let Some(output) = self.board.poll() {
                match output {
                    SwitchboardOutput::Transmit { flow, bytes } => self.sent.push((flow.remote, bytes)),
                    SwitchboardOutput::Media(command) => inputs.extend(self.carry_out(&command)),
                    _ => {}
                }
            }
        }
    }

    fn carry_out(&mut self, command: &MediaCommand) -> Option<SwitchboardInput> {
        let event = match *command {
            MediaCommand::Open { leg, .. } => {
                self.ports = self.ports.wrapping_add(2);
                let address = SocketAddr::from(([192, 0, 2, 1], 10_000 + self.ports % 50_000));
                MediaEvent::PortOpened { leg, address }
            }
            MediaCommand::Close { leg } => {
                MediaEvent::PortClosed { leg, counters: StreamCounters::default() }
            }
            _ => return None,
        };
        Some(SwitchboardInput::Media(event))
    }

    /// By digest, with a stack of its own.
    fn register(&mut self) {
        let there = flow_of(TELEPHONE);
        let mut stack = SipStack::new([5; 32]);
        stack.handle(SipInput::Settings(Arc::default()), self.now);
        let registration = OutgoingRegistration {
            registration: RegistrationId(1),
            registrar: "sip:192.0.2.1".parse().expect("a URI"),
            address_of_record: NameAddr::new("sip:1001@192.0.2.1".parse::<Uri>().expect("a URI")),
            flow: Flow { local: there.remote, remote: there.local, ..there },
            credentials: Some(Credentials { username: PHONE.to_owned(), password: PASSWORD.to_owned() }),
            expires: Duration::from_secs(3_600),
            routes: Vec::new(),
            quirks: Arc::default(),
        };
        stack.handle(SipInput::Command(SipCommand::Register(Box::new(registration))), self.now);
        for _ in 0..3 {
            while let Some(output) = stack.poll() {
                if let SipOutput::Transmit { bytes, .. } = output {
                    let received = SipInput::Received { flow: there, bytes };
                    self.tell(SwitchboardInput::Sip(received));
                }
            }
            for (_, bytes) in std::mem::take(&mut self.sent) {
                let flow = Flow { local: there.remote, remote: there.local, ..there };
                stack.handle(SipInput::Received { flow, bytes }, self.now);
            }
        }
        assert_eq!(self.board.census().sip.bindings, 1, "the telephone is registered");
    }
}

fn rules() -> Rules {
    let tenant = TenantId::new("main").expect("a name");
    let account = ha1(PHONE, REALM, PASSWORD);
    let neighbour = SocketAddr::from(NEIGHBOUR).ip();
    let directory = Directory::builder()
        .tenant(Tenant {
            id: tenant.clone(),
            name: "Bench".to_owned(),
            locale: Locale::default(),
            country: None,
            words: BTreeMap::new(),
        })
        .peer(Peer {
            tenant: tenant.clone(),
            name: "load".to_owned(),
            addresses: vec![neighbour],
            certificate_names: Vec::new(),
            srtp: Default::default(),
            codecs: None,
        })
        .phone(Phone {
            tenant,
            number: TelephoneNumber::new(PHONE).expect("a number"),
            name: "Phone".to_owned(),
            direct: None,
            ha1_md5: account.ha1_md5,
            ha1_sha256: account.ha1_sha256,
            srtp: Default::default(),
            codecs: None,
        });
    let peer = PeerRule { name: "load".to_owned(), addresses: vec![neighbour], ..PeerRule::default() };
    let sip = SipSettings {
        realm: REALM.to_owned(),
        accounts: BTreeMap::from([(PHONE.to_owned(), account)]),
        peers: vec![peer],
        ..SipSettings::default()
    };
    Rules {
        directory: Arc::new(directory.build().expect("a directory")),
        flows: BTreeMap::new(),
        sip: Arc::new(sip),
        sound_address: None,
        verifier: None,
        limits: Limits { calls_max: 3_000, ..Limits::default() },
        data: "data".into(),
        seal_recordings: false,
        hold_music: false,
    }
}

fn flow_of(remote: ([u8; 4], u16)) -> Flow {
    Flow { transport: Transport::Udp, local: DESK.into(), remote: remote.into() }
}

fn description(host: &str) -> String {
    format!(
        "v=0\r\no=sipp 53655765 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 96\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\n"
    )
}

fn invite(number: u64) -> String {
    let body = description("192.0.2.9");
    format!(
        "INVITE sip:1001@192.0.2.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK-4711-{number}-1;rport\r\n\
         From: \"Caller\" <sip:+4930123456@192.0.2.9:5060>;tag=4711F{number}\r\n\
         To: <sip:1001@192.0.2.1:5060>\r\nCall-ID: {number}-4711@192.0.2.9\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:caller@192.0.2.9:5060>\r\nMax-Forwards: 70\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn within(method: &str, call: &StandingCall, cseq: u32) -> String {
    let StandingCall { number, to, target } = call;
    format!(
        "{method} {target} SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK-4711-{number}-{method}\r\n\
         From: \"Caller\" <sip:+4930123456@192.0.2.9:5060>;tag=4711F{number}\r\n\
         To: {to}\r\nCall-ID: {number}-4711@192.0.2.9\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

/// The telephone's answer.
fn answer(asked: &Request, status: &str, number: u64, body: Option<&str>) -> String {
    let header = |name: HeaderName| asked.headers.get(&name).unwrap_or_default();
    let to = header(HeaderName::To);
    let tag = if to.contains(";tag=") { String::new() } else { format!(";tag=4712T{number}") };
    let (via, from) = (header(HeaderName::Via), header(HeaderName::From));
    let (call_id, cseq) = (header(HeaderName::CallId), header(HeaderName::CSeq));
    let (kind, body) = body.map_or(("", ""), |body| ("Content-Type: application/sdp\r\n", body));
    format!(
        "SIP/2.0 {status}\r\nVia: {via}\r\nFrom: {from}\r\nTo: {to}{tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n\
         Contact: <sip:192.0.2.101:5060>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn contact_of(response: &Response) -> Uri {
    match response.headers.contacts() {
        Ok(frontdesk_sip_message::Contacts::List(list)) => list.into_iter().next().expect("one").address.uri,
        other => panic!("an answer has one Contact, not {other:?}"),
    }
}
