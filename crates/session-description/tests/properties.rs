//! What holds for any two sides, and for any bytes.

use frontdesk_media_protocol::{Codec, Direction};
use frontdesk_session_description::{Formats, LocalAudio, PayloadNumbers, answer, complete, offer};
use proptest::collection::vec;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

#[path = "oracle/offer_answer.rs"]
mod offer_answer;
#[path = "oracle/check.rs"]
mod oracle;
use oracle::check;

fn codecs() -> impl Strategy<Value = Vec<Codec>> {
    let all = vec![Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];
    (Just(all).prop_shuffle(), 1..=4usize).prop_map(|(mut codecs, count)| {
        codecs.truncate(count);
        codecs
    })
}

fn formats() -> impl Strategy<Value = Formats> {
    let numbers = Just((96..=127).collect::<Vec<u8>>()).prop_shuffle();
    let packet_ms = proptest::sample::select(vec![10, 20, 30, 40, 50, 60]);
    (numbers, packet_ms, any::<bool>()).prop_map(|(numbers, packet_ms, pauses)| {
        let numbers = PayloadNumbers { opus: numbers[0], event: numbers[1], event_48k: numbers[2] };
        Formats { numbers, packet_ms, pauses, preferred: None }
    })
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::SendReceive),
        Just(Direction::SendOnly),
        Just(Direction::ReceiveOnly),
        Just(Direction::Inactive),
    ]
}

/// A side with a unicast address of the given IP version, which is not the loopback.
fn side(v6: bool) -> impl Strategy<Value = LocalAudio> {
    let host = (prop_oneof![1u8..=126, 128u8..=223], any::<[u8; 15]>()).prop_map(move |(first, rest)| {
        if v6 {
            let mut octets = [0x20; 16];
            octets[1..].copy_from_slice(&rest);
            IpAddr::V6(Ipv6Addr::from(octets))
        } else {
            IpAddr::V4(Ipv4Addr::new(first, rest[0], rest[1], rest[2]))
        }
    });
    (host, 1u16.., codecs(), formats(), direction(), any::<u64>(), any::<u64>()).prop_map(
        |(ip, port, codecs, formats, direction, session_id, session_version)| LocalAudio {
            address: SocketAddr::new(ip, port),
            codecs,
            formats,
            direction,
            session_id,
            session_version,
            security: None,
        },
    )
}

fn pair() -> impl Strategy<Value = (LocalAudio, LocalAudio)> {
    any::<bool>().prop_flat_map(|v6| (side(v6), side(v6)))
}

fn mirrored(direction: Direction) -> Direction {
    match direction {
        Direction::SendOnly => Direction::ReceiveOnly,
        Direction::ReceiveOnly => Direction::SendOnly,
        same => same,
    }
}

const WORDS: &[&str] = &[
    "v=0",
    "o=- 1 1 IN IP4 192.0.2.1",
    "s=-",
    "t=0 0",
    "c=IN IP4 192.0.2.1",
    "c=IN IP6 ::",
    "c=IN IP4 0.0.0.0",
    "m=audio 4000 RTP/AVP 0 8 101",
    "m=audio 0 RTP/AVP 0",
    "m=audio 9 RTP/SAVP 0",
    "m=video 5 RTP/AVP 96",
    "m=audio 4000 RTP/AVPF 96 101",
    "a=rtpmap:96 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=ptime:20",
    "a=maxptime:10",
    "a=sendonly",
    "a=inactive",
    "a=rtcp:5",
    "a=rtcp:5 IN IP4 192.0.2.1",
    "a=mid:1",
    "a=",
    "m=",
    "=",
    "c=",
    "a=rtpmap:",
    "a=rtpmap:0",
    "a=rtpmap:0 /",
    "a=rtpmap:0 x/",
    "\u{fffd}",
    "a=mid:\u{fc}",
];

/// Lines that look like SDP, in any order.
fn shuffled_lines() -> impl Strategy<Value = Vec<u8>> {
    vec(proptest::sample::select(WORDS), 0..40)
        .prop_map(|lines| format!("v=0\r\n{}", lines.join("\r\n")).into_bytes())
}

/// A good offer with some bytes replaced.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let good = include_bytes!("telephones/linphone.sdp");
    vec((0..good.len(), any::<u8>()), 0..12).prop_map(move |changes| {
        let mut bytes = good.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn both_sides_come_to_the_same_terms((offerer, answerer) in pair()) {
        let result = answer(&answerer, &offer(&offerer));
        let common = offerer.codecs.iter().find(|codec| answerer.codecs.contains(codec));
        prop_assert_eq!(result.as_ref().ok().map(|n| n.audio.codec), common.copied());
        let Ok(answered) = result else { return Ok(()) };
        let completed = complete(&offerer, &answered.description).unwrap();
        prop_assert_eq!(completed.codec, answered.audio.codec);
        prop_assert_eq!(completed.payload_type, answered.audio.payload_type);
        prop_assert_eq!(completed.receive_payload_type, answered.audio.payload_type);
        prop_assert_eq!(completed.telephone_event, answered.audio.telephone_event);
        prop_assert_eq!(completed.receive_telephone_event, answered.audio.telephone_event);
        prop_assert_eq!(completed.telephone_event_hz, completed.codec.clock_hz());
        prop_assert_eq!(completed.comfort_noise, answered.audio.comfort_noise);
        // Each sends packets as long as the other likes, as far as the codec can make them.
        prop_assert!(completed.packet_ms <= answerer.formats.packet_ms);
        prop_assert!(answered.audio.packet_ms <= offerer.formats.packet_ms);
        // What a number meant it means in all later descriptions.
        let again = LocalAudio { formats: Formats { numbers: answered.numbers, ..answerer.formats }, ..answerer };
        let Ok(reoffered) = answer(&offerer, &offer(&again)) else { panic!("they agreed before") };
        if reoffered.audio.codec == completed.codec {
            prop_assert_eq!(reoffered.audio.payload_type, completed.payload_type);
            prop_assert_eq!(reoffered.audio.telephone_event, completed.telephone_event);
        }
        let answerer = again;
        prop_assert_eq!(completed.direction, mirrored(answered.audio.direction));
        prop_assert_eq!(completed.remote.ip(), answerer.address.ip().to_canonical());
        prop_assert_eq!(answered.audio.remote.ip(), offerer.address.ip().to_canonical());
        prop_assert_eq!(completed.remote.port(), answerer.address.port());
    }

    #[test]
    fn any_bytes_are_answered_or_refused(bytes in vec(any::<u8>(), 0..2_000)) {
        check(&bytes);
    }

    #[test]
    fn any_order_of_lines_is_answered_or_refused(bytes in shuffled_lines()) {
        check(&bytes);
    }

    #[test]
    fn two_sides_that_offer_by_turns_come_to_the_same(bytes in vec(any::<u8>(), 0..60)) {
        offer_answer::check(&bytes);
    }

    #[test]
    fn a_damaged_offer_is_answered_or_refused(bytes in mutated()) {
        check(&bytes);
    }
}
