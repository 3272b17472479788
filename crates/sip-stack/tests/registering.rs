//! Registrations of this side at another registrar (RFC 3261 §10.2).

mod stage;

use frontdesk_sip_message::{HeaderName, Method, Request};
use frontdesk_sip_stack::*;
use stage::*;
use std::sync::Arc;

const ID: RegistrationId = RegistrationId(7);

fn registering() -> (Stage, Request) {
    let mut stage = Stage::with_peer();
    let request = register(&mut stage, |_| {});
    (stage, request)
}

/// Asks for the registration, changed so, and gives the REGISTER that is sent.
fn register(stage: &mut Stage, change: impl Fn(&mut OutgoingRegistration)) -> Request {
    let mut wanted = OutgoingRegistration {
        registration: ID,
        registrar: uri("sip:trunk.example.com"),
        address_of_record: address("sip:desk@trunk.example.com"),
        flow: stage.flow,
        credentials: Some(credentials("desk", "secret")),
        routes: Vec::new(),
        quirks: Arc::default(),
        expires: seconds(600),
    };
    change(&mut wanted);
    stage.command(SipCommand::Register(Box::new(wanted)));
    stage.requests().pop().expect("a REGISTER")
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
        matches!(&events[..], [SipEvent::Registered { registration: ID, expires, .. }] if *expires == seconds(300)),
        "its own contact counts: {events:?}"
    );
    stage.run(seconds(119));
    assert_eq!(stage.requests().len(), 0);
    stage.run(seconds(31));
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
    assert_eq!(failure(&mut stage).0, Some(status(423)));
}

/// The one failure that was told: the status, and when it is tried again.
fn failure(stage: &mut Stage) -> (Option<frontdesk_sip_message::StatusCode>, std::time::Duration) {
    match &stage.events()[..] {
        [SipEvent::RegistrationFailed { registration: ID, status, retry_in }] => (*status, *retry_in),
        other => panic!("not one failure: {other:?}"),
    }
}

/// Nothing is asked before the time that was told, and one REGISTER then.
fn asks_again_after(stage: &mut Stage, wait: std::time::Duration) -> Request {
    stage.run(wait - millis(1));
    assert_eq!(stage.requests().len(), 0, "too early");
    stage.run(millis(1));
    let mut requests = stage.requests();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

#[test]
fn wrong_credentials_are_not_repeated_for_minutes() {
    let (mut stage, first) = registering();
    stage.receive(&answer(&first, 401, "reg", CHALLENGE, b""));
    let second = stage.requests().pop().expect("a REGISTER with credentials");
    stage.receive(&answer(&second, 401, "reg", CHALLENGE, b""));
    assert_eq!(stage.requests().len(), 0);
    let (status_told, retry_in) = failure(&mut stage);
    assert_eq!(status_told, Some(status(401)));
    assert!(retry_in >= seconds(150) && retry_in <= seconds(300), "{retry_in:?}");
    let third = asks_again_after(&mut stage, retry_in);
    assert_eq!(third.headers.call_id(), first.headers.call_id());
    assert_eq!(third.headers.cseq().expect("CSeq").number, 3);
}

#[test]
fn a_nonce_that_grew_old_on_the_way_is_no_wrong_password() {
    let (mut stage, first) = registering();
    stage.receive(&answer(&first, 401, "reg", CHALLENGE, b""));
    let mut request = stage.requests().pop().expect("a REGISTER with credentials");
    for nonce in ["n2", "n3"] {
        let stale = CHALLENGE.replace("n1", nonce) + ", stale=true";
        stage.receive(&answer(&request, 401, "reg", &stale, b""));
        request = stage.requests().pop().expect("a REGISTER with the new nonce");
        assert_eq!(request.headers.authorizations().expect("credentials")[0].nonce, nonce);
    }
    let stale = CHALLENGE.to_owned() + ", stale=true";
    stage.receive(&answer(&request, 401, "reg", &stale, b""));
    assert_eq!((stage.requests().len(), failure(&mut stage).0), (0, Some(status(401))), "not for ever");
}

#[test]
fn what_is_forbidden_waits_long_and_ever_longer() {
    let (mut stage, mut request) = registering();
    let mut before = seconds(0);
    for (least, most) in [(150, 300), (300, 600), (600, 1_200), (900, 1_800), (900, 1_800)] {
        stage.receive(&answer(&request, 403, "reg", "", b""));
        let (_, retry_in) = failure(&mut stage);
        assert!(retry_in >= seconds(least) && retry_in <= seconds(most), "{retry_in:?}");
        assert!(retry_in >= before.min(seconds(900)));
        before = retry_in;
        request = asks_again_after(&mut stage, retry_in);
    }
    stage.receive(&answer(&request, 200, "reg", "Expires: 60", b""));
    stage.events();
    stage.run(seconds(31));
    let refresh = stage.requests().pop().expect("a refresh");
    stage.receive(&answer(&refresh, 500, "reg", "", b""));
    assert!(failure(&mut stage).1 <= seconds(60), "a success forgives");
}

#[test]
fn a_registrar_that_does_not_answer_is_asked_again_ever_more_slowly() {
    let (mut stage, _) = registering();
    for (least, most) in [(30, 60), (60, 120), (120, 240)] {
        stage.run(seconds(32));
        stage.requests();
        let (status_told, retry_in) = failure(&mut stage);
        assert_eq!(status_told, None);
        assert!(retry_in >= seconds(least) && retry_in <= seconds(most), "{retry_in:?}");
        asks_again_after(&mut stage, retry_in);
    }
}

#[test]
fn a_registrar_that_is_unreachable_fails_at_once_and_says_when_to_come_is_obeyed() {
    let (mut stage, _) = registering();
    stage.input(SipInput::TransportFailed { flow: stage.flow });
    let (_, retry_in) = failure(&mut stage);
    let request = asks_again_after(&mut stage, retry_in);
    stage.receive(&answer(&request, 503, "reg", "Retry-After: 777 (tonight)", b""));
    assert_eq!(failure(&mut stage), (Some(status(503)), seconds(777)));
}

#[test]
fn a_registration_that_failed_can_be_taken_back() {
    let (mut stage, request) = registering();
    stage.receive(&answer(&request, 500, "reg", "", b""));
    stage.events();
    stage.command(SipCommand::Unregister { registration: ID });
    stage.requests();
    stage.run(seconds(32));
    assert!(matches!(&stage.events()[..], [SipEvent::RegistrationEnded { status: None, .. }]));
    stage.run(seconds(10));
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

fn over_tcp(stage: &Stage) -> Flow {
    Flow { transport: Transport::Tcp, ..stage.flow }
}

#[test]
fn an_outbound_proxy_and_the_wishes_of_a_registrar_are_obeyed() {
    let mut stage = Stage::with_peer();
    let request = register(&mut stage, |wanted| {
        wanted.routes = vec![address("sip:proxy.example.com;lr"), address("sip:192.0.2.9;lr")];
        wanted.quirks = Arc::new(Quirks {
            contact_user: Some("4930123456".to_owned()),
            register_expires_max_s: Some(300),
            ..Quirks::default()
        });
    });
    let routes: Vec<_> = request.headers.get_all(HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:proxy.example.com;lr>", "<sip:192.0.2.9;lr>"]);
    assert_eq!(request.headers.expires(), Ok(Some(300)));
    assert_eq!(request.headers.get(HeaderName::Contact), Some("<sip:4930123456@192.0.2.1:5060>"));
    let granted =
        "Contact: <sip:4930123456@192.0.2.1:5060>;expires=120\nService-Route: <sip:p1;lr>, <sip:p2;lr>";
    stage.receive(&answer(&request, 200, "reg", granted, b""));
    match &stage.events()[..] {
        [SipEvent::Registered { expires, service_route, .. }] => {
            assert_eq!(*expires, seconds(120));
            let route: Vec<_> = service_route.iter().map(ToString::to_string).collect();
            assert_eq!(route, ["<sip:p1;lr>", "<sip:p2;lr>"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_way_to_the_registrar_is_the_same_registration() {
    let (mut stage, first) = registering();
    let tcp = over_tcp(&stage);
    let second = register(&mut stage, |wanted| wanted.flow = tcp);
    assert_eq!(second.headers.call_id(), first.headers.call_id());
    assert_eq!(second.headers.cseq().expect("CSeq").number, 2);
    assert_eq!(second.headers.top_via().expect("a Via").transport, "TCP");
    assert_eq!(second.headers.get(HeaderName::Contact), Some("<sip:desk@192.0.2.1:5060;transport=tcp>"));
    stage.receive(&answer(&first, 200, "reg", "Expires: 60", b""));
    assert_eq!(stage.events().len(), 0, "the answer to the way that was left means nothing");
    stage.receive_over(tcp, &answer(&second, 200, "reg", "Expires: 60", b""));
    assert!(matches!(&stage.events()[..], [SipEvent::Registered { .. }]));
}

#[test]
fn a_registration_whose_connection_closes_is_asked_for_again_soon() {
    let mut stage = Stage::with_peer();
    let tcp = over_tcp(&stage);
    let request = register(&mut stage, |wanted| wanted.flow = tcp);
    stage.receive_over(tcp, &answer(&request, 200, "reg", "Expires: 600", b""));
    stage.events();
    stage.input(SipInput::FlowClosed {
        flow: Flow { local: "192.0.2.1:5070".parse().expect("an address"), ..tcp },
    });
    stage.run(seconds(2));
    assert_eq!(stage.requests().len(), 0, "another connection is no concern of it");
    stage.run(seconds(40));
    stage.input(SipInput::FlowClosed { flow: tcp });
    stage.run(seconds(2));
    let again = stage.requests().pop().expect("a REGISTER");
    stage.input(SipInput::TransportFailed { flow: tcp });
    assert!(failure(&mut stage).1 >= seconds(30), "and then ever more slowly");
    assert_eq!(again.headers.call_id(), request.headers.call_id());
    assert_eq!(stage.requests().len(), 0);
}

#[test]
fn refreshes_of_many_registrations_do_not_come_at_once() {
    let mut stage = Stage::with_peer();
    stage.flow = over_tcp(&stage);
    for number in 0..20 {
        let request = register(&mut stage, |wanted| wanted.registration = RegistrationId(number));
        stage.receive(&answer(&request, 200, "reg", "Expires: 1000", b""));
    }
    stage.run(seconds(400));
    assert_eq!(stage.requests().len(), 0);
    stage.run(seconds(50));
    let early = stage.requests().len();
    stage.run(seconds(51));
    assert!(early > 2 && early < 18, "{early} in the first half");
}

#[test]
fn a_registrar_that_closes_after_each_answer_is_not_flooded() {
    let mut stage = Stage::with_peer();
    let tcp = over_tcp(&stage);
    let mut request = register(&mut stage, |wanted| wanted.flow = tcp);
    for _ in 0..3 {
        stage.receive_over(tcp, &answer(&request, 200, "reg", "Expires: 600", b""));
        stage.input(SipInput::FlowClosed { flow: tcp });
        stage.run(seconds(29));
        assert_eq!(stage.requests().len(), 0);
        stage.run(seconds(3));
        request = stage.requests().pop().expect("a REGISTER");
    }
    stage.receive_over(tcp, &answer(&request, 200, "reg", "Expires: 20", b""));
    stage.input(SipInput::FlowClosed { flow: tcp });
    stage.run(seconds(10));
    assert_eq!(stage.requests().len(), 1, "no later than the refresh");
}
