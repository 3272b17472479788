//! The client transaction of every method but INVITE and ACK (RFC 3261 §17.1.2, figure 6).

use super::{ClientInput, Effect, Limits, Repetition, send_and_keep};
use frontdesk_identifiers::Moment;

/// A request that this side sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlainClient {
    /// Sent, nothing heard. Timer E repeats it over datagrams, timer F gives up.
    Trying { wire: Vec<u8>, repetition: Option<Repetition>, give_up_at: Moment },
    /// A provisional response came. Timer E goes on, each T2; so does timer F.
    Proceeding { wire: Vec<u8>, repetition: Option<Repetition>, give_up_at: Moment },
    /// The final response came; its repetitions are swallowed until timer K.
    Completed { until: Moment },
    /// Done.
    Terminated,
}

impl PlainClient {
    /// Sends the request.
    pub(crate) fn start(wire: Vec<u8>, now: Moment, limits: &Limits, effects: &mut Vec<Effect>) -> Self {
        let wire = send_and_keep(wire, effects);
        PlainClient::Trying { wire, repetition: limits.repetition(now), give_up_at: now + limits.life() }
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
            (Trying { wire, repetition, give_up_at }, Provisional) => {
                effects.push(Effect::Tell);
                Proceeding { wire, repetition, give_up_at }
            }
            (same @ Proceeding { .. }, Provisional) => {
                effects.push(Effect::Tell);
                same
            }
            (Trying { .. } | Proceeding { .. }, Success | Failure { .. }) => {
                effects.push(Effect::Tell);
                Completed { until: now + limits.timer_i_and_k() }
            }
            (Trying { give_up_at, .. } | Proceeding { give_up_at, .. }, Time) if give_up_at <= now => {
                effects.push(Effect::TimedOut);
                Terminated
            }
            (Trying { wire, repetition, give_up_at }, Time) if Repetition::is_due(&repetition, now) => {
                effects.push(Effect::Send(wire.clone()));
                Trying { wire, repetition: Repetition::next(repetition, now, limits.t2()), give_up_at }
            }
            // RFC 3261 §17.1.2.2: timer E must fire in Proceeding too, or a lost final response stays lost.
            (Proceeding { wire, repetition, give_up_at }, Time) if Repetition::is_due(&repetition, now) => {
                effects.push(Effect::Send(wire.clone()));
                let repetition = Some(Repetition { interval: limits.t2(), at: now + limits.t2() });
                Proceeding { wire, repetition, give_up_at }
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
            PlainClient::Trying { repetition, give_up_at, .. }
            | PlainClient::Proceeding { repetition, give_up_at, .. } => {
                Some(Repetition::or(repetition, *give_up_at))
            }
            PlainClient::Completed { until } => Some(*until),
            PlainClient::Terminated => None,
        }
    }
}
