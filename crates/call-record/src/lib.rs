//! What happened in a call: facts, closed tables of reasons, and the fold from facts to a record.
//!
//! The way of a fact through this crate: the switchboard says a [`Fact`] as it happens and stamps it
//! ([`StampedFact`]: whose call, which call, the how-manieth, when); the store keeps it; whoever wants to
//! know what became of a call folds its facts into a [`CallRecord`]. A record is opened by its first fact
//! and closed once, by [`Fact::CallEnded`]; the record of a desk that was killed is closed afterwards
//! with [`CallRecord::interrupted`].
//!
//! Facts are written to disk, so their serialised names are stable: a new meaning gets a new name, and a
//! change that old readers would misread counts [`SCHEMA`] up.
//!
//! It never asks a clock, never does I/O, and never shows in `Debug` what a caller said or who they are.

mod cause;
mod end_reason;
mod fact;
mod fault;
mod fold;
mod masked;
mod quality;
mod record;
mod text;
mod trouble;
mod waterfall;

pub use cause::Cause;
pub use end_reason::EndReason;
pub use fact::{
    AdmittedBy, Fact, LegRole, Level, Notice, Party, StampedFact, StreamSummary, TransferEnd, TransferKind,
};
pub use fault::{Fault, FaultCode, Whose};
pub use fold::FoldFault;
pub use masked::Masked;
pub use quality::{DirectionQuality, StreamQuality};
pub use record::{
    CallRecord, Diagnosis, End, Noticed, RecordedFile, Speaker, StepTaken, Stream, TranscriptLine, Transfer,
    TrunkTry, Turn,
};
pub use trouble::TrunkTrouble;
pub use waterfall::{TurnKind, Waterfall};

/// The version of the serialised form of facts and records.
pub const SCHEMA: u32 = 1;
