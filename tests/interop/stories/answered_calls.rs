//! Calls that a flow answers.

use crate::rig::capture::{Capture, sound};
use crate::rig::desk::{Desk, Number};
use crate::rig::flows::{GOODBYE, GOODBYE_WORDS, KEYS, KEYS_QUESTION};
use crate::rig::records::{reason, steps};
use crate::rig::sipp::{Sipp, header, sound_place};
use crate::rig::softphone;
use crate::rig::speech::Speech;
use frontdesk_call_record::{AdmittedBy, EndReason};
use std::time::Duration;

/// The voice of the desk.
const VOICE: &str = "slt";

#[test]
fn a_key_stops_the_question_and_chooses() {
    let mut desk = Desk::open(&[Number { number: "100", flow: KEYS, record: false }]);
    let capture = Capture::start();
    let sipp = Sipp::new(&desk, "press_a_key");
    let caller = sipp.media;
    let played = sipp.run();
    let record = desk.closed_record();
    let captured = capture.stop();
    desk.close();

    let answer =
        played.received().into_iter().find(|message| message.starts_with("SIP/2.0 200")).expect("a 200");
    assert_eq!(header(&answer, "Content-Type"), Some("application/sdp"));
    assert!(
        answer.contains("a=rtpmap:0 PCMU/8000") && answer.contains("a=rtpmap:96 telephone-event/8000"),
        "{answer}"
    );
    let packets = captured.rtp_to(caller);
    let question = Speech::say(KEYS_QUESTION, VOICE);
    let heard = Speech(sound(&packets));
    // Pressed after 1.5 s and sipp's own 0.7 s: most of the question was not said any more.
    assert!(heard.seconds() < question.seconds(), "{:.1} s were heard", heard.seconds());
    Speech(question.0[..12_000].to_vec()).must_be_in(&heard, "the caller (the question)");
    Speech::say("It rains.", VOICE).must_be_in(&heard, "the caller (what the key chose)");
    let stream = packets.first().expect("packets").source;
    assert!(packets.iter().all(|packet| packet.source == stream), "one stream from first to last packet");
    assert!(
        packets.windows(2).all(|two| two[1].sequence == two[0].sequence.wrapping_add(1)),
        "no gap and no repetition"
    );
    assert_eq!(captured.rtp_to(sound_place(&answer)).iter().filter(|p| p.payload_type == 96).count(), 13);

    assert_eq!(record.admitted_by, Some(AdmittedBy::Peer("carrier".to_owned())));
    assert_eq!(record.caller.number.as_str(), "+4930123456");
    assert_eq!(
        record.transcript.iter().filter_map(|line| line.key).collect::<Vec<_>>(),
        ['1'],
        "pressed once"
    );
    assert_eq!(steps(&record), ["wish", "weather", "leave"]);
    assert_eq!(record.steps[0].answer.as_deref(), Some("one"));
    assert_eq!(reason(&record), EndReason::DeskHungUp);
}

#[test]
fn ten_calls_at_once_are_each_answered_and_spoken_to() {
    let mut desk = Desk::open_alone(&[Number { number: "100", flow: GOODBYE, record: false }]);
    let capture = Capture::start();
    let own_port_each = ["-m", "10", "-l", "10", "-r", "10", "-rp", "100"];
    let played = Sipp::new(&desk, "listen_with_ears").arguments(&own_port_each).run();
    let records = desk.closed_records(10);
    let captured = capture.stop();
    desk.close();

    let goodbye = Speech::say(GOODBYE_WORDS, VOICE);
    let invites =
        played.sent().into_iter().filter(|message| message.starts_with("INVITE")).collect::<Vec<_>>();
    assert_eq!(invites.len(), 10);
    for invite in invites {
        let place = sound_place(&invite);
        let heard = Speech(sound(&captured.rtp_to(place)));
        goodbye.must_be_in(&heard, &format!("the caller at {place}"));
    }
    assert!(records.iter().all(|record| reason(record) == EndReason::DeskHungUp));
    let longest = records.iter().map(|record| record.answered_us.expect("answered")).max();
    assert!(
        longest < Some(500_000),
        "ten calls at once are answered within half a second, not {longest:?} us"
    );
}

#[test]
fn a_call_over_ipv6_hears_the_desk() {
    let mut desk = Desk::open(&[Number { number: "100", flow: GOODBYE, record: false }]);
    let goodbye = Speech::say(GOODBYE_WORDS, VOICE);
    // A foreign caller,
    let capture = Capture::start();
    let sipp = Sipp::from(desk.address_v6, "[::1]", "listen_to_the_end");
    let place = sipp.media;
    sipp.run();
    let heard = Speech(sound(&capture.stop().rtp_to(place)));
    goodbye.must_be_in(&heard, "sipp on ::1");
    // and frontdesk's own telephone.
    let recording = desk.folder().join("heard.wav");
    let recorded = recording.to_str().expect("a path of letters").to_owned();
    let mut caller = softphone::caller(&format!("sip:100@{}", desk.address_v6), &["--record", &recorded]);
    assert!(caller.finish(Duration::from_secs(20)).success());
    goodbye.must_be_in(&Speech::read(&recording), "the telephone on ::1");
    let records = desk.closed_records(2);
    assert!(records.iter().all(|record| reason(record) == EndReason::DeskHungUp));
    desk.close();
}
