//! The INVITE server transaction (RFC 3261 §17.2.1, figure 7; RFC 6026 §7.1 for `Accepted`).

use super::{Effect, Limits, Repetition, ServerInput, send_and_keep};
use frontdesk_identifiers::Moment;

/// An INVITE that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InviteServer {
    /// No final response yet; a repeated INVITE gets the last provisional one again.
    Proceeding { last: Option<Vec<u8>> },
    /// A 2xx was sent. Its user repeats it; the transaction only swallows repeated INVITEs until timer L.
    Accepted { until: Moment },
    /// Refused; timer G repeats the refusal over datagrams until its ACK, timer H gives up.
    Completed { response: Vec<u8>, repetition: Option<Repetition>, give_up_at: Moment },
    /// The ACK to the refusal came; its repetitions are swallowed until timer I.
    Confirmed { until: Moment },
    /// Done.
    Terminated,
}

impl InviteServer {
    /// A new INVITE: nothing is sent yet, its user answers 100 at once.
    pub(crate) fn start() -> Self {
        InviteServer::Proceeding { last: None }
    }

    /// One transition.
    pub(crate) fn on(
        self,
        input: ServerInput,
        now: Moment,
        limits: &Limits,
        effects: &mut Vec<Effect>,
    ) -> Self {
        use InviteServer::{Accepted, Completed, Confirmed, Proceeding, Terminated};
        use ServerInput::{Ack, Failure, Provisional, Repeated, Success, Time, TransportFailed};
        match (self, input) {
            (Proceeding { last }, Repeated) => {
                if let Some(wire) = &last {
                    effects.push(Effect::Send(wire.clone()));
                }
                Proceeding { last }
            }
            (Proceeding { .. }, Provisional(wire)) => Proceeding { last: Some(send_and_keep(wire, effects)) },
            // RFC 6026 §7.1: after a 2xx the transaction stays, so that a repeated INVITE is no new call.
            (Proceeding { .. }, Success(wire)) => {
                effects.push(Effect::Send(wire));
                Accepted { until: now + limits.life() }
            }
            // RFC 6026 §8.5: the 2xx that the user repeats passes through.
            (Accepted { until }, Success(wire)) => {
                effects.push(Effect::Send(wire));
                Accepted { until }
            }
            (Proceeding { .. }, Failure(response)) => {
                let response = send_and_keep(response, effects);
                Completed { response, repetition: limits.repetition(now), give_up_at: now + limits.life() }
            }
            (Completed { response, repetition, give_up_at }, Repeated) => {
                effects.push(Effect::Send(response.clone()));
                Completed { response, repetition, give_up_at }
            }
            (Completed { .. }, Ack) => Confirmed { until: now + limits.timer_i_and_k() },
            (Completed { give_up_at, .. }, Time) if give_up_at <= now => {
                effects.push(Effect::TimedOut);
                Terminated
            }
            (Completed { response, repetition, give_up_at }, Time)
                if Repetition::is_due(&repetition, now) =>
            {
                effects.push(Effect::Send(response.clone()));
                Completed { response, repetition: Repetition::next(repetition, now, limits.t2()), give_up_at }
            }
            (Confirmed { until } | Accepted { until }, Time) if until <= now => Terminated,
            // RFC 6026 §8.7: an error in Accepted is no end, the 2xx may still get through.
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
            InviteServer::Completed { repetition, give_up_at, .. } => {
                Some(Repetition::or(repetition, *give_up_at))
            }
            InviteServer::Accepted { until } | InviteServer::Confirmed { until } => Some(*until),
            InviteServer::Proceeding { .. } | InviteServer::Terminated => None,
        }
    }
}
