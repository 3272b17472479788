//! Provisional responses that arrive for certain (RFC 3262), from both ends.

mod stage;

use frontdesk_sip_message::{Message, Method, Response};
use frontdesk_sip_stack::testing::{Pair, Side, WirePlan};
use frontdesk_sip_stack::*;
use stage::*;
use std::sync::Arc;

/// A call of somebody who says these lines, with an offer.
fn invited(lines: &[&str]) -> (Stage, SessionId) {
    let mut stage = Stage::with_peer();
    let script = lines.iter().fold(Script::invite(), |script, line| script.with(line));
    let session = stage.incoming(&script.text());
    stage.sent();
    (stage, session)
}

fn ring(stage: &mut Stage, session: SessionId, code: u16, description: Option<&[u8]>) {
    let description = description.map(<[u8]>::to_vec);
    stage.command(SipCommand::Ring { session, status: status(code), description });
}

fn accept(stage: &mut Stage, session: SessionId) {
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
}

fn number(response: &Response) -> u32 {
    response.headers.rseq().expect("readable").expect("an RSeq")
}

fn prack(response: &Response, branch: &'static str, cseq: u32) -> Script {
    Script::within("PRACK", branch, cseq, response).with(&format!("RAck: {} 1 INVITE", number(response)))
}

fn codes(stage: &mut Stage) -> Vec<(String, u16)> {
    let code = |message: Message| match message {
        Message::Response(r) => Some((r.headers.cseq().expect("CSeq").method.to_string(), r.status.as_u16())),
        Message::Request(_) => None,
    };
    stage.sent().into_iter().filter_map(code).collect()
}

#[test]
fn early_media_is_sent_reliably_to_who_can_and_repeated_until_its_prack() {
    let (mut stage, session) = invited(&["Supported: 100rel"]);
    ring(&mut stage, session, 183, Some(ANSWER));
    let progress = stage.response();
    assert_eq!((progress.status, progress.body.as_slice()), (status(183), ANSWER));
    assert_eq!(header(&progress, "Require"), Some("100rel"));
    assert!((1..1 << 31).contains(&number(&progress)));
    stage.run(millis(3_500));
    let repeated = stage.sent();
    assert_eq!(repeated.len(), 3, "after 0.5, 1.5 and 3.5 s");
    assert!(repeated.iter().all(|message| *message == Message::Response(progress.clone())));
    stage.receive(&prack(&progress, "z9hG4bKp", 2).text());
    assert_eq!(codes(&mut stage), [("PRACK".to_owned(), 200)]);
    stage.run(seconds(60));
    assert_eq!(stage.sent().len(), 0);
    assert!(stage.events().is_empty());
    accept(&mut stage, session);
    let ok = stage.response();
    assert_eq!(ok.status, status(200));
    assert!(ok.body.is_empty(), "the reliable response answered the offer (RFC 6337 §3.1.1)");
}

#[test]
fn ringing_without_a_description_goes_unreliably_unless_it_is_required() {
    for (line, reliable) in
        [("Supported: 100rel", false), ("Require: 100rel", true), ("Supported: timer", false)]
    {
        let (mut stage, session) = invited(&[line]);
        ring(&mut stage, session, 180, None);
        assert_eq!(header(&stage.response(), "RSeq").is_some(), reliable, "{line}");
    }
}

#[test]
fn what_a_peer_needs_decides_whether_responses_are_reliable() {
    for (how, described, bare) in [
        (Reliability::WhenUseful, true, false),
        (Reliability::WhenRequired, false, false),
        (Reliability::Demanded, true, true),
    ] {
        let mut settings = settings(&["192.0.2.9"]);
        settings.peers[0].quirks = Arc::new(Quirks { reliable_provisional: how, ..Quirks::default() });
        let mut stage = Stage::with(settings);
        let session = stage.incoming(&Script::invite().with("Supported: 100rel").text());
        stage.sent();
        ring(&mut stage, session, 180, None);
        let ringing = stage.response();
        assert_eq!(header(&ringing, "RSeq").is_some(), bare, "{how:?}");
        if bare {
            stage.receive(&prack(&ringing, "z9hG4bKp", 2).text());
            stage.sent();
        }
        ring(&mut stage, session, 183, Some(ANSWER));
        assert_eq!(header(&stage.response(), "RSeq").is_some(), described, "{how:?}");
    }
}

#[test]
fn a_prack_that_never_comes_refuses_the_call_after_64_t1() {
    let (mut stage, session) = invited(&["Require: 100rel"]);
    ring(&mut stage, session, 180, None);
    stage.run(millis(31_999));
    assert_eq!(stage.sent().len(), 1 + 6, "0.5 1.5 3.5 7.5 15.5 31.5");
    assert_eq!(stage.ends(), []);
    stage.run(millis(1));
    assert_eq!(stage.response().status, status(504));
    assert_eq!(stage.ends(), [(session, SessionEnd::NoAck)]);
    stage.receive(&Script::new("ACK", "z9hG4bKfirst", 1).text());
    stage.run(seconds(40));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn one_reliable_response_at_a_time_and_the_next_after_its_prack() {
    let (mut stage, session) = invited(&["Require: 100rel"]);
    ring(&mut stage, session, 183, Some(ANSWER));
    let first = stage.response();
    ring(&mut stage, session, 180, None);
    assert_eq!(stage.sent().len(), 0, "RFC 3262 §3");
    stage.receive(&prack(&first, "z9hG4bKp", 2).text());
    let sent = stage.sent();
    let [Message::Response(ok), Message::Response(second)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((ok.status, second.status), (status(200), status(180)));
    assert_eq!(number(second), number(&first) + 1);
    assert!(second.body.is_empty());
}

#[test]
fn more_than_a_few_waiting_responses_are_not_kept() {
    let (mut stage, session) = invited(&["Require: 100rel"]);
    for _ in 0..=limits::MAX_QUEUED_PROVISIONALS {
        ring(&mut stage, session, 182, None);
    }
    assert!(stage.events().is_empty());
    ring(&mut stage, session, 182, None);
    assert!(matches!(&stage.events()[..], [SipEvent::Noticed(SipFact::Overloaded { .. })]));
}

#[test]
fn the_answer_waits_for_the_prack_to_what_described_the_session() {
    let (mut stage, session) = invited(&["Supported: 100rel"]);
    ring(&mut stage, session, 183, Some(ANSWER));
    let progress = stage.response();
    accept(&mut stage, session);
    ring(&mut stage, session, 180, None);
    assert_eq!(stage.sent().len(), 0);
    stage.receive(&prack(&progress, "z9hG4bKp", 2).text());
    assert_eq!(codes(&mut stage), [("PRACK".to_owned(), 200), ("INVITE".to_owned(), 200)]);
    stage.receive(&Script::within("ACK", "z9hG4bKack", 1, &progress).text());
    assert!(matches!(&stage.events()[..], [SipEvent::Confirmed { .. }]));
}

#[test]
fn the_answer_overtakes_bare_ringing_whose_prack_is_served_all_the_same() {
    let (mut stage, session) = invited(&["Require: 100rel"]);
    ring(&mut stage, session, 180, None);
    let ringing = stage.response();
    accept(&mut stage, session);
    assert_eq!(stage.response().body, ANSWER);
    stage.receive(&prack(&ringing, "z9hG4bKp", 2).text());
    assert_eq!(codes(&mut stage), [("PRACK".to_owned(), 200)]);
    stage.receive(&prack(&ringing, "z9hG4bKq", 3).text());
    assert_eq!(codes(&mut stage), [("PRACK".to_owned(), 481)], "once");
    stage.run(seconds(1));
    assert_eq!(codes(&mut stage), [("INVITE".to_owned(), 200)], "the 180 is repeated no more");
}

#[test]
fn a_prack_for_nothing_is_481_and_an_unreadable_one_400() {
    let (mut stage, session) = invited(&["Require: 100rel"]);
    ring(&mut stage, session, 180, None);
    let ringing = stage.response();
    let next = number(&ringing) + 1;
    for (branch, rack, code) in [
        ("z9hG4bKa", format!("RAck: {next} 1 INVITE"), 481),
        ("z9hG4bKb", format!("RAck: {} 2 INVITE", number(&ringing)), 481),
        ("z9hG4bKc", "RAck: INVITE".to_owned(), 400),
        ("z9hG4bKd", "Subject: none".to_owned(), 400),
    ] {
        stage.receive(&Script::within("PRACK", branch, 2, &ringing).with(&rack).text());
        assert_eq!(codes(&mut stage), [("PRACK".to_owned(), code)], "{rack}");
    }
    stage.receive(&Script::new("PRACK", "z9hG4bKe", 2).with("RAck: 1 1 INVITE").text());
    assert_eq!(codes(&mut stage), [("PRACK".to_owned(), 481)], "outside of any dialog");
    stage.receive(&prack(&ringing, "z9hG4bKf", 3).text());
    assert_eq!(codes(&mut stage), [("PRACK".to_owned(), 200)]);
    stage.receive(&prack(&ringing, "z9hG4bKf", 3).text());
    assert_eq!(codes(&mut stage), [("PRACK".to_owned(), 200)], "a repeated one gets the same answer");
}

#[test]
fn a_prack_that_crosses_the_cancel_finds_the_call_gone() {
    let (mut stage, session) = invited(&["Supported: 100rel"]);
    ring(&mut stage, session, 183, Some(ANSWER));
    let progress = stage.response();
    accept(&mut stage, session);
    stage.receive(&Script::new("CANCEL", "z9hG4bKfirst", 1).text());
    assert_eq!(codes(&mut stage), [("CANCEL".to_owned(), 200), ("INVITE".to_owned(), 487)]);
    assert_eq!(stage.ends(), [(session, SessionEnd::CancelledByPeer { reason: None })]);
    stage.receive(&prack(&progress, "z9hG4bKp", 2).text());
    assert_eq!(codes(&mut stage), [("PRACK".to_owned(), 481)]);
    stage.receive(&Script::new("ACK", "z9hG4bKfirst", 1).text());
    stage.run(seconds(40));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_refusal_needs_no_prack_and_ends_the_repetition() {
    let (mut stage, session) = invited(&["Supported: 100rel"]);
    ring(&mut stage, session, 183, Some(ANSWER));
    stage.sent();
    stage.command(SipCommand::Refuse {
        session,
        status: status(486),
        retry_after: None,
        reason: None,
        warning: None,
    });
    assert_eq!(stage.response().status, status(486));
    stage.receive(&Script::new("ACK", "z9hG4bKfirst", 1).text());
    stage.run(seconds(40));
    assert_eq!(stage.sent().len(), 0);
}

#[test]
fn an_invite_without_an_offer_gets_one_reliably_and_its_answer_with_the_prack() {
    let mut stage = Stage::with_peer();
    let bare = Script::new("INVITE", "z9hG4bKfirst", 1)
        .with("Contact: <sip:alice@192.0.2.9>")
        .with("Require: 100rel");
    let session = stage.incoming(&bare.text());
    stage.sent();
    ring(&mut stage, session, 180, None);
    assert_eq!(stage.sent().len(), 0, "RFC 3262 §5: the first reliable response must offer");
    ring(&mut stage, session, 183, Some(OFFER));
    let progress = stage.response();
    assert_eq!(progress.body, OFFER);
    stage.receive(&prack(&progress, "z9hG4bKp", 2).offering(ANSWER).text());
    assert_eq!(codes(&mut stage), [("PRACK".to_owned(), 200)]);
    let events = stage.events();
    assert!(
        matches!(&events[..], [SipEvent::ReofferAnswered { description, .. }] if description == ANSWER),
        "{events:?}"
    );
    accept(&mut stage, session);
    assert!(stage.response().body.is_empty());
}

#[test]
fn an_offer_in_what_may_be_lost_is_not_made() {
    let mut stage = Stage::with_peer();
    let bare = Script::new("INVITE", "z9hG4bKfirst", 1).with("Contact: <sip:alice@192.0.2.9>");
    let session = stage.incoming(&bare.text());
    stage.sent();
    ring(&mut stage, session, 183, Some(OFFER));
    assert!(stage.response().body.is_empty());
    accept(&mut stage, session);
    assert_eq!(stage.response().body, ANSWER);
}

#[test]
fn a_prack_may_bring_a_new_offer_and_is_answered_with_its_answer() {
    let (mut stage, session) = invited(&["Supported: 100rel"]);
    ring(&mut stage, session, 183, Some(ANSWER));
    let progress = stage.response();
    stage.receive(&prack(&progress, "z9hG4bKp", 2).offering(OFFER).text());
    assert_eq!(stage.sent().len(), 0);
    assert!(
        matches!(&stage.events()[..], [SipEvent::Reoffered { offer: Some(offer), .. }] if offer == OFFER)
    );
    stage.command(SipCommand::AcceptReoffer { session, description: ANSWER.to_vec() });
    let ok = stage.response();
    assert_eq!((ok.headers.cseq().expect("CSeq").method, ok.body.as_slice()), (Method::PRACK, ANSWER));
    stage.run(seconds(2));
    assert_eq!(stage.sent().len(), 0, "the 183 is acknowledged");
}

// The caller.

fn placed() -> (Stage, SessionId, frontdesk_sip_message::Request) {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    assert!(invite.headers.supported().contains(&"100rel"));
    (stage, session, invite)
}

fn reliable(number: u32) -> String {
    format!("Require: 100rel\nRSeq: {number}\nContact: <sip:bob@192.0.2.30>")
}

#[test]
fn a_reliable_response_is_acknowledged_in_its_early_dialog() {
    let (mut stage, session, invite) = placed();
    stage.receive(&answer(&invite, 183, "bob", &reliable(41), ANSWER));
    let (flow, message) = stage.sent_with_flows().pop().expect("a PRACK");
    let Message::Request(prack) = message else { panic!("{message:?}") };
    assert_eq!((prack.method.as_str(), prack.uri.to_string().as_str()), ("PRACK", "sip:bob@192.0.2.30"));
    assert_eq!(flow.remote.to_string(), "192.0.2.30:5060");
    assert_eq!(prack.headers.rack().expect("a RAck").to_string(), "41 1 INVITE");
    assert_eq!(prack.headers.cseq().expect("CSeq").number, 2);
    assert_eq!(prack.headers.to().expect("To").tag(), Some("bob"));
    assert!(
        matches!(&stage.events()[..], [SipEvent::Progress { description: Some(sdp), .. }] if sdp == ANSWER)
    );
    stage.receive(&answer(&prack, 200, "", "", b""));
    // The 2xx brings no description again; the one before it is the answer.
    stage.receive(&answer(&invite, 200, "bob", "Contact: <sip:bob@192.0.2.30>", b""));
    let events = stage.events();
    assert!(
        matches!(&events[..], [SipEvent::Answered { description, .. }] if description == ANSWER),
        "{events:?}"
    );
    let ack = stage.requests().pop().expect("an ACK");
    assert_eq!(ack.headers.cseq().expect("CSeq").number, 1, "that of the INVITE");
    stage.command(SipCommand::End { session, reason: None });
    let bye = stage.requests().pop().expect("a BYE");
    assert_eq!(bye.headers.cseq().expect("CSeq").number, 3, "after INVITE and PRACK");
}

#[test]
fn repeated_and_early_numbers_are_dropped_and_the_next_is_served() {
    let (mut stage, _, invite) = placed();
    stage.receive(&answer(&invite, 183, "bob", &reliable(7), ANSWER));
    assert_eq!(stage.requests().len(), 1);
    assert_eq!(stage.events().len(), 1);
    for number in [7, 9, 6] {
        stage.receive(&answer(&invite, 180, "bob", &reliable(number), b""));
        assert_eq!((stage.sent().len(), stage.events().len()), (0, 0), "{number}");
    }
    stage.receive(&answer(&invite, 180, "bob", &reliable(8), b""));
    assert_eq!((stage.sent().len(), stage.events().len()), (1, 1));
}

#[test]
fn a_first_reliable_description_is_the_answer_and_later_ones_are_none() {
    let (mut stage, _, invite) = placed();
    stage.receive(&answer(&invite, 183, "bob", &reliable(7), ANSWER));
    stage.receive(&answer(&invite, 180, "bob", &reliable(8), OFFER));
    stage.receive(&answer(&invite, 200, "bob", "Contact: <sip:bob@192.0.2.30>", OFFER));
    let events = stage.events();
    let [_, SipEvent::Progress { description: None, .. }, SipEvent::Answered { description, .. }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(description, ANSWER);
}

#[test]
fn a_challenged_prack_is_sent_once_more_with_the_next_number() {
    let mut stage = Stage::with_peer();
    let call = outgoing(SessionId::Outgoing(1), stage.flow, Some(credentials("desk", "secret")));
    stage.command(SipCommand::Invite(Box::new(call)));
    let invite = stage.requests().pop().expect("an INVITE");
    stage.receive(&answer(&invite, 183, "bob", &reliable(7), ANSWER));
    let prack = stage.requests().pop().expect("a PRACK");
    let challenge = "WWW-Authenticate: Digest realm=\"bob\", nonce=\"n\", algorithm=MD5, qop=\"auth\"";
    stage.receive(&answer(&prack, 401, "", challenge, b""));
    let again = stage.requests().pop().expect("once more");
    assert_eq!(again.headers.cseq().expect("CSeq").number, 3);
    assert!(!again.headers.authorizations().expect("digests").is_empty());
    stage.receive(&answer(&again, 401, "", challenge, b""));
    assert_eq!(stage.requests().len(), 0, "once");
}

#[test]
fn a_peer_may_have_reliability_demanded_or_never_offered() {
    for (how, header_name) in [(Reliability::Demanded, Some("Require")), (Reliability::WhenRequired, None)] {
        let mut stage = Stage::with_peer();
        let mut call = outgoing(SessionId::Outgoing(1), stage.flow, None);
        call.quirks = Arc::new(Quirks { reliable_provisional: how, ..Quirks::default() });
        stage.command(SipCommand::Invite(Box::new(call)));
        let invite = stage.requests().pop().expect("an INVITE");
        assert_eq!(invite.headers.require().contains(&"100rel"), header_name.is_some(), "{how:?}");
        assert!(!invite.headers.supported().contains(&"100rel"), "{how:?}");
    }
}

#[test]
fn early_media_gets_through_a_bad_wire_once_and_in_order() {
    let mut heard = 0;
    for seed in 0..60 {
        let mut pair = Pair::new(seed, WirePlan::BAD);
        pair.settle(Side::A, settings(&["192.0.2.2"]));
        pair.settle(Side::B, settings(&[]));
        let call = outgoing(SessionId::Outgoing(1), pair.flow(Side::B), None);
        pair.command(Side::B, SipCommand::Invite(Box::new(call)));
        pair.run(seconds(20));
        let Some(incoming) = incoming_of(&mut pair, Side::A) else { continue };
        let session = incoming.session;
        let description = Some(ANSWER.to_vec());
        pair.command(Side::A, SipCommand::Ring { session, status: status(183), description });
        pair.run(seconds(25));
        pair.command(Side::A, SipCommand::Accept { session, description: ANSWER.to_vec() });
        pair.run(seconds(30));
        let mut progressed = 0;
        let mut answered = Vec::new();
        for (_, event) in pair.take_events(Side::B) {
            match event {
                SipEvent::Progress { description: Some(_), .. } => progressed += 1,
                SipEvent::Answered { description, .. } => answered.push(description),
                _ => {}
            }
        }
        if pair.take_events(Side::A).iter().any(|(_, e)| matches!(e, SipEvent::Ended { .. })) {
            continue;
        }
        assert_eq!(progressed, 1, "seed {seed}");
        assert_eq!(answered, [ANSWER.to_vec()], "seed {seed}");
        heard += 1;
    }
    assert!(heard > 50, "only {heard} calls were heard early");
}
