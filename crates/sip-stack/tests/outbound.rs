//! Flows of their own (RFC 5626), and what becomes of contacts whose connection closes.

mod stage;

use frontdesk_sip_stack::*;
use stage::phone::{Phone, flow, lines};
use stage::*;

const INSTANCE: &str = "+sip.instance=\"<urn:uuid:1>\"";

/// A REGISTER of a device that can have several flows.
fn numbered(user: &str, number: u32) -> String {
    format!(
        "Supported: path, outbound\nContact: <sip:{user}@x.invalid;transport=ws>;reg-id={number};{INSTANCE}"
    )
}

fn unbound(phone: &mut Phone) -> Vec<(String, bool)> {
    let events = phone.stage.events();
    let unbound = events.into_iter().filter_map(|event| match event {
        SipEvent::Unbound { contact, expired, .. } => Some((contact.to_string(), expired)),
        _ => None,
    });
    unbound.collect()
}

#[test]
fn a_flow_is_agreed_on_and_told_when_to_show_life() {
    let mut phone = Phone::new();
    let way = flow(Transport::Ws, "192.0.2.9:40001");
    let ok = phone.register(way, &numbered("a", 1));
    assert_eq!(lines(&ok, "Require"), ["outbound"]);
    assert_eq!(lines(&ok, "Supported"), ["path, outbound"]);
    assert_eq!(lines(&ok, "Flow-Timer"), ["120"]);
    let contacts = lines(&ok, "Contact");
    assert_eq!(contacts.len(), 1);
    for part in
        ["<sip:a@x.invalid;transport=ws>", ";expires=3600", ";reg-id=1", ";+sip.instance=\"<urn:uuid:1>\""]
    {
        assert!(contacts[0].contains(part), "{contacts:?}");
    }
    let binding = &phone.bindings()[0];
    assert_eq!(
        (binding.instance.as_deref(), binding.flow_number, binding.flow),
        (Some("urn:uuid:1"), Some(1), way)
    );
}

#[test]
fn a_device_that_comes_back_takes_its_own_place_whatever_its_contact_says() {
    let mut phone = Phone::new();
    phone.register(flow(Transport::Ws, "192.0.2.9:40001"), &numbered("old", 1));
    phone.stage.events();
    let again = flow(Transport::Ws, "192.0.2.9:40002");
    let ok = phone.register(again, &numbered("new", 1));
    assert_eq!(lines(&ok, "Contact").len(), 1);
    assert_eq!(
        (phone.contacts(), phone.bindings()[0].flow),
        (vec!["sip:new@x.invalid;transport=ws".to_owned()], again)
    );
    assert_eq!(unbound(&mut phone), [("sip:old@x.invalid;transport=ws".to_owned(), false)]);
    // The end of the first connection is heard of late.
    phone.stage.input(SipInput::FlowClosed { flow: flow(Transport::Ws, "192.0.2.9:40001") });
    assert_eq!(phone.contacts().len(), 1);
}

#[test]
fn of_several_flows_of_a_device_one_is_called_and_the_other_takes_over() {
    let mut phone = Phone::new();
    let (first, second) = (flow(Transport::Ws, "192.0.2.9:40001"), flow(Transport::Ws, "192.0.2.9:40002"));
    phone.register(first, &numbered("one", 1));
    let ok = phone.register(second, &numbered("two", 2));
    assert_eq!((lines(&ok, "Contact").len(), phone.stage.stack.census().bindings), (2, 2));
    assert_eq!(phone.contacts(), ["sip:two@x.invalid;transport=ws"]);
    phone.stage.events();
    phone.stage.input(SipInput::FlowClosed { flow: second });
    assert_eq!(unbound(&mut phone), [("sip:two@x.invalid;transport=ws".to_owned(), true)]);
    assert_eq!(phone.contacts(), ["sip:one@x.invalid;transport=ws"]);
    phone.stage.input(SipInput::FlowClosed { flow: first });
    assert_eq!(phone.contacts(), Vec::<String>::new());
    phone.stage.run(seconds(4_000));
    assert_eq!(phone.stage.stack.census(), Census::default());
}

#[test]
fn two_devices_of_an_account_are_both_called() {
    let mut phone = Phone::new();
    phone.register(flow(Transport::Ws, "192.0.2.9:40001"), &numbered("one", 1));
    let other = numbered("two", 1).replace("urn:uuid:1", "urn:uuid:2");
    phone.register(flow(Transport::Ws, "192.0.2.9:40002"), &other);
    assert_eq!(phone.contacts().len(), 2);
}

#[test]
fn a_flow_is_taken_back_by_its_number() {
    let mut phone = Phone::new();
    let way = flow(Transport::Ws, "192.0.2.9:40001");
    phone.register(way, &numbered("old", 1));
    let ok = phone.register(way, &(numbered("new", 1) + ";expires=0"));
    assert_eq!((lines(&ok, "Contact").len(), phone.contacts().len()), (0, 0));
}

#[test]
fn numbers_mean_nothing_without_the_option_the_instance_or_a_stream() {
    let stream = flow(Transport::Tcp, "192.0.2.9:40001");
    for (way, lines_sent) in [
        (stream, numbered("a", 1).replace("Supported: path, outbound\n", "")),
        (stream, numbered("a", 1).replace(INSTANCE, "x=y")),
        (flow(Transport::Udp, "192.0.2.9:5060"), numbered("a", 1)),
    ] {
        let mut phone = Phone::new();
        let ok = phone.register(way, &lines_sent);
        assert_eq!((ok.status, lines(&ok, "Require").len()), (status(200), 0), "{lines_sent}");
        assert_eq!(phone.bindings()[0].flow_number, None, "{lines_sent}");
    }
}

#[test]
fn a_demand_for_outbound_is_understood_and_one_for_anything_else_is_420() {
    let mut phone = Phone::new();
    let way = flow(Transport::Tcp, "192.0.2.9:40001");
    let ok = phone.register(way, &numbered("a", 1).replace("Supported: path, outbound", "Require: outbound"));
    assert_eq!((ok.status, lines(&ok, "Require")), (status(200), vec!["outbound".to_owned()]));
    let refused = phone.send(way, "Require: outbound, gruu", None);
    assert_eq!((refused.status, lines(&refused, "Unsupported")), (status(420), vec!["gruu".to_owned()]));
}

#[test]
fn behind_a_proxy_that_keeps_no_flows_it_is_439_and_behind_one_that_does_it_is_not() {
    let mut phone = Phone::new();
    phone.proxies = "Via: SIP/2.0/TCP 192.0.2.30;branch=z9hG4bKproxy\n".to_owned();
    let way = flow(Transport::Tcp, "192.0.2.30:5060");
    for path in
        ["", "Path: <sip:192.0.2.30;lr>\n", "Path: <sip:192.0.2.30;lr;ob>, <sip:edge.example.com;lr>\n"]
    {
        let refused = phone.register(way, &format!("{path}{}", numbered("a", 1)));
        assert_eq!(refused.status, status(439), "{path}");
    }
    assert_eq!(phone.contacts().len(), 0);
    let ok = phone.register(
        way,
        &format!("Path: <sip:192.0.2.30;lr>, <sip:edge.example.com;lr;ob>\n{}", numbered("a", 1)),
    );
    assert_eq!((ok.status, lines(&ok, "Require").len(), lines(&ok, "Flow-Timer").len()), (status(200), 1, 0));
}

#[test]
fn two_numbered_contacts_at_once_are_400() {
    let mut phone = Phone::new();
    let two = format!("{}, <sip:b@x.invalid>;reg-id=2;{INSTANCE}", numbered("a", 1));
    assert_eq!(phone.register(flow(Transport::Ws, "192.0.2.9:40001"), &two).status, status(400));
}

#[test]
fn a_contact_behind_a_connection_that_closes_is_bound_no_more_unless_it_can_be_called_back() {
    let way = flow(Transport::Tcp, "192.0.2.9:40001");
    for (contact, then) in [
        ("sip:a@192.0.2.9:5070;transport=tcp", Some("192.0.2.9:5070")),
        ("sip:a@192.0.2.9", Some("192.0.2.9:5060")),
        ("sip:a@192.168.1.5:5060;transport=tcp", None),
        ("sip:a@192.0.2.9:5070;transport=udp", None),
        ("sip:a@phone.example.com;transport=tcp", None),
    ] {
        let mut phone = Phone::new();
        phone.register(way, &format!("Contact: <{contact}>"));
        phone.stage.events();
        phone.stage.input(SipInput::FlowClosed { flow: way });
        let left: Vec<String> = phone.bindings().iter().map(|b| b.flow.remote.to_string()).collect();
        assert_eq!(left, then.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{contact}");
        assert_eq!(unbound(&mut phone).len(), usize::from(then.is_none()), "{contact}");
    }
}

#[test]
fn the_order_of_preference_is_kept_over_streams_too() {
    let mut phone = Phone::new();
    let way = flow(Transport::Ws, "192.0.2.9:40001");
    let ok = phone.register(way, &(numbered("a", 1) + ";q=0.25"));
    assert!(lines(&ok, "Contact")[0].contains(";q=0.250"));
    assert_eq!(phone.bindings()[0].preference, 250);
}

/// Devices that come, go, and lose their connections, in an order that the seed says.
#[test]
fn whatever_comes_and_closes_a_closed_connection_holds_no_contact_and_nothing_is_left() {
    for seed in 0..40u64 {
        let mut phone = Phone::new();
        let mut number = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut draw = |end: u64| {
            number ^= number << 13;
            number ^= number >> 7;
            number ^= number << 17;
            number % end
        };
        for _ in 0..60 {
            let port = 40_000 + draw(4);
            let transport = if draw(2) == 0 { Transport::Ws } else { Transport::Tcp };
            let way = flow(transport, &format!("192.0.2.9:{port}"));
            match draw(4) {
                0 => {
                    phone.stage.input(SipInput::FlowClosed { flow: way });
                    assert!(phone.bindings().iter().all(|binding| binding.flow != way), "seed {seed}");
                }
                1 => phone.stage.run(seconds(draw(900))),
                _ => {
                    let user = format!("u{}", draw(3));
                    let instance = format!("urn:uuid:{}", 1 + draw(3));
                    let expires = if draw(5) == 0 { 0 } else { 60 + draw(600) };
                    let lines = numbered(&user, 1 + draw(2) as u32).replace("urn:uuid:1", &instance);
                    let response = phone.register(way, &format!("{lines};expires={expires}"));
                    assert_eq!(response.status, status(200), "seed {seed}");
                }
            }
            let bindings = phone.bindings();
            let instances: std::collections::BTreeSet<_> =
                bindings.iter().map(|b| b.instance.clone()).collect();
            assert_eq!(instances.len(), bindings.len(), "one flow of a device at a time, seed {seed}");
        }
        phone.stage.run(seconds(4_000));
        assert_eq!(phone.stage.stack.census(), Census::default(), "seed {seed}");
    }
}
