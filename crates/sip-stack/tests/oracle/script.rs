//! Bytes as a script of inputs to one stack: messages of all kinds, whole and broken, commands at any time, time that
//! jumps, connections that close. Whatever it is, some things hold. Shared with the fuzz target.

#[path = "far_side.rs"]
mod far_side;
#[path = "tape.rs"]
mod tape;

use far_side::SDP;
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{Message, NameAddr, StatusCode, Uri};
use frontdesk_sip_stack::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tape::Tape;

/// The most inputs of one script.
const STEPS_MAX: usize = 400;
/// The most outputs that one input may bring.
const OUTPUTS_MAX: usize = 10_000;
/// How many of the newest messages the other ends remember.
const HEARD_MAX: usize = 12;

/// Plays the script; panics if a rule is broken.
pub fn play(bytes: &[u8]) {
    let mut world = World::new();
    let mut tape = Tape::new(bytes);
    for _ in 0..STEPS_MAX {
        if tape.is_at_its_end() {
            break;
        }
        world.step(&mut tape);
    }
    world.end();
}

struct World {
    stack: SipStack,
    now: Moment,
    heard: Vec<(Flow, Message)>,
    said: Vec<(Flow, Vec<u8>)>,
    /// Sessions that began, and how often each was told to have ended.
    sessions: BTreeMap<SessionId, u32>,
    registrations: BTreeSet<RegistrationId>,
    referrals: Vec<ReferralId>,
    messages: Vec<IncomingMessageId>,
    subscriptions: Vec<SubscriptionId>,
    numbered: u64,
}

impl World {
    fn new() -> Self {
        let mut settings = SipSettings::default();
        settings.accounts.insert("1001".to_owned(), ha1("1001", "frontdesk", far_side::PASSWORD));
        let addresses = vec!["192.0.2.9".parse().expect("an address")];
        settings.peers.push(PeerRule { name: "carrier".to_owned(), addresses, ..PeerRule::default() });
        let mut world = World {
            stack: SipStack::new([3; 32]),
            now: Moment::from_millis(1),
            heard: Vec::new(),
            said: Vec::new(),
            sessions: BTreeMap::new(),
            registrations: BTreeSet::new(),
            referrals: Vec::new(),
            messages: Vec::new(),
            subscriptions: Vec::new(),
            numbered: 0,
        };
        world.input(SipInput::Settings(Arc::new(settings)));
        world
    }

    fn step(&mut self, tape: &mut Tape<'_>) {
        match tape.below(12) {
            0..=2 => {
                let flow = flow(tape);
                let (flow, bytes) = far_side::request(tape, flow, &self.heard);
                self.say(flow, bytes);
            }
            3..=5 => {
                if let Some((flow, bytes)) = far_side::response(tape, &self.heard) {
                    self.say(flow, bytes);
                }
            }
            6..=8 => {
                if let Some(command) = self.command(tape) {
                    self.input(SipInput::Command(command));
                }
            }
            9 => self.run(tape.one_of(&[1, 40, 40, 500, 500, 4_000, 32_000, 200_000, 4_000_000])),
            10 if !self.said.is_empty() => {
                let at = tape.below(self.said.len());
                let (flow, bytes) = self.said[at].clone();
                self.input(SipInput::Received { flow, bytes });
            }
            _ => self.trouble(tape),
        }
    }

    fn trouble(&mut self, tape: &mut Tape<'_>) {
        let flow = flow(tape);
        match tape.below(5) {
            0 => self.input(SipInput::FlowClosed { flow }),
            1 => self.input(SipInput::TransportFailed { flow }),
            2 => self.input(SipInput::PeerProved { flow, names: vec!["carrier.example".to_owned()] }),
            3 => {
                // The clock went on and nobody looked at the deadline.
                self.now = self.now + Duration::from_millis(tape.one_of(&[1, 600, 40_000]));
                self.input(SipInput::Tick);
            }
            _ => {
                let length = tape.below(64);
                let bytes = tape.take(length).to_vec();
                self.say(flow, bytes);
            }
        }
    }

    fn say(&mut self, flow: Flow, bytes: Vec<u8>) {
        self.said.push((flow, bytes.clone()));
        if self.said.len() > HEARD_MAX {
            self.said.remove(0);
        }
        self.input(SipInput::Received { flow, bytes });
    }

    fn input(&mut self, input: SipInput) {
        self.stack.handle(input, self.now);
        let mut count = 0;
        while let Some(output) = self.stack.poll() {
            count += 1;
            assert!(count < OUTPUTS_MAX, "the outputs do not end");
            match output {
                SipOutput::Transmit { flow, bytes } => self.hear(flow, &bytes),
                SipOutput::Event(event) => self.event(event),
            }
        }
    }

    fn hear(&mut self, flow: Flow, bytes: &[u8]) {
        let message =
            Message::read(bytes).unwrap_or_else(|error| panic!("{error}: {}", bytes.escape_ascii()));
        if let Message::Request(request) = &message {
            assert_eq!(request.fault(), None, "a request of one's own: {}", bytes.escape_ascii());
        }
        self.heard.push((flow, message));
        if self.heard.len() > HEARD_MAX {
            self.heard.remove(0);
        }
    }

    fn event(&mut self, event: SipEvent) {
        match event {
            SipEvent::Incoming(call) => {
                assert!(self.sessions.insert(call.session, 0).is_none(), "a session begins once");
            }
            SipEvent::Ended { session, .. } => {
                let ends = self.sessions.get_mut(&session).expect("only what began ends");
                *ends += 1;
                assert_eq!(*ends, 1, "{session:?} ended twice");
            }
            SipEvent::Progress { session, .. }
            | SipEvent::Answered { session, .. }
            | SipEvent::Confirmed { session, .. }
            | SipEvent::Reoffered { session, .. }
            | SipEvent::ReofferAnswered { session, .. }
            | SipEvent::ReofferRefused { session, .. }
            | SipEvent::KeyInfo { session, .. } => {
                assert_eq!(self.sessions.get(&session), Some(&0), "{session:?} is told of after its end");
            }
            SipEvent::Referred { referral, .. } => self.referrals.push(referral),
            SipEvent::MessageReceived(message) => self.messages.push(message.id),
            SipEvent::Subscribed { subscription, .. } => self.subscriptions.push(subscription),
            SipEvent::RegistrationEnded { registration, .. } => {
                assert!(self.registrations.remove(&registration), "only what was asked for ends");
            }
            _ => {}
        }
    }

    /// Lets time pass, with a look at each deadline.
    fn run(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        let (mut last, mut at_once) = (self.now, 0);
        while let Some(at) = self.stack.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            at_once = if self.now == last { at_once + 1 } else { 0 };
            assert!(at_once < 1_000, "a deadline that never passes");
            last = self.now;
            self.input(SipInput::Tick);
        }
        self.now = end;
    }

    fn session(&mut self, tape: &mut Tape<'_>) -> Option<SessionId> {
        let live = |(session, ends): (&SessionId, &u32)| (*ends == 0).then_some(*session);
        let mut known: Vec<_> = self.sessions.iter().filter_map(live).collect();
        if known.is_empty() || tape.once_in(8) {
            known = self.sessions.keys().copied().collect();
        }
        (!known.is_empty()).then(|| tape.one_of(&known))
    }

    fn command(&mut self, tape: &mut Tape<'_>) -> Option<SipCommand> {
        let status = |code: u16| StatusCode::new(code).expect("a status");
        let sdp = || SDP.as_bytes().to_vec();
        let some_sdp = |tape: &mut Tape<'_>| (tape.below(2) == 0).then(sdp);
        let choice = tape.below(20);
        if choice < 3 {
            return Some(self.invite(tape));
        }
        if choice < 5 {
            return self.outside(tape);
        }
        let session = self.session(tape)?;
        Some(match choice {
            5 => SipCommand::Ring { session, status: status(180), description: None },
            6 => SipCommand::Ring { session, status: status(183), description: some_sdp(tape) },
            7 | 8 => SipCommand::Accept { session, description: sdp() },
            9 => {
                let status = status(tape.one_of(&[486, 302, 503, 603]));
                let retry_after = (tape.below(2) == 0).then_some(Duration::from_secs(5));
                SipCommand::Refuse {
                    session,
                    status,
                    retry_after,
                    reason: Some("Q.850;cause=17".to_owned()),
                    warning: None,
                }
            }
            10 | 11 => SipCommand::End { session, reason: None },
            12 => SipCommand::AcceptReoffer { session, description: sdp() },
            13 => SipCommand::RefuseReoffer { session, status: status(488) },
            14 => SipCommand::Reoffer { session, description: some_sdp(tape) },
            15 => {
                let content_type = "application/dtmf-relay".to_owned();
                SipCommand::Inform { session, content_type, body: b"Signal=1\r\n".to_vec() }
            }
            16 => SipCommand::Refer { session, refer_to: uri("sip:200@192.0.2.9"), referred_by: None },
            17 => {
                let referral = *self.referrals.get(tape.below(self.referrals.len()))?;
                SipCommand::AnswerRefer { referral, status: status(tape.one_of(&[202, 603])) }
            }
            18 => {
                let referral = *self.referrals.get(tape.below(self.referrals.len()))?;
                SipCommand::NotifyReferrer { referral, status: status(tape.one_of(&[100, 180, 200, 486])) }
            }
            _ => {
                let subscription = *self.subscriptions.get(tape.below(self.subscriptions.len()))?;
                if tape.below(2) == 0 {
                    SipCommand::Notify { subscription, document: b"Messages-Waiting: no\r\n".to_vec() }
                } else {
                    SipCommand::EndSubscription { subscription, reason: "noresource" }
                }
            }
        })
    }

    fn invite(&mut self, tape: &mut Tape<'_>) -> SipCommand {
        self.numbered += 1;
        let session = SessionId::Outgoing(self.numbered);
        self.sessions.insert(session, 0);
        let routes = if tape.once_in(4) { vec![address("sip:192.0.2.9;lr")] } else { Vec::new() };
        SipCommand::Invite(Box::new(OutgoingCall {
            session,
            target: uri("sip:200@192.0.2.9"),
            flow: flow(tape),
            from: address("sip:desk@192.0.2.1"),
            to: address("sip:200@192.0.2.9"),
            description: SDP.as_bytes().to_vec(),
            credentials: credentials(tape),
            routes,
            extra: Vec::new(),
            quirks: Arc::default(),
        }))
    }

    /// A command that is no session's.
    fn outside(&mut self, tape: &mut Tape<'_>) -> Option<SipCommand> {
        self.numbered += 1;
        let number = self.numbered;
        let target = uri("sip:200@192.0.2.9");
        Some(match tape.below(4) {
            0 => SipCommand::Probe { probe: ProbeId(number), target, flow: flow(tape) },
            1 => SipCommand::Message(Box::new(OutgoingMessage {
                message: MessageId(number),
                target,
                flow: flow(tape),
                routes: Vec::new(),
                from: address("sip:desk@192.0.2.1"),
                to: address("sip:200@192.0.2.9"),
                content_type: "text/plain".to_owned(),
                body: b"hello".to_vec(),
            })),
            2 => {
                let registration = RegistrationId(number);
                self.registrations.insert(registration);
                SipCommand::Register(Box::new(OutgoingRegistration {
                    registration,
                    registrar: uri("sip:192.0.2.9"),
                    address_of_record: address("sip:desk@192.0.2.9"),
                    flow: flow(tape),
                    credentials: credentials(tape),
                    expires: Duration::from_secs(300),
                    routes: Vec::new(),
                    quirks: Arc::default(),
                }))
            }
            _ => SipCommand::Unregister { registration: *self.registrations.first()? },
        })
    }

    /// Everything is ended, and nobody answers any more: what is left after the last timer would be left for ever.
    fn end(&mut self) {
        let open = |(session, ends): (&SessionId, &u32)| (*ends == 0).then_some(*session);
        for session in self.sessions.iter().filter_map(open).collect::<Vec<_>>() {
            self.input(SipInput::Command(SipCommand::End { session, reason: None }));
        }
        let still: Vec<_> = self.sessions.iter().filter_map(open).collect();
        assert!(still.is_empty(), "their end was not told: {still:?}");
        for registration in self.registrations.clone() {
            self.input(SipInput::Command(SipCommand::Unregister { registration }));
        }
        // Each waits for its answer as long as whoever was told of it takes.
        for id in std::mem::take(&mut self.messages) {
            self.input(SipInput::Command(SipCommand::AnswerMessage {
                id,
                status: StatusCode::TEMPORARILY_UNAVAILABLE,
            }));
        }
        // 64·T1 for what was sent before, for a CANCEL or BYE of now, and for the NOTIFYs that follow.
        self.run(200_000);
        let census = self.stack.census();
        // A subscription is a dialog for as long as it was granted, and so is who waits to hear how a REFER went.
        let dialogs = census.dialogs.saturating_sub(census.subscriptions + census.referrals);
        let left = [
            census.client_transactions,
            census.server_transactions,
            census.sessions,
            dialogs,
            census.invites,
        ];
        assert_eq!(left, [0; 5], "transactions, sessions, dialogs, invites: {census:?}");
        // What was granted for a time runs out.
        self.run(48 * 3_600_000);
        assert_eq!(self.stack.census(), Census::default());
        assert!(self.registrations.is_empty(), "{:?} were not told to have ended", self.registrations);
    }
}

fn flow(tape: &mut Tape<'_>) -> Flow {
    let transport =
        tape.one_of(&[Transport::Udp, Transport::Tcp, Transport::Udp, Transport::Tls, Transport::Ws]);
    let remote = tape.one_of(&[
        "192.0.2.9:5060",
        "192.0.2.9:5060",
        "192.0.2.9:5060",
        "192.0.2.9:5070",
        "198.51.100.7:5060",
    ]);
    let local = "192.0.2.1:5060".parse().expect("an address");
    Flow { transport, local, remote: remote.parse().expect("an address") }
}

fn credentials(tape: &mut Tape<'_>) -> Option<Credentials> {
    let credentials = || Credentials { username: "desk".to_owned(), password: "battery".to_owned() };
    (tape.below(2) == 0).then(credentials)
}

fn uri(text: &str) -> Uri {
    text.parse().expect("a URI")
}

fn address(text: &str) -> NameAddr {
    NameAddr::new(uri(text))
}
