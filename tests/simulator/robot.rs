//! A robot: a telephone or a neighbour, made of the SIP stack and a script, without sound of its own.

use super::errand::Errand;
use super::script::{Act, Cue, Deed, Dialling, Offering, WhenCalled, WhenReferred};
use frontdesk_identifiers::Moment;
use frontdesk_media_protocol::{AgreedAudio, Codec, Direction};
use frontdesk_session_description::{Formats, LocalAudio, offer};
use frontdesk_sip_message::{NameAddr, StatusCode, Uri};
use frontdesk_sip_stack::{
    Census, Credentials, Flow, OutgoingCall, OutgoingRegistration, PeerRule, Quirks, ReferOutcome,
    ReferralId, RegistrationId, SessionEnd, SessionId, SessionTimer, SipCommand, SipInput, SipSettings,
    SipStack, Transport, ha1,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
    /// What it does differently from other telephones.
    pub quirks: Arc<Quirks>,
    /// The session timer that it asks for and grants.
    pub session_timer: Option<SessionTimer>,
    /// Whether every early dialog of it has a twin, as behind a proxy that forks (RFC 3261 §16.7).
    pub forks: bool,
    /// How it speaks with the desk.
    pub transport: Transport,
    /// What it does when it is asked to call somebody else.
    pub when_referred: WhenReferred,
    /// Whether its offers in a standing call go by UPDATE (RFC 3311) rather than by re-INVITE.
    pub offers_by_update: bool,
}

impl Person {
    /// Somebody who does nothing out of the ordinary.
    pub fn plain(identity: NameAddr, address: SocketAddr, credentials: Option<Credentials>) -> Person {
        Person {
            identity,
            address,
            credentials,
            when_called: WhenCalled::Refuse(486),
            preference: None,
            no_events: false,
            quirks: Arc::default(),
            session_timer: Some(SessionTimer::default()),
            forks: false,
            transport: Transport::Udp,
            when_referred: WhenReferred::Refuse(405),
            offers_by_update: false,
        }
    }
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
    /// What the early media were agreed as, where the desk described them before the answer.
    pub early: Option<AgreedAudio>,
    /// How its REFERs ended.
    pub referred: Vec<ReferOutcome>,
    /// What it was told of the calls that its REFERs asked for.
    pub refer_progress: Vec<u16>,
    pub(super) local: LocalAudio,
    acts: Vec<Act>,
    /// Whether the INVITE brings no offer, so that the ACK must bring an answer.
    pub(super) offerless: bool,
    pub(super) call_id: Option<String>,
    /// The answer that the ACK to the first 2xx brings.
    pub(super) answer_in_ack: Option<Vec<u8>>,
    /// Whether an offer of it waits for its answer, and whether it asked the desk to offer.
    pub(super) reoffer: Option<Reoffer>,
    asked: u32,
    /// What it answers with, while it rings.
    pub(super) answer: Option<Vec<u8>>,
}

/// An offer of a robot that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reoffer {
    /// For its answer.
    Made,
    /// For the desk to make it.
    AskedFor,
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
            .field("referred", &self.referred)
            .finish_non_exhaustive()
    }
}

/// What falls due.
#[derive(Debug, Clone)]
pub(super) enum Due {
    Deed(SessionId, Deed),
    PickUp(SessionId),
    Refuse(SessionId, StatusCode),
    RefuseSaying {
        session: SessionId,
        status: StatusCode,
        retry_after: Option<Duration>,
        reason: Option<String>,
    },
    Errand(usize),
    Tell(ReferralId, StatusCode),
}

/// A robot.
pub struct Robot {
    /// Who it is.
    pub person: Person,
    pub(super) desk: SocketAddr,
    pub(super) stack: SipStack,
    pub(super) calls: BTreeMap<SessionId, RobotCall>,
    due: BTreeMap<(Moment, u64), Due>,
    pub(super) commands: VecDeque<SipCommand>,
    pub(super) out: Vec<RobotOutput>,
    number: u64,
    /// Whether its registration stands; none before the first answer.
    pub registered: Option<bool>,
    /// The texts of the messages that came.
    pub texts: Vec<String>,
    /// What it asked of the desk beside its calls.
    pub(super) errands: Vec<Errand>,
    /// Whether it has nobody put through any more: two that put each other through would go on for ever.
    pub calm: bool,
    /// The accounts whose registrations it takes, with their passwords.
    accounts: Vec<(String, String)>,
    /// Its re-INVITEs that it wrote as UPDATE: Call-ID and CSeq.
    pub(super) updates: BTreeSet<(String, u32)>,
}

/// The realm of the robots.
const REALM: &str = "robots";

fn settings(person: &Person, desk: SocketAddr) -> SipSettings {
    let peers = vec![PeerRule {
        name: "desk".to_owned(),
        addresses: vec![desk.ip()],
        quirks: Arc::clone(&person.quirks),
        ..PeerRule::default()
    }];
    let session_timer = person.session_timer;
    SipSettings { peers, realm: REALM.to_owned(), session_timer, ..SipSettings::default() }
}

const REGISTRATION: RegistrationId = RegistrationId(1);
/// How long a telephone rings before it stops by itself: its caller may be gone without a word.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);
/// How long robots register for: longer than any run.
const REGISTERED_FOR: Duration = Duration::from_secs(3_600);

impl RobotCall {
    /// Whether this is the call of that Call-ID.
    pub fn is_named(&self, call_id: &str) -> bool {
        self.call_id.as_deref() == Some(call_id)
    }

    /// Its Call-ID, once it has one.
    pub fn call_id(&self) -> Option<&str> {
        self.call_id.as_deref()
    }
}

impl Robot {
    /// A robot that will talk to the desk at `desk`.
    pub fn new(person: Person, desk: SocketAddr, seed: [u8; 32], now: Moment) -> Robot {
        let mut stack = SipStack::new(seed);
        stack.handle(SipInput::Settings(Arc::new(settings(&person, desk))), now);
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
            texts: Vec::new(),
            errands: Vec::new(),
            calm: false,
            accounts: Vec::new(),
            updates: BTreeSet::new(),
        }
    }

    /// The same robot, started anew: it knows nothing of before, but uses no RTP port a second time.
    pub fn reborn(&self, seed: [u8; 32], now: Moment) -> Robot {
        let mut robot =
            Robot { number: self.number, ..Robot::new(self.person.clone(), self.desk, seed, now) };
        robot.accounts.clone_from(&self.accounts);
        robot.heed(now);
        robot
    }

    /// Works by what its person says now: after a change of that.
    pub fn heed(&mut self, now: Moment) {
        let account = |(user, password): &(String, String)| (user.to_owned(), ha1(user, REALM, password));
        let accounts = self.accounts.iter().map(account).collect();
        let settings = SipSettings { accounts, ..settings(&self.person, self.desk) };
        self.stack.handle(SipInput::Settings(Arc::new(settings)), now);
    }

    /// Whether it is one that others register with.
    pub fn serves(&self) -> bool {
        !self.accounts.is_empty()
    }

    /// Takes registrations of these names and passwords.
    pub fn serve(&mut self, accounts: &[(&str, &str)], now: Moment) {
        let owned = |(user, password): &(&str, &str)| ((*user).to_owned(), (*password).to_owned());
        self.accounts = accounts.iter().map(owned).collect();
        self.heed(now);
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
    pub fn call(&mut self, dialling: Dialling<'_>, acts: Vec<Act>, now: Moment) -> SessionId {
        let Dialling { number, to, offering, extra } = dialling;
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
            to: to.map_or_else(|| NameAddr::from(target), NameAddr::from),
            description,
            credentials: self.person.credentials.clone(),
            routes: Vec::new(),
            quirks: Arc::clone(&self.person.quirks),
            extra,
        };
        self.command(SipCommand::Invite(Box::new(call)), now);
        session
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

    /// Its connection to the desk broke.
    pub fn flow_closed(&mut self, now: Moment) {
        let flow = self.flow();
        self.stack.handle(SipInput::FlowClosed { flow }, now);
        self.settle(now);
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

    /// Forgets the calls that are over, and what it asked.
    pub(super) fn forget_the_past(&mut self) {
        self.calls.retain(|_, call| call.ended.is_none());
        self.due.retain(|_, due| !matches!(due, Due::Errand(_)));
        (self.errands, self.texts, self.updates) = (Vec::new(), Vec::new(), BTreeSet::new());
    }

    /// What its own stack holds.
    pub fn census(&self) -> Census {
        self.stack.census()
    }

    pub(super) fn flow(&self) -> Flow {
        Flow { transport: self.person.transport, local: self.person.address, remote: self.desk }
    }

    pub(super) fn count(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    pub(super) fn new_local(&mut self) -> LocalAudio {
        let number = self.count();
        LocalAudio {
            address: SocketAddr::new(self.person.address.ip(), 10_000 + (number * 2 % 50_000) as u16),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            formats: Formats::default(),
            direction: Direction::SendReceive,
            session_id: number,
            session_version: number,
            security: None,
        }
    }

    /// A description as this robot writes it.
    pub(super) fn described(&self, description: Vec<u8>) -> Vec<u8> {
        if self.person.no_events { without_events(&description) } else { description }
    }

    pub(super) fn begin(
        &mut self,
        session: SessionId,
        local: LocalAudio,
        acts: Vec<Act>,
        offerless: bool,
        now: Moment,
    ) {
        let call = RobotCall {
            sound: local.address,
            progress: Vec::new(),
            answered: None,
            ended: None,
            agreed: None,
            hung_up: false,
            reoffers: Vec::new(),
            early: None,
            referred: Vec::new(),
            refer_progress: Vec::new(),
            call_id: None,
            answer_in_ack: None,
            reoffer: None,
            local,
            acts,
            offerless,
            asked: 0,
            answer: None,
        };
        self.calls.insert(session, call);
        self.cue(session, Cue::Began, now);
    }

    pub(super) fn cue(&mut self, session: SessionId, cue: Cue, now: Moment) {
        let Some(call) = self.calls.get(&session) else { return };
        let acts: Vec<Act> = call.acts.iter().filter(|act| act.cue == cue).cloned().collect();
        for act in acts {
            self.later(now + act.after, Due::Deed(session, act.deed));
        }
    }

    pub(super) fn later(&mut self, at: Moment, due: Due) {
        let number = self.count();
        self.due.insert((at, number), due);
    }

    pub(super) fn command(&mut self, command: SipCommand, now: Moment) {
        self.commands.push_back(command);
        self.settle(now);
    }
}

/// A description with `telephone-event` taken out.
pub(super) fn without_events(description: &[u8]) -> Vec<u8> {
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
