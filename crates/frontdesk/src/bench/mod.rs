//! `frontdesk bench`: how a desk, or any SIP target, stands up to calls.
//!
//! The way of a measured call: [`calls`] (pure, over the desk's own SIP stack) places it when its turn has come, or answers
//! it where the bench is the telephone that is called; `run` opens a socket for it; once it stands, [`voice`] sends a packet
//! each 20 ms whose payload is a [`stamp`]: a number and the times that are needed to say how long it and its answer were
//! under way. What comes back is put into [`figures`], and at the end [`report`] writes them as JSON and [`page`] as one HTML
//! file. What leaves can be lost and delayed on purpose by [`mishap`].
//!
//! The stamp is written in half bytes as loud G.711 codes: decoding and encoding gives the same codes again, so that it
//! survives a target which handles the sound, as long as both legs speak the same law.

pub mod calls;
pub mod figures;
pub mod histogram;
pub mod mishap;
pub mod page;
pub mod plan;
pub mod report;
mod run;
mod sockets;
pub mod stamp;
pub mod voice;

pub use run::{BenchFault, Progress, run};
