//! The telephone's decisions: `handle` · `poll` · `deadline` over the desk's own SIP stack.

use super::recording_file::numbered;
use super::script::{Item, Script};
use super::words::{CallEnd, KeyForm, News, PhoneInput, PhoneOutput, PhonePlan, WhenCalled};
use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::{
    AgreedAudio, Codec, Direction, ListeningId, ListeningPlan, MediaCommand, MediaEvent, PlaybackId, Source,
};
use frontdesk_session_description::{Formats, LocalAudio, answer, complete, offer};
use frontdesk_sip_message::{NameAddr, StatusCode};
use frontdesk_sip_stack::{
    IncomingCall, OutgoingCall, OutgoingRegistration, RegistrationId, SessionEnd, SessionId, SipCommand,
    SipEvent, SipInput, SipOutput, SipSettings, SipStack,
};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A telephone with one line.
pub struct Phone {
    plan: PhonePlan,
    stack: SipStack,
    state: State,
    script: Vec<Item>,
    polite: bool,
    out: VecDeque<PhoneOutput>,
    commands: VecDeque<SipCommand>,
    next: u64,
    recordings: u32,
}

/// What the line is doing.
#[derive(Debug)]
enum State {
    /// On hook.
    Idle,
    /// Off hook.
    Call(Box<PhoneCall>),
}

#[derive(Debug)]
struct PhoneCall {
    session: Option<SessionId>,
    leg: LegId,
    stage: Stage,
    /// Set when a call was taken that came in; it waits to be answered.
    offer: Option<Vec<u8>>,
    local: Option<LocalAudio>,
    script: Script,
    began: Option<Moment>,
    ended: bool,
}

#[derive(Debug)]
enum Stage {
    OpeningPort,
    /// The INVITE is out.
    Calling,
    /// Its own bell rings, until it answers by itself.
    Ringing {
        until: Option<Moment>,
        description: Vec<u8>,
        audio: Box<AgreedAudio>,
    },
    Talking,
    /// The session is over; the port is on its way out.
    Closing,
}

const REGISTRATION: RegistrationId = RegistrationId(1);

impl Phone {
    /// A telephone; all chance comes from `seed`. It admits calls from the desk's address only.
    pub fn new(seed: [u8; 32], plan: PhonePlan, script: Vec<Item>, polite: bool) -> Self {
        let mut stack = SipStack::new(seed);
        let desk = frontdesk_sip_stack::PeerRule {
            name: "desk".to_owned(),
            addresses: vec![plan.flow.remote.ip()],
            ..frontdesk_sip_stack::PeerRule::default()
        };
        let settings = SipSettings { peers: vec![desk], ..SipSettings::default() };
        stack.handle(SipInput::Settings(Arc::new(settings)), Moment::ZERO);
        Phone {
            plan,
            stack,
            state: State::Idle,
            script,
            polite,
            out: VecDeque::new(),
            commands: VecDeque::new(),
            next: 1,
            recordings: 0,
        }
    }

    /// Takes one input. Drain [`poll`](Self::poll) afterwards.
    pub fn handle(&mut self, input: PhoneInput, now: Moment) {
        match input {
            PhoneInput::Start => self.start(),
            PhoneInput::Sip(input) => self.stack.handle(input, now),
            PhoneInput::Media(event) => self.on_media(event, now),
            PhoneInput::Frame { active } => {
                if let State::Call(call) = &mut self.state {
                    call.script.frame(active, now);
                }
            }
            PhoneInput::Tick => self.stack.handle(SipInput::Tick, now),
            PhoneInput::Stop => {
                self.hang_up();
                if self.plan.register.is_some() {
                    self.commands.push_back(SipCommand::Unregister { registration: REGISTRATION });
                }
            }
        }
        self.settle(now);
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<PhoneOutput> {
        self.out.pop_front()
    }

    /// When the telephone wants to be told that time has passed.
    pub fn deadline(&self) -> Option<Moment> {
        let call = match &self.state {
            State::Idle => None,
            State::Call(call) => call.deadline(self.plan.longest),
        };
        call.into_iter().chain(self.stack.deadline()).min()
    }

    /// Whether the line is on hook and nothing of a call is left.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    fn start(&mut self) {
        if let Some(register) = &self.plan.register {
            self.commands.push_back(SipCommand::Register(Box::new(OutgoingRegistration {
                registration: REGISTRATION,
                registrar: register.registrar.clone(),
                address_of_record: self.plan.identity.clone(),
                flow: self.plan.flow,
                credentials: self.plan.credentials.clone(),
                routes: Vec::new(),
                quirks: Arc::default(),
                expires: register.expires,
            })));
        }
        if self.plan.call.is_some() {
            let session = SessionId::Outgoing(self.number());
            self.lift(session, None, Stage::OpeningPort);
            self.news(News::Calling);
        }
    }

    /// Takes the line off hook: a port is asked for.
    fn lift(&mut self, session: SessionId, offer: Option<Vec<u8>>, stage: Stage) {
        let leg = LegId(self.number());
        self.media(MediaCommand::Open { leg, bind: self.plan.flow.local.ip() });
        let script = Script::new(self.script.clone(), self.polite);
        self.state = State::Call(Box::new(PhoneCall {
            session: Some(session),
            leg,
            stage,
            offer,
            local: None,
            script,
            began: None,
            ended: false,
        }));
    }

    fn settle(&mut self, now: Moment) {
        loop {
            while let Some(output) = self.stack.poll() {
                match output {
                    SipOutput::Transmit { flow, bytes } => {
                        self.out.push_back(PhoneOutput::Transmit { flow, bytes });
                    }
                    SipOutput::Event(event) => self.on_sip(event, now),
                }
            }
            if let Some(command) = self.commands.pop_front() {
                self.stack.handle(SipInput::Command(command), now);
            } else if !self.act(now) {
                return;
            }
        }
    }

    /// Does what is due now; whether there was something.
    fn act(&mut self, now: Moment) -> bool {
        let longest = self.plan.longest;
        let State::Call(call) = &mut self.state else { return false };
        if call.ended {
            return false;
        }
        if let Stage::Ringing { until: Some(until), .. } = &call.stage
            && *until <= now
        {
            self.pick_up(now);
            return true;
        }
        if call.began.is_some_and(|began| began + longest <= now) {
            self.hang_up();
            return true;
        }
        let Some(item) = call.script.due(now) else { return false };
        let leg = call.leg;
        match item {
            Item::Say(text) => {
                let playback = PlaybackId(self.number());
                let source = Source::Phrase { text: text.as_str().into(), locale: self.plan.locale.clone() };
                self.media(MediaCommand::Play { leg, playback, source });
                self.news(News::Says(text));
            }
            Item::Press(digits) => {
                self.news(News::Presses(digits.clone()));
                self.press(leg, digits);
            }
            Item::Pause(_) => {}
            Item::HangUp => self.hang_up(),
        }
        true
    }

    fn press(&mut self, leg: LegId, digits: String) {
        let State::Call(call) = &self.state else { return };
        match (self.plan.keys, call.session) {
            (KeyForm::Events, _) => self.media(MediaCommand::SendDigits { leg, digits }),
            (KeyForm::Info, Some(session)) => {
                self.commands.extend(digits.chars().map(|key| key_info(session, key)));
            }
            (KeyForm::Info, None) => {}
        }
    }

    fn hang_up(&mut self) {
        let State::Call(call) = &mut self.state else { return };
        if std::mem::replace(&mut call.ended, true) {
            return;
        }
        match call.session {
            Some(session) => self.commands.push_back(SipCommand::End { session, reason: None }),
            None => self.close_port(),
        }
    }

    fn on_sip(&mut self, event: SipEvent, now: Moment) {
        match event {
            SipEvent::Incoming(call) => self.on_incoming(*call),
            SipEvent::Progress { status, .. } => self.news(News::Progress(status)),
            SipEvent::Answered { description, .. } => self.on_answered(&description, now),
            SipEvent::Confirmed { .. } => {
                if let State::Call(call) = &mut self.state
                    && call.began.is_none()
                {
                    call.began = Some(now);
                    call.script.begin(now);
                }
            }
            SipEvent::Reoffered { session, offer } => self.on_reoffered(session, offer),
            SipEvent::Ended { session, end } => self.on_ended(session, end),
            SipEvent::Registered { .. } => self.news(News::Registered),
            SipEvent::RegistrationFailed { status, .. } => self.news(News::NotRegistered(status)),
            SipEvent::RegistrationEnded { status, .. } => self.news(match status {
                Some(StatusCode::OK) => News::Unregistered,
                status => News::NotRegistered(status),
            }),
            _ => {}
        }
    }

    fn on_incoming(&mut self, incoming: IncomingCall) {
        let session = incoming.session;
        let busy = !self.is_idle();
        let status = match self.plan.when_called {
            WhenCalled::Busy => Some(StatusCode::BUSY_HERE),
            WhenCalled::Decline => Some(StatusCode::DECLINE),
            WhenCalled::Answer { .. } | WhenCalled::Ring if busy => Some(StatusCode::BUSY_HERE),
            WhenCalled::Answer { .. } | WhenCalled::Ring => None,
        };
        if !busy {
            let (name, number) =
                (incoming.from.display.clone(), incoming.from.uri.user().unwrap_or_default());
            let by = name.map_or(number.clone(), |name| format!("{name} <{number}>"));
            self.news(News::Called { by });
        }
        match status {
            Some(status) => {
                self.commands.push_back(SipCommand::Refuse {
                    session,
                    status,
                    retry_after: None,
                    reason: None,
                    warning: None,
                });
            }
            None => self.lift(session, incoming.offer, Stage::OpeningPort),
        }
    }

    fn on_answered(&mut self, description: &[u8], now: Moment) {
        let State::Call(call) = &mut self.state else { return };
        let Some(local) = &call.local else { return };
        match complete(local, description) {
            Ok(audio) => {
                call.stage = Stage::Talking;
                call.began = Some(now);
                call.script.begin(now);
                self.talk(audio);
            }
            Err(_) => {
                self.news(News::Over(CallEnd::NothingInCommon));
                self.hang_up();
            }
        }
    }

    fn on_reoffered(&mut self, session: SessionId, offered: Option<Vec<u8>>) {
        let State::Call(call) = &mut self.state else { return };
        let Some(local) = &mut call.local else { return };
        local.session_version += 1;
        let leg = call.leg;
        let answered = offered.map(|offered| answer(local, &offered));
        match answered {
            Some(Ok(agreed)) => {
                let description = agreed.description;
                self.commands.push_back(SipCommand::AcceptReoffer { session, description });
                self.media(MediaCommand::Configure { leg, audio: agreed.audio });
            }
            Some(Err(_)) => {
                let status = StatusCode::NOT_ACCEPTABLE_HERE;
                self.commands.push_back(SipCommand::RefuseReoffer { session, status });
            }
            None => {
                let description = offer(local);
                self.commands.push_back(SipCommand::AcceptReoffer { session, description });
            }
        }
    }

    fn on_ended(&mut self, session: SessionId, end: SessionEnd) {
        let State::Call(call) = &mut self.state else { return };
        if call.session != Some(session) {
            return;
        }
        call.session = None;
        call.ended = true;
        self.news(News::Over(CallEnd::Session(end)));
        self.close_port();
    }

    fn close_port(&mut self) {
        let State::Call(call) = &mut self.state else { return };
        if call.local.is_some() {
            call.stage = Stage::Closing;
            let leg = call.leg;
            self.media(MediaCommand::Close { leg });
        } else if !matches!(call.stage, Stage::OpeningPort) {
            self.state = State::Idle;
        }
    }

    fn on_media(&mut self, event: MediaEvent, now: Moment) {
        let State::Call(call) = &mut self.state else {
            if let MediaEvent::RecordingEnded { samples, kept, .. } = event {
                self.news(News::Recorded { seconds: (samples / 8_000) as u32, kept });
            }
            return;
        };
        match event {
            MediaEvent::PortOpened { leg, address } if leg == call.leg => self.on_port(address, now),
            MediaEvent::PortFailed { leg, .. } if leg == call.leg => {
                let session = call.session;
                self.news(News::Over(CallEnd::NoPort));
                self.state = State::Idle;
                if let Some(session @ SessionId::Incoming(_)) = session {
                    self.commands.push_back(SipCommand::End { session, reason: None });
                }
            }
            MediaEvent::PortClosed { leg, .. } if leg == call.leg => self.state = State::Idle,
            MediaEvent::PlaybackEnded { leg, .. } if leg == call.leg => call.script.playback_ended(now),
            MediaEvent::Digit { leg, key, .. } if leg == call.leg => self.news(News::KeyHeard(key)),
            MediaEvent::RecordingEnded { samples, kept, .. } => {
                self.news(News::Recorded { seconds: (samples / 8_000) as u32, kept });
            }
            _ => {}
        }
    }

    /// The port is open: the call goes out, or the one that came in is rung for.
    fn on_port(&mut self, address: SocketAddr, now: Moment) {
        let State::Call(call) = &mut self.state else { return };
        let number = call.leg.0;
        let local = LocalAudio {
            address,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            formats: Formats::default(),
            direction: Direction::SendReceive,
            session_id: number,
            session_version: number,
            security: None,
        };
        call.local = Some(local.clone());
        if call.ended {
            return self.close_port();
        }
        match (call.session, &self.plan.call) {
            (Some(session @ SessionId::Outgoing(_)), Some(target)) => {
                call.stage = Stage::Calling;
                self.commands.push_back(SipCommand::Invite(Box::new(OutgoingCall {
                    session,
                    target: target.clone(),
                    flow: self.plan.flow,
                    from: self.plan.identity.clone(),
                    to: NameAddr::from(target.clone()),
                    description: self.offer(&local),
                    credentials: self.plan.credentials.clone(),
                    routes: Vec::new(),
                    quirks: Arc::default(),
                    extra: Vec::new(),
                })));
            }
            (Some(session), _) => self.ring(session, &local, now),
            (None, _) => self.close_port(),
        }
    }

    fn offer(&self, local: &LocalAudio) -> Vec<u8> {
        match self.plan.keys {
            KeyForm::Events => offer(local),
            KeyForm::Info => without_events(&offer(local)),
        }
    }

    fn ring(&mut self, session: SessionId, local: &LocalAudio, now: Moment) {
        let State::Call(call) = &mut self.state else { return };
        let Some(agreed) = call.offer.as_deref().and_then(|offered| answer(local, offered).ok()) else {
            let status = StatusCode::NOT_ACCEPTABLE_HERE;
            call.ended = true;
            self.commands.push_back(SipCommand::Refuse {
                session,
                status,
                retry_after: None,
                reason: None,
                warning: None,
            });
            return self.news(News::Over(CallEnd::NothingInCommon));
        };
        let until = match self.plan.when_called {
            WhenCalled::Answer { after } => Some(now + after),
            WhenCalled::Ring | WhenCalled::Busy | WhenCalled::Decline => None,
        };
        call.stage = Stage::Ringing { until, description: agreed.description, audio: Box::new(agreed.audio) };
        self.commands.push_back(SipCommand::Ring { session, status: StatusCode::RINGING, description: None });
    }

    fn pick_up(&mut self, _now: Moment) {
        let State::Call(call) = &mut self.state else { return };
        let Some(session) = call.session else { return };
        if let Stage::Ringing { description, audio, .. } = std::mem::replace(&mut call.stage, Stage::Talking)
        {
            self.commands.push_back(SipCommand::Accept { session, description });
            self.talk(*audio);
        }
    }

    fn talk(&mut self, audio: AgreedAudio) {
        let State::Call(call) = &self.state else { return };
        let leg = call.leg;
        self.media(MediaCommand::Configure { leg, audio });
        let listening = ListeningId(self.number());
        self.media(MediaCommand::Listen { leg, listening, plan: ListeningPlan::default() });
        if let Some(first) = &self.plan.record {
            self.recordings += 1;
            let path = numbered(first, self.recordings);
            self.media(MediaCommand::Record { leg, path });
        }
        self.news(News::Talking);
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    fn media(&mut self, command: MediaCommand) {
        self.out.push_back(PhoneOutput::Media(command));
    }

    fn news(&mut self, news: News) {
        self.out.push_back(PhoneOutput::News(news));
    }
}

/// One key, as telephones without events tell it.
fn key_info(session: SessionId, key: char) -> SipCommand {
    SipCommand::Inform {
        session,
        content_type: "application/dtmf-relay".to_owned(),
        body: format!("Signal={key}\r\nDuration=160\r\n").into_bytes(),
    }
}

/// The offer of a telephone that knows no events (RFC 4733): their payload type is in no line of it.
fn without_events(offer: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(offer);
    let event = |line: &str| {
        let (number, name) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
        name.starts_with("telephone-event").then(|| number.to_owned())
    };
    let Some(number) = text.lines().find_map(event) else { return offer.to_vec() };
    let about = [format!("a=rtpmap:{number} "), format!("a=fmtp:{number} ")];
    let mut kept = String::new();
    for line in text.lines().filter(|line| !about.iter().any(|start| line.starts_with(start))) {
        let shorter = line.strip_suffix(&format!(" {number}")).filter(|line| line.starts_with("m=audio"));
        kept.push_str(shorter.unwrap_or(line));
        kept.push_str("\r\n");
    }
    kept.into_bytes()
}

impl PhoneCall {
    fn deadline(&self, longest: Duration) -> Option<Moment> {
        if self.ended {
            return None;
        }
        let ring = match &self.stage {
            Stage::Ringing { until, .. } => *until,
            _ => None,
        };
        let end = self.began.map(|began| began + longest);
        ring.into_iter().chain(end).chain(self.script.deadline()).min()
    }
}

#[cfg(test)]
mod tests;
