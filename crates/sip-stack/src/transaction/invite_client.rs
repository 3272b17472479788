//! The INVITE client transaction (RFC 3261 §17.1.1, figure 5; RFC 6026 §7.2 for `Accepted`).

use super::{ClientInput, Effect, Limits, Repetition, send_and_keep};
use frontdesk_identifiers::Moment;
use std::time::Duration;

/// An INVITE that this side sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InviteClient {
    /// Sent, nothing heard. Timer A repeats it over datagrams, timer B gives up.
    Calling { wire: Vec<u8>, repetition: Option<Repetition>, give_up_at: Moment },
    /// A provisional response came; no timer, the other side repeats its final response or a stream brings it.
    Proceeding,
    /// A refusal came and was acknowledged; its repetitions are acknowledged until timer D.
    Completed { ack: Vec<u8>, until: Moment },
    /// A 2xx came; all of them go up, where the ACKs are made, until timer M.
    Accepted { until: Moment },
    /// Done.
    Terminated,
}

impl InviteClient {
    /// Sends the INVITE.
    pub(crate) fn start(wire: Vec<u8>, now: Moment, limits: &Limits, effects: &mut Vec<Effect>) -> Self {
        let wire = send_and_keep(wire, effects);
        InviteClient::Calling { wire, repetition: limits.repetition(now), give_up_at: now + limits.life() }
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
        use InviteClient::{Accepted, Calling, Completed, Proceeding, Terminated};
        match (self, input) {
            // RFC 3261 §17.1.1.2: "Any provisional response": pass up, stop repeating.
            (Calling { .. } | Proceeding, Provisional) => {
                effects.push(Effect::Tell);
                Proceeding
            }
            // RFC 6026 §7.2: a 2xx leads to Accepted and timer M, not to the end.
            (Calling { .. } | Proceeding, Success) => {
                effects.push(Effect::Tell);
                Accepted { until: now + limits.life() }
            }
            // RFC 3261 §17.1.1.2: 300 to 699 go up and are acknowledged here.
            (Calling { .. } | Proceeding, Failure { ack }) => {
                let ack = send_and_keep(ack, effects);
                effects.push(Effect::Tell);
                Completed { ack, until: now + limits.timer_d() }
            }
            (Completed { ack, until }, Failure { .. }) => {
                effects.push(Effect::Send(ack.clone()));
                Completed { ack, until }
            }
            // RFC 6026 §7.2: each further 2xx, from whichever fork, goes up.
            (Accepted { until }, Success) => {
                effects.push(Effect::Tell);
                Accepted { until }
            }
            (Calling { give_up_at, .. }, Time) if give_up_at <= now => {
                effects.push(Effect::TimedOut);
                Terminated
            }
            (Calling { wire, repetition, give_up_at }, Time) if Repetition::is_due(&repetition, now) => {
                effects.push(Effect::Send(wire.clone()));
                Calling { wire, repetition: Repetition::next(repetition, now, Duration::MAX), give_up_at }
            }
            (Completed { until, .. } | Accepted { until }, Time) if until <= now => Terminated,
            // RFC 3261 §17.1.4. In Proceeding and Accepted this transaction sends nothing that could fail over datagrams.
            (Calling { .. } | Completed { .. }, TransportFailed) => {
                effects.push(Effect::Failed);
                Terminated
            }
            // The connection over which the final response would come is gone, and no timer would end the wait.
            (Proceeding, TransportFailed) if limits.reliable => {
                effects.push(Effect::Failed);
                Terminated
            }
            (same, _) => same,
        }
    }

    /// When [`ClientInput::Time`] is due.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        match self {
            InviteClient::Calling { repetition, give_up_at, .. } => {
                Some(Repetition::or(repetition, *give_up_at))
            }
            InviteClient::Completed { until, .. } | InviteClient::Accepted { until } => Some(*until),
            InviteClient::Proceeding | InviteClient::Terminated => None,
        }
    }
}
