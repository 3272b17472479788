//! Every codec in offer and answer: numbers, parameters, packet lengths.

use frontdesk_media_protocol::{Codec, Direction, OpusTerms};
use frontdesk_session_description::{
    Formats, LocalAudio, Negotiated, PayloadNumbers, Refusal, answer, complete, offer,
};

fn side(codecs: &[Codec]) -> LocalAudio {
    LocalAudio {
        address: "198.51.100.1:30000".parse().unwrap(),
        codecs: codecs.to_vec(),
        formats: Formats::default(),
        direction: Direction::SendReceive,
        session_id: 5,
        session_version: 1,
        security: None,
    }
}

const ALL: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];

fn of(lines: &[&str]) -> Vec<u8> {
    let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
    format!("{head}{}\r\n", lines.join("\r\n")).into_bytes()
}

fn answered(local: &LocalAudio, lines: &[&str]) -> Result<Negotiated, Refusal> {
    answer(local, &of(lines))
}

fn text(description: &[u8]) -> String {
    String::from_utf8(description.to_vec()).unwrap()
}

/// As a softphone offers it.
const WIDE: [&str; 8] = [
    "m=audio 4000 RTP/AVP 107 9 8 0 96 97",
    "a=rtpmap:107 opus/48000/2",
    "a=fmtp:107 maxplaybackrate=16000; useinbandfec=1;UseDTX=1; maxaveragebitrate=30000",
    "a=rtpmap:96 telephone-event/48000",
    "a=fmtp:96 0-16",
    "a=rtpmap:97 telephone-event/8000",
    "a=fmtp:97 0-16",
    "a=ptime:30",
];

#[test]
fn an_offer_names_every_codec_with_all_that_a_telephone_needs() {
    assert!(text(&offer(&side(&ALL))).ends_with(
        "m=audio 30000 RTP/AVP 111 9 8 0 110 101\r\n\
         a=rtpmap:111 opus/48000/2\r\n\
         a=fmtp:111 useinbandfec=1;maxplaybackrate=16000;sprop-maxcapturerate=16000\r\n\
         a=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-15\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
         a=ptime:20\r\na=maxptime:60\r\na=sendrecv\r\n"
    ));
}

#[test]
fn opus_is_answered_under_the_offers_number_with_what_the_offerer_wants() {
    let negotiated = answered(&side(&ALL), &WIDE).unwrap();
    let audio = negotiated.audio;
    assert_eq!((audio.codec, audio.payload_type, audio.receive_payload_type), (Codec::Opus, 107, 107));
    assert_eq!((audio.telephone_event, audio.telephone_event_hz), (Some(96), 48_000));
    assert_eq!(audio.packet_ms, 20, "Opus has no packets of 30 ms");
    let wants =
        OpusTerms { copies: true, pauses: true, max_bitrate_bps: Some(30_000), ..OpusTerms::default() };
    assert_eq!(audio.opus, wants);
    assert!(
        text(&negotiated.description)
            .contains("m=audio 30000 RTP/AVP 107 96\r\na=rtpmap:107 opus/48000/2\r\n")
    );
    assert_eq!(negotiated.numbers, PayloadNumbers { opus: 107, event: 97, event_48k: 96 });
}

#[test]
fn g722_says_eight_thousand_and_has_its_number_for_good() {
    let audio = answered(&side(&[Codec::G722, Codec::Pcmu]), &WIDE).unwrap().audio;
    assert_eq!((audio.codec, audio.payload_type), (Codec::G722, 9));
    assert_eq!((audio.telephone_event, audio.telephone_event_hz, audio.packet_ms), (Some(97), 8_000, 30));
    let honest = answered(&side(&[Codec::G722]), &["m=audio 4 RTP/AVP 100", "a=rtpmap:100 G722/16000"]);
    assert_eq!(honest, Err(Refusal::NoCommonCodec), "16,000 is another format (RFC 3551 §4.5.2)");
}

#[test]
fn whoever_offers_opus_with_events_of_the_telephones_clock_gets_them() {
    let lines = ["m=audio 4 RTP/AVP 96 101", "a=rtpmap:96 opus/48000/2", "a=rtpmap:101 telephone-event/8000"];
    let negotiated = answered(&side(&ALL), &lines).unwrap();
    assert_eq!((negotiated.audio.telephone_event, negotiated.audio.telephone_event_hz), (Some(101), 8_000));
    assert!(text(&negotiated.description).contains("a=rtpmap:101 telephone-event/8000\r\n"));
}

#[test]
fn an_answerer_may_number_otherwise() {
    let local = side(&[Codec::Opus, Codec::Pcmu]);
    let answer = of(&[
        "m=audio 4 RTP/AVP 96 100",
        "a=rtpmap:96 OPUS/48000/2",
        "a=fmtp:96 cbr=1;maxplaybackrate=8000",
        "a=rtpmap:100 telephone-event/48000",
    ]);
    let audio = complete(&local, &answer).unwrap();
    assert_eq!((audio.payload_type, audio.receive_payload_type), (96, 111));
    assert_eq!((audio.telephone_event, audio.receive_telephone_event), (Some(100), Some(110)));
    assert!(audio.opus.constant && audio.opus.narrow && !audio.opus.copies);
}

#[test]
fn a_number_keeps_its_meaning_in_later_offers_even_if_the_other_side_gave_ours_away() {
    let lines = [
        "m=audio 4 RTP/AVP 101 111 0 110",
        "a=rtpmap:101 opus/48000/2",
        "a=rtpmap:111 speex/16000",
        "a=rtpmap:110 telephone-event/8000",
    ];
    let negotiated = answered(&side(&ALL), &lines).unwrap();
    assert_eq!(negotiated.audio.payload_type, 101);
    assert_eq!(negotiated.numbers, PayloadNumbers { opus: 101, event: 110, event_48k: 127 });
    let formats = Formats { numbers: negotiated.numbers, ..Formats::default() };
    let later = text(&offer(&LocalAudio { formats, ..side(&ALL) }));
    assert!(later.contains("m=audio 30000 RTP/AVP 101 9 8 0 127 110\r\n"), "{later}");
}

#[test]
fn what_a_partner_speaks_is_preferred_if_it_was_offered() {
    let prefer = |codec| {
        let formats = Formats { preferred: Some(codec), ..Formats::default() };
        answered(&LocalAudio { formats, ..side(&[Codec::Opus, Codec::Pcmu]) }, &WIDE).unwrap().audio.codec
    };
    assert_eq!(prefer(Codec::Pcmu), Codec::Pcmu);
    assert_eq!(prefer(Codec::Pcma), Codec::Opus, "not spoken here: the offerer's order");
}

#[test]
fn comfort_noise_is_agreed_only_where_pauses_are_wanted_and_beside_g711() {
    let formats = Formats { pauses: true, ..Formats::default() };
    let local = LocalAudio { formats, ..side(&[Codec::Pcmu, Codec::G722]) };
    let negotiated = answered(&local, &["m=audio 4 RTP/AVP 0 9 13"]).unwrap();
    assert!(negotiated.audio.comfort_noise);
    assert!(
        text(&negotiated.description)
            .contains("RTP/AVP 0 13\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:13 CN/8000\r\n")
    );
    assert!(!answered(&local, &["m=audio 4 RTP/AVP 9 0 13"]).unwrap().audio.comfort_noise);
    assert!(!answered(&local, &["m=audio 4 RTP/AVP 0"]).unwrap().audio.comfort_noise);
    assert!(!answered(&side(&ALL), &["m=audio 4 RTP/AVP 0 13"]).unwrap().audio.comfort_noise);
    let opus = LocalAudio { formats, ..side(&[Codec::Opus]) };
    assert!(text(&offer(&opus)).contains("useinbandfec=1;usedtx=1;"));
    assert!(!text(&offer(&opus)).contains("CN/8000"));
}

#[test]
fn parameters_that_mean_nothing_are_passed_over() {
    for parameters in ["", "=", ";;;", "useinbandfec", "useinbandfec=yes", "usedtx=-1", "x=1;stereo=1"] {
        let fmtp = format!("a=fmtp:96 {parameters}");
        let lines = ["m=audio 4 RTP/AVP 96", "a=rtpmap:96 opus/48000/2", &fmtp];
        let audio = answered(&side(&ALL), &lines).unwrap().audio;
        assert_eq!(audio.opus, OpusTerms::default(), "{parameters}");
    }
}
