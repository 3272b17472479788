//! What the switchboard is told: the whole incoming vocabulary of the node on one page.

use frontdesk_call_flow::Flow;
use frontdesk_caller_identity::Verifier;
use frontdesk_directory::Directory;
use frontdesk_identifiers::FlowId;
use frontdesk_media_protocol::{MediaEvent, SpeechEvent};
use frontdesk_sip_stack::{Flow as SipFlow, SipInput, SipSettings};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::limits::Limits;
use crate::originate::{Origination, OriginationId};

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
    /// What was sent over this flow cannot be delivered, and why. It stands in place of
    /// [`TransportFailed`](SipInput::TransportFailed), where the reason is known.
    FlowFailed {
        /// Which flow.
        flow: SipFlow,
        /// Why.
        fault: FlowFault,
    },
    /// Where a trunk is, as [`Locate`](crate::SwitchboardOutput::Locate) asked.
    Located {
        /// The trunk's name.
        trunk: String,
        /// The ways to it, in the order of RFC 3263 §4 and RFC 2782, or why there is none.
        answer: Result<Vec<Hop>, LocateFailure>,
        /// How long the answer holds.
        valid_for: Duration,
    },
    /// Place a call from inside. What becomes of it is told by
    /// [`Originated`](crate::SwitchboardOutput::Originated).
    Originate(Box<Origination>),
    /// Give up a call that was placed from inside, whatever its state.
    CancelOrigination(OriginationId),
    /// Nothing happened, but a deadline has come.
    Tick,
    /// Take no new calls, and have registrations at trunks taken back; calls that stand go on.
    Drain,
    /// End every call.
    EndCalls,
}

/// One way to a trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// The path.
    pub flow: SipFlow,
    /// Lower is used first (RFC 2782).
    pub priority: u16,
    /// Its share among hops of equal priority (RFC 2782).
    pub weight: u16,
}

/// Why a flow carries nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlowFault {
    /// Nobody answered in time: the network's, or a firewall's.
    #[error("nobody answered in time")]
    TimedOut,
    /// Nobody listens there: the other side's.
    #[error("nobody listens on that port")]
    Refused,
    /// The network says no.
    #[error("the network refused it")]
    Network,
    /// The other side's certificate is not taken.
    #[error("{0}")]
    Certificate(CertificateFault),
    /// TLS failed for another reason.
    #[error("the two sides agree on no TLS")]
    Tls,
}

/// Why a certificate is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// It is another's.
    #[error("the certificate proves another name")]
    AnotherName,
    /// It is too old.
    #[error("the certificate has expired")]
    Expired,
    /// Nobody who is trusted signed it.
    #[error("no trusted authority signed the certificate")]
    UnknownAuthority,
}

/// Why nobody can say where a trunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocateFailure {
    /// There is no such name, or it has no address: the operator's to mend.
    #[error("the name has no address")]
    NoSuchName,
    /// The domain says that it offers no SIP (RFC 2782: the target is `.`): the operator's to mend.
    #[error("the domain offers no SIP")]
    NoService,
    /// No name server answered, or it failed: the network's, and worth another try.
    #[error("no name server answered")]
    NoAnswer,
    /// This side does not listen by the transport or the address family that it takes: the operator's to mend.
    #[error("no listener of this side has its transport and address family")]
    NoListener,
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
    /// The certificates that signed callers are verified against (RFC 8224); none verifies nobody.
    pub verifier: Option<Arc<Verifier>>,
    /// How much at once.
    pub limits: Limits,
    /// The data folder; recordings go to `tenants/<tenant>/recordings/` in it.
    pub data: PathBuf,
    /// Whether they are encrypted at rest.
    pub seal_recordings: bool,
    /// Whether there is music for whoever is held.
    pub hold_music: bool,
}
