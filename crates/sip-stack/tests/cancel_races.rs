//! CANCEL in every race (RFC 3261 §9).

mod stage;

use frontdesk_sip_message::{HeaderName, Message, Method};
use frontdesk_sip_stack::*;
use stage::*;

fn methods(requests: &[frontdesk_sip_message::Request]) -> Vec<&str> {
    requests.iter().map(|request| request.method.as_str()).collect()
}

#[test]
fn a_caller_gives_up_while_it_rings() {
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().text());
    stage.command(SipCommand::Ring { session, status: status(180), description: None });
    stage.sent();
    stage.receive(&Script::new("CANCEL", "z9hG4bKfirst", 1).text());
    let sent = stage.sent();
    let codes: Vec<_> = sent
        .iter()
        .map(|message| match message {
            Message::Response(r) => (r.headers.cseq().expect("CSeq").method.to_string(), r.status.as_u16()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(codes, [("CANCEL".to_owned(), 200), ("INVITE".to_owned(), 487)]);
    let tags: Vec<_> = sent.iter().map(|m| m.headers().to().expect("To").tag().map(str::to_owned)).collect();
    assert_eq!(tags[0], tags[1], "RFC 3261 §9.2");
    assert_eq!(stage.ends(), [(session, SessionEnd::CancelledByPeer { reason: None })]);
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    assert_eq!(stage.sent().len(), 0, "the answer comes too late");
    stage.receive(&Script::new("ACK", "z9hG4bKfirst", 1).text());
    stage.run(seconds(40));
    assert_eq!(stage.sent().len(), 0);
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_cancel_that_crosses_the_answer_changes_nothing() {
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().text());
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    stage.sent();
    stage.receive(&Script::new("CANCEL", "z9hG4bKfirst", 1).text());
    assert_eq!(stage.response().status, status(200));
    assert_eq!(stage.ends(), []);
    assert_eq!(stage.stack.census().sessions, 1);
}

#[test]
fn a_cancel_of_nothing_is_told_so() {
    let mut stage = Stage::with(settings(&[]));
    stage.receive(&Script::new("CANCEL", "z9hG4bKnothing", 1).text());
    assert_eq!(stage.response().status, status(481), "and not challenged");
}

#[test]
fn a_repeated_cancel_is_answered_the_same_way_and_ends_the_call_once() {
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().text());
    stage.sent();
    stage.receive(&Script::new("CANCEL", "z9hG4bKfirst", 1).text());
    stage.sent();
    stage.receive(&Script::new("CANCEL", "z9hG4bKfirst", 1).text());
    assert_eq!(stage.response().status, status(200));
    assert_eq!(stage.ends(), [(session, SessionEnd::CancelledByPeer { reason: None })]);
}

#[test]
fn a_cancel_waits_for_the_first_provisional_response() {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    stage.command(SipCommand::End { session, reason: Some("SIP;cause=200".to_owned()) });
    assert_eq!(stage.ends(), [(session, SessionEnd::EndedHere)]);
    assert_eq!(stage.sent().len(), 0, "it could overtake the INVITE");
    stage.receive(&answer(&invite, 100, "", "", b""));
    let cancel = stage.requests().pop().expect("a CANCEL");
    assert_eq!(cancel.method, Method::CANCEL);
    assert_eq!(cancel.uri, invite.uri);
    assert_eq!(cancel.headers.top_via(), invite.headers.top_via());
    assert_eq!(cancel.headers.get(HeaderName::CSeq), Some("1 CANCEL"));
    assert_eq!(cancel.headers.get(HeaderName::Reason), Some("SIP;cause=200"));
    assert_eq!(cancel.headers.to(), invite.headers.to());
    stage.receive(&answer(&cancel, 200, "bob", "", b""));
    stage.receive(&answer(&invite, 487, "bob", "", b""));
    assert_eq!(methods(&stage.requests()), ["ACK"]);
    assert!(stage.events().is_empty());
    stage.run(seconds(40));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    stage.receive(&answer(&invite, 180, "bob", "", b""));
    stage.command(SipCommand::End { session, reason: None });
    assert_eq!(methods(&stage.requests()), ["CANCEL"]);
    let ok = answer(&invite, 200, "bob", "Contact: <sip:1001@192.0.2.9>", ANSWER);
    stage.receive(&ok);
    assert_eq!(methods(&stage.requests()), ["ACK", "BYE"]);
    stage.receive(&ok);
    assert_eq!(methods(&stage.requests()), ["ACK"], "a repeated 200 is not hung up twice");
    assert_eq!(stage.ends(), [(session, SessionEnd::EndedHere)]);
}

#[test]
fn an_answer_right_after_the_call_was_given_up_before_anything_was_heard_is_hung_up() {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    stage.command(SipCommand::End { session, reason: None });
    stage.receive(&answer(&invite, 200, "bob", "Contact: <sip:1001@192.0.2.9>", ANSWER));
    assert_eq!(methods(&stage.requests()), ["ACK", "BYE"]);
    assert_eq!(stage.ends(), [(session, SessionEnd::EndedHere)]);
}

#[test]
fn a_call_that_nobody_answers_after_the_cancel_is_given_up_after_64_t1() {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    stage.receive(&answer(&invite, 180, "bob", "", b""));
    stage.command(SipCommand::End { session, reason: None });
    let cancel = stage.requests().pop().expect("a CANCEL");
    stage.receive(&answer(&cancel, 200, "bob", "", b""));
    stage.run(millis(31_999));
    assert_eq!(stage.stack.census().client_transactions, 1);
    stage.run(millis(1));
    assert_eq!(stage.stack.census(), Census::default());
    assert_eq!(stage.ends(), [(session, SessionEnd::EndedHere)]);
    stage.receive(&answer(&invite, 200, "bob", "Contact: <sip:1001@192.0.2.9>", ANSWER));
    assert_eq!(stage.sent().len(), 0, "a stray answer");
}

#[test]
fn a_call_that_is_given_up_and_never_heard_of_ends_with_its_transaction() {
    let mut stage = Stage::with_peer();
    let (session, _) = stage.call(1);
    stage.command(SipCommand::End { session, reason: None });
    stage.run(seconds(32));
    assert_eq!(stage.ends(), [(session, SessionEnd::EndedHere)]);
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_challenge_to_a_call_that_was_given_up_is_not_answered() {
    let mut stage = Stage::with_peer();
    let session = SessionId::Outgoing(1);
    let call = outgoing(session, stage.flow, Some(credentials("desk", "secret")));
    stage.command(SipCommand::Invite(Box::new(call)));
    let invite = stage.requests().pop().expect("an INVITE");
    stage.command(SipCommand::End { session, reason: None });
    let challenge = "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n1\", qop=\"auth\"";
    stage.receive(&answer(&invite, 401, "trunk", challenge, b""));
    assert_eq!(methods(&stage.requests()), ["ACK"]);
}

#[test]
fn a_caller_may_hang_up_with_bye_while_it_rings() {
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().text());
    stage.command(SipCommand::Ring { session, status: status(180), description: None });
    let ringing = stage.last_response();
    stage.receive(&Script::within("BYE", "z9hG4bKbye", 2, &ringing).text());
    let codes: Vec<_> = stage
        .sent()
        .into_iter()
        .map(|message| match message {
            Message::Response(response) => response.status.as_u16(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(codes, [200, 487]);
    assert_eq!(stage.ends(), [(session, SessionEnd::HungUpByPeer { reason: None })]);
}

#[test]
fn the_desk_ends_a_call_that_rings() {
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().text());
    stage.sent();
    stage.command(SipCommand::End { session, reason: None });
    assert_eq!(stage.response().status, status(480));
    stage.command(SipCommand::End { session, reason: None });
    assert_eq!(stage.ends(), [(session, SessionEnd::EndedHere)], "and it is told once");
}
