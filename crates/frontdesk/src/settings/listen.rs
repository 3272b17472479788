//! Where calls come in: `udp:0.0.0.0:5060`.

use super::fault::Problem;
use super::section::{Located, Section};
use frontdesk_sip_stack::Transport;
use frontdesk_sip_transport::ListenAddress;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// SIP's own port (RFC 3261 §18.1.1).
const SIP_PORT: u16 = 5060;

/// Every address of both families.
pub(super) fn everywhere() -> Vec<ListenAddress> {
    [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]
        .map(|ip| ListenAddress { transport: Transport::Udp, address: SocketAddr::new(ip, SIP_PORT) })
        .to_vec()
}

pub(super) fn read_all(sip: &Section<'_, '_>, listed: &[Located<&str>]) -> Vec<ListenAddress> {
    let mut addresses = Vec::new();
    for text in listed {
        let address: ListenAddress = match text.value.parse() {
            Ok(address) => address,
            Err(fault) => {
                let text_cut = text.value.chars().take(64).collect();
                sip.push_at(text.line, Problem::BadListen { text: text_cut, fault });
                continue;
            }
        };
        if addresses.contains(&address) && address.address.port() != 0 {
            sip.push_at(text.line, Problem::ListenTwice { address });
            continue;
        }
        addresses.push(address);
    }
    if listed.is_empty() {
        sip.bad("listen", "[]", "a list of at least one address; leave it out to listen on all of them");
    }
    addresses
}
