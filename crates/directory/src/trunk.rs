//! A trunk: a carrier or a PBX over which calls come and go, and everything about it that an operator may set.

use crate::number_plan::NumberPlan;
use crate::{Encryption, SoundCodec};
use frontdesk_identifiers::{TelephoneNumber, TenantId};
use std::net::IpAddr;
use std::time::Duration;

/// A neighbour over which calls come and go: a carrier, a PBX, an SBC. Built with [`Trunk::new`], then field by field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// Whose calls it carries.
    pub tenant: TenantId,
    /// Its name, in settings and records; no peer has it too.
    pub name: String,
    /// Where it is: a domain with NAPTR or SRV records, a host name, or an address (RFC 3263).
    pub host: String,
    /// A port skips NAPTR and SRV (RFC 3263 §4.2).
    pub port: Option<u16>,
    /// How it is spoken with; none leaves the choice to its NAPTR records, or takes UDP.
    pub transport: Option<TrunkTransport>,
    /// The outbound proxy, asked for instead of `host`, which stays the domain of the URIs.
    pub proxy: Option<Proxy>,
    /// A trunk with a lower number is used first, as in RFC 2782.
    pub priority: u16,
    /// Its share of the calls among trunks of equal priority, as in RFC 2782.
    pub weight: u16,
    /// How this side proves who it is; none where the address or the certificate does.
    pub account: Option<TrunkAccount>,
    /// Where this side registers; none for trunks that know this side's address.
    pub register: Option<TrunkRegister>,
    /// Further addresses that its calls come from.
    pub addresses: Vec<IpAddr>,
    /// Whether its calls come from the addresses that `host` leads to as well.
    pub calls_from_host: bool,
    /// Names of which its certificate must prove one, where its calls come by TLS (RFC 5922).
    pub certificate_names: Vec<String>,
    /// Whether it is within the trust domain (RFC 3325 §2.3): what it asserts of its callers is believed, and numbers
    /// that callers withhold are told to it.
    pub trusted: bool,
    /// How it writes numbers, and how its country does.
    pub plan: NumberPlan,
    /// How callers are shown to it.
    pub presentation: Presentation,
    /// How much it takes.
    pub limits: TrunkLimits,
    /// How often it is asked by OPTIONS whether it is there; none never asks.
    pub probe_every: Option<Duration>,
    /// Whether it takes REFER, so that a transferred call needs no leg of this side any more.
    pub refer: bool,
    /// Whether it is believed where it sends a call elsewhere by a 3xx.
    pub redirects: Redirects,
    /// Whether its sound is encrypted.
    pub srtp: Encryption,
    /// What its sound may be coded in, the dearest first; none: as most have it.
    pub codecs: Option<Vec<SoundCodec>>,
    /// What it needs done differently.
    pub quirks: TrunkQuirks,
}

impl Trunk {
    /// A trunk of a tenant with everything else as most have it: neither account nor registration, calls from its own
    /// host, not trusted, numbers as they are, a probe each minute.
    pub fn new(tenant: TenantId, name: &str, host: &str) -> Trunk {
        Trunk {
            tenant,
            name: name.to_owned(),
            host: host.to_owned(),
            port: None,
            transport: None,
            proxy: None,
            priority: 10,
            weight: 10,
            account: None,
            register: None,
            addresses: Vec::new(),
            calls_from_host: true,
            certificate_names: Vec::new(),
            trusted: false,
            plan: NumberPlan::default(),
            presentation: Presentation::default(),
            limits: TrunkLimits::default(),
            probe_every: Some(Duration::from_secs(60)),
            refer: false,
            redirects: Redirects::default(),
            srtp: Encryption::default(),
            codecs: None,
            quirks: TrunkQuirks::default(),
        }
    }

    /// What the locator is asked for: the outbound proxy if there is one, else the host.
    pub fn next_hop(&self) -> (&str, Option<u16>) {
        match &self.proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (&self.host, self.port),
        }
    }

    /// The domain of its addresses of record: where this side registers, else its host.
    pub fn domain(&self) -> &str {
        self.register.as_ref().and_then(|register| register.domain.as_deref()).unwrap_or(&self.host)
    }
}

/// How a trunk is spoken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrunkTransport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream under TLS.
    Tls,
}

/// An outbound proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// A name or an address.
    pub host: String,
    /// A port skips SRV.
    pub port: Option<u16>,
}

/// This side's account at a trunk. `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub struct TrunkAccount {
    /// The user part of the address of record.
    pub user: String,
    /// The name in the digest, where it is another.
    pub auth_user: Option<String>,
    /// The secret.
    pub password: String,
}

impl TrunkAccount {
    /// The name in the digest.
    pub fn digest_user(&self) -> &str {
        self.auth_user.as_deref().unwrap_or(&self.user)
    }
}

impl std::fmt::Debug for TrunkAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrunkAccount")
            .field("user", &self.user)
            .field("auth_user", &self.auth_user)
            .finish_non_exhaustive()
    }
}

/// How this side registers at a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkRegister {
    /// The registrar's domain, where it is not the trunk's host.
    pub domain: Option<String>,
    /// How long to ask for.
    pub expires: Duration,
    /// Under which addresses of record.
    pub as_whom: RegisterAs,
}

impl Default for TrunkRegister {
    fn default() -> Self {
        TrunkRegister { domain: None, expires: Duration::from_secs(600), as_whom: RegisterAs::Account }
    }
}

/// Under which addresses of record this side registers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RegisterAs {
    /// Once, as the account, for all its numbers.
    #[default]
    Account,
    /// Once for each of these user parts, all with the account's password.
    Each(Vec<String>),
}

/// How callers are shown to a trunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presentation {
    /// The number that is shown for everybody who has none of their own on this trunk, in E.164.
    pub main: Option<TelephoneNumber>,
    /// Whether a phone's direct number is shown for it, rather than the main number.
    pub direct: bool,
    /// Whether numbers that are not this side's may be shown: the original caller's, for calls that are passed on ("CLIP
    /// no screening").
    pub no_screening: bool,
    /// How a call that is passed on tells who was called first.
    pub diversion: DiversionForm,
    /// Which header tells who calls, besides From.
    pub identity: IdentityForm,
    /// What From says.
    pub from: FromUser,
    /// The domain of this side's From, where it is not the trunk's.
    pub from_domain: Option<String>,
}

/// How a call that is passed on tells who was called first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DiversionForm {
    /// Not at all.
    #[default]
    Hidden,
    /// `Diversion` (RFC 5806).
    Diversion,
    /// `History-Info` (RFC 7044).
    HistoryInfo,
}

/// Which header tells a trunk who calls, besides From.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdentityForm {
    /// None: From is all.
    #[default]
    FromOnly,
    /// `P-Asserted-Identity` (RFC 3325 §9.1).
    Asserted,
    /// `P-Preferred-Identity` (RFC 3325 §9.2).
    Preferred,
    /// `Remote-Party-ID`, the draft that RFC 3325 came from.
    RemoteParty,
}

/// What From says to a trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FromUser {
    /// The number that is shown.
    #[default]
    Number,
    /// The account, always: the number is in the identity header.
    Account,
}

/// How much a trunk takes; none is without bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrunkLimits {
    /// Calls at once, in and out together.
    pub calls: Option<u32>,
    /// Calls that begin within a second, outward.
    pub calls_per_second: Option<u32>,
}

/// What becomes of a 3xx (RFC 3261 §8.1.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redirects {
    /// It is a failure: whoever can redirect can have expensive numbers called.
    #[default]
    Never,
    /// The call goes to the new number over the same trunk.
    SameTrunk,
    /// The call goes to the new number over whichever trunk is the best.
    AnyTrunk,
}

/// What one trunk needs done differently: data of its profile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrunkQuirks {
    /// How provisional responses are made reliable with it (RFC 3262).
    pub reliable_provisional: ProvisionalReliability,
    /// Session timers are neither asked for nor granted.
    pub no_session_timer: bool,
    /// UPDATE is never sent.
    pub no_update: bool,
    /// The user part of this side's Contact, where it is not the account's.
    pub contact_user: Option<String>,
    /// The most that `Expires` of a REGISTER may ask for, in seconds.
    pub register_expires_max_s: Option<u32>,
}

/// How provisional responses are made reliable (RFC 3262 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProvisionalReliability {
    /// Where the other side requires it, and for early media where it can.
    #[default]
    WhenUseful,
    /// Only where the other side requires it.
    WhenRequired,
    /// In every INVITE of this side it is required.
    Demanded,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_reaches_a_log() {
        let account = TrunkAccount {
            user: "4930123".to_owned(),
            auth_user: Some("x77".to_owned()),
            password: "hunter2".to_owned(),
        };
        let mut trunk = Trunk::new(TenantId::new("main").expect("a name"), "carrier", "sip.example");
        trunk.account = Some(account.clone());
        assert!(!format!("{trunk:?}").contains("hunter2"));
        assert_eq!(account.digest_user(), "x77");
    }

    #[test]
    fn an_outbound_proxy_is_where_calls_go_and_the_host_stays_the_domain() {
        let mut trunk = Trunk::new(TenantId::new("main").expect("a name"), "carrier", "example.net");
        assert_eq!(trunk.next_hop(), ("example.net", None));
        trunk.proxy = Some(Proxy { host: "edge.example.net".to_owned(), port: Some(5070) });
        assert_eq!(trunk.next_hop(), ("edge.example.net", Some(5070)));
        assert_eq!(trunk.domain(), "example.net");
        trunk.register = Some(TrunkRegister { domain: Some("ims.example".to_owned()), ..Default::default() });
        assert_eq!(trunk.domain(), "ims.example");
    }
}
