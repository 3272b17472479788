//! One conversation on one flow: told what happened, it says what is wanted.

mod asking;
mod saved;
mod state;
#[cfg(test)]
mod tests;

pub use saved::{RestoreError, SavedRun};

use crate::answer::KEYS;
use crate::context::Context;
use crate::flow::Flow;
use crate::step::Step;
use crate::text::Texts;
use crate::words::{FlowAction, FlowEnd, FlowEvent, SayId, Trace, TransferOutcome};
use frontdesk_identifiers::{Locale, Moment};
use state::{CutOff, Question, State};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// So many steps may follow each other without the party doing anything; then nobody is there.
pub const MAX_SILENT_STEPS: u32 = 25;

/// So many steps may one conversation have in all: it ends even if noise answers every question.
pub const MAX_STEPS: u32 = 1_000;

/// So many keys are remembered until a question can take them; further ones are dropped.
pub const MAX_TYPED: usize = 16;

/// A saying that never ends is given up after this; the longest text takes about two minutes.
const SAY_LIMIT: Duration = Duration::from_secs(300);

/// A turn, with its recognition, takes at most this; hearing itself ends a turn after 10 s.
const TURN_LIMIT: Duration = Duration::from_secs(30);

/// A run of a flow.
///
/// `handle` what happened, drain `poll`, and come back with [`FlowEvent::Tick`] at the `deadline`. The run holds
/// the version of the flow on which it began.
#[derive(Clone)]
pub struct FlowRun {
    flow: Arc<Flow>,
    words: BTreeMap<String, String>,
    position: Position,
    outbox: VecDeque<FlowAction>,
}

/// Where a run stands: all of it but the flow.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    context: Context,
    locale: Locale,
    state: State,
    /// The name of the next saying.
    next_say: u32,
    /// Keys that came before their question.
    typed: String,
    steps: u32,
    silent_steps: u32,
}

/// Without the words, in which the party's name and number may stand.
impl std::fmt::Debug for FlowRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlowRun")
            .field("flow", self.flow.id())
            .field("position", &self.position)
            .field("outbox", &self.outbox)
            .finish_non_exhaustive()
    }
}

/// Keys that a party pressed may be a secret: only how many is shown.
impl std::fmt::Debug for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Position")
            .field("locale", &self.locale)
            .field("state", &self.state)
            .field("typed", &self.typed.len())
            .field("steps", &self.steps)
            .field("silent_steps", &self.silent_steps)
            .finish_non_exhaustive()
    }
}

impl FlowRun {
    /// A run that waits for [`FlowEvent::Began`].
    pub fn new(flow: Arc<Flow>, context: Context) -> Self {
        let position = Position {
            locale: flow.spoken(context.locale.as_ref()),
            context,
            state: State::AwaitingBegin,
            next_say: 1,
            typed: String::new(),
            steps: 0,
            silent_steps: 0,
        };
        FlowRun::at(flow, position)
    }

    fn at(flow: Arc<Flow>, position: Position) -> Self {
        let words = flow.filled_words(&position.context);
        FlowRun { flow, words, position, outbox: VecDeque::new() }
    }

    /// Takes in what happened, and whatever is due at `now` beside it.
    pub fn handle(&mut self, event: FlowEvent, now: Moment) {
        let state = std::mem::replace(&mut self.position.state, State::Over);
        self.position.state = self.on(state, event, now);
        // Once is enough: whatever follows from what was due lies after `now`.
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            let state = std::mem::replace(&mut self.position.state, State::Over);
            self.position.state = self.due(state, now);
        }
    }

    /// The next thing that is wanted.
    pub fn poll(&mut self) -> Option<FlowAction> {
        self.outbox.pop_front()
    }

    /// When to come back with [`FlowEvent::Tick`] if nothing happens before.
    pub fn deadline(&self) -> Option<Moment> {
        self.position.state.deadline()
    }

    /// The flow, in the version on which the run began.
    pub fn flow(&self) -> &Arc<Flow> {
        &self.flow
    }

    /// The language of the conversation.
    pub fn locale(&self) -> &Locale {
        &self.position.locale
    }

    /// The name of the step that it is in, while it is in one.
    pub fn step(&self) -> Option<&str> {
        self.position.state.step()
    }

    /// Whether it has ended: nothing is wanted any more.
    pub fn is_over(&self) -> bool {
        self.position.state == State::Over
    }

    fn on(&mut self, state: State, event: FlowEvent, now: Moment) -> State {
        match (state, event) {
            (State::Over, _) => State::Over,
            (state, FlowEvent::PartyLeft) => self.end(state, FlowEnd::PartyLeft),
            (State::AwaitingBegin, FlowEvent::Began) => {
                let start = self.flow.start.clone();
                self.enter(&start, now)
            }
            (State::Saying { step, say, .. }, FlowEvent::SayEnded { say: ended, .. }) if say == ended => {
                self.after_saying(&step, now)
            }
            (State::Saying { step, say, .. }, FlowEvent::Key(key)) if is_key(key) => {
                self.remember(key);
                self.stop_saying(say);
                self.after_saying(&step, now)
            }
            (State::Announcing { step, say, .. }, FlowEvent::SayEnded { say: ended, .. }) if say == ended => {
                self.ring(step)
            }
            (State::Announcing { step, say, .. }, FlowEvent::Key(key)) if is_key(key) => {
                self.stop_saying(say);
                self.ring(step)
            }
            (State::SayingFarewell { say, .. }, FlowEvent::SayEnded { say: ended, .. }) if say == ended => {
                self.end(State::Over, FlowEnd::HungUp)
            }
            (State::Ringing { step }, FlowEvent::TransferAnswered) => State::Talking { step },
            // Once they talked, the conversation has served its purpose; unless the person passed the party on and left,
            // and whom it was passed on to cannot be had.
            (State::Ringing { step } | State::Talking { step }, FlowEvent::TransferEnded(outcome)) => {
                self.after_ringing(&step, outcome, now)
            }
            (
                state
                @ (State::Prompting { .. } | State::AwaitingAnswer { .. } | State::AwaitingWords { .. }),
                event,
            ) => self.on_asking(state, event, now),
            (state, _) => state,
        }
    }

    /// The deadline of a state has come.
    fn due(&mut self, state: State, now: Moment) -> State {
        match state {
            State::Saying { step, say, .. } => {
                self.stop_saying(say);
                self.after_saying(&step, now)
            }
            State::Announcing { step, say, .. } => {
                self.stop_saying(say);
                self.ring(step)
            }
            State::SayingFarewell { .. } => self.end(state, FlowEnd::HungUp),
            State::Prompting { question, say, .. } => {
                self.stop_saying(say);
                self.await_answer(question, now)
            }
            State::AwaitingAnswer { question, .. } => self.unanswered(question, now),
            State::AwaitingWords { question, .. } => self.not_understood(question, now),
            state @ (State::AwaitingBegin | State::Ringing { .. } | State::Talking { .. } | State::Over) => {
                state
            }
        }
    }

    fn enter(&mut self, name: &str, now: Moment) -> State {
        let flow = Arc::clone(&self.flow);
        let (position, step) = (&mut self.position, flow.steps.get(name));
        position.steps += 1;
        position.silent_steps += 1;
        let Some(step) =
            step.filter(|_| position.steps <= MAX_STEPS && position.silent_steps <= MAX_SILENT_STEPS)
        else {
            return self.end(State::Over, FlowEnd::Exhausted);
        };
        self.outbox.push_back(FlowAction::Trace(Trace::Entered { step: name.to_owned() }));
        match step {
            Step::Say(step) => {
                let say = self.say(&step.text);
                State::Saying { step: name.to_owned(), say, until: now + SAY_LIMIT }
            }
            Step::Ask(_) => {
                let question = Question {
                    step: name.to_owned(),
                    attempt: 0,
                    listening: false,
                    deaf: false,
                    cut_off: CutOff::No,
                };
                self.ask(question, now)
            }
            // Rounds of branches are bounded by MAX_SILENT_STEPS, like all that nobody answers.
            Step::Branch(step) => {
                let next = step.next(&self.words).to_owned();
                self.enter(&next, now)
            }
            Step::Transfer(step) => {
                self.position.typed.clear();
                match &step.announce {
                    Some(text) => {
                        let say = self.say(text);
                        State::Announcing { step: name.to_owned(), say, until: now + SAY_LIMIT }
                    }
                    None => self.ring(name.to_owned()),
                }
            }
            Step::HangUp(step) => match &step.text {
                Some(text) => State::SayingFarewell { say: self.say(text), until: now + SAY_LIMIT },
                None => self.end(State::Over, FlowEnd::HungUp),
            },
        }
    }

    fn after_saying(&mut self, name: &str, now: Moment) -> State {
        let flow = Arc::clone(&self.flow);
        match flow.steps.get(name) {
            Some(Step::Say(say)) => self.enter(&say.next.to, now),
            _ => self.end(State::Over, FlowEnd::Exhausted),
        }
    }

    fn ring(&mut self, name: String) -> State {
        let Some(Step::Transfer(step)) = self.flow.steps.get(&name) else {
            return self.end(State::Over, FlowEnd::Exhausted);
        };
        let transfer = FlowAction::Transfer { target: step.target.clone(), ring: step.ring };
        self.outbox.push_back(transfer);
        State::Ringing { step: name }
    }

    fn after_ringing(&mut self, name: &str, outcome: TransferOutcome, now: Moment) -> State {
        let flow = Arc::clone(&self.flow);
        let next = match flow.steps.get(name) {
            Some(Step::Transfer(step)) => step.after(outcome),
            _ => None,
        };
        match next {
            Some(next) => self.enter(next, now),
            None => self.end(State::Over, FlowEnd::Transferred),
        }
    }

    fn say(&mut self, texts: &Texts) -> SayId {
        let say = SayId(self.position.next_say);
        self.position.next_say = self.position.next_say.wrapping_add(1);
        let (text, locale) = texts.said(&self.position.locale, self.flow.own_language(), &self.words);
        self.outbox.push_back(FlowAction::Say { say, text, locale });
        say
    }

    fn stop_saying(&mut self, say: SayId) {
        self.outbox.push_back(FlowAction::StopSaying { say });
    }

    /// Ends, and leaves nothing behind that is still being said or listened to.
    fn end(&mut self, state: State, end: FlowEnd) -> State {
        if let Some(say) = state.saying() {
            self.stop_saying(say);
        }
        if state.is_listening() {
            self.outbox.push_back(FlowAction::StopListening);
        }
        self.outbox.push_back(FlowAction::End { end });
        State::Over
    }

    fn remember(&mut self, key: char) {
        self.position.silent_steps = 0;
        if self.position.typed.len() < MAX_TYPED {
            self.position.typed.push(key);
        }
    }
}

/// Whether a telephone has this key.
fn is_key(key: char) -> bool {
    KEYS.contains(key.to_ascii_uppercase())
}
