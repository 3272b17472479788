//! What a directory lists.

use frontdesk_identifiers::{FlowId, Locale, TelephoneNumber, TenantId};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// One customer of the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its name in data and in the settings.
    pub id: TenantId,
    /// Its name for people.
    pub name: String,
    /// The language in which it is answered unless a flow says otherwise.
    pub locale: Locale,
    /// Its country (ISO 3166), if it said one: its telephone network's tones are heard.
    pub country: Option<Arc<str>>,
    /// What flows put in for `{{words}}`, such as `company.name`.
    pub words: BTreeMap<String, String>,
}

/// A telephone that registers at this desk. Its account name is its number.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    /// Whose it is.
    pub tenant: TenantId,
    /// Under which number it is called, and with which name it registers.
    pub number: TelephoneNumber,
    /// Its name for people.
    pub name: String,
    /// Its own number in the telephone network, in E.164, under which trunks reach it.
    pub direct: Option<TelephoneNumber>,
    /// `MD5(username:realm:password)` (RFC 7616 §3.4.2).
    pub ha1_md5: [u8; 16],
    /// `SHA-256(username:realm:password)` (RFC 7616 §3.4.2).
    pub ha1_sha256: [u8; 32],
    /// Whether its sound is encrypted.
    pub srtp: Encryption,
    /// What its sound may be coded in, the dearest first; none: as most have it.
    pub codecs: Option<Vec<SoundCodec>>,
}

impl Phone {
    /// The user name that it registers with.
    pub fn account(&self) -> &str {
        self.number.as_str()
    }
}

/// An HA1 is as good as the password within its realm, so it never reaches a log.
impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Phone")
            .field("tenant", &self.tenant)
            .field("number", &self.number)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A neighbour that is known by its addresses or its certificate: a carrier, a PBX, a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Whose calls it brings.
    pub tenant: TenantId,
    /// Its name, in settings and records.
    pub name: String,
    /// From where it sends; none of them belongs to another peer.
    pub addresses: Vec<IpAddr>,
    /// Names of which its certificate must prove one, where it comes by TLS: beside an address, or instead of any.
    pub certificate_names: Vec<String>,
    /// Whether its sound is encrypted.
    pub srtp: Encryption,
    /// What its sound may be coded in, the dearest first; none: as most have it.
    pub codecs: Option<Vec<SoundCodec>>,
}

/// What sound is coded in on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SoundCodec {
    /// Opus (RFC 6716): wideband in little, and losses are hardly heard.
    Opus,
    /// G.722: wideband in as much as G.711 takes.
    G722,
    /// G.711 A-law: the telephone network of most countries.
    Pcma,
    /// G.711 µ-law: that of North America and Japan.
    Pcmu,
}

/// Whether sound is encrypted (SRTP with keys in the SDP, RFC 4568). The keys are as safe as the signalling that carries
/// them: over UDP and TCP everybody on the way can read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encryption {
    /// Never.
    #[default]
    Off,
    /// If the other side can.
    Offered,
    /// Or there is no call.
    Required,
}

/// A number that a flow answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Whose it is.
    pub tenant: TenantId,
    /// What is dialled; in E.164 (`+4930…`) where trunks reach it.
    pub number: TelephoneNumber,
    /// The flow that answers.
    pub flow: FlowId,
    /// Whether its calls are recorded.
    pub record: bool,
}
