//! Keys as RFC 4733 events, both ways.
//!
//! Times are told in units of the sound's clock (RFC 4733 §2.3.5): 8,000 a second, or 48,000 beside Opus. Between the two
//! sides of a call keys are therefore handed on with their duration in time, never in units.

use thiserror::Error;

mod receive;
mod send;

pub use receive::{EndedKey, Event, EventReceiver, GIVEN_UP_AFTER};
pub use send::{EventPacket, EventSender, LONGEST_HOLD, MAX_QUEUED, PAUSE, SHORTEST_TONE, TONE};

/// After so many units an event goes on in a new segment (RFC 4733 §2.5.1.3).
const SEGMENT_UNITS: u32 = 0xffff;
const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// Why keys are not sent. It is always this side's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DigitFault {
    /// The peer does not take telephone events.
    #[error("telephone events were not agreed with the peer")]
    NotAgreed,
    /// A character that is no key.
    #[error("{0:?} is no key of a telephone")]
    NoKey(char),
    /// More than [`MAX_QUEUED`] would wait.
    #[error("too many keys wait to be sent")]
    TooMany,
}

#[cfg(test)]
mod tests;
