//! Blind transfers by REFER.

use crate::testing::{Bench, OUTSIDE, described, uri};
use frontdesk_call_record::{EndReason, Fact, TransferKind};
use frontdesk_sip_stack::{ReferralId, SessionId, SipEvent};
use std::time::Duration;

fn refer(bench: &mut Bench, session: SessionId, to: &str) {
    refer_in_place_of(bench, session, to, None);
}

/// The dialog is one that this desk has no part in.
fn refer_in_place_of(bench: &mut Bench, session: SessionId, to: &str, dialog: Option<&str>) {
    bench.sip(SipEvent::Referred {
        session,
        referral: ReferralId(1),
        target: uri(&format!("sip:{to}@192.0.2.1")),
        replaces: None,
        replaces_header: dialog.map(str::to_owned),
        referred_by: None,
    });
}

/// A call between two telephones that went past this desk, as the one that is called knows it.
const PAST_THE_DESK: &str = "a4b7@192.0.2.101;to-tag=7;from-tag=8";

/// What the latest INVITE says of the dialog whose place it takes: `Require` and `Replaces`.
fn in_place_of(bench: &Bench) -> Vec<(String, String)> {
    let asked = |(name, _): &&(String, String)| name == "Require" || name == "Replaces";
    bench.invited().last().expect("an INVITE").extra.iter().filter(asked).cloned().collect()
}

fn names(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn whom_a_telephone_asked_past_the_desk_is_called_in_the_place_of_that_call() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    refer_in_place_of(&mut bench, called, "1002", Some(PAST_THE_DESK));
    assert_eq!(bench.referral_answers(), [202]);
    assert_eq!(in_place_of(&bench), names(&[("Require", "replaces"), ("Replaces", PAST_THE_DESK)]));
    let asked = bench.session_to(102);
    bench.answer(asked, described(102));
    assert_eq!(bench.notified(), [200]);
    assert!(bench.only_talk(caller, asked));
    assert!(bench.was_ended(called));
    assert!(
        bench
            .facts
            .iter()
            .any(|(_, fact)| matches!(fact, Fact::TransferStarted { kind: TransferKind::Attended, .. }))
    );
    assert!(bench.told(0).ends_with(&[
        "referred",
        "transfer_started",
        "transfer_answered",
        "party_left",
        "bridged"
    ]));
    bench.hangs_up(asked);
    assert_eq!(bench.board.census().legs, 0);
}

#[test]
fn who_has_no_such_call_any_more_is_not_rung_anew_and_the_two_go_on() {
    // 481: the dialog is gone. 420: it cannot replace any.
    for status in [481, 420] {
        let mut bench = Bench::new();
        let (caller, called) = bench.talk("1003", "1001", 101);
        refer_in_place_of(&mut bench, called, "1002", Some(PAST_THE_DESK));
        let invited = bench.invited().len();
        bench.refuses(bench.session_to(102), status, None);
        assert_eq!(bench.invited().len(), invited, "{status}");
        assert_eq!(bench.notified(), [480], "{status}");
        assert!(bench.only_talk(caller, called));
        assert_eq!(bench.told(0).last(), Some(&"referral_failed"));
        refer(&mut bench, called, "1002");
        assert_eq!(in_place_of(&bench), [], "a blind transfer after it replaces nobody");
    }
}

#[test]
fn a_call_outside_is_replaced_over_the_trunk_that_leads_there() {
    let mut bench = Bench::new();
    bench.lay_line(true);
    let caller = bench.trunk_calls("1001");
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    let called = bench.session_to(101);
    bench.answer(called, described(101));
    refer_in_place_of(&mut bench, called, OUTSIDE, Some(PAST_THE_DESK));
    assert_eq!(in_place_of(&bench), names(&[("Require", "replaces"), ("Replaces", PAST_THE_DESK)]));
    let asked = bench.session_to(8);
    bench.answer(asked, described(8));
    assert!(bench.only_talk(caller, asked));
}

#[test]
fn what_a_referrer_may_not_call_it_may_not_replace_either() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    let invited = bench.invited().len();
    // Another tenant's telephone, the network without a trunk, a flow, which is in no dialog but the desk's.
    for strange in ["2001", OUTSIDE, "100", "reception"] {
        refer_in_place_of(&mut bench, called, strange, Some(PAST_THE_DESK));
    }
    assert_eq!(bench.referral_answers(), [404, 404, 404, 404]);
    let from_outside = bench.carrier_calls("1002");
    bench.answer(bench.session_to(102), described(102));
    refer_in_place_of(&mut bench, from_outside, "1003", Some(PAST_THE_DESK));
    assert_eq!(bench.referral_answers().last(), Some(&403), "nobody outside has calls placed");
    assert_eq!(bench.invited().len(), invited + 1);
    assert!(!bench.was_ended(caller) && !bench.was_ended(called));
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
