//! Where to listen, as the configuration writes it.

use frontdesk_sip_stack::Transport;
use std::net::SocketAddr;

/// One entry of `[sip] listen`, such as `udp:0.0.0.0:5060` or `udp:[::]:5060`. Port 0 is any free port.
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
    /// Another transport than UDP.
    #[error("only `udp` is spoken so far, like `udp:0.0.0.0:5060`")]
    UnknownTransport,
    /// What follows is no IP address with a port.
    #[error("after `udp:` comes an IP address and a port, like `udp:0.0.0.0:5060` or `udp:[::]:5060`")]
    NotAnAddress,
}

impl std::str::FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        let (transport, address) = text.trim().split_once(':').ok_or(ListenAddressError::NoTransport)?;
        if !transport.eq_ignore_ascii_case("udp") {
            let letters = !transport.is_empty() && transport.bytes().all(|b| b.is_ascii_alphabetic());
            return Err(if letters {
                ListenAddressError::UnknownTransport
            } else {
                ListenAddressError::NoTransport
            });
        }
        let address = address.parse().map_err(|_| ListenAddressError::NotAnAddress)?;
        Ok(ListenAddress { transport: Transport::Udp, address })
    }
}

impl std::fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "udp:{}", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listen_address_reads_back() {
        for text in ["udp:0.0.0.0:5060", "udp:[::]:5060", "udp:127.0.0.1:0", "udp:[fe80::1%3]:5060"] {
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
            ("tcp:0.0.0.0:5060", UnknownTransport),
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
