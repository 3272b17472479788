//! Descriptions that a telephone, or nobody, would send.

use crate::desk;
use crate::neighbour::{CARRIER, Neighbour, sound_address, sound_at, status, stream_at};
use crate::stream::Stream;
use std::time::Duration;

#[test]
fn each_offer_gets_the_answer_that_it_deserves() {
    let desk = desk();
    let caller = Neighbour::at(CARRIER, desk.address);
    let stream = Stream::at(CARRIER);
    let here = stream.address();
    let every_type = (0..=127).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
    let two = format!("{}m=video 5000 RTP/AVP 31\r\nm=audio 5002 RTP/AVP 0\r\n", sound_at(here));
    let held = sound_at(here).replace(&format!("c=IN IP4 {}", here.ip()), "c=IN IP4 0.0.0.0");
    for (name, offer, expected) in [
        ("only video", stream_at(here, "video", "RTP/AVP 31", &[]), 488),
        ("only keys", stream_at(here, "audio", "RTP/AVP 101", &["a=rtpmap:101 telephone-event/8000"]), 488),
        ("only a foreign codec", stream_at(here, "audio", "RTP/AVP 3 18", &[]), 488),
        ("only encrypted", stream_at(here, "audio", "RTP/SAVP 0", &[]), 488),
        ("another version of IP", sound_at(here).replace("IP4 127.0.0.1", "IP6 ::1"), 488),
        ("to everybody", sound_at(here).replace("127.0.0.1", "239.1.2.3"), 488),
        ("no description", "hello\r\n".to_owned(), 400),
        ("port 0", sound_at(here).replace(&format!("audio {}", here.port()), "audio 0"), 488),
        ("every payload type", stream_at(here, "audio", &format!("RTP/AVP {every_type}"), &[]), 200),
        ("packets of 10 ms", stream_at(here, "audio", "RTP/AVP 8", &["a=ptime:10"]), 200),
        ("packets of 60 ms", stream_at(here, "audio", "RTP/AVP 8", &["a=ptime:60", "a=maxptime:60"]), 200),
        ("packets of no length", stream_at(here, "audio", "RTP/AVP 8", &["a=ptime:0", "a=maxptime:0"]), 200),
        ("comfort noise", stream_at(here, "audio", "RTP/AVP 13 0 13", &["a=silenceSupp:on - - - -"]), 200),
        ("three streams", two, 200),
        ("held from the start", held, 200),
        ("no offer", String::new(), 200),
    ] {
        let invite = caller.invite("100", &offer);
        let answer = caller.ask(&invite);
        assert_eq!(status(&answer), expected, "{name}: {answer}");
        if expected == 200 {
            assert_ne!(sound_address(&answer).port(), 0, "{name}");
            let streams = answer.lines().filter(|line| line.starts_with("m=")).count();
            assert_eq!(streams, offer.matches("m=").count().max(1), "{name}: {answer}");
            let mut ack = caller.within(&invite, &answer, "ACK", 1);
            if offer.is_empty() {
                ack.body = sound_at(here);
                ack.more.push("Content-Type: application/sdp".to_owned());
            }
            caller.send(ack.text());
            assert_eq!(status(&caller.hang_up(&invite, &answer)), 200, "{name}");
        }
    }
}

#[test]
fn an_offer_that_is_asked_for_and_not_answered_ends_the_call() {
    let desk = desk();
    let caller = Neighbour::at(CARRIER, desk.address);
    let invite = caller.invite("100", "");
    caller.call(&invite);
    caller.wait_for_request("BYE");
}

#[test]
fn a_flood_of_offers_within_a_call_is_answered_and_the_call_can_be_ended() {
    let desk = desk();
    let caller = Neighbour::at(CARRIER, desk.address);
    let stream = Stream::at(CARRIER);
    let invite = caller.invite("100", &sound_at(stream.address()));
    let answer = caller.call(&invite);
    for cseq in 2..300 {
        let mut again = caller.within(&invite, &answer, "INVITE", cseq);
        again.more.push("Content-Type: application/sdp".to_owned());
        again.body = if cseq % 2 == 0 { "v=0\r\nnonsense".to_owned() } else { invite.body.clone() };
        caller.send(again.text());
    }
    while caller
        .receive_within(Duration::from_millis(300))
        .is_some_and(|message| !message.contains("299 INVITE"))
    {}
    assert_eq!(status(&caller.ask(&caller.within(&invite, &answer, "BYE", 1_000))), 200);
    let record = desk.closed_record();
    assert_eq!(record.facts_missing, 0);
}
