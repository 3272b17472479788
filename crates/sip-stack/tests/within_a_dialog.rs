//! Re-INVITE, OPTIONS, BYE and sequence numbers within a dialog (RFC 3261 §12.2, §14).

mod stage;

use frontdesk_sip_message::{HeaderName, Message, Method, Response};
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

fn reinvite(branch: &'static str, cseq: u32, response: &Response) -> Script {
    Script::within("INVITE", branch, cseq, response)
        .with("Contact: <sip:alice@192.0.2.9:5071>")
        .offering(HOLD)
}

#[test]
fn a_hold_is_passed_up_and_answered() {
    let (mut stage, session, response) = talking();
    stage.receive(&reinvite("z9hG4bKhold", 2, &response).text());
    assert_eq!(stage.response().status, status(100));
    let events = stage.events();
    assert!(
        matches!(&events[..], [SipEvent::Reoffered { session: told, offer: Some(offer) }] if *told == session && offer == HOLD)
    );
    stage.command(SipCommand::AcceptReoffer { session, description: ANSWER.to_vec() });
    let ok = stage.response();
    assert_eq!((ok.status, ok.body.as_slice()), (status(200), ANSWER));
    stage.run(seconds(1));
    assert_eq!(stage.last_response(), ok, "repeated until its ACK");
    stage.receive(&Script::within("ACK", "z9hG4bKack2", 2, &response).text());
    stage.run(seconds(40));
    assert_eq!(stage.sent().len(), 0);
    assert!(stage.events().is_empty());
    stage.command(SipCommand::End { session, reason: None });
    let bye = stage.requests().pop().expect("a BYE");
    assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.9:5071", "the re-INVITE moved the target");
}

#[test]
fn a_re_invite_without_an_offer_is_answered_with_one_and_the_ack_brings_the_answer() {
    let (mut stage, session, response) = talking();
    let empty = Script::within("INVITE", "z9hG4bKempty", 2, &response).with("Contact: <sip:alice@192.0.2.9>");
    stage.receive(&empty.text());
    assert!(matches!(&stage.events()[..], [SipEvent::Reoffered { offer: None, .. }]));
    stage.command(SipCommand::AcceptReoffer { session, description: OFFER.to_vec() });
    stage.sent();
    // An offer of this side is open now.
    stage.receive(&reinvite("z9hG4bKglare", 3, &response).text());
    assert_eq!(stage.response().status, status(491));
    stage.receive(&Script::within("ACK", "z9hG4bKglare", 3, &response).text());
    stage.receive(&Script::within("ACK", "z9hG4bKack2", 2, &response).offering(ANSWER).text());
    let events = stage.events();
    assert!(
        matches!(&events[..], [SipEvent::Confirmed { description: Some(sdp), .. }] if sdp == ANSWER),
        "{events:?}"
    );
    stage.receive(&reinvite("z9hG4bKlater", 4, &response).text());
    assert_eq!(stage.response().status, status(100), "and now the way is free");
}

#[test]
fn a_second_re_invite_before_the_answer_to_the_first_is_500_with_a_wait() {
    let (mut stage, session, response) = talking();
    stage.receive(&reinvite("z9hG4bKone", 2, &response).text());
    stage.sent();
    stage.events();
    stage.receive(&reinvite("z9hG4bKtwo", 3, &response).text());
    let refusal = stage.response();
    assert_eq!(refusal.status, status(500));
    let wait: u32 = header(&refusal, "Retry-After").expect("a wait").parse().expect("a number");
    assert!(wait <= 10);
    assert!(stage.events().is_empty());
    stage.command(SipCommand::AcceptReoffer { session, description: ANSWER.to_vec() });
    assert_eq!(stage.response().headers.cseq().expect("CSeq").number, 2);
}

#[test]
fn a_re_invite_before_the_call_is_answered_is_500_with_a_wait() {
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().text());
    stage.command(SipCommand::Ring { session, status: status(180), description: None });
    let ringing = stage.last_response();
    stage.receive(&reinvite("z9hG4bKearly", 2, &ringing).text());
    let refusal = stage.response();
    assert_eq!(refusal.status, status(500));
    assert!(header(&refusal, "Retry-After").is_some());
}

#[test]
fn a_refused_re_invite_leaves_the_call_as_it_was() {
    let (mut stage, session, response) = talking();
    stage.receive(&reinvite("z9hG4bKone", 2, &response).text());
    stage.sent();
    stage.events();
    stage.command(SipCommand::RefuseReoffer { session, status: status(488) });
    assert_eq!(stage.response().status, status(488));
    stage.receive(&Script::within("ACK", "z9hG4bKone", 2, &response).text());
    stage.run(seconds(40));
    assert_eq!(stage.ends(), []);
    stage.command(SipCommand::End { session, reason: None });
    let bye = stage.requests().pop().expect("a BYE");
    assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.9", "nor did it move the target");
}

#[test]
fn a_cancelled_re_invite_leaves_the_call_as_it_was() {
    let (mut stage, session, response) = talking();
    stage.receive(&reinvite("z9hG4bKone", 2, &response).text());
    stage.sent();
    stage.events();
    stage.receive(&Script::within("CANCEL", "z9hG4bKone", 2, &response).text());
    let codes: Vec<_> = stage
        .sent()
        .into_iter()
        .map(|m| if let Message::Response(r) = m { r.status.as_u16() } else { 0 })
        .collect();
    assert_eq!(codes, [200, 487]);
    assert!(stage.events().is_empty());
    stage.command(SipCommand::AcceptReoffer { session, description: ANSWER.to_vec() });
    assert_eq!(stage.sent().len(), 0, "too late");
    stage.receive(&reinvite("z9hG4bKtwo", 3, &response).text());
    assert!(matches!(&stage.events()[..], [SipEvent::Reoffered { .. }]));
}

#[test]
fn a_bye_while_a_re_invite_waits_answers_both() {
    let (mut stage, session, response) = talking();
    stage.receive(&reinvite("z9hG4bKone", 2, &response).text());
    stage.sent();
    stage.events();
    stage.receive(&Script::within("BYE", "z9hG4bKbye", 3, &response).with("Reason: Q.850;cause=16").text());
    let codes: Vec<_> = stage
        .sent()
        .into_iter()
        .map(|m| if let Message::Response(r) = m { r.status.as_u16() } else { 0 })
        .collect();
    assert_eq!(codes, [200, 487]);
    let reason = Some("Q.850;cause=16".to_owned());
    assert_eq!(stage.ends(), [(session, SessionEnd::HungUpByPeer { reason })]);
    stage.receive(&Script::within("ACK", "z9hG4bKone", 2, &response).text());
    stage.run(seconds(70));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn an_end_while_a_re_invite_waits_answers_it_and_hangs_up() {
    let (mut stage, session, response) = talking();
    stage.receive(&reinvite("z9hG4bKone", 2, &response).text());
    stage.sent();
    stage.events();
    stage.command(SipCommand::End { session, reason: None });
    let sent = stage.sent();
    assert!(matches!(&sent[0], Message::Response(r) if r.status == status(487)));
    assert!(matches!(&sent[1], Message::Request(r) if r.method == Method::BYE));
}

#[test]
fn a_re_invite_whose_ack_never_comes_ends_the_call() {
    let (mut stage, session, response) = talking();
    stage.receive(&reinvite("z9hG4bKone", 2, &response).text());
    stage.command(SipCommand::AcceptReoffer { session, description: ANSWER.to_vec() });
    stage.sent();
    stage.run(seconds(32));
    assert_eq!(stage.ends(), [(session, SessionEnd::NoAck)]);
    assert_eq!(stage.requests().pop().expect("a BYE").method, Method::BYE);
    stage.run(seconds(70));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn numbers_out_of_order_are_500() {
    let (mut stage, _, response) = talking();
    stage.receive(&Script::within("OPTIONS", "z9hG4bKo5", 5, &response).text());
    assert_eq!(stage.response().status, status(200));
    stage.receive(&Script::within("BYE", "z9hG4bKb4", 4, &response).text());
    assert_eq!(stage.response().status, status(500));
    assert_eq!(stage.ends(), []);
}

#[test]
fn an_invite_out_of_order_is_500_also_when_it_is_said_again_after_the_end() {
    let (mut stage, session, response) = talking();
    stage.receive(&Script::within("OPTIONS", "z9hG4bKo5", 5, &response).text());
    stage.sent();
    let late = reinvite("z9hG4bKlate", 4, &response).text();
    stage.receive(&late);
    let refusal = stage.response();
    assert_eq!(refusal.status, status(500));
    stage.command(SipCommand::End { session, reason: None });
    stage.sent();
    stage.receive(&late);
    assert_eq!(stage.response(), refusal, "one INVITE, one final response");
    stage.run(seconds(70));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_repeated_bye_is_answered_again_and_a_bye_to_a_forgotten_call_is_481() {
    let (mut stage, session, response) = talking();
    let bye = Script::within("BYE", "z9hG4bKbye", 2, &response).text();
    stage.receive(&bye);
    let first = stage.response();
    stage.receive(&bye);
    assert_eq!(stage.response(), first);
    assert_eq!(stage.ends().len(), 1);
    stage.run(seconds(40));
    stage.receive(&bye);
    assert_eq!(stage.response().status, status(481));
    stage.command(SipCommand::End { session, reason: None });
    assert!(stage.events().is_empty(), "after the end the name means nothing");
}

#[test]
fn a_bye_that_crosses_this_sides_bye_is_answered() {
    let (mut stage, session, response) = talking();
    stage.command(SipCommand::End { session, reason: None });
    stage.sent();
    stage.receive(&Script::within("BYE", "z9hG4bKbye", 2, &response).text());
    assert_eq!(stage.response().status, status(481));
    assert_eq!(stage.ends(), [(session, SessionEnd::EndedHere)]);
}

#[test]
fn methods_that_are_not_served_are_refused_within_a_dialog_too() {
    let (mut stage, _, response) = talking();
    stage.receive(&Script::within("PUBLISH", "z9hG4bKi", 2, &response).text());
    assert_eq!(stage.response().status, status(405));
    stage.receive(&Script::within("REGISTER", "z9hG4bKr", 3, &response).text());
    assert_eq!(stage.response().status, status(400));
    assert_eq!(stage.ends(), []);
}

#[test]
fn requests_within_the_dialog_follow_the_route_set() {
    let mut stage = Stage::with_peer();
    let invite = Script::invite()
        .with("Record-Route: <sip:192.0.2.20;lr>, <sip:p2.example.com;lr>")
        .with("Record-Route: <sip:p3.example.com;lr>");
    let session = stage.incoming(&invite.text());
    stage.sent();
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let ok = stage.response();
    let echoed: Vec<_> = ok.headers.get_all(HeaderName::RecordRoute).collect();
    assert_eq!(echoed, ["<sip:192.0.2.20;lr>, <sip:p2.example.com;lr>", "<sip:p3.example.com;lr>"]);
    stage.receive(&Script::within("ACK", "z9hG4bKack", 1, &ok).text());
    stage.command(SipCommand::End { session, reason: None });
    let (flow, bye) = stage.sent_with_flows().pop().expect("a BYE");
    assert_eq!(flow.remote.to_string(), "192.0.2.20:5060");
    let Message::Request(bye) = bye else { panic!("{bye:?}") };
    assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.9");
    let routes: Vec<_> = bye.headers.routes().expect("Route").iter().map(ToString::to_string).collect();
    assert_eq!(routes, ["<sip:192.0.2.20;lr>", "<sip:p2.example.com;lr>", "<sip:p3.example.com;lr>"]);
}

#[test]
fn a_callers_route_set_is_turned_round_and_a_strict_router_becomes_the_request_uri() {
    let mut stage = Stage::with_peer();
    let (_, invite) = stage.call(1);
    let extra = "Contact: <sip:bob@192.0.2.30>\nRecord-Route: <sip:p1.example.com;lr>, <sip:192.0.2.21>";
    stage.receive(&answer(&invite, 200, "bob", extra, ANSWER));
    let (flow, ack) = stage.sent_with_flows().pop().expect("an ACK");
    let Message::Request(ack) = ack else { panic!("{ack:?}") };
    assert_eq!(ack.uri.to_string(), "sip:192.0.2.21");
    let routes: Vec<_> = ack.headers.routes().expect("Route").iter().map(ToString::to_string).collect();
    assert_eq!(routes, ["<sip:p1.example.com;lr>", "<sip:bob@192.0.2.30>"]);
    assert_eq!(flow.remote.to_string(), "192.0.2.21:5060");
}

#[test]
fn the_dialog_goes_to_the_contact_where_nothing_translates_and_over_the_flow_where_something_does() {
    // Nothing translates: the Contact is another port of the same host.
    let (mut stage, session, response) = talking();
    stage.receive(&reinvite("z9hG4bKmove", 2, &response).text());
    stage.command(SipCommand::AcceptReoffer { session, description: ANSWER.to_vec() });
    stage.receive(&Script::within("ACK", "z9hG4bKack2", 2, &response).text());
    stage.sent();
    stage.command(SipCommand::End { session, reason: None });
    let (flow, _) = stage.sent_with_flows().pop().expect("a BYE");
    assert_eq!(flow.remote.to_string(), "192.0.2.9:5071");
    // The Via names a private address that the request did not come from.
    let mut stage = Stage::with_peer();
    let text = Script::invite().text();
    let text = text
        .replace("UDP 192.0.2.9:5060", "UDP 10.0.0.5:5060;rport")
        .replace("alice@192.0.2.9>\nCont", "alice@10.0.0.5>\nCont");
    let session = stage.incoming(&text);
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let ok = stage.last_response();
    let ack = Script::within("ACK", "z9hG4bKack", 1, &ok).text();
    stage.receive(&ack);
    stage.command(SipCommand::End { session, reason: None });
    let (flow, _) = stage.sent_with_flows().pop().expect("a BYE");
    assert_eq!(flow.remote, stage.flow.remote);
}

#[test]
fn responses_go_back_where_the_request_came_from_if_it_asks_and_to_its_port_if_not() {
    let ask = |via: &str| {
        let mut stage = Stage::with_peer();
        let mut flow = stage.flow;
        flow.remote.set_port(40_000);
        let text = Script::new("OPTIONS", "z9hG4bKo", 1).text().replace("UDP 192.0.2.9:5060", via);
        stage.receive_over(flow, &text);
        let (flow, message) = stage.sent_with_flows().pop().expect("an answer");
        (flow.remote.to_string(), message.headers().top_via().expect("Via"))
    };
    let (to, via) = ask("UDP 10.0.0.5:5062;rport");
    assert_eq!(to, "192.0.2.9:40000");
    assert_eq!((via.rport(), via.received()), (Some(Some(40_000)), "192.0.2.9".parse().ok()));
    let (to, via) = ask("UDP 10.0.0.5:5062");
    assert_eq!(to, "192.0.2.9:5062");
    assert_eq!((via.rport(), via.received()), (None, "192.0.2.9".parse().ok()));
    let (to, _) = ask("UDP phone.example.com");
    assert_eq!(to, "192.0.2.9:5060");
    let (to, via) = ask("UDP 192.0.2.9;maddr=203.0.113.1");
    assert_eq!((to.as_str(), via.received()), ("192.0.2.9:5060", None), "nobody aims the answers elsewhere");
}

#[test]
fn a_call_over_ipv6_speaks_ipv6() {
    let mut stage = Stage::with(settings(&["2001:db8::9"]));
    stage.flow.local = "[2001:db8::1]:5060".parse().expect("an address");
    stage.flow.remote = "[2001:db8::9]:5060".parse().expect("an address");
    let text = Script::invite().text().replace("192.0.2.9", "[2001:db8::9]");
    let session = stage.incoming(&text);
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let ok = stage.last_response();
    assert_eq!(header(&ok, "Contact"), Some("<sip:100@[2001:db8::1]:5060>"));
    stage.receive(&Script::within("ACK", "z9hG4bKack", 1, &ok).text().replace("192.0.2.9", "[2001:db8::9]"));
    stage.command(SipCommand::End { session, reason: None });
    let (flow, bye) = stage.sent_with_flows().pop().expect("a BYE");
    assert_eq!(flow.remote, stage.flow.remote);
    assert_eq!(bye.headers().top_via().expect("Via").host.to_string(), "[2001:db8::1]");
}
