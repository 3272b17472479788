//! Peers that are known by the certificate of their connection (RFC 5922).

mod stage;

use frontdesk_sip_stack::*;
use stage::*;

fn peer(name: &str, addresses: &[&str], names: &[&str]) -> PeerRule {
    PeerRule {
        name: name.to_owned(),
        addresses: addresses.iter().map(|ip| ip.parse().expect("an address")).collect(),
        certificate_names: names.iter().map(|name| (*name).to_owned()).collect(),
        ..PeerRule::default()
    }
}

fn stage(peers: Vec<PeerRule>) -> Stage {
    let mut rules = settings(&[]);
    rules.peers = peers;
    let mut stage = Stage::with(rules);
    stage.flow = Flow {
        transport: Transport::Tls,
        local: "192.0.2.1:5061".parse().expect("an address"),
        remote: "192.0.2.9:40001".parse().expect("an address"),
    };
    stage
}

fn prove(stage: &mut Stage, names: &[&str]) {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    stage.input(SipInput::PeerProved { flow: stage.flow, names });
}

/// Who the caller is taken for; nobody if it is challenged.
fn caller(stage: &mut Stage) -> Option<String> {
    stage.receive(&Script::invite().text().replace("SIP/2.0/UDP", "SIP/2.0/TLS"));
    let admitted = stage.events().into_iter().find_map(|event| match event {
        SipEvent::Incoming(call) => Some(call.admission),
        _ => None,
    });
    match admitted {
        Some(Admission::Peer { name }) => Some(name),
        Some(other) => panic!("{other:?}"),
        None => {
            assert_eq!(stage.last_response().status, status(401));
            None
        }
    }
}

#[test]
fn a_peer_is_admitted_by_its_certificate_alone_as_long_as_the_connection_stands() {
    let by_name = || vec![peer("teams", &[], &["sbc.example.com"])];
    assert_eq!(caller(&mut stage(by_name())), None, "nothing is proved");
    let mut proved = stage(by_name());
    prove(&mut proved, &["other.example.com", "sbc.example.com"]);
    assert_eq!(caller(&mut proved).as_deref(), Some("teams"));
    let mut wrong = stage(by_name());
    prove(&mut wrong, &["other.example.com"]);
    assert_eq!(caller(&mut wrong), None);
    let mut closed = stage(by_name());
    prove(&mut closed, &["sbc.example.com"]);
    closed.input(SipInput::FlowClosed { flow: closed.flow });
    assert_eq!(caller(&mut closed), None, "another connection from the same port proves nothing");
}

#[test]
fn what_one_connection_proves_another_does_not() {
    let mut stage = stage(vec![peer("teams", &[], &["sbc.example.com"])]);
    prove(&mut stage, &["sbc.example.com"]);
    stage.flow.remote.set_port(40_002);
    assert_eq!(caller(&mut stage), None);
}

#[test]
fn with_address_and_name_both_must_fit() {
    for (address, name, admitted) in [
        ("192.0.2.9", "sbc.example.com", true),
        ("192.0.2.8", "sbc.example.com", false),
        ("192.0.2.9", "x.example.com", false),
    ] {
        let mut stage = stage(vec![peer("pbx", &[address], &["sbc.example.com"])]);
        prove(&mut stage, &[name]);
        assert_eq!(caller(&mut stage).is_some(), admitted, "{address} {name}");
    }
}

#[test]
fn the_first_rule_that_fits_names_the_peer_and_a_rule_without_anything_is_nobody() {
    let rules = || {
        vec![
            peer("nobody", &[], &[]),
            peer("named", &[], &["sbc.example.com"]),
            peer("known", &["192.0.2.9"], &[]),
        ]
    };
    let mut proved = stage(rules());
    prove(&mut proved, &["sbc.example.com"]);
    assert_eq!(caller(&mut proved).as_deref(), Some("named"));
    assert_eq!(caller(&mut stage(rules())).as_deref(), Some("known"));
}

#[test]
fn a_wildcard_stands_for_one_label_in_front() {
    for (proof, expected, admitted) in [
        ("*.example.com", "sbc.example.com", true),
        ("*.example.com", "a.b.example.com", false),
        ("sbc.*.com", "sbc.example.com", false),
        ("*.com", "example.com", false),
    ] {
        let mut stage = stage(vec![peer("pbx", &[], &[expected])]);
        prove(&mut stage, &[proof]);
        assert_eq!(caller(&mut stage).is_some(), admitted, "{proof}");
    }
}

#[test]
fn a_peer_that_comes_by_tls_is_not_known_by_a_datagram_that_anybody_can_forge() {
    let secure = || vec![PeerRule { secure: true, ..peer("carrier", &["192.0.2.9"], &[]) }];
    assert_eq!(caller(&mut stage(secure())).as_deref(), Some("carrier"));
    for transport in [Transport::Udp, Transport::Tcp, Transport::Ws] {
        let mut forged = stage(secure());
        forged.flow.transport = transport;
        assert_eq!(caller(&mut forged), None, "{transport:?}");
    }
}
