//! Parties whom their own trunk puts through.

use crate::testing::{Bench, OUTSIDE, described, status, uri};
use frontdesk_call_record::{EndReason, Fact, TransferEnd, TransferKind};
use frontdesk_media_protocol::{MediaCommand, Source};
use frontdesk_sip_stack::{ReferOutcome, ReferralId, SessionId, SipCommand, SipEvent};
use std::time::Duration;

/// A caller over the trunk, who is put through by the flow; the trunk was asked.
fn asked() -> (Bench, SessionId) {
    let mut bench = Bench::new();
    bench.lay_line(true);
    let caller = bench.trunk_calls("200");
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    (bench, caller)
}

/// The REFERs that went out: on which session, to whom, on whose behalf.
fn refers(bench: &Bench) -> Vec<(SessionId, String, Option<String>)> {
    let refer = |command: &SipCommand| match command {
        SipCommand::Refer { session, refer_to, referred_by } => {
            Some((*session, refer_to.to_string(), referred_by.as_ref().map(ToString::to_string)))
        }
        _ => None,
    };
    bench.commands.iter().filter_map(refer).collect()
}

fn progress(bench: &mut Bench, session: SessionId, code: u16) {
    bench.sip(SipEvent::ReferProgress { session, status: status(code) });
}

fn ended(bench: &mut Bench, session: SessionId, outcome: ReferOutcome) {
    bench.sip(SipEvent::ReferEnded { session, outcome });
}

fn outcome(code: u16) -> ReferOutcome {
    ReferOutcome::Status(status(code))
}

fn transfers(bench: &Bench) -> Vec<TransferEnd> {
    let end = |fact: &Fact| match fact {
        Fact::TransferEnded { outcome } => Some(*outcome),
        _ => None,
    };
    bench.facts.iter().filter_map(|(_, fact)| end(fact)).collect()
}

fn kinds(bench: &Bench) -> Vec<TransferKind> {
    let kind = |fact: &Fact| match fact {
        Fact::TransferStarted { kind, .. } => Some(*kind),
        _ => None,
    };
    bench.facts.iter().filter_map(|(_, fact)| kind(fact)).collect()
}

fn reason(bench: &Bench) -> Option<EndReason> {
    bench.facts.iter().find_map(|(_, fact)| match fact {
        Fact::CallEnded { reason, .. } => Some(*reason),
        _ => None,
    })
}

/// Whether the caller hears that it rings.
fn hears_ringing(bench: &Bench) -> bool {
    let mut playing = None;
    for command in &bench.media {
        match command {
            MediaCommand::Play { playback, source: Source::Ringback { .. }, .. } => playing = Some(*playback),
            MediaCommand::StopPlayback { playback, .. } if playing == Some(*playback) => playing = None,
            _ => {}
        }
    }
    playing.is_some()
}

fn goodbye(bench: &Bench) -> bool {
    let entered = |fact: &&(_, Fact)| matches!(&fact.1, Fact::StepEntered { step, .. } if step == "end");
    bench.facts.iter().any(|fact| entered(&fact))
}

#[test]
fn the_trunk_puts_its_caller_through_and_the_call_is_over_here() {
    let (mut bench, caller) = asked();
    let to = format!("sip:{OUTSIDE}@line.example;user=phone");
    let by = Some("sip:+4930555000@line.example".to_owned());
    assert_eq!(refers(&bench), [(caller, to, by)]);
    progress(&mut bench, caller, 100);
    assert!(!hears_ringing(&bench));
    progress(&mut bench, caller, 180);
    progress(&mut bench, caller, 183);
    assert!(hears_ringing(&bench) && !bench.was_ended(caller), "connected until the outcome");
    ended(&mut bench, caller, outcome(200));
    assert!(bench.was_ended(caller));
    assert_eq!(reason(&bench), Some(EndReason::Transferred));
    assert_eq!(kinds(&bench), [TransferKind::Referred]);
    assert_eq!(
        bench.told(0),
        ["transfer_started", "transfer_ringing", "transfer_answered", "transfer_ended", "call_ended"]
    );
    assert_eq!(bench.invited().len(), 0, "no leg of this desk");
    assert_eq!(bench.board.census().legs, 0);
}

#[test]
fn what_becomes_of_it_comes_back_to_the_flow() {
    let table = [
        (outcome(486), false, TransferEnd::Busy),
        (outcome(603), true, TransferEnd::Declined),
        (outcome(480), true, TransferEnd::NoAnswer),
        (outcome(404), false, TransferEnd::Unreachable),
        (ReferOutcome::NoResponse, false, TransferEnd::Unreachable),
    ];
    for (outcome, rings, expected) in table {
        let (mut bench, caller) = asked();
        if rings {
            progress(&mut bench, caller, 180);
        }
        ended(&mut bench, caller, outcome);
        assert_eq!(transfers(&bench), [expected], "{outcome:?}");
        assert!(goodbye(&bench) && !bench.was_ended(caller) && !hears_ringing(&bench));
        assert_eq!(bench.invited().len(), 0, "nobody is called twice");
    }
}

#[test]
fn a_trunk_that_takes_it_and_says_no_more_has_the_call() {
    let (mut bench, caller) = asked();
    ended(&mut bench, caller, ReferOutcome::Unknown);
    assert!(bench.was_ended(caller));
    assert_eq!(reason(&bench), Some(EndReason::Transferred));
    assert_eq!(bench.told(0), ["transfer_started", "transfer_ended", "call_ended"]);
}

#[test]
fn a_trunk_that_refuses_the_refer_is_called_over_instead() {
    let (mut bench, caller) = asked();
    ended(&mut bench, caller, ReferOutcome::Refused(status(405)));
    assert_eq!(kinds(&bench), [TransferKind::Referred, TransferKind::Flow]);
    let called = bench.session_to(8);
    bench.answer(called, described(8));
    assert!(bench.only_talk(caller, called));
    let told = bench.told(0);
    assert_eq!(told[..3], ["transfer_started", "refer_refused", "transfer_ended"]);
    bench.hangs_up(called);
    assert_eq!(transfers(&bench), [TransferEnd::Unreachable, TransferEnd::Completed]);
}

#[test]
fn it_rings_too_long_and_the_caller_is_back_in_the_flow() {
    let (mut bench, caller) = asked();
    progress(&mut bench, caller, 180);
    bench.pass(Duration::from_secs(19));
    assert_eq!(transfers(&bench), []);
    bench.pass(Duration::from_secs(1));
    assert_eq!(transfers(&bench), [TransferEnd::NoAnswer]);
    assert!(goodbye(&bench) && !bench.was_ended(caller));
    ended(&mut bench, caller, outcome(487));
    assert_eq!(transfers(&bench).len(), 1, "nobody waits for that any more");
    assert!(!bench.was_ended(caller));
}

#[test]
fn the_trunk_puts_it_through_after_all() {
    let (mut bench, caller) = asked();
    bench.pass(Duration::from_secs(20));
    assert_eq!(transfers(&bench), [TransferEnd::Unreachable]);
    ended(&mut bench, caller, outcome(200));
    assert!(bench.was_ended(caller));
    assert_eq!((transfers(&bench).len(), reason(&bench)), (1, Some(EndReason::Transferred)));
}

#[test]
fn the_trunk_hangs_up_before_it_tells_that_the_number_answered() {
    let (mut bench, caller) = asked();
    progress(&mut bench, caller, 180);
    bench.hangs_up(caller);
    assert_eq!(reason(&bench), None, "it is not known yet");
    ended(&mut bench, caller, outcome(200));
    assert_eq!(reason(&bench), Some(EndReason::Transferred));
    assert_eq!(bench.board.census().legs, 0);
}

#[test]
fn the_caller_hangs_up_while_the_trunk_is_at_it() {
    for told in [true, false] {
        let (mut bench, caller) = asked();
        bench.hangs_up(caller);
        if told {
            ended(&mut bench, caller, outcome(487));
        }
        bench.pass(Duration::from_secs(20));
        assert_eq!(reason(&bench), Some(EndReason::CallerHungUp));
        assert_eq!(transfers(&bench), [TransferEnd::CallerLeft]);
        assert_eq!(bench.board.census().legs, 0);
    }
}

#[test]
fn the_desk_stops_meanwhile() {
    let (mut bench, caller) = asked();
    bench.end_calls();
    assert!(bench.was_ended(caller));
    assert_eq!(transfers(&bench), [TransferEnd::CallerLeft]);
    assert_eq!(bench.board.census().legs, 0);
}

#[test]
fn who_came_another_way_is_bridged() {
    let mut bench = Bench::new();
    bench.lay_line(true);
    let caller = bench.carrier_calls("200");
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    assert_eq!((refers(&bench), bench.invited().len()), (vec![], 1));

    let mut bench = Bench::new();
    bench.lay_line(false);
    let caller = bench.trunk_calls("200");
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    assert_eq!((refers(&bench), bench.invited().len()), (vec![], 1), "a trunk that takes no REFER");

    let mut bench = Bench::new();
    bench.lay_line(true);
    let caller = bench.trunk_calls("100");
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    assert_eq!((refers(&bench), bench.invited().len()), (vec![], 1), "a telephone of the house");
}

/// 1001 talks with a caller over the trunk, and has it put through to a number outside.
fn asked_by_phone() -> (Bench, SessionId, SessionId) {
    let mut bench = Bench::new();
    bench.lay_line(true);
    let caller = bench.trunk_calls("1001");
    let called = bench.session_to(101);
    bench.answer(called, described(101));
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    bench.sip(SipEvent::Referred {
        session: called,
        referral: ReferralId(1),
        target: uri(&format!("sip:{OUTSIDE}@192.0.2.1")),
        replaces: None,
        replaces_header: None,
        referred_by: None,
    });
    (bench, caller, called)
}

#[test]
fn a_telephone_has_the_trunk_put_its_caller_through() {
    let (mut bench, caller, called) = asked_by_phone();
    assert_eq!(refers(&bench).len(), 1);
    progress(&mut bench, caller, 180);
    assert!(bench.only_talk(caller, called), "they talk on meanwhile");
    ended(&mut bench, caller, outcome(200));
    assert_eq!(bench.notified(), [180, 200]);
    assert!(bench.was_ended(caller) && bench.was_ended(called));
    assert_eq!(reason(&bench), Some(EndReason::Transferred));
    assert_eq!(transfers(&bench), [TransferEnd::Completed; 2]);
    assert_eq!(bench.board.census().legs, 0);
}

#[test]
fn a_telephone_is_told_that_it_failed_and_the_two_go_on() {
    let (mut bench, caller, called) = asked_by_phone();
    ended(&mut bench, caller, outcome(486));
    assert_eq!(bench.notified(), [486]);
    assert!(bench.only_talk(caller, called));

    let (mut bench, caller, called) = asked_by_phone();
    ended(&mut bench, caller, ReferOutcome::Refused(status(501)));
    assert!(bench.notified().is_empty());
    let third = bench.session_to(8);
    bench.answer(third, described(8));
    assert!(bench.only_talk(caller, third) && bench.was_ended(called), "the desk called instead");
}

#[test]
fn a_telephone_hangs_up_and_the_caller_waits_for_what_the_trunk_says() {
    for success in [true, false] {
        let (mut bench, caller, called) = asked_by_phone();
        progress(&mut bench, caller, 180);
        bench.hangs_up(called);
        assert!(hears_ringing(&bench) && !bench.was_ended(caller));
        ended(&mut bench, caller, outcome(if success { 200 } else { 486 }));
        assert!(bench.was_ended(caller));
        let expected = if success { EndReason::Transferred } else { EndReason::CalleeBusy };
        assert_eq!(reason(&bench), Some(expected));
        assert_eq!(bench.board.census().legs, 0);
    }
}

#[test]
fn who_is_being_put_through_hangs_up_on_both() {
    let (mut bench, caller, called) = asked_by_phone();
    bench.hangs_up(caller);
    assert!(bench.was_ended(called));
    assert_eq!((bench.notified(), reason(&bench)), (vec![487], Some(EndReason::CallerHungUp)));
    assert_eq!(bench.board.census().legs, 0);
}
