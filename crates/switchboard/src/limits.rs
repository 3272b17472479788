//! How much at once.

use std::time::Duration;

/// Bounds on what the node takes on. Over them a new call gets 503 with `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls at once.
    pub calls_max: usize,
    /// Calls at once of one telephone of the house: one whose password became known does not take the whole desk.
    pub calls_of_a_phone_max: usize,
    /// Answered calls of peers whose ACK has not come. A peer is known by its address alone, and who borrows that
    /// never sees the answer: such calls may not fill the desk for the telephones of the house.
    pub unacknowledged_max: usize,
    /// How long a telephone may ring when nothing else says so.
    pub ring: Duration,
    /// How long a call may take in all. It ends calls whose parties are both gone and of whom no sound is expected,
    /// such as a call on hold.
    pub longest: Duration,
    /// How long a call that is over may wait for the last word of its ports and its recording.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            calls_max: 500,
            calls_of_a_phone_max: 10,
            unacknowledged_max: 100,
            ring: Duration::from_secs(60),
            longest: Duration::from_secs(4 * 3_600),
            farewell: Duration::from_secs(40),
        }
    }
}

/// Calls for help of one telephone at once that pass every limit. Beyond it they are calls like others: a telephone that
/// calls for help without end, or whose password became known, does not keep the others from it.
pub(crate) const CALLS_FOR_HELP_MAX: usize = 3;

/// What `Retry-After` says when a limit refuses a call.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(5);
