//! One contact of one account (RFC 3261 §10.2.1).

use crate::input::Flow;
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{NameAddr, Uri};

/// Where an account is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The contact as the phone wrote it: the Request-URI of a call to it.
    pub contact: Uri,
    /// The way the REGISTER came: a call to the phone goes back over it, through whatever translates addresses.
    pub flow: Flow,
    /// When it runs out.
    pub expires: Moment,
    /// The Call-ID of the REGISTER.
    pub call_id: String,
    /// The sequence number of the REGISTER.
    pub cseq: u32,
    /// The proxies between here and the phone (RFC 3327): a call to it carries them as `Route` lines
    /// ([`OutgoingCall::routes`](crate::OutgoingCall::routes)), the next hop first, and goes over `flow` all the same.
    pub path: Vec<NameAddr>,
    /// `+sip.instance` (RFC 5626 §4.1), without its quotes: which device it is, whatever its contact says today.
    pub instance: Option<String>,
    /// `reg-id` (RFC 5626 §4.2): which of several flows of the device; with it, the contact is known by instance and
    /// number rather than by its URI.
    pub flow_number: Option<u32>,
    /// The preference, in thousandths: 1000 is the most wanted (RFC 3261 §20.10).
    pub preference: u16,
}
