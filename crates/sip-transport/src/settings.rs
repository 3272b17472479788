//! How the sockets are opened, and how much they bear.

use crate::listen_address::ListenAddress;
use crate::tls::settings::TlsSettings;
use std::net::IpAddr;
use std::time::Duration;

/// Everything that [`Transports::start`](crate::Transports::start) is told.
#[derive(Debug, Clone, Default)]
pub struct TransportSettings {
    /// Where to listen.
    pub listen: Vec<ListenAddress>,
    /// Whose certificates TLS uses, and whose it believes.
    pub tls: TlsSettings,
    /// Whether WebSockets are opened from here: by a telephone, that is. What a browser names as its address is none, so
    /// the desk waits for it (RFC 7118 §5).
    pub opens_websockets: bool,
    /// How much the connections may take.
    pub limits: ConnectionLimits,
    /// Addresses of peers and trunks, which may send more than strangers
    /// ([`TRUSTED_REQUESTS`](crate::TRUSTED_REQUESTS)). Further ones are named by
    /// [`Transports::trust`](crate::Transports::trust).
    pub trusted: Vec<IpAddr>,
}

impl TransportSettings {
    /// Listening here, and everything else as it is by default.
    pub fn listening_on(listen: &[ListenAddress]) -> Self {
        TransportSettings { listen: listen.to_vec(), ..TransportSettings::default() }
    }
}

/// How many connections there may be, and how long they may take for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Accepted connections in all. For one more the oldest of a stranger is closed, so that nobody without a password
    /// keeps telephones out; where there is none, or an eighth more are there already because those that were closed take
    /// their leave, the new one is closed at once ([`refused_connections`](crate::Counters::refused_connections)).
    pub accepted_max: usize,
    /// Accepted connections of one IPv4 address or one IPv6 /64, likewise. A whole office may stand behind one address.
    pub accepted_per_source_max: usize,
    /// Handshakes of TLS and WebSocket under way on accepted connections; the connection counts as accepted when they are
    /// made. For one more the source that has the most loses its oldest.
    pub handshakes_max: usize,
    /// Handshakes under way of one source; for one more it loses its own oldest. A whole office connects anew at once when
    /// the desk was started again.
    pub handshakes_per_source_max: usize,
    /// Connections opened from here; a message that would need one more is refused to whoever sends.
    pub opened_max: usize,
    /// How long opening may take, and then the TLS handshake.
    pub connect: Duration,
    /// How long the handshakes of TLS and WebSocket may take on an accepted connection, each.
    pub handshake: Duration,
    /// How long the header lines of a message may take, from its first byte.
    pub headers: Duration,
    /// How long its body may take after them.
    pub body: Duration,
    /// How long one write may make no progress.
    pub write: Duration,
    /// How long an accepted connection may stand without ever bringing a request.
    pub unused: Duration,
    /// How long nothing at all may come over an accepted connection whose requests were never served: from somebody
    /// without a password, who only knocks, or asks by OPTIONS whether the desk is there.
    pub stranger: Duration,
    /// How long nothing at all may come over a connection in use.
    pub idle: Duration,
    /// How long after a ping another one is sent, a little more or less, on connections opened from here, and on WebSockets.
    pub ping_every: Duration,
    /// How long the answer to a ping may take, where the other side answered one before.
    pub pong: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        ConnectionLimits {
            accepted_max: 4_096,
            accepted_per_source_max: 512,
            handshakes_max: 1_024,
            handshakes_per_source_max: 256,
            opened_max: 1_024,
            connect: Duration::from_secs(5),
            handshake: Duration::from_secs(5),
            headers: Duration::from_secs(5),
            body: Duration::from_secs(10),
            write: Duration::from_secs(10),
            unused: Duration::from_secs(30),
            // Three times the minute after which many ask again.
            stranger: Duration::from_secs(180),
            // Longer than a registration lasts: a telephone that sends no keep-alives is reached until it is gone.
            idle: Duration::from_secs(7_500),
            ping_every: Duration::from_secs(27),
            pong: Duration::from_secs(10),
        }
    }
}
