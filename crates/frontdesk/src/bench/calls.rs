//! Many calls at once, decided: `handle` · `poll` · `deadline` over the desk's own SIP stack.

use super::plan::BenchPlan;
use frontdesk_identifiers::Moment;
use frontdesk_media_protocol::{AgreedAudio, Direction};
use frontdesk_session_description::{Formats, LocalAudio, answer, complete, offer};
use frontdesk_sip_message::{NameAddr, StatusCode};
use frontdesk_sip_stack::{
    IncomingCall, OutgoingCall, OutgoingRegistration, PeerRule, RegistrationId, SessionEnd, SessionId,
    SipCommand, SipEvent, SipInput, SipOutput, SipSettings, SipStack,
};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What is told.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "an input lives as long as it is handled")]
pub enum CallsInput {
    /// Begin: register, then call.
    Start,
    /// A message, or that one could not be delivered.
    Sip(SipInput),
    /// The socket of a leg is open; none when there is none to be had.
    LegOpened {
        /// The leg.
        leg: u32,
        /// Its address.
        address: Option<SocketAddr>,
    },
    /// A leg has sent all it had to send, and nothing is under way any more.
    LegFinished {
        /// The leg.
        leg: u32,
    },
    /// A deadline may have come.
    Tick,
    /// End everything.
    Stop,
}

/// What is wanted.
#[derive(Debug)]
pub enum CallsOutput {
    /// Send this message.
    Transmit {
        /// Where.
        flow: frontdesk_sip_stack::Flow,
        /// What.
        bytes: Vec<u8>,
    },
    /// Open a socket; [`CallsInput::LegOpened`] is awaited.
    OpenLeg {
        /// The leg's number.
        leg: u32,
    },
    /// The call stands: speak, and say when that is done.
    Speak {
        /// The leg.
        leg: u32,
        /// What was agreed.
        audio: AgreedAudio,
        /// Whether it is a caller's, who says when the call is over.
        calls: bool,
    },
    /// The leg is over.
    CloseLeg {
        /// The leg.
        leg: u32,
    },
    /// Something to be noted.
    Noted(Note),
}

/// A fact of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// This bench is registered as the telephone that is called.
    Registered,
    /// It is not, and cannot be called.
    NotRegistered(String),
    /// An INVITE left.
    Placed,
    /// 100 came, so long after the INVITE.
    Trying(Duration),
    /// 180 or 183 came.
    Ringing(Duration),
    /// 200 came.
    Answered(Duration),
    /// A call came in and was answered.
    Taken,
    /// A call is over as calls should be.
    Completed,
    /// A call failed, and why.
    Failed(String),
    /// All calls that were to be placed are over.
    Done,
}

const REGISTRATION: RegistrationId = RegistrationId(1);
/// For how long the called telephone registers.
const REGISTERED_FOR: Duration = Duration::from_secs(600);

/// All calls of a bench.
pub struct Calls {
    plan: BenchPlan,
    stack: SipStack,
    legs: BTreeMap<u32, OneCall>,
    sessions: BTreeMap<SessionId, u32>,
    next_leg: u32,
    placed: u32,
    ended: u32,
    /// When calling began.
    began: Option<Moment>,
    stopping: bool,
    done: bool,
    out: VecDeque<CallsOutput>,
    commands: VecDeque<SipCommand>,
}

#[derive(Debug)]
struct OneCall {
    session: SessionId,
    invited: Moment,
    state: State,
    local: Option<LocalAudio>,
    told: Told,
}

/// What a call is doing.
#[derive(Debug)]
enum State {
    /// Its socket is being opened.
    LegAwaited { offer: Option<Vec<u8>> },
    /// The INVITE is out.
    AnswerAwaited,
    /// It came in and rings until then.
    Ringing { until: Moment, description: Vec<u8>, audio: Box<AgreedAudio> },
    /// Its sound flows.
    Speaking,
    /// This side ended it; whether that was noted as a failure.
    Ending { failed: bool },
}

/// Which provisional responses were noted.
#[derive(Debug, Default)]
struct Told {
    trying: bool,
    ringing: bool,
}

impl Calls {
    /// All chance comes from `seed`. Calls are taken from the target's address only.
    pub fn new(seed: [u8; 32], plan: BenchPlan) -> Self {
        let mut stack = SipStack::new(seed);
        let target = PeerRule {
            name: "target".to_owned(),
            addresses: vec![plan.flow.remote.ip()],
            ..PeerRule::default()
        };
        let settings = SipSettings { peers: vec![target], ..SipSettings::default() };
        stack.handle(SipInput::Settings(Arc::new(settings)), Moment::ZERO);
        Calls {
            plan,
            stack,
            legs: BTreeMap::new(),
            sessions: BTreeMap::new(),
            next_leg: 0,
            placed: 0,
            ended: 0,
            began: None,
            stopping: false,
            done: false,
            out: VecDeque::new(),
            commands: VecDeque::new(),
        }
    }

    /// Takes one input. Drain [`poll`](Self::poll) afterwards.
    pub fn handle(&mut self, input: CallsInput, now: Moment) {
        match input {
            CallsInput::Start => self.start(now),
            CallsInput::Sip(input) => self.stack.handle(input, now),
            CallsInput::LegOpened { leg, address } => self.leg_opened(leg, address, now),
            CallsInput::LegFinished { leg } => self.end(leg, false),
            CallsInput::Tick => self.stack.handle(SipInput::Tick, now),
            CallsInput::Stop => self.stop(),
        }
        self.settle(now);
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<CallsOutput> {
        self.out.pop_front()
    }

    /// When time has to be told.
    pub fn deadline(&self) -> Option<Moment> {
        let next_call = self.began.filter(|_| self.is_calling()).map(|began| self.due(began));
        let legs = self.legs.values().filter_map(|call| match &call.state {
            State::Ringing { until, .. } => Some(*until),
            State::AnswerAwaited => Some(call.invited + self.plan.patience),
            _ => None,
        });
        legs.chain(next_call).chain(self.stack.deadline()).min()
    }

    /// How many calls stand or are being set up.
    pub fn standing(&self) -> usize {
        self.legs.len()
    }

    fn start(&mut self, now: Moment) {
        match self.plan.callee.as_ref().and_then(|callee| Some((callee, callee.registrar.clone()?))) {
            Some((callee, registrar)) => {
                self.commands.push_back(SipCommand::Register(Box::new(OutgoingRegistration {
                    registration: REGISTRATION,
                    registrar,
                    address_of_record: callee.party.name.clone(),
                    flow: self.plan.flow,
                    credentials: callee.party.credentials.clone(),
                    routes: Vec::new(),
                    quirks: Arc::default(),
                    expires: REGISTERED_FOR,
                })));
            }
            None => self.began = Some(now),
        }
    }

    fn is_calling(&self) -> bool {
        self.plan.target.is_some() && self.placed < self.plan.calls && !self.stopping
    }

    fn due(&self, began: Moment) -> Moment {
        began + Duration::from_secs_f64(f64::from(self.placed) / self.plan.rate.max(0.001))
    }

    fn settle(&mut self, now: Moment) {
        loop {
            while let Some(output) = self.stack.poll() {
                match output {
                    SipOutput::Transmit { flow, bytes } => {
                        self.out.push_back(CallsOutput::Transmit { flow, bytes });
                    }
                    SipOutput::Event(event) => self.on_sip(event, now),
                }
            }
            if let Some(command) = self.commands.pop_front() {
                self.stack.handle(SipInput::Command(command), now);
            } else if !self.act(now) {
                break;
            }
        }
        let over = self.placed >= self.plan.calls && self.ended >= self.placed;
        if self.plan.target.is_some() && (over || self.stopping && self.ended >= self.placed) && !self.done {
            self.done = true;
            self.note(Note::Done);
        }
    }

    /// Does what is due; whether there was something.
    fn act(&mut self, now: Moment) -> bool {
        if let Some(began) = self.began
            && self.is_calling()
            && self.due(began) <= now
        {
            self.placed += 1;
            let session = SessionId::Outgoing(u64::from(self.placed));
            self.lift(session, None, now);
            return true;
        }
        let due = self.legs.iter().find_map(|(leg, call)| match &call.state {
            State::Ringing { until, .. } if *until <= now => Some((*leg, true)),
            State::AnswerAwaited if call.invited + self.plan.patience <= now => Some((*leg, false)),
            _ => None,
        });
        match due {
            Some((leg, true)) => self.pick_up(leg),
            Some((leg, false)) => {
                self.fail("not answered in time");
                self.end(leg, true);
            }
            None => return false,
        }
        true
    }

    fn lift(&mut self, session: SessionId, offer: Option<Vec<u8>>, now: Moment) {
        let leg = self.next_leg;
        self.next_leg += 1;
        let state = State::LegAwaited { offer };
        self.legs.insert(leg, OneCall { session, invited: now, state, local: None, told: Told::default() });
        self.sessions.insert(session, leg);
        self.out.push_back(CallsOutput::OpenLeg { leg });
    }

    fn leg_opened(&mut self, leg: u32, address: Option<SocketAddr>, now: Moment) {
        let Some(call) = self.legs.get_mut(&leg) else { return };
        let Some(address) = address else {
            let session = call.session;
            self.fail("no socket for the sound");
            if matches!(session, SessionId::Incoming(_)) {
                self.refuse(session, StatusCode::TEMPORARILY_UNAVAILABLE);
            }
            return self.forget(session);
        };
        let local = LocalAudio {
            address,
            codecs: vec![self.plan.codec],
            formats: Formats::default(),
            direction: Direction::SendReceive,
            session_id: u64::from(leg),
            session_version: 1,
            security: None,
        };
        call.local = Some(local.clone());
        let State::LegAwaited { offer: offered } = &mut call.state else { return };
        let (session, offered) = (call.session, offered.take());
        match (session, self.plan.target.clone()) {
            (SessionId::Outgoing(_), Some(target)) => {
                call.state = State::AnswerAwaited;
                call.invited = now;
                let caller = self.plan.caller.clone();
                self.commands.push_back(SipCommand::Invite(Box::new(OutgoingCall {
                    session,
                    target: target.clone(),
                    flow: self.plan.flow,
                    from: caller.name,
                    to: NameAddr::from(target),
                    description: offer(&local),
                    credentials: caller.credentials,
                    routes: Vec::new(),
                    quirks: Arc::default(),
                    extra: Vec::new(),
                })));
                self.note(Note::Placed);
            }
            _ => self.ring(leg, session, offered.as_deref(), &local, now),
        }
    }

    fn ring(
        &mut self,
        leg: u32,
        session: SessionId,
        offered: Option<&[u8]>,
        local: &LocalAudio,
        now: Moment,
    ) {
        let Some(Ok(agreed)) = offered.map(|offered| answer(local, offered)) else {
            self.fail("a call came in with nothing in common");
            self.refuse(session, StatusCode::NOT_ACCEPTABLE_HERE);
            return self.forget(session);
        };
        let until = now + self.plan.callee.as_ref().map_or(Duration::ZERO, |callee| callee.ring);
        if let Some(call) = self.legs.get_mut(&leg) {
            call.state =
                State::Ringing { until, description: agreed.description, audio: Box::new(agreed.audio) };
        }
        self.commands.push_back(SipCommand::Ring { session, status: StatusCode::RINGING, description: None });
    }

    fn pick_up(&mut self, leg: u32) {
        let Some(call) = self.legs.get_mut(&leg) else { return };
        let session = call.session;
        if let State::Ringing { description, audio, .. } = std::mem::replace(&mut call.state, State::Speaking)
        {
            self.commands.push_back(SipCommand::Accept { session, description });
            self.note(Note::Taken);
            self.out.push_back(CallsOutput::Speak { leg, audio: *audio, calls: false });
        }
    }

    fn end(&mut self, leg: u32, failed: bool) {
        let Some(call) = self.legs.get_mut(&leg) else { return };
        if !matches!(call.state, State::Ending { .. }) {
            call.state = State::Ending { failed };
            self.commands.push_back(SipCommand::End { session: call.session, reason: None });
        }
    }

    fn refuse(&mut self, session: SessionId, status: StatusCode) {
        self.commands.push_back(SipCommand::Refuse {
            session,
            status,
            retry_after: None,
            reason: None,
            warning: None,
        });
    }

    fn stop(&mut self) {
        if !std::mem::replace(&mut self.stopping, true) {
            let legs: Vec<u32> = self.legs.keys().copied().collect();
            legs.into_iter().for_each(|leg| self.end(leg, false));
            if self.plan.callee.as_ref().is_some_and(|callee| callee.registrar.is_some()) {
                self.commands.push_back(SipCommand::Unregister { registration: REGISTRATION });
            }
        }
    }

    fn on_sip(&mut self, event: SipEvent, now: Moment) {
        match event {
            SipEvent::Incoming(call) => self.incoming(*call, now),
            SipEvent::Trying { session } => {
                self.provisional(session, now, |told| &mut told.trying, Note::Trying);
            }
            SipEvent::Progress { session, .. } => {
                self.provisional(session, now, |told| &mut told.ringing, Note::Ringing);
            }
            SipEvent::Answered { session, description, .. } => self.answered(session, &description, now),
            SipEvent::Reoffered { session, offer } => self.reoffered(session, offer),
            SipEvent::Ended { session, end } => self.ended(session, &end),
            SipEvent::Registered { .. } => {
                self.began.get_or_insert(now);
                self.note(Note::Registered);
            }
            SipEvent::RegistrationFailed { status, .. } => {
                let why = status.map_or("the registrar does not answer".to_owned(), reason);
                self.note(Note::NotRegistered(why));
            }
            _ => {}
        }
    }

    fn provisional(
        &mut self,
        session: SessionId,
        now: Moment,
        which: fn(&mut Told) -> &mut bool,
        note: fn(Duration) -> Note,
    ) {
        let Some(call) = self.sessions.get(&session).and_then(|leg| self.legs.get_mut(leg)) else { return };
        if !std::mem::replace(which(&mut call.told), true) {
            let after = now.since(call.invited);
            self.note(note(after));
        }
    }

    fn incoming(&mut self, incoming: IncomingCall, now: Moment) {
        let session = incoming.session;
        if self.plan.callee.is_some() && !self.stopping {
            self.lift(session, incoming.offer, now);
        } else {
            self.refuse(session, StatusCode::BUSY_HERE);
        }
    }

    fn answered(&mut self, session: SessionId, description: &[u8], now: Moment) {
        let Some(leg) = self.sessions.get(&session).copied() else { return };
        let Some(call) = self.legs.get_mut(&leg) else { return };
        let Some(local) = &call.local else { return };
        let agreed = complete(local, description);
        let after = now.since(call.invited);
        match agreed {
            Ok(audio) if matches!(call.state, State::AnswerAwaited) => {
                call.state = State::Speaking;
                self.note(Note::Answered(after));
                self.out.push_back(CallsOutput::Speak { leg, audio, calls: true });
            }
            Ok(_) => {}
            Err(_) => {
                self.fail("answered with nothing in common");
                self.end(leg, true);
            }
        }
    }

    fn reoffered(&mut self, session: SessionId, offered: Option<Vec<u8>>) {
        let Some(call) = self.sessions.get(&session).and_then(|leg| self.legs.get_mut(leg)) else { return };
        let Some(local) = &mut call.local else { return };
        local.session_version += 1;
        let description = match offered {
            None => Some(offer(local)),
            Some(offered) => answer(local, &offered).ok().map(|agreed| agreed.description),
        };
        self.commands.push_back(match description {
            Some(description) => SipCommand::AcceptReoffer { session, description },
            None => SipCommand::RefuseReoffer { session, status: StatusCode::NOT_ACCEPTABLE_HERE },
        });
    }

    fn ended(&mut self, session: SessionId, end: &SessionEnd) {
        let Some(call) = self.sessions.get(&session).and_then(|leg| self.legs.get(leg)) else { return };
        match (session, end, &call.state) {
            (_, _, State::Ending { failed: true }) => {}
            (SessionId::Outgoing(_), _, State::Ending { .. }) => self.note(Note::Completed),
            (SessionId::Incoming(_), SessionEnd::EndedHere | SessionEnd::HungUpByPeer { .. }, _) => {}
            (SessionId::Incoming(_), SessionEnd::CancelledByPeer { .. }, _) => {}
            (_, SessionEnd::Refused { status, .. }, _) => self.fail(&reason(*status)),
            (_, SessionEnd::HungUpByPeer { .. }, _) => self.fail("the far end hung up early"),
            (_, SessionEnd::NoResponse, _) => self.fail("no response"),
            (_, SessionEnd::TransportFailed, _) => self.fail("nothing listens there"),
            (_, other, _) => self.fail(&format!("{other:?}")),
        }
        self.forget(session);
    }

    fn forget(&mut self, session: SessionId) {
        if let Some(leg) = self.sessions.remove(&session) {
            self.legs.remove(&leg);
            self.out.push_back(CallsOutput::CloseLeg { leg });
        }
        if matches!(session, SessionId::Outgoing(_)) {
            self.ended += 1;
        }
    }

    fn fail(&mut self, why: &str) {
        self.note(Note::Failed(why.to_owned()));
    }

    fn note(&mut self, note: Note) {
        self.out.push_back(CallsOutput::Noted(note));
    }
}

fn reason(status: StatusCode) -> String {
    format!("{} {}", status.as_u16(), status.default_reason())
}

#[cfg(test)]
mod tests;
