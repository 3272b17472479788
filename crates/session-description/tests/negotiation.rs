//! Offer and answer between two sides: RFC 3264, clause by clause.

use frontdesk_media_protocol::{Codec, Direction};
use frontdesk_session_description::{
    DESCRIPTION_BYTES_MAX, Formats, LocalAudio, Negotiated, Refusal, STREAMS_MAX, answer, complete, offer,
};

fn side(address: &str, codecs: &[Codec]) -> LocalAudio {
    LocalAudio {
        address: address.parse().unwrap(),
        codecs: codecs.to_vec(),
        formats: Formats::default(),
        direction: Direction::SendReceive,
        session_id: 5,
        session_version: 1,
        security: None,
    }
}

fn desk() -> LocalAudio {
    side("198.51.100.1:30000", &[Codec::Pcmu, Codec::Pcma])
}

/// An offer out of its lines after `t=`.
fn offer_of(lines: &[&str]) -> Vec<u8> {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n{}\r\n", lines.join("\r\n")).into_bytes()
}

fn answered(lines: &[&str]) -> Result<Negotiated, Refusal> {
    answer(&desk(), &offer_of(lines))
}

fn text(negotiated: &Negotiated) -> String {
    String::from_utf8(negotiated.description.clone()).unwrap()
}

#[test]
fn an_answer_says_all_that_it_must_and_nothing_else() {
    let negotiated = answered(&[
        "c=IN IP4 192.0.2.1",
        "m=audio 4000 RTP/AVP 8 0 101 13",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=rtcp-mux",
        "a=mid:voice",
    ])
    .unwrap();
    assert_eq!(
        text(&negotiated),
        "v=0\r\no=- 5 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
         m=audio 30000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
         a=fmtp:101 0-15\r\na=ptime:20\r\na=maxptime:60\r\na=sendrecv\r\na=mid:voice\r\n"
    );
}

#[test]
fn the_answer_repeats_the_times_of_the_offer() {
    let offer = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=3338481189 3370017201\nm=audio 4 RTP/AVP 0\n";
    let negotiated = answer(&desk(), offer.as_bytes()).unwrap();
    assert!(text(&negotiated).contains("\r\nt=3338481189 3370017201\r\n"));
}

#[test]
fn a_codec_under_a_dynamic_number_keeps_that_number() {
    let negotiated =
        answered(&["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 97 0", "a=rtpmap:97 pcma/8000/1"]).unwrap();
    assert_eq!((negotiated.audio.codec, negotiated.audio.payload_type), (Codec::Pcma, 97));
    assert!(text(&negotiated).contains("m=audio 30000 RTP/AVP 97\r\na=rtpmap:97 PCMA/8000\r\n"));
}

#[test]
fn a_static_number_that_is_given_another_meaning_is_not_taken_for_ours() {
    let refusal = answered(&["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "a=rtpmap:0 G729/8000"]);
    assert_eq!(refusal, Err(Refusal::NoCommonCodec));
    let wide = answered(&["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 120", "a=rtpmap:120 PCMU/16000"]);
    assert_eq!(wide, Err(Refusal::NoCommonCodec));
}

#[test]
fn telephone_events_alone_are_no_codec() {
    let refusal =
        answered(&["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"]);
    assert_eq!(refusal, Err(Refusal::NoCommonCodec));
}

#[test]
fn hold_and_resume_in_every_spelling() {
    use Direction::{Inactive, ReceiveOnly, SendOnly, SendReceive};
    let media = "m=audio 4000 RTP/AVP 0";
    for (session_level, media_level, address, agreed, said) in [
        ("a=sendonly", "a=x", "192.0.2.1", ReceiveOnly, "a=recvonly"),
        ("a=x", "a=sendonly", "192.0.2.1", ReceiveOnly, "a=recvonly"),
        ("a=sendonly", "a=sendrecv", "192.0.2.1", SendReceive, "a=sendrecv"),
        ("a=x", "a=recvonly", "192.0.2.1", SendOnly, "a=sendonly"),
        ("a=inactive", "a=x", "192.0.2.1", Inactive, "a=inactive"),
        ("a=x", "a=x", "192.0.2.1", SendReceive, "a=sendrecv"),
        ("a=x", "a=sendrecv", "0.0.0.0", ReceiveOnly, "a=recvonly"),
        ("a=x", "a=inactive", "0.0.0.0", Inactive, "a=inactive"),
        ("a=x", "a=recvonly", "0.0.0.0", Inactive, "a=inactive"),
    ] {
        let connection = format!("c=IN IP4 {address}");
        let negotiated = answered(&[&connection, session_level, media, media_level]).unwrap();
        assert_eq!(negotiated.audio.direction, agreed, "{session_level} {media_level} {address}");
        assert!(text(&negotiated).contains(said), "{}", text(&negotiated));
    }
}

#[test]
fn an_address_of_nowhere_holds_at_either_level_and_in_either_version() {
    let media = "m=audio 4000 RTP/AVP 0";
    let phone = side("[2001:db8::1]:4000", &[Codec::Pcmu]);
    for (local, lines, said) in [
        (desk(), vec!["c=IN IP4 192.0.2.1", media, "c=IN IP4 0.0.0.0"], "a=recvonly"),
        (desk(), vec!["c=IN IP4 0.0.0.0", media, "c=IN IP4 192.0.2.1"], "a=sendrecv"),
        (desk(), vec!["c=IN IP4 0.0.0.0", media, "a=sendonly"], "a=recvonly"),
        (desk(), vec!["c=IN IP4 0.0.0.0", "a=inactive", media], "a=inactive"),
        (phone.clone(), vec!["c=IN IP6 ::", media], "a=recvonly"),
        (phone.clone(), vec!["c=IN IP6 2001:db8::9", media, "c=IN IP6 ::"], "a=recvonly"),
        // Telephones that only know the old spelling write it over IPv6 too.
        (phone, vec!["c=IN IP4 0.0.0.0", media], "a=recvonly"),
    ] {
        let negotiated = answer(&local, &offer_of(&lines)).unwrap();
        assert!(text(&negotiated).contains(&format!("{said}\r\n")), "{lines:?}: {}", text(&negotiated));
        let sends = negotiated.audio.direction.sends();
        assert_eq!(sends, said == "a=sendrecv", "{lines:?}: nothing is sent to nowhere (RFC 3264 §8.4)");
    }
}

#[test]
fn an_offer_holds_and_resumes_whatever_the_other_side_answers() {
    use Direction::{Inactive, ReceiveOnly, SendOnly, SendReceive};
    for (wanted, said, answered, agreed) in [
        (SendOnly, "a=sendonly", "a=recvonly", SendOnly),
        // Telephones that take no notice of a hold answer so.
        (SendOnly, "a=sendonly", "a=sendrecv", SendOnly),
        (SendOnly, "a=sendonly", "a=inactive", Inactive),
        (Inactive, "a=inactive", "a=inactive", Inactive),
        (Inactive, "a=inactive", "a=sendrecv", Inactive),
        (ReceiveOnly, "a=recvonly", "a=sendonly", ReceiveOnly),
        (SendReceive, "a=sendrecv", "a=sendrecv", SendReceive),
    ] {
        let local = LocalAudio { direction: wanted, ..desk() };
        let offered = String::from_utf8(offer(&local)).unwrap();
        assert!(offered.contains(&format!("{said}\r\n")), "{offered}");
        assert!(offered.contains("c=IN IP4 198.51.100.1\r\n"), "hold is said by direction, not by address");
        let answer = offer_of(&["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", answered]);
        assert_eq!(complete(&local, &answer).unwrap().direction, agreed, "{said} {answered}");
    }
}

#[test]
fn a_side_that_holds_stays_silent_towards_a_side_that_holds() {
    let local = LocalAudio { direction: Direction::SendOnly, ..desk() };
    let negotiated =
        answer(&local, &offer_of(&["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "a=sendonly"])).unwrap();
    assert_eq!(negotiated.audio.direction, Direction::Inactive);
}

#[test]
fn every_stream_is_answered_in_its_place() {
    let negotiated = answered(&[
        "c=IN IP4 192.0.2.1",
        "m=video 4002 RTP/AVP 96",
        "m=audio 0 RTP/AVP 0",
        "m=audio 4000/2 RTP/AVP 18 0",
        "m=audio 4004 RTP/AVP 0",
        "m=message 4006 TCP/MSRP *",
    ])
    .unwrap();
    let text = text(&negotiated);
    let streams: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        streams,
        [
            "m=video 0 RTP/AVP 96",
            "m=audio 0 RTP/AVP 0",
            "m=audio 30000 RTP/AVP 0",
            "m=audio 0 RTP/AVP 0",
            "m=message 0 TCP/MSRP *"
        ]
    );
    assert_eq!(negotiated.audio.remote.port(), 4000);
}

#[test]
fn the_second_audio_stream_serves_when_the_first_cannot() {
    let negotiated = answered(&["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 18", "m=audio 4002 RTP/AVP 0"]);
    assert_eq!(negotiated.unwrap().audio.remote.port(), 4002);
}

#[test]
fn feedback_profile_is_taken_without_feedback() {
    let negotiated =
        answered(&["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVPF 0", "a=rtcp-fb:* nack"]).unwrap();
    assert!(text(&negotiated).contains("m=audio 30000 RTP/AVPF 0\r\n"));
    assert!(!text(&negotiated).contains("rtcp-fb"));
}

#[test]
fn what_cannot_be_served_is_refused_by_name() {
    let here = "c=IN IP4 192.0.2.1";
    let audio = "m=audio 4000 RTP/AVP 0";
    for (lines, refusal, status) in [
        (vec![here], Refusal::NoAudio, 488),
        (vec![here, "m=audio 0 RTP/AVP 0"], Refusal::NoAudio, 488),
        (vec![here, "m=video 4000 RTP/AVP 0"], Refusal::NoAudio, 488),
        (vec![here, "m=audio 4000 RTP/SAVP 0"], Refusal::Secure, 488),
        (vec![here, "m=audio 4000 TCP/RTP/AVP 0"], Refusal::OtherTransport, 488),
        (vec![here, "m=audio 4000 RTP/AVP 18 9"], Refusal::NoCommonCodec, 488),
        (vec![here, "m=audio 4000 RTP/AVP 256 x -0 +0"], Refusal::NoCommonCodec, 488),
        (vec![audio], Refusal::NoAddress, 488),
        (vec!["c=IN IP4", audio], Refusal::NoAddress, 488),
        (vec!["c=ATM NSAP 47.0091", audio], Refusal::NoAddress, 488),
        (vec!["c=IN IP4 224.2.36.42/127", audio], Refusal::NoAddress, 488),
        (vec!["c=IN IP4 255.255.255.255", audio], Refusal::NoAddress, 488),
        (vec!["c=IN IP6 ff15::101", audio], Refusal::NoAddress, 488),
        (vec!["c=IN IP4 127.0.0.1", audio], Refusal::NoAddress, 488),
        (vec!["c=IN IP6 ::1", audio], Refusal::NoAddress, 488),
        (vec!["c=IN IP4 media.example.com", audio], Refusal::HostName, 488),
        (vec!["c=IN IP6 2001:db8::1", audio], Refusal::OtherIpVersion, 488),
        (
            vec![here, "m=audio 70000 RTP/AVP 0"],
            unreadable("the port of m= is no number from 0 to 65535"),
            400,
        ),
        (vec![here, "m=audio -1 RTP/AVP 0"], unreadable("the port of m= is no number from 0 to 65535"), 400),
        (vec![here, "m=audio 4000 RTP/AVP"], unreadable("m= has no format"), 400),
        (vec![here, "m="], unreadable("m= has no media type"), 400),
        (vec![here, "m=audio 4000 RTP/AVP 0 \u{7}"], unreadable("m= may only hold printable ASCII"), 400),
    ] {
        assert_eq!(answered(&lines), Err(refusal), "{lines:?}");
        assert_eq!(refusal.sip_status(), status);
    }
}

fn unreadable(why: &'static str) -> Refusal {
    Refusal::Unreadable { line: 6, why }
}

#[test]
fn what_is_no_description_is_unreadable() {
    for bytes in [&b""[..], b"\r\n\r\n", b"hello", b"v=1\r\nm=audio 1 RTP/AVP 0", b"\xff\xfe", b"<xml/>"] {
        assert!(matches!(answer(&desk(), bytes), Err(Refusal::Unreadable { line: 1, .. })), "{bytes:?}");
    }
}

#[test]
fn sizes_are_bounded() {
    let large = vec![b' '; DESCRIPTION_BYTES_MAX + 1];
    assert_eq!(answer(&desk(), &large), Err(Refusal::TooLarge));
    assert_eq!(Refusal::TooLarge.sip_status(), 413);

    let mut lines = vec!["c=IN IP4 192.0.2.1"];
    lines.resize(STREAMS_MAX + 1, "m=audio 4000 RTP/AVP 0");
    assert!(answered(&lines).is_ok());
    lines.push("m=audio 4000 RTP/AVP 0");
    assert_eq!(answered(&lines), Err(Refusal::TooManyStreams));

    let formats = |count: usize, last: &str| format!("m=audio 4000 RTP/AVP {}{last}", "18 ".repeat(count));
    assert!(answered(&["c=IN IP4 192.0.2.1", &formats(63, "0")]).is_ok());
    assert_eq!(answered(&["c=IN IP4 192.0.2.1", &formats(64, "0")]), Err(Refusal::NoCommonCodec));
}

#[test]
fn a_name_in_latin_1_does_not_cost_the_call() {
    let offer = b"v=0\r\no=J\xf6rg 1 1 IN IP4 192.0.2.1\r\ns=Gespr\xe4ch\r\nc=IN IP4 192.0.2.1\r\nm=audio 4 RTP/AVP 0\r\n";
    assert!(answer(&desk(), offer).is_ok());
}

#[test]
fn packet_length_is_the_wish_of_the_other_side_within_its_limit_and_reason() {
    for (lines, packet_ms) in [
        (["a=x", "a=x"], 20),
        (["a=ptime:40", "a=x"], 40),
        (["a=ptime:40", "a=maxptime:30"], 30),
        (["a=x", "a=maxptime:10"], 10),
        (["a=ptime:0", "a=maxptime:0"], 20),
        (["a=ptime:2", "a=x"], 10),
        (["a=ptime:60000", "a=x"], 60),
        (["a=ptime:37", "a=x"], 30),
        (["a=ptime:99999999999", "a=x"], 20),
        (["a=ptime: 30", "a=maxptime:150.5"], 30),
    ] {
        let negotiated = answered(&["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", lines[0], lines[1]]);
        assert_eq!(negotiated.unwrap().audio.packet_ms, packet_ms, "{lines:?}");
    }
}

#[test]
fn rtcp_goes_where_the_other_side_says() {
    for (port, line, rtcp) in [
        (4000, "a=x", "192.0.2.1:4001"),
        (4000, "a=rtcp:5000", "192.0.2.1:5000"),
        (4000, "a=rtcp:5000 IN IP4 192.0.2.9", "192.0.2.9:5000"),
        (4000, "a=rtcp:0", "192.0.2.1:4001"),
        (4000, "a=rtcp:x", "192.0.2.1:4001"),
        (4000, "a=rtcp:5000 IN IP4 host.example.com", "192.0.2.1:4001"),
        (4000, "a=rtcp:5000 IN IP4 224.0.0.1", "192.0.2.1:4001"),
        (4000, "a=rtcp:5000 IN IP6 2001:db8::1", "192.0.2.1:4001"),
        (65_535, "a=x", "192.0.2.1:65535"),
    ] {
        let media = format!("m=audio {port} RTP/AVP 0");
        let negotiated = answered(&["c=IN IP4 192.0.2.1", &media, line]).unwrap();
        assert_eq!(negotiated.audio.remote_rtcp, rtcp.parse().unwrap(), "{line}");
    }
}

#[test]
fn both_sides_of_an_ipv6_call_agree() {
    let phone = side("[2001:db8::1]:4000", &[Codec::Pcma]);
    let desk = side("[2001:db8::2]:6000", &[Codec::Pcmu, Codec::Pcma]);
    let offered = offer(&phone);
    assert!(String::from_utf8_lossy(&offered).contains("c=IN IP6 2001:db8::1\r\n"));
    let answered = answer(&desk, &offered).unwrap();
    assert_eq!(answered.audio.remote, phone.address);
    assert_eq!(complete(&phone, &answered.description).unwrap().remote, desk.address);
}

#[test]
fn an_answer_that_refuses_the_stream_completes_nothing() {
    let refused = offer_of(&["c=IN IP4 192.0.2.1", "m=audio 0 RTP/AVP 0"]);
    assert_eq!(complete(&desk(), &refused), Err(Refusal::NoAudio));
    assert_eq!(complete(&desk(), &offer_of(&["c=IN IP4 192.0.2.1"])), Err(Refusal::NoAudio));
}

#[test]
fn an_answer_with_a_codec_that_was_not_offered_is_refused() {
    let phone = side("198.51.100.1:30000", &[Codec::Pcmu]);
    let answer = offer_of(&["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 8"]);
    assert_eq!(complete(&phone, &answer), Err(Refusal::NoCommonCodec));
}

#[test]
fn of_several_answered_codecs_the_first_is_spoken() {
    let answer = offer_of(&["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 8 0"]);
    assert_eq!(complete(&desk(), &answer).unwrap().codec, Codec::Pcma);
}
