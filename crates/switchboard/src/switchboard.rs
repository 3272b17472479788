//! `handle` · `poll` · `deadline`: the one place where a driver's word finds its call.

use crate::call::{Call, Recording, Serving};
use crate::crowd::Crowd;
use crate::desk::{Desk, Outbox};
use crate::door::{self, Book, Refusal};
use crate::fault;
use crate::input::{Rules, SwitchboardInput};
use crate::leg::Port;
use crate::lights::{CallLights, Lights};
use crate::limits::{CALLS_FOR_HELP_MAX, Limits};
use crate::output::{Notice, SwitchboardOutput};
use crate::reason;
use crate::routing::{self, Party};
use crate::trunk::{TrunkHealth, Trunks};
use frontdesk_call_record::{AdmittedBy, EndReason};
use frontdesk_identifiers::{CallId, LegId, Moment, WallTime};
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::{Census, IncomingCall, SessionId, SipCommand, SipInput, SipOutput, SipStack};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Every call, leg and conversation of this node.
pub struct Switchboard {
    started: WallTime,
    pub(crate) rules: Option<Arc<Rules>>,
    pub(crate) stack: SipStack,
    trunks: Trunks,
    /// Each in a place of its own: they are large, and the map moves its entries.
    pub(crate) calls: BTreeMap<CallId, Box<Call>>,
    pub(crate) by_session: BTreeMap<SessionId, CallId>,
    by_leg: BTreeMap<LegId, CallId>,
    crowd: Crowd,
    /// Whose recording runs on which leg.
    by_recording: BTreeMap<LegId, CallId>,
    /// When which call wants to be told that time has passed.
    pub(crate) deadlines: BTreeSet<(Moment, CallId)>,
    pub(crate) out: Outbox,
    draining: bool,
    /// Who watches which telephone.
    pub(crate) lights: Lights,
    /// Which calls that are turned away have a record.
    book: Book,
}

/// How much of everything there is: what a test for leaks counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchboardCensus {
    /// Calls whose record is open.
    pub calls: usize,
    /// Legs and sessions that belong to them.
    pub legs: usize,
    /// Sessions that count against the limits of trunks.
    pub over_trunks: usize,
    /// Registrations at trunks that are being taken back, because the desk closes.
    pub leaving: usize,
    /// What the SIP stack holds.
    pub sip: Census,
}

impl Switchboard {
    /// A switchboard without rules: it answers nobody until it is told them.
    ///
    /// All chance comes from `seed`; `started` is the civil time at [`Moment::ZERO`], from which facts are dated.
    pub fn new(seed: [u8; 32], started: WallTime) -> Self {
        let mut chance = ChaCha20Rng::from_seed(seed);
        let mut stack_seed = [0; 32];
        chance.fill_bytes(&mut stack_seed);
        Switchboard {
            started,
            rules: None,
            stack: SipStack::new(stack_seed),
            trunks: Trunks::default(),
            calls: BTreeMap::new(),
            by_session: BTreeMap::new(),
            by_leg: BTreeMap::new(),
            crowd: Crowd::default(),
            by_recording: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            out: Outbox::new(chance),
            draining: false,
            lights: Lights::default(),
            book: Book::new(),
        }
    }

    /// Takes one input, and everything that is due at `now`. Drain [`poll`](Self::poll) afterwards.
    pub fn handle(&mut self, input: SwitchboardInput, now: Moment) {
        match input {
            SwitchboardInput::Rules(rules) => self.on_rules(rules, now),
            SwitchboardInput::Sip(input) => self.stack.handle(input, now),
            SwitchboardInput::Media(event) => self.on_media(event, now),
            SwitchboardInput::Speech(event) => {
                self.with_leg(event.leg, now, |call, desk| call.heard(event.listening, event.outcome, desk));
            }
            SwitchboardInput::FlowFailed { flow, fault } => {
                self.notice(Notice::FlowFailed { flow, fault });
                self.out.flow_fault = Some((flow, fault));
                self.stack.handle(SipInput::TransportFailed { flow }, now);
            }
            SwitchboardInput::Located { trunk, answer, valid_for } => {
                if self.trunks.located(&trunk, answer, valid_for, &mut self.out, now) {
                    self.tell_stack(now);
                }
            }
            SwitchboardInput::Tick => self.stack.handle(SipInput::Tick, now),
            SwitchboardInput::Originate(wanted) => self.on_originate(*wanted, now),
            SwitchboardInput::CancelOrigination(id) => self.on_cancel_origination(id, now),
            SwitchboardInput::Drain => {
                self.draining = true;
                self.trunks.close(&mut self.out);
            }
            SwitchboardInput::EndCalls => {
                for id in self.calls.keys().copied().collect::<Vec<_>>() {
                    self.with_call(id, now, |call, desk| call.end(EndReason::DeskStopped, None, desk));
                }
            }
        }
        self.settle(now);
        self.out.flow_fault = None;
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<SwitchboardOutput> {
        self.out.outputs.pop_front()
    }

    /// When the switchboard wants to be told that time has passed.
    pub fn deadline(&self) -> Option<Moment> {
        let calls = self.deadlines.first().map(|(at, _)| *at);
        calls.into_iter().chain(self.stack.deadline()).chain(self.trunks.deadline()).min()
    }

    /// How each trunk is, by name.
    pub fn trunks(&self, now: Moment) -> impl Iterator<Item = (&str, TrunkHealth)> {
        self.trunks.health(now)
    }

    pub(crate) fn on_rules(&mut self, rules: Arc<Rules>, now: Moment) {
        self.trunks.reload(&rules.directory, &mut self.out, now);
        let before = self.rules.replace(rules);
        self.tell_stack(now);
        self.move_sound(before.as_deref(), now);
        self.lights.touch_all();
    }

    /// Where sound is awaited may have changed: whoever talks is told.
    fn move_sound(&mut self, before: Option<&Rules>, now: Moment) {
        let address = |rules: &Rules| rules.sound_address;
        if before.is_none_or(|before| self.rules.as_deref().map(address) == Some(address(before))) {
            return;
        }
        for id in self.calls.keys().copied().collect::<Vec<_>>() {
            self.with_call(id, now, Call::move_sound);
        }
    }

    /// The stack's rules are the operator's, and the trunks' as far as they are located.
    fn tell_stack(&mut self, now: Moment) {
        let Some(rules) = &self.rules else { return };
        let settings = Arc::new(self.trunks.settings(&rules.sip));
        self.stack.handle(SipInput::Settings(settings), now);
    }

    /// How much of everything there is.
    pub fn census(&self) -> SwitchboardCensus {
        SwitchboardCensus {
            calls: self.calls.len(),
            legs: self.by_leg.len(),
            over_trunks: self.trunks.calls(),
            leaving: self.trunks.leaving(),
            sip: self.stack.census(),
        }
    }

    /// Carries commands to the stack and its events to the calls until neither has anything left, then lets due
    /// calls act. Each round is caused by the one before; a call answers an event with finitely many commands.
    fn settle(&mut self, now: Moment) {
        loop {
            while let Some(output) = self.stack.poll() {
                match output {
                    SipOutput::Transmit { flow, bytes } => {
                        self.out.outputs.push_back(SwitchboardOutput::Transmit { flow, bytes });
                    }
                    SipOutput::Event(event) => {
                        self.trunks.hear(&event, &mut self.out, now);
                        self.on_sip(event, now);
                    }
                }
            }
            if let Some(command) = self.out.commands.pop_front() {
                self.stack.handle(SipInput::Command(command), now);
            } else if let Some((at, id)) = self.deadlines.first().copied()
                && at <= now
            {
                self.deadlines.remove(&(at, id));
                self.with_call(id, now, Call::tick);
            } else if self.trunks.deadline().is_some_and(|at| at <= now) {
                self.trunks.tick(&mut self.out, now);
            } else if !self.tell_changes() {
                return;
            }
        }
    }

    /// A call wants in. It was admitted by the stack; whether it goes anywhere is decided here.
    pub(crate) fn on_incoming(&mut self, mut call: IncomingCall, now: Moment) {
        let Some(rules) = self.rules.clone() else { return };
        self.sort_call(&mut call);
        let Some(party) = routing::caller(&rules, &call, self.wall(now)) else {
            // Without a tenant there is no record to keep.
            let (session, status) = (call.session, StatusCode::FORBIDDEN);
            self.out.sip(SipCommand::Refuse {
                session,
                status,
                retry_after: None,
                reason: None,
                warning: None,
            });
            let why = "the account or peer is not in the directory any more";
            return self.notice(Notice::CallRefused { status: status.as_u16(), why, retry_after: None });
        };
        if let Some(old) = call.replaces {
            return self.on_replacing(call, party, old, now);
        }
        let wall = self.wall(now);
        let id = self.out.call_id(wall);
        let route = routing::route(&rules, &party, &call.called);
        // Whoever calls for help is turned away by no limit, nor because the desk is being stopped.
        let emergency = matches!(&route, Some(route) if route.is_emergency(&rules, &party));
        let passes = emergency && self.calls_for_help_of(&party, &rules) < CALLS_FOR_HELP_MAX;
        let refusal = if passes { None } else { self.refusal_for(&party, &call, &rules.limits, now) };
        let (stack, trunks) = (&self.stack, &mut self.trunks);
        let mut desk = Desk { now, wall, rules: &rules, stack, trunks, out: &mut self.out };
        match (refusal, route) {
            (Some(refusal), _) => door::turn_away(id, &call, &party, refusal, &mut self.book, &mut desk),
            (None, None) => {
                door::turn_away(id, &call, &party, Refusal::NoSuchNumber, &mut self.book, &mut desk);
            }
            (None, Some(route)) => {
                self.open_call(id, now, |desk| Call::admit(id, call, party, route, desk));
            }
        }
    }

    /// One call more.
    pub(crate) fn open_call(&mut self, id: CallId, now: Moment, open: impl FnOnce(&mut Desk<'_>) -> Call) {
        let Some(rules) = self.rules.clone() else { return };
        let wall = self.wall(now);
        let (stack, trunks) = (&self.stack, &mut self.trunks);
        let mut desk = Desk { now, wall, rules: &rules, stack, trunks, out: &mut self.out };
        let mut call = open(&mut desk);
        call.tell_aside(&mut desk);
        self.calls.insert(id, Box::new(call));
        self.index(id);
        for (phone, ..) in self.lights_of(id) {
            self.lights.touch(phone);
        }
    }

    pub(crate) fn new_call_id(&mut self, now: Moment) -> CallId {
        let wall = self.wall(now);
        self.out.call_id(wall)
    }

    /// The trunk that carries this session, whichever side began it.
    pub(crate) fn trunk_of(&self, session: SessionId) -> Option<&str> {
        self.trunks.of_session(session).map(|trunk| trunk.name.as_str())
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining
    }

    /// How many calls for help of this party are under way.
    fn calls_for_help_of(&self, party: &Party, rules: &Rules) -> usize {
        let of_it = self.calls.values().filter(|call| call.party.admitted_by == party.admitted_by);
        let for_help = of_it.filter(|call| match &call.serving {
            Serving::Phone(number) => rules.directory.is_emergency(&party.tenant, number),
            Serving::Flow(_) | Serving::Nobody => false,
        });
        for_help.count()
    }

    /// Why a call is not taken now, whoever is called.
    fn refusal_for(
        &mut self,
        party: &Party,
        call: &IncomingCall,
        limits: &Limits,
        now: Moment,
    ) -> Option<Refusal> {
        if self.draining {
            return Some(Refusal::Closing);
        }
        if let Some(full) = self.is_full_for(party, limits) {
            return Some(full);
        }
        let AdmittedBy::Peer(name) = &party.admitted_by else { return None };
        (!self.trunks.came(name, call.flow, call.session, now)).then_some(Refusal::FullForTrunk)
    }

    /// Whether there are as many calls as may be, in all or of this party.
    fn is_full_for(&self, party: &Party, limits: &Limits) -> Option<Refusal> {
        if self.calls.len() >= limits.calls_max {
            return Some(Refusal::Full);
        }
        match &party.admitted_by {
            AdmittedBy::Account(name) => {
                (self.crowd.of_phone(name) >= limits.calls_of_a_phone_max).then_some(Refusal::FullForPhone)
            }
            AdmittedBy::Desk => None,
            AdmittedBy::Peer(_) => {
                (self.crowd.unacknowledged() >= limits.unacknowledged_max).then_some(Refusal::Unacknowledged)
            }
        }
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.out.outputs.push_back(SwitchboardOutput::Notice(notice));
    }

    pub(crate) fn with_session(
        &mut self,
        session: SessionId,
        now: Moment,
        act: impl FnOnce(&mut Call, &mut Desk<'_>),
    ) {
        if let Some(id) = self.by_session.get(&session).copied() {
            self.with_call(id, now, act);
        }
    }

    pub(crate) fn with_leg(&mut self, leg: LegId, now: Moment, act: impl FnOnce(&mut Call, &mut Desk<'_>)) {
        if let Some(id) = self.by_leg.get(&leg).copied() {
            self.with_call(id, now, act);
        }
    }

    /// Lets one call act, then brings the indexes up to date and closes the call if nothing of it is left.
    pub(crate) fn with_call<R>(
        &mut self,
        id: CallId,
        now: Moment,
        act: impl FnOnce(&mut Call, &mut Desk<'_>) -> R,
    ) -> Option<R> {
        let rules = self.rules.clone()?;
        let before = self.lights_of(id);
        self.unindex(id);
        let wall = self.wall(now);
        let call = self.calls.get_mut(&id)?;
        let (stack, trunks) = (&self.stack, &mut self.trunks);
        let mut desk = Desk { now, wall, rules: &rules, stack, trunks, out: &mut self.out };
        let acted = act(call, &mut desk);
        call.tell_aside(&mut desk);
        if call.finish(&mut desk) {
            if let Some(call) = self.calls.remove(&id) {
                self.crowd.forget(&call);
            }
        } else {
            self.index(id);
        }
        let after = self.lights_of(id);
        for (phone, ..) in before.iter().filter(|light| !after.contains(light)) {
            self.lights.touch(phone.clone());
        }
        for (phone, ..) in after.iter().filter(|light| !before.contains(light)) {
            self.lights.touch(phone.clone());
        }
        Some(acted)
    }

    fn lights_of(&self, id: CallId) -> CallLights {
        let watched = self.calls.get(&id).filter(|_| !self.lights.is_dark());
        watched.map(|call| call.lights()).unwrap_or_default()
    }

    /// The same, of the call whose recording runs on this leg.
    pub(crate) fn with_recording(
        &mut self,
        leg: LegId,
        now: Moment,
        act: impl FnOnce(&mut Call, &mut Desk<'_>),
    ) {
        if let Some(id) = self.by_recording.get(&leg).copied() {
            self.with_call(id, now, act);
        }
    }

    fn index(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else { return };
        self.crowd.count(call);
        if let Some(session) = call.passed_session() {
            self.by_session.insert(session, id);
        }
        for leg in call.legs() {
            if leg.port != Port::Closed {
                self.by_leg.insert(leg.id, id);
            }
            if let Some(session) = leg.session {
                self.by_session.insert(session, id);
            }
        }
        if let Recording::Running { leg } = call.recording {
            self.by_recording.insert(leg, id);
        }
        if let Some(at) = call.deadline() {
            self.deadlines.insert((at, id));
        }
    }

    fn unindex(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else { return };
        self.crowd.leave_out(call);
        if let Some(session) = call.passed_session() {
            self.by_session.remove(&session);
        }
        for leg in call.legs() {
            self.by_leg.remove(&leg.id);
            if let Some(session) = leg.session {
                self.by_session.remove(&session);
            }
        }
        if let Recording::Running { leg } = call.recording {
            self.by_recording.remove(&leg);
        }
        if let Some(at) = call.deadline() {
            self.deadlines.remove(&(at, id));
        }
    }

    fn wall(&self, now: Moment) -> WallTime {
        self.started + now.since(Moment::ZERO)
    }
}

impl Call {
    /// The caller's session is over, by whomever.
    pub(crate) fn caller_session_ended(
        &mut self,
        end: &frontdesk_sip_stack::SessionEnd,
        desk: &mut Desk<'_>,
    ) {
        self.diagnose_end(self.caller.id, end, desk);
        self.caller.session = None;
        if self.is_referrer(self.caller.id) {
            return self.referrer_left(desk);
        }
        if self.is_passer(self.caller.id) {
            return self.passer_left(desk);
        }
        self.reason = reason::of_end(end);
        let (reason, fault) = fault::of_caller_end(end, self.caller.role);
        self.end(reason, fault, desk);
    }

    fn heard(
        &mut self,
        listening: frontdesk_media_protocol::ListeningId,
        outcome: frontdesk_media_protocol::SpeechOutcome,
        desk: &mut Desk<'_>,
    ) {
        let Serving::Flow(conversation) = &mut self.serving else { return };
        if let Some(event) = conversation.heard(listening, outcome, &mut self.record, desk) {
            self.tell_flow(event, desk);
        }
    }
}
