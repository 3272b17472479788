//! Requests that are too long for a datagram (RFC 3261 §18.1.1).

mod stage;

use frontdesk_sip_message::{Message, Method, Request};
use frontdesk_sip_stack::*;
use stage::*;

fn stage() -> Stage {
    let mut rules = settings(&["192.0.2.9"]);
    rules.stream_for_long_requests = true;
    Stage::with(rules)
}

/// An INVITE with so much in a header beside the rest.
fn call(stage: &mut Stage, number: u64, bytes: usize, target: &str) -> (SessionId, Flow, Request) {
    let session = SessionId::Outgoing(number);
    let mut call = outgoing(session, stage.flow, Some(credentials("1001", "secret")));
    call.target = uri(target);
    call.extra.push(("X-Long".to_owned(), "x".repeat(bytes)));
    stage.command(SipCommand::Invite(Box::new(call)));
    let (flow, invite) = request(stage);
    (session, flow, invite)
}

/// The one thing that was sent, a request.
fn request(stage: &mut Stage) -> (Flow, Request) {
    let mut sent = stage.sent_with_flows();
    match (sent.pop(), sent.is_empty()) {
        (Some((flow, Message::Request(request))), true) => (flow, request),
        other => panic!("not one request: {other:?}"),
    }
}

fn by(flow: Flow, request: &Request) -> (Transport, String) {
    (flow.transport, request.headers.top_via().expect("a Via").transport)
}

fn tcp() -> (Transport, String) {
    (Transport::Tcp, "TCP".to_owned())
}

fn udp() -> (Transport, String) {
    (Transport::Udp, "UDP".to_owned())
}

const PEER: &str = "sip:1001@192.0.2.9:5060";

#[test]
fn more_than_1300_bytes_go_by_tcp_and_not_one_less() {
    let mut stage = stage();
    let (_, _, short) = call(&mut stage, 1, 10, PEER);
    let room = 1_300 - short.to_bytes().len() + 10;
    let (_, flow, request) = call(&mut stage, 2, room, PEER);
    assert_eq!((request.to_bytes().len(), by(flow, &request)), (1_300, udp()));
    let (_, flow, request) = call(&mut stage, 3, room + 1, PEER);
    assert_eq!((request.to_bytes().len(), by(flow, &request)), (1_301, tcp()));
    assert_eq!((flow.local, flow.remote), (stage.flow.local, stage.flow.remote));
}

#[test]
fn without_a_listener_for_tcp_everything_goes_by_udp() {
    let mut stage = Stage::with_peer();
    let (_, flow, request) = call(&mut stage, 1, 2_000, PEER);
    assert_eq!(by(flow, &request), udp());
}

#[test]
fn where_no_connection_is_taken_the_same_request_goes_by_udp() {
    let mut stage = stage();
    let (session, flow, first) = call(&mut stage, 1, 2_000, PEER);
    stage.input(SipInput::TransportFailed { flow });
    let (again_flow, again) = request(&mut stage);
    assert_eq!(by(again_flow, &again), udp());
    let branch = |request: &Request| request.headers.top_via().expect("a Via").branch().map(str::to_owned);
    assert_eq!((branch(&again), &again.body), (branch(&first), &first.body));
    assert_eq!(stage.ends(), []);
    // It is repeated as any INVITE over UDP now, and answered.
    stage.run(millis(500));
    assert_eq!(by_next(&mut stage), udp());
    stage.receive(&answer(&again, 180, "t", "", b""));
    stage.receive(&answer(&again, 200, "t", "Contact: <sip:1001@192.0.2.9>", ANSWER));
    assert!(
        stage
            .events()
            .iter()
            .any(|event| matches!(event, SipEvent::Answered { session: s, .. } if *s == session))
    );
}

fn by_next(stage: &mut Stage) -> (Transport, String) {
    let (flow, request) = request(stage);
    by(flow, &request)
}

#[test]
fn an_address_that_takes_no_connection_is_not_asked_again_for_a_while() {
    let mut stage = stage();
    let (_, flow, _) = call(&mut stage, 1, 2_000, PEER);
    stage.input(SipInput::TransportFailed { flow });
    stage.sent();
    let (_, flow, second) = call(&mut stage, 2, 2_000, PEER);
    assert_eq!(by(flow, &second), udp());
    stage.run(seconds(600));
    stage.sent();
    let (_, flow, third) = call(&mut stage, 3, 2_000, PEER);
    assert_eq!(by(flow, &third), tcp());
}

#[test]
fn who_was_heard_of_over_tcp_and_is_lost_does_not_get_the_call_again() {
    let mut stage = stage();
    let (session, flow, invite) = call(&mut stage, 1, 2_000, PEER);
    stage.receive_over(flow, &answer(&invite, 180, "t", "", b""));
    stage.events();
    stage.input(SipInput::FlowClosed { flow });
    assert_eq!((stage.requests().len(), stage.ends()), (0, vec![(session, SessionEnd::TransportFailed)]));
}

#[test]
fn the_cancel_and_the_acknowledgement_of_the_refusal_go_the_way_of_their_invite() {
    let mut stage = stage();
    let (session, flow, invite) = call(&mut stage, 1, 2_000, PEER);
    stage.receive_over(flow, &answer(&invite, 180, "t", "", b""));
    stage.command(SipCommand::End { session, reason: None });
    let (cancel_flow, cancel) = request(&mut stage);
    assert_eq!((cancel.method.clone(), by(cancel_flow, &cancel)), (Method::CANCEL, tcp()));
    stage.receive_over(flow, &answer(&invite, 487, "t", "", b""));
    let (ack_flow, ack) = request(&mut stage);
    assert_eq!((ack.method.clone(), by(ack_flow, &ack)), (Method::ACK, tcp()));
}

#[test]
fn what_follows_in_the_dialog_is_short_and_goes_by_udp() {
    let mut stage = stage();
    let (session, flow, invite) = call(&mut stage, 1, 2_000, PEER);
    stage.receive_over(flow, &answer(&invite, 200, "t", "Contact: <sip:1001@192.0.2.9>", ANSWER));
    assert_eq!(by_next(&mut stage), udp(), "the ACK");
    stage.command(SipCommand::End { session, reason: None });
    assert_eq!(by_next(&mut stage), udp(), "the BYE");
}

#[test]
fn a_challenged_invite_is_measured_again() {
    let mut stage = stage();
    let (_, _, short) = call(&mut stage, 1, 10, PEER);
    let room = 1_300 - short.to_bytes().len() + 10;
    let (_, flow, invite) = call(&mut stage, 2, room, PEER);
    assert_eq!(by(flow, &invite), udp());
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=MD5, qop=\"auth\"";
    stage.receive(&answer(&invite, 401, "t", challenge, b""));
    let (flow, again) = stage
        .sent_with_flows()
        .into_iter()
        .find_map(|(flow, message)| match message {
            Message::Request(request) if request.method == Method::INVITE => Some((flow, request)),
            _ => None,
        })
        .expect("an INVITE with credentials");
    assert_eq!(by(flow, &again), tcp());
}

#[test]
fn other_requests_switch_and_fall_back_too() {
    let mut stage = stage();
    let flow = stage.flow;
    stage.command(SipCommand::Register(Box::new(OutgoingRegistration {
        registration: RegistrationId(1),
        registrar: uri("sip:trunk.example.com"),
        address_of_record: address(&format!("sip:{}@trunk.example.com", "d".repeat(1_200))),
        flow,
        credentials: None,
        expires: seconds(600),
        routes: Vec::new(),
        quirks: std::sync::Arc::default(),
    })));
    let (over, register) = request(&mut stage);
    assert_eq!(by(over, &register), tcp());
    stage.input(SipInput::FlowClosed { flow: over });
    let (over, register) = request(&mut stage);
    assert_eq!(by(over, &register), udp());
    stage.input(SipInput::TransportFailed { flow: over });
    assert!(matches!(&stage.events()[..], [SipEvent::RegistrationFailed { .. }]));
}

#[test]
fn a_phone_behind_a_translator_and_one_that_says_udp_are_called_by_udp() {
    let mut stage = stage();
    for (number, target) in [
        (1, "sip:1001@192.168.1.5:5060"),
        (2, "sip:1001@192.0.2.9:41000"),
        (3, "sip:1001@192.0.2.9:5060;transport=udp"),
    ] {
        let (_, flow, invite) = call(&mut stage, number, 2_000, target);
        assert_eq!(by(flow, &invite), udp(), "{target}");
    }
    let (_, flow, invite) = call(&mut stage, 4, 2_000, "sip:1001@trunk.example.com");
    assert_eq!(by(flow, &invite), tcp(), "a name that was resolved to the address");
}
