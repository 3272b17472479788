//! STUN (RFC 8489), as far as SIP needs it: answering the keep-alives of RFC 5626 §4.4.2 on the port of SIP, and asking
//! somebody else for the address that this machine has outside.

pub(crate) mod client;
pub(crate) mod message;

use message::StunMessage;
use std::net::SocketAddr;

/// The answer to a Binding request from this address, which remembers nothing; none to anything else.
pub(crate) fn answer(datagram: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    match StunMessage::read(datagram) {
        Ok(StunMessage::Request { transaction, unknown, fingerprint }) => Some(if unknown.is_empty() {
            StunMessage::success(&transaction, from, fingerprint)
        } else {
            StunMessage::not_understood(&transaction, &unknown, fingerprint)
        }),
        _ => None,
    }
}
