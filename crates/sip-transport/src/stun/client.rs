//! Learning the address that this machine has outside (RFC 8489 §6.2.1).

use super::message::{StunMessage, TransactionId};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

/// The longest answer that is read; STUN messages are far shorter.
const ANSWER_BYTES_MAX: usize = 1_500;

/// When the question is repeated: each wait is twice the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StunTiming {
    /// The wait after the first request: RTO.
    pub first_wait: Duration,
    /// How many requests are sent at most: Rc.
    pub requests: u32,
}

impl Default for StunTiming {
    fn default() -> Self {
        // 7.5 s in all. RFC 8489 §6.2.1 would go on for 39.5 s: this is asked while a desk starts, and again later.
        StunTiming { first_wait: Duration::from_millis(500), requests: 4 }
    }
}

/// Why the address outside is not known. The STUN server's, or the network's; asking again later may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StunFault {
    /// It does not answer.
    #[error(
        "the STUN server {server} does not answer; see its address, and whether UDP to it is let through"
    )]
    NoAnswer {
        /// Who was asked.
        server: SocketAddr,
    },
    /// It answers that it will not.
    #[error("the STUN server {server} refuses with {code}; set another one")]
    Refused {
        /// Who was asked.
        server: SocketAddr,
        /// What it said.
        code: u16,
    },
    /// It answers without an address.
    #[error("the STUN server {server} answers without an address; set another one")]
    NoAddress {
        /// Who was asked.
        server: SocketAddr,
    },
    /// No way there.
    #[error("there is no way to the STUN server {server}: {kind}")]
    Network {
        /// Who was asked.
        server: SocketAddr,
        /// What the machine says.
        kind: io::ErrorKind,
    },
}

/// Asks a STUN server from which address this machine's packets come. The port is that of a socket made for it, so only
/// the IP address is of use to others.
///
/// # Errors
/// See [`StunFault`].
pub async fn learn_external_address(server: SocketAddr, timing: StunTiming) -> Result<SocketAddr, StunFault> {
    let network = |error: io::Error| StunFault::Network { server, kind: error.kind() };
    let local = match server {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(local).await.map_err(network)?;
    // Connected, so that nobody else can answer.
    socket.connect(server).await.map_err(network)?;
    let mut transaction: TransactionId = [0; 12];
    getrandom::fill(&mut transaction).map_err(|_| network(io::ErrorKind::Other.into()))?;
    let request = StunMessage::request(&transaction);
    let mut wait = timing.first_wait;
    for _ in 0..timing.requests {
        // An ICMP error of the last request is told here; a server that is being started may be there the next time.
        let _ = socket.send(&request).await;
        if let Some(answer) = answered(&socket, &transaction, Instant::now() + wait).await {
            return match answer {
                StunMessage::Success { mapped: Some(mapped), .. } => Ok(mapped),
                StunMessage::Error { code, .. } => Err(StunFault::Refused { server, code }),
                _ => Err(StunFault::NoAddress { server }),
            };
        }
        wait *= 2;
    }
    Err(StunFault::NoAnswer { server })
}

/// The answer to this transaction; anything else is passed over.
async fn answered(socket: &UdpSocket, asked: &TransactionId, until: Instant) -> Option<StunMessage> {
    let mut buffer = [0; ANSWER_BYTES_MAX];
    loop {
        let Ok(length) = timeout_at(until, socket.recv(&mut buffer)).await.ok()? else {
            tokio::time::sleep_until(until).await;
            return None;
        };
        match StunMessage::read(buffer.get(..length).unwrap_or_default()) {
            Ok(
                answer @ (StunMessage::Success { transaction, .. } | StunMessage::Error { transaction, .. }),
            ) if transaction == *asked => return Some(answer),
            _ => {}
        }
    }
}
