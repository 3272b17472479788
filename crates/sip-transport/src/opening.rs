//! Opening a connection, and why it fails.

use crate::tls::Tls;
use crate::websocket;
use frontdesk_sip_stack::Flow;
use rustls::CertificateError;
use rustls::pki_types::ServerName;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;

/// Why a connection could not be opened. The other side's, or the network's.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenFault {
    /// Nobody answered in time.
    #[error("nobody answered in time; see whether a firewall is between")]
    TimedOut,
    /// Nobody listens there.
    #[error("nobody listens on that port")]
    Refused,
    /// The network says no.
    #[error("the network says: {0}")]
    Network(io::ErrorKind),
    /// The certificate is another's.
    #[error("the other side's certificate does not prove the name {name}; see the trunk's host")]
    AnotherName {
        /// What was expected.
        name: String,
    },
    /// The certificate is too old.
    #[error("the other side's certificate has expired; its operator must renew it")]
    Expired,
    /// Nobody who is trusted signed the certificate.
    #[error(
        "no trusted authority signed the other side's certificate; if it is right, name its authority's file"
    )]
    UnknownAuthority,
    /// Whoever is there takes no SIP over WebSocket.
    #[error("the other side takes no SIP over WebSocket there; see the port")]
    NoWebSocket,
    /// TLS failed for another reason.
    #[error("TLS with the other side failed: {0}")]
    Tls(rustls::Error),
}

/// Connects from the flow's address, and from any port.
pub(crate) async fn connect(flow: &Flow, within: Duration) -> Result<TcpStream, OpenFault> {
    let connecting = async {
        let socket = if flow.remote.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        let mut local = flow.local;
        local.set_port(0);
        socket.bind(local)?;
        socket.connect(flow.remote).await
    };
    timeout(within, connecting).await.map_err(|_| OpenFault::TimedOut)?.map_err(|error| network(&error))
}

/// Speaks TLS over a connection, with whom it was expected to be.
pub(crate) async fn secure(
    stream: TcpStream,
    flow: &Flow,
    tls: &Tls,
    within: Duration,
) -> Result<TlsStream<TcpStream>, OpenFault> {
    let (config, name) = tls.client(flow.remote);
    let expected = name.to_str().into_owned();
    let connecting = TlsConnector::from(config).connect(name, stream);
    let connected = timeout(within, connecting).await.map_err(|_| OpenFault::TimedOut)?;
    connected.map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(inner) => certificate(inner, expected),
        None => network(&error),
    })
}

/// Makes a WebSocket of a connection (RFC 7118 §4.1); `host` is what the other side is called.
pub(crate) async fn upgrade<S>(
    stream: S,
    flow: &Flow,
    host: &ServerName<'_>,
    within: Duration,
) -> Result<WebSocketStream<S>, OpenFault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let host = match host {
        ServerName::DnsName(name) => format!("{}:{}", name.as_ref(), flow.remote.port()),
        _ => flow.remote.to_string(),
    };
    let scheme = if flow.transport.is_secure() { "wss" } else { "ws" };
    let uri = format!("{scheme}://{host}/").parse().map_err(|_| OpenFault::NoWebSocket)?;
    match timeout(within, websocket::ask(stream, uri)).await {
        Ok(Ok(socket)) => Ok(socket),
        Ok(Err(Error::Io(error))) => Err(network(&error)),
        Ok(Err(_)) => Err(OpenFault::NoWebSocket),
        Err(_) => Err(OpenFault::TimedOut),
    }
}

fn network(error: &io::Error) -> OpenFault {
    match error.kind() {
        io::ErrorKind::TimedOut => OpenFault::TimedOut,
        io::ErrorKind::ConnectionRefused => OpenFault::Refused,
        kind => OpenFault::Network(kind),
    }
}

fn certificate(error: &rustls::Error, name: String) -> OpenFault {
    let rustls::Error::InvalidCertificate(problem) = error else { return OpenFault::Tls(error.clone()) };
    match problem {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            OpenFault::AnotherName { name }
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => OpenFault::Expired,
        // A bad signature: an authority of the same name that is another.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => OpenFault::UnknownAuthority,
        _ => OpenFault::Tls(error.clone()),
    }
}
