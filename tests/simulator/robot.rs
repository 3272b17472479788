//! A robot: a telephone or a neighbour, made of the SIP stack and a script, without sound of its own.

use super::dialogue::Dialogue;
use super::script::{Act, Cue, Deed, Offering, WhenCalled};
use frontdesk_identifiers::Moment;
use frontdesk_media_protocol::{AgreedAudio, Codec, Direction};
use frontdesk_session_description::{LocalAudio, answer, complete, offer};
use frontdesk_sip_message::{HeaderName, Message, Method, NameAddr, StatusCode, Uri};
use frontdesk_sip_stack::{
    Census, Credentials, Flow, IncomingCall, OutgoingCall, OutgoingRegistration, PeerRule, RegistrationId,
    SessionEnd, SessionId, SipCommand, SipEvent, SipInput, SipOutput, SipSettings, SipStack, Transport, ha1,
};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Who a robot is.
#[derive(Debug, Clone)]
pub struct Person {
    /// What its From says, with angle brackets or without.
    pub identity: NameAddr,
    /// Its SIP address.
    pub address: SocketAddr,
    /// Name and password, when it has an account.
    pub credentials: Option<Credentials>,
    /// What it does when it is called.
    pub when_called: WhenCalled,
    /// How much it wants to be called, as its registration says (`q`); nothing is most.
    pub preference: Option<&'static str>,
    /// Whether it knows no `telephone-event`, like a telephone that is set to tell its keys by INFO.
    pub no_events: bool,
}

/// What a robot wants done.
#[derive(Debug, Clone)]
pub enum RobotOutput {
    /// Send this datagram.
    Transmit(Flow, Vec<u8>),
    /// Say this, from this RTP address.
    Say(SocketAddr, &'static str),
    /// Press this key, at this RTP address.
    Press(SocketAddr, char),
}

/// One call, as the robot sees it.
pub struct RobotCall {
    /// Its RTP address.
    pub sound: SocketAddr,
    /// Statuses of the way, in order.
    pub progress: Vec<u16>,
    /// When it was answered.
    pub answered: Option<Moment>,
    /// When and how it ended.
    pub ended: Option<(Moment, SessionEnd)>,
    /// What was agreed last.
    pub agreed: Option<AgreedAudio>,
    /// Whether the robot hung up, or gave up, by itself.
    pub hung_up: bool,
    /// Final statuses of its own re-INVITEs.
    pub reoffers: Vec<u16>,
    local: LocalAudio,
    acts: Vec<Act>,
    /// Whether the INVITE brings no offer, so that the ACK must bring an answer.
    offerless: bool,
    dialogue: Dialogue,
    asked: u32,
    /// What it answers with, while it rings.
    answer: Option<Vec<u8>>,
}

/// What a failed check says about it.
impl std::fmt::Debug for RobotCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RobotCall")
            .field("progress", &self.progress)
            .field("answered", &self.answered)
            .field("ended", &self.ended)
            .field("hung_up", &self.hung_up)
            .field("reoffers", &self.reoffers)
            .finish_non_exhaustive()
    }
}

/// What falls due.
#[derive(Debug, Clone)]
enum Due {
    Deed(SessionId, Deed),
    PickUp(SessionId),
    Refuse(SessionId, StatusCode),
    Repeat(SessionId, u32),
}

/// A robot.
pub struct Robot {
    /// Who it is.
    pub person: Person,
    desk: SocketAddr,
    stack: SipStack,
    calls: BTreeMap<SessionId, RobotCall>,
    due: BTreeMap<(Moment, u64), Due>,
    commands: VecDeque<SipCommand>,
    out: Vec<RobotOutput>,
    number: u64,
    /// Whether its registration stands; none before the first answer.
    pub registered: Option<bool>,
}

/// The realm of the robots.
const REALM: &str = "robots";

fn settings(desk: SocketAddr) -> SipSettings {
    let peers = vec![PeerRule { name: "desk".to_owned(), addresses: vec![desk.ip()], ..PeerRule::default() }];
    SipSettings { peers, realm: REALM.to_owned(), ..SipSettings::default() }
}

const REGISTRATION: RegistrationId = RegistrationId(1);
/// How long a telephone rings before it stops by itself: its caller may be gone without a word.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long robots register for: longer than any run.
const REGISTERED_FOR: Duration = Duration::from_secs(3_600);

impl RobotCall {
    /// Whether this is the call of that Call-ID.
    pub fn is_named(&self, call_id: &str) -> bool {
        self.dialogue.is_named(call_id)
    }

    /// Its Call-ID, once it has one.
    pub fn call_id(&self) -> Option<&str> {
        self.dialogue.call_id()
    }
}

impl Robot {
    /// A robot that will talk to the desk at `desk`.
    pub fn new(person: Person, desk: SocketAddr, seed: [u8; 32], now: Moment) -> Robot {
        let mut stack = SipStack::new(seed);
        stack.handle(SipInput::Settings(Arc::new(settings(desk))), now);
        Robot {
            person,
            desk,
            stack,
            calls: BTreeMap::new(),
            due: BTreeMap::new(),
            commands: VecDeque::new(),
            out: Vec::new(),
            number: 0,
            registered: None,
        }
    }

    /// The same robot, started anew: it knows nothing of before, but uses no RTP port a second time.
    pub fn reborn(&self, seed: [u8; 32], now: Moment) -> Robot {
        Robot { number: self.number, ..Robot::new(self.person.clone(), self.desk, seed, now) }
    }

    /// Takes registrations of this account.
    pub fn serve(&mut self, account: Option<(&str, &str)>, now: Moment) {
        let account = account.map(|(user, password)| (user.to_owned(), ha1(user, REALM, password)));
        let settings = SipSettings { accounts: account.into_iter().collect(), ..settings(self.desk) };
        self.stack.handle(SipInput::Settings(Arc::new(settings)), now);
    }

    /// Registers with the desk.
    pub fn register(&mut self, now: Moment) {
        let registrar = uri(&format!("sip:{}", self.desk));
        let registration = OutgoingRegistration {
            registration: REGISTRATION,
            registrar,
            address_of_record: self.person.identity.clone(),
            flow: self.flow(),
            credentials: self.person.credentials.clone(),
            routes: Vec::new(),
            quirks: Arc::default(),
            expires: REGISTERED_FOR,
        };
        self.command(SipCommand::Register(Box::new(registration)), now);
    }

    /// Takes its registration back.
    pub fn unregister(&mut self, now: Moment) {
        self.command(SipCommand::Unregister { registration: REGISTRATION }, now);
    }

    /// Calls a number at the desk.
    pub fn call(&mut self, number: &str, offering: Offering, acts: Vec<Act>, now: Moment) -> SessionId {
        let session = SessionId::Outgoing(self.count());
        let local = self.new_local();
        let target = uri(&format!("sip:{number}@{}", self.desk));
        let description = match &offering {
            Offering::Usual => self.described(offer(&local)),
            Offering::Nothing => Vec::new(),
            Offering::This(text) => text.as_bytes().to_vec(),
        };
        self.begin(session, local, acts, offering == Offering::Nothing, now);
        let call = OutgoingCall {
            session,
            target: target.clone(),
            flow: self.flow(),
            from: self.person.identity.clone(),
            to: NameAddr::from(target),
            description,
            credentials: self.person.credentials.clone(),
            routes: Vec::new(),
            quirks: Arc::default(),
            extra: Vec::new(),
        };
        self.command(SipCommand::Invite(Box::new(call)), now);
        session
    }

    /// A datagram came.
    pub fn receive(&mut self, flow: Flow, bytes: Vec<u8>, now: Moment) {
        let message = Message::read(&bytes).expect("the desk writes what can be read");
        let session = self.session_of(&message);
        let mut bytes = bytes;
        if let Some(call) = session.and_then(|session| self.calls.get_mut(&session)) {
            let heard = call.dialogue.received(&message, &call.local);
            self.out.extend(heard.send.into_iter().map(|bytes| RobotOutput::Transmit(flow, bytes)));
            call.reoffers.extend(heard.status);
            if let Some(agreed) = heard.agreed {
                call.agreed = Some(agreed);
            }
            match heard.pass_on {
                Some(passed) => bytes = passed,
                None => return self.settle(now),
            }
        }
        self.stack.handle(SipInput::Received { flow, bytes }, now);
        self.settle(now);
        // An INVITE that began a call here tells its dialogue who is at the other end.
        let began = session.is_none().then(|| self.session_of(&message)).flatten();
        if let Some(call) = began.and_then(|session| self.calls.get_mut(&session)) {
            call.dialogue.received(&message, &call.local);
        }
    }

    /// Lets happen what is due.
    pub fn tick(&mut self, now: Moment) {
        while let Some(entry) = self.due.first_entry()
            && entry.key().0 <= now
        {
            let due = entry.remove();
            self.act(due, now);
        }
        self.stack.handle(SipInput::Tick, now);
        self.settle(now);
    }

    /// When it wants to be told that time has passed.
    pub fn deadline(&self) -> Option<Moment> {
        let due = self.due.first_key_value().map(|((at, _), _)| *at);
        due.into_iter().chain(self.stack.deadline()).min()
    }

    /// What it wants done.
    pub fn take_outputs(&mut self) -> Vec<RobotOutput> {
        std::mem::take(&mut self.out)
    }

    /// The desk listens to the sound from this address.
    pub fn asked(&mut self, sound: SocketAddr, now: Moment) {
        let Some((session, call)) = self.calls.iter_mut().find(|(_, call)| call.sound == sound) else {
            return;
        };
        call.asked += 1;
        let (session, cue) = (*session, Cue::Asked(call.asked));
        self.cue(session, cue, now);
    }

    /// Its calls, those that are over among them.
    pub fn calls(&self) -> &BTreeMap<SessionId, RobotCall> {
        &self.calls
    }

    /// Whether every call of it is over.
    pub fn is_idle(&self) -> bool {
        self.calls.values().all(|call| call.ended.is_some())
    }

    /// What its own stack holds.
    pub fn census(&self) -> Census {
        self.stack.census()
    }

    fn flow(&self) -> Flow {
        Flow { transport: Transport::Udp, local: self.person.address, remote: self.desk }
    }

    fn count(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    fn new_local(&mut self) -> LocalAudio {
        let number = self.count();
        LocalAudio {
            address: SocketAddr::new(self.person.address.ip(), 10_000 + (number * 2 % 50_000) as u16),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            direction: Direction::SendReceive,
            session_id: number,
            session_version: number,
        }
    }

    /// A description as this robot writes it.
    fn described(&self, description: Vec<u8>) -> Vec<u8> {
        if self.person.no_events { without_events(&description) } else { description }
    }

    fn begin(&mut self, session: SessionId, local: LocalAudio, acts: Vec<Act>, offerless: bool, now: Moment) {
        let call = RobotCall {
            sound: local.address,
            progress: Vec::new(),
            answered: None,
            ended: None,
            agreed: None,
            hung_up: false,
            reoffers: Vec::new(),
            dialogue: Dialogue::new(self.person.address, session),
            local,
            acts,
            offerless,
            asked: 0,
            answer: None,
        };
        self.calls.insert(session, call);
        self.cue(session, Cue::Began, now);
    }

    fn cue(&mut self, session: SessionId, cue: Cue, now: Moment) {
        let Some(call) = self.calls.get(&session) else { return };
        let acts: Vec<Act> = call.acts.iter().filter(|act| act.cue == cue).cloned().collect();
        for act in acts {
            self.later(now + act.after, Due::Deed(session, act.deed));
        }
    }

    fn later(&mut self, at: Moment, due: Due) {
        let number = self.count();
        self.due.insert((at, number), due);
    }

    fn command(&mut self, command: SipCommand, now: Moment) {
        self.commands.push_back(command);
        self.settle(now);
    }

    fn act(&mut self, due: Due, now: Moment) {
        match due {
            Due::Deed(session, deed) => self.deed(session, deed, now),
            Due::PickUp(session) => {
                let Some(call) = self.calls.get_mut(&session) else { return };
                if let Some(description) = call.answer.take().filter(|_| call.ended.is_none()) {
                    call.answered = Some(now);
                    self.commands.push_back(SipCommand::Accept { session, description });
                    self.cue(session, Cue::Answered, now);
                }
            }
            Due::Refuse(session, status) => {
                self.commands.push_back(SipCommand::Refuse {
                    session,
                    status,
                    retry_after: None,
                    reason: None,
                });
            }
            Due::Repeat(session, tries) => {
                let flow = self.flow();
                let Some(call) = self.calls.get(&session).filter(|call| call.ended.is_none()) else { return };
                if let Some(bytes) = call.dialogue.unanswered() {
                    self.out.push(RobotOutput::Transmit(flow, bytes));
                    if tries < 6 {
                        self.later(
                            now + Duration::from_millis(500 << tries),
                            Due::Repeat(session, tries + 1),
                        );
                    }
                }
            }
        }
        self.settle(now);
    }

    fn deed(&mut self, session: SessionId, deed: Deed, now: Moment) {
        let (flow, no_events) = (self.flow(), self.person.no_events);
        let Some(call) = self.calls.get_mut(&session).filter(|call| call.ended.is_none()) else { return };
        let direction = match deed {
            Deed::Inform(key) => {
                let told = call.dialogue.inform(key);
                return self.out.extend(told.map(|bytes| RobotOutput::Transmit(flow, bytes)));
            }
            Deed::Say(text) => return self.out.push(RobotOutput::Say(call.sound, text)),
            Deed::Press(key) => return self.out.push(RobotOutput::Press(call.sound, key)),
            Deed::HangUp => {
                call.hung_up = true;
                return self.commands.push_back(SipCommand::End { session, reason: None });
            }
            Deed::Hold => Some(Direction::SendOnly),
            Deed::Freeze => Some(Direction::Inactive),
            Deed::Resume => Some(Direction::SendReceive),
            Deed::AskForOffer => None,
        };
        call.local.direction = direction.unwrap_or(call.local.direction);
        call.local.session_version += 1;
        let plain = |description: Vec<u8>| match no_events {
            true => without_events(&description),
            false => description,
        };
        let description = direction.map(|_| plain(offer(&call.local)));
        if call.dialogue.reinvite(description) {
            self.later(now, Due::Repeat(session, 0));
        }
    }

    /// Drains the stack: first what it tells, then what it sends, because what is sent may need what was told.
    fn settle(&mut self, now: Moment) {
        loop {
            let mut transmits = Vec::new();
            while let Some(output) = self.stack.poll() {
                match output {
                    SipOutput::Transmit { flow, bytes } => transmits.push((flow, bytes)),
                    SipOutput::Event(event) => self.on_sip(event, now),
                }
            }
            for (flow, bytes) in transmits {
                let bytes = self.dress(bytes);
                self.out.push(RobotOutput::Transmit(flow, bytes));
            }
            match self.commands.pop_front() {
                Some(command) => self.stack.handle(SipInput::Command(command), now),
                None => return,
            }
        }
    }

    /// What the stack sends, in keeping with what the robot has sent beside it.
    fn dress(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let message = Message::read(&bytes).expect("the stack writes what can be read");
        if let (Message::Request(request), Some(preference)) = (&message, self.person.preference)
            && request.method == Method::REGISTER
        {
            let mut request = request.clone();
            let contact = request.headers.get(HeaderName::Contact).unwrap_or_default();
            let contact = format!("{contact};q={preference}");
            request.headers.set(HeaderName::Contact, contact);
            return request.to_bytes();
        }
        let session = self.session_of(&message).or_else(|| self.newest_unnamed(&message));
        match session.and_then(|session| self.calls.get_mut(&session)) {
            Some(call) => call.dialogue.sent(message, bytes),
            None => bytes,
        }
    }

    /// The call of this Call-ID.
    fn session_of(&self, message: &Message) -> Option<SessionId> {
        let call_id = message.headers().call_id().ok()?;
        self.calls.iter().find(|(_, call)| call.dialogue.is_named(call_id)).map(|(session, _)| *session)
    }

    /// The call whose first message this is: the robot numbers its calls, the stack names them.
    fn newest_unnamed(&self, message: &Message) -> Option<SessionId> {
        let method = &message.headers().cseq().ok()?.method;
        if method.as_str() != "INVITE" {
            return None;
        }
        self.calls.iter().find(|(_, call)| call.dialogue.is_nameless()).map(|(session, _)| *session)
    }

    fn on_sip(&mut self, event: SipEvent, now: Moment) {
        match event {
            SipEvent::Incoming(call) => self.called(*call, now),
            SipEvent::Progress { session, status, .. } => {
                if let Some(call) = self.calls.get_mut(&session) {
                    call.progress.push(status.as_u16());
                }
            }
            SipEvent::Answered { session, description, .. } => {
                let Some(call) = self.calls.get_mut(&session) else { return };
                if call.offerless {
                    let negotiated =
                        answer(&call.local, &description).expect("the desk's offer can be answered");
                    call.agreed = Some(negotiated.audio);
                    call.dialogue.answer_in_ack(match self.person.no_events {
                        true => without_events(&negotiated.description),
                        false => negotiated.description,
                    });
                } else {
                    call.agreed = Some(complete(&call.local, &description).expect("the desk's answer fits"));
                }
                call.answered = Some(now);
                self.cue(session, Cue::Answered, now);
            }
            SipEvent::Ended { session, end } => {
                if let Some(call) = self.calls.get_mut(&session) {
                    assert!(call.ended.is_none(), "a session ends once");
                    call.ended = Some((now, end));
                }
            }
            SipEvent::Registered { .. } => self.registered = Some(true),
            SipEvent::RegistrationEnded { .. } => self.registered = Some(false),
            _ => {}
        }
    }

    fn called(&mut self, incoming: IncomingCall, now: Moment) {
        let session = incoming.session;
        let local = self.new_local();
        let agreed = incoming.offer.as_deref().and_then(|offered| answer(&local, offered).ok());
        let acts = match &self.person.when_called {
            WhenCalled::Answer { acts, .. } => acts.clone(),
            _ => Vec::new(),
        };
        self.begin(session, local, acts, false, now);
        let description = agreed.as_ref().map(|agreed| self.described(agreed.description.clone()));
        let Some(call) = self.calls.get_mut(&session) else { return };
        call.dialogue.name(&incoming.call_id);
        call.answer = description;
        call.agreed = agreed.map(|agreed| agreed.audio);
        let ring = SipCommand::Ring { session, status: StatusCode::RINGING, description: None };
        let status = |code| StatusCode::new(code).expect("a status");
        match self.person.when_called.clone() {
            WhenCalled::Refuse(code) => self.later(now, Due::Refuse(session, status(code))),
            WhenCalled::RingThenRefuse { after, status: code } => {
                self.commands.push_back(ring);
                self.later(now + after, Due::Refuse(session, status(code)));
            }
            WhenCalled::Ring => {
                self.commands.push_back(ring);
                self.later(now + PATIENCE, Due::Refuse(session, StatusCode::TEMPORARILY_UNAVAILABLE));
            }
            WhenCalled::Progress => {
                self.later(now + PATIENCE, Due::Refuse(session, StatusCode::TEMPORARILY_UNAVAILABLE));
                let Some(call) = self.calls.get(&session) else { return };
                let description = call.answer.clone();
                self.commands.push_back(SipCommand::Ring {
                    session,
                    status: StatusCode::SESSION_PROGRESS,
                    description,
                });
            }
            WhenCalled::AnswerWith(text) => {
                call.answer = Some(text.as_bytes().to_vec());
                self.commands.push_back(ring);
                self.later(now + Duration::from_millis(500), Due::PickUp(session));
            }
            WhenCalled::Answer { after, .. } => {
                self.commands.push_back(ring);
                self.later(now + after, Due::PickUp(session));
            }
        }
    }
}

/// A description with `telephone-event` taken out.
fn without_events(description: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(description);
    let number = text.lines().find_map(|line| {
        line.strip_prefix("a=rtpmap:")?.strip_suffix(" telephone-event/8000").map(str::to_owned)
    });
    let Some(number) = number else { return description.to_vec() };
    let line = |line: &str| match line {
        line if line.starts_with("m=") => Some(line.replacen(&format!(" {number}"), "", 1)),
        line if line.starts_with(&format!("a=rtpmap:{number} ")) => None,
        line if line.starts_with(&format!("a=fmtp:{number} ")) => None,
        line => Some(line.to_owned()),
    };
    text.lines().filter_map(line).flat_map(|line| (line + "\r\n").into_bytes()).collect()
}

/// A URI that the simulator writes itself.
pub fn uri(text: &str) -> Uri {
    text.parse().expect("the simulator's own URI")
}
