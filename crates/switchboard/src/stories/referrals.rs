//! Blind transfers by REFER.

use crate::testing::{Bench, described, uri};
use frontdesk_call_record::{EndReason, Fact};
use frontdesk_sip_stack::{ReferralId, SessionId, SipEvent};
use std::time::Duration;

fn refer(bench: &mut Bench, session: SessionId, to: &str) {
    bench.sip(SipEvent::Referred {
        session,
        referral: ReferralId(1),
        target: uri(&format!("sip:{to}@192.0.2.1")),
        replaces: None,
        replaces_header: None,
        referred_by: None,
    });
}

fn reason(bench: &Bench) -> Option<EndReason> {
    bench.facts.iter().find_map(|(_, fact)| match fact {
        Fact::CallEnded { reason, .. } => Some(*reason),
        _ => None,
    })
}

#[test]
fn whom_the_called_names_takes_its_place() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    refer(&mut bench, called, "1002");
    assert_eq!(bench.referral_answers(), [202]);
    let third = bench.session_to(102);
    assert_eq!(
        bench.invited().last().unwrap().from.uri.user().as_deref(),
        Some("1003"),
        "the caller's number"
    );
    bench.progress(third, 180, None);
    assert!(bench.only_talk(caller, called), "they talk on meanwhile");
    bench.answer(third, described(102));
    assert_eq!(bench.notified(), [180, 200]);
    assert!(bench.only_talk(caller, third));
    assert!(bench.was_ended(called));
    bench.hangs_up(third);
    assert_eq!(reason(&bench), Some(EndReason::CalleeHungUp));
    assert_eq!(
        bench.told(0),
        [
            "transfer_started",
            "transfer_ringing",
            "transfer_answered",
            "bridged",
            "referred",
            "transfer_started",
            "transfer_ringing",
            "transfer_answered",
            "party_left",
            "bridged",
            "transfer_ended",
            "call_ended"
        ]
    );
}

#[test]
fn whom_the_caller_names_talks_with_the_called() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    refer(&mut bench, caller, "1002");
    let third = bench.session_to(102);
    let shown = bench.invited().last().unwrap().from.clone();
    assert_eq!(shown.uri.user().as_deref(), Some("1001"), "who stays is shown, not who passes it on");
    bench.answer(third, described(102));
    assert!(bench.only_talk(called, third));
    assert!(bench.was_ended(caller));
    bench.hangs_up(called);
    assert!(bench.was_ended(third));
    assert_eq!(reason(&bench), Some(EndReason::CalleeHungUp));
    assert_eq!(bench.board.census().legs, 0);
}

#[test]
fn whom_it_names_is_busy_and_the_two_go_on() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    refer(&mut bench, called, "1002");
    bench.refuses(bench.session_to(102), 486, None);
    assert_eq!(bench.notified(), [486]);
    assert!(bench.only_talk(caller, called));
    refer(&mut bench, called, "1002");
    assert_eq!(bench.referral_answers(), [202, 202], "and it may be tried again");
    bench.pass(Duration::from_secs(61));
    assert_eq!(bench.notified(), [486, 480]);
    assert!(bench.only_talk(caller, called));
}

#[test]
fn who_refers_hangs_up_first_and_the_caller_waits_with_a_ringing_tone() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    refer(&mut bench, called, "1002");
    let third = bench.session_to(102);
    bench.progress(third, 180, None);
    bench.hangs_up(called);
    assert_eq!(bench.bridges(), []);
    assert!(matches!(bench.media.last(), Some(frontdesk_media_protocol::MediaCommand::Play { .. })));
    bench.answer(third, described(102));
    assert!(bench.only_talk(caller, third));
    bench.hangs_up(caller);
    assert_eq!(reason(&bench), Some(EndReason::CallerHungUp));
}

#[test]
fn who_refers_hangs_up_first_and_nobody_answers() {
    for by_caller in [false, true] {
        let mut bench = Bench::new();
        let (caller, called) = bench.talk("1003", "1001", 101);
        let (by, kept) = if by_caller { (caller, called) } else { (called, caller) };
        refer(&mut bench, by, "1002");
        bench.hangs_up(by);
        bench.refuses(bench.session_to(102), 486, None);
        assert!(bench.was_ended(kept));
        assert_eq!(reason(&bench), Some(EndReason::CalleeBusy));
        assert_eq!(bench.board.census().legs, 0);
    }
}

#[test]
fn a_caller_of_a_flow_comes_back_to_it_with_the_outcome() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls("1003", "100");
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    let called = bench.session_to(101);
    bench.answer(called, described(101));
    refer(&mut bench, called, "1002");
    bench.hangs_up(called);
    bench.refuses(bench.session_to(102), 486, None);
    assert!(!bench.was_ended(caller), "the flow says goodbye");
    let entered = bench.facts.iter().filter(|(_, fact)| matches!(fact, Fact::StepEntered { .. })).count();
    assert_eq!(entered, 2);
}

#[test]
fn who_stays_can_be_put_to_a_flow() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1002", 102);
    refer(&mut bench, called, "100");
    assert_eq!((bench.referral_answers(), bench.notified()), (vec![202], vec![200]));
    assert!(bench.was_ended(called));
    let third = bench.session_to(101);
    bench.answer(third, described(101));
    assert!(bench.only_talk(caller, third), "the flow put it through");
}

#[test]
fn who_was_to_be_put_through_hangs_up() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    refer(&mut bench, called, "1002");
    let third = bench.session_to(102);
    bench.hangs_up(caller);
    assert!(bench.was_ended(third) && bench.was_ended(called));
    assert_eq!(bench.notified(), [487]);
    assert_eq!(bench.board.census().legs, 0);
}

#[test]
fn what_may_not_be_asked_for_is_refused() {
    let mut bench = Bench::new();
    let caller = bench.carrier_calls("1001");
    let called = bench.session_to(101);
    refer(&mut bench, called, "1002");
    assert_eq!(bench.referral_answers(), [403], "nobody to put through yet");
    bench.answer(called, described(101));
    refer(&mut bench, caller, "1002");
    assert_eq!(bench.referral_answers(), [403, 403], "a peer has no calls placed here");
    refer(&mut bench, called, "777");
    assert_eq!(bench.referral_answers(), [403, 403, 404]);
    refer(&mut bench, called, "2001");
    assert_eq!(bench.referral_answers(), [403, 403, 404, 404], "another tenant's telephone is nobody here");
    refer(&mut bench, called, "1002");
    refer(&mut bench, called, "1003");
    assert_eq!(bench.referral_answers(), [403, 403, 404, 404, 202, 491], "one at a time");
}
