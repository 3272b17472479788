//! The client transaction of every method but INVITE and ACK (RFC 3261 §17.1.2, figure 6).

use super::{ClientInput, Effect, Limits};
use frontdesk_identifiers::Moment;
use std::time::Duration;

/// A request that this side sent, over an unreliable transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlainClient {
    /// Sent, nothing heard. Timer E repeats it, timer F gives up.
    Trying { wire: Vec<u8>, interval: Duration, resend_at: Moment, give_up_at: Moment },
    /// A provisional response came. Timer E goes on, each T2; so does timer F.
    Proceeding { wire: Vec<u8>, resend_at: Moment, give_up_at: Moment },
    /// The final response came; its repetitions are swallowed until timer K.
    Completed { until: Moment },
    /// Done.
    Terminated,
}

impl PlainClient {
    /// Sends the request.
    pub(crate) fn start(wire: Vec<u8>, now: Moment, limits: &Limits, effects: &mut Vec<Effect>) -> Self {
        effects.push(Effect::Send(wire.clone()));
        PlainClient::Trying {
            wire,
            interval: limits.t1,
            resend_at: now + limits.t1,
            give_up_at: now + limits.life(),
        }
    }

    /// One transition.
    pub(crate) fn on(
        self,
        input: ClientInput,
        now: Moment,
        limits: &Limits,
        effects: &mut Vec<Effect>,
    ) -> Self {
        use ClientInput::{Failure, Provisional, Success, Time, TransportFailed};
        use PlainClient::{Completed, Proceeding, Terminated, Trying};
        match (self, input) {
            (Trying { wire, resend_at, give_up_at, .. }, Provisional) => {
                effects.push(Effect::Tell);
                Proceeding { wire, resend_at, give_up_at }
            }
            (same @ Proceeding { .. }, Provisional) => {
                effects.push(Effect::Tell);
                same
            }
            (Trying { .. } | Proceeding { .. }, Success | Failure { .. }) => {
                effects.push(Effect::Tell);
                Completed { until: now + limits.t4 }
            }
            (Trying { give_up_at, .. } | Proceeding { give_up_at, .. }, Time) if give_up_at <= now => {
                effects.push(Effect::TimedOut);
                Terminated
            }
            (Trying { wire, interval, resend_at, give_up_at }, Time) if resend_at <= now => {
                effects.push(Effect::Send(wire.clone()));
                let interval = (interval * 2).min(limits.t2);
                Trying { wire, interval, resend_at: now + interval, give_up_at }
            }
            // RFC 3261 §17.1.2.2: timer E must fire in Proceeding too, or a lost final response stays lost.
            (Proceeding { wire, resend_at, give_up_at }, Time) if resend_at <= now => {
                effects.push(Effect::Send(wire.clone()));
                Proceeding { wire, resend_at: now + limits.t2, give_up_at }
            }
            (Completed { until }, Time) if until <= now => Terminated,
            (Trying { .. } | Proceeding { .. }, TransportFailed) => {
                effects.push(Effect::Failed);
                Terminated
            }
            (same, _) => same,
        }
    }

    /// When [`ClientInput::Time`] is due.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        match self {
            PlainClient::Trying { resend_at, give_up_at, .. }
            | PlainClient::Proceeding { resend_at, give_up_at, .. } => Some(*resend_at.min(give_up_at)),
            PlainClient::Completed { until } => Some(*until),
            PlainClient::Terminated => None,
        }
    }
}
