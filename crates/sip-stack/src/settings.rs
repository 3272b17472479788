//! The rules that the stack works by.

use crate::digest::Algorithm;
use std::collections::BTreeMap;
use std::net::IpAddr;
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

/// A neighbour that is known by its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRule {
    /// Its name in the configuration.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
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
