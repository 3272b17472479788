//! Each `[[peer]]`: whether somebody is there, and answers.

use super::knock::Knock;
use super::{Finding, own_addresses};
use crate::settings::{PeerSettings, Settings};
use crate::sockets::asking_settings;
use frontdesk_sip_message::{Host, SipUri, StatusCode, Uri};
use frontdesk_sip_stack::Transport;
use std::net::{IpAddr, SocketAddr};

/// Addresses of one peer that are asked; a carrier with more is not asked everywhere.
const ADDRESSES_ASKED: usize = 4;

pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    if settings.peers.is_empty() {
        return Vec::new();
    }
    let mut knock = match Knock::open(&asking_settings(settings)).await {
        Ok(knock) => knock,
        Err(fault) => {
            return vec![Finding::fail("peers", fault.to_string(), "see the network of this machine")];
        }
    };
    let mut findings = Vec::new();
    for peer in &settings.peers {
        findings.extend(one(settings, peer, &mut knock).await);
    }
    findings
}

async fn one(settings: &Settings, peer: &PeerSettings, knock: &mut Knock) -> Vec<Finding> {
    let PeerSettings { name, addresses, certificate_names, .. } = peer;
    let mut findings = Vec::new();
    if !certificate_names.is_empty() && settings.tls.client_ca.is_none() {
        findings.push(Finding::fail(
            format!("peer {name}: certificate"),
            "nobody is asked for a certificate, so it is never known by its own",
            "set [tls] client_ca to the authorities that certify it",
        ));
    }
    if addresses.is_empty() {
        let found = "known by its certificate, whatever its address: it cannot be asked";
        findings.push(Finding::ok(format!("peer {name}"), found));
    }
    for address in addresses.iter().take(ADDRESSES_ASKED) {
        if address.is_loopback() || own_addresses().contains(address) {
            let found = format!("{address} is this machine: there is nobody else to ask");
            findings.push(Finding::ok(format!("peer {name}"), found));
            continue;
        }
        findings.push(asked(settings, peer, *address, knock).await);
    }
    findings
}

/// Asked as it would be called: by TLS if it has a certificate, else by what this side listens for; at the usual port,
/// since a peer is only known by where it comes from.
async fn asked(settings: &Settings, peer: &PeerSettings, address: IpAddr, knock: &mut Knock) -> Finding {
    let listens = |wanted| settings.sip.listen.iter().any(|listen| listen.transport == wanted);
    let transport = match peer.certificate_names.first() {
        Some(_) => Transport::Tls,
        None if listens(Transport::Udp) => Transport::Udp,
        None => Transport::Tcp,
    };
    let remote = SocketAddr::new(address, transport.default_port());
    if let Some(name) = peer.certificate_names.first() {
        let _ = knock.transports().expect_name(remote, name);
    }
    let what = format!("peer {}: OPTIONS to {remote} {}", peer.name, transport.via_name());
    let flow = match knock.transports().flow_to(remote, transport) {
        Ok(flow) => flow,
        Err(fault) => return Finding::fail(what, fault.to_string(), "see the routes of this machine"),
    };
    let target: Uri = SipUri::new(None, Host::Ip(address), None).into();
    let status = knock.probe(target, flow).await;
    let fault = knock.transports().open_fault(remote, transport).map(|fault| fault.to_string());
    told(what, status, fault)
}

fn told(what: String, status: Option<StatusCode>, fault: Option<String>) -> Finding {
    match (status, fault) {
        (Some(status), _) => {
            Finding::ok(what, format!("answered with {} {}", status.as_u16(), status.default_reason()))
        }
        (None, fault) => Finding::warn(
            what,
            fault.unwrap_or_else(|| "no answer".to_owned()),
            "see that it runs at that address and lets this machine in; one that listens at another port, or answers \
             no OPTIONS, can call the desk all the same",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use std::path::Path;

    async fn findings(peers: &str) -> Vec<Finding> {
        look(&Settings::parse(Path::new("desk.toml"), peers).expect("right settings")).await
    }

    #[tokio::test]
    async fn this_machine_is_not_asked_and_without_peers_nothing_is_said() {
        assert!(findings("").await.is_empty());
        let own = findings("[[peer]]\nname = \"here\"\naddresses = [\"127.0.0.1\", \"::1\"]").await;
        assert!(own.len() == 2 && own.iter().all(|finding| finding.verdict == Verdict::Ok), "{own:?}");
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_is_asked_for_is_a_failure() {
        let found = findings("[[peer]]\nname = \"pbx\"\ncertificate_names = [\"pbx.example\"]").await;
        assert_eq!(found[0].verdict, Verdict::Fail, "{found:?}");
        assert!(found[0].advice.as_deref().unwrap().contains("client_ca"));
    }

    #[test]
    fn who_does_not_answer_is_a_warning_with_what_to_do() {
        let silent = told("peer pbx".to_owned(), None, Some("nobody listens on that port".to_owned()));
        assert_eq!((silent.verdict, silent.found.as_str()), (Verdict::Warn, "nobody listens on that port"));
        assert!(silent.advice.is_some());
        let there = told("peer pbx".to_owned(), Some(StatusCode::OK), None);
        assert_eq!(there.verdict, Verdict::Ok);
    }
}
