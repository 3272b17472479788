//! One INVITE, several called parties: each in an early dialog of its own (RFC 3261 §12.1.2, §13.2.2.4, RFC 6228).

mod stage;

use frontdesk_sip_message::{Method, Request};
use frontdesk_sip_stack::*;
use stage::*;

fn contact(host: u8) -> String {
    format!("Contact: <sip:party@192.0.2.{host}>\nAllow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE")
}

fn placed() -> (Stage, SessionId, Request) {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    (stage, session, invite)
}

fn progress(event: &SipEvent) -> (u16, u16, Option<Vec<u8>>) {
    match event {
        SipEvent::Progress { branch, status, description, .. } => {
            (*branch, status.as_u16(), description.clone())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_called_party_has_its_number_and_its_early_media() {
    let (mut stage, _, invite) = placed();
    stage.receive(&answer(&invite, 180, "one", &contact(31), b""));
    stage.receive(&answer(&invite, 183, "two", &contact(32), ANSWER));
    stage.receive(&answer(&invite, 183, "one", &contact(31), OFFER));
    stage.receive(&answer(&invite, 200, "two", &contact(32), ANSWER));
    let events = stage.events();
    let told: Vec<_> = events[..3].iter().map(progress).collect();
    assert_eq!(
        told,
        [(0, 180, None), (1, 183, Some(ANSWER.to_vec())), (0, 183, Some(OFFER.to_vec()))],
        "{events:?}"
    );
    assert!(matches!(&events[3], SipEvent::Answered { branch: 1, .. }), "{events:?}");
}

#[test]
fn a_party_that_answers_without_a_word_before_is_a_further_one() {
    let (mut stage, _, invite) = placed();
    stage.receive(&answer(&invite, 180, "one", &contact(31), b""));
    stage.receive(&answer(&invite, 200, "two", &contact(32), ANSWER));
    assert!(matches!(&stage.events()[..], [_, SipEvent::Answered { branch: 1, .. }]));
}

#[test]
fn reliable_responses_of_two_parties_are_counted_apart_and_acknowledged_to_each() {
    let (mut stage, _, invite) = placed();
    let reliable = |host: u8, number: u32| format!("Require: 100rel\nRSeq: {number}\n{}", contact(host));
    stage.receive(&answer(&invite, 183, "one", &reliable(31, 100), ANSWER));
    stage.receive(&answer(&invite, 183, "two", &reliable(32, 7), ANSWER));
    let pracks = stage.requests();
    let said: Vec<_> = pracks
        .iter()
        .map(|prack| {
            let rack = prack.headers.rack().expect("a RAck").response;
            (prack.uri.to_string(), rack, prack.headers.cseq().expect("CSeq").number)
        })
        .collect();
    assert_eq!(
        said,
        [("sip:party@192.0.2.31".to_owned(), 100, 2), ("sip:party@192.0.2.32".to_owned(), 7, 2)]
    );
}

#[test]
fn the_second_party_that_answers_is_acknowledged_and_told_why_it_is_hung_up() {
    let (mut stage, session, invite) = placed();
    let reliable = format!("Require: 100rel\nRSeq: 3\n{}", contact(32));
    stage.receive(&answer(&invite, 183, "two", &reliable, ANSWER));
    let prack = stage.requests().pop().expect("a PRACK");
    stage.receive(&answer(&prack, 200, "", "", b""));
    stage.receive(&answer(&invite, 200, "one", &contact(31), ANSWER));
    stage.receive(&answer(&invite, 200, "two", &contact(32), ANSWER));
    let requests = stage.requests();
    let [ack_one, ack_two, bye] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((&ack_one.method, &ack_two.method, &bye.method), (&Method::ACK, &Method::ACK, &Method::BYE));
    assert_eq!(bye.uri.to_string(), "sip:party@192.0.2.32");
    assert_eq!(bye.headers.cseq().expect("CSeq").number, 3, "its PRACK had 2");
    assert_eq!(bye.headers.reason().expect("a Reason").cause(), Some(200));
    assert!(matches!(&stage.events()[1..], [SipEvent::Answered { .. }]), "the call goes on");
    assert_eq!(stage.ends(), []);
    stage.command(SipCommand::End { session, reason: None });
    let bye = stage.requests().pop().expect("a BYE");
    assert_eq!(bye.uri.to_string(), "sip:party@192.0.2.31");
}

#[test]
fn an_answer_that_crosses_the_cancel_is_hung_up_with_the_reason_of_the_end() {
    let (mut stage, session, invite) = placed();
    stage.receive(&answer(&invite, 180, "one", &contact(31), b""));
    let reason = Some("SIP;cause=200;text=\"Answered at another place\"".to_owned());
    stage.command(SipCommand::End { session, reason: reason.clone() });
    stage.sent();
    stage.receive(&answer(&invite, 200, "one", &contact(31), ANSWER));
    let requests = stage.requests();
    let [ack, bye] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((&ack.method, &bye.method), (&Method::ACK, &Method::BYE));
    assert_eq!(bye.headers.get(frontdesk_sip_message::HeaderName::Reason), reason.as_deref());
}

#[test]
fn the_end_of_the_invite_ends_every_early_dialog() {
    let (mut stage, session, invite) = placed();
    stage.receive(&answer(&invite, 180, "one", &contact(31), b""));
    stage.receive(&answer(&invite, 180, "two", &contact(32), b""));
    assert_eq!(stage.stack.census().dialogs, 2);
    stage.receive(&answer(&invite, 486, "two", "", b""));
    assert_eq!(stage.stack.census().dialogs, 0);
    assert_eq!(stage.ends().len(), 1);
    let update = within(&invite, "UPDATE", "one");
    stage.receive(&update.text());
    assert_eq!(stage.last_response().status, status(481), "{session:?}");
    stage.run(seconds(70));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn the_answer_ends_the_other_early_dialogs() {
    let (mut stage, _, invite) = placed();
    stage.receive(&answer(&invite, 180, "one", &contact(31), b""));
    stage.receive(&answer(&invite, 180, "two", &contact(32), b""));
    stage.receive(&answer(&invite, 200, "two", &contact(32), ANSWER));
    assert_eq!(stage.stack.census().dialogs, 1);
    stage.receive(&answer(&invite, 180, "one", &contact(31), b""));
    assert!(matches!(stage.events().last(), Some(SipEvent::Answered { .. })), "a late 180 says nothing");
}

#[test]
fn a_party_that_is_out_is_told_and_the_others_go_on() {
    let (mut stage, _, invite) = placed();
    assert!(invite.headers.supported().contains(&"199"));
    stage.receive(&answer(&invite, 180, "one", &contact(31), b""));
    stage.receive(&answer(&invite, 180, "two", &contact(32), b""));
    stage.receive(&answer(&invite, 199, "one", &contact(31), b""));
    let events = stage.events();
    assert_eq!(progress(&events[2]), (0, 199, None));
    assert_eq!(stage.stack.census().dialogs, 1);
    stage.receive(&answer(&invite, 180, "one", &contact(31), b""));
    assert!(stage.events().is_empty(), "it is out");
    stage.receive(&answer(&invite, 200, "two", &contact(32), ANSWER));
    assert!(matches!(&stage.events()[..], [SipEvent::Answered { branch: 1, .. }]));
}

#[test]
fn a_party_that_hangs_up_before_it_answers_is_out_and_the_call_goes_on() {
    let (mut stage, _, invite) = placed();
    stage.receive(&answer(&invite, 180, "one", &contact(31), b""));
    stage.events();
    stage.receive(&within(&invite, "BYE", "one").text());
    assert_eq!(stage.last_response().status, status(200));
    assert_eq!(stage.ends(), []);
    assert_eq!(stage.stack.census().dialogs, 0);
    assert_eq!(stage.stack.census().sessions, 1);
}

#[test]
fn more_parties_than_can_be_told_apart_are_named_and_passed_over() {
    let (mut stage, _, invite) = placed();
    for party in 0..limits::MAX_FORKS {
        stage.receive(&answer(&invite, 180, &format!("tag{party}"), &contact(31), b""));
    }
    assert_eq!(stage.events().len(), limits::MAX_FORKS);
    stage.receive(&answer(&invite, 180, "one-more", &contact(31), b""));
    assert!(matches!(&stage.events()[..], [SipEvent::Noticed(SipFact::Overloaded { bound: "forks" })]));
    // A party that is known answers all the same.
    stage.receive(&answer(&invite, 200, "tag3", &contact(31), ANSWER));
    assert!(matches!(&stage.events()[..], [SipEvent::Answered { branch: 3, .. }]));
}

#[test]
fn the_route_set_of_the_answer_counts_not_that_of_the_ringing() {
    let (mut stage, session, invite) = placed();
    let ringing = format!("{}\nRecord-Route: <sip:192.0.2.40;lr>", contact(31));
    stage.receive(&answer(&invite, 180, "one", &ringing, b""));
    let success = format!("{}\nRecord-Route: <sip:192.0.2.41;lr>", contact(33));
    stage.receive(&answer(&invite, 200, "one", &success, ANSWER));
    stage.sent();
    stage.command(SipCommand::End { session, reason: None });
    let (flow, bye) = stage.sent_with_flows().pop().expect("a BYE");
    assert_eq!(flow.remote.to_string(), "192.0.2.41:5060");
    let routes: Vec<_> = bye.headers().routes().expect("Route").iter().map(ToString::to_string).collect();
    assert_eq!(routes, ["<sip:192.0.2.41;lr>"]);
}

/// A request of a called party in the early dialog of this tag.
fn within(invite: &Request, method: &'static str, tag: &'static str) -> Early {
    Early { invite: invite.clone(), method, tag }
}

struct Early {
    invite: Request,
    method: &'static str,
    tag: &'static str,
}

impl Early {
    fn text(&self) -> String {
        let headers = &self.invite.headers;
        let (from, to) = (headers.from().expect("From"), headers.to().expect("To"));
        let (method, tag, call_id) = (self.method, self.tag, headers.call_id().expect("Call-ID"));
        format!(
            "{method} sip:desk@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{method}{tag}\n\
             Max-Forwards: 70\nFrom: {to};tag={tag}\nTo: {from}\nCall-ID: {call_id}\nCSeq: 1 {method}\n\
             Contact: <sip:party@192.0.2.31>\nContent-Length: 0\n\n"
        )
    }
}
