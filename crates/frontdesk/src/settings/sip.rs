//! `[sip]`, `[dns]` and `[clock]`: where calls come in, and how this side is known outside.

use super::section::Section;
use super::{digests, listen};
use frontdesk_sip_stack::{DigestAlgorithm, ExternalAddress, SessionTimer};
use frontdesk_sip_transport::ListenAddress;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// `[sip]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipListenSettings {
    /// Where calls come in. Port 0 takes any free one.
    pub listen: Vec<ListenAddress>,
    /// The digest realm; every password is made for it.
    pub realm: String,
    /// What the desk calls itself (`Server`, `User-Agent`); empty for nothing.
    pub product: String,
    /// The hashes with which phones may prove their password, the preferred one first.
    pub digests: Vec<DigestAlgorithm>,
    /// How neighbours outside reach this side.
    pub external: External,
    /// Neighbours in these networks are told the local address.
    pub inside: Vec<(IpAddr, u8)>,
    /// Session timers; none neither asks for nor grants them.
    pub session_timer: Option<SessionTimer>,
    /// How many wrong passwords lock a source out.
    pub failed_digests_max: u32,
    /// For how long.
    pub lockout: Duration,
}

/// How neighbours outside reach this side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum External {
    /// Under its own addresses.
    AsItIs,
    /// Under this address: the outside of a NAT that forwards the ports.
    Address(IpAddr),
    /// Under the address that this STUN server sees at the start (RFC 8489).
    Learnt {
        /// `host:port`.
        stun: String,
    },
}

impl SipListenSettings {
    /// What the stack is told; `learnt` is what a STUN server said.
    pub fn external_address(&self, learnt: Option<IpAddr>) -> Option<ExternalAddress> {
        let ip = match &self.external {
            External::AsItIs => None,
            External::Address(ip) => Some(*ip),
            External::Learnt { .. } => learnt,
        };
        ip.map(|ip| ExternalAddress { ip, inside: self.inside.clone() })
    }
}

/// What is not of the Internet (RFC 1918, RFC 4193, RFC 3927, loopback, RFC 6598): inside unless the settings say otherwise.
const INSIDE: [&str; 10] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
    "fec0::/10",
];

pub(super) fn read(mut sip: Section<'_, '_>) -> SipListenSettings {
    let listen = match sip.texts("listen") {
        Some(listed) => listen::read_all(&sip, &listed),
        None => listen::everywhere(),
    };
    let realm = read_realm(&mut sip);
    let product = read_product(&mut sip);
    let digests = digests::read(&mut sip);
    let external = read_external(&mut sip);
    let inside = read_inside(&mut sip);
    let session_timer = read_session_timer(&mut sip);
    let failures = "a number of wrong passwords from 1 to 1000";
    let failed_digests_max = sip.bounded("failed_passwords", failures, 1, 1_000).unwrap_or(20);
    let lockout = sip.bounded("lockout", "seconds, from 1 to 86400", 1, 86_400).unwrap_or(60);
    sip.finish();
    SipListenSettings {
        listen,
        realm,
        product,
        digests,
        external,
        inside,
        session_timer,
        failed_digests_max,
        lockout: Duration::from_secs(lockout),
    }
}

fn read_realm(sip: &mut Section<'_, '_>) -> String {
    let realm = sip.text("realm").map(|realm| realm.value.to_owned());
    let realm = realm.unwrap_or_else(|| "frontdesk".to_owned());
    // The realm stands quoted in a challenge, and in what HA1 is made of, between colons.
    if realm.is_empty() || realm.len() > 128 || realm.chars().any(|c| c == '"' || c == '\\' || c.is_control())
    {
        sip.bad(
            "realm",
            &realm,
            "1 to 128 characters without quotation marks, backslashes and control characters",
        );
    }
    realm
}

/// `product = "frontdesk"`: printable, since it stands in a header as it is written.
fn read_product(sip: &mut Section<'_, '_>) -> String {
    let product = sip.text("product").map_or("frontdesk", |product| product.value).trim().to_owned();
    if product.len() > 128 || !product.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        sip.bad("product", &product, "up to 128 printable ASCII characters, or \"\" to say nothing");
    }
    product
}

fn read_external(sip: &mut Section<'_, '_>) -> External {
    let (address, stun) = (sip.text("external"), sip.text("stun"));
    match (address, stun) {
        (None, None) => External::AsItIs,
        (Some(text), None) => match text.value.parse::<IpAddr>() {
            Ok(ip) if !ip.is_unspecified() => External::Address(ip.to_canonical()),
            _ => {
                let rule = "an IP address without port, as the Internet sees this desk: 203.0.113.5";
                sip.bad_at(text.line, "external", text.value, rule);
                External::AsItIs
            }
        },
        (None, Some(text)) => {
            if host_and_port(text.value).is_none() {
                sip.bad_at(text.line, "stun", text.value, "a host and its port: stun.example.net:3478");
            }
            External::Learnt { stun: text.value.to_owned() }
        }
        (Some(_), Some(text)) => {
            sip.bad_at(text.line, "stun", text.value, "left out where `external` says the address already");
            External::AsItIs
        }
    }
}

fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    (!host.is_empty() && !host.contains(char::is_whitespace)).then_some((host, port))
}

fn read_inside(sip: &mut Section<'_, '_>) -> Vec<(IpAddr, u8)> {
    let Some(listed) = sip.texts("inside") else {
        return INSIDE.iter().filter_map(|network| read_network(network)).collect();
    };
    let mut networks = Vec::new();
    for text in listed {
        match read_network(text.value) {
            Some(network) => networks.push(network),
            None => {
                sip.bad_at(text.line, "inside", text.value, "networks such as 192.168.0.0/16 or fc00::/7")
            }
        }
    }
    networks
}

fn read_network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    length.parse().ok().filter(|length| *length <= longest).map(|length| (address, length))
}

/// Seconds, or 0 for none. RFC 4028 §4 allows no less than 90.
fn read_session_timer(sip: &mut Section<'_, '_>) -> Option<SessionTimer> {
    const RULE: &str = "seconds from 90 to 86400, or 0 for no session timer";
    match sip.bounded::<u64>("session_timer", RULE, 0, 86_400) {
        None => Some(SessionTimer::default()),
        Some(0) => None,
        Some(seconds) if seconds < 90 => {
            sip.bad("session_timer", &seconds.to_string(), RULE);
            None
        }
        Some(seconds) => {
            Some(SessionTimer { expires: Duration::from_secs(seconds), ..SessionTimer::default() })
        }
    }
}

/// `[dns] servers = ["192.0.2.53", "192.0.2.54:5353"]`
pub(super) fn read_name_servers(mut dns: Section<'_, '_>) -> Vec<SocketAddr> {
    let mut servers = Vec::new();
    for text in dns.texts("servers").unwrap_or_default() {
        let server = text.value.parse::<SocketAddr>().ok();
        match server.or_else(|| text.value.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53))) {
            Some(server) => servers.push(server),
            None => dns.bad_at(text.line, "servers", text.value, "IP addresses, with or without a port"),
        }
    }
    dns.finish();
    servers
}

/// `[clock] server = "ntp.example.net"`
pub(super) fn read_time_server(mut clock: Section<'_, '_>) -> Option<String> {
    let server = clock.text("server").map(|server| server.value.to_owned());
    if let Some(server) = server.as_deref()
        && (server.is_empty() || server.contains(char::is_whitespace))
    {
        clock.bad("server", server, "a host, with or without a port: ntp.example.net");
    }
    clock.finish();
    server
}
