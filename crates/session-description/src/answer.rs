//! Answering an offer.

use crate::write::Writer;
use crate::{LocalAudio, PayloadNumbers, Refusal, audio, read};
use frontdesk_media_protocol::AgreedAudio;

/// An offer that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// With what the media port is configured.
    pub audio: AgreedAudio,
    /// The answer to send, SDP.
    pub description: Vec<u8>,
    /// The numbers that the session's later descriptions have to give ([`Formats::numbers`](crate::Formats::numbers)).
    pub numbers: PayloadNumbers,
}

/// Answers an offer (RFC 3264 §6): the first audio stream that can be served is, by the first codec of the
/// offer that this side speaks, or the one that it prefers; every other stream is refused with port 0, in its place.
///
/// When no stream can be served the refusal says what is wrong with the first audio stream.
pub fn answer(local: &LocalAudio, offer: &[u8]) -> Result<Negotiated, Refusal> {
    let text = read::text(offer)?;
    let offer = read::read(&text)?;
    let mut first_refusal = None;
    let mut served = None;
    for (index, stream) in offer.streams.iter().enumerate() {
        match audio::agree(local, stream) {
            Ok(audio) => {
                served = Some((index, audio));
                break;
            }
            Err(Refusal::NoAudio) => {}
            Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
        }
    }
    let (served, audio) = served.ok_or(first_refusal.unwrap_or(Refusal::NoAudio))?;
    let mut numbers = local.formats.numbers;
    let mut writer = Writer::new(local, offer.time);
    for (index, stream) in offer.streams.iter().enumerate() {
        if index == served {
            numbers = numbers.after(stream);
            writer.accepted(local, stream, &audio);
        } else {
            writer.refused(stream);
        }
    }
    Ok(Negotiated { audio, description: writer.finish(), numbers })
}
