//! A run without a telephone: driven by lines, in a time of its own.

use super::line::{CallerAct, Expected, Line, PhoneAct, Refused};
use crate::context::Context;
use crate::fault::Fault;
use crate::flow::Flow;
use crate::run::FlowRun;
use crate::words::{FlowAction, FlowEnd, FlowEvent, SayId, Trace, TransferOutcome, TransferTarget};
use frontdesk_identifiers::Moment;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How sure the ears are of clear words, and of mumbled ones (of 0 and −0.35).
const CLEAR: f32 = -0.05;
const MUMBLED: f32 = -0.5;

/// One thing that the desk did.
#[derive(Debug, Clone, PartialEq)]
enum Done {
    Came(String),
    Said(Arc<str>),
    Transferred(TransferTarget),
    Ended(FlowEnd),
}

/// A conversation with a flow, line by line: what `frontdesk flow try` shows and a [`Talk`](super::Talk) checks.
#[derive(Debug)]
pub struct Rehearsal {
    run: FlowRun,
    now: Moment,
    saying: Option<SayId>,
    listening: bool,
    ringing: bool,
    /// What was not asked for yet.
    done: VecDeque<Done>,
    protocol: Vec<String>,
    /// How many lines were typed.
    typed: u32,
}

impl Rehearsal {
    /// The call is answered.
    pub fn new(flow: Arc<Flow>, context: Context) -> Self {
        let mut rehearsal = Rehearsal {
            run: FlowRun::new(flow, context),
            now: Moment::ZERO,
            saying: None,
            listening: false,
            ringing: false,
            done: VecDeque::new(),
            protocol: Vec::new(),
            typed: 0,
        };
        rehearsal.tell(FlowEvent::Began);
        rehearsal
    }

    /// Takes one line of a transcript, such as `caller: "sales please"`, as typed at a terminal: a line
    /// without a part is what the caller says. Then lets the desk speak until it waits for somebody.
    ///
    /// What happened, in the form of a transcript; or what is wrong with the line.
    pub fn try_line(&mut self, text: &str) -> Result<Vec<String>, Fault> {
        self.typed += 1;
        let told = match Line::read(text) {
            Ok(None) => Ok(()),
            Ok(Some(line)) => self.take(&line),
            Err(_) if !text.contains(':') => {
                let act = CallerAct::Says { text: text.trim().to_owned(), sure: true };
                self.take(&Line::Caller { act, at_once: false })
            }
            Err(refused) => Err(refused),
        };
        self.settle();
        self.done.clear();
        told.map(|()| self.protocol()).map_err(|Refused { what, remedy }| Fault {
            file: "conversation".to_owned(),
            line: self.typed,
            column: 1,
            what,
            remedy,
        })
    }

    /// Whether the conversation is over.
    pub fn is_over(&self) -> bool {
        self.run.is_over()
    }

    /// What happened since this was last asked for, in the form of a transcript.
    pub fn protocol(&mut self) -> Vec<String> {
        std::mem::take(&mut self.protocol)
    }

    pub(super) fn take(&mut self, line: &Line) -> Result<(), Refused> {
        match line {
            Line::Caller { act, at_once } => self.caller(act, *at_once),
            Line::Phone(act) => self.phone(*act),
            Line::EarsFail => {
                self.protocol.push("ears:   fail".to_owned());
                self.tell(FlowEvent::EarsFailed);
                Ok(())
            }
            Line::Desk(expected) => self.expect(expected),
            Line::Step(name) => self.expect_step(name),
            Line::House { .. } | Line::Language(_) => {
                Err(Refused::new("the conversation has begun", "say this before it"))
            }
        }
    }

    fn caller(&mut self, act: &CallerAct, at_once: bool) -> Result<(), Refused> {
        if !at_once {
            self.settle();
        }
        if self.run.is_over() {
            return Err(Refused::new("the call is over", "take the line out, or let the flow go on"));
        }
        self.pass_over()?;
        match act {
            CallerAct::Says { text, sure } => {
                let how = if *sure { "" } else { "mumbles " };
                self.protocol.push(format!("caller: {how}\"{text}\""));
                self.speak(text, if *sure { CLEAR } else { MUMBLED })
            }
            CallerAct::MakesANoise => {
                self.protocol.push("caller: makes a noise".to_owned());
                self.speak("", CLEAR)
            }
            CallerAct::Presses(keys) => {
                self.protocol.push(format!("caller: presses {}", keys.iter().collect::<String>()));
                for key in keys {
                    self.tell(FlowEvent::Key(*key));
                }
                Ok(())
            }
            CallerAct::SaysNothing => {
                self.protocol.push("caller: says nothing".to_owned());
                let Some(deadline) = self.run.deadline() else {
                    return Err(Refused::new(
                        "the desk does not wait for the caller here",
                        "say what the phone does",
                    ));
                };
                self.now = deadline;
                self.tell(FlowEvent::Tick);
                Ok(())
            }
            CallerAct::HangsUp => {
                self.protocol.push("caller: hangs up".to_owned());
                self.tell(FlowEvent::PartyLeft);
                Ok(())
            }
        }
    }

    fn speak(&mut self, text: &str, mean_log_probability: f32) -> Result<(), Refused> {
        if !self.listening {
            return Err(Refused::new(
                "the desk does not listen here",
                "let the caller press a key, or wait for a question",
            ));
        }
        self.tell(FlowEvent::PartySpeaks);
        self.now = self.now + Duration::from_millis(1_200);
        self.tell(FlowEvent::Heard { text: text.to_lowercase(), mean_log_probability });
        Ok(())
    }

    fn phone(&mut self, act: PhoneAct) -> Result<(), Refused> {
        self.settle();
        if !self.ringing {
            return Err(Refused::new("no phone rings or talks here", "expect desk: transfers … before it"));
        }
        self.pass_over()?;
        match act {
            PhoneAct::Answers => {
                self.protocol.push("phone:  answers".to_owned());
                self.tell(FlowEvent::TransferAnswered);
            }
            PhoneAct::Ends(outcome) => {
                self.protocol.push(format!("phone:  {}", spelled(outcome)));
                self.ringing = false;
                self.tell(FlowEvent::TransferEnded(outcome));
            }
        }
        Ok(())
    }

    /// The next thing that the desk does must be this; sayings and steps before it are passed over.
    fn expect(&mut self, expected: &Expected) -> Result<(), Refused> {
        let mut passed = Vec::new();
        loop {
            let Some(done) = self.done.pop_front() else {
                if self.end_saying() {
                    continue;
                }
                let instead = if passed.is_empty() { "nothing".to_owned() } else { passed.join(", then ") };
                return Err(otherwise(expected, &instead));
            };
            let met = match (expected, &done) {
                (Expected::Says(pattern), Done::Said(text)) => pattern.matches(text),
                (Expected::Transfers(wanted), Done::Transferred(target)) => wanted == target,
                (Expected::HangsUp, Done::Ended(FlowEnd::HungUp)) => true,
                (Expected::IsDone, Done::Ended(FlowEnd::Transferred | FlowEnd::PartyLeft)) => true,
                (Expected::GivesUp, Done::Ended(FlowEnd::Exhausted)) => true,
                _ => false,
            };
            if met {
                return Ok(());
            }
            match &done {
                Done::Came(_) => {}
                Done::Said(_) => passed.push(told(&done)),
                Done::Transferred(_) | Done::Ended(_) => return Err(otherwise(expected, &told(&done))),
            }
        }
    }

    /// What the desk did before somebody else's part: sayings need not be in a transcript, transfers and ends do.
    pub(super) fn pass_over(&mut self) -> Result<(), Refused> {
        while let Some(done) = self.done.pop_front() {
            if matches!(
                done,
                Done::Transferred(_)
                    | Done::Ended(FlowEnd::HungUp | FlowEnd::Exhausted | FlowEnd::Transferred)
            ) {
                let did = told(&done);
                return Err(Refused::new(format!("before this the desk {did}"), format!("add desk: {did}")));
            }
        }
        Ok(())
    }

    fn expect_step(&mut self, name: &str) -> Result<(), Refused> {
        let mut passed = Vec::new();
        loop {
            match self.done.pop_front() {
                Some(Done::Came(step)) if step == name => return Ok(()),
                Some(Done::Came(step)) => passed.push(step),
                Some(_) => {}
                None if self.end_saying() => {}
                None => {
                    let what = format!(
                        "the desk does not come to the step {name}; it came to: {}",
                        passed.join(", ")
                    );
                    return Err(Refused::new(what, "change the transcript or the flow"));
                }
            }
        }
    }

    /// Lets the desk finish everything that it has to say by itself.
    fn settle(&mut self) {
        while self.end_saying() {}
    }

    /// Lets the saying end that is going on, if there is one.
    fn end_saying(&mut self) -> bool {
        let Some(say) = self.saying.take() else { return false };
        self.now = self.now + Duration::from_secs(2);
        self.tell(FlowEvent::SayEnded { say, completed: true });
        true
    }

    fn tell(&mut self, event: FlowEvent) {
        self.run.handle(event, self.now);
        while let Some(action) = self.run.poll() {
            let done = match action {
                FlowAction::Say { say, text, .. } => {
                    self.saying = Some(say);
                    Done::Said(text)
                }
                FlowAction::StopSaying { .. } => {
                    self.saying = None;
                    continue;
                }
                FlowAction::Listen { .. } => {
                    self.listening = true;
                    continue;
                }
                FlowAction::StopListening => {
                    self.listening = false;
                    continue;
                }
                FlowAction::Transfer { target, .. } => {
                    self.ringing = true;
                    Done::Transferred(target)
                }
                FlowAction::End { end } => Done::Ended(end),
                FlowAction::Trace(Trace::Entered { step }) => Done::Came(step),
                FlowAction::Trace(trace) => {
                    self.protocol.push(format!("#       {}", noted(&trace)));
                    continue;
                }
            };
            self.protocol.push(match &done {
                Done::Came(step) => format!("step:   {step}"),
                done => format!("desk:   {}", told(done)),
            });
            self.done.push_back(done);
        }
    }
}

fn otherwise(expected: &Expected, instead: &str) -> Refused {
    let wanted = match expected {
        Expected::Says(pattern) => format!("says \"{pattern}\""),
        Expected::Transfers(target) => told(&Done::Transferred(target.clone())),
        Expected::HangsUp => "hangs up".to_owned(),
        Expected::IsDone => "is done".to_owned(),
        Expected::GivesUp => "gives up".to_owned(),
    };
    Refused::new(
        format!("expected that the desk {wanted}, but it does this: {instead}"),
        "change the transcript or the flow",
    )
}

fn told(done: &Done) -> String {
    match done {
        Done::Came(step) => format!("comes to {step}"),
        Done::Said(text) => format!("says \"{text}\""),
        Done::Transferred(target) => format!("transfers {target}"),
        Done::Ended(FlowEnd::HungUp) => "hangs up".to_owned(),
        Done::Ended(FlowEnd::Transferred | FlowEnd::PartyLeft) => "is done".to_owned(),
        Done::Ended(FlowEnd::Exhausted) => "gives up".to_owned(),
    }
}

fn spelled(outcome: TransferOutcome) -> &'static str {
    match outcome {
        TransferOutcome::Completed => "hangs up",
        TransferOutcome::Busy => "busy",
        TransferOutcome::NoAnswer => "no answer",
        TransferOutcome::Declined => "declined",
        TransferOutcome::Unreachable => "unreachable",
    }
}

fn noted(trace: &Trace) -> String {
    match trace {
        Trace::Entered { step } => format!("came to {step}"),
        Trace::Understood { answer, by_key: true, .. } => format!("understood {answer} by key"),
        Trace::Understood { answer, score, .. } => format!("understood {answer} ({score:.2})"),
        Trace::NotUnderstood => "not understood".to_owned(),
        Trace::NoInput => "nothing came".to_owned(),
    }
}
