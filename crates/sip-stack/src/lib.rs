//! The rules of SIP (being documented).

mod admission;
mod chance;
mod dialog;
mod digest;
mod input;
pub mod limits;
mod nonces;
mod output;
mod registration;
mod reply;
mod routing;
mod scrutiny;
mod settings;
mod stack;
pub mod testing;
mod timers;
mod transaction;

pub use digest::ha1;
pub use input::{
    Credentials, Flow, OutgoingCall, OutgoingRegistration, RegistrationId, SessionId, SipCommand, SipInput,
    Transport,
};
pub use nonces::{MAX_NONCES, NONCE_LIFETIME};
pub use output::{Admission, IncomingCall, SessionEnd, SipEvent, SipFact, SipOutput};
pub use registration::binding::Binding;
pub use settings::{Account, PeerRule, SipSettings, TimerSettings};
pub use stack::{Census, SipStack};
