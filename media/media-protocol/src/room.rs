//! Rooms: more than two legs that hear each other.

use frontdesk_identifiers::LegId;

/// One room; counted up within one run of a node, never used twice. It begins with the first leg that joins and ends
/// with the last that leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u64);

impl RoomId {
    /// The most legs of one room. One more is answered with [`RoomFull`](crate::MediaEvent::RoomFull).
    pub const MOST_LEGS: usize = 128;
}

/// Who in a room hears what a leg says. The leg itself hears all whose audience it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Audience {
    /// Everybody else: a party of a conference, a supervisor who barges in.
    #[default]
    Everybody,
    /// Nobody: a muted party, somebody who listens in.
    Nobody,
    /// Only these legs, as far as they are in the room: somebody who whispers to one side.
    Only(Vec<LegId>),
}

impl Audience {
    /// The most legs that [`Only`](Audience::Only) may name; those after them do not hear.
    pub const MOST_NAMED: usize = 8;
}
