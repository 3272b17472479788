//! UPDATE from the other side (RFC 3311), before the call is answered and after.

mod stage;

use frontdesk_sip_message::{Method, Request, Response};
use frontdesk_sip_stack::*;
use stage::*;

const HOLD: &[u8] = b"v=0\r\no=- 1 2 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\na=sendonly\r\n";

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

fn update(branch: &'static str, cseq: u32, response: &Response) -> Script {
    Script::within("UPDATE", branch, cseq, response).with("Contact: <sip:alice@192.0.2.9:5071>")
}

fn accept(stage: &mut Stage, session: SessionId) {
    stage.command(SipCommand::AcceptReoffer { session, description: ANSWER.to_vec() });
}

#[test]
fn a_hold_by_update_is_passed_up_and_its_200_needs_no_ack() {
    let (mut stage, session, response) = talking();
    stage.receive(&update("z9hG4bKu", 2, &response).offering(HOLD).text());
    assert!(matches!(&stage.events()[..], [SipEvent::Reoffered { offer: Some(offer), .. }] if offer == HOLD));
    assert_eq!(stage.sent().len(), 0, "no 100: it is answered at once");
    accept(&mut stage, session);
    let ok = stage.response();
    assert_eq!((ok.status, ok.body.as_slice()), (status(200), ANSWER));
    assert!(header(&ok, "Contact").is_some());
    stage.run(seconds(40));
    assert_eq!(stage.sent().len(), 0, "not repeated");
    stage.command(SipCommand::End { session, reason: None });
    let bye = stage.requests().pop().expect("a BYE");
    assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.9:5071", "it moved the target");
}

#[test]
fn a_refused_update_leaves_everything_as_it_was() {
    let (mut stage, session, response) = talking();
    stage.receive(&update("z9hG4bKu", 2, &response).offering(HOLD).text());
    stage.command(SipCommand::RefuseReoffer { session, status: status(488) });
    assert_eq!(stage.response().status, status(488));
    stage.command(SipCommand::End { session, reason: None });
    assert_eq!(stage.requests().pop().expect("a BYE").uri.to_string(), "sip:alice@192.0.2.9");
}

#[test]
fn an_update_without_an_offer_is_answered_at_once() {
    let (mut stage, _, response) = talking();
    stage.receive(&update("z9hG4bKu", 2, &response).text());
    let ok = stage.response();
    assert_eq!(ok.status, status(200));
    assert!(ok.body.is_empty() && stage.events().is_empty());
}

#[test]
fn a_second_update_before_the_answer_to_the_first_is_500_with_a_wait() {
    let (mut stage, _, response) = talking();
    stage.receive(&update("z9hG4bKu", 2, &response).offering(HOLD).text());
    for (branch, cseq, script) in [
        ("z9hG4bKv", 3, update("z9hG4bKv", 3, &response).offering(HOLD)),
        ("z9hG4bKw", 4, update("z9hG4bKw", 4, &response)),
    ] {
        stage.receive(&script.text());
        let refusal = stage.response();
        assert_eq!(refusal.status, status(500), "{branch} {cseq}");
        let wait: u32 = header(&refusal, "Retry-After").expect("a wait").parse().expect("a number");
        assert!(wait <= 10);
    }
}

#[test]
fn an_update_that_crosses_an_offer_of_this_side_is_491() {
    let (mut stage, session, response) = talking();
    stage.command(SipCommand::Reoffer { session, description: Some(ANSWER.to_vec()) });
    stage.sent();
    stage.receive(&update("z9hG4bKu", 2, &response).offering(HOLD).text());
    assert_eq!(stage.response().status, status(491));
    stage.receive(&update("z9hG4bKv", 3, &response).text());
    assert_eq!(stage.response().status, status(200), "without an offer nothing crosses");
}

#[test]
fn an_update_while_a_re_invite_waits_is_500_and_one_without_an_offer_200() {
    let (mut stage, _, response) = talking();
    let hold = Script::within("INVITE", "z9hG4bKi", 2, &response).with("Contact: <sip:alice@192.0.2.9>");
    stage.receive(&hold.offering(HOLD).text());
    stage.sent();
    stage.receive(&update("z9hG4bKu", 3, &response).offering(HOLD).text());
    assert_eq!(stage.response().status, status(500));
    stage.receive(&update("z9hG4bKv", 4, &response).text());
    assert_eq!(stage.response().status, status(200));
}

#[test]
fn an_early_update_waits_for_the_answer_to_the_invites_offer() {
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().with("Supported: 100rel").text());
    stage.sent();
    stage.command(SipCommand::Ring { session, status: status(180), description: None });
    let ringing = stage.response();
    stage.receive(&update("z9hG4bKu", 2, &ringing).offering(HOLD).text());
    assert_eq!(stage.response().status, status(500), "RFC 3311 §5.2: its first offer is not answered");
    stage.command(SipCommand::Ring { session, status: status(183), description: Some(ANSWER.to_vec()) });
    let progress = stage.response();
    let rack = format!("RAck: {} 1 INVITE", progress.headers.rseq().expect("readable").expect("RSeq"));
    stage.receive(&Script::within("PRACK", "z9hG4bKp", 3, &ringing).with(&rack).text());
    stage.sent();
    stage.receive(&update("z9hG4bKv", 4, &ringing).offering(HOLD).text());
    assert!(matches!(&stage.events()[..], [SipEvent::Reoffered { .. }]));
    accept(&mut stage, session);
    let ok = stage.response();
    assert_eq!((ok.headers.cseq().expect("CSeq").method, ok.body.as_slice()), (Method::UPDATE, ANSWER));
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    assert!(stage.response().body.is_empty(), "everything is described");
}

#[test]
fn a_call_that_ends_refuses_the_update_that_waits() {
    let (mut stage, session, response) = talking();
    stage.receive(&update("z9hG4bKu", 2, &response).offering(HOLD).text());
    stage.command(SipCommand::End { session, reason: None });
    let sent = stage.sent();
    assert!(
        matches!(&sent[0], frontdesk_sip_message::Message::Response(r) if r.status == status(487)),
        "{sent:?}"
    );
    accept(&mut stage, session);
    assert_eq!(stage.sent().len(), 0);
}

#[test]
fn an_update_with_another_body_is_415_and_outside_of_a_dialog_481() {
    let (mut stage, _, response) = talking();
    let mut text = update("z9hG4bKu", 2, &response).with("Content-Type: text/plain");
    text.body = b"hold on";
    stage.receive(&text.text());
    assert_eq!(stage.response().status, status(415));
    stage.receive(&Script::new("UPDATE", "z9hG4bKv", 2).text());
    assert_eq!(stage.response().status, status(481));
}

/// A call of this side that rings with an early description, its PRACK answered.
fn ringing() -> (Stage, SessionId, Request) {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    let lines = "Require: 100rel\nRSeq: 5\nContact: <sip:bob@192.0.2.9>\nAllow: INVITE, ACK, PRACK, UPDATE";
    stage.receive(&answer(&invite, 183, "bob", lines, ANSWER));
    let prack = stage.requests().pop().expect("a PRACK");
    stage.receive(&answer(&prack, 200, "", "", b""));
    stage.events();
    (stage, session, invite)
}

fn from_callee(invite: &Request, branch: &str, cseq: u32, body: &[u8]) -> String {
    let headers = &invite.headers;
    let (from, to) = (headers.from().expect("From"), headers.to().expect("To"));
    let (call_id, length) = (headers.call_id().expect("Call-ID"), body.len());
    let body = String::from_utf8_lossy(body).replace("\r\n", "\n");
    format!(
        "UPDATE sip:desk@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch={branch}\nMax-Forwards: 70\n\
         From: {to};tag=bob\nTo: {from}\nCall-ID: {call_id}\nCSeq: {cseq} UPDATE\nContact: <sip:bob@192.0.2.9>\n\
         Content-Type: application/sdp\nContent-Length: {length}\n\n{body}"
    )
}

#[test]
fn a_called_party_may_change_its_early_media() {
    let (mut stage, session, invite) = ringing();
    stage.receive(&from_callee(&invite, "z9hG4bKu", 1, HOLD));
    assert!(matches!(&stage.events()[..], [SipEvent::Reoffered { session: told, .. }] if *told == session));
    accept(&mut stage, session);
    assert_eq!(stage.response().status, status(200));
    stage.receive(&answer(&invite, 200, "bob", "Contact: <sip:bob@192.0.2.9>", b""));
    let events = stage.events();
    assert!(
        matches!(&events[..], [SipEvent::Answered { description, .. }] if description == HOLD),
        "the last word counts: {events:?}"
    );
}

#[test]
fn an_update_of_a_called_party_whose_answer_is_awaited_is_491() {
    let mut stage = Stage::with_peer();
    let (_, invite) = stage.call(1);
    stage.receive(&answer(&invite, 180, "bob", "Contact: <sip:bob@192.0.2.9>", b""));
    stage.receive(&from_callee(&invite, "z9hG4bKu", 1, HOLD));
    assert_eq!(stage.response().status, status(491));
}

#[test]
fn this_side_changes_early_media_by_update() {
    let (mut stage, session, invite) = ringing();
    stage.command(SipCommand::Reoffer { session, description: Some(HOLD.to_vec()) });
    let update = stage.requests().pop().expect("an UPDATE");
    assert_eq!((update.method.as_str(), update.body.as_slice()), ("UPDATE", HOLD));
    assert_eq!(update.headers.cseq().expect("CSeq").number, 3);
    stage.receive(&answer(&update, 200, "", "", ANSWER));
    assert!(
        matches!(&stage.events()[..], [SipEvent::ReofferAnswered { description, .. }] if description == ANSWER)
    );
    stage.receive(&answer(&invite, 200, "bob", "Contact: <sip:bob@192.0.2.9>", b""));
    assert!(matches!(&stage.events()[..], [SipEvent::Answered { .. }]));
}

#[test]
fn updates_that_cross_are_both_491_and_this_side_tries_again() {
    let (mut stage, session, invite) = ringing();
    stage.command(SipCommand::Reoffer { session, description: Some(HOLD.to_vec()) });
    let update = stage.requests().pop().expect("an UPDATE");
    stage.receive(&from_callee(&invite, "z9hG4bKu", 1, HOLD));
    assert_eq!(stage.response().status, status(491));
    stage.receive(&answer(&update, 491, "", "", b""));
    stage.run(millis(2_099));
    assert_eq!(stage.sent().len(), 0);
    stage.run(millis(1_901));
    assert_eq!(stage.requests().pop().expect("again").method, Method::UPDATE);
    assert!(stage.events().is_empty());
}

#[test]
fn an_early_offer_to_who_knows_no_update_waits_for_the_answer() {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    stage.receive(&answer(&invite, 183, "bob", "Contact: <sip:bob@192.0.2.9>", ANSWER));
    stage.command(SipCommand::Reoffer { session, description: Some(HOLD.to_vec()) });
    assert_eq!(stage.sent().len(), 0);
    stage.receive(&answer(&invite, 200, "bob", "Contact: <sip:bob@192.0.2.9>", ANSWER));
    let requests = stage.requests();
    let methods: Vec<_> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["ACK", "INVITE"]);
    assert_eq!(requests[1].body, HOLD);
}
