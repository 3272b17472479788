//! What the switchboard is told: the whole incoming vocabulary of the node on one page.

use frontdesk_call_flow::Flow;
use frontdesk_directory::Directory;
use frontdesk_identifiers::FlowId;
use frontdesk_media_protocol::{MediaEvent, SpeechEvent};
use frontdesk_sip_stack::{SipInput, SipSettings};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::limits::Limits;

/// One input to [`Switchboard::handle`](crate::Switchboard::handle).
#[derive(Debug, Clone)]
pub enum SwitchboardInput {
    /// The rules to work by: the first input, and again at each reload. Calls that stand keep the flow version
    /// that they began with.
    Rules(Arc<Rules>),
    /// A datagram, or that one could not be delivered.
    Sip(SipInput),
    /// A fact from the media threads.
    Media(MediaEvent),
    /// A fact from the ears.
    Speech(SpeechEvent),
    /// Nothing happened, but a deadline has come.
    Tick,
    /// Take no new calls; those that stand go on.
    Drain,
    /// End every call.
    EndCalls,
}

/// Everything that an operator may set, as the switchboard needs it.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Who and what exists.
    pub directory: Arc<Directory>,
    /// The published flows, by name.
    pub flows: BTreeMap<FlowId, Arc<Flow>>,
    /// The rules of the SIP side.
    pub sip: Arc<SipSettings>,
    /// The address that sound is told to come to; none takes the one that the call came in on.
    pub sound_address: Option<IpAddr>,
    /// How much at once.
    pub limits: Limits,
    /// The data folder; recordings go to `tenants/<tenant>/recordings/` in it.
    pub data: PathBuf,
}
