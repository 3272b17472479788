//! Proxies between here and a telephone (RFC 3327).

mod stage;

use frontdesk_sip_message::{HeaderName, Message};
use frontdesk_sip_stack::*;
use stage::phone::{Phone, flow, lines};
use stage::*;

const PATH: &str = "Path: <sip:192.0.2.30;transport=tcp;lr>, <sip:edge.example.com;lr>";

#[test]
fn the_path_is_kept_told_back_and_gone_with_calls() {
    let mut phone = Phone::new();
    phone.proxies = "Via: SIP/2.0/TCP 192.0.2.30;branch=z9hG4bKproxy\n".to_owned();
    let way = flow(Transport::Tcp, "192.0.2.30:40001");
    let ok = phone.register(way, &format!("Supported: path\n{PATH}\nContact: <sip:1001@10.0.0.5>"));
    assert_eq!(lines(&ok, "Path").join(", "), PATH.trim_start_matches("Path: "));
    let binding = phone.bindings().remove(0);
    let path: Vec<String> = binding.path.iter().map(ToString::to_string).collect();
    assert_eq!(path, ["<sip:192.0.2.30;transport=tcp;lr>", "<sip:edge.example.com;lr>"]);
    let mut call = outgoing(SessionId::Outgoing(1), binding.flow, None);
    (call.target, call.routes) = (binding.contact, binding.path);
    phone.stage.command(SipCommand::Invite(Box::new(call)));
    let (sent_over, invite) = phone.stage.sent_with_flows().pop().expect("an INVITE");
    let Message::Request(invite) = invite else { panic!("no request: {invite:?}") };
    let routes: Vec<_> = invite.headers.get_all(HeaderName::Route).collect();
    assert_eq!((sent_over, routes.join(", ").as_str()), (way, PATH.trim_start_matches("Path: ")));
}

#[test]
fn a_proxy_whose_connection_closes_is_called_back() {
    let mut phone = Phone::new();
    let way = flow(Transport::Tcp, "192.0.2.30:40001");
    phone.register(way, &format!("{PATH}\nContact: <sip:1001@10.0.0.5>"));
    phone.stage.input(SipInput::FlowClosed { flow: way });
    assert_eq!(phone.bindings()[0].flow.remote.to_string(), "192.0.2.30:5060");
}

#[test]
fn a_path_that_cannot_be_read_or_is_endless_is_400_and_binds_nothing() {
    let mut phone = Phone::new();
    let way = flow(Transport::Tcp, "192.0.2.30:40001");
    let endless = format!("Path: {}", ["<sip:192.0.2.30;lr>"; 9].join(", "));
    for path in ["Path: <sip:", "Path: <tel:+4930123456>", endless.as_str()] {
        let refused = phone.register(way, &format!("{path}\nContact: <sip:1001@10.0.0.5>"));
        assert_eq!(refused.status, status(400), "{path}");
    }
    assert_eq!(phone.contacts().len(), 0);
}

#[test]
fn a_demand_for_path_is_understood() {
    let mut phone = Phone::new();
    let way = flow(Transport::Tcp, "192.0.2.30:40001");
    let ok = phone.register(way, &format!("Require: path\n{PATH}\nContact: <sip:1001@10.0.0.5>"));
    assert_eq!(ok.status, status(200));
    assert!(ok.headers.get(HeaderName::Path).is_some());
}
