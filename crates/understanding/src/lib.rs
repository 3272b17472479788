//! (being written)
mod choice;
mod language;

pub use choice::{Choice, Chosen, Heard, Rejection, Verdict, choose, plain};
pub use language::Language;
