//! What a run waits for.

use crate::words::SayId;
use frontdesk_identifiers::Moment;

/// A question that is being put: which, how often before, and whether anybody can hear the answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// The `ask` step.
    pub(crate) step: String,
    /// 0 for the question itself, then the number of the repetition.
    pub(crate) attempt: usize,
    /// Whether a [`Listen`](crate::FlowAction::Listen) is in force.
    pub(crate) listening: bool,
    /// Whether the ears failed: from then on only keys answer this question.
    pub(crate) deaf: bool,
    /// Whether the party's voice cut off what was being said.
    #[serde(default)]
    pub(crate) cut_off: CutOff,
}

/// What a party's sound did to a prompt. A cough or an "mhm" is no answer, and a prompt that it cut off is said again
/// without counting; once, so that a noisy line does not hear the same words for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CutOff {
    /// It was said to its end, or is being said.
    #[default]
    No,
    /// It was cut off.
    Now,
    /// It was cut off by nothing that means anything, and is said once more.
    Forgiven,
}

/// Named by what is awaited; a variant owns what only that waiting needs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum State {
    /// The call is not answered yet.
    AwaitingBegin,
    /// A `say` step is being said.
    Saying { step: String, say: SayId, until: Moment },
    /// A question or its repetition is being said; the answer may come meanwhile.
    Prompting { question: Question, say: SayId, until: Moment },
    /// The question was put; the party has time to answer.
    AwaitingAnswer { question: Question, until: Moment },
    /// The party speaks; its words are awaited.
    AwaitingWords { question: Question, until: Moment },
    /// What is said before a transfer.
    Announcing { step: String, say: SayId, until: Moment },
    /// The other telephone rings; how long is the switchboard's to see to.
    Ringing { step: String },
    /// The party talks to a person, to whom this step put it through.
    Talking { step: String },
    /// The last word is being said.
    SayingFarewell { say: SayId, until: Moment },
    /// Nothing more happens.
    Over,
}

impl State {
    /// When the run itself goes on if nothing happens.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        match self {
            State::Saying { until, .. }
            | State::Prompting { until, .. }
            | State::AwaitingAnswer { until, .. }
            | State::AwaitingWords { until, .. }
            | State::Announcing { until, .. }
            | State::SayingFarewell { until, .. } => Some(*until),
            State::AwaitingBegin | State::Ringing { .. } | State::Talking { .. } | State::Over => None,
        }
    }

    /// The same waiting, on a clock that showed `from` when this one shows `to`.
    pub(crate) fn on_another_clock(mut self, from: Moment, to: Moment) -> State {
        if let State::Saying { until, .. }
        | State::Prompting { until, .. }
        | State::AwaitingAnswer { until, .. }
        | State::AwaitingWords { until, .. }
        | State::Announcing { until, .. }
        | State::SayingFarewell { until, .. } = &mut self
        {
            *until = to + until.since(from);
        }
        self
    }

    /// The step that the run is in, where it still matters.
    pub(crate) fn step(&self) -> Option<&str> {
        match self {
            State::Saying { step, .. }
            | State::Announcing { step, .. }
            | State::Ringing { step }
            | State::Talking { step } => Some(step),
            State::Prompting { question, .. }
            | State::AwaitingAnswer { question, .. }
            | State::AwaitingWords { question, .. } => Some(&question.step),
            State::AwaitingBegin | State::SayingFarewell { .. } | State::Over => None,
        }
    }

    /// What is being said.
    pub(crate) fn saying(&self) -> Option<SayId> {
        match self {
            State::Saying { say, .. }
            | State::Prompting { say, .. }
            | State::Announcing { say, .. }
            | State::SayingFarewell { say, .. } => Some(*say),
            _ => None,
        }
    }

    /// Whether somebody listens to the party.
    pub(crate) fn is_listening(&self) -> bool {
        match self {
            State::Prompting { question, .. }
            | State::AwaitingAnswer { question, .. }
            | State::AwaitingWords { question, .. } => question.listening,
            _ => false,
        }
    }
}
