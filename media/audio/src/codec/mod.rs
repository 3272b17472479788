//! Payload ↔ frame.

pub mod comfort_noise;
pub mod conceal;
pub mod decoder;
pub mod encoder;
pub mod g711;
pub mod g722;
pub mod opus;
