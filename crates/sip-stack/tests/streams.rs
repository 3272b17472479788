//! Calls over TCP, TLS and WebSockets (RFC 3261 §18, RFC 5923, RFC 7118), and connections that close.

mod stage;

use frontdesk_sip_message::{HeaderName, Message, Request, Response};
use frontdesk_sip_stack::*;
use stage::*;

/// A connection from 192.0.2.9, accepted here.
fn stream(transport: Transport, from_port: u16) -> Flow {
    let port = if transport == Transport::Tls { 5061 } else { 5060 };
    Flow {
        transport,
        local: format!("192.0.2.1:{port}").parse().expect("an address"),
        remote: format!("192.0.2.9:{from_port}").parse().expect("an address"),
    }
}

/// As the other end writes it over that transport.
fn over(transport: Transport, script: &Script) -> String {
    script.text().replace("SIP/2.0/UDP", &format!("SIP/2.0/{}", transport.via_name()))
}

fn calling_over(flow: Flow, invite: &Script) -> (Stage, SessionId) {
    let mut stage = Stage::with_peer();
    stage.flow = flow;
    let session = stage.incoming(&over(flow.transport, invite));
    (stage, session)
}

/// A call that came over the flow, answered and acknowledged.
fn talking_over(flow: Flow, invite: &Script) -> (Stage, SessionId, Response) {
    let (mut stage, session) = calling_over(flow, invite);
    stage.sent();
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let ok = stage.response();
    let ack = Script::within("ACK", "z9hG4bKack", 1, &ok);
    stage.receive(&over(flow.transport, &ack));
    stage.sent();
    stage.events();
    (stage, session, ok)
}

/// The BYE of this side, and where it goes.
fn bye(stage: &mut Stage, session: SessionId) -> (Flow, Request) {
    stage.command(SipCommand::End { session, reason: None });
    match stage.sent_with_flows().pop() {
        Some((flow, Message::Request(request))) => (flow, request),
        other => panic!("no BYE: {other:?}"),
    }
}

fn invite_from(contact: &str) -> Script {
    let mut script = Script::new("INVITE", "z9hG4bKfirst", 1).with(&format!("Contact: <{contact}>"));
    script = script.with("Content-Type: application/sdp");
    script.body = OFFER;
    script
}

#[test]
fn answers_go_back_over_the_connection_whatever_the_via_says() {
    let flow = stream(Transport::Tcp, 40_001);
    let (mut stage, _) = calling_over(flow, &Script::invite());
    let sent = stage.sent_with_flows();
    assert_eq!(sent.iter().map(|(flow, _)| *flow).collect::<Vec<_>>(), [flow]);
}

#[test]
fn over_a_stream_nothing_is_repeated_but_the_success() {
    let flow = stream(Transport::Tcp, 40_001);
    let (mut stage, session) = calling_over(flow, &Script::invite());
    stage.command(SipCommand::Refuse {
        session,
        status: status(486),
        retry_after: None,
        reason: None,
        warning: None,
    });
    stage.sent();
    stage.run(seconds(31));
    assert_eq!(stage.sent().len(), 0);
    stage.run(seconds(1));
    assert_eq!(stage.stack.census(), Census::default());
    let (mut stage, session) = calling_over(flow, &Script::invite());
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    stage.sent();
    stage.run(millis(1_500));
    assert_eq!(stage.sent().len(), 2, "another hop may lose it (RFC 3261 §13.3.1.4)");
}

#[test]
fn a_request_over_a_stream_is_sent_once_and_its_transaction_ends_with_the_answer() {
    let mut stage = Stage::with_peer();
    stage.flow = stream(Transport::Tcp, 5060);
    let (_, invite) = stage.call(1);
    let via = invite.headers.top_via().expect("a Via");
    assert_eq!((via.transport.as_str(), via.to_string().contains("192.0.2.1:5060")), ("TCP", true));
    assert_eq!(invite.headers.get(HeaderName::Contact), Some("<sip:desk@192.0.2.1:5060;transport=tcp>"));
    stage.run(seconds(20));
    assert_eq!(stage.sent().len(), 0);
    stage.receive(&answer(&invite, 486, "t", "", b""));
    assert_eq!(stage.requests().len(), 1, "the ACK");
    assert_eq!(stage.stack.census(), Census::default(), "timer D is zero");
}

#[test]
fn a_contact_over_tls_says_so_and_is_sips_only_for_who_asked_for_it() {
    for (called, from, said) in [
        ("sip:100@192.0.2.1", "sip:alice@192.0.2.9", "<sip:100@192.0.2.1:5061;transport=tls>"),
        ("sips:100@192.0.2.1", "sips:alice@192.0.2.9", "<sips:100@192.0.2.1:5061>"),
        ("sip:100@192.0.2.1", "sips:alice@192.0.2.9", "<sips:100@192.0.2.1:5061>"),
    ] {
        let mut invite = invite_from(from);
        invite.uri = called;
        let (_, _, ok) = talking_over(stream(Transport::Tls, 40_001), &invite);
        assert_eq!(header(&ok, "Contact"), Some(said), "{called} {from}");
    }
    let flow = Flow { remote: "192.0.2.9:50000".parse().expect("an address"), ..stream(Transport::Wss, 1) };
    let (_, _, ok) = talking_over(flow, &invite_from("sip:x@df7jal23ls0d.invalid;transport=ws"));
    assert_eq!(header(&ok, "Contact"), Some("<sip:100@192.0.2.1:5060;transport=ws>"));
}

#[test]
fn a_caller_by_websocket_is_reached_over_its_socket_alone() {
    let flow = stream(Transport::Ws, 40_001);
    for contact in ["sip:alice@df7jal23ls0d.invalid;transport=ws", "sip:alice@192.0.2.9:5060;transport=ws"] {
        let (mut stage, session, _) = talking_over(flow, &invite_from(contact));
        let (way, bye) = bye(&mut stage, session);
        assert_eq!((way, bye.uri.to_string().as_str()), (flow, contact));
        assert_eq!(bye.headers.top_via().expect("a Via").transport, "WS");
    }
}

#[test]
fn a_connection_that_a_peer_opened_is_used_for_requests_to_it() {
    let flow = stream(Transport::Tls, 40_001);
    for contact in
        ["sip:alice@192.0.2.9:5061;transport=tls", "sip:alice@192.0.2.9", "sip:alice@pbx.example.com"]
    {
        let (mut stage, session, _) = talking_over(flow, &invite_from(contact));
        assert_eq!(bye(&mut stage, session).0, flow, "{contact}");
    }
    // Another host than the one at the other end of the connection.
    let script = invite_from("sip:alice@198.51.100.4:5061;transport=tls")
        .with("Record-Route: <sip:198.51.100.7:5071;transport=tls;lr>");
    let (mut stage, session, _) = talking_over(flow, &script);
    assert_eq!(bye(&mut stage, session).0.remote.to_string(), "198.51.100.7:5071");
}

#[test]
fn a_call_outlives_its_connection_and_goes_on_over_another() {
    let flow = stream(Transport::Tcp, 40_001);
    let (mut stage, session, _) = talking_over(flow, &invite_from("sip:alice@192.0.2.9:5070;transport=tcp"));
    stage.input(SipInput::FlowClosed { flow });
    assert_eq!(stage.ends(), []);
    let (way, _) = bye(&mut stage, session);
    assert_eq!((way.transport, way.remote.to_string().as_str()), (Transport::Tcp, "192.0.2.9:5070"));
    // Or where the other side is heard of again.
    let (mut stage, session, ok) = talking_over(flow, &invite_from("sip:alice@x.invalid"));
    stage.input(SipInput::FlowClosed { flow });
    let again = stream(Transport::Tcp, 40_002);
    stage.receive_over(again, &over(Transport::Tcp, &Script::within("OPTIONS", "z9hG4bKopt", 2, &ok)));
    stage.sent();
    assert_eq!(bye(&mut stage, session).0, again);
}

#[test]
fn a_call_placed_over_a_connection_that_closes_ends_at_once_ringing_or_not() {
    for ringing in [false, true] {
        let mut stage = Stage::with_peer();
        stage.flow = stream(Transport::Tcp, 5060);
        let (session, invite) = stage.call(1);
        if ringing {
            stage.receive(&answer(&invite, 180, "t", "", b""));
            stage.events();
        }
        stage.input(SipInput::FlowClosed { flow: stage.flow });
        assert_eq!(stage.ends(), [(session, SessionEnd::TransportFailed)]);
        assert_eq!(stage.stack.census(), Census::default());
    }
}

#[test]
fn the_answer_to_a_caller_whose_connection_closed_goes_over_a_new_one_to_its_sent_by() {
    let flow = stream(Transport::Tcp, 40_001);
    let (mut stage, session) = calling_over(flow, &Script::invite());
    stage.sent();
    stage.input(SipInput::FlowClosed { flow });
    assert_eq!(stage.ends(), []);
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let (way, _) = stage.sent_with_flows().pop().expect("a 200");
    assert_eq!((way.transport, way.remote.to_string().as_str()), (Transport::Tcp, "192.0.2.9:5060"));
    // The new one cannot be opened either: before the answer the caller is gone, after it the 2xx is repeated.
    let (mut stage, session) = calling_over(flow, &Script::invite());
    stage.input(SipInput::FlowClosed { flow });
    stage.input(SipInput::TransportFailed { flow: way });
    assert_eq!(stage.ends(), [(session, SessionEnd::TransportFailed)]);
}

#[test]
fn a_caller_whose_websocket_closed_cannot_be_answered() {
    let flow = stream(Transport::Wss, 40_001);
    let (mut stage, session) = calling_over(flow, &invite_from("sip:alice@x.invalid;transport=ws"));
    stage.input(SipInput::FlowClosed { flow });
    assert_eq!(stage.ends(), [(session, SessionEnd::TransportFailed)]);
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_connection_that_closes_concerns_no_other() {
    let flow = stream(Transport::Tcp, 40_001);
    let (mut stage, session) = calling_over(flow, &Script::invite());
    stage.sent();
    for other in [stream(Transport::Tcp, 40_002), Flow { transport: Transport::Udp, ..flow }] {
        stage.input(SipInput::FlowClosed { flow: other });
    }
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    assert_eq!(stage.sent_with_flows().pop().expect("a 200").0, flow);
}

#[test]
fn a_transport_is_read_from_a_uri() {
    for (text, asked) in [
        ("sip:a@b", None),
        ("sip:a@b;transport=UDP", Some(Transport::Udp)),
        ("sip:a@b;transport=tcp", Some(Transport::Tcp)),
        ("sip:a@b;transport=tls", Some(Transport::Tls)),
        ("sip:a@b;transport=ws", Some(Transport::Ws)),
        ("sip:a@b;transport=sctp", None),
        ("sips:a@b", Some(Transport::Tls)),
        ("sips:a@b;transport=tcp", Some(Transport::Tls)),
        ("sips:a@b;transport=ws", Some(Transport::Wss)),
        ("sips:a@b;transport=udp", None),
    ] {
        let uri = uri(text);
        assert_eq!(Transport::asked_by(uri.as_sip().expect("a SIP URI")), asked, "{text}");
    }
}

#[test]
fn sips_goes_under_tls_or_not_at_all() {
    for transport in [Transport::Udp, Transport::Tcp, Transport::Ws] {
        let mut stage = Stage::with_peer();
        let mut call = outgoing(SessionId::Outgoing(1), Flow { transport, ..stage.flow }, None);
        call.target = uri("sips:1001@192.0.2.9");
        stage.command(SipCommand::Invite(Box::new(call)));
        assert_eq!(stage.sent().len(), 0);
        assert_eq!(stage.ends(), [(SessionId::Outgoing(1), SessionEnd::TransportFailed)]);
    }
    let mut stage = Stage::with_peer();
    let mut call = outgoing(SessionId::Outgoing(1), stream(Transport::Tls, 5061), None);
    call.target = uri("sips:1001@192.0.2.9");
    stage.command(SipCommand::Invite(Box::new(call)));
    let invite = stage.requests().pop().expect("an INVITE");
    assert_eq!(invite.headers.get(HeaderName::Contact), Some("<sips:desk@192.0.2.1:5061>"));
}

#[test]
fn a_call_by_an_outbound_proxy_carries_its_routes_and_the_contact_that_is_asked_for() {
    let mut stage = Stage::with_peer();
    let mut call = outgoing(SessionId::Outgoing(1), stage.flow, None);
    call.routes = vec![address("sip:192.0.2.9;lr"), address("sip:inner.example.com;lr")];
    call.quirks = std::sync::Arc::new(Quirks { contact_user: Some("trunk".to_owned()), ..Quirks::default() });
    stage.command(SipCommand::Invite(Box::new(call.clone())));
    let invite = stage.requests().pop().expect("an INVITE");
    let routes: Vec<_> = invite.headers.get_all(HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:192.0.2.9;lr>", "<sip:inner.example.com;lr>"]);
    assert_eq!(invite.headers.get(HeaderName::Contact), Some("<sip:trunk@192.0.2.1:5060>"));
    call.session = SessionId::Outgoing(2);
    call.extra.push(("Contact".to_owned(), "<sip:4930123@anywhere.invalid>".to_owned()));
    stage.command(SipCommand::Invite(Box::new(call)));
    let invite = stage.requests().pop().expect("an INVITE");
    let contacts: Vec<_> = invite.headers.get_all(HeaderName::Contact).collect();
    assert_eq!(contacts, ["<sip:4930123@192.0.2.1:5060>"]);
}
