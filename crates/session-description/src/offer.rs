//! Offering, and reading what became of the offer.

use crate::write::Writer;
use crate::{LocalAudio, Refusal, audio, read};
use frontdesk_media_protocol::AgreedAudio;

/// An offer with one audio stream (RFC 3264 §5): every codec of `local` in its order, and telephone events.
pub fn offer(local: &LocalAudio) -> Vec<u8> {
    let mut writer = Writer::new(local, None);
    writer.offered(local);
    writer.finish()
}

/// Reads the answer to [`offer`] (RFC 3264 §7). `local` is what the offer was made of.
///
/// The stream counts that stands where the offered one stood: the first. An answerer may name several codecs;
/// the first of them that was offered is spoken.
pub fn complete(local: &LocalAudio, answer: &[u8]) -> Result<AgreedAudio, Refusal> {
    let text = read::text(answer)?;
    let answer = read::read(&text)?;
    let audio = audio::agree(local, answer.streams.first().ok_or(Refusal::NoAudio)?)?;
    // RFC 3264 §6.1: an answerer may number what it receives otherwise; what comes is numbered as it was offered.
    let numbers = local.formats.numbers;
    Ok(AgreedAudio {
        receive_payload_type: numbers.of(audio.codec),
        receive_telephone_event: audio.telephone_event.map(|_| numbers.event_of(audio.telephone_event_hz)),
        ..audio
    })
}
