//! What may be done to a frame.

pub mod activity;
pub(crate) mod dot;
pub mod rate;
pub mod resample;
pub mod tone_detect;
pub mod tone_make;
