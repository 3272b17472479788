//! The four transactions (RFC 3261 §17, corrected by RFC 6026): each a table of states, pure, over datagrams.

pub(crate) mod invite_client;
pub(crate) mod invite_server;
pub(crate) mod plain_client;
pub(crate) mod plain_server;
pub(crate) mod table;

#[cfg(test)]
mod tests;

use crate::settings::TimerSettings;
use std::time::Duration;

/// The times of RFC 3261 table 4, of which all the timers are made.
pub(crate) type Limits = TimerSettings;

impl TimerSettings {
    /// 64·T1: timers B, F, H, J, L and M, and how long a 2xx is repeated.
    pub fn life(&self) -> Duration {
        self.t1.saturating_mul(64)
    }

    /// Timer D: as long as the other side may repeat its refusal, 32 s at least (RFC 3261 §17.1.1.2).
    pub(crate) fn timer_d(&self) -> Duration {
        self.life().max(Duration::from_secs(32))
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
