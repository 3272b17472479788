//! A question: said, answered by voice or key, or put again with more patience.

use super::{CutOff, FlowRun, Question, SAY_LIMIT, State, TURN_LIMIT, is_key};
use crate::answer::{Answer, meant_by_key, meant_by_words};
use crate::step::Step;
use crate::step::ask::Ask;
use crate::words::{FlowAction, FlowEnd, FlowEvent, Trace};
use frontdesk_identifiers::Moment;
use frontdesk_understanding::is_backchannel;
use std::sync::Arc;

impl FlowRun {
    /// Puts a question, unless keys that were pressed before answer it already.
    pub(super) fn ask(&mut self, question: Question, now: Moment) -> State {
        self.with_ask(question, |run, ask, question| match run.typed_answer(ask) {
            Some(answer) => run.understood(answer, true, 1.0, question, now),
            None => run.prompt(ask, question, now),
        })
    }

    /// What happens while a question stands.
    pub(super) fn on_asking(&mut self, state: State, event: FlowEvent, now: Moment) -> State {
        match (state, event) {
            (State::Prompting { question, say, .. }, FlowEvent::SayEnded { say: ended, .. })
                if say == ended =>
            {
                self.await_answer(question, now)
            }
            (State::Prompting { mut question, say, .. }, FlowEvent::PartySpeaks) if question.listening => {
                self.stop_saying(say);
                if question.cut_off == CutOff::No {
                    question.cut_off = CutOff::Now;
                }
                State::AwaitingWords { question, until: now + TURN_LIMIT }
            }
            (State::AwaitingAnswer { question, .. }, FlowEvent::PartySpeaks) if question.listening => {
                State::AwaitingWords { question, until: now + TURN_LIMIT }
            }
            (state, FlowEvent::Heard { text, mean_log_probability }) if state.is_listening() => {
                self.heard(state, &text, mean_log_probability, now)
            }
            (state, FlowEvent::Key(key)) if is_key(key) => self.key_pressed(state, key, now),
            (state, FlowEvent::EarsFailed) if state.is_listening() => self.deafened(state, now),
            (state, _) => state,
        }
    }

    /// The question has been put: from here its time runs.
    pub(super) fn await_answer(&mut self, question: Question, now: Moment) -> State {
        self.with_ask(question, |run, ask, mut question| {
            if let Some(answer) = run.typed_answer(ask) {
                return run.understood(answer, true, 1.0, question, now);
            }
            if question.deaf && !ask.has_keys() {
                return run.go_on(question, &ask.failed.to, now);
            }
            if !question.listening && !question.deaf {
                run.outbox.push_back(FlowAction::Listen { locale: run.position.locale.clone() });
                question.listening = true;
            }
            State::AwaitingAnswer { question, until: now + ask.wait }
        })
    }

    /// The time for an answer is over.
    pub(super) fn unanswered(&mut self, question: Question, now: Moment) -> State {
        self.with_ask(question, |run, ask, question| {
            if question.deaf {
                return run.go_on(question, &ask.failed.to, now);
            }
            run.outbox.push_back(FlowAction::Trace(Trace::NoInput));
            run.again(ask, question, &ask.no_input.to, now)
        })
    }

    /// What came is none of the answers.
    pub(super) fn not_understood(&mut self, question: Question, now: Moment) -> State {
        self.with_ask(question, |run, ask, question| {
            run.outbox.push_back(FlowAction::Trace(Trace::NotUnderstood));
            run.again(ask, question, &ask.no_match.to, now)
        })
    }

    fn prompt(&mut self, ask: &Ask, mut question: Question, now: Moment) -> State {
        let Some(text) = ask.prompt(question.attempt) else {
            return self.go_on(question, &ask.failed.to, now);
        };
        let say = self.say(text);
        if ask.barge_in && !question.deaf {
            self.outbox.push_back(FlowAction::Listen { locale: self.position.locale.clone() });
            question.listening = true;
        }
        State::Prompting { question, say, until: now + SAY_LIMIT }
    }

    /// The party's words. Empty ones count as not understood too: the party made itself heard, and
    /// deserves a reaction rather than silence.
    fn heard(&mut self, state: State, text: &str, mean_log_probability: f32, now: Moment) -> State {
        let Some(question) = self.interrupt(state) else { return State::Over };
        if !text.trim().is_empty() {
            self.position.silent_steps = 0;
        }
        self.with_ask(question, |run, ask, question| {
            let languages = (&run.position.locale, run.flow.own_language());
            match meant_by_words(&ask.answers, text, mean_log_probability, languages) {
                Some((answer, score)) => run.understood(answer, false, score, question, now),
                None if question.cut_off == CutOff::Now && is_backchannel(text) => {
                    run.say_once_more(ask, question, now)
                }
                None => run.not_understood(question, now),
            }
        })
    }

    /// The prompt was cut off by a sound that means nothing: the party did not get the question, and is not to blame.
    fn say_once_more(&mut self, ask: &Ask, mut question: Question, now: Moment) -> State {
        question.cut_off = CutOff::Forgiven;
        self.stop_listening(&mut question);
        self.prompt(ask, question, now)
    }

    fn key_pressed(&mut self, state: State, key: char, now: Moment) -> State {
        let name = state.step().unwrap_or_default();
        let waits_for_the_end = matches!(
            (&state, self.flow.steps.get(name)),
            (State::Prompting { .. }, Some(Step::Ask(ask))) if !ask.barge_in
        );
        if waits_for_the_end {
            self.remember(key);
            return state;
        }
        self.position.silent_steps = 0;
        let Some(question) = self.interrupt(state) else { return State::Over };
        self.with_ask(question, |run, ask, question| match meant_by_key(&ask.answers, key) {
            Some(answer) => run.understood(answer, true, 1.0, question, now),
            None => run.not_understood(question, now),
        })
    }

    /// The ears do not work: keys do, for as long as the question waits; then it has failed.
    fn deafened(&mut self, state: State, now: Moment) -> State {
        self.outbox.push_back(FlowAction::StopListening);
        let deaf = |question: Question| Question { listening: false, deaf: true, ..question };
        match state {
            State::Prompting { question, say, until } => {
                State::Prompting { question: deaf(question), say, until }
            }
            State::AwaitingAnswer { question, until } => {
                let question = deaf(question);
                self.with_ask(question, |run, ask, question| match ask.has_keys() {
                    true => State::AwaitingAnswer { question, until },
                    false => run.go_on(question, &ask.failed.to, now),
                })
            }
            State::AwaitingWords { question, .. } => self.await_answer(deaf(question), now),
            state => state,
        }
    }

    fn understood(
        &mut self,
        answer: &Answer,
        by_key: bool,
        score: f32,
        question: Question,
        now: Moment,
    ) -> State {
        let trace = Trace::Understood { answer: answer.name.clone(), by_key, score };
        self.outbox.push_back(FlowAction::Trace(trace));
        self.go_on(question, &answer.next.to, now)
    }

    /// The next repetition, or the exit if there is none.
    fn again(&mut self, ask: &Ask, mut question: Question, exit: &str, now: Moment) -> State {
        question.attempt += 1;
        question.cut_off = CutOff::No;
        if ask.prompt(question.attempt).is_none() {
            return self.go_on(question, exit, now);
        }
        // A new listening for each repetition: an old turn cannot answer a new question.
        self.stop_listening(&mut question);
        self.prompt(ask, question, now)
    }

    fn go_on(&mut self, mut question: Question, next: &str, now: Moment) -> State {
        self.stop_listening(&mut question);
        self.enter(next, now)
    }

    fn stop_listening(&mut self, question: &mut Question) {
        if std::mem::take(&mut question.listening) {
            self.outbox.push_back(FlowAction::StopListening);
        }
    }

    /// Stops the prompt if it is being said, and keeps the question.
    fn interrupt(&mut self, state: State) -> Option<Question> {
        match state {
            State::Prompting { question, say, .. } => {
                self.stop_saying(say);
                Some(question)
            }
            State::AwaitingAnswer { question, .. } | State::AwaitingWords { question, .. } => Some(question),
            _ => None,
        }
    }

    /// The first of the keys pressed before that is an answer; those before it are forgotten.
    fn typed_answer<'a>(&mut self, ask: &'a Ask) -> Option<&'a Answer> {
        let typed = std::mem::take(&mut self.position.typed);
        let mut keys = typed.chars();
        let answer = keys.by_ref().find_map(|key| meant_by_key(&ask.answers, key));
        self.position.typed = keys.as_str().to_owned();
        answer
    }

    fn with_ask(&mut self, question: Question, go: impl FnOnce(&mut Self, &Ask, Question) -> State) -> State {
        let flow = Arc::clone(&self.flow);
        match flow.steps.get(&question.step) {
            Some(Step::Ask(ask)) => go(self, ask, question),
            // Cannot be: a question is made from an `ask` step, and a restored one is checked.
            _ => self.end(State::Over, FlowEnd::Exhausted),
        }
    }
}
