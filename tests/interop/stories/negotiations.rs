//! What the two sides agree on: which codec, who offers, and what changes while they talk.

use crate::rig::capture::{Capture, sound};
use crate::rig::desk::{Desk, Number};
use crate::rig::flows::{GOODBYE, GOODBYE_WORDS, KEYS};
use crate::rig::records::{reason, records};
use crate::rig::sipp::Sipp;
use crate::rig::speech::Speech;
use frontdesk_call_record::{EndReason, Notice};

const VOICE: &str = "slt";

fn desk() -> Desk {
    Desk::open(&[
        Number { number: "100", flow: GOODBYE, record: false },
        Number { number: "101", flow: KEYS, record: false },
    ])
}

#[test]
fn a_caller_with_a_law_alone_hears_a_law() {
    let mut desk = desk();
    let capture = Capture::start();
    let sipp = Sipp::new(&desk, "only_a_law");
    let place = sipp.media;
    let played = sipp.run();
    let packets = capture.stop().rtp_to(place);
    let answer =
        played.received().into_iter().find(|message| message.starts_with("SIP/2.0 200")).expect("a 200");
    assert!(answer.contains(" RTP/AVP 8\n"), "only what was offered is answered: {answer}");
    assert!(packets.iter().all(|packet| packet.payload_type == 8));
    Speech::say(GOODBYE_WORDS, VOICE).must_be_in(&Speech(sound(&packets)), "the caller");
    assert_eq!(reason(&desk.closed_record()), EndReason::DeskHungUp);
    desk.close();
}

#[test]
fn a_caller_with_no_codec_in_common_is_told_so() {
    let mut desk = desk();
    Sipp::new(&desk, "nothing_in_common").run();
    let record = desk.closed_record();
    assert_eq!(reason(&record), EndReason::NotAcceptable);
    assert!(record.answered_us.is_none());
    desk.close();
}

#[test]
fn a_caller_who_waits_for_the_offer_hears_the_desk() {
    let mut desk = desk();
    let capture = Capture::start();
    let sipp = Sipp::new(&desk, "late_offer");
    let place = sipp.media;
    sipp.run();
    let packets = capture.stop().rtp_to(place);
    Speech::say(GOODBYE_WORDS, VOICE).must_be_in(&Speech(sound(&packets)), "the caller");
    assert_eq!(reason(&desk.closed_record()), EndReason::DeskHungUp);
    desk.close();
}

#[test]
fn a_caller_on_hold_is_sent_nothing_and_comes_back() {
    let mut desk = desk();
    let capture = Capture::start();
    let sipp = Sipp::new(&desk, "hold_and_resume").dial("101");
    let place = sipp.media;
    let played = sipp.run();
    let captured = capture.stop();
    let directions: Vec<_> = played
        .received()
        .iter()
        .filter(|message| message.starts_with("SIP/2.0 200"))
        .map(|message| {
            message
                .lines()
                .find_map(|line| line.strip_prefix("a=").filter(|a| !a.contains(':')))
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(directions.len(), 3, "{directions:?}");
    assert_eq!(directions[1].as_deref(), Some("recvonly"), "RFC 3264 section 6.1");
    assert!(directions[2].as_deref().is_none_or(|direction| direction == "sendrecv"), "{directions:?}");
    // Between the two re-INVITEs nothing is sent to the caller; after them sound goes on.
    let asked = |cseq: &str| {
        captured.datagrams.iter().position(|datagram| {
            datagram.to == desk.address
                && String::from_utf8_lossy(&datagram.bytes).contains(&format!("CSeq: {cseq} ACK"))
        })
    };
    let (held, resumed) = (asked("2").expect("held"), asked("3").expect("resumed"));
    let voice = |range: &[crate::rig::capture::Datagram]| {
        range.iter().filter(|datagram| datagram.to == place).count()
    };
    let while_held = voice(&captured.datagrams[held..resumed]);
    assert!(while_held <= 2, "{while_held} packets while on hold");
    assert!(voice(&captured.datagrams[resumed..]) > 50, "sound goes on afterwards");
    let record = desk.closed_record();
    let notices: Vec<_> = record.notices.iter().map(|noticed| noticed.notice).collect();
    assert_eq!(notices, [Notice::Held, Notice::Resumed]);
    assert_eq!(reason(&record), EndReason::DeskHungUp);
    assert_eq!(records(&desk.data()).len(), 1);
    desk.close();
}
