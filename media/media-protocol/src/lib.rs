//! The words between the switchboard, which decides, and the sound, which is carried.
//!
//! The way of a word: the switchboard emits a [`MediaCommand`]; `frontdesk/src/wiring.rs` hands it to the
//! media engine, to the ears or to the voices; what happened comes back as a [`MediaEvent`] (from the media
//! threads, `Copy`, without memory of its own) or a [`SpeechEvent`] (from the speech workers, owned text).
//! Nothing here knows a tenant, SIP or a database, and nothing here does I/O.
//!
//! # Times
//!
//! Every event carries the [`Moment`](frontdesk_identifiers::Moment) at which it was true, on the node's own
//! clock. Positions in the sound are counted in samples at 8 kHz since the port was opened.

mod command;
mod event;
mod plan;
mod quality;
mod room;
mod secure;
mod speech;

pub use command::{ListeningPlan, MediaCommand, Source};
pub use event::{MediaEvent, PlaybackEnd, PortFault, Strangeness, StreamCounters};
pub use plan::{AgreedAudio, Codec, Direction, OpusTerms};
pub use quality::{DirectionQuality, DirectionSummary, LegQuality, LegSummary, Mos};
pub use room::{Audience, RoomId};
pub use secure::{SrtpKey, SrtpKeys, SrtpSuite};
pub use speech::{SpeechEvent, SpeechFault, SpeechFrame, SpeechOutcome, TurnTimes};

/// One playback of one prompt on one leg; counted up within one run of a node, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaybackId(pub u64);

/// One listening on one leg, from its start to its stop; counted up, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListeningId(pub u64);
