//! Where to listen, as the configuration writes it.

use frontdesk_sip_stack::Transport;
use std::net::SocketAddr;

/// One entry of `[sip] listen`, such as `udp:0.0.0.0:5060` or `tls:[::]:5061`. Port 0 is any free port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenAddress {
    /// How messages travel.
    pub transport: Transport,
    /// The address and port to bind.
    pub address: SocketAddr,
}

/// Why a text is no [`ListenAddress`]. The operator's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListenAddressError {
    /// It has no transport in front.
    #[error("a listen address begins with its transport, like `udp:0.0.0.0:5060`")]
    NoTransport,
    /// A transport that is not spoken.
    #[error(
        "the transport of a listen address is `udp`, `tcp`, `tls`, `ws` or `wss`, like `tls:0.0.0.0:5061`"
    )]
    UnknownTransport,
    /// What follows is no IP address with a port.
    #[error("after the transport comes an IP address and a port, like `udp:0.0.0.0:5060` or `tcp:[::]:5060`")]
    NotAnAddress,
}

const TRANSPORTS: [(&str, Transport); 5] = [
    ("udp", Transport::Udp),
    ("tcp", Transport::Tcp),
    ("tls", Transport::Tls),
    ("ws", Transport::Ws),
    ("wss", Transport::Wss),
];

impl std::str::FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        let (name, address) = text.trim().split_once(':').ok_or(ListenAddressError::NoTransport)?;
        let known = TRANSPORTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let Some((_, transport)) = known else {
            let letters = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic());
            return Err(if letters {
                ListenAddressError::UnknownTransport
            } else {
                ListenAddressError::NoTransport
            });
        };
        let address = address.parse().map_err(|_| ListenAddressError::NotAnAddress)?;
        Ok(ListenAddress { transport: *transport, address })
    }
}

impl std::fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = TRANSPORTS.iter().find(|(_, transport)| *transport == self.transport);
        write!(f, "{}:{}", name.map_or("udp", |(name, _)| name), self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listen_address_reads_back() {
        for text in [
            "udp:0.0.0.0:5060",
            "udp:[::]:5060",
            "tcp:127.0.0.1:0",
            "tls:[fe80::1%3]:5061",
            "ws:[::]:80",
            "wss:[::]:443",
        ] {
            assert_eq!(text.parse::<ListenAddress>().map(|a| a.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_wrong_listen_address_says_what_to_write() {
        use ListenAddressError::{NoTransport, NotAnAddress, UnknownTransport};
        for (text, error) in [
            ("", NoTransport),
            ("5060", NoTransport),
            ("0.0.0.0:5060", NoTransport),
            ("[::]:5060", NoTransport),
            ("sctp:0.0.0.0:5060", UnknownTransport),
            ("localhost:5060", UnknownTransport),
            ("udp:", NotAnAddress),
            ("udp:0.0.0.0", NotAnAddress),
            ("udp::::5060", NotAnAddress),
            ("udp:localhost:5060", NotAnAddress),
            ("udp:0.0.0.0:65536", NotAnAddress),
        ] {
            assert_eq!(text.parse::<ListenAddress>(), Err(error), "{text}");
        }
    }
}
