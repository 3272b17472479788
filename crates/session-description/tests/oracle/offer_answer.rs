//! Two sides that offer and answer in turn, with lines put into what they send. Shared with the fuzz target.

use frontdesk_media_protocol::{Codec, Direction};
use frontdesk_session_description::{
    Demand, Formats, LocalAudio, LocalSecurity, OwnKeys, Refusal, answer, complete, offer,
};
use std::net::SocketAddr;

/// The most rounds of one call.
const ROUNDS_MAX: usize = 16;

/// What telephones put into a description. Those of the first part mean nothing for the audio stream.
const LINES: &[&str] = &[
    "a=x-unknown:1",
    "b=AS:64",
    "k=clear:x",
    "a=ssrc:1 cname:a",
    "i=",
    "a=ptime:20",
    "a=sendonly",
    "a=recvonly",
    "a=inactive",
    "a=rtpmap:0 PCMA/8000",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20",
    "a=crypto:9 AES_CM_128_HMAC_SHA1_32 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz UNENCRYPTED_SRTP",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=rtpmap:111 opus/48000/2",
    "a=rtpmap:111 speex/16000",
    "a=fmtp:111 maxplaybackrate=8000; useinbandfec=1",
    "a=rtcp:4001",
    "c=IN IP4 0.0.0.0",
    "c=IN IP4 192.0.2.77",
    "c=IN IP6 2001:db8::7",
    "m=video 5000 RTP/AVP 96",
    "m=audio 5002 RTP/AVP 8",
    "m=audio 0 RTP/AVP 0",
];
const MEANINGLESS: usize = 5;

/// Panics where the two sides do not come to the same.
pub fn check(bytes: &[u8]) {
    let mut bytes = bytes.iter().copied();
    let mut next = || usize::from(bytes.next().unwrap_or_default());
    let mut sides = [side(1, next()), side(2, next())];
    for round in 0..ROUNDS_MAX {
        let choice = next();
        if choice == 0 {
            break;
        }
        let (offerer, answerer) = (round % 2, 1 - round % 2);
        sides[offerer].direction = DIRECTIONS[choice % 4];
        sides[offerer].session_version += 1;
        sides[answerer].direction = DIRECTIONS[choice / 4 % 4];
        let (added, place) = ((choice / 16 > 0).then(|| next() % LINES.len()), next());
        let mut offered = offer(&sides[offerer]);
        if let Some(line) = added {
            offered = with_line(&offered, LINES[line], place);
        }
        let plain = added.is_none_or(|line| line < MEANINGLESS);
        exchange(&sides[offerer], &sides[answerer], &offered, plain);
        sides[answerer].session_version += 1;
    }
}

const DIRECTIONS: [Direction; 4] =
    [Direction::SendReceive, Direction::SendOnly, Direction::ReceiveOnly, Direction::Inactive];

fn side(last: u8, choice: usize) -> LocalAudio {
    let codecs = [
        vec![Codec::Pcmu],
        vec![Codec::Pcma],
        vec![Codec::Pcmu, Codec::Pcma],
        vec![Codec::Pcma, Codec::Pcmu],
        vec![Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu],
        vec![Codec::G722, Codec::Opus],
        vec![Codec::Pcmu, Codec::Opus],
        vec![Codec::G722],
    ];
    LocalAudio {
        address: SocketAddr::from(([192, 0, 2, last], 4_000 + 2 * u16::from(last))),
        codecs: codecs[choice % 8].clone(),
        formats: Formats::default(),
        direction: Direction::SendReceive,
        session_id: u64::from(last),
        session_version: 1,
        // Whoever encrypts does so with whoever can.
        security: (choice & 0x40 != 0).then(|| LocalSecurity {
            demand: Demand::Offered,
            keys: OwnKeys::draw(|bytes| bytes.fill(last)),
        }),
    }
}

/// The line goes before one of the lines that are there, but never before `v=`.
fn with_line(description: &[u8], line: &str, place: usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(description);
    let mut lines: Vec<_> = text.lines().collect();
    lines.insert(1 + place % lines.len(), line);
    lines.into_iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect()
}

fn exchange(offerer: &LocalAudio, answerer: &LocalAudio, offered: &[u8], plain: bool) {
    let negotiated = match answer(answerer, offered) {
        Ok(negotiated) => negotiated,
        Err(refusal) => {
            let nothing_in_common = !offerer.codecs.iter().any(|codec| answerer.codecs.contains(codec));
            assert!(!plain || nothing_in_common, "{refusal}: {}", offered.escape_ascii());
            return;
        }
    };
    // RFC 3264 §6: as many streams as were offered.
    let streams =
        |text: &[u8]| text.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"m=")).count();
    assert_eq!(streams(&negotiated.description), streams(offered));
    let completed = match complete(offerer, &negotiated.description) {
        Ok(completed) => completed,
        // A stream that was put before the offerer's own may have been taken; the offerer did not ask for it.
        Err(refusal) => {
            assert!(!plain, "{refusal}: {}", negotiated.description.escape_ascii());
            let _: Refusal = refusal;
            return;
        }
    };
    assert!(!completed.direction.sends() || answerer.direction.receives() || !plain, "nobody would listen");
    if !plain {
        return;
    }
    assert_eq!(completed.codec, negotiated.audio.codec);
    let (here, there) = (negotiated.audio.secure, completed.secure);
    assert_eq!(here.is_some(), offerer.security.is_some() && answerer.security.is_some());
    assert_eq!(
        here.map(|keys| (keys.suite, keys.send, keys.receive)),
        there.map(|keys| (keys.suite, keys.receive, keys.send))
    );
    assert!(offerer.codecs.contains(&completed.codec) && answerer.codecs.contains(&completed.codec));
    assert_eq!(completed.direction.sends(), negotiated.audio.direction.receives());
    assert_eq!(completed.direction.receives(), negotiated.audio.direction.sends());
    // RFC 3264 §6.1: nobody sends or receives who did not want to.
    assert!(!completed.direction.sends() || offerer.direction.sends());
    assert!(!completed.direction.receives() || offerer.direction.receives());
    assert!(!negotiated.audio.direction.sends() || answerer.direction.sends());
    assert_eq!((completed.remote, negotiated.audio.remote), (answerer.address, offerer.address));
    assert_eq!(completed.telephone_event, negotiated.audio.telephone_event);
    assert_eq!(completed.packet_ms, negotiated.audio.packet_ms);
}
