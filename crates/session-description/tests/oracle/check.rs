//! What holds for whatever bytes come as an offer or an answer. The property tests and the fuzz target share it.

use frontdesk_media_protocol::{Codec, Direction};
use frontdesk_session_description::{Demand, Formats, LocalAudio, LocalSecurity, OwnKeys, answer, complete};
use std::net::SocketAddr;

/// The port that marks this side's stream in an answer.
const PORT: u16 = 30_000;

fn desk() -> LocalAudio {
    LocalAudio {
        address: SocketAddr::from(([198, 51, 100, 1], PORT)),
        codecs: vec![Codec::Pcmu, Codec::Pcma],
        formats: Formats::default(),
        direction: Direction::SendReceive,
        session_id: 1,
        session_version: 1,
        security: Some(LocalSecurity { demand: Demand::Offered, keys: OwnKeys::draw(|bytes| bytes.fill(9)) }),
    }
}

/// Whatever came, an answer to it is in order: as many streams as offered, exactly one of them in use, and an
/// offerer that reads it comes to the same codec. Panics where that does not hold.
pub fn check(bytes: &[u8]) {
    if let Ok(audio) = complete(&desk(), bytes) {
        assert!(!audio.direction.sends() || !audio.remote.ip().is_unspecified());
    }
    let Ok(negotiated) = answer(&desk(), bytes) else { return };
    assert!(negotiated.description.is_ascii());
    let answered = streams(&negotiated.description);
    assert_eq!(answered.len(), streams(bytes).len());
    let ours = format!("m=audio {PORT} ");
    assert_eq!(answered.iter().filter(|line| line.starts_with(&ours)).count(), 1);

    // The offerer reads the stream that is in use, wherever it stands.
    let offerer = LocalAudio { address: SocketAddr::from(([192, 0, 2, 1], 4_000)), ..desk() };
    let text = String::from_utf8_lossy(&negotiated.description);
    let begin = text.find("m=").unwrap_or(0);
    let stream = text.find(&ours).unwrap_or(0);
    let alone = format!("{}{}", &text[..begin], &text[stream..]);
    let completed = complete(&offerer, alone.as_bytes()).expect("an answer is read by its offerer");
    assert_eq!(completed.codec, negotiated.audio.codec);
    assert_eq!(completed.payload_type, negotiated.audio.payload_type);
    assert_eq!(completed.telephone_event, negotiated.audio.telephone_event);
}

/// The `m=` lines.
fn streams(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.split(['\r', '\n']).filter(|line| line.starts_with("m=")).map(str::to_owned).collect()
}
