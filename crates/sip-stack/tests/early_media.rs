//! Sound before the answer: 183 with a description, between two stacks.

mod stage;

use frontdesk_sip_stack::testing::{Pair, Side, WirePlan};
use frontdesk_sip_stack::*;
use stage::*;
use std::sync::Arc;

const LATER: &[u8] = b"v=0\r\no=- 2 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n";

/// B calls A as a peer, and B's INVITE is made so.
fn calling(quirks: Quirks) -> (Pair, SessionId, SessionId) {
    let mut pair = Pair::new(5, WirePlan::GOOD);
    pair.settle(Side::A, settings(&["192.0.2.2"]));
    pair.settle(Side::B, settings(&["192.0.2.1"]));
    let placed = SessionId::Outgoing(1);
    let mut call = outgoing(placed, pair.flow(Side::B), None);
    call.quirks = Arc::new(quirks);
    pair.command(Side::B, SipCommand::Invite(Box::new(call)));
    pair.run(seconds(1));
    let arrived = incoming_of(&mut pair, Side::A).expect("a call").session;
    (pair, arrived, placed)
}

fn describe(pair: &mut Pair, session: SessionId) {
    let description = Some(ANSWER.to_vec());
    pair.command(Side::A, SipCommand::Ring { session, status: status(183), description });
    pair.run(seconds(1));
}

/// What a side was told since the last time, but that its INVITE arrived.
fn heard(pair: &mut Pair, side: Side) -> Vec<SipEvent> {
    let events = pair.take_events(side).into_iter().map(|(_, event)| event);
    events.filter(|event| !matches!(event, SipEvent::Trying { .. })).collect()
}

#[test]
fn early_media_is_heard_and_the_answer_is_what_was_heard() {
    let (mut pair, arrived, _) = calling(Quirks::default());
    describe(&mut pair, arrived);
    let events = heard(&mut pair, Side::B);
    assert!(
        matches!(&events[..], [SipEvent::Progress { status: code, description: Some(sdp), .. }]
            if code.as_u16() == 183 && sdp == ANSWER),
        "{events:?}"
    );
    assert_eq!((pair.count_sent(Side::A, "SIP/2.0 183"), pair.count_sent(Side::B, "PRACK")), (1, 1));
    pair.command(Side::A, SipCommand::Accept { session: arrived, description: ANSWER.to_vec() });
    pair.run(seconds(1));
    let events = heard(&mut pair, Side::B);
    assert!(matches!(&events[..], [SipEvent::Answered { description, .. }] if description == ANSWER));
    assert!(matches!(&heard(&mut pair, Side::A)[..], [SipEvent::Confirmed { description: None, .. }]));
}

#[test]
fn early_media_to_who_cannot_prack_is_unreliable_and_the_answer_repeats_it() {
    let quirks = Quirks { reliable_provisional: Reliability::WhenRequired, ..Quirks::default() };
    let (mut pair, arrived, _) = calling(quirks);
    describe(&mut pair, arrived);
    assert!(matches!(&heard(&mut pair, Side::B)[..], [SipEvent::Progress { description: Some(_), .. }]));
    assert_eq!(pair.count_sent(Side::B, "PRACK"), 0);
    pair.command(Side::A, SipCommand::Accept { session: arrived, description: ANSWER.to_vec() });
    pair.run(seconds(1));
    let events = heard(&mut pair, Side::B);
    assert!(matches!(&events[..], [SipEvent::Answered { description, .. }] if description == ANSWER));
}

#[test]
fn a_careless_callee_that_describes_only_what_it_foretold_is_understood() {
    let mut stage = Stage::with_peer();
    let (_, invite) = stage.call(1);
    stage.receive(&answer(&invite, 183, "bob", "Contact: <sip:bob@192.0.2.9>", ANSWER));
    stage.receive(&answer(&invite, 200, "bob", "Contact: <sip:bob@192.0.2.9>", b""));
    let events = stage.events();
    assert!(
        matches!(&events[..], [_, SipEvent::Answered { description, .. }] if description == ANSWER),
        "{events:?}"
    );
}

#[test]
fn early_media_moves_before_the_answer_from_either_side() {
    for mover in [Side::A, Side::B] {
        let (mut pair, arrived, placed) = calling(Quirks::default());
        describe(&mut pair, arrived);
        heard(&mut pair, Side::B);
        let (session, other) = if mover == Side::A { (arrived, placed) } else { (placed, arrived) };
        pair.command(mover, SipCommand::Reoffer { session, description: Some(LATER.to_vec()) });
        pair.run(millis(100));
        assert_eq!(pair.count_sent(mover, "UPDATE"), 1);
        let events = heard(&mut pair, mover.other());
        assert!(matches!(&events[..], [SipEvent::Reoffered { offer: Some(offer), .. }] if offer == LATER));
        let description = OFFER.to_vec();
        pair.command(mover.other(), SipCommand::AcceptReoffer { session: other, description });
        pair.run(seconds(1));
        let events = heard(&mut pair, mover);
        assert!(
            matches!(&events[..], [SipEvent::ReofferAnswered { description, .. }] if description == OFFER)
        );
        pair.command(Side::A, SipCommand::Accept { session: arrived, description: ANSWER.to_vec() });
        pair.run(seconds(1));
        assert!(matches!(&heard(&mut pair, Side::B)[..], [SipEvent::Answered { .. }]));
        pair.command(Side::B, SipCommand::End { session: placed, reason: None });
        pair.run(seconds(40));
        for side in [Side::A, Side::B] {
            assert_eq!(pair.stack(side).census(), Census::default());
        }
    }
}

#[test]
fn a_caller_that_gives_up_during_early_media_leaves_nothing() {
    let (mut pair, arrived, placed) = calling(Quirks::default());
    describe(&mut pair, arrived);
    pair.command(Side::A, SipCommand::Reoffer { session: arrived, description: Some(LATER.to_vec()) });
    pair.command(Side::B, SipCommand::End { session: placed, reason: None });
    pair.run(seconds(40));
    let ends = |events: Vec<SipEvent>| events.iter().filter(|e| matches!(e, SipEvent::Ended { .. })).count();
    for side in [Side::A, Side::B] {
        let events = heard(&mut pair, side);
        assert_eq!(ends(events), 1, "{side:?}");
        assert_eq!(pair.stack(side).census(), Census::default());
    }
}

#[test]
fn an_answer_that_crosses_the_cancel_of_early_media_ends_once_on_both_sides() {
    let (mut pair, arrived, placed) = calling(Quirks::default());
    describe(&mut pair, arrived);
    pair.command(Side::A, SipCommand::Accept { session: arrived, description: ANSWER.to_vec() });
    pair.command(Side::B, SipCommand::End { session: placed, reason: None });
    pair.run(seconds(40));
    let events = heard(&mut pair, Side::A);
    assert!(
        matches!(events.last(), Some(SipEvent::Ended { end: SessionEnd::HungUpByPeer { .. }, .. })),
        "{events:?}"
    );
    for side in [Side::A, Side::B] {
        assert_eq!(pair.stack(side).census(), Census::default());
    }
}
