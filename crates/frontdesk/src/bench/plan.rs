//! What is to be measured, and what is asked of the outcome.

use frontdesk_media_protocol::Codec;
use frontdesk_sip_message::{NameAddr, Uri};
use frontdesk_sip_stack::{Credentials, Flow};
use std::time::Duration;

/// What the bench does.
#[derive(Debug, Clone)]
pub struct BenchPlan {
    /// Whom to call; none for a bench that only answers.
    pub target: Option<Uri>,
    /// How many calls are placed.
    pub calls: u32,
    /// Calls a second.
    pub rate: f64,
    /// How long each call speaks after it was answered.
    pub talk: Duration,
    /// How long a call may take to be answered.
    pub patience: Duration,
    /// The law that is spoken.
    pub codec: Codec,
    /// The keys that each caller presses in the middle of its call.
    pub keys: String,
    /// Who calls.
    pub caller: Party,
    /// Who is called and answers, if the bench does.
    pub callee: Option<Callee>,
    /// The way to the target.
    pub flow: Flow,
    /// The share of packets that is lost on purpose, and by how much the others are delayed at most.
    pub mishap: (f64, Duration),
}

/// Somebody on the telephone.
#[derive(Debug, Clone)]
pub struct Party {
    /// As From and To name him.
    pub name: NameAddr,
    /// His name and password, for whoever asks.
    pub credentials: Option<Credentials>,
}

/// The telephone that the target puts calls through to.
#[derive(Debug, Clone)]
pub struct Callee {
    /// Whose it is.
    pub party: Party,
    /// At which registrar it registers, if it does.
    pub registrar: Option<Uri>,
    /// How long it rings.
    pub ring: Duration,
}

/// What is asked of the outcome; nothing by default.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// The share of calls that may fail, in percent.
    pub failed_percent: Option<f64>,
    /// The share of packets that may be lost beyond those that were lost on purpose, in percent.
    pub lost_percent: Option<f64>,
    /// What 99 of 100 packets may be late at most, in milliseconds.
    pub delay_p99_ms: Option<f64>,
    /// What 99 of 100 calls may take to be answered, in milliseconds.
    pub answered_p99_ms: Option<f64>,
    /// The least opinion (MOS).
    pub opinion: Option<f64>,
    /// The share of keys that must arrive, in percent.
    pub keys_percent: Option<f64>,
}
