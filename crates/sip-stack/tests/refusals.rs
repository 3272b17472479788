//! What is refused whoever asks (RFC 3261 §8.2), with the cases of RFC 4475 whose verdict lies in the stack, in
//! words of our own.

mod stage;

use frontdesk_sip_message::{HeaderName, Response};
use frontdesk_sip_stack::*;
use stage::*;

/// From a stranger: none of these verdicts needs to know who asks.
fn verdict(text: &str) -> Response {
    let mut stage = Stage::with(settings(&[]));
    stage.receive(text);
    assert_eq!(stage.stack.census(), Census::default(), "no memory for strangers");
    stage.response()
}

fn request(method: &'static str) -> Script {
    Script::new(method, "z9hG4bKverdict", 7)
}

fn to_uri(uri: &'static str) -> String {
    Script { uri, ..request("OPTIONS") }.text()
}

#[test]
fn what_this_side_calls_itself_names_no_version_and_is_the_operators_to_say() {
    for (product, said) in
        [(None, Some("frontdesk")), (Some("Example PBX"), Some("Example PBX")), (Some(""), None)]
    {
        let mut rules = settings(&[]);
        rules.product = product.map_or(rules.product, str::to_owned);
        let mut stage = Stage::with(rules);
        stage.receive(&to_uri("sip:frontdesk"));
        assert_eq!(stage.response().headers.get(HeaderName::Server), said);
    }
}

#[test]
fn unkscm_and_novelsc_an_unknown_scheme_is_416() {
    assert_eq!(verdict(&to_uri("nobodyknows:totally-opaque")).status, status(416));
    assert_eq!(verdict(&to_uri("soap.beep://192.0.2.103:3002")).status, status(416));
}

#[test]
fn unksm2_a_registration_of_no_sip_address_is_400() {
    let mut script = request("REGISTER");
    script.to = "<isbn:2983792873>".to_owned();
    script.from = "<http://www.example.com>;tag=a";
    let script = script.with("Contact: <name:John_Smith>");
    assert_eq!(verdict(&script.text()).status, status(400));
}

#[test]
fn bext01_an_unknown_extension_is_420_and_named() {
    let script = request("OPTIONS")
        .with("Require: nothingSupportsThis, nothingSupportsThisEither")
        .with("Proxy-Require: noProxiesSupportThis");
    let response = verdict(&script.text());
    assert_eq!(response.status, status(420));
    assert_eq!(header(&response, "Unsupported"), Some("nothingSupportsThis, nothingSupportsThisEither"));
}

#[test]
fn badvers_another_version_is_505() {
    let response = verdict(&request("OPTIONS").text().replacen("SIP/2.0", "SIP/7.0", 1));
    assert_eq!(response.status, status(505));
    assert!(response.headers.to().expect("To").tag().is_some());
}

#[test]
fn zeromf_the_last_hop_is_the_end_for_calls_but_not_for_questions() {
    let no_hops = |method| request(method).text().replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(verdict(&no_hops("OPTIONS")).status, status(200), "RFC 4475 §3.3.11: an endpoint serves it");
    assert_eq!(verdict(&no_hops("INVITE")).status, status(483));
    assert_eq!(verdict(&no_hops("REGISTER")).status, status(483));
}

#[test]
fn invut_a_body_of_another_kind_is_415_and_told_what_is_wanted() {
    let mut script = Script::invite();
    script.extra = script.extra.replace("application/sdp", "application/unknownformat");
    let response = verdict(&script.text());
    assert_eq!((response.status, header(&response, "Accept")), (status(415), Some("application/sdp")));
    let response = verdict(&Script::invite().with("Content-Encoding: gzip").text());
    assert_eq!((response.status, header(&response, "Accept-Encoding")), (status(415), Some("identity")));
}

#[test]
fn sdp01_a_caller_who_cannot_read_an_answer_is_406() {
    assert_eq!(verdict(&Script::invite().with("Accept: text/nobodyKnowsThis").text()).status, status(406));
    for accept in ["application/sdp;level=1, text/html", "text/html, */*", "Application/*"] {
        let mut stage = Stage::with_peer();
        stage.incoming(&Script::invite().with(&format!("Accept: {accept}")).text());
    }
}

#[test]
fn insuf_a_missing_header_is_400() {
    for missing in ["From: ", "To: ", "Call-ID: ", "CSeq: "] {
        let text = Script::invite().text();
        let kept: Vec<&str> = text.split('\n').filter(|line| !line.starts_with(missing)).collect();
        assert_eq!(verdict(&kept.join("\n")).status, status(400), "{missing}");
    }
    let old = Script { branch: "old", from: "<sip:alice@192.0.2.9", ..Script::invite() };
    assert_eq!(
        verdict(&old.text()).status,
        status(400),
        "a broken From without the cookie that names the branch"
    );
    let text = Script::invite().text();
    let kept: Vec<&str> = text.split('\n').filter(|line| !line.starts_with("Via")).collect();
    let mut stage = Stage::with_peer();
    stage.receive(&kept.join("\n"));
    assert_eq!(stage.sent().len(), 0, "without Via there is no way back");
}

#[test]
fn mismatch_a_number_that_speaks_of_another_method_is_400() {
    let text = request("OPTIONS").text().replace("CSeq: 7 OPTIONS", "CSeq: 7 INVITE");
    assert_eq!(verdict(&text).status, status(400));
    let text = request("NEWMETHOD").text().replace("CSeq: 7 NEWMETHOD", "CSeq: 7 OPTIONS");
    assert_eq!(verdict(&text).status, status(400));
}

#[test]
fn multi01_a_header_that_may_stand_once_and_stands_twice_is_400() {
    assert_eq!(verdict(&request("INVITE").with("Call-ID: another").text()).status, status(400));
    assert_eq!(verdict(&request("INVITE").with("CSeq: 8 INVITE").text()).status, status(400));
}

#[test]
fn scalar02_and_clerr_numbers_beyond_their_bounds_are_400() {
    assert_eq!(
        verdict(&request("OPTIONS").text().replace("CSeq: 7", "CSeq: 36893488147419103232")).status,
        status(400)
    );
    let text = Script::invite().text();
    let length = format!("Content-Length: {}", OFFER.len());
    assert_eq!(verdict(&text.replace(&length, "Content-Length: 9999")).status, status(400));
    assert_eq!(verdict(&text.replace(&length, "Content-Length: -999")).status, status(400));
}

#[test]
fn regbadct_a_contact_with_a_question_mark_outside_of_brackets_is_400() {
    let script = request("REGISTER").with("Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E");
    assert_eq!(verdict(&script.text()).status, status(400));
}

#[test]
fn methods_that_are_not_served_are_405_and_methods_that_nobody_knows_501() {
    let response = verdict(&request("PUBLISH").text());
    assert_eq!(response.status, status(405));
    let allowed = concat!(
        "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, PRACK, UPDATE, ",
        "REFER, NOTIFY, SUBSCRIBE, MESSAGE"
    );
    assert_eq!(header(&response, "Allow"), Some(allowed));
    assert_eq!(verdict(&request("FROBNICATE").text()).status, status(501));
    assert_eq!(verdict(&request("invite").text()).status, status(501), "methods have their case");
}

#[test]
fn noreason_and_unreason_answers_with_strange_reason_phrases_are_answers() {
    for phrase in ["", "= 2**3 * 5**2 \u{43d}\u{43e} \u{441}\u{442}\u{43e}"] {
        let mut stage = Stage::with_peer();
        let (session, invite) = stage.call(1);
        let text = answer(&invite, 200, "bob", "Contact: <sip:1001@192.0.2.9>", ANSWER);
        stage.receive(&text.replacen("200 OK", &format!("200 {phrase}"), 1));
        assert!(
            matches!(&stage.events()[..], [SipEvent::Answered { session: told, .. }] if *told == session)
        );
    }
}

#[test]
fn bigcode_an_answer_with_a_status_beyond_all_bounds_is_dropped() {
    let mut stage = Stage::with_peer();
    let (_, invite) = stage.call(1);
    let text = answer(&invite, 200, "bob", "Contact: <sip:1001@192.0.2.9>", ANSWER);
    stage.receive(&text.replacen("200 OK", "4294967301 better not", 1));
    assert!(!stage.events().iter().any(|event| matches!(event, SipEvent::Answered { .. })));
    assert_eq!(stage.sent().len(), 0);
}

#[test]
fn what_is_no_sip_is_noticed_and_keep_alives_are_not() {
    let mut stage = Stage::with_peer();
    for bytes in [&b"\r\n\r\n"[..], b"\0\0\0\0", b""] {
        stage.input(SipInput::Received { flow: stage.flow, bytes: bytes.to_vec() });
        assert!(stage.events().is_empty());
    }
    stage.input(SipInput::Received { flow: stage.flow, bytes: b"GET / HTTP/1.1\r\n\r\n".to_vec() });
    assert!(matches!(&stage.events()[..], [SipEvent::Noticed(SipFact::NotUnderstood { .. })]));
    assert_eq!(stage.sent().len(), 0);
}

#[test]
fn a_question_about_capabilities_is_answered_to_anybody_and_says_nothing_of_users() {
    let known = verdict(&to_uri("sip:1001@192.0.2.1"));
    let unknown = verdict(&to_uri("sip:9999@192.0.2.1"));
    assert_eq!(known.status, status(200));
    assert_eq!(known, unknown);
    assert!(header(&known, "Allow").is_some());
}

#[test]
fn a_question_in_no_dialog_that_names_one_is_481() {
    for method in ["OPTIONS", "BYE", "INVITE"] {
        let mut script = request(method).with("Contact: <sip:alice@192.0.2.9>");
        script.to = "<sip:100@192.0.2.1>;tag=gone".to_owned();
        assert_eq!(verdict(&script.text()).status, status(481), "{method}");
    }
    assert_eq!(verdict(&request("BYE").text()).status, status(481));
}

#[test]
fn the_same_request_by_another_way_is_482() {
    let mut stage = Stage::with_peer();
    stage.incoming(&Script::invite().text());
    stage.sent();
    let by_another_way = Script { branch: "z9hG4bKother", ..Script::invite() };
    stage.receive(&by_another_way.text());
    assert_eq!(stage.response().status, status(482));
    assert!(stage.events().is_empty());
}

#[test]
fn a_call_without_a_contact_is_400() {
    let mut stage = Stage::with_peer();
    stage.receive(&request("INVITE").text());
    assert_eq!(stage.response().status, status(400));
}

#[test]
fn beyond_the_bound_of_sessions_a_call_is_503_and_told_when_to_try_again() {
    let mut stage = Stage::with_peer();
    for number in 0..limits::MAX_SESSIONS {
        let mut text = Script::invite().text();
        text =
            text.replace("z9hG4bKfirst", &format!("z9hG4bK{number}")).replace("story", &format!("s{number}"));
        stage.incoming(&text);
    }
    stage.sent();
    stage.receive(&Script::invite().text());
    let response = stage.response();
    assert_eq!((response.status, header(&response, "Retry-After")), (status(503), Some("5")));
    assert!(matches!(&stage.events()[..], [SipEvent::Noticed(SipFact::Overloaded { bound: "sessions" })]));
    stage.command(SipCommand::Invite(Box::new(outgoing(SessionId::Outgoing(1), stage.flow, None))));
    let ends = stage.ends();
    assert!(matches!(&ends[..], [(_, SessionEnd::Refused { retry_after: Some(_), .. })]), "{ends:?}");
}

#[test]
fn a_time_stamp_comes_back_with_the_trying() {
    let mut stage = Stage::with_peer();
    stage.receive(&Script::invite().with("Timestamp: 54").text());
    let trying = stage.response();
    assert_eq!((trying.status, trying.headers.get(HeaderName::Timestamp)), (status(100), Some("54")));
    assert_eq!(trying.headers.to().expect("To").tag(), None);
}
