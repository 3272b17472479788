//! Why a host cannot be found, and what to do about it.

use std::net::SocketAddr;

/// Why a host cannot be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocateFault {
    /// What was asked for can be no host. Whoever configured it.
    #[error("`{host}` is no host name")]
    NotAHost {
        /// What was asked for, its beginning.
        host: String,
    },
    /// There is no such name. Whoever configured it, or the name's owner.
    #[error("there is no host {name}; see whether it is written rightly")]
    NoSuchName {
        /// The name.
        name: String,
    },
    /// The name is there and has no address that this side can reach. The name's owner.
    #[error("the host {name} has no address that can be reached from here")]
    NoAddress {
        /// The name.
        name: String,
    },
    /// The name servers do not answer, or answer that they fail. The network's: asking again may help.
    #[error("the name servers{} did not answer for {name}; see the network, or the setting of `dns`", list(.servers))]
    NoAnswer {
        /// The name.
        name: String,
        /// Who was asked; none if they are the machine's own and not known.
        servers: Vec<SocketAddr>,
    },
    /// The host speaks no transport that this side speaks. The host's owner, or whoever configured this side.
    #[error("{name} offers no transport that is spoken here; listen on more of them, or name one")]
    NoTransport {
        /// The name.
        name: String,
    },
    /// The machine's list of name servers cannot be read. The machine's operator.
    #[error(
        "the machine's name servers are not known (see /etc/resolv.conf); name some in the setting of `dns`"
    )]
    NoServers,
}

fn list(servers: &[SocketAddr]) -> String {
    servers.iter().map(|server| format!(" {server}")).collect::<Vec<_>>().join(",")
}
