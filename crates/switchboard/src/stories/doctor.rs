//! What the doctor finds, and when.

use crate::input::{CertificateFault, FlowFault};
use crate::testing::{Bench, OUTSIDE, described};
use frontdesk_call_record::{Cause, Fact, Whose};
use frontdesk_media_protocol::{MediaEvent, PortFault, Strangeness};
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

#[test]
fn datagrams_that_are_no_sound_of_the_party_are_named_within_three_seconds() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    speaks(&mut bench, caller);
    let (leg, from) = (bench.leg(called), "203.0.113.5:4000".parse().unwrap());
    bench.media_tells(MediaEvent::StrangePacket { leg, from, why: Strangeness::PayloadType(9) });
    bench.pass(Duration::from_secs(3));
    assert_eq!(found(&bench), [(Cause::StrangeSource, Whose::Callee)]);
    let evidence = bench.facts.iter().find_map(|(_, fact)| match fact {
        Fact::Diagnosed { evidence, .. } => Some(evidence.clone()),
        _ => None,
    });
    let expected = "what comes to the callee's port from 203.0.113.5:4000 is RTP of the payload type 9, which was not agreed";
    assert_eq!(evidence.as_deref(), Some(expected));
}

#[test]
fn a_stranger_beside_the_party_is_no_illness() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    let (leg, from) = (bench.leg(called), "203.0.113.5:4000".parse().unwrap());
    bench.media_tells(MediaEvent::StrangePacket { leg, from, why: Strangeness::Source });
    speaks(&mut bench, caller);
    speaks(&mut bench, called);
    bench.pass(Duration::from_secs(60));
    assert_eq!(found(&bench), []);
}

#[test]
fn no_port_is_free() {
    let mut bench = Bench::new();
    bench.hold_ports = true;
    let caller = bench.phone_calls("1003", "1001");
    let leg = bench.leg(caller);
    bench.media_tells(MediaEvent::PortFailed { leg, fault: PortFault::RangeExhausted });
    assert_eq!(found(&bench), [(Cause::NoRoom, Whose::Operator)]);
}

#[test]
fn a_desk_that_is_full_says_so() {
    let mut bench = Bench::new();
    for _ in 0..11 {
        bench.phone_calls("1003", "1001");
    }
    assert_eq!(found(&bench), [(Cause::NoRoom, Whose::Operator)]);
}

#[test]
fn a_trunk_that_is_passed_over_is_no_finding_where_the_next_one_leads_there() {
    let mut bench = Bench::new();
    bench.lay_line_and_a_lost_one();
    bench.phone_calls("1003", OUTSIDE);
    let called = bench.session_to(8);
    bench.answer(called, described(8));
    assert_eq!(found(&bench), []);
    assert!(bench.told(0).contains(&"trunk_passed_over"));
}

#[test]
fn trunks_that_all_fail_are_each_named() {
    let mut bench = Bench::new();
    bench.lay_line_and_a_lost_one();
    bench.phone_calls("1003", OUTSIDE);
    bench.ends(bench.session_to(8), SessionEnd::NoResponse);
    let expected = [(Cause::NameNotFound, Whose::Operator), (Cause::NetworkRefused, Whose::Network)];
    assert_eq!(found(&bench), expected);
}

#[test]
fn somebody_who_is_busy_acquits_the_trunk_before() {
    let mut bench = Bench::new();
    bench.lay_line_and_a_lost_one();
    bench.phone_calls("1003", OUTSIDE);
    bench.refuses(bench.session_to(8), 486, None);
    assert_eq!(found(&bench), []);
}

#[test]
fn a_certificate_that_is_not_taken_is_named() {
    let mut bench = Bench::new();
    bench.lay_line(false);
    bench.phone_calls("1003", OUTSIDE);
    let fault = FlowFault::Certificate(CertificateFault::Expired);
    bench.cannot_be_sent_to(bench.session_to(8), 8, fault);
    assert_eq!(found(&bench), [(Cause::Certificate, Whose::Operator)]);

    let mut bench = Bench::new();
    bench.phone_calls("1003", "1001");
    bench.cannot_be_sent_to(bench.session_to(101), 101, FlowFault::Refused);
    assert_eq!(found(&bench).first(), Some(&(Cause::NetworkRefused, Whose::Network)));
}
