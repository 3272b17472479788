//! The telephone against the desk's own stack, over a wire in memory, in virtual time.

use super::super::script::Item;
use super::super::words::{
    CallEnd, KeyForm, News, PhoneInput, PhoneOutput, PhonePlan, Registration, WhenCalled,
};
use super::Phone;
use frontdesk_identifiers::{LegId, Locale, Moment};
use frontdesk_media_protocol::{Codec, Direction, MediaCommand, MediaEvent, PlaybackEnd};
use frontdesk_session_description::{Formats, LocalAudio, answer, complete, offer};
use frontdesk_sip_message::{Host, NameAddr, SipUri, StatusCode};
use frontdesk_sip_stack::{
    Credentials, Flow, OutgoingCall, SessionEnd, SessionId, SipCommand, SipEvent, SipInput, SipOutput,
    SipSettings, SipStack, Transport, ha1,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A telephone, a desk, and what both have said.
struct Line {
    phone: Phone,
    desk: SipStack,
    at_desk: Flow,
    now: Moment,
    news: Vec<News>,
    media: Vec<MediaCommand>,
    events: Vec<SipEvent>,
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn uri(user: &str) -> NameAddr {
    NameAddr::new(SipUri::new(Some(user), Host::Ip(address("127.0.0.1:5060").ip()), Some(5060)))
}

fn plan(call: bool, register: bool, when_called: WhenCalled) -> PhonePlan {
    PhonePlan {
        keys: KeyForm::Events,
        call: call.then(|| uri("100").uri),
        identity: uri("1001"),
        credentials: Some(Credentials { username: "1001".to_owned(), password: "secret".to_owned() }),
        register: register.then(|| Registration {
            registrar: SipUri::new(None, Host::Ip(address("127.0.0.1:5060").ip()), Some(5060)).into(),
            expires: Duration::from_secs(300),
        }),
        when_called,
        flow: Flow {
            transport: Transport::Udp,
            local: address("127.0.0.1:40000"),
            remote: address("127.0.0.1:5060"),
        },
        record: None,
        locale: Locale::default(),
        longest: Duration::from_secs(60),
    }
}

impl Line {
    fn new(plan: PhonePlan, script: Vec<Item>) -> Line {
        let mut desk = SipStack::new([2; 32]);
        let mut settings = SipSettings::default();
        settings.accounts.insert("1001".to_owned(), ha1("1001", &settings.realm, "secret"));
        desk.handle(SipInput::Settings(Arc::new(settings)), Moment::ZERO);
        let at_desk = Flow { transport: Transport::Udp, local: plan.flow.remote, remote: plan.flow.local };
        let mut line = Line {
            phone: Phone::new([1; 32], plan, script, false),
            desk,
            at_desk,
            now: Moment::from_millis(1),
            news: Vec::new(),
            media: Vec::new(),
            events: Vec::new(),
        };
        line.tell(PhoneInput::Start);
        line
    }

    fn tell(&mut self, input: PhoneInput) {
        self.phone.handle(input, self.now);
        self.settle();
    }

    fn command(&mut self, command: SipCommand) {
        self.desk.handle(SipInput::Command(command), self.now);
        self.settle();
    }

    /// Carries datagrams to and fro until both are silent.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.phone.poll() {
                quiet = false;
                match output {
                    PhoneOutput::News(news) => self.news.push(news),
                    PhoneOutput::Media(command) => self.media.push(command),
                    PhoneOutput::Transmit { bytes, .. } => {
                        self.desk.handle(SipInput::Received { flow: self.at_desk, bytes }, self.now);
                        self.drain_desk();
                    }
                }
            }
            quiet &= !self.drain_desk();
            if quiet {
                return;
            }
        }
    }

    /// Whether the desk had something to say.
    fn drain_desk(&mut self) -> bool {
        let mut any = false;
        while let Some(output) = self.desk.poll() {
            any = true;
            match output {
                SipOutput::Event(event) => self.events.push(event),
                SipOutput::Transmit { bytes, .. } => {
                    let flow = Flow {
                        transport: Transport::Udp,
                        local: self.at_desk.remote,
                        remote: self.at_desk.local,
                    };
                    self.phone.handle(PhoneInput::Sip(SipInput::Received { flow, bytes }), self.now);
                }
            }
        }
        any
    }

    /// Lets time pass, deadline by deadline.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..10_000 {
            let due = self.phone.deadline().into_iter().chain(self.desk.deadline()).min();
            let Some(due) = due.filter(|due| *due <= until) else { break };
            self.now = self.now.max(due);
            self.desk.handle(SipInput::Tick, self.now);
            self.drain_desk();
            self.tell(PhoneInput::Tick);
        }
        self.now = until;
    }

    /// The port that the telephone asked for last is there.
    fn open_port(&mut self) -> LegId {
        let leg = self.media.iter().rev().find_map(|command| match command {
            MediaCommand::Open { leg, .. } => Some(*leg),
            _ => None,
        });
        let leg = leg.expect("a port was asked for");
        self.tell(PhoneInput::Media(MediaEvent::PortOpened { leg, address: address("127.0.0.1:20000") }));
        leg
    }

    fn incoming(&self) -> (SessionId, Vec<u8>) {
        let call = self.events.iter().find_map(|event| match event {
            SipEvent::Incoming(call) => Some((call.session, call.offer.clone())),
            _ => None,
        });
        let (session, offer) = call.expect("a call came");
        (session, offer.expect("with an offer"))
    }

    fn call_the_phone(&mut self) -> SessionId {
        let session = SessionId::Outgoing(1);
        self.command(SipCommand::Invite(Box::new(OutgoingCall {
            session,
            target: uri("1001").uri,
            flow: self.at_desk,
            from: uri("4930123456"),
            to: uri("1001"),
            description: offer(&audio()),
            credentials: None,
            routes: Vec::new(),
            quirks: Arc::default(),
            extra: Vec::new(),
        })));
        session
    }

    fn ended(&self) -> Option<&SessionEnd> {
        self.events.iter().find_map(|event| match event {
            SipEvent::Ended { end, .. } => Some(end),
            _ => None,
        })
    }
}

fn audio() -> LocalAudio {
    LocalAudio {
        address: address("127.0.0.1:30000"),
        codecs: vec![Codec::Pcma],
        formats: Formats::default(),
        direction: Direction::SendReceive,
        session_id: 7,
        session_version: 7,
        security: None,
    }
}

#[test]
fn a_caller_says_its_words_and_hangs_up() {
    let script = vec![Item::Say("sales please".to_owned()), Item::HangUp];
    let mut line = Line::new(plan(true, false, WhenCalled::Busy), script);
    let leg = line.open_port();
    let (session, offered) = line.incoming();
    line.command(SipCommand::Ring { session, status: StatusCode::RINGING, description: None });
    let agreed = answer(&audio(), &offered).expect("a codec in common");
    line.command(SipCommand::Accept { session, description: agreed.description });
    line.pass(Duration::from_millis(100));
    let play = line.media.iter().find_map(|command| match command {
        MediaCommand::Play { playback, .. } => Some(*playback),
        _ => None,
    });
    let playback = play.expect("the words are played");
    assert!(line.ended().is_none(), "it hangs up when it has spoken, not before");
    let end = PlaybackEnd::Completed;
    let at = line.now;
    line.tell(PhoneInput::Media(MediaEvent::PlaybackEnded { leg, playback, end, sent_samples: 8_000, at }));
    line.pass(Duration::from_millis(100));
    assert_eq!(line.ended(), Some(&SessionEnd::HungUpByPeer { reason: None }));
    assert!(line.media.contains(&MediaCommand::Close { leg }));
    let counters = Default::default();
    line.tell(PhoneInput::Media(MediaEvent::PortClosed { leg, counters }));
    assert!(line.phone.is_idle());
}

#[test]
fn a_registered_phone_rings_answers_and_is_hung_up_on() {
    let when_called = WhenCalled::Answer { after: Duration::from_secs(2) };
    let mut line = Line::new(plan(false, true, when_called), Vec::new());
    assert_eq!(line.news, [News::Registered]);
    let session = line.call_the_phone();
    line.open_port();
    line.pass(Duration::from_millis(1_900));
    assert!(!line.events.iter().any(|event| matches!(event, SipEvent::Answered { .. })), "it still rings");
    line.pass(Duration::from_millis(200));
    let answered = line.events.iter().find_map(|event| match event {
        SipEvent::Answered { description, .. } => Some(description.clone()),
        _ => None,
    });
    let agreed = complete(&audio(), &answered.expect("it answered")).expect("an answer");
    assert_eq!(agreed.remote.port(), 20_000);
    line.command(SipCommand::End { session, reason: None });
    assert!(line.news.contains(&News::Over(CallEnd::Session(SessionEnd::HungUpByPeer { reason: None }))));
}

#[test]
fn a_busy_phone_and_one_that_declines_say_so() {
    for (when_called, status) in
        [(WhenCalled::Busy, StatusCode::BUSY_HERE), (WhenCalled::Decline, StatusCode::DECLINE)]
    {
        let mut line = Line::new(plan(false, true, when_called), Vec::new());
        line.call_the_phone();
        assert_eq!(
            line.ended(),
            Some(&SessionEnd::Refused { status, retry_after: None, reason: None, redirects: Vec::new() })
        );
        assert!(line.phone.is_idle());
    }
}

#[test]
fn a_phone_that_is_put_down_signs_off() {
    let mut line = Line::new(plan(false, true, WhenCalled::Ring), Vec::new());
    assert_eq!(line.desk.census().bindings, 1);
    line.tell(PhoneInput::Stop);
    assert_eq!(line.desk.census().bindings, 0);
    assert!(line.news.contains(&News::Unregistered));
}
