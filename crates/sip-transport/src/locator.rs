//! Where a host is.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long a look-up may take, in seconds; the resolver of the machine has no bound of its own.
pub const RESOLVE_SECONDS_MAX: u64 = 5;

/// Why a host has no address. The environment's: trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocateFault {
    /// What was asked for cannot be a host name.
    #[error("that is no host name")]
    NotAHost,
    /// The name has no address.
    #[error("no address is known for that host name; see the name servers of this machine")]
    NoAddress,
    /// The name servers did not answer within [`RESOLVE_SECONDS_MAX`].
    #[error("the name servers did not answer in time")]
    TimedOut,
}

/// The address of a host: an IP address as it is (in brackets or not), a name by its A and AAAA records, the
/// first that the machine's resolver prefers.
///
/// Deviation: RFC 3263 asks for NAPTR and SRV first; that is still to come, so a trunk that is known by SRV
/// records only needs its host and port in the configuration.
pub async fn resolve(host: &str, port: u16) -> Result<SocketAddr, LocateFault> {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, port));
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if host.is_empty() || host.len() > 253 || !host.bytes().all(fits) {
        return Err(LocateFault::NotAHost);
    }
    let asked = tokio::net::lookup_host((host, port));
    let found = tokio::time::timeout(Duration::from_secs(RESOLVE_SECONDS_MAX), asked)
        .await
        .map_err(|_| LocateFault::TimedOut)?;
    found.ok().and_then(|mut addresses| addresses.next()).ok_or(LocateFault::NoAddress)
}
