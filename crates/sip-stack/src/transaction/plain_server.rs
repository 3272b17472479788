//! The server transaction of every method but INVITE and ACK (RFC 3261 §17.2.2, figure 8).

use super::{Effect, Limits, ServerInput, send_and_keep};
use frontdesk_identifiers::Moment;

/// A request that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlainServer {
    /// Not answered; a repetition is swallowed.
    Trying,
    /// A provisional response was sent; a repetition gets it again.
    Proceeding { last: Vec<u8> },
    /// Answered; a repetition gets the answer again until timer J.
    Completed { response: Vec<u8>, until: Moment },
    /// Done.
    Terminated,
}

impl PlainServer {
    /// A new request.
    pub(crate) fn start() -> Self {
        PlainServer::Trying
    }

    /// One transition.
    pub(crate) fn on(
        self,
        input: ServerInput,
        now: Moment,
        limits: &Limits,
        effects: &mut Vec<Effect>,
    ) -> Self {
        use PlainServer::{Completed, Proceeding, Terminated, Trying};
        use ServerInput::{Failure, Provisional, Repeated, Success, Time, TransportFailed};
        match (self, input) {
            (Trying | Proceeding { .. }, Provisional(last)) => {
                Proceeding { last: send_and_keep(last, effects) }
            }
            (Trying | Proceeding { .. }, Success(response) | Failure(response)) => {
                let response = send_and_keep(response, effects);
                Completed { response, until: now + limits.timer_j() }
            }
            (Proceeding { last }, Repeated) => {
                effects.push(Effect::Send(last.clone()));
                Proceeding { last }
            }
            (Completed { response, until }, Repeated) => {
                effects.push(Effect::Send(response.clone()));
                Completed { response, until }
            }
            (Completed { until, .. }, Time) if until <= now => Terminated,
            (Proceeding { .. } | Completed { .. }, TransportFailed) => {
                effects.push(Effect::Failed);
                Terminated
            }
            (same, _) => same,
        }
    }

    /// When [`ServerInput::Time`] is due.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        match self {
            PlainServer::Completed { until, .. } => Some(*until),
            PlainServer::Trying | PlainServer::Proceeding { .. } | PlainServer::Terminated => None,
        }
    }
}
