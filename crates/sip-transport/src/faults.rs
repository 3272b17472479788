//! What can go wrong with sockets, and what to do about it.

use crate::listen_address::ListenAddress;
use crate::tls::faults::TlsFault;
use frontdesk_sip_stack::Transport;
use std::io;
use std::net::SocketAddr;

/// Why the sockets cannot be opened. The operator's, or the machine's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportFault {
    /// `[sip] listen` is empty, or none of it can be had.
    #[error("there is no address to listen on; name one in [sip] listen, like `udp:0.0.0.0:5060`")]
    NothingToListenOn,
    /// TLS is to be listened for, and there is no certificate.
    #[error(
        "listening on {address} needs a certificate and its key; name their files in the settings of TLS"
    )]
    NoCertificate {
        /// The address.
        address: SocketAddr,
    },
    /// The files of TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// The same address twice.
    #[error("{address} stands twice in [sip] listen; take one of them out")]
    Twice {
        /// The address.
        address: SocketAddr,
    },
    /// Somebody else has the port.
    #[error(
        "{} port {} of {} is taken by another program; stop it or set another port in [sip] listen",
        if *.datagrams { "UDP" } else { "TCP" }, .address.port(), .address.ip()
    )]
    PortTaken {
        /// Whether it is a port of UDP; every stream has one of TCP.
        datagrams: bool,
        /// The address.
        address: SocketAddr,
    },
    /// The address belongs to another machine.
    #[error(
        "{} is no address of this machine; set one of its own in [sip] listen, or 0.0.0.0 for all of them",
        .address.ip()
    )]
    AddressNotHere {
        /// The address.
        address: SocketAddr,
    },
    /// The port needs more rights.
    #[error(
        "this user may not open port {}; set a port above 1023 in [sip] listen, or grant the right",
        .address.port()
    )]
    NotAllowed {
        /// The address.
        address: SocketAddr,
    },
    /// The machine has no IPv6, or no IPv4.
    #[error("this machine does not speak the IP version of {address}; take it out of [sip] listen")]
    NoSuchIpVersion {
        /// The address.
        address: SocketAddr,
    },
    /// Anything else that the machine says.
    #[error("the socket for {address} cannot be opened: {source}; see [sip] listen")]
    Socket {
        /// The address.
        address: SocketAddr,
        /// What the machine says.
        source: io::Error,
    },
}

impl TransportFault {
    pub(crate) fn of(listened: ListenAddress, source: io::Error) -> Self {
        let ListenAddress { transport, address } = listened;
        match source.kind() {
            io::ErrorKind::AddrInUse => {
                TransportFault::PortTaken { datagrams: transport == Transport::Udp, address }
            }
            io::ErrorKind::AddrNotAvailable => TransportFault::AddressNotHere { address },
            io::ErrorKind::PermissionDenied => TransportFault::NotAllowed { address },
            _ if source.raw_os_error() == Some(nix::libc::EAFNOSUPPORT) => {
                TransportFault::NoSuchIpVersion { address }
            }
            _ => TransportFault::Socket { address, source },
        }
    }
}

/// Why a message did not leave. The environment's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendFault {
    /// The socket's buffer is full; the datagram is dropped, and whoever needs it repeats it (RFC 3261 §17).
    #[error("the network cannot take more at this moment")]
    Busy,
    /// No socket of this side has the flow's local address.
    #[error("nothing listens on the local address of this flow any more")]
    NoSocket,
    /// The connection is gone, or it is a WebSocket, which only the other side can open (RFC 7118 §5).
    #[error("the connection of this flow is closed")]
    Closed,
    /// The other side reads too slowly; the connection is closed.
    #[error("the other side of this connection does not keep up")]
    TooSlow,
    /// As many connections as there may be were opened already.
    #[error("too many connections are open to open another one")]
    TooManyConnections,
    /// More than a datagram can hold.
    #[error("the message is too long for a datagram")]
    TooLong,
    /// The machine knows no way there.
    #[error("there is no way to that address")]
    Unreachable,
}

/// Why no flow leads to an address. The environment's, or the configuration's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteFault {
    /// This side listens on no address of that IP version, or only on ones that do not reach there.
    #[error(
        "no address of [sip] listen can reach {remote}; add one of its IP version, or an unspecified one"
    )]
    NoListener {
        /// The other side.
        remote: SocketAddr,
    },
    /// A WebSocket to there is not open, and only the other side can open one (RFC 7118 §5).
    #[error("{remote} has no WebSocket open, and only its side can open one")]
    NotConnected {
        /// The other side.
        remote: SocketAddr,
    },
    /// The machine knows no way there.
    #[error("this machine has no route to {remote}; see its network settings")]
    NoRoute {
        /// The other side.
        remote: SocketAddr,
    },
}

/// A text can be no host's name. Whoever configured it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that can be no host's name")]
pub struct NotAHost;
