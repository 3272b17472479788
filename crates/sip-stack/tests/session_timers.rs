//! Session timers (RFC 4028): asked for, granted, refused as too brief, refreshed and run out.

mod stage;

use frontdesk_sip_message::{Method, Refresher, Request, Response};
use frontdesk_sip_stack::testing::{Pair, Side, WirePlan};
use frontdesk_sip_stack::*;
use stage::*;
use std::sync::Arc;

const CAN_UPDATE: &str = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE";

/// A call that came in with these lines, answered and acknowledged; its 200.
fn answered(lines: &[&str]) -> (Stage, SessionId, Response) {
    let mut stage = Stage::with_peer();
    let script = lines.iter().fold(Script::invite(), |script, line| script.with(line));
    let session = stage.incoming(&script.text());
    stage.sent();
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let response = stage.response();
    stage.receive(&Script::within("ACK", "z9hG4bKack", 1, &response).text());
    stage.events();
    (stage, session, response)
}

/// A call of this side that was answered with these lines.
fn placed(lines: &str) -> (Stage, SessionId, Request) {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    stage.receive(&answer(&invite, 200, "bob", &format!("Contact: <sip:bob@192.0.2.30>\n{lines}"), ANSWER));
    stage.sent();
    stage.events();
    (stage, session, invite)
}

fn said(headers: &frontdesk_sip_message::Headers) -> Option<(u32, Option<Refresher>)> {
    headers.session_expires().expect("readable").map(|said| (said.seconds, said.refresher()))
}

#[test]
fn a_caller_with_timers_is_granted_one_and_keeps_it() {
    let (mut stage, session, ok) = answered(&["Supported: timer", "Session-Expires: 600", CAN_UPDATE]);
    assert_eq!(said(&ok.headers), Some((600, Some(Refresher::Uac))));
    assert_eq!(header(&ok, "Require"), Some("timer"));
    // Its refresh comes at half the time, so the session goes on.
    stage.run(seconds(300));
    let refresh = Script::within("UPDATE", "z9hG4bKu", 2, &ok)
        .with("Contact: <sip:alice@192.0.2.9:5099>")
        .with("Supported: timer")
        .with("Session-Expires: 600;refresher=uac");
    stage.receive(&refresh.text());
    let refreshed = stage.response();
    assert_eq!(refreshed.status, status(200));
    assert_eq!(said(&refreshed.headers), Some((600, Some(Refresher::Uac))));
    assert!(stage.events().is_empty(), "nothing was offered");
    stage.run(seconds(567));
    assert_eq!(stage.ends(), []);
    // The next one does not.
    stage.run(seconds(1));
    assert_eq!(stage.ends(), [(session, SessionEnd::TimerExpired)], "32 s before the end");
    let bye = stage.requests().pop().expect("a BYE");
    assert_eq!(bye.method, Method::BYE);
    assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.9:5099", "the refresh moved the target");
    assert_eq!(bye.headers.reason().expect("a Reason").cause(), Some(408));
}

#[test]
fn a_caller_without_timers_gets_none() {
    let (mut stage, _, ok) = answered(&[]);
    assert_eq!((header(&ok, "Session-Expires"), header(&ok, "Require")), (None, None));
    stage.run(seconds(100_000));
    assert_eq!(stage.sent().len(), 0);
}

#[test]
fn this_side_refreshes_by_update_where_the_caller_asked_it_to() {
    let (mut stage, session, ok) =
        answered(&["Supported: timer", "Session-Expires: 200;refresher=uas", CAN_UPDATE]);
    assert_eq!(said(&ok.headers), Some((200, Some(Refresher::Uas))));
    stage.run(seconds(100));
    let update = stage.requests().pop().expect("a refresh");
    assert_eq!(update.method, Method::UPDATE);
    assert!(update.body.is_empty());
    assert_eq!(said(&update.headers), Some((200, Some(Refresher::Uac))), "who asks is uac now");
    stage.receive(&answer(&update, 200, "", "Session-Expires: 200;refresher=uac", b""));
    stage.run(seconds(100));
    let update = stage.requests().pop().expect("the next refresh");
    // Nobody answers: the transaction gives up and takes the session along.
    stage.run(seconds(32));
    assert_eq!(update.method, Method::UPDATE);
    assert_eq!(stage.ends(), [(session, SessionEnd::DialogGone)]);
}

#[test]
fn this_side_refreshes_by_re_invite_with_the_same_description_where_update_is_unknown() {
    let (mut stage, _, _) = answered(&["Supported: timer", "Session-Expires: 200;refresher=uas"]);
    stage.run(seconds(100));
    let refresh = stage.requests().pop().expect("a refresh");
    assert_eq!((refresh.method.as_str(), refresh.body.as_slice()), ("INVITE", ANSWER));
    stage.receive(&answer(&refresh, 200, "", "Session-Expires: 200;refresher=uac", OFFER));
    let ack = stage.requests().pop().expect("an ACK");
    assert_eq!(ack.method, Method::ACK);
    assert!(stage.events().is_empty(), "nothing changed");
}

#[test]
fn a_peer_that_trips_over_update_is_refreshed_by_re_invite() {
    let mut settings = settings(&["192.0.2.9"]);
    settings.peers[0].quirks = Arc::new(Quirks { no_update: true, ..Quirks::default() });
    let mut stage = Stage::with(settings);
    let invite = Script::invite().with(CAN_UPDATE).with("Supported: timer");
    let session = stage.incoming(&invite.with("Session-Expires: 200;refresher=uas").text());
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let ok = stage.last_response();
    stage.receive(&Script::within("ACK", "z9hG4bKack", 1, &ok).text());
    stage.run(seconds(100));
    assert_eq!(stage.requests().pop().expect("a refresh").method, Method::INVITE);
}

#[test]
fn an_update_that_is_refused_as_such_becomes_a_re_invite() {
    let (mut stage, _, _) = answered(&["Supported: timer", "Session-Expires: 200;refresher=uas", CAN_UPDATE]);
    stage.run(seconds(100));
    let update = stage.requests().pop().expect("a refresh");
    stage.receive(&answer(&update, 405, "", "", b""));
    assert_eq!(stage.requests().pop().expect("the other way").method, Method::INVITE);
}

#[test]
fn too_brief_an_interval_is_422_with_the_least() {
    let mut stage = Stage::with_peer();
    stage.receive(&Script::invite().with("Supported: timer").with("Session-Expires: 60").text());
    let refusal = stage.response();
    assert_eq!((refusal.status, header(&refusal, "Min-SE")), (status(422), Some("90")));
    assert!(stage.events().is_empty());
    let transaction = Census { server_transactions: 1, ..Census::default() };
    assert_eq!(stage.stack.census(), transaction, "and needs no memory beyond that");
    let (mut stage, _, ok) = answered(&["Supported: timer"]);
    let brief = Script::within("UPDATE", "z9hG4bKu", 2, &ok).with("Supported: timer");
    stage.receive(&brief.with("Session-Expires: 60").text());
    assert_eq!(stage.response().status, status(422));
}

#[test]
fn a_call_of_this_side_asks_for_a_timer_and_obeys_who_answers() {
    let (mut stage, _, invite) = placed("Session-Expires: 300;refresher=uac\nRequire: timer");
    assert_eq!(said(&invite.headers), Some((1800, None)));
    assert!(invite.headers.supported().contains(&"timer"));
    stage.run(seconds(149));
    assert_eq!(stage.sent().len(), 0);
    stage.run(seconds(1));
    let refresh = stage.requests().pop().expect("a refresh");
    assert_eq!((refresh.method.as_str(), refresh.body.as_slice()), ("INVITE", OFFER));
    assert_eq!(said(&refresh.headers), Some((300, Some(Refresher::Uac))));
}

#[test]
fn a_callee_that_keeps_the_session_must_do_it() {
    let (mut stage, session, _) = placed("Session-Expires: 300;refresher=uas\nRequire: timer");
    stage.run(seconds(267));
    assert_eq!((stage.sent().len(), stage.ends()), (0, vec![]));
    stage.run(seconds(1));
    assert_eq!(stage.ends(), [(session, SessionEnd::TimerExpired)]);
}

#[test]
fn a_callee_without_timers_makes_the_session_endless() {
    let (mut stage, _, _) = placed("");
    stage.run(seconds(100_000));
    assert_eq!((stage.sent().len(), stage.ends()), (0, vec![]));
}

#[test]
fn a_422_is_obeyed_a_few_times() {
    let mut stage = Stage::with_peer();
    let (session, mut invite) = stage.call(1);
    let call_id = invite.headers.call_id().expect("Call-ID").to_owned();
    for (round, least) in [3600_u32, 4000, 5000].into_iter().enumerate() {
        stage.receive(&answer(&invite, 422, "bob", &format!("Min-SE: {least}"), b""));
        let requests = stage.requests();
        let again = requests.iter().find(|r| r.method == Method::INVITE).expect("once more").clone();
        assert_eq!(said(&again.headers), Some((least, None)));
        assert_eq!(again.headers.min_se().expect("readable"), Some(least));
        assert_eq!(again.headers.cseq().expect("CSeq").number as usize, round + 2);
        assert_eq!(again.headers.call_id().expect("Call-ID"), call_id);
        assert_eq!(again.headers.vias().expect("Via").len(), 1);
        invite = again;
    }
    stage.receive(&answer(&invite, 422, "bob", "Min-SE: 6000", b""));
    assert!(matches!(&stage.ends()[..], [(told, SessionEnd::Refused { status: code, .. })]
        if *told == session && code.as_u16() == 422));
}

#[test]
fn a_422_to_a_refresh_makes_the_interval_longer() {
    let (mut stage, _, _) = placed(&format!("Session-Expires: 300;refresher=uac\n{CAN_UPDATE}"));
    stage.run(seconds(150));
    let refresh = stage.requests().pop().expect("a refresh");
    stage.receive(&answer(&refresh, 422, "", "Min-SE: 900", b""));
    let again = stage.requests().pop().expect("once more");
    assert_eq!(said(&again.headers), Some((900, Some(Refresher::Uac))));
    assert_eq!(again.headers.min_se().expect("readable"), Some(900));
}

#[test]
fn operators_and_peers_may_want_no_timers() {
    let mut stage = Stage::with(SipSettings { session_timer: None, ..settings(&["192.0.2.9"]) });
    let (_, invite) = stage.call(1);
    assert_eq!(said(&invite.headers), None);
    assert!(!invite.headers.supported().contains(&"timer"));
    let mut stage = Stage::with_peer();
    let mut call = outgoing(SessionId::Outgoing(1), stage.flow, None);
    call.quirks = Arc::new(Quirks { no_session_timer: true, ..Quirks::default() });
    stage.command(SipCommand::Invite(Box::new(call)));
    assert_eq!(said(&stage.requests().pop().expect("an INVITE").headers), None);
}

#[test]
fn a_refresh_that_crosses_the_bye_disturbs_nothing() {
    let (mut stage, session, ok) =
        answered(&["Supported: timer", "Session-Expires: 200;refresher=uas", CAN_UPDATE]);
    stage.run(seconds(100));
    let update = stage.requests().pop().expect("a refresh");
    stage.receive(&Script::within("BYE", "z9hG4bKbye", 2, &ok).text());
    assert_eq!(stage.response().status, status(200));
    stage.receive(&answer(&update, 481, "", "", b""));
    assert_eq!(stage.ends(), [(session, SessionEnd::HungUpByPeer { reason: None })]);
    stage.run(seconds(70));
    assert_eq!(stage.requests().len(), 0);
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_refresh_by_re_invite_that_crosses_the_end_is_acknowledged() {
    let (mut stage, session, _) = answered(&["Supported: timer", "Session-Expires: 200;refresher=uas"]);
    stage.run(seconds(100));
    let refresh = stage.requests().pop().expect("a refresh");
    stage.command(SipCommand::End { session, reason: None });
    stage.sent();
    stage.receive(&answer(&refresh, 200, "", "", OFFER));
    assert_eq!(stage.requests().pop().expect("an ACK").method, Method::ACK);
    stage.receive(&answer(&refresh, 200, "", "", OFFER));
    assert_eq!(stage.requests().pop().expect("the same ACK").method, Method::ACK);
    assert_eq!(stage.ends().len(), 1);
    stage.run(seconds(100));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_long_call_stays_alive_over_a_bad_wire_and_a_dead_one_ends_on_both_sides() {
    let timer = SessionTimer { expires: seconds(180), least: seconds(90) };
    for seed in 0..20 {
        let mut pair = Pair::new(seed, WirePlan::GOOD);
        for side in [Side::A, Side::B] {
            let mut settings = settings(&["192.0.2.1", "192.0.2.2"]);
            settings.session_timer = Some(timer);
            pair.settle(side, settings);
        }
        let call = outgoing(SessionId::Outgoing(1), pair.flow(Side::B), None);
        pair.command(Side::B, SipCommand::Invite(Box::new(call)));
        pair.run(seconds(1));
        let session = incoming_of(&mut pair, Side::A).expect("a call").session;
        pair.command(Side::A, SipCommand::Accept { session, description: ANSWER.to_vec() });
        pair.run(seconds(1));
        pair.plan = WirePlan { loss_percent: 20, ..WirePlan::BAD };
        pair.run(seconds(1_000));
        let alive = |pair: &Pair| [Side::A, Side::B].map(|side| pair.stack(side).census().sessions);
        assert_eq!(alive(&pair), [1, 1], "seed {seed}");
        assert!(pair.count_sent(Side::B, "UPDATE") >= 10, "seed {seed}: the caller refreshes");
        assert_eq!(pair.count_sent(Side::A, "UPDATE"), 0);
        pair.take_events(Side::A);
        pair.take_events(Side::B);
        pair.plan.loss_percent = 100;
        pair.run(seconds(400));
        for side in [Side::A, Side::B] {
            let ends: Vec<_> = pair.take_events(side);
            assert_eq!(ends.len(), 1, "seed {seed}: {ends:?}");
            assert_eq!(pair.stack(side).census(), Census::default(), "seed {seed}");
        }
    }
}
