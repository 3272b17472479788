//! Whether somebody is there (OPTIONS), what is said in a call by INFO, and where a 3xx says that somebody else is.

mod stage;

use frontdesk_sip_message::{HeaderName, Method};
use frontdesk_sip_stack::*;
use stage::talk::*;
use stage::*;
use std::time::Duration;

fn probe(stage: &mut Stage, number: u64) -> frontdesk_sip_message::Request {
    let (target, flow) = (uri("sip:carrier.example.com"), stage.flow);
    stage.command(SipCommand::Probe { probe: ProbeId(number), target, flow });
    only_request(stage)
}

fn probed(stage: &mut Stage) -> Vec<(ProbeId, Option<u16>, Option<Duration>)> {
    let events = stage.events().into_iter();
    let probed = events.map(|event| match event {
        SipEvent::Probed { probe, status, retry_after } => {
            (probe, status.map(|status| status.as_u16()), retry_after)
        }
        other => panic!("{other:?}"),
    });
    probed.collect()
}

#[test]
fn any_answer_shows_that_somebody_is_there() {
    let mut stage = Stage::with_peer();
    let request = probe(&mut stage, 1);
    assert_eq!(
        (request.method.clone(), request.uri.to_string().as_str()),
        (Method::OPTIONS, "sip:carrier.example.com")
    );
    assert_eq!(said(&request, HeaderName::Accept), "application/sdp");
    assert_eq!(said(&request, HeaderName::Contact), "<sip:192.0.2.1:5060>");
    stage.receive(&answer(&request, 100, "", "", b""));
    assert!(stage.events().is_empty());
    stage.receive(&answer(&request, 200, "t", "", b""));
    stage.receive(&answer(&request, 200, "t", "", b""));
    assert_eq!(probed(&mut stage), [(ProbeId(1), Some(200), None)]);
    for (number, code) in [(2, 404), (3, 405), (4, 401), (5, 483)] {
        let request = probe(&mut stage, number);
        stage.receive(&answer(&request, code, "t", "Retry-After: 9", b""));
        assert_eq!(probed(&mut stage), [(ProbeId(number), Some(code), None)]);
    }
    assert!(stage.sent().is_empty(), "a challenge is an answer too");
}

#[test]
fn who_is_there_and_wants_no_calls_says_for_how_long() {
    let mut stage = Stage::with_peer();
    let request = probe(&mut stage, 1);
    stage.receive(&answer(&request, 503, "t", "Retry-After: 120 (in maintenance)", b""));
    assert_eq!(probed(&mut stage), [(ProbeId(1), Some(503), Some(seconds(120)))]);
    let request = probe(&mut stage, 2);
    stage.receive(&answer(&request, 503, "t", "Retry-After: soon", b""));
    assert_eq!(probed(&mut stage), [(ProbeId(2), Some(503), None)]);
}

#[test]
fn silence_and_a_dead_way_are_no_status() {
    let mut stage = Stage::with_peer();
    probe(&mut stage, 1);
    stage.run(seconds(31));
    assert!(stage.events().is_empty());
    stage.run(seconds(2));
    assert_eq!(probed(&mut stage), [(ProbeId(1), None, None)]);
    stage.sent();
    probe(&mut stage, 2);
    stage.input(SipInput::TransportFailed { flow: stage.flow });
    assert_eq!(probed(&mut stage), [(ProbeId(2), None, None)]);
    stage.run(seconds(40));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn keys_are_passed_on_in_the_dialog_in_their_order() {
    let (mut stage, session, _) = talking();
    let key = |body: &[u8]| SipCommand::Inform {
        session,
        content_type: "application/dtmf-relay".to_owned(),
        body: body.to_vec(),
    };
    stage.command(key(b"Signal=5\r\nDuration=160\r\n"));
    stage.command(key(b"Signal=6\r\nDuration=160\r\n"));
    let requests = stage.requests();
    assert_eq!(requests.len(), 2);
    for (info, (number, body)) in requests.iter().zip([("1 INFO", "Signal=5"), ("2 INFO", "Signal=6")]) {
        assert_eq!(said(info, HeaderName::CSeq), number);
        assert_eq!(said(info, HeaderName::ContentType), "application/dtmf-relay");
        assert_eq!(info.uri.to_string(), "sip:alice@192.0.2.9");
        assert!(info.body.starts_with(body.as_bytes()));
        stage.receive(&answer(info, 415, "", "", b""));
    }
    assert!(stage.events().is_empty(), "nobody waits for what becomes of it");
    stage.command(SipCommand::End { session, reason: None });
    stage.sent();
    stage.command(key(b"Signal=7\r\n"));
    assert!(stage.sent().is_empty(), "after the end there are no keys");
}

#[test]
fn a_challenged_info_is_sent_once_more_with_its_proof() {
    let challenge = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=MD5";
    let mut stage = Stage::with_peer();
    let (session, _) = calling(&mut stage, 1, Some(credentials("desk", "secret")));
    let (content_type, body) = ("application/dtmf".to_owned(), b"5".to_vec());
    stage.command(SipCommand::Inform { session, content_type, body });
    let info = only_request(&mut stage);
    stage.receive(&answer(&info, 407, "", challenge, b""));
    let again = only_request(&mut stage);
    assert!(said(&again, HeaderName::ProxyAuthorization).contains("username=\"desk\""));
    assert_eq!((said(&again, HeaderName::CSeq).as_str(), again.body.as_slice()), ("3 INFO", &b"5"[..]));
    stage.receive(&answer(&again, 407, "", challenge, b""));
    assert!(stage.sent().is_empty(), "once");
    stage.command(SipCommand::End { session, reason: None });
    assert_eq!(said(&only_request(&mut stage), HeaderName::CSeq), "4 BYE");
}

#[test]
fn a_redirected_call_ends_with_where_else_the_callee_is_most_wanted_first() {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    let elsewhere = "Contact: <sip:third@192.0.2.3>;q=0.1, <sip:first@192.0.2.4>\n\
                     Contact: <tel:+4930123456>;q=0.5\nReason: Q.850;cause=23";
    stage.receive(&answer(&invite, 302, "t", elsewhere, b""));
    let ends = stage.ends();
    let [(told, SessionEnd::Refused { status: code, redirects, reason, .. })] = &ends[..] else {
        panic!("{ends:?}")
    };
    assert_eq!((*told, *code), (session, status(302)));
    let redirects: Vec<String> = redirects.iter().map(ToString::to_string).collect();
    assert_eq!(redirects, ["sip:first@192.0.2.4", "tel:+4930123456", "sip:third@192.0.2.3"]);
    assert_eq!(reason.as_deref(), Some("Q.850;cause=23"));
    let ack = only_request(&mut stage);
    assert_eq!(ack.method, Method::ACK, "acknowledged, and followed only if its user wants");
    stage.run(seconds(60));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn contacts_of_other_refusals_and_broken_ones_lead_nowhere() {
    for (code, contact) in
        [(486, "Contact: <sip:a@192.0.2.3>"), (302, "Contact: *"), (300, ""), (302, "Expires: 3")]
    {
        let mut stage = Stage::with_peer();
        let (_, invite) = stage.call(1);
        stage.receive(&answer(&invite, code, "t", contact, b""));
        let ends = stage.ends();
        let [(_, SessionEnd::Refused { redirects, .. })] = &ends[..] else { panic!("{code} {ends:?}") };
        assert!(redirects.is_empty(), "{code} {contact}");
    }
}
