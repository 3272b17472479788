//! A telephone for the command line: `frontdesk call`.
//!
//! The way of a call: `line.rs` owns the wire (`wire.rs`), the media engine and the voice, and tells the time; `phone.rs`
//! decides (pure, over the same SIP stack as the desk); `script.rs` says and presses what it was asked to, each
//! item when the far end has finished speaking.

mod line;
mod phone;
mod recording_file;
mod script;
mod wire;
mod words;

pub use line::{LineFault, LineOptions, run};
pub use phone::Phone;
pub use recording_file::numbered;
pub use script::{Item, Script};
pub(crate) use wire::Letter;
pub use wire::{Destination, Wire, WireFault};
pub use words::{CallEnd, KeyForm, News, PhoneInput, PhoneOutput, PhonePlan, Registration, WhenCalled};
