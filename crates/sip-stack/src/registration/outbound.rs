//! What a REGISTER says of the way to its phone: proxies between (RFC 3327), flows of its own (RFC 5626).

use crate::limits::MAX_PATH;
use crate::reply::Asked;
use frontdesk_sip_message::{Contact, HeaderName, NameAddr, StatusCode};

/// Within how many seconds a phone must show that its flow lives, as `Flow-Timer` tells it (RFC 5626 §5.4). Two line ends
/// do; whoever listens closes connections that are silent for longer, and not sooner.
pub(super) const FLOW_TIMER_S: u32 = 120;

/// The way to the phone of a REGISTER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// The proxies, the next hop first.
    pub(super) path: Vec<NameAddr>,
    /// Whether the phone's flow numbers count.
    pub(super) outbound: bool,
}

impl Way {
    /// The way of a REGISTER with these contacts, or the status of its refusal.
    pub(super) fn of(asked: &Asked, contacts: &[Contact]) -> Result<Way, StatusCode> {
        let path = asked.headers().addresses(HeaderName::Path).map_err(|_| StatusCode::BAD_REQUEST)?;
        if path.len() > MAX_PATH || path.iter().any(|proxy| proxy.uri.as_sip().is_none()) {
            return Err(StatusCode::BAD_REQUEST);
        }
        let numbered = contacts.iter().filter(|contact| is_numbered(contact)).count();
        let can = |tags: Vec<&str>| tags.iter().any(|tag| tag.eq_ignore_ascii_case("outbound"));
        if numbered == 0 || !(can(asked.headers().supported()) || can(asked.headers().require())) {
            return Ok(Way { path, outbound: false });
        }
        // RFC 5626 §6: one flow, one contact.
        if numbered > 1 {
            return Err(StatusCode::BAD_REQUEST);
        }
        let outbound = first_hop_can(asked, &path)?;
        Ok(Way { path, outbound })
    }
}

fn is_numbered(contact: &Contact) -> bool {
    contact.flow_number().is_some() && contact.instance().is_some()
}

/// Whether the first hop of the phone keeps its flow. Where that is a proxy, it says so by `ob` in the Path that it wrote,
/// or the registration is refused (RFC 5626 §6, §11.6). Where it is this side, streams are kept; over datagrams the phone
/// would ask by STUN whether its flow lives, which is not answered here, so the numbers are passed over as if unknown.
fn first_hop_can(asked: &Asked, path: &[NameAddr]) -> Result<bool, StatusCode> {
    if asked.headers().vias().is_ok_and(|vias| vias.len() == 1) {
        return Ok(asked.flow.transport.is_reliable());
    }
    let first_hop = path.last().and_then(|proxy| proxy.uri.as_sip());
    match first_hop {
        Some(uri) if uri.parameters.contains("ob") => Ok(true),
        _ => Err(StatusCode::FIRST_HOP_LACKS_OUTBOUND_SUPPORT),
    }
}
