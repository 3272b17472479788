//! What the switchboard says: the whole outgoing vocabulary of the node on one page.

use crate::input::FlowFault;
use crate::originate::{OriginationId, OriginationNews};
use crate::trunk::TrunkHealth;
use frontdesk_call_record::{StampedFact, TrunkTrouble};
use frontdesk_media_protocol::MediaCommand;
use frontdesk_sip_stack::{Flow, SipFact, Transport};
use std::time::Duration;

/// One output of [`Switchboard::poll`](crate::Switchboard::poll).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SwitchboardOutput {
    /// Send this datagram.
    Transmit {
        /// Where.
        flow: Flow,
        /// What.
        bytes: Vec<u8>,
    },
    /// Ask where a trunk is (RFC 3263), and say so by [`Located`](crate::SwitchboardInput::Located). It is asked again
    /// when the answer runs out.
    Locate {
        /// The trunk's name.
        trunk: String,
        /// A domain, a host name or an address.
        host: String,
        /// A port skips NAPTR and SRV.
        port: Option<u16>,
        /// Only by this transport; none leaves the choice to the domain.
        transport: Option<Transport>,
    },
    /// What became of a call that was placed from inside.
    Originated {
        /// Which.
        id: OriginationId,
        /// What.
        news: OriginationNews,
    },
    /// An order to the sound.
    Media(MediaCommand),
    /// A fact of a call: append it to the record.
    Record(StampedFact),
    /// Something about the node, no call's business: log it.
    Notice(Notice),
}

/// Something about the node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A phone registered, or moved.
    PhoneRegistered {
        /// The account.
        account: String,
        /// Its contact.
        contact: String,
    },
    /// A phone is registered no more.
    PhoneGone {
        /// The account.
        account: String,
        /// Its contact.
        contact: String,
        /// Whether it ran out rather than being taken back.
        expired: bool,
    },
    /// A call was refused before it became one.
    CallRefused {
        /// The status that the caller got.
        status: u16,
        /// Why, as a phrase.
        why: &'static str,
        /// When it may be tried again.
        retry_after: Option<Duration>,
    },
    /// A trunk is better or worse off than before.
    Trunk {
        /// Its name.
        trunk: String,
        /// How it is.
        health: TrunkHealth,
    },
    /// A call did not go over a trunk that stood first.
    TrunkPassedOver {
        /// Its name.
        trunk: String,
        /// Why.
        trouble: TrunkTrouble,
    },
    /// A connection could not be had, and why.
    FlowFailed {
        /// Which.
        flow: Flow,
        /// Why.
        fault: FlowFault,
    },
    /// Something that the SIP stack noticed.
    Sip(SipFact),
}
