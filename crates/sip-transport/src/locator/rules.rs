//! What follows from a question and from records (RFC 3263 §4, RFC 2782, RFC 3403), without asking anybody.

use super::{HOPS_MAX, LocateFault, Question};
use frontdesk_sip_stack::Transport;
use std::net::{IpAddr, SocketAddr};

/// What to do for a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing need be asked.
    Known(SocketAddr, Transport),
    /// Only the host's addresses are asked for.
    Addresses(u16, Transport),
    /// SRV records are asked for.
    Services(Vec<Service>),
    /// NAPTR records are asked for first.
    Discover,
}

/// A service whose servers SRV records name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) transport: Transport,
    /// Such as `_sip._udp.example.com`.
    pub(super) name: String,
}

/// A NAPTR record (RFC 3403 §4.1), as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Naptr {
    pub(super) order: u16,
    pub(super) preference: u16,
    pub(super) flags: String,
    pub(super) service: String,
    pub(super) replacement: String,
}

/// An SRV record (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Srv {
    pub(super) priority: u16,
    pub(super) weight: u16,
    pub(super) port: u16,
    pub(super) target: String,
}

/// RFC 3263 §4.1 and §4.2. `local` is whether the machine itself knows the host, so that DNS is not asked for services.
pub(super) fn plan(question: &Question, spoken: &[Transport], local: bool) -> Result<Plan, LocateFault> {
    let host = &question.host;
    let no_transport = || LocateFault::NoTransport { name: host.clone() };
    let named = match question.transport {
        Some(named) if usable(named, question.secure, spoken) => Some(named),
        Some(_) => return Err(no_transport()),
        None => None,
    };
    let transport = || named.or_else(|| without_records(question, spoken)).ok_or_else(no_transport);
    if let Some(ip) = numeric(host) {
        let transport = transport()?;
        let port = question.port.unwrap_or(transport.default_port());
        return Ok(Plan::Known(SocketAddr::new(ip, port), transport));
    }
    if !is_host(host) {
        return Err(LocateFault::NotAHost { host: host.chars().take(64).collect() });
    }
    if let Some(port) = question.port {
        return Ok(Plan::Addresses(port, transport()?));
    }
    if local {
        let transport = transport()?;
        return Ok(Plan::Addresses(transport.default_port(), transport));
    }
    Ok(match named {
        Some(transport) => Plan::Services(vec![Service::usual(transport, host)]),
        None => Plan::Discover,
    })
}

/// The services that NAPTR records offer and this side can use, in the order that the host wants. None if they say nothing
/// of SIP; empty if they say something and nothing of it can be used.
pub(super) fn offered(naptr: &[Naptr], secure: bool, spoken: &[Transport]) -> Option<Vec<Service>> {
    let mut sip: Vec<(&Naptr, Option<Transport>)> = naptr
        .iter()
        // RFC 3263 §4.1: the flag is "s", the replacement is asked for by SRV.
        .filter(|record| record.flags.eq_ignore_ascii_case("s") && is_sip(&record.service))
        .map(|record| (record, transport_of(&record.service)))
        .collect();
    if sip.is_empty() {
        return None;
    }
    let own = |transport: Option<Transport>| spoken.iter().position(|spoken| Some(*spoken) == transport);
    sip.sort_by_key(|(record, transport)| (record.order, record.preference, own(*transport)));
    let services = sip.into_iter().filter_map(|(record, transport)| {
        let transport = transport.filter(|transport| usable(*transport, secure, spoken))?;
        Some(Service { transport, name: record.replacement.clone() })
    });
    Some(services.take(HOPS_MAX).collect())
}

/// The services to ask for when the host has no NAPTR records (RFC 3263 §4.1).
pub(super) fn usual(host: &str, secure: bool, spoken: &[Transport]) -> Vec<Service> {
    let usable = spoken.iter().copied().filter(|transport| usable(*transport, secure, spoken));
    usable.map(|transport| Service::usual(transport, host)).collect()
}

/// The transport of a host that says nothing of services (RFC 3263 §4.1: UDP for `sip:`, TLS for `sips:`), or what else
/// is spoken here.
pub(super) fn without_records(question: &Question, spoken: &[Transport]) -> Option<Transport> {
    if let Some(named) = question.transport {
        return usable(named, question.secure, spoken).then_some(named);
    }
    let usual = if question.secure { Transport::Tls } else { Transport::Udp };
    let first = spoken.iter().copied().find(|transport| usable(*transport, question.secure, spoken));
    if spoken.contains(&usual) { Some(usual) } else { first }
}

/// SRV records in the order to try them; of equal priority the heavier first, for whoever draws no lots.
pub(super) fn ordered(mut srv: Vec<Srv>) -> Vec<Srv> {
    srv.retain(|record| !record.target.is_empty() && record.port != 0);
    srv.sort_by(|a, b| {
        (a.priority, std::cmp::Reverse(a.weight), &a.target, a.port).cmp(&(
            b.priority,
            std::cmp::Reverse(b.weight),
            &b.target,
            b.port,
        ))
    });
    srv.truncate(HOPS_MAX);
    srv
}

/// An IP address as URIs write it.
pub(super) fn numeric(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// Whether this can be asked for at all.
pub(super) fn is_host(host: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(fits);
    host.len() <= 253 && host.trim_end_matches('.').split('.').all(label)
}

impl Service {
    fn usual(transport: Transport, host: &str) -> Service {
        let service = match transport {
            Transport::Tls => "_sips._tcp",
            Transport::Tcp => "_sip._tcp",
            _ => "_sip._udp",
        };
        Service { transport, name: format!("{service}.{host}") }
    }
}

/// WebSockets are opened by the other side only (RFC 7118 §5).
fn usable(transport: Transport, secure: bool, spoken: &[Transport]) -> bool {
    let opens = matches!(transport, Transport::Udp | Transport::Tcp | Transport::Tls);
    opens && spoken.contains(&transport) && (!secure || transport.is_secure())
}

fn is_sip(service: &str) -> bool {
    let protocol = service.split('+').next().unwrap_or_default();
    protocol.eq_ignore_ascii_case("SIP") || protocol.eq_ignore_ascii_case("SIPS")
}

fn transport_of(service: &str) -> Option<Transport> {
    match service.to_ascii_uppercase().as_str() {
        "SIP+D2U" => Some(Transport::Udp),
        "SIP+D2T" => Some(Transport::Tcp),
        "SIPS+D2T" => Some(Transport::Tls),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
