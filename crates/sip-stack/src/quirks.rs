//! What a client is known to trip over, as data: by what it says of itself.

use crate::digest::Algorithm;

/// How `User-Agent` begins where libre gives up at a challenge whose hash it does not know, wherever it stands, though
/// RFC 8760 §2.4 has it passed over: baresip 1.0 and before, as Debian 12 has it.
const MD5_OR_NOTHING: [&str; 2] = ["baresip v0.", "baresip v1.0"];

/// The hashes that are offered to a client. Whoever could forge its name could strip the challenge as well.
pub(crate) fn digests_for(user_agent: Option<&str>, offered: &[Algorithm]) -> Vec<Algorithm> {
    let trips = user_agent.is_some_and(|name| MD5_OR_NOTHING.iter().any(|start| name.starts_with(start)));
    if trips && offered.contains(&Algorithm::Md5) { vec![Algorithm::Md5] } else { offered.to_vec() }
}

/// What one trunk or PBX needs done differently, as data: its profile (`sip-config/trunks/`) says so, nothing else in the
/// stack knows its name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quirks {
    /// Whether provisional responses are made reliable with it.
    pub reliable_provisional: Reliability,
    /// Session timers are neither asked for nor granted.
    pub no_session_timer: bool,
    /// UPDATE is never sent, whatever its `Allow` says.
    pub no_update: bool,
    /// The Contact of a REGISTER and of calls has this user part instead of the account's.
    pub contact_user: Option<String>,
    /// The seconds that `Expires` of a REGISTER may at most ask for.
    pub register_expires_max_s: Option<u32>,
}

/// How PRACK is used (RFC 3262 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reliability {
    /// Where the other side requires it, and for early media where it can.
    #[default]
    WhenUseful,
    /// Only where the other side requires it; `100rel` is not said to be supported in this side's INVITEs.
    WhenRequired,
    /// In every INVITE of this side it is required.
    Demanded,
}
