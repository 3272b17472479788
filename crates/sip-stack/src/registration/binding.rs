//! One contact of one account (RFC 3261 §10.2.1).

use crate::input::{Flow, Transport};
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{Contact, NameAddr, Uri};
use std::net::SocketAddr;

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
    /// `+sip.instance` (RFC 5626 §4.1), without quotes and brackets: which device it is, whatever its contact says today.
    pub instance: Option<String>,
    /// `reg-id` (RFC 5626 §4.2): which of several flows of the device; with it, the contact is known by instance and
    /// number rather than by its URI.
    pub flow_number: Option<u32>,
    /// The preference, in thousandths: 1000 is the most wanted (RFC 3261 §20.10).
    pub preference: u16,
}

impl Binding {
    /// Whether a contact of a REGISTER means this binding: by instance and flow number where both have them (RFC 5626
    /// §6), else by URI (RFC 3261 §10.3 step 7).
    pub(super) fn is_meant_by(
        &self,
        contact: &Uri,
        instance: Option<&str>,
        flow_number: Option<u32>,
    ) -> bool {
        match (self.flow_number, flow_number) {
            (Some(known), Some(number)) => known == number && self.instance.as_deref() == instance,
            _ => self.contact.equivalent(contact),
        }
    }

    /// Whether both are ways to the same device.
    pub(super) fn is_flow_of_the_device_of(&self, other: &Binding) -> bool {
        self.flow_number.is_some() && other.flow_number.is_some() && self.instance == other.instance
    }

    /// The way to it once the connection of its flow is closed: a new connection to the port that the next hop names.
    /// None where only the closed connection led there: to who came by WebSocket (RFC 7118 §5), to a flow of its own
    /// (RFC 5626 §5.3), and through a translator, behind which the address means nothing.
    pub(super) fn reopened(&self) -> Option<Flow> {
        let transport = self.flow.transport;
        if !matches!(transport, Transport::Tcp | Transport::Tls)
            || (self.flow_number.is_some() && self.path.is_empty())
        {
            return None;
        }
        let hop = self.path.first().map_or(&self.contact, |proxy| &proxy.uri).as_sip()?;
        let same_way = Transport::asked_by(hop).is_none_or(|asked| asked == transport);
        let ip = hop.host.ip().filter(|ip| same_way && *ip == self.flow.remote.ip())?;
        let remote = SocketAddr::new(ip, hop.port.unwrap_or(transport.default_port()));
        Some(Flow { remote, ..self.flow })
    }

    /// The line of the answer to a REGISTER, with so many seconds left.
    pub(super) fn to_line(&self, seconds_left: u64) -> String {
        let mut contact = Contact::from(NameAddr::new(self.contact.clone()));
        let parameters = &mut contact.address.parameters;
        parameters.set("expires", Some(&seconds_left.to_string()));
        if self.preference < 1000 {
            parameters.set("q", Some(&format!("0.{:03}", self.preference)));
        }
        if let Some(instance) = &self.instance {
            parameters.set("+sip.instance", Some(&format!("<{instance}>")));
        }
        if let Some(number) = self.flow_number {
            parameters.set("reg-id", Some(&number.to_string()));
        }
        contact.to_string()
    }
}
