//! The rules, as tables.

use super::*;
use Transport::{Tcp, Tls, Udp, Wss};

const ALL: &[Transport] = &[Udp, Tcp, Tls];

fn question(host: &str, port: Option<u16>, transport: Option<Transport>, secure: bool) -> Question {
    Question { host: host.to_owned(), port, transport, secure }
}

fn known(address: &str, transport: Transport) -> Plan {
    Plan::Known(address.parse().unwrap(), transport)
}

fn service(transport: Transport, name: &str) -> Service {
    Service { transport, name: name.to_owned() }
}

#[test]
fn what_is_asked_follows_from_what_is_named() {
    for (host, port, transport, secure, expected) in [
        ("192.0.2.1", None, None, false, known("192.0.2.1:5060", Udp)),
        ("192.0.2.1", None, None, true, known("192.0.2.1:5061", Tls)),
        ("192.0.2.1", Some(5070), Some(Tcp), false, known("192.0.2.1:5070", Tcp)),
        ("[2001:db8::1]", None, Some(Tls), false, known("[2001:db8::1]:5061", Tls)),
        ("2001:db8::1", None, None, false, known("[2001:db8::1]:5060", Udp)),
        ("a.example", Some(5080), None, false, Plan::Addresses(5080, Udp)),
        ("a.example", Some(5080), None, true, Plan::Addresses(5080, Tls)),
        ("a.example", None, Some(Tcp), false, Plan::Services(vec![service(Tcp, "_sip._tcp.a.example")])),
        ("a.example", None, Some(Tls), true, Plan::Services(vec![service(Tls, "_sips._tcp.a.example")])),
        ("a.example", None, None, false, Plan::Discover),
        ("a.example", None, None, true, Plan::Discover),
    ] {
        let question = question(host, port, transport, secure);
        assert_eq!(plan(&question, ALL, false), Ok(expected), "{question:?}");
    }
    let local = question("pbx", None, None, false);
    assert_eq!(plan(&local, ALL, true), Ok(Plan::Addresses(5060, Udp)));
    assert_eq!(plan(&local, &[Tls], true), Ok(Plan::Addresses(5061, Tls)));
}

#[test]
fn what_cannot_be_asked_or_spoken_is_a_fault_that_names_the_host() {
    for host in ["", "a b", "a..b", "[x]", "a\0", &"a".repeat(64), &"a.".repeat(130)] {
        let fault = plan(&question(host, None, None, false), ALL, false).unwrap_err();
        assert!(matches!(fault, LocateFault::NotAHost { .. }), "{host}");
    }
    for (transport, secure, spoken) in [
        (Some(Wss), false, ALL),
        (Some(Udp), true, ALL),
        (Some(Tls), false, &[Udp][..]),
        (None, true, &[Udp]),
    ] {
        let question = question("192.0.2.1", None, transport, secure);
        let name = "192.0.2.1".to_owned();
        assert_eq!(plan(&question, spoken, false), Err(LocateFault::NoTransport { name }));
    }
}

fn naptr(order: u16, preference: u16, flags: &str, service: &str) -> Naptr {
    let (flags, service) = (flags.to_owned(), service.to_owned());
    Naptr { order, preference, flags, replacement: format!("{order}.{preference}.example"), service }
}

#[test]
fn the_host_says_which_service_it_prefers() {
    let records = [
        naptr(20, 50, "s", "SIP+D2U"),
        naptr(10, 60, "S", "sip+d2t"),
        naptr(10, 50, "s", "SIPS+D2T"),
        naptr(5, 1, "s", "SIP+D2S"),
        naptr(1, 1, "u", "SIP+D2U"),
        naptr(1, 1, "s", "E2U+sip"),
    ];
    let (tls, tcp, udp) =
        (service(Tls, "10.50.example"), service(Tcp, "10.60.example"), service(Udp, "20.50.example"));
    let offered = |secure, spoken| offered(&records, secure, spoken);
    assert_eq!(offered(false, ALL), Some(vec![tls.clone(), tcp, udp.clone()]));
    assert_eq!(offered(true, ALL), Some(vec![tls]));
    assert_eq!(offered(false, &[Udp]), Some(vec![udp]));
    assert_eq!(offered(true, &[Udp]), Some(vec![]), "it speaks SIP, and nothing that is spoken here");
}

#[test]
fn records_that_say_nothing_of_sip_are_as_none() {
    assert_eq!(offered(&[], false, ALL), None);
    assert_eq!(offered(&[naptr(1, 1, "s", "E2U+sip"), naptr(1, 1, "a", "SIP+D2U")], false, ALL), None);
    assert_eq!(
        usual("a.example", false, &[Tcp, Udp, Wss]),
        [service(Tcp, "_sip._tcp.a.example"), service(Udp, "_sip._udp.a.example")]
    );
    assert_eq!(usual("a.example", true, ALL), [service(Tls, "_sips._tcp.a.example")]);
}

#[test]
fn equal_wishes_of_the_host_leave_the_choice_to_this_side() {
    let records = [naptr(1, 1, "s", "SIP+D2U"), naptr(1, 1, "s", "SIP+D2T")];
    let first = |spoken: &[Transport]| offered(&records, false, spoken).unwrap()[0].transport;
    assert_eq!((first(&[Udp, Tcp]), first(&[Tcp, Udp])), (Udp, Tcp));
}

#[test]
fn servers_come_by_priority_and_then_by_weight_and_no_service_is_no_server() {
    let srv =
        |priority, weight, port, target: &str| Srv { priority, weight, port, target: target.to_owned() };
    let records = vec![
        srv(20, 0, 5060, "c"),
        srv(10, 10, 5060, "b"),
        srv(10, 60, 5062, "a"),
        srv(0, 0, 5060, ""),
        srv(0, 0, 0, "z"),
    ];
    let targets: Vec<String> = ordered(records).into_iter().map(|record| record.target).collect();
    assert_eq!(targets, ["a", "b", "c"]);
    let many: Vec<Srv> = (0..100).map(|n| srv(n, 0, 5060, "a")).collect();
    assert_eq!(ordered(many).len(), HOPS_MAX);
}
