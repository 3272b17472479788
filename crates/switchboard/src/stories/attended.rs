//! Attended transfers: two calls of the desk become one.

use crate::testing::{Bench, described, uri};
use frontdesk_call_record::{EndReason, Fact};
use frontdesk_sip_stack::{ReferralId, SessionId, SipEvent};

fn join(bench: &mut Bench, session: SessionId, consulted: SessionId) {
    bench.sip(SipEvent::Referred {
        session,
        referral: ReferralId(1),
        target: uri("sip:1002@192.0.2.1"),
        replaces: Some(consulted),
        replaces_header: Some("x".to_owned()),
        referred_by: None,
    });
}

fn reasons(bench: &Bench) -> Vec<EndReason> {
    let reason = |fact: &Fact| match fact {
        Fact::CallEnded { reason, .. } => Some(*reason),
        _ => None,
    };
    bench.facts.iter().filter_map(|(_, fact)| reason(fact)).collect()
}

#[test]
fn whom_the_called_asked_talks_with_the_caller() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    let (asking, asked) = bench.talk("1001", "1002", 102);
    join(&mut bench, called, asking);
    assert_eq!((bench.referral_answers(), bench.notified()), (vec![202], vec![200]));
    assert!(bench.only_talk(caller, asked));
    assert!(bench.was_ended(called) && bench.was_ended(asking));
    assert_eq!(reasons(&bench), [EndReason::Transferred]);
    assert!(bench.told(0).ends_with(&[
        "referred",
        "transfer_started",
        "taken_over",
        "transfer_answered",
        "party_left",
        "bridged"
    ]));
    assert!(bench.told(1).ends_with(&["transfer_ended", "handed_over", "call_ended"]));
    bench.hangs_up(asked);
    assert!(bench.was_ended(caller));
    assert_eq!(reasons(&bench), [EndReason::Transferred, EndReason::CalleeHungUp]);
    assert_eq!(bench.board.census().legs, 0);
}

#[test]
fn the_referrer_may_have_called_the_one_and_been_called_by_the_other() {
    let mut bench = Bench::new();
    let (referrer, called) = bench.talk("1001", "1003", 103);
    let (caller, answering) = bench.talk("1002", "1001", 101);
    join(&mut bench, referrer, answering);
    assert!(bench.only_talk(called, caller));
    assert!(bench.was_ended(referrer) && bench.was_ended(answering));
    bench.hangs_up(caller);
    assert!(bench.was_ended(called));
    assert_eq!(bench.board.census().legs, 0);
    assert_eq!(reasons(&bench), [EndReason::Transferred, EndReason::CalleeHungUp]);
}

#[test]
fn whom_it_asks_still_rings_and_the_caller_waits() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    let asking = bench.phone_calls("1001", "1002");
    let asked = bench.session_to(102);
    bench.progress(asked, 180, None);
    join(&mut bench, called, asking);
    assert!(bench.was_ended(called) && bench.was_ended(asking));
    assert_eq!(bench.bridges(), []);
    bench.answer(asked, described(102));
    assert!(bench.only_talk(caller, asked));
    bench.hangs_up(caller);
    assert_eq!(bench.board.census().legs, 0);
}

#[test]
fn what_does_not_stand_cannot_be_joined() {
    let mut bench = Bench::new();
    let (_, called) = bench.talk("1003", "1001", 101);
    join(&mut bench, called, called);
    join(&mut bench, called, SessionId::Incoming(99));
    let flow = bench.phone_calls("1001", "100");
    bench.sip(SipEvent::Confirmed { session: flow, description: None });
    bench.refuses(bench.session_to(101), 486, None);
    join(&mut bench, called, flow);
    assert_eq!(bench.referral_answers(), [404, 404, 404], "a 481 would end the referrer's own call");
    assert!(!bench.was_ended(called));
}
