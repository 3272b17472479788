//! Re-INVITEs of this side (RFC 3261 §14.1): hold, resume, moved media, glare, and how they fail.

mod stage;

use frontdesk_sip_message::{Message, Method, Request, Response};
use frontdesk_sip_stack::testing::{Pair, Side, WirePlan};
use frontdesk_sip_stack::*;
use stage::*;

const HOLD: &[u8] = b"v=0\r\no=- 2 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=sendonly\r\n";
const HELD: &[u8] = b"v=0\r\no=- 1 2 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\na=recvonly\r\n";

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

/// A call of this side that was answered.
fn placed(credentials: Option<Credentials>) -> (Stage, SessionId) {
    let mut stage = Stage::with_peer();
    let session = SessionId::Outgoing(1);
    let call = outgoing(session, stage.flow, credentials);
    stage.command(SipCommand::Invite(Box::new(call)));
    let invite = stage.requests().pop().expect("an INVITE");
    stage.receive(&answer(&invite, 200, "bob", "Contact: <sip:bob@192.0.2.9>", ANSWER));
    stage.sent();
    stage.events();
    (stage, session)
}

fn offer(stage: &mut Stage, session: SessionId, description: Option<&[u8]>) -> Option<Request> {
    stage.command(SipCommand::Reoffer { session, description: description.map(<[u8]>::to_vec) });
    stage.requests().pop()
}

fn refused(stage: &mut Stage) -> Option<u16> {
    match &stage.events()[..] {
        [SipEvent::ReofferRefused { status, .. }] => status.map(|status| status.as_u16()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn this_side_holds_and_the_other_side_agrees() {
    let (mut stage, session, _) = talking();
    let hold = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
    assert_eq!((hold.method.as_str(), hold.body.as_slice()), ("INVITE", HOLD));
    assert!(hold.headers.contains(frontdesk_sip_message::HeaderName::Contact));
    stage.receive(&answer(&hold, 100, "", "", b""));
    stage.receive(&answer(&hold, 200, "", "Contact: <sip:alice@192.0.2.9:5088>", HELD));
    let ack = stage.requests().pop().expect("an ACK");
    assert_eq!((ack.method.as_str(), ack.uri.to_string().as_str()), ("ACK", "sip:alice@192.0.2.9:5088"));
    assert_eq!(ack.headers.cseq().expect("CSeq").number, hold.headers.cseq().expect("CSeq").number);
    assert!(
        matches!(&stage.events()[..], [SipEvent::ReofferAnswered { description, .. }] if description == HELD)
    );
    stage.receive(&answer(&hold, 200, "", "Contact: <sip:alice@192.0.2.9:5088>", HELD));
    assert_eq!(stage.requests(), [ack], "a repeated 200 gets the same ACK");
    assert!(stage.events().is_empty());
    stage.run(seconds(70));
    assert_eq!(stage.stack.census().invites, 0);
}

#[test]
fn a_refused_offer_leaves_the_call_as_it_was() {
    let (mut stage, session, _) = talking();
    for code in [488, 403, 503, 600] {
        let hold = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
        stage.receive(&answer(&hold, code, "", "", b""));
        assert_eq!(stage.requests().pop().expect("an ACK").method, Method::ACK);
        assert_eq!(refused(&mut stage), Some(code));
    }
    assert_eq!(stage.stack.census().sessions, 1);
}

#[test]
fn an_answer_without_a_description_changes_nothing() {
    let (mut stage, session, _) = talking();
    let hold = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
    stage.receive(&answer(&hold, 200, "", "", b""));
    assert_eq!(refused(&mut stage), Some(200));
}

#[test]
fn an_offer_waits_for_the_open_one_and_the_newest_takes_its_turn() {
    let (mut stage, session, _) = talking();
    let first = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
    assert_eq!(offer(&mut stage, session, Some(OFFER)), None);
    assert_eq!(offer(&mut stage, session, Some(ANSWER)), None);
    stage.receive(&answer(&first, 200, "", "", HELD));
    let requests = stage.requests();
    let methods: Vec<_> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["ACK", "INVITE"]);
    assert_eq!(requests[1].body, ANSWER);
}

#[test]
fn an_offer_waits_for_the_acknowledgement_of_the_answer() {
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().text());
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let ok = stage.last_response();
    assert_eq!(offer(&mut stage, session, Some(HOLD)), None);
    stage.receive(&Script::within("ACK", "z9hG4bKack", 1, &ok).text());
    assert_eq!(stage.requests().pop().expect("a re-INVITE").body, HOLD);
}

#[test]
fn an_offer_waits_for_the_answer_to_the_other_sides() {
    let (mut stage, session, response) = talking();
    let theirs = Script::within("INVITE", "z9hG4bKi", 2, &response).with("Contact: <sip:alice@192.0.2.9>");
    stage.receive(&theirs.offering(HELD).text());
    assert_eq!(offer(&mut stage, session, Some(HOLD)), None);
    stage.command(SipCommand::AcceptReoffer { session, description: ANSWER.to_vec() });
    assert_eq!(stage.requests().len(), 0, "and for its ACK");
    stage.receive(&Script::within("ACK", "z9hG4bKack2", 2, &response).text());
    assert_eq!(stage.requests().pop().expect("a re-INVITE").body, HOLD);
}

#[test]
fn re_invites_that_cross_are_491_and_each_side_waits_its_own_time() {
    // The other side owns the Call-ID: 0 to 2 s. This side does: 2.1 to 4 s.
    let (stage, session, _) = talking();
    let (owner_stage, owner_session) = placed(None);
    for (mut stage, session, earliest, latest) in
        [(stage, session, 0, 2_000), (owner_stage, owner_session, 2_100, 4_000)]
    {
        let mut waits = Vec::new();
        let mut request = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
        for _ in 0..limits::MAX_POSTPONEMENTS {
            stage.receive(&answer(&request, 491, "", "", b""));
            let began = stage.now.as_millis();
            stage.requests();
            let mut again = None;
            while again.is_none() {
                stage.run(millis(10));
                again = stage.requests().into_iter().find(|r| r.method == Method::INVITE);
                assert!(stage.now.as_millis() - began <= latest, "{session:?}");
            }
            waits.push(stage.now.as_millis() - began);
            request = again.expect("once more");
            assert_eq!(request.body, HOLD);
        }
        assert!(waits.iter().all(|wait| *wait >= earliest), "{waits:?}");
        waits.dedup();
        assert!(waits.len() > 1, "by chance: {waits:?}");
        // Not for ever.
        assert!(stage.events().is_empty());
        stage.receive(&answer(&request, 491, "", "", b""));
        assert_eq!(refused(&mut stage), Some(491));
    }
}

#[test]
fn a_re_invite_that_comes_while_ours_is_open_is_491() {
    let (mut stage, session, response) = talking();
    offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
    let theirs = Script::within("INVITE", "z9hG4bKi", 2, &response).with("Contact: <sip:alice@192.0.2.9>");
    stage.receive(&theirs.offering(HELD).text());
    assert_eq!(stage.response().status, status(491));
}

#[test]
fn a_wait_that_a_500_asks_for_is_kept() {
    let (mut stage, session, _) = talking();
    let hold = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
    stage.receive(&answer(&hold, 500, "", "Retry-After: 7", b""));
    stage.requests();
    stage.run(millis(6_999));
    assert_eq!(stage.requests().len(), 0);
    stage.run(millis(1));
    assert_eq!(stage.requests().len(), 1);
}

#[test]
fn a_dialog_that_the_other_side_does_not_know_is_gone() {
    for (code, byes) in [(481, 0), (408, 1)] {
        let (mut stage, session, _) = talking();
        let hold = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
        stage.receive(&answer(&hold, code, "", "", b""));
        let requests = stage.requests();
        assert_eq!(requests.iter().filter(|r| r.method == Method::BYE).count(), byes, "{code}");
        assert_eq!(stage.ends(), [(session, SessionEnd::DialogGone)]);
        stage.run(seconds(70));
        assert_eq!(stage.stack.census(), Census::default());
    }
}

#[test]
fn silence_ends_the_dialog() {
    let (mut stage, session, _) = talking();
    offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
    stage.run(seconds(32));
    assert_eq!(stage.ends(), [(session, SessionEnd::DialogGone)]);
    assert_eq!(stage.requests().pop().expect("a BYE").method, Method::BYE);
}

#[test]
fn a_challenged_re_invite_is_sent_once_more() {
    let (mut stage, session) = placed(Some(credentials("desk", "secret")));
    let hold = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
    let challenge = "Proxy-Authenticate: Digest realm=\"bob\", nonce=\"n\", algorithm=MD5, qop=\"auth\"";
    stage.receive(&answer(&hold, 407, "", challenge, b""));
    let requests = stage.requests();
    let again = requests.iter().find(|r| r.method == Method::INVITE).expect("once more").clone();
    assert_eq!(again.headers.cseq().expect("CSeq").number, hold.headers.cseq().expect("CSeq").number + 1);
    assert_eq!(again.body, HOLD);
    stage.receive(&answer(&again, 200, "", "", HELD));
    let ack = stage.requests().pop().expect("an ACK");
    assert!(!ack.headers.proxy_authorizations().expect("digests").is_empty(), "RFC 3261 §22.1");
    assert!(matches!(&stage.events()[..], [SipEvent::ReofferAnswered { .. }]));
    stage.command(SipCommand::End { session, reason: None });
    let bye = stage.requests().pop().expect("a BYE");
    assert_eq!(bye.headers.cseq().expect("CSeq").number, again.headers.cseq().expect("CSeq").number + 1);
}

#[test]
fn the_other_side_is_asked_to_offer_and_answered_in_the_ack() {
    let (mut stage, session, _) = talking();
    let ask = offer(&mut stage, session, None).expect("a re-INVITE");
    assert!(ask.body.is_empty());
    stage.receive(&answer(&ask, 200, "", "", HELD));
    assert_eq!(stage.requests().len(), 0, "the ACK waits for the answer");
    assert!(
        matches!(&stage.events()[..], [SipEvent::ReofferAnswered { description, .. }] if description == HELD)
    );
    stage.receive(&answer(&ask, 200, "", "", HELD));
    assert!(stage.events().is_empty(), "told once");
    stage.command(SipCommand::AcceptReoffer { session, description: ANSWER.to_vec() });
    let ack = stage.requests().pop().expect("an ACK");
    assert_eq!((ack.method.as_str(), ack.body.as_slice()), ("ACK", ANSWER));
    stage.receive(&answer(&ask, 200, "", "", HELD));
    assert_eq!(stage.requests(), [ack]);
}

#[test]
fn an_offer_in_a_2xx_that_cannot_be_taken_ends_the_call() {
    let (mut stage, session, _) = talking();
    let ask = offer(&mut stage, session, None).expect("a re-INVITE");
    stage.receive(&answer(&ask, 200, "", "", HELD));
    stage.events();
    stage.command(SipCommand::RefuseReoffer { session, status: status(488) });
    let requests = stage.requests();
    let methods: Vec<_> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["ACK", "BYE"]);
    assert_eq!(stage.ends(), [(session, SessionEnd::ProtocolViolation)]);
}

#[test]
fn a_success_that_crosses_the_bye_is_acknowledged_all_the_same() {
    let (mut stage, session, response) = talking();
    let hold = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
    stage.receive(&Script::within("BYE", "z9hG4bKbye", 2, &response).text());
    stage.sent();
    assert_eq!(stage.ends(), [(session, SessionEnd::HungUpByPeer { reason: None })]);
    stage.receive(&answer(&hold, 200, "", "", HELD));
    let sent = stage.sent();
    assert!(matches!(&sent[..], [Message::Request(ack)] if ack.method == Method::ACK), "{sent:?}");
    assert!(stage.events().is_empty());
    stage.run(seconds(70));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn an_offer_for_a_call_that_leaves_or_is_gone_does_nothing() {
    let (mut stage, session, _) = talking();
    stage.command(SipCommand::End { session, reason: None });
    stage.sent();
    assert_eq!(offer(&mut stage, session, Some(HOLD)), None);
}

#[test]
fn both_sides_offer_at_once_over_a_bad_wire_and_both_get_their_answer() {
    for seed in 0..60 {
        let mut pair = Pair::new(seed, WirePlan::GOOD);
        pair.settle(Side::A, settings(&["192.0.2.2"]));
        pair.settle(Side::B, settings(&["192.0.2.1"]));
        let placed = SessionId::Outgoing(1);
        let call = outgoing(placed, pair.flow(Side::B), None);
        pair.command(Side::B, SipCommand::Invite(Box::new(call)));
        pair.run(seconds(1));
        let arrived = incoming_of(&mut pair, Side::A).expect("a call").session;
        pair.command(Side::A, SipCommand::Accept { session: arrived, description: ANSWER.to_vec() });
        pair.run(seconds(1));
        pair.take_events(Side::A);
        pair.take_events(Side::B);
        pair.plan = WirePlan::BAD;
        let sides = [(Side::A, arrived), (Side::B, placed)];
        for (side, session) in sides {
            pair.command(side, SipCommand::Reoffer { session, description: Some(HOLD.to_vec()) });
        }
        let mut answered = [0, 0];
        for _ in 0..1_200 {
            pair.run(millis(100));
            for (at, (side, session)) in sides.into_iter().enumerate() {
                for (_, event) in pair.take_events(side) {
                    match event {
                        SipEvent::Reoffered { .. } => {
                            let description = HELD.to_vec();
                            pair.command(side, SipCommand::AcceptReoffer { session, description });
                        }
                        SipEvent::ReofferAnswered { description, .. } => {
                            assert_eq!(description, HELD);
                            answered[at] += 1;
                        }
                        other => panic!("seed {seed}: {other:?}"),
                    }
                }
            }
        }
        assert_eq!(answered, [1, 1], "seed {seed}");
        pair.command(Side::A, SipCommand::End { session: arrived, reason: None });
        pair.run(seconds(100));
        for side in [Side::A, Side::B] {
            assert_eq!(pair.stack(side).census(), Census::default(), "seed {seed}");
        }
    }
}

#[test]
fn a_wait_that_is_over_while_the_other_side_offers_goes_on_until_that_is_settled() {
    let (mut stage, session, response) = talking();
    let hold = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
    stage.receive(&answer(&hold, 491, "", "", b""));
    let theirs = Script::within("INVITE", "z9hG4bKi", 2, &response).with("Contact: <sip:alice@192.0.2.9>");
    stage.receive(&theirs.offering(HELD).text());
    stage.sent();
    stage.run(seconds(5));
    assert_eq!(stage.sent().len(), 0);
    assert!(stage.stack.deadline().is_none_or(|at| at > stage.now), "nothing is due over and over");
    stage.command(SipCommand::AcceptReoffer { session, description: ANSWER.to_vec() });
    stage.sent();
    stage.receive(&Script::within("ACK", "z9hG4bKack2", 2, &response).text());
    assert_eq!(stage.requests().pop().expect("again").body, HOLD);
}

#[test]
fn a_re_invite_that_is_never_answered_for_good_is_cancelled_and_the_call_goes_on() {
    let (mut stage, session, _) = talking();
    let hold = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
    stage.receive(&answer(&hold, 100, "", "", b""));
    stage.run(seconds(32));
    let cancel = stage.requests().pop().expect("a CANCEL");
    assert_eq!(cancel.method, Method::CANCEL);
    assert_eq!(cancel.headers.cseq().expect("CSeq").number, hold.headers.cseq().expect("CSeq").number);
    stage.run(seconds(33));
    assert_eq!(refused(&mut stage), None);
    assert_eq!(stage.stack.census().sessions, 1);
    assert!(offer(&mut stage, session, Some(HOLD)).is_some(), "and another one may be made");
}

#[test]
fn a_re_invite_whose_call_ends_is_forgotten_though_nobody_answers_it() {
    let (mut stage, session, _) = talking();
    let hold = offer(&mut stage, session, Some(HOLD)).expect("a re-INVITE");
    stage.receive(&answer(&hold, 100, "", "", b""));
    stage.command(SipCommand::End { session, reason: None });
    stage.run(seconds(70));
    assert_eq!(stage.stack.census(), Census::default());
}
