//! Changes of the sound that the desk wants, and answers that come late.

use crate::input::Rules;
use crate::testing::{Bench, described, rules, status};
use frontdesk_call_record::{Cause, EndReason, Fact, FaultCode, Notice, Whose};
use frontdesk_media_protocol::{Direction, MediaCommand};
use frontdesk_sip_stack::{SessionEnd, SessionId, SipCommand, SipEvent};
use std::net::IpAddr;

/// Where the sound of a session goes, as configured last, and which way.
fn sound(bench: &Bench, session: SessionId) -> Option<(IpAddr, Direction)> {
    let leg = bench.leg(session);
    bench.media.iter().rev().find_map(|command| match command {
        MediaCommand::Configure { leg: one, audio } if *one == leg => {
            Some((audio.remote.ip(), audio.direction))
        }
        _ => None,
    })
}

fn holding(host: u8) -> Vec<u8> {
    String::from_utf8(described(host)).unwrap().replace("a=sendrecv", "a=sendonly").into_bytes()
}

fn notices(bench: &Bench) -> Vec<Notice> {
    let notice = |fact: &Fact| match fact {
        Fact::Noticed { notice, .. } => Some(*notice),
        _ => None,
    };
    bench.facts.iter().filter_map(|(_, fact)| notice(fact)).collect()
}

fn causes(bench: &Bench) -> Vec<(Cause, Whose)> {
    let finding = |fact: &Fact| match fact {
        Fact::Diagnosed { cause, whose, .. } => Some((*cause, *whose)),
        _ => None,
    };
    bench.facts.iter().filter_map(|(_, fact)| finding(fact)).collect()
}

/// Whom the desk offered to, and at which address.
fn offered(bench: &Bench) -> Vec<(SessionId, String)> {
    let reoffer = |command: &SipCommand| match command {
        SipCommand::Reoffer { session, description: Some(description) } => {
            let text = String::from_utf8(description.clone()).unwrap();
            let address = text.lines().find_map(|line| line.strip_prefix("c=IN IP4 ")).unwrap();
            Some((*session, address.to_owned()))
        }
        _ => None,
    };
    bench.commands.iter().filter_map(reoffer).collect()
}

fn moved(bench: &mut Bench) {
    bench.rule(Rules { sound_address: Some([203, 0, 113, 7].into()), ..rules() });
}

#[test]
fn a_refresh_that_is_answered_in_another_way_counts() {
    let mut bench = Bench::new();
    let (_, called) = bench.talk("1003", "1001", 101);
    bench.sip(SipEvent::ReofferAnswered { session: called, description: described(111) });
    let there = IpAddr::from([192, 0, 2, 111]);
    assert_eq!(sound(&bench, called), Some((there, Direction::SendReceive)));
    bench.sip(SipEvent::ReofferAnswered { session: called, description: holding(111) });
    assert_eq!(sound(&bench, called), Some((there, Direction::ReceiveOnly)));
    assert_eq!(notices(&bench), [Notice::Held]);
    bench.sip(SipEvent::ReofferAnswered { session: called, description: b"v=0\r\n".to_vec() });
    assert_eq!(notices(&bench), [Notice::Held, Notice::ReofferRefused]);
    assert_eq!(
        sound(&bench, called),
        Some((there, Direction::ReceiveOnly)),
        "what cannot be read changes nothing"
    );
}

#[test]
fn the_desks_address_changes_and_both_who_talk_are_told() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    bench.rule(rules());
    assert_eq!(offered(&bench), [], "other rules, the same address");
    moved(&mut bench);
    let there = "203.0.113.7".to_owned();
    assert_eq!(offered(&bench), [(called, there.clone()), (caller, there)]);
    bench.sip(SipEvent::ReofferAnswered { session: caller, description: described(113) });
    assert_eq!(sound(&bench, caller), Some(([192, 0, 2, 113].into(), Direction::SendReceive)));
    assert!(bench.only_talk(caller, called));
}

#[test]
fn who_takes_no_change_is_named_and_the_call_goes_on() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    moved(&mut bench);
    bench.sip(SipEvent::ReofferRefused { session: called, status: Some(status(488)) });
    bench.sip(SipEvent::ReofferRefused { session: caller, status: None });
    assert_eq!(notices(&bench), [Notice::ReofferRefused; 2]);
    assert_eq!(causes(&bench), [(Cause::NoReoffer, Whose::Callee), (Cause::NoReoffer, Whose::Caller)]);
    assert!(bench.only_talk(caller, called));
}

#[test]
fn who_rings_is_not_offered_to() {
    let mut bench = Bench::new();
    bench.phone_calls("1003", "1001");
    moved(&mut bench);
    assert_eq!(offered(&bench), []);
}

#[test]
fn a_caller_without_an_offer_hears_what_comes_before_the_answer() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls_without_offer("1003", "1001");
    let called = bench.session_to(101);
    bench.progress(called, 183, Some(described(101)));
    assert_eq!(bench.bridges(), [], "the offer is out, and not answered");
    let offers = bench
        .commands
        .iter()
        .filter(|command| matches!(command, SipCommand::Ring { description: Some(_), .. }));
    assert_eq!(offers.count(), 1);
    bench.sip(SipEvent::ReofferAnswered { session: caller, description: described(103) });
    assert!(bench.only_talk(caller, called));
    assert_eq!(sound(&bench, caller), Some(([192, 0, 2, 103].into(), Direction::SendOnly)));
    bench.answer(called, described(101));
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    assert_eq!(sound(&bench, caller), Some(([192, 0, 2, 103].into(), Direction::SendReceive)));
    assert_eq!(bench.told(0).iter().filter(|fact| **fact == "early_media").count(), 1);
    bench.hangs_up(caller);
    assert_eq!(bench.board.census().legs, 0);
}

#[test]
fn a_caller_without_an_offer_answers_it_when_somebody_has_answered_already() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls_without_offer("1003", "1001");
    let called = bench.session_to(101);
    bench.progress(called, 183, Some(described(101)));
    bench.answer(called, described(101));
    assert_eq!(sound(&bench, caller), None);
    bench.sip(SipEvent::ReofferAnswered { session: caller, description: described(103) });
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    assert_eq!(sound(&bench, caller), Some(([192, 0, 2, 103].into(), Direction::SendReceive)));
    assert!(bench.only_talk(caller, called));
}

#[test]
fn a_caller_whose_answer_to_the_early_offer_cannot_be_used_is_refused() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls_without_offer("1003", "1001");
    let called = bench.session_to(101);
    bench.progress(called, 183, Some(described(101)));
    let strange = String::from_utf8(described(103)).unwrap().replace("RTP/AVP 0", "RTP/AVP 18");
    bench.sip(SipEvent::ReofferAnswered { session: caller, description: strange.into_bytes() });
    assert!(bench.was_ended(called));
    let refused =
        |command: &SipCommand| matches!(command, SipCommand::Refuse { session, .. } if *session == caller);
    assert!(bench.commands.iter().any(refused));
    assert_eq!(causes(&bench), [(Cause::NoCommonCodec, Whose::Caller)]);
}

#[test]
fn a_session_that_nobody_refreshes_or_knows_ends_the_call_with_its_cause() {
    for (end, cause, code) in [
        (SessionEnd::DialogGone, Cause::DialogLost, FaultCode::DialogGone),
        (SessionEnd::TimerExpired, Cause::SessionExpired, FaultCode::SessionExpired),
    ] {
        for of_caller in [true, false] {
            let mut bench = Bench::new();
            let (caller, called) = bench.talk("1003", "1001", 101);
            let (gone, other) = if of_caller { (caller, called) } else { (called, caller) };
            bench.ends(gone, end.clone());
            assert!(bench.was_ended(other));
            assert_eq!(causes(&bench).first().map(|(found, _)| *found), Some(cause));
            let ended = bench.facts.iter().find_map(|(_, fact)| match fact {
                Fact::CallEnded { reason, fault } => Some((*reason, fault.map(|fault| fault.code))),
                _ => None,
            });
            assert_eq!(ended, Some((EndReason::DialogGone, Some(code))));
            assert_eq!(bench.board.census().legs, 0);
        }
    }
}
