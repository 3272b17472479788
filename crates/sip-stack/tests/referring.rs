//! This side asks a telephone or a carrier to call somebody: REFER from here (RFC 3515, RFC 4488).

mod stage;

use frontdesk_sip_message::{HeaderName, Method, Request};
use frontdesk_sip_stack::testing::{Pair, Side, WirePlan};
use frontdesk_sip_stack::*;
use stage::talk::*;
use stage::*;

const FRAG: &str = "Content-Type: message/sipfrag;version=2.0\n";

/// A call of this side that stands, and the REFER that was sent in it.
fn asked(credentials: Option<Credentials>) -> (Stage, SessionId, Request, Request) {
    let mut stage = Stage::with_peer();
    let (session, invite) = calling(&mut stage, 1, credentials);
    stage.command(SipCommand::Refer {
        session,
        refer_to: uri("sip:+4930123@192.0.2.9?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2"),
        referred_by: Some(uri("sip:desk@192.0.2.1")),
    });
    let refer = only_request(&mut stage);
    (stage, session, invite, refer)
}

/// The same, accepted.
fn listening() -> (Stage, SessionId, Request) {
    let (mut stage, session, invite, refer) = asked(None);
    stage.receive(&answer(&refer, 202, "", "", b""));
    (stage, session, invite)
}

fn notify(
    stage: &mut Stage,
    branch: &'static str,
    cseq: u32,
    invite: &Request,
    state: &str,
    frag: &str,
) -> u16 {
    let extra = format!("Event: refer;id=2\nSubscription-State: {state}\n{FRAG}");
    stage.receive(&from_callee("NOTIFY", branch, cseq, invite, &extra, frag));
    stage.response().status.as_u16()
}

/// What was told of a referral since the last time: progress, and its end.
fn course(stage: &mut Stage, session: SessionId) -> (Vec<u16>, Vec<ReferOutcome>) {
    let (mut progress, mut ends) = (Vec::new(), Vec::new());
    for event in stage.events() {
        match event {
            SipEvent::ReferProgress { session: told, status } if told == session => {
                progress.push(status.as_u16());
            }
            SipEvent::ReferEnded { session: told, outcome } if told == session => ends.push(outcome),
            SipEvent::Ended { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    (progress, ends)
}

#[test]
fn a_transfer_by_the_carrier_is_told_to_its_end() {
    let (mut stage, session, invite, refer) = asked(None);
    assert_eq!(refer.method, Method::REFER);
    let target = "<sip:+4930123@192.0.2.9?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>";
    assert_eq!(said(&refer, HeaderName::ReferTo), target);
    assert_eq!(said(&refer, HeaderName::ReferredBy), "<sip:desk@192.0.2.1>");
    assert!(refer.headers.contains(HeaderName::Contact));
    assert_eq!(said(&refer, HeaderName::CSeq), "2 REFER");
    assert_eq!(stage.stack.census().referrals, 1);
    stage.receive(&answer(&refer, 202, "", "", b""));
    assert_eq!(course(&mut stage, session), (vec![], vec![]));
    assert_eq!(notify(&mut stage, "z9hG4bK1", 1, &invite, "active;expires=60", "SIP/2.0 100 Trying\n"), 200);
    assert_eq!(notify(&mut stage, "z9hG4bK2", 2, &invite, "active;expires=60", "SIP/2.0 180 Ringing\n"), 200);
    assert_eq!(course(&mut stage, session), (vec![100, 180], vec![]));
    let state = "terminated;reason=noresource";
    assert_eq!(notify(&mut stage, "z9hG4bK3", 3, &invite, state, "SIP/2.0 200 OK\n"), 200);
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::Status(status(200))]));
    assert_eq!(stage.stack.census().referrals, 0);
    stage.command(SipCommand::End { session, reason: None });
    assert_eq!(only_request(&mut stage).method, Method::BYE, "who hangs up is the user's to say");
}

#[test]
fn a_refused_refer_leaves_the_call() {
    let (mut stage, session, _, refer) = asked(None);
    stage.receive(&answer(&refer, 603, "", "", b""));
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::Refused(status(603))]));
    stage.run(seconds(400));
    assert_eq!(stage.ends(), []);
    stage.command(SipCommand::Refer { session, refer_to: uri("sip:a@192.0.2.9"), referred_by: None });
    assert_eq!(only_request(&mut stage).method, Method::REFER, "and another may be tried");
}

#[test]
fn a_challenged_refer_is_sent_once_more_with_its_proof() {
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=MD5";
    let (mut stage, session, invite, refer) = asked(Some(credentials("desk", "secret")));
    stage.receive(&answer(&refer, 401, "", challenge, b""));
    let again = only_request(&mut stage);
    assert!(said(&again, HeaderName::Authorization).contains("username=\"desk\""));
    assert_eq!(said(&again, HeaderName::CSeq), "3 REFER");
    assert_eq!(said(&again, HeaderName::ReferTo), said(&refer, HeaderName::ReferTo));
    stage.receive(&answer(&again, 202, "", "", b""));
    // The NOTIFYs belong to the REFER that was accepted.
    let extra = format!("Event: refer;id=3\nSubscription-State: active\n{FRAG}");
    stage.receive(&from_callee("NOTIFY", "z9hG4bK1", 1, &invite, &extra, "SIP/2.0 183 x\n"));
    assert_eq!(stage.response().status, status(200));
    assert_eq!(course(&mut stage, session), (vec![183], vec![]));
    stage.command(SipCommand::End { session, reason: None });
    assert_eq!(said(&only_request(&mut stage), HeaderName::CSeq), "4 BYE", "no number is used twice");

    let (mut stage, session, _, refer) = asked(Some(credentials("desk", "secret")));
    stage.receive(&answer(&refer, 401, "", challenge, b""));
    let again = only_request(&mut stage);
    stage.receive(&answer(&again, 401, "", challenge, b""));
    assert!(stage.sent().is_empty());
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::Refused(status(401))]));
}

#[test]
fn a_refer_into_a_call_that_is_gone_there_ends_it_here() {
    let (mut stage, session, _, refer) = asked(None);
    stage.receive(&answer(&refer, 481, "", "", b""));
    let events = stage.events();
    let [SipEvent::ReferEnded { outcome, .. }, SipEvent::Ended { end, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((*outcome, end), (ReferOutcome::Refused(status(481)), &SessionEnd::DialogGone));
    assert_eq!(only_request(&mut stage).method, Method::BYE);
    stage.command(SipCommand::Refer { session, refer_to: uri("sip:a@192.0.2.9"), referred_by: None });
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::Refused(status(481))]));
    stage.run(seconds(60));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_refer_that_nobody_answers_has_no_outcome() {
    let (mut stage, session, _, _) = asked(None);
    stage.run(seconds(31));
    assert_eq!(course(&mut stage, session), (vec![], vec![]));
    stage.run(seconds(2));
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::NoResponse]));
    let (mut stage, session, _, refer) = asked(None);
    stage.receive(&answer(&refer, 408, "", "", b""));
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::NoResponse]));
}

#[test]
fn a_transfer_of_which_nothing_more_is_heard_has_no_outcome() {
    // Not a single NOTIFY: timer N.
    let (mut stage, session, _) = listening();
    stage.run(seconds(31));
    assert_eq!(course(&mut stage, session), (vec![], vec![]));
    stage.run(seconds(2));
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::NoResponse]));
    // One that says for how long it stands, and then silence.
    let (mut stage, session, invite) = listening();
    notify(&mut stage, "z9hG4bK1", 1, &invite, "active;expires=45", "SIP/2.0 180 Ringing\n");
    stage.run(seconds(44));
    assert_eq!(course(&mut stage, session), (vec![180], vec![]));
    stage.run(seconds(2));
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::NoResponse]));
    // One that would stand for ever.
    let (mut stage, session, invite) = listening();
    notify(&mut stage, "z9hG4bK1", 1, &invite, "active;expires=4000000000", "SIP/2.0 180 Ringing\n");
    stage.run(seconds(601));
    assert_eq!(course(&mut stage, session), (vec![180], vec![ReferOutcome::NoResponse]));
    assert_eq!(stage.stack.census().referrals, 0);
}

#[test]
fn a_carrier_that_tells_nothing_leaves_the_outcome_unknown() {
    let (mut stage, session, _, refer) = asked(None);
    stage.receive(&answer(&refer, 202, "", "Refer-Sub: false", b""));
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::Unknown]));
    let (mut stage, session, invite) = listening();
    let state = "terminated;reason=noresource";
    assert_eq!(notify(&mut stage, "z9hG4bK1", 1, &invite, state, "SIP/2.0 100 Trying\n"), 200);
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::Unknown]));
}

#[test]
fn a_notification_may_overtake_the_answer() {
    let (mut stage, session, invite, refer) = asked(None);
    notify(&mut stage, "z9hG4bK1", 1, &invite, "active;expires=60", "SIP/2.0 100 Trying\n");
    assert_eq!(course(&mut stage, session), (vec![100], vec![]));
    stage.receive(&answer(&refer, 202, "", "", b""));
    stage.run(seconds(40));
    assert_eq!(course(&mut stage, session), (vec![], vec![]), "what was heard counts");
    notify(&mut stage, "z9hG4bK2", 2, &invite, "terminated;reason=noresource", "SIP/2.0 486 Busy Here\n");
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::Status(status(486))]));
    // Even the last may.
    let (mut stage, session, invite, refer) = asked(None);
    notify(&mut stage, "z9hG4bK1", 1, &invite, "terminated;reason=noresource", "SIP/2.0 200 OK\n");
    stage.receive(&answer(&refer, 202, "", "", b""));
    assert_eq!(course(&mut stage, session), (vec![], vec![ReferOutcome::Status(status(200))]));
}

#[test]
fn what_nobody_asked_for_is_481() {
    let mut stage = Stage::with_peer();
    let (session, invite) = calling(&mut stage, 1, None);
    assert_eq!(notify(&mut stage, "z9hG4bK1", 1, &invite, "active", "SIP/2.0 200 OK\n"), 481, "no REFER");
    let (mut stage, other, invite) = listening();
    for (number, branch, event, verdict) in [
        (1, "z9hG4bK1", "Event: refer;id=7\n", 481),
        (2, "z9hG4bK2", "Event: message-summary\n", 481),
        (3, "z9hG4bK3", "", 400),
        (4, "z9hG4bK4", "Event: refer\n", 200),
    ] {
        let extra = format!("{event}Subscription-State: active\n{FRAG}");
        stage.receive(&from_callee("NOTIFY", branch, number, &invite, &extra, "SIP/2.0 180 x\n"));
        assert_eq!(stage.response().status, status(verdict), "{event}");
    }
    assert_eq!(course(&mut stage, other), (vec![180], vec![]));
    let stray = Script::new("NOTIFY", "z9hG4bKs", 1).with("Event: refer").with("Subscription-State: active");
    stage.receive(&stray.text());
    assert_eq!(stage.response().status, status(481));
    assert_eq!(session, other, "both are the first call of their stage");
}

#[test]
fn a_hostile_body_tells_nothing_and_harms_nobody() {
    let (mut stage, session, invite) = listening();
    let giant = format!("SIP/2.0 200 {}\n", "x".repeat(50_000));
    for (number, branch, body) in
        [(1, "z9hG4bK1", giant.as_str()), (2, "z9hG4bK2", "SIP/2.0 999 x\n"), (3, "z9hG4bK3", "200 OK\n")]
    {
        assert_eq!(notify(&mut stage, branch, number, &invite, "active", body), 400);
    }
    let extra = "Event: refer\nSubscription-State: active\nContent-Type: text/html\n";
    stage.receive(&from_callee("NOTIFY", "z9hG4bK4", 4, &invite, extra, "<html>"));
    let refusal = stage.response();
    assert_eq!((refusal.status, header(&refusal, "Accept")), (status(415), Some("message/sipfrag")));
    stage.receive(&from_callee("NOTIFY", "z9hG4bK5", 5, &invite, "Event: refer\n", ""));
    assert_eq!(stage.response().status, status(400), "without a Subscription-State");
    assert_eq!(course(&mut stage, session), (vec![], vec![]));
    assert_eq!(notify(&mut stage, "z9hG4bK6", 6, &invite, "active", ""), 200, "an empty one is in order");
    assert_eq!(course(&mut stage, session), (vec![], vec![]));
}

#[test]
fn a_flood_of_the_same_news_is_told_once() {
    let (mut stage, session, invite) = listening();
    for number in 1..200 {
        let branch: &'static str = Box::leak(format!("z9hG4bK{number}").into_boxed_str());
        assert_eq!(notify(&mut stage, branch, number, &invite, "active", "SIP/2.0 180 x\n"), 200);
    }
    assert_eq!(course(&mut stage, session), (vec![180], vec![]));
}

#[test]
fn an_older_notification_is_out_of_order_and_a_repeated_one_is_answered_again() {
    let (mut stage, session, invite) = listening();
    assert_eq!(notify(&mut stage, "z9hG4bK2", 2, &invite, "active", "SIP/2.0 183 x\n"), 200);
    assert_eq!(notify(&mut stage, "z9hG4bK1", 1, &invite, "active", "SIP/2.0 180 x\n"), 500);
    assert_eq!(notify(&mut stage, "z9hG4bK2", 2, &invite, "active", "SIP/2.0 183 x\n"), 200);
    assert_eq!(course(&mut stage, session), (vec![183], vec![]));
}

#[test]
fn a_carrier_that_hangs_up_first_is_still_heard() {
    let (mut stage, session, invite) = listening();
    stage.receive(&from_callee("BYE", "z9hG4bKb", 1, &invite, "", ""));
    assert_eq!(stage.response().status, status(200));
    assert_eq!(stage.ends().len(), 1);
    assert_eq!(notify(&mut stage, "z9hG4bK2", 2, &invite, "active;expires=60", "SIP/2.0 180 x\n"), 200);
    assert_eq!(notify(&mut stage, "z9hG4bK3", 3, &invite, "terminated", "SIP/2.0 200 OK\n"), 200);
    assert_eq!(course(&mut stage, session), (vec![180], vec![ReferOutcome::Status(status(200))]));
    assert_eq!(notify(&mut stage, "z9hG4bK4", 4, &invite, "terminated", "SIP/2.0 200 OK\n"), 481);
    stage.run(seconds(60));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn one_refer_at_a_time_and_none_before_the_answer() {
    let (mut stage, session, _, _) = asked(None);
    stage.command(SipCommand::Refer { session, refer_to: uri("sip:b@192.0.2.9"), referred_by: None });
    assert!(stage.sent().is_empty() && stage.events().is_empty());
    let (ringing, _) = stage.call(2);
    stage.command(SipCommand::Refer {
        session: ringing,
        refer_to: uri("sip:b@192.0.2.9"),
        referred_by: None,
    });
    assert_eq!(course(&mut stage, ringing), (vec![], vec![ReferOutcome::Refused(status(481))]));
    assert!(stage.sent().is_empty());
}

/// What the two sides of a referral told on the way.
#[derive(Default)]
struct Course {
    referral: Option<ReferralId>,
    referrals: usize,
    progress: Vec<u16>,
    ends: Vec<ReferOutcome>,
}

impl Course {
    fn take(&mut self, pair: &mut Pair) {
        for (_, event) in pair.take_events(Side::A).into_iter().chain(pair.take_events(Side::B)) {
            match event {
                SipEvent::Referred { referral, .. } => {
                    self.referral = Some(referral);
                    self.referrals += 1;
                }
                SipEvent::ReferProgress { status, .. } => self.progress.push(status.as_u16()),
                SipEvent::ReferEnded { outcome, .. } => self.ends.push(outcome),
                _ => {}
            }
        }
    }
}

/// A calls B and refers it; B tells how the new call goes. With `leaves` B's session is over before the end.
fn transfer(seed: u64, leaves: bool) -> (Pair, Course) {
    let mut pair = Pair::new(seed, WirePlan::GOOD);
    pair.settle(Side::A, settings(&["192.0.2.2"]));
    pair.settle(Side::B, settings(&["192.0.2.1"]));
    let session = SessionId::Outgoing(1);
    let call = outgoing(session, pair.flow(Side::A), None);
    pair.command(Side::A, SipCommand::Invite(Box::new(call)));
    pair.run(seconds(1));
    let theirs = incoming_of(&mut pair, Side::B).expect("a call").session;
    pair.command(Side::B, SipCommand::Accept { session: theirs, description: ANSWER.to_vec() });
    pair.run(seconds(1));
    pair.plan = WirePlan::BAD;
    let refer_to = uri("sip:1002@192.0.2.2");
    pair.command(Side::A, SipCommand::Refer { session, refer_to, referred_by: None });
    let mut course = Course::default();
    for second in 0..40 {
        pair.run(seconds(1));
        course.take(&mut pair);
        let Some(referral) = course.referral else { continue };
        let say = |code| SipCommand::NotifyReferrer { referral, status: status(code) };
        match second {
            16 => pair.command(Side::B, SipCommand::AnswerRefer { referral, status: status(202) }),
            20 => pair.command(Side::B, say(180)),
            24 if leaves => pair.command(Side::B, SipCommand::End { session: theirs, reason: None }),
            30 => pair.command(Side::B, say(200)),
            _ => {}
        }
    }
    pair.run(seconds(100));
    course.take(&mut pair);
    (pair, course)
}

#[test]
fn over_a_bad_wire_a_transfer_ends_once_and_leaves_nothing() {
    let mut known = 0;
    for seed in 0..60 {
        let (mut pair, course) = transfer(seed, seed % 2 == 1);
        assert!(course.referrals <= 1, "seed {seed}");
        assert_eq!(course.ends.len(), 1, "seed {seed}: {:?}", course.ends);
        assert!(course.progress.is_sorted(), "seed {seed}: {:?}", course.progress);
        known += usize::from(course.ends == [ReferOutcome::Status(status(200))]);
        pair.plan = WirePlan::GOOD;
        pair.command(Side::A, SipCommand::End { session: SessionId::Outgoing(1), reason: None });
        pair.run(seconds(400));
        for side in [Side::A, Side::B] {
            assert_eq!(pair.stack(side).census(), Census::default(), "seed {seed}");
        }
    }
    assert!(known >= 50, "nearly all hear the end: {known}");
}
