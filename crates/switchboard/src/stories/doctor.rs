//! What the doctor finds, and when.

use crate::testing::{Bench, described};
use frontdesk_call_record::{Cause, Fact, Whose};
use frontdesk_media_protocol::MediaEvent;
use frontdesk_sip_stack::{SessionEnd, SessionId};
use std::time::Duration;

fn found(bench: &Bench) -> Vec<(Cause, Whose)> {
    let finding = |fact: &Fact| match fact {
        Fact::Diagnosed { cause, whose, .. } => Some((*cause, *whose)),
        _ => None,
    };
    bench.facts.iter().filter_map(|(_, fact)| finding(fact)).collect()
}

fn speaks(bench: &mut Bench, session: SessionId) {
    let (leg, at) = (bench.leg(session), bench.now);
    bench.media_tells(MediaEvent::FirstPacket { leg, at });
}

#[test]
fn one_partys_sound_does_not_come_and_it_is_known_within_three_seconds() {
    let mut bench = Bench::new();
    let (caller, _) = bench.talk("1003", "1001", 101);
    speaks(&mut bench, caller);
    bench.pass(Duration::from_millis(2_900));
    assert_eq!(found(&bench), []);
    bench.pass(Duration::from_millis(200));
    assert_eq!(found(&bench), [(Cause::OneWay, Whose::Callee)]);
    bench.pass(Duration::from_secs(60));
    assert_eq!(found(&bench).len(), 1, "told once");
}

#[test]
fn nobodys_sound_comes() {
    let mut bench = Bench::new();
    bench.talk("1003", "1001", 101);
    bench.pass(Duration::from_secs(4));
    assert_eq!(found(&bench), [(Cause::NoSound, Whose::Network)]);
}

#[test]
fn both_are_heard_and_nothing_is_found() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    speaks(&mut bench, caller);
    speaks(&mut bench, called);
    bench.pass(Duration::from_secs(60));
    bench.hangs_up(caller);
    assert_eq!(found(&bench), []);
}

#[test]
fn a_private_address_from_a_public_source_is_named() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls("1003", "1001");
    let called = bench.session_to(101);
    let private = String::from_utf8(described(101)).unwrap().replace("192.0.2.101", "192.168.1.5");
    bench.answer(called, private.into_bytes());
    speaks(&mut bench, caller);
    bench.pass(Duration::from_secs(4));
    assert_eq!(found(&bench), [(Cause::PrivateAddress, Whose::Callee)]);
    let evidence = bench.facts.iter().find_map(|(_, fact)| match fact {
        Fact::Diagnosed { evidence, .. } => Some(evidence.clone()),
        _ => None,
    });
    let evidence = evidence.unwrap();
    assert!(evidence.contains("192.168.1.5:4000") && evidence.contains("192.0.2.101"), "{evidence}");
}

#[test]
fn who_holds_owes_no_sound() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls("1003", "1001");
    let called = bench.session_to(101);
    let mut held = String::from_utf8(described(101)).unwrap().replace("a=sendrecv\r\n", "");
    held.push_str("a=inactive\r\n");
    bench.answer(called, held.into_bytes());
    speaks(&mut bench, caller);
    bench.pass(Duration::from_secs(4));
    assert_eq!(found(&bench), []);
}

#[test]
fn a_flow_that_is_not_spoken_to_knows_it_too() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls("1003", "100");
    bench.sip(frontdesk_sip_stack::SipEvent::Confirmed { session: caller, description: None });
    bench.pass(Duration::from_secs(4));
    assert!(found(&bench).contains(&(Cause::OneWay, Whose::Caller)));
}

#[test]
fn an_answer_with_no_codec_in_common() {
    let mut bench = Bench::new();
    bench.phone_calls("1003", "1001");
    let called = bench.session_to(101);
    let other = String::from_utf8(described(101))
        .unwrap()
        .replace("RTP/AVP 0", "RTP/AVP 18")
        .replace("PCMU/8000", "G729/8000");
    bench.answer(called, other.replace("rtpmap:0", "rtpmap:18").into_bytes());
    assert_eq!(found(&bench), [(Cause::NoCommonCodec, Whose::Callee)]);
}

#[test]
fn ends_that_nobody_wanted_are_explained_at_once() {
    for (end, wanted) in [
        (SessionEnd::NoAck, Cause::NoAck),
        (SessionEnd::TimerExpired, Cause::SessionExpired),
        (SessionEnd::DialogGone, Cause::DialogLost),
    ] {
        let mut bench = Bench::new();
        let (caller, _) = bench.talk("1003", "1001", 101);
        bench.ends(caller, end);
        assert_eq!(found(&bench)[0].0, wanted);
    }
    let mut bench = Bench::new();
    bench.phone_calls("1003", "1001");
    bench.ends(bench.session_to(101), SessionEnd::NoResponse);
    assert_eq!(found(&bench), [(Cause::BindingLost, Whose::Network)]);
}

#[test]
fn a_telephone_that_is_not_registered_is_named() {
    let mut bench = Bench::new();
    bench.forget("1001");
    bench.phone_calls("1003", "1001");
    assert_eq!(found(&bench), [(Cause::NotRegistered, Whose::Callee)]);
}
