//! Keys that a telephone tells by INFO (RFC 2976, RFC 6086), with the bodies that telephones use for it.

mod stage;

use frontdesk_sip_message::{HeaderName, Response};
use frontdesk_sip_stack::*;
use stage::*;

/// A call that came in, was answered and acknowledged.
fn talking() -> (Stage, SessionId, Response) {
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().text());
    stage.sent();
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let response = stage.response();
    stage.receive(&Script::within("ACK", "z9hG4bKack", 1, &response).text());
    stage.events();
    (stage, session, response)
}

fn info(branch: &'static str, cseq: u32, within: &Response, kind: &str, body: &'static [u8]) -> Script {
    let mut script = Script::within("INFO", branch, cseq, within).with(&format!("Content-Type: {kind}"));
    script.body = body;
    script
}

/// The keys that were told since the last time, each of this session.
fn keys(stage: &mut Stage, session: SessionId) -> String {
    let key = |event| match event {
        SipEvent::KeyInfo { session: told, key } if told == session => key,
        other => panic!("{other:?}"),
    };
    stage.events().into_iter().map(key).collect()
}

#[test]
fn a_key_comes_in_either_body() {
    let (mut stage, session, response) = talking();
    stage.receive(
        &info("z9hG4bK1", 2, &response, "application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n").text(),
    );
    assert_eq!(stage.response().status, status(200));
    stage.receive(
        &info("z9hG4bK2", 3, &response, "application/dtmf-relay", b"Duration= 100\r\nSignal= *").text(),
    );
    assert_eq!(stage.response().status, status(200));
    stage.receive(&info("z9hG4bK3", 4, &response, "Application/DTMF", b"#\r\n").text());
    assert_eq!(stage.response().status, status(200));
    stage.receive(&info("z9hG4bK4", 5, &response, "application/dtmf", b"10").text());
    assert_eq!(stage.response().status, status(200));
    assert_eq!(keys(&mut stage, session), "5*#*");
}

#[test]
fn a_repeated_info_is_answered_again_and_is_no_second_key() {
    let (mut stage, session, response) = talking();
    let pressed = info("z9hG4bK1", 2, &response, "application/dtmf", b"7").text();
    stage.receive(&pressed);
    let first = stage.response();
    stage.receive(&pressed);
    assert_eq!(stage.response(), first);
    let older = info("z9hG4bK9", 1, &response, "application/dtmf", b"8").text();
    stage.receive(&older);
    assert_eq!(stage.response().status, status(500), "a lower number than that of the last is out of order");
    assert_eq!(keys(&mut stage, session), "7");
}

#[test]
fn what_brings_no_key_is_no_key() {
    let (mut stage, session, response) = talking();
    for (number, branch, kind, body, verdict) in [
        (2, "z9hG4bK2", "application/sdp", b"v=0\r\n".as_slice(), 415),
        (3, "z9hG4bK3", "application/media_control+xml", b"<x/>", 415),
        (4, "z9hG4bK4", "application/dtmf-relay", b"Duration=160\r\n", 400),
        (5, "z9hG4bK5", "application/dtmf-relay", b"Signal=55\r\n", 400),
        (6, "z9hG4bK6", "application/dtmf", b"hf", 400),
        (7, "z9hG4bK7", "text/plain", b"5", 415),
        (8, "z9hG4bK8", "application/dtmf", b"", 200),
    ] {
        stage.receive(&info(branch, number, &response, kind, body).text());
        let answer = stage.response();
        assert_eq!(answer.status, status(verdict), "{kind}");
        if verdict == 415 {
            let accepted = answer.headers.get(HeaderName::Accept);
            assert_eq!(accepted, Some("application/dtmf-relay, application/dtmf"));
        }
    }
    let packed = info("z9hG4bKz", 20, &response, "application/dtmf", b"5").with("Content-Encoding: gzip");
    stage.receive(&packed.text());
    assert_eq!(stage.response().status, status(415));
    assert_eq!(keys(&mut stage, session), "");
}

#[test]
fn outside_of_a_dialog_and_after_its_end_there_are_no_keys() {
    let (mut stage, session, response) = talking();
    let mut stranger = Script::new("INFO", "z9hG4bK1", 1).with("Content-Type: application/dtmf");
    stranger.body = b"5";
    stage.receive(&stranger.text());
    assert_eq!(stage.response().status, status(481));
    stage.command(SipCommand::End { session, reason: None });
    stage.sent();
    stage.events();
    stage.receive(&info("z9hG4bK2", 2, &response, "application/dtmf", b"5").text());
    assert_eq!(stage.response().status, status(481));
    assert_eq!(keys(&mut stage, session), "");
    stage.run(seconds(60));
    assert_eq!(stage.stack.census(), Stage::with_peer().stack.census(), "nothing is left");
}
