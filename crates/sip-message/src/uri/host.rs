//! A host as it stands in URIs and Via: a name, an IPv4 address, or an IPv6 address in brackets
//! (RFC 3261 §25.1, RFC 5118).

use crate::error::{Malformed, What};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// Where a URI or a Via points.
#[derive(Debug, Clone)]
pub enum Host {
    /// A name for the DNS.
    Name(String),
    /// An address. IPv6 is written in brackets.
    Ip(IpAddr),
}

impl Host {
    /// The address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Host::Name(_) => None,
            Host::Ip(address) => Some(*address),
        }
    }

    /// Splits `host:port` and reads both. The port may be missing, but not behind a colon.
    pub(crate) fn read_with_port(text: &str) -> Result<(Host, Option<u16>), Malformed> {
        let colon = match text.strip_prefix('[') {
            Some(bracketed) => {
                let closing = bracketed.find(']').ok_or(Malformed(What::Host))? + 2;
                let after = text.get(closing..).unwrap_or_default();
                if !after.is_empty() && !after.starts_with(':') {
                    return Err(Malformed(What::Host));
                }
                (!after.is_empty()).then_some(closing)
            }
            None => text.find(':'),
        };
        let (host, port) = match colon {
            Some(colon) => (text.get(..colon).unwrap_or_default(), text.get(colon + 1..)),
            None => (text, None),
        };
        let port = port.map(read_port).transpose()?;
        Ok((host.parse()?, port))
    }
}

fn read_port(text: &str) -> Result<u16, Malformed> {
    crate::grammar::number(text).and_then(|port| u16::try_from(port).ok()).ok_or(Malformed(What::Port))
}

/// Names without case; a name never equals an address (RFC 3261 §19.1.4).
impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Host::Name(one), Host::Name(two)) => one.eq_ignore_ascii_case(two),
            (Host::Ip(one), Host::Ip(two)) => one == two,
            _ => false,
        }
    }
}

impl Eq for Host {}

impl FromStr for Host {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if let Some(bracketed) = text.strip_prefix('[') {
            let address = bracketed.strip_suffix(']').ok_or(Malformed(What::Host))?;
            return read_ipv6(address).map(|address| Host::Ip(IpAddr::V6(address)));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Host::Ip(IpAddr::V4(address)));
        }
        // Deviation: an underscore is no part of a host name (RFC 1034), but Windows and Docker give such names.
        let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if text.is_empty() || !text.bytes().all(is_name_byte) {
            return Err(Malformed(What::Host));
        }
        Ok(Host::Name(text.to_owned()))
    }
}

fn read_ipv6(text: &str) -> Result<Ipv6Addr, Malformed> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    // RFC 5118 §4.10: the grammar of RFC 3261 allows a third colon before an embedded IPv4 address, and only there.
    let mended = match text.split_once(":::") {
        Some((before, ipv4)) if ipv4.parse::<Ipv4Addr>().is_ok() => format!("{before}::{ipv4}"),
        _ => return Err(Malformed(What::Host)),
    };
    mended.parse().map_err(|_| Malformed(What::Host))
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        Host::Ip(address)
    }
}

impl From<SocketAddr> for Host {
    fn from(address: SocketAddr) -> Self {
        Host::Ip(address.ip())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Ip(IpAddr::V4(address)) => write_ipv4(*address, f),
            Host::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// `:port`, where there is one.
pub(crate) fn write_port(port: Option<u16>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some(port) = port else { return Ok(()) };
    f.write_str(":")?;
    fmt::Display::fmt(&port, f)
}

/// As the address shows itself, without the way over four formatted numbers: it stands in every line of every message.
fn write_ipv4(address: Ipv4Addr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0; 15];
    let mut length = 0;
    let mut put = |byte: u8| {
        if let Some(place) = text.get_mut(length) {
            *place = byte;
            length += 1;
        }
    };
    for (at, octet) in address.octets().into_iter().enumerate() {
        if at > 0 {
            put(b'.');
        }
        if octet >= 100 {
            put(b'0' + octet / 100);
        }
        if octet >= 10 {
            put(b'0' + octet / 10 % 10);
        }
        put(b'0' + octet % 10);
    }
    f.write_str(std::str::from_utf8(text.get(..length).unwrap_or_default()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_it_shows_itself() {
        for octets in
            [[0, 0, 0, 0], [1, 20, 99, 100], [192, 0, 2, 255], [255, 255, 255, 255], [10, 109, 9, 110]]
        {
            let address = Ipv4Addr::from(octets);
            assert_eq!(Host::Ip(address.into()).to_string(), address.to_string());
        }
    }
}
