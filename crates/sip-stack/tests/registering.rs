//! Registrations of this side at another registrar (RFC 3261 §10.2).

mod stage;

use frontdesk_sip_message::{HeaderName, Method, Request};
use frontdesk_sip_stack::*;
use stage::*;

const ID: RegistrationId = RegistrationId(7);

fn registering() -> (Stage, Request) {
    let mut stage = Stage::with_peer();
    let flow = stage.flow;
    stage.command(SipCommand::Register(Box::new(OutgoingRegistration {
        registration: ID,
        registrar: uri("sip:trunk.example.com"),
        address_of_record: address("sip:desk@trunk.example.com"),
        flow,
        credentials: Some(credentials("desk", "secret")),
        routes: Vec::new(),
        quirks: std::sync::Arc::default(),
        expires: seconds(600),
    })));
    let request = stage.requests().pop().expect("a REGISTER");
    (stage, request)
}

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"";

#[test]
fn a_registration_is_challenged_granted_and_refreshed_in_time() {
    let (mut stage, first) = registering();
    assert_eq!(
        (first.method.clone(), first.uri.to_string()),
        (Method::REGISTER, "sip:trunk.example.com".to_owned())
    );
    assert_eq!(first.headers.get(HeaderName::Contact), Some("<sip:desk@192.0.2.1:5060>"));
    stage.receive(&answer(&first, 401, "reg", CHALLENGE, b""));
    let second = stage.requests().pop().expect("a REGISTER with credentials");
    assert_eq!(second.headers.call_id(), first.headers.call_id());
    assert_eq!(second.headers.cseq().expect("CSeq").number, 2);
    assert_eq!(second.headers.authorizations().expect("credentials").len(), 1);
    let granted = "Contact: <sip:other@192.0.2.77>;expires=5\nContact: <sip:desk@192.0.2.1:5060>;expires=300";
    stage.receive(&answer(&second, 200, "reg", granted, b""));
    let events = stage.events();
    assert!(
        matches!(&events[..], [SipEvent::Registered { registration: ID, expires }] if *expires == seconds(300)),
        "its own contact counts: {events:?}"
    );
    stage.run(seconds(149));
    assert_eq!(stage.requests().len(), 0);
    stage.run(seconds(1));
    let refresh = stage.requests().pop().expect("a refresh");
    assert_eq!(refresh.headers.cseq().expect("CSeq").number, 3);
    assert_eq!(refresh.headers.call_id(), first.headers.call_id());
    stage.receive(&answer(&refresh, 401, "reg", CHALLENGE, b""));
    let refresh = stage.requests().pop().expect("a refresh with credentials");
    stage.receive(&answer(&refresh, 200, "reg", "Expires: 600", b""));
    assert!(
        matches!(&stage.events()[..], [SipEvent::Registered { expires, .. }] if *expires == seconds(600))
    );
}

#[test]
fn a_registration_is_taken_back() {
    let (mut stage, first) = registering();
    stage.receive(&answer(&first, 200, "reg", "", b""));
    stage.events();
    stage.command(SipCommand::Unregister { registration: ID });
    let last = stage.requests().pop().expect("a REGISTER");
    assert_eq!(last.headers.expires(), Ok(Some(0)));
    stage.receive(&answer(&last, 401, "reg", CHALLENGE, b""));
    let last = stage.requests().pop().expect("a REGISTER with credentials");
    assert_eq!(last.headers.expires(), Ok(Some(0)));
    stage.receive(&answer(&last, 200, "reg", "", b""));
    let events = stage.events();
    assert!(
        matches!(&events[..], [SipEvent::RegistrationEnded { registration: ID, status: Some(s) }] if *s == status(200))
    );
    stage.run(seconds(3_600));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn too_brief_is_obeyed_and_not_for_ever() {
    let (mut stage, mut request) = registering();
    for demanded in [700, 800, 900] {
        stage.receive(&answer(&request, 423, "reg", &format!("Min-Expires: {demanded}"), b""));
        request = stage.requests().pop().expect("another REGISTER");
        assert_eq!(request.headers.expires(), Ok(Some(demanded)));
    }
    stage.receive(&answer(&request, 423, "reg", "Min-Expires: 1000", b""));
    assert!(
        matches!(&stage.events()[..], [SipEvent::RegistrationEnded { status: Some(s), .. }] if *s == status(423))
    );
}

#[test]
fn wrong_credentials_end_the_registration_the_second_time() {
    let (mut stage, first) = registering();
    stage.receive(&answer(&first, 401, "reg", CHALLENGE, b""));
    let second = stage.requests().pop().expect("a REGISTER with credentials");
    stage.receive(&answer(&second, 401, "reg", CHALLENGE, b""));
    assert_eq!(stage.requests().len(), 0);
    assert!(
        matches!(&stage.events()[..], [SipEvent::RegistrationEnded { status: Some(s), .. }] if *s == status(401))
    );
}

#[test]
fn a_registrar_that_does_not_answer_ends_the_registration_without_a_status() {
    let (mut stage, _) = registering();
    stage.run(seconds(32));
    assert!(matches!(&stage.events()[..], [SipEvent::RegistrationEnded { status: None, .. }]));
    stage.run(seconds(10));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_registrar_that_is_unreachable_ends_the_registration_at_once() {
    let (mut stage, _) = registering();
    stage.input(SipInput::TransportFailed { flow: stage.flow });
    assert!(matches!(&stage.events()[..], [SipEvent::RegistrationEnded { status: None, .. }]));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_registrar_that_grants_nothing_is_not_flooded() {
    let (mut stage, first) = registering();
    stage.receive(&answer(&first, 200, "reg", "Expires: 0", b""));
    stage.run(millis(4_999));
    assert_eq!(stage.requests().len(), 0);
    stage.run(millis(1));
    assert_eq!(stage.requests().len(), 1);
}

#[test]
fn an_unreachable_phone_ends_the_call_at_once_and_an_unreachable_caller_too() {
    let mut stage = Stage::with_peer();
    let (placed, _) = stage.call(1);
    let arrived = stage.incoming(&Script::invite().text());
    stage.input(SipInput::TransportFailed { flow: stage.flow });
    let mut ends = stage.ends();
    ends.sort_by_key(|(session, _)| *session);
    assert_eq!(ends, [(arrived, SessionEnd::TransportFailed), (placed, SessionEnd::TransportFailed)]);
    assert_eq!(stage.stack.census(), Census::default());
}
