//! The four transactions (RFC 3261 §17, corrected by RFC 6026): each a table of states, pure, over datagrams and streams.
//!
//! Over a stream nothing is repeated (timers A, E, G), and nothing waits for repetitions (timers D, I, J, K are zero:
//! they fire in the same [`handle`](crate::SipStack::handle), after the answer was told).

pub(crate) mod invite_client;
pub(crate) mod invite_server;
pub(crate) mod plain_client;
pub(crate) mod plain_server;
pub(crate) mod table;

#[cfg(test)]
mod tests;

use crate::input::Transport;
use crate::settings::TimerSettings;
use frontdesk_identifiers::Moment;
use std::time::Duration;

impl TimerSettings {
    /// 64·T1: timers B, F, H, J, L and M, and how long a 2xx is repeated.
    pub fn life(&self) -> Duration {
        self.t1.saturating_mul(64)
    }
}

/// The timers of one transaction: the times of RFC 3261 table 4 over its transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    times: TimerSettings,
    /// Whether the transport loses nothing.
    reliable: bool,
}

impl Limits {
    pub(crate) fn over(transport: Transport, times: TimerSettings) -> Self {
        Limits { times, reliable: transport.is_reliable() }
    }

    /// Timers B, F, H, L and M, whatever the transport.
    pub(crate) fn life(&self) -> Duration {
        self.times.life()
    }

    /// Timers A, E and G: the first repetition; none over a stream.
    fn repetition(&self, now: Moment) -> Option<Repetition> {
        let interval = self.times.t1;
        (!self.reliable).then(|| Repetition { interval, at: now + interval })
    }

    /// The longest wait between two repetitions of timers E and G.
    fn t2(&self) -> Duration {
        self.times.t2
    }

    /// Timer D: as long as the other side may repeat its refusal, 32 s at least (RFC 3261 §17.1.1.2).
    fn timer_d(&self) -> Duration {
        self.over_datagrams(self.life().max(Duration::from_secs(32)))
    }

    /// Timers I (RFC 3261 §17.2.1) and K (§17.1.2.2).
    fn timer_i_and_k(&self) -> Duration {
        self.over_datagrams(self.times.t4)
    }

    /// Timer J (RFC 3261 §17.2.2).
    fn timer_j(&self) -> Duration {
        self.over_datagrams(self.life())
    }

    fn over_datagrams(&self, wait: Duration) -> Duration {
        if self.reliable { Duration::ZERO } else { wait }
    }
}

/// When a message is sent again over datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repetition {
    interval: Duration,
    at: Moment,
}

impl Repetition {
    fn is_due(this: &Option<Self>, now: Moment) -> bool {
        this.is_some_and(|repetition| repetition.at <= now)
    }

    /// The next one, the wait doubled up to `most`.
    fn next(this: Option<Self>, now: Moment, most: Duration) -> Option<Self> {
        let interval = (this?.interval.saturating_mul(2)).min(most);
        Some(Repetition { interval, at: now + interval })
    }

    /// The earlier of it and `end`.
    fn or(this: &Option<Self>, end: Moment) -> Moment {
        this.map_or(end, |repetition| repetition.at.min(end))
    }
}

/// What a client transaction is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientInput {
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 3xx to 6xx; `ack` is the ACK to it, used by an INVITE only.
    Failure { ack: Vec<u8> },
    /// The deadline is due.
    Time,
    /// The transport gave up.
    TransportFailed,
}

/// What a server transaction is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerInput {
    /// The same request came again.
    Repeated,
    /// An ACK within the transaction came.
    Ack,
    /// The user answers 1xx.
    Provisional(Vec<u8>),
    /// The user answers 2xx.
    Success(Vec<u8>),
    /// The user answers 3xx to 6xx.
    Failure(Vec<u8>),
    /// The deadline is due.
    Time,
    /// The transport gave up.
    TransportFailed,
}

/// Sends what is kept for repetitions. What is kept is a copy, which takes no more room than it needs: finished
/// transactions are many, and live for 32 s.
fn send_and_keep(wire: Vec<u8>, effects: &mut Vec<Effect>) -> Vec<u8> {
    let kept = wire.clone();
    effects.push(Effect::Send(wire));
    kept
}

/// What a transaction wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Put this on the wire.
    Send(Vec<u8>),
    /// Give the response at hand to the transaction's user.
    Tell,
    /// Tell the user that no answer, or no ACK, came in time.
    TimedOut,
    /// Tell the user that the transport gave up.
    Failed,
}
