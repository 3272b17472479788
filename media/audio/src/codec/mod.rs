//! Payload ↔ frame.

pub mod conceal;
pub mod g711;
