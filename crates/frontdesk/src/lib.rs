//! (being written)

pub mod accounts;
pub mod settings;
