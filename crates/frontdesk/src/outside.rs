//! Under which address neighbours outside know this side.

use crate::settings::{External, Settings};
use frontdesk_sip_transport::{StunFault, StunTiming, learn_external_address};
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
    /// The STUN server gave none.
    #[error(transparent)]
    Stun(#[from] StunFault),
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
    let server = frontdesk_sip_transport::resolve(host, port).await.map_err(|_| no_address())?;
    let seen = learn_external_address(server, StunTiming::default()).await?;
    Ok(Some(seen.ip().to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_sip_transport::StunMessage;
    use std::path::Path;

    #[tokio::test]
    async fn the_address_outside_is_what_the_stun_server_sees() {
        let server = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = server.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut question = [0; 500];
            let (length, from) = server.recv_from(&mut question).await.unwrap();
            let Ok(StunMessage::Request { transaction, fingerprint, .. }) =
                StunMessage::read(&question[..length])
            else {
                panic!("it was no Binding request");
            };
            let seen = "203.0.113.77:4711".parse().unwrap();
            let answer = StunMessage::success(&transaction, seen, fingerprint);
            server.send_to(&answer, from).await.unwrap();
        });
        let text = format!("[sip]\nstun = \"127.0.0.1:{port}\"");
        let settings = Settings::parse(Path::new("desk.toml"), &text).expect("right settings");
        assert_eq!(learn(&settings).await, Ok("203.0.113.77".parse().ok()));
        let none = Settings::parse(Path::new("desk.toml"), "").unwrap();
        assert_eq!(learn(&none).await, Ok(None));
    }
}
