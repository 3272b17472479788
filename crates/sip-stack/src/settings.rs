//! The rules that the stack works by.

use crate::digest::Algorithm;
use crate::quirks::Quirks;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Everything that an operator may set, as the stack needs it.
#[derive(Debug, Clone)]
pub struct SipSettings {
    /// The digest realm; also the domain that this side answers for.
    pub realm: String,
    /// What `Server` and `User-Agent` say.
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
    /// How many credentials in a row that do not fit a source may present before it is locked out.
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
            product: concat!("frontdesk/", env!("CARGO_PKG_VERSION")).to_owned(),
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
