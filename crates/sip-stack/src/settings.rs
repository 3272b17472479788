//! The rules that the stack works by.

use crate::digest::Algorithm;
use crate::input::Flow;
use crate::quirks::Quirks;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Everything that an operator may set, as the stack needs it.
#[derive(Debug, Clone)]
pub struct SipSettings {
    /// The digest realm; also the domain that this side answers for.
    pub realm: String,
    /// What `Server` and `User-Agent` say; empty leaves them out. No version by default: it would tell strangers which of
    /// its weaknesses are known (RFC 3261 §20.35).
    pub product: String,
    /// Who may register and call, by user name.
    pub accounts: BTreeMap<String, Account>,
    /// Who may call without a password.
    pub peers: Vec<PeerRule>,
    /// The hashes that a challenge offers, in this order; no other is taken. A client passes over what it does not
    /// know (RFC 8760 §2.4), but not all do (`quirks.rs`).
    pub digests: Vec<Algorithm>,
    /// What this side calls itself to neighbours outside: behind a NAT that forwards ports.
    pub external: Option<ExternalAddress>,
    /// Whether a request that is too long for a datagram goes by TCP (RFC 3261 §18.1.1): whether TCP is listened on.
    pub stream_for_long_requests: bool,
    /// Session timers (RFC 4028); none neither asks for nor grants them.
    pub session_timer: Option<SessionTimer>,
    /// How many credentials that do not fit a source may present before it is locked out.
    pub failed_digests_max: u32,
    /// For how long a source is locked out that failed so often.
    pub lockout: Duration,
    /// T1, T2, T4 (RFC 3261 table 4).
    pub timers: TimerSettings,
    /// The shortest registration that is granted; shorter ones get 423 (RFC 3261 §10.3).
    pub expires_min: Duration,
    /// The longest registration that is granted; longer ones are cut to it.
    pub expires_max: Duration,
}

impl Default for SipSettings {
    fn default() -> Self {
        SipSettings {
            realm: "frontdesk".to_owned(),
            product: "frontdesk".to_owned(),
            accounts: BTreeMap::new(),
            peers: Vec::new(),
            digests: vec![Algorithm::Sha256, Algorithm::Md5],
            external: None,
            stream_for_long_requests: false,
            session_timer: Some(SessionTimer::default()),
            failed_digests_max: 20,
            lockout: Duration::from_secs(60),
            timers: TimerSettings::default(),
            expires_min: Duration::from_secs(60),
            expires_max: Duration::from_secs(3600),
        }
    }
}

impl SipSettings {
    /// What this side calls itself to the neighbour at the other end of a flow, in Via and Contact and, for its IP
    /// address, in SDP: the local address, but to neighbours outside the external one, if there is one of the same
    /// kind. The port is the local one: who forwards ports forwards them under their own number.
    pub fn advertised(&self, flow: Flow) -> SocketAddr {
        match &self.external {
            Some(external)
                if external.is_told_to(flow.remote.ip()) && external.is_kind_of(flow.local.ip()) =>
            {
                SocketAddr::new(external.ip, flow.local.port())
            }
            _ => flow.local,
        }
    }
}

/// The secret of an account, without its password: `H(username:realm:password)` (RFC 7616 §3.4.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// With MD5.
    pub ha1_md5: [u8; 16],
    /// With SHA-256.
    pub ha1_sha256: [u8; 32],
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account(..)")
    }
}

/// A neighbour that is known by its addresses or by its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeerRule {
    /// Its name in the configuration.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Names of which its certificate must prove one (RFC 5922), where it comes by TLS. With names and no addresses it is
    /// known by its certificate alone; with both, both must fit.
    pub certificate_names: Vec<String>,
    /// Whether it comes by TLS only. A datagram from its address may be anybody's.
    pub secure: bool,
    /// What it needs done differently.
    pub quirks: Arc<Quirks>,
}

/// This side's address as neighbours outside see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalAddress {
    /// What Via and Contact say instead of the local address.
    pub ip: IpAddr,
    /// Neighbours in these networks (address and prefix length) are inside, and are told the local address.
    pub inside: Vec<(IpAddr, u8)>,
}

impl ExternalAddress {
    /// Whether a neighbour is outside. This very machine and the other end of a cable are always inside.
    fn is_told_to(&self, neighbour: IpAddr) -> bool {
        let neighbour = neighbour.to_canonical();
        let beside = match neighbour {
            IpAddr::V4(ip) => ip.is_loopback() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local(),
        };
        !beside && !self.inside.iter().any(|(network, length)| is_within(neighbour, *network, *length))
    }

    fn is_kind_of(&self, local: IpAddr) -> bool {
        self.ip.is_ipv4() == local.to_canonical().is_ipv4()
    }
}

/// Whether the first `length` bits of both addresses are the same. A length beyond the address means all of it.
fn is_within(ip: IpAddr, network: IpAddr, length: u8) -> bool {
    let same = |one: u128, two: u128, width: u32| {
        let rest = width.saturating_sub(u32::from(length));
        one.checked_shr(rest).unwrap_or(0) == two.checked_shr(rest).unwrap_or(0)
    };
    match (ip, network.to_canonical()) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => same(ip.to_bits().into(), network.to_bits().into(), 32),
        (IpAddr::V6(ip), IpAddr::V6(network)) => same(ip.to_bits(), network.to_bits(), 128),
        _ => false,
    }
}

/// How long a call may stand without a sign of life (RFC 4028).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimer {
    /// What is asked for.
    pub expires: Duration,
    /// The least that is granted; less gets 422.
    pub least: Duration,
}

impl Default for SessionTimer {
    fn default() -> Self {
        SessionTimer { expires: Duration::from_secs(1_800), least: Duration::from_secs(90) }
    }
}

/// The times that every timer is made of (RFC 3261 §17.1.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerSettings {
    /// The round trip that is expected.
    pub t1: Duration,
    /// The longest wait between two repetitions.
    pub t2: Duration,
    /// How long a message may stay in the network.
    pub t4: Duration,
}

impl Default for TimerSettings {
    fn default() -> Self {
        TimerSettings {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Transport;

    fn behind(external: &str, inside: &[(&str, u8)]) -> SipSettings {
        let inside = inside.iter().map(|(ip, length)| (ip.parse().expect("an address"), *length)).collect();
        let ip = external.parse().expect("an address");
        SipSettings { external: Some(ExternalAddress { ip, inside }), ..SipSettings::default() }
    }

    fn told(settings: &SipSettings, local: &str, remote: &str) -> String {
        let (local, remote) = (local.parse().expect("an address"), remote.parse().expect("an address"));
        settings.advertised(Flow { transport: Transport::Udp, local, remote }).to_string()
    }

    #[test]
    fn neighbours_outside_are_told_the_external_address_and_those_inside_the_local_one() {
        let settings = behind("203.0.113.5", &[("10.1.0.0", 16), ("192.168.7.0", 24)]);
        for (remote, said) in [
            ("198.51.100.1:5060", "203.0.113.5:5060"),
            ("10.1.255.9:5060", "10.1.0.2:5060"),
            ("10.2.0.1:5060", "203.0.113.5:5060"),
            ("192.168.7.77:5061", "10.1.0.2:5060"),
            ("127.0.0.1:5060", "10.1.0.2:5060"),
            ("169.254.3.3:5060", "10.1.0.2:5060"),
        ] {
            assert_eq!(told(&settings, "10.1.0.2:5060", remote), said, "{remote}");
        }
        assert_eq!(told(&SipSettings::default(), "10.1.0.2:5060", "198.51.100.1:5060"), "10.1.0.2:5060");
    }

    #[test]
    fn an_external_address_of_the_other_kind_is_not_told() {
        let settings = behind("203.0.113.5", &[("2001:db8::", 32)]);
        assert_eq!(told(&settings, "[2001:db8::1]:5060", "[2001:dead::9]:5060"), "[2001:db8::1]:5060");
        let settings = behind("2001:db8:ffff::5", &[("2001:db8:1::", 48)]);
        assert_eq!(told(&settings, "[2001:db8:1::1]:5060", "[2001:db8:1::9]:5060"), "[2001:db8:1::1]:5060");
        assert_eq!(
            told(&settings, "[2001:db8:1::1]:5060", "[2001:db8:2::9]:5060"),
            "[2001:db8:ffff::5]:5060"
        );
    }

    #[test]
    fn a_network_of_length_zero_holds_everybody_and_one_that_is_too_long_one_address() {
        assert_eq!(
            told(&behind("203.0.113.5", &[("0.0.0.0", 0)]), "10.1.0.2:5060", "198.51.100.1:5060"),
            "10.1.0.2:5060"
        );
        let settings = behind("203.0.113.5", &[("198.51.100.1", 200)]);
        assert_eq!(told(&settings, "10.1.0.2:5060", "198.51.100.1:5060"), "10.1.0.2:5060");
        assert_eq!(told(&settings, "10.1.0.2:5060", "198.51.100.2:5060"), "203.0.113.5:5060");
    }
}
