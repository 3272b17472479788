//! How this machine is reached, and whether what it says of itself is true outside.

use super::Finding;
use crate::settings::{External, Settings};
use std::net::{IpAddr, SocketAddr};

pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let own = own_addresses();
    let mut findings = vec![listed(&own)];
    findings.extend(outside(settings, &own).await);
    findings.extend(sound_address(settings, &own));
    findings
}

fn listed(own: &[IpAddr]) -> Finding {
    if own.is_empty() {
        return Finding::warn("addresses", "only the loopback", "connect this machine to a network");
    }
    let list: Vec<String> = own.iter().map(ToString::to_string).collect();
    Finding::ok("addresses", list.join(", "))
}

/// What neighbours outside are told.
async fn outside(settings: &Settings, own: &[IpAddr]) -> Vec<Finding> {
    match &settings.sip.external {
        External::Address(ip) if own.contains(ip) => {
            vec![Finding::ok("outside", format!("known as {ip}, which is this machine's own"))]
        }
        External::Address(ip) => vec![Finding::ok(
            "outside",
            format!(
                "known as {ip}; the NAT must forward the SIP ports and the whole sound range to this machine"
            ),
        )],
        External::Learnt { stun } => vec![learnt(stun, settings).await],
        External::AsItIs => {
            let public = own.iter().any(|ip| !is_private(*ip));
            let speaks_outside = !settings.trunks.is_empty();
            if public || !speaks_outside || own.is_empty() {
                return Vec::new();
            }
            vec![Finding::warn(
                "outside",
                "this machine has private addresses only, and [sip] says nothing of an address outside",
                "for trunks in the Internet set [sip] external to the address outside, or stun; for a PBX in the house it is right",
            )]
        }
    }
}

async fn learnt(stun: &str, settings: &Settings) -> Finding {
    let what = format!("outside, by {stun}");
    match crate::outside::learn(settings).await {
        Ok(Some(ip)) => Finding::ok(what, format!("known as {ip}")),
        Ok(None) => Finding::ok(what, "not asked"),
        Err(why) => {
            let advice = "see [sip] stun, and whether UDP is let out; or set [sip] external";
            Finding::fail(what, why.to_string(), advice)
        }
    }
}

fn sound_address(settings: &Settings, own: &[IpAddr]) -> Option<Finding> {
    let address = settings.rtp.address?;
    if own.contains(&address) || address.is_loopback() {
        return Some(Finding::ok("sound address", format!("{address} is this machine's own")));
    }
    let external = matches!(settings.sip.external, External::Address(ip) if ip == address);
    let found = format!("{address} is no address of this machine");
    Some(if external {
        Finding::ok("sound address", format!("{found}, but the one outside"))
    } else {
        Finding::warn(
            "sound address",
            found,
            "right only where a NAT forwards the sound ports from there; see [rtp] address",
        )
    })
}

/// The addresses under which others reach this machine.
pub fn own_addresses() -> Vec<IpAddr> {
    let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten();
    let mut own: Vec<IpAddr> = interfaces
        .filter_map(|interface| interface.address)
        .filter_map(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
        })
        .filter(|ip| match ip {
            IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local(),
            IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local(),
        })
        .collect();
    own.dedup();
    own
}

/// Whether nobody in the Internet can send to it (RFC 1918, RFC 6598, RFC 4193).
pub(super) fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

/// Whether a neighbour at this address would be told an address that it cannot reach.
pub(super) fn would_be_misled(settings: &Settings, local: SocketAddr, remote: SocketAddr) -> bool {
    settings.sip.external == External::AsItIs && is_private(local.ip()) && !is_private(remote.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_private_address_told_to_the_internet_is_noticed() {
        let at = |text: &str| SocketAddr::new(text.parse().unwrap(), 5060);
        let settings = Settings::parse(Path::new("d.toml"), "").unwrap();
        assert!(would_be_misled(&settings, at("192.168.1.20"), at("203.0.113.7")));
        assert!(would_be_misled(&settings, at("100.64.0.9"), at("203.0.113.7")));
        assert!(!would_be_misled(&settings, at("192.168.1.20"), at("10.0.0.9")), "a PBX in the house");
        assert!(!would_be_misled(&settings, at("198.51.100.2"), at("203.0.113.7")));
        let known = Settings::parse(Path::new("d.toml"), "[sip]\nexternal = \"203.0.113.5\"").unwrap();
        assert!(!would_be_misled(&known, at("192.168.1.20"), at("203.0.113.7")));
    }
}
