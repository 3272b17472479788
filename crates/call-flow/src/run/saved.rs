//! A run put aside: written as JSON, and taken up again on the same version of its flow.

use super::{FlowRun, Position, State};
use crate::flow::Flow;
use crate::hash::FlowHash;
use crate::step::Step;
use frontdesk_identifiers::{FlowId, Moment};
use std::sync::Arc;

/// The version of the form in which a run is written.
const SCHEMA: u32 = 1;

/// A run without its flow: what is kept while nothing happens.
///
/// What was wanted and not yet polled is not in it: drain [`FlowRun::poll`] first.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedRun {
    schema: u32,
    flow: FlowId,
    hash: FlowHash,
    saved_at: Moment,
    position: Position,
}

/// Why a saved run cannot be taken up: the environment's fault, not the party's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// It was written by a newer release.
    #[error("the saved run has schema {0}, and only schema 1 is known")]
    Schema(u32),
    /// It belongs to another flow, or to another version of this one.
    #[error("the saved run belongs to the flow {flow} with hash {hash}")]
    OtherFlow {
        /// The flow that is needed.
        flow: FlowId,
        /// In this version.
        hash: FlowHash,
    },
    /// It stands in a step in which it cannot stand.
    #[error("the saved run stands at the step `{0}`, where it cannot stand")]
    OtherStep(String),
}

impl SavedRun {
    /// The flow that it needs.
    pub fn flow(&self) -> &FlowId {
        &self.flow
    }

    /// In this version.
    pub fn hash(&self) -> FlowHash {
        self.hash
    }

    /// Takes the run up again at `now`, which may be on the clock of another node.
    pub fn restore(self, flow: Arc<Flow>, now: Moment) -> Result<FlowRun, RestoreError> {
        if self.schema != SCHEMA {
            return Err(RestoreError::Schema(self.schema));
        }
        if self.hash != flow.hash || self.flow != flow.id {
            return Err(RestoreError::OtherFlow { flow: self.flow, hash: self.hash });
        }
        let state = &self.position.state;
        if let Some(step) = state.step().filter(|step| !fits(state, flow.steps.get(*step))) {
            return Err(RestoreError::OtherStep(step.to_owned()));
        }
        let mut position = self.position;
        position.state = position.state.on_another_clock(self.saved_at, now);
        Ok(FlowRun::at(flow, position))
    }
}

fn fits(state: &State, step: Option<&Step>) -> bool {
    match state {
        State::Saying { .. } => matches!(step, Some(Step::Say(_))),
        State::Announcing { .. } | State::Ringing { .. } | State::Talking { .. } => {
            matches!(step, Some(Step::Transfer(_)))
        }
        State::Prompting { question, .. }
        | State::AwaitingAnswer { question, .. }
        | State::AwaitingWords { question, .. } => {
            matches!(step, Some(Step::Ask(ask)) if ask.prompt(question.attempt).is_some())
        }
        State::AwaitingBegin | State::SayingFarewell { .. } | State::Over => true,
    }
}

impl FlowRun {
    /// The run as it stands at `now`, to be kept.
    pub fn save(&self, now: Moment) -> SavedRun {
        SavedRun {
            schema: SCHEMA,
            flow: self.flow.id.clone(),
            hash: self.flow.hash,
            saved_at: now,
            position: self.position.clone(),
        }
    }
}
