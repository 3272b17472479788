//! A switchboard on the bench: what the SIP stack would tell is said by hand, and what calls want of it is kept. Ports
//! open and close by themselves.

use crate::input::{FlowFault, Hop, Rules, SwitchboardInput};
use crate::limits::Limits;
use crate::originate::{Origination, OriginationId, OriginationNews};
use crate::output::SwitchboardOutput;
use crate::switchboard::Switchboard;
use frontdesk_call_flow::Flow as CallFlow;
use frontdesk_call_record::Fact;
use frontdesk_directory::{Directory, Number, Peer, Phone, Presentation, Tenant, Trunk};
use frontdesk_identifiers::{CallId, LegId, Locale, Moment, TelephoneNumber, TenantId, WallTime};
use frontdesk_media_protocol::{Codec, Direction, MediaCommand, MediaEvent, StreamCounters};
use frontdesk_session_description::{Formats, LocalAudio, offer};
use frontdesk_sip_message::{Headers, NameAddr, StatusCode, Uri};
use frontdesk_sip_stack::{
    Admission, Credentials, Flow, IncomingCall, OutgoingCall, OutgoingRegistration, RegistrationId,
    SessionEnd, SessionId, SipCommand, SipEvent, SipInput, SipOutput, SipSettings, SipStack, Transport, ha1,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const DESK: ([u8; 4], u16) = ([192, 0, 2, 1], 5060);
const REALM: &str = "frontdesk";
/// A number of the telephone network.
pub(crate) const OUTSIDE: &str = "+4930901820";
const NIGHT: &str = r#"
    format = 1
    flow = "night"
    start = "service"
    [step.service]
    transfer = "number:+4930901820"
    ring = "20s"
    busy = "end"
    failed = "end"
    [step.end]
    hang_up = "Goodbye."
"#;
const RECEPTION: &str = r#"
    format = 1
    flow = "reception"
    start = "sales"
    [step.sales]
    transfer = "phone:1001"
    ring = "20s"
    busy = "end"
    failed = "end"
    [step.end]
    hang_up = "Goodbye."
"#;

pub(crate) struct Bench {
    pub board: Switchboard,
    pub now: Moment,
    /// What calls wanted of the stack, in order.
    pub commands: Vec<SipCommand>,
    /// What calls wanted of the sound, in order.
    pub media: Vec<MediaCommand>,
    /// Every fact, and of which call.
    pub facts: Vec<(CallId, Fact)>,
    /// What became of calls that were placed from inside.
    pub news: Vec<OriginationNews>,
    /// Commands that a story has looked at.
    pub seen: Vec<SipCommand>,
    /// Whether ports wait to be opened.
    pub hold_ports: bool,
    held: Vec<LegId>,
    incoming: u64,
    ports: u16,
}

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::new(name).expect("a name")
}

pub(crate) fn number(text: &str) -> TelephoneNumber {
    TelephoneNumber::new(text).expect("a number")
}

pub(crate) fn uri(text: &str) -> Uri {
    text.parse().expect("a URI")
}

pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::new(code).expect("a status")
}

pub(crate) fn flow_of(host: u8) -> Flow {
    let remote = SocketAddr::from(([192, 0, 2, host], 5060));
    Flow { transport: Transport::Udp, local: DESK.into(), remote }
}

/// A description of somebody at this host.
pub(crate) fn described(host: u8) -> Vec<u8> {
    offer(&LocalAudio {
        address: SocketAddr::from(([192, 0, 2, host], 4000)),
        codecs: vec![Codec::Pcmu],
        formats: Formats::default(),
        direction: Direction::SendReceive,
        session_id: u64::from(host),
        session_version: 1,
        security: None,
    })
}

pub(crate) fn rules() -> Rules {
    rules_with(Vec::new())
}

/// 1001 to 1003 are telephones of `main`, 2001 is one of `other`; 100 is a flow that puts through to 1001, 200 one that
/// puts through to [`OUTSIDE`].
pub(crate) fn rules_with(trunks: Vec<Trunk>) -> Rules {
    let flow = CallFlow::read_by_own_name("reception.toml", RECEPTION).expect("a flow");
    let night = CallFlow::read_by_own_name("night.toml", NIGHT).expect("a flow");
    let mut directory = Directory::builder();
    for name in ["main", "other"] {
        directory = directory.tenant(Tenant {
            id: tenant(name),
            name: name.to_owned(),
            locale: Locale::default(),
            country: None,
            words: BTreeMap::new(),
        });
    }
    directory = directory
        .peer(Peer {
            tenant: tenant("main"),
            name: "carrier".to_owned(),
            addresses: vec![[192, 0, 2, 9].into()],
            certificate_names: Vec::new(),
            srtp: Default::default(),
            codecs: None,
        })
        .number(Number {
            tenant: tenant("main"),
            number: number("100"),
            flow: flow.id().clone(),
            record: false,
        })
        .number(Number {
            tenant: tenant("main"),
            number: number("200"),
            flow: night.id().clone(),
            record: false,
        });
    for trunk in trunks {
        directory = directory.trunk(trunk);
    }
    let mut accounts = BTreeMap::new();
    for (text, owner) in [("1001", "main"), ("1002", "main"), ("1003", "main"), ("2001", "other")] {
        let account = ha1(text, REALM, "secret");
        directory = directory.phone(Phone {
            tenant: tenant(owner),
            number: number(text),
            name: format!("Phone {text}"),
            direct: None,
            ha1_md5: account.ha1_md5,
            ha1_sha256: account.ha1_sha256,
            srtp: Default::default(),
            codecs: None,
        });
        accounts.insert(text.to_owned(), account);
    }
    Rules {
        directory: Arc::new(directory.build().expect("a directory")),
        flows: BTreeMap::from([(flow.id().clone(), flow), (night.id().clone(), night)]),
        sip: Arc::new(SipSettings { realm: REALM.to_owned(), accounts, ..SipSettings::default() }),
        sound_address: None,
        verifier: None,
        limits: Limits::default(),
        data: "data".into(),
        seal_recordings: false,
        hold_music: false,
    }
}

fn trunk(name: &str, priority: u16) -> Trunk {
    Trunk {
        priority,
        probe_every: None,
        presentation: Presentation { main: Some(number("+4930555000")), ..Presentation::default() },
        ..Trunk::new(tenant("main"), name, &format!("{name}.example"))
    }
}

impl Bench {
    /// A desk where 1001 to 1003 are registered, at the hosts 101 to 103, and 2001 at 104.
    pub fn new() -> Bench {
        let now = Moment::from_millis(1_000);
        let mut board = Switchboard::new([7; 32], WallTime::from_unix_micros(1_790_000_000_000_000));
        board.handle(SwitchboardInput::Rules(Arc::new(rules())), now);
        let mut bench = Bench {
            board,
            now,
            commands: Vec::new(),
            media: Vec::new(),
            facts: Vec::new(),
            news: Vec::new(),
            seen: Vec::new(),
            hold_ports: false,
            held: Vec::new(),
            incoming: 0,
            ports: 20_000,
        };
        for (host, phone) in [(101, "1001"), (102, "1002"), (103, "1003"), (104, "2001")] {
            bench.register(host, phone);
        }
        bench
    }

    fn register(&mut self, host: u8, phone: &str) {
        let there = flow_of(host);
        let mut stack = SipStack::new([host; 32]);
        stack.handle(SipInput::Settings(Arc::default()), self.now);
        let registration = OutgoingRegistration {
            registration: RegistrationId(1),
            registrar: uri("sip:192.0.2.1"),
            address_of_record: NameAddr::from(uri(&format!("sip:{phone}@192.0.2.1"))),
            flow: Flow { local: there.remote, remote: there.local, ..there },
            credentials: Some(Credentials { username: phone.to_owned(), password: "secret".to_owned() }),
            expires: Duration::from_secs(3_600),
            routes: Vec::new(),
            quirks: Arc::default(),
        };
        stack.handle(SipInput::Command(SipCommand::Register(Box::new(registration))), self.now);
        for _ in 0..4 {
            while let Some(output) = stack.poll() {
                if let SipOutput::Transmit { bytes, .. } = output {
                    let received = SipInput::Received { flow: there, bytes };
                    self.board.handle(SwitchboardInput::Sip(received), self.now);
                }
            }
            while let Some(output) = self.board.poll() {
                if let SwitchboardOutput::Transmit { bytes, flow } = output {
                    let flow = Flow { local: flow.remote, remote: flow.local, ..flow };
                    stack.handle(SipInput::Received { flow, bytes }, self.now);
                }
            }
        }
        assert_eq!(self.board.stack.bindings(phone).count(), 1, "{phone} is registered");
    }

    /// The stack tells this.
    pub fn sip(&mut self, event: SipEvent) {
        self.board.on_sip(event, self.now);
        self.gather();
    }

    pub fn media_tells(&mut self, event: MediaEvent) {
        self.board.on_media(event, self.now);
        self.gather();
    }

    /// A telephone's registration is over: its account is gone.
    pub fn forget(&mut self, phone: &str) {
        let mut sip = SipSettings::clone(&rules().sip);
        sip.accounts.remove(phone);
        let rules = Rules { sip: Arc::new(sip), ..rules() };
        self.board.handle(SwitchboardInput::Rules(Arc::new(rules)), self.now);
        self.gather();
        assert_eq!(self.board.stack.bindings(phone).count(), 0);
    }

    /// The rules are these from here on.
    pub fn rule(&mut self, rules: Rules) {
        self.board.on_rules(Arc::new(rules), self.now);
        self.gather();
    }

    /// A call is placed from inside.
    pub fn originate(&mut self, wanted: Origination) {
        self.board.on_originate(wanted, self.now);
        self.gather();
    }

    pub fn cancel_origination(&mut self, id: OriginationId) {
        self.board.on_cancel_origination(id, self.now);
        self.gather();
    }

    /// The turn is over: who watches is told.
    pub fn light_lamps(&mut self) {
        self.board.tell_changes();
        self.gather();
    }

    /// So much time passes.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some((at, id)) = self.board.deadlines.first().copied().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.board.with_call(id, self.now, crate::call::Call::tick);
            self.gather();
        }
        self.now = end;
    }

    fn gather(&mut self) {
        loop {
            let mut commands: Vec<SipCommand> = self.board.out.commands.drain(..).collect();
            // What is told to end or refused is over at once.
            let ended: Vec<SessionId> = commands
                .iter()
                .filter_map(|command| match command {
                    SipCommand::End { session, .. } | SipCommand::Refuse { session, .. } => Some(*session),
                    _ => None,
                })
                .collect();
            self.commands.append(&mut commands);
            for session in ended {
                self.board.on_sip(SipEvent::Ended { session, end: SessionEnd::EndedHere }, self.now);
            }
            let outputs: Vec<SwitchboardOutput> = self.board.out.outputs.drain(..).collect();
            if outputs.is_empty() && self.board.out.commands.is_empty() {
                return;
            }
            for output in outputs {
                match output {
                    SwitchboardOutput::Media(command) => self.carry_out(command),
                    SwitchboardOutput::Record(fact) => self.facts.push((fact.call, fact.fact)),
                    SwitchboardOutput::Originated { news, .. } => self.news.push(news),
                    _ => {}
                }
            }
        }
    }

    fn carry_out(&mut self, command: MediaCommand) {
        self.media.push(command.clone());
        match command {
            MediaCommand::Open { leg, .. } if self.hold_ports => self.held.push(leg),
            MediaCommand::Open { leg, .. } => self.open_port(leg),
            MediaCommand::Close { leg } => {
                let counters = StreamCounters::default();
                self.board.on_media(MediaEvent::PortClosed { leg, counters }, self.now);
            }
            _ => {}
        }
    }

    fn open_port(&mut self, leg: LegId) {
        self.ports += 2;
        let address = SocketAddr::from(([192, 0, 2, 1], self.ports));
        self.board.on_media(MediaEvent::PortOpened { leg, address }, self.now);
    }

    /// Opens the ports that waited.
    pub fn open_ports(&mut self) {
        self.hold_ports = false;
        for leg in std::mem::take(&mut self.held) {
            self.open_port(leg);
        }
        self.gather();
    }

    /// A telephone calls; its session.
    pub fn phone_calls(&mut self, phone: &str, called: &str) -> SessionId {
        let host = 100 + phone[phone.len() - 1..].parse::<u8>().expect("a digit");
        self.calls(Admission::Account { username: phone.to_owned() }, host, called, None)
    }

    /// The carrier brings a call; its session.
    pub fn carrier_calls(&mut self, called: &str) -> SessionId {
        self.calls(Admission::Peer { name: "carrier".to_owned() }, 9, called, None)
    }

    /// A telephone calls, and wants to be offered to; its session.
    pub fn phone_calls_without_offer(&mut self, phone: &str, called: &str) -> SessionId {
        let host = 100 + phone[phone.len() - 1..].parse::<u8>().expect("a digit");
        let admission = Admission::Account { username: phone.to_owned() };
        self.calls_offering(admission, host, called, None, None)
    }

    /// The trunk brings a call; its session.
    pub fn trunk_calls(&mut self, called: &str) -> SessionId {
        self.calls(Admission::Peer { name: "line".to_owned() }, 8, called, None)
    }

    /// The trunk `line`, at host 8, is there, and is found.
    pub fn lay_line(&mut self, refer: bool) {
        self.rule(rules_with(vec![Trunk { refer, ..trunk("line", 2) }]));
        self.locate_line();
    }

    /// A better trunk is listed before it, and nobody knows where that is.
    pub fn lay_line_and_a_lost_one(&mut self) {
        self.rule(rules_with(vec![trunk("lost", 1), trunk("line", 2)]));
        self.locate_line();
    }

    fn locate_line(&mut self) {
        let hop = Hop { flow: flow_of(8), priority: 0, weight: 0 };
        let (trunk, answer) = ("line".to_owned(), Ok(vec![hop]));
        let valid_for = Duration::from_secs(3_600);
        self.board.handle(SwitchboardInput::Located { trunk, answer, valid_for }, self.now);
        self.gather();
    }

    pub fn calls(
        &mut self,
        admission: Admission,
        host: u8,
        called: &str,
        replaces: Option<SessionId>,
    ) -> SessionId {
        self.calls_offering(admission, host, called, replaces, Some(described(host)))
    }

    pub fn calls_offering(
        &mut self,
        admission: Admission,
        host: u8,
        called: &str,
        replaces: Option<SessionId>,
        offer: Option<Vec<u8>>,
    ) -> SessionId {
        self.incoming += 1;
        let session = SessionId::Incoming(self.incoming);
        let name = match &admission {
            Admission::Account { username } => username.clone(),
            Admission::Peer { .. } => "+4930123".to_owned(),
        };
        let called = uri(&format!("sip:{called}@192.0.2.1"));
        self.sip(SipEvent::Incoming(Box::new(IncomingCall {
            session,
            admission,
            called: called.clone(),
            from: NameAddr::from(uri(&format!("sip:{name}@192.0.2.{host}"))),
            to: NameAddr::from(called),
            call_id: format!("call-{}", self.incoming),
            offer,
            flow: flow_of(host),
            headers: Headers::new(),
            replaces,
            hops: 70,
        })));
        session
    }

    /// The INVITEs that went out, oldest first.
    pub fn invited(&self) -> Vec<&OutgoingCall> {
        fn invite(command: &SipCommand) -> Option<&OutgoingCall> {
            match command {
                SipCommand::Invite(call) => Some(call),
                _ => None,
            }
        }
        self.seen.iter().chain(&self.commands).filter_map(invite).collect()
    }

    /// The session of the latest INVITE to this host.
    pub fn session_to(&self, host: u8) -> SessionId {
        let to = SocketAddr::from(([192, 0, 2, host], 5060));
        let invited = self.invited();
        invited.iter().rev().find(|call| call.flow.remote == to).expect("an INVITE").session
    }

    pub fn progress(&mut self, session: SessionId, code: u16, description: Option<Vec<u8>>) {
        self.sip(SipEvent::Progress { session, branch: 0, status: status(code), description });
    }

    pub fn answer(&mut self, session: SessionId, description: Vec<u8>) {
        self.sip(SipEvent::Answered { session, branch: 0, description });
    }

    pub fn ends(&mut self, session: SessionId, end: SessionEnd) {
        self.sip(SipEvent::Ended { session, end });
    }

    /// What was sent to this session cannot be delivered, and why.
    pub fn cannot_be_sent_to(&mut self, session: SessionId, host: u8, fault: FlowFault) {
        self.board.out.flow_fault = Some((flow_of(host), fault));
        self.ends(session, SessionEnd::TransportFailed);
        self.board.out.flow_fault = None;
    }

    pub fn hangs_up(&mut self, session: SessionId) {
        self.ends(session, SessionEnd::HungUpByPeer { reason: None });
    }

    pub fn refuses(&mut self, session: SessionId, code: u16, reason: Option<&str>) {
        let (status, reason) = (status(code), reason.map(str::to_owned));
        self.ends(session, SessionEnd::Refused { status, retry_after: None, reason, redirects: Vec::new() });
    }

    /// 1003 calls this telephone, which answers at its host; both sessions.
    pub fn talk(&mut self, caller: &str, called: &str, host: u8) -> (SessionId, SessionId) {
        let calling = self.phone_calls(caller, called);
        let answering = self.session_to(host);
        self.progress(answering, 180, None);
        self.answer(answering, described(host));
        self.sip(SipEvent::Confirmed { session: calling, description: None });
        (calling, answering)
    }

    /// Which legs hear each other, from the orders to the sound.
    pub fn bridges(&self) -> Vec<(LegId, LegId)> {
        let mut bridges = Vec::new();
        for command in &self.media {
            match command {
                MediaCommand::Bridge { first, second } => bridges.push((*first, *second)),
                MediaCommand::Unbridge { first, second } => {
                    let at = bridges.iter().position(|pair| pair == &(*first, *second));
                    bridges.remove(at.expect("they were joined"));
                }
                MediaCommand::Close { leg } => {
                    assert!(!bridges.iter().any(|(one, other)| one == leg || other == leg), "parted before");
                }
                _ => {}
            }
        }
        bridges
    }

    /// The leg of a session that stands.
    pub fn leg(&self, session: SessionId) -> LegId {
        let call = &self.board.calls[&self.board.by_session[&session]];
        call.legs().find(|leg| leg.session == Some(session)).expect("a leg").id
    }

    /// Whether these two sessions, and nobody else, hear each other.
    pub fn only_talk(&self, one: SessionId, other: SessionId) -> bool {
        let (one, other) = (self.leg(one), self.leg(other));
        let bridges = self.bridges();
        bridges.len() == 1 && (bridges[0] == (one, other) || bridges[0] == (other, one))
    }

    pub fn was_ended(&self, session: SessionId) -> bool {
        self.commands
            .iter()
            .any(|command| matches!(command, SipCommand::End { session: one, .. } if *one == session))
    }

    /// What referrers were told, in order.
    pub fn notified(&self) -> Vec<u16> {
        let told = |command: &SipCommand| match command {
            SipCommand::NotifyReferrer { status, .. } => Some(status.as_u16()),
            _ => None,
        };
        self.commands.iter().filter_map(told).collect()
    }

    /// What REFERs were answered with.
    pub fn referral_answers(&self) -> Vec<u16> {
        let told = |command: &SipCommand| match command {
            SipCommand::AnswerRefer { status, .. } => Some(status.as_u16()),
            _ => None,
        };
        self.commands.iter().filter_map(told).collect()
    }

    /// The node stops.
    pub fn end_calls(&mut self) {
        for id in self.board.calls.keys().copied().collect::<Vec<_>>() {
            let reason = frontdesk_call_record::EndReason::DeskStopped;
            self.board.with_call(id, self.now, |call, desk| call.end(reason, None, desk));
        }
        self.gather();
    }

    /// The names of the facts of the how-manieth call, from 0, less those of every call.
    pub fn told(&self, call: usize) -> Vec<&'static str> {
        let mut calls: Vec<CallId> = Vec::new();
        for (id, _) in &self.facts {
            if !calls.contains(id) {
                calls.push(*id);
            }
        }
        let of_it = self.facts.iter().filter(|(id, _)| *id == calls[call]);
        of_it.map(|(_, fact)| fact.name()).filter(|name| !COMMON.contains(name)).collect()
    }
}

/// Facts that every call tells.
const COMMON: [&str; 6] =
    ["call_started", "ringing", "answered", "media_agreed", "stream_closed", "step_entered"];
