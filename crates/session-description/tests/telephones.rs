//! Offers as telephones, gateways and test tools write them, answered; and a general SDP library's opinion.

use frontdesk_media_protocol::{AgreedAudio, Codec, Direction, OpusTerms};
use frontdesk_session_description::{Formats, LocalAudio, Refusal, answer};
use library::parse_with_library;
use std::net::SocketAddr;

/// The one place that names the library whose reading is compared with ours.
mod library {
    use ezk_sdp_types::SessionDescription;

    pub fn parse_with_library(text: &str) -> Option<SessionDescription> {
        SessionDescription::parse(&text.to_owned().into()).ok()
    }
}

struct Telephone {
    offer: &'static str,
    remote: &'static str,
    rtcp: &'static str,
    codec: Codec,
    payload_type: u8,
    telephone_event: Option<u8>,
    packet_ms: u8,
    /// The `m=` lines of the answer.
    streams: &'static [&'static str],
}

const PHONES: &[Telephone] = &[
    Telephone {
        offer: include_str!("telephones/linphone.sdp"),
        remote: "192.0.2.11:7078",
        rtcp: "192.0.2.11:60123",
        codec: Codec::Pcmu,
        payload_type: 0,
        telephone_event: Some(100),
        packet_ms: 20,
        streams: &["m=audio 30000 RTP/AVP 0 100", "m=video 0 RTP/AVP 96"],
    },
    Telephone {
        offer: include_str!("telephones/baresip.sdp"),
        remote: "192.0.2.12:28302",
        rtcp: "192.0.2.12:28303",
        codec: Codec::Pcma,
        payload_type: 8,
        telephone_event: Some(101),
        packet_ms: 20,
        streams: &["m=audio 30000 RTP/AVP 8 101"],
    },
    Telephone {
        offer: include_str!("telephones/yealink.sdp"),
        remote: "192.0.2.13:11798",
        rtcp: "192.0.2.13:11799",
        codec: Codec::Pcmu,
        payload_type: 0,
        telephone_event: Some(101),
        packet_ms: 20,
        streams: &["m=audio 30000 RTP/AVP 0 101"],
    },
    Telephone {
        offer: include_str!("telephones/grandstream.sdp"),
        remote: "192.0.2.14:5004",
        rtcp: "192.0.2.14:5005",
        codec: Codec::Pcma,
        payload_type: 8,
        telephone_event: Some(101),
        packet_ms: 30,
        streams: &["m=audio 30000 RTP/AVP 8 101"],
    },
    Telephone {
        offer: include_str!("telephones/asterisk.sdp"),
        remote: "192.0.2.15:14022",
        rtcp: "192.0.2.15:14023",
        codec: Codec::Pcmu,
        payload_type: 0,
        telephone_event: Some(101),
        packet_ms: 20,
        streams: &["m=audio 30000 RTP/AVP 0 101"],
    },
    Telephone {
        offer: include_str!("telephones/twilio.sdp"),
        remote: "192.0.2.16:16384",
        rtcp: "192.0.2.16:16385",
        codec: Codec::Pcmu,
        payload_type: 0,
        telephone_event: Some(101),
        packet_ms: 20,
        streams: &["m=audio 30000 RTP/AVP 0 101"],
    },
    Telephone {
        offer: include_str!("telephones/microsip.sdp"),
        remote: "192.0.2.17:4002",
        rtcp: "192.0.2.17:4003",
        codec: Codec::Pcma,
        payload_type: 8,
        telephone_event: Some(101),
        packet_ms: 20,
        streams: &["m=audio 30000 RTP/AVP 8 101"],
    },
    Telephone {
        offer: include_str!("telephones/sipp.sdp"),
        remote: "192.0.2.18:6000",
        rtcp: "192.0.2.18:6001",
        codec: Codec::Pcmu,
        payload_type: 0,
        telephone_event: None,
        packet_ms: 20,
        streams: &["m=audio 30000 RTP/AVP 0"],
    },
    Telephone {
        offer: include_str!("telephones/fritzbox.sdp"),
        remote: "[2001:db8::19]:7082",
        rtcp: "[2001:db8::19]:7083",
        codec: Codec::Pcma,
        payload_type: 8,
        telephone_event: Some(101),
        packet_ms: 20,
        streams: &["m=audio 30000 RTP/AVP 8 101"],
    },
    Telephone {
        offer: include_str!("telephones/fax_gateway.sdp"),
        remote: "192.0.2.20:20010",
        rtcp: "192.0.2.20:20011",
        codec: Codec::Pcma,
        payload_type: 8,
        telephone_event: Some(96),
        packet_ms: 20,
        streams: &["m=audio 30000 RTP/AVP 8 96", "m=image 0 udptl t38"],
    },
    Telephone {
        offer: include_str!("telephones/snom_srtp_optional.sdp"),
        remote: "192.0.2.21:61234",
        rtcp: "192.0.2.21:61235",
        codec: Codec::Pcmu,
        payload_type: 0,
        telephone_event: Some(101),
        packet_ms: 20,
        streams: &["m=audio 0 RTP/SAVP 9 0 8 101", "m=audio 30000 RTP/AVP 0 101"],
    },
];

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn desk(towards: SocketAddr) -> LocalAudio {
    let address = if towards.is_ipv4() { "198.51.100.1:30000" } else { "[2001:db8:1::1]:30000" };
    LocalAudio {
        address: address.parse().unwrap(),
        codecs: vec![Codec::Pcmu, Codec::Pcma],
        formats: Formats::default(),
        direction: Direction::SendReceive,
        session_id: 77,
        session_version: 3,
        security: None,
    }
}

#[test]
fn every_telephone_gets_its_first_codec_that_the_desk_speaks() {
    for phone in PHONES {
        let agreed = AgreedAudio {
            remote: address(phone.remote),
            remote_rtcp: address(phone.rtcp),
            messages_from: None,
            codec: phone.codec,
            payload_type: phone.payload_type,
            receive_payload_type: phone.payload_type,
            telephone_event: phone.telephone_event,
            receive_telephone_event: phone.telephone_event,
            telephone_event_hz: 8_000,
            packet_ms: phone.packet_ms,
            opus: OpusTerms::default(),
            comfort_noise: false,
            rtcp_mux: false,
            secure: None,
            direction: Direction::SendReceive,
        };
        // As it stands in the file, as it stands on the wire, and with the endings of old Macs.
        for ending in ["\n", "\r\n", "\r"] {
            let offer = phone.offer.replace('\n', ending);
            let negotiated = answer(&desk(agreed.remote), offer.as_bytes())
                .unwrap_or_else(|refusal| panic!("{refusal}\n{}", phone.offer));
            assert_eq!(negotiated.audio, agreed, "{}", phone.offer);
            let text = String::from_utf8(negotiated.description).unwrap();
            let streams: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
            assert_eq!(streams, phone.streams, "{}", phone.offer);
        }
    }
}

#[test]
fn every_answer_is_read_by_a_general_library_and_means_the_same_there() {
    for phone in PHONES {
        let remote = address(phone.remote);
        let description = answer(&desk(remote), phone.offer.as_bytes()).unwrap().description;
        // That library knows no `m=image`, so the refused fax stream is left out for it.
        let text = String::from_utf8(description).unwrap().replace("m=image 0 udptl t38\r\n", "");
        let read = parse_with_library(&text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(read.origin.session_id.to_string(), "77");
        assert_eq!(read.origin.session_version.to_string(), "3");
        let stream = read.media_descriptions.iter().find(|m| m.media.port != 0).unwrap();
        assert_eq!(stream.media.port, 30_000);
        let expected: Vec<u32> =
            [Some(phone.payload_type), phone.telephone_event].into_iter().flatten().map(u32::from).collect();
        assert_eq!(stream.media.fmts.iter().map(|f| u32::from(*f)).collect::<Vec<_>>(), expected);
        assert_eq!(stream.rtpmap[0].encoding.to_string(), phone.codec.encoding_name());
        assert_eq!(stream.direction, ezk_sdp_types::Direction::SendRecv);
    }
}

/// Why the grammar is our own: these are real, and a strict reader loses the call over each of them.
#[test]
fn a_general_library_loses_calls_that_the_desk_takes() {
    let sipp = include_str!("telephones/sipp.sdp");
    for (what, offer) in [
        ("a fax stream", include_str!("telephones/fax_gateway.sdp").to_owned()),
        ("no t=", sipp.replace("t=0 0\n", "")),
        ("no s=", sipp.replace("s=-\n", "")),
        ("a candidate it cannot read", format!("{sipp}a=candidate:1 1 udp\n")),
        ("a key it cannot read", format!("{sipp}a=crypto:x\n")),
    ] {
        assert!(parse_with_library(&offer).is_none(), "the library has learned to read {what}");
        let local = desk(address("192.0.2.1:1"));
        assert!(answer(&local, offer.as_bytes()).is_ok(), "{what}");
    }
}

#[test]
fn a_browser_is_told_that_it_must_not_encrypt() {
    let chrome = include_str!("telephones/chrome.sdp");
    assert_eq!(answer(&desk(address("192.0.2.1:1")), chrome.as_bytes()), Err(Refusal::Dtls));
}
