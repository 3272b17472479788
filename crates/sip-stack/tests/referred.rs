//! A telephone asks to be put through: REFER from outside (RFC 3515, RFC 4488, RFC 5057).

mod stage;

use frontdesk_sip_message::{HeaderName, Message, Method, Request, Response};
use frontdesk_sip_stack::*;
use stage::talk::*;
use stage::*;

fn refer(branch: &'static str, cseq: u32, within: &Response, to: &str) -> Script {
    Script::within("REFER", branch, cseq, within)
        .with("Contact: <sip:alice@192.0.2.9>")
        .with(&format!("Refer-To: {to}"))
}

/// What a REFER became.
struct Told {
    referral: ReferralId,
    target: String,
    replaces: Option<SessionId>,
    header: Option<String>,
    by: Option<String>,
}

fn referred(stage: &mut Stage, session: SessionId) -> Told {
    let mut events = stage.events();
    assert_eq!(events.len(), 1, "{events:?}");
    match events.remove(0) {
        SipEvent::Referred { session: told, referral, target, replaces, replaces_header, referred_by } => {
            assert_eq!(told, session);
            let by = referred_by.map(|by| by.uri.to_string());
            Told { referral, target: target.to_string(), replaces, header: replaces_header, by }
        }
        other => panic!("{other:?}"),
    }
}

/// A REFER that was accepted, and its first NOTIFY answered.
fn accepted() -> (Stage, SessionId, Response, ReferralId) {
    let (mut stage, session, response) = talking();
    stage.receive(&refer("z9hG4bKr", 2, &response, "<sip:1002@192.0.2.1>").text());
    let referral = referred(&mut stage, session).referral;
    stage.command(SipCommand::AnswerRefer { referral, status: status(202) });
    let notify = stage.requests().pop().expect("a NOTIFY");
    reply(&mut stage, &notify, 200);
    stage.sent();
    (stage, session, response, referral)
}

fn reply(stage: &mut Stage, request: &Request, code: u16) {
    stage.receive(&answer(request, code, "", "", b""));
}

fn tell(stage: &mut Stage, referral: ReferralId, code: u16) {
    stage.command(SipCommand::NotifyReferrer { referral, status: status(code) });
}

#[test]
fn who_puts_a_caller_through_hears_how_it_goes() {
    let (mut stage, session, response) = talking();
    let wanted =
        refer("z9hG4bKr", 2, &response, "<sip:1002@192.0.2.1>").with("Referred-By: <sip:alice@x.org>");
    stage.receive(&wanted.text());
    assert!(stage.sent().is_empty(), "the answer is not this stack's to give");
    let told = referred(&mut stage, session);
    assert_eq!((told.target.as_str(), told.by.as_deref()), ("sip:1002@192.0.2.1", Some("sip:alice@x.org")));
    assert_eq!((told.replaces, told.header), (None, None));
    assert_eq!(stage.stack.census().referrals, 1);
    stage.command(SipCommand::AnswerRefer { referral: told.referral, status: status(202) });
    let sent = stage.sent();
    let [Message::Response(yes), Message::Request(trying)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(yes.status, status(202));
    assert!(header(yes, "Contact").is_some() && header(yes, "Refer-Sub").is_none());
    assert_eq!(trying.method, Method::NOTIFY);
    assert_eq!(said(trying, HeaderName::Event), "refer;id=2");
    assert_eq!(said(trying, HeaderName::SubscriptionState), "active;expires=300");
    assert_eq!(said(trying, HeaderName::ContentType), "message/sipfrag");
    assert_eq!(trying.body, b"SIP/2.0 100 Trying\r\n");
    assert_eq!(trying.uri.to_string(), "sip:alice@192.0.2.9");
    reply(&mut stage, trying, 200);
    stage.run(seconds(10));
    tell(&mut stage, told.referral, 180);
    let ringing = only_request(&mut stage);
    assert_eq!(ringing.body, b"SIP/2.0 180 Ringing\r\n");
    assert_eq!(said(&ringing, HeaderName::SubscriptionState), "active;expires=290");
    reply(&mut stage, &ringing, 200);
    tell(&mut stage, told.referral, 200);
    let done = only_request(&mut stage);
    assert_eq!(done.body, b"SIP/2.0 200 OK\r\n");
    assert_eq!(said(&done, HeaderName::SubscriptionState), "terminated;reason=noresource");
    reply(&mut stage, &done, 200);
    assert_eq!(stage.stack.census().referrals, 0);
    tell(&mut stage, told.referral, 486);
    assert!(stage.sent().is_empty(), "after the last word there is none");
    assert!(stage.events().is_empty());
}

#[test]
fn an_attended_transfer_names_the_call_that_gives_way() {
    let (mut stage, session, response) = talking();
    let second = Script { call_id: "second@x", from: "<sip:bob@192.0.2.9>;tag=bob", ..Script::invite() };
    let second = Script { branch: "z9hG4bKsecond", ..second };
    let (other, answer) = answered(&mut stage, &second);
    let tag = answer.headers.to().expect("a To").tag().expect("a tag").to_owned();
    let with = |to_tag: &str| {
        format!(
            "<sip:100@192.0.2.1?Replaces=second%40x%3Bto-tag%3D{to_tag}%3Bfrom-tag%3Dbob&Require=replaces>"
        )
    };
    stage.receive(&refer("z9hG4bKr1", 2, &response, &with(&tag)).text());
    let told = referred(&mut stage, session);
    assert_eq!(told.replaces, Some(other));
    assert_eq!(told.target, "sip:100@192.0.2.1", "nothing of the header part is left in the target");
    assert_eq!(told.header, Some(format!("second@x;to-tag={tag};from-tag=bob")));
    stage.receive(&refer("z9hG4bKr2", 3, &response, &with("elsewhere")).text());
    let told = referred(&mut stage, session);
    assert_eq!(told.replaces, None, "a dialog of somebody else");
    assert_eq!(told.header.as_deref(), Some("second@x;to-tag=elsewhere;from-tag=bob"));
}

#[test]
fn a_refer_that_asks_for_no_call_is_refused_and_told_to_nobody() {
    let (mut stage, _, response) = talking();
    let call = "<sip:1002@192.0.2.1>";
    let quiet = stage.stack.census().referrals;
    for (number, branch, lines, verdict) in [
        (2, "z9hG4bK2", vec![], 400),
        (3, "z9hG4bK3", vec![format!("Refer-To: {call}"), format!("Refer-To: {call}")], 400),
        (4, "z9hG4bK4", vec![format!("Refer-To: {call}, {call}")], 400),
        (5, "z9hG4bK5", vec!["Refer-To: sip:1002@192.0.2.1?Replaces=x".to_owned()], 400),
        (6, "z9hG4bK6", vec!["Refer-To: <sip:1002@192.0.2.1?Replaces=x>".to_owned()], 400),
        (7, "z9hG4bK7", vec!["Refer-To: <sip:1002@192.0.2.1;method=BYE>".to_owned()], 403),
        (8, "z9hG4bK8", vec!["Refer-To: <http://example.com/>".to_owned()], 403),
        (9, "z9hG4bK9", vec![format!("Refer-To: {call}"), "Referred-By: ???".to_owned()], 400),
        (10, "z9hG4bK10", vec![format!("Refer-To: {call}"), "Require: explicitsub".to_owned()], 420),
    ] {
        let script = Script::within("REFER", branch, number, &response);
        let script = lines.iter().fold(script, |script, line| script.with(line));
        stage.receive(&script.text());
        assert_eq!(stage.response().status, status(verdict), "{lines:?}");
    }
    assert!(stage.events().is_empty());
    assert_eq!(stage.stack.census().referrals, quiet);
}

#[test]
fn nobody_is_called_for_who_is_in_no_call() {
    let mut stage = Stage::with_peer();
    let stray = Script::new("REFER", "z9hG4bKr", 1).with("Refer-To: <sip:1002@192.0.2.1>");
    stage.receive(&stray.text());
    assert_eq!(stage.response().status, status(403));
    assert!(stage.events().is_empty());
    assert_eq!(stage.stack.census(), Census::default(), "and no memory is spent on it");
    // A call that still rings is no call to put through either.
    let session = stage.incoming(&Script::invite().text());
    stage.command(SipCommand::Ring { session, status: status(180), description: None });
    let ringing = stage.last_response();
    stage.receive(&refer("z9hG4bKearly", 2, &ringing, "<sip:1002@192.0.2.1>").text());
    assert_eq!(stage.response().status, status(403));
    assert!(stage.events().is_empty());
}

#[test]
fn a_refused_refer_is_over_at_once() {
    let (mut stage, session, response) = talking();
    stage.receive(&refer("z9hG4bKr", 2, &response, "<sip:1002@192.0.2.1>").text());
    let referral = referred(&mut stage, session).referral;
    stage.command(SipCommand::AnswerRefer { referral, status: status(603) });
    assert_eq!(stage.response().status, status(603));
    stage.command(SipCommand::AnswerRefer { referral, status: status(202) });
    tell(&mut stage, referral, 200);
    assert!(stage.sent().is_empty());
    assert_eq!(stage.stack.census().referrals, 0);
}

#[test]
fn who_wants_no_notifications_gets_none() {
    let (mut stage, session, response) = talking();
    let wanted = refer("z9hG4bKr", 2, &response, "<sip:1002@192.0.2.1>");
    stage.receive(&wanted.with("Refer-Sub: false").with("Require: norefersub").text());
    let referral = referred(&mut stage, session).referral;
    stage.command(SipCommand::AnswerRefer { referral, status: status(202) });
    let yes = stage.response();
    assert_eq!((yes.status, header(&yes, "Refer-Sub")), (status(202), Some("false")));
    tell(&mut stage, referral, 200);
    assert!(stage.sent().is_empty());
    assert_eq!(stage.stack.census().referrals, 0);
}

#[test]
fn a_repeated_refer_is_no_second_referral() {
    let (mut stage, session, response) = talking();
    let wanted = refer("z9hG4bKr", 2, &response, "<sip:1002@192.0.2.1>").text();
    stage.receive(&wanted);
    let referral = referred(&mut stage, session).referral;
    stage.receive(&wanted);
    assert!(stage.events().is_empty());
    stage.command(SipCommand::AnswerRefer { referral, status: status(202) });
    stage.sent();
    stage.receive(&wanted);
    assert_eq!(stage.response().status, status(202));
    assert!(stage.events().is_empty());
}

#[test]
fn a_refer_that_nobody_answers_is_declined_while_its_sender_still_waits() {
    let (mut stage, session, response) = talking();
    stage.receive(&refer("z9hG4bKr", 2, &response, "<sip:1002@192.0.2.1>").text());
    let referral = referred(&mut stage, session).referral;
    stage.run(seconds(19));
    assert!(stage.sent().is_empty());
    stage.run(seconds(2));
    assert_eq!(stage.response().status, status(603));
    stage.command(SipCommand::AnswerRefer { referral, status: status(202) });
    assert!(stage.sent().is_empty());
    assert_eq!(stage.stack.census().referrals, 0);
}

#[test]
fn one_notification_is_under_way_and_the_newest_state_waits() {
    let (mut stage, _, _, referral) = accepted();
    for code in [180, 183, 182, 200, 180] {
        tell(&mut stage, referral, code);
    }
    let first = only_request(&mut stage);
    assert_eq!(first.body, b"SIP/2.0 180 Ringing\r\n");
    stage.run(seconds(3));
    let repeated = stage.requests();
    assert!(!repeated.is_empty() && repeated.iter().all(|again| again.body == first.body), "{repeated:?}");
    reply(&mut stage, &first, 200);
    let last = only_request(&mut stage);
    assert_eq!(last.body, b"SIP/2.0 200 OK\r\n", "what came after the last word is none");
    assert!(number(&last) > number(&first));
    reply(&mut stage, &last, 200);
    assert_eq!(stage.stack.census().referrals, 0);
}

fn number(request: &Request) -> u32 {
    request.headers.cseq().expect("a CSeq").number
}

#[test]
fn a_referrer_that_knows_nothing_of_it_is_told_no_more_and_keeps_its_call() {
    for code in [481, 489, 404] {
        let (mut stage, session, _, referral) = accepted();
        tell(&mut stage, referral, 180);
        let notify = only_request(&mut stage);
        reply(&mut stage, &notify, code);
        tell(&mut stage, referral, 200);
        assert!(stage.sent().is_empty());
        assert_eq!(stage.stack.census().referrals, 0);
        assert!(stage.events().is_empty(), "the session stands");
        stage.command(SipCommand::End { session, reason: None });
        assert_eq!(only_request(&mut stage).method, Method::BYE);
    }
}

#[test]
fn a_notification_that_is_refused_for_now_is_sent_again_and_not_for_ever() {
    let (mut stage, _, _, referral) = accepted();
    tell(&mut stage, referral, 486);
    let mut before = 0;
    for _ in 0..4 {
        let notify = only_request(&mut stage);
        assert_eq!(notify.body, b"SIP/2.0 486 Busy Here\r\n");
        assert!(number(&notify) > before, "each is a request of its own");
        before = number(&notify);
        stage.receive(&answer(&notify, 503, "", "Retry-After: 7", b""));
        stage.run(seconds(6));
        assert!(stage.sent().is_empty());
        stage.run(seconds(1));
    }
    assert!(stage.sent().is_empty());
    assert_eq!(stage.stack.census().referrals, 0);
}

#[test]
fn a_referrer_that_does_not_answer_is_told_no_more() {
    let (mut stage, _, _, referral) = accepted();
    tell(&mut stage, referral, 180);
    stage.run(seconds(33));
    assert_eq!(stage.stack.census().referrals, 0);
}

#[test]
fn a_referrer_that_hangs_up_first_still_hears_how_it_went() {
    let (mut stage, session, response, referral) = accepted();
    stage.receive(&Script::within("BYE", "z9hG4bKbye", 3, &response).text());
    assert_eq!(stage.response().status, status(200));
    assert_eq!(stage.ends(), [(session, SessionEnd::HungUpByPeer { reason: None })]);
    tell(&mut stage, referral, 180);
    let ringing = only_request(&mut stage);
    assert_eq!(ringing.uri.to_string(), "sip:alice@192.0.2.9");
    assert_eq!(said(&ringing, HeaderName::CallId), "story");
    reply(&mut stage, &ringing, 200);
    tell(&mut stage, referral, 200);
    let done = only_request(&mut stage);
    assert!(number(&done) > number(&ringing));
    reply(&mut stage, &done, 200);
    stage.run(seconds(60));
    assert_eq!(stage.stack.census(), Census::default(), "and the dialog is gone with its last usage");
}

#[test]
fn the_numbers_of_a_dialog_go_up_when_this_side_hangs_up_first() {
    let (mut stage, session, _, referral) = accepted();
    stage.command(SipCommand::End { session, reason: None });
    let bye = only_request(&mut stage);
    tell(&mut stage, referral, 200);
    let done = only_request(&mut stage);
    assert!(number(&done) > number(&bye), "{} {}", number(&done), number(&bye));
    reply(&mut stage, &bye, 200);
    reply(&mut stage, &done, 200);
    stage.run(seconds(60));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_bye_waits_until_the_referrer_heard_how_it_went() {
    for (answered_with, waits) in [(Some(200), 0), (Some(481), 0), (None, 4)] {
        let (mut stage, session, _, referral) = accepted();
        tell(&mut stage, referral, 200);
        let notify = only_request(&mut stage);
        stage.command(SipCommand::End { session, reason: Some("Q.850;cause=16".to_owned()) });
        assert_eq!(stage.ends(), [(session, SessionEnd::EndedHere)], "its user need not wait");
        assert!(stage.sent().is_empty());
        match answered_with {
            Some(code) => reply(&mut stage, &notify, code),
            None => stage.run(seconds(waits)),
        }
        let byes = stage.requests().into_iter().filter(|request| request.method == Method::BYE);
        let byes: Vec<Request> = byes.collect();
        assert_eq!(byes.len(), 1, "{answered_with:?}");
        assert_eq!(said(&byes[0], HeaderName::Reason), "Q.850;cause=16");
        assert!(number(&byes[0]) > number(&notify));
        reply(&mut stage, &byes[0], 200);
        stage.run(seconds(60));
        assert_eq!(stage.stack.census(), Census::default());
        assert!(stage.events().is_empty(), "and nothing is told twice");
    }
    // The referrer is quicker.
    let (mut stage, session, response, referral) = accepted();
    tell(&mut stage, referral, 486);
    stage.command(SipCommand::End { session, reason: None });
    stage.sent();
    stage.receive(&Script::within("BYE", "z9hG4bKbye", 3, &response).text());
    assert_eq!(stage.response().status, status(200));
    stage.run(seconds(60));
    assert!(stage.requests().iter().all(|request| request.method == Method::NOTIFY));
    assert_eq!(stage.ends().len(), 1);
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_referral_of_which_nothing_is_heard_runs_out() {
    let (mut stage, session, response, referral) = accepted();
    stage.receive(&Script::within("BYE", "z9hG4bKbye", 3, &response).text());
    stage.sent();
    assert_eq!(stage.ends().len(), 1);
    stage.run(seconds(301));
    let over = stage.requests().into_iter().next().expect("a NOTIFY");
    assert_eq!(said(&over, HeaderName::SubscriptionState), "terminated;reason=timeout");
    assert_eq!(over.body, b"SIP/2.0 100 Trying\r\n");
    reply(&mut stage, &over, 200);
    stage.sent();
    tell(&mut stage, referral, 200);
    assert!(stage.sent().is_empty());
    stage.command(SipCommand::End { session, reason: None });
    stage.run(seconds(60));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_referrer_may_take_its_subscription_back_and_not_make_it_longer() {
    let (mut stage, _, response, referral) = accepted();
    let subscribe = |branch, cseq, id: &str, expires: u32| {
        Script::within("SUBSCRIBE", branch, cseq, &response)
            .with("Contact: <sip:alice@192.0.2.9>")
            .with(&format!("Event: refer;id={id}"))
            .with(&format!("Expires: {expires}"))
    };
    stage.run(seconds(100));
    stage.receive(&subscribe("z9hG4bKs1", 3, "2", 3600).text());
    let sent = stage.sent();
    let [Message::Response(yes), Message::Request(again)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(header(yes, "Expires"), Some("200"));
    assert_eq!(again.body, b"SIP/2.0 100 Trying\r\n");
    reply(&mut stage, again, 200);
    stage.receive(&subscribe("z9hG4bKs2", 4, "7", 3600).text());
    assert_eq!(stage.response().status, status(481), "another referral");
    stage.receive(&subscribe("z9hG4bKs3", 5, "2", 0).text());
    let sent = stage.sent();
    let [Message::Response(yes), Message::Request(over)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(header(yes, "Expires"), Some("0"));
    assert_eq!(said(over, HeaderName::SubscriptionState), "terminated;reason=timeout");
    reply(&mut stage, over, 200);
    tell(&mut stage, referral, 200);
    assert!(stage.sent().is_empty());
}

#[test]
fn a_flood_of_refers_in_one_call_is_bounded() {
    let (mut stage, _, response) = talking();
    let branches = ["z9hG4bK1", "z9hG4bK2", "z9hG4bK3", "z9hG4bK4", "z9hG4bK5"];
    for (branch, cseq) in branches.into_iter().zip(2..) {
        stage.receive(&refer(branch, cseq, &response, "<sip:1002@192.0.2.1>").text());
    }
    let told = stage.events();
    assert_eq!(told.iter().filter(|event| matches!(event, SipEvent::Referred { .. })).count(), 4);
    assert_eq!(stage.response().status, status(503), "the fifth");
    assert_eq!(stage.stack.census().referrals, 4);
    stage.run(seconds(200));
    assert_eq!(stage.stack.census().referrals, 0);
}
