//! Payload → samples, whatever the codec.

use super::g711;
use super::g722::G722Decoder;
use super::opus::OpusDecoder;
use crate::frame::SampleRate;

/// Turns payload into samples. It is made where memory may be taken, takes none afterwards, and gives it back where it
/// is dropped.
#[derive(Debug)]
pub enum Decoder {
    /// G.711 µ-law: a byte is a sample at 8 kHz.
    Pcmu,
    /// G.711 A-law: a byte is a sample at 8 kHz.
    Pcma,
    /// G.722: a byte is two samples at 16 kHz.
    G722(Box<G722Decoder>),
    /// Opus: a packet is up to [`OPUS_MAX_SAMPLES`](crate::OPUS_MAX_SAMPLES) samples at 16 kHz.
    Opus(OpusDecoder),
}

impl Decoder {
    /// For G.722.
    pub fn g722() -> Self {
        Decoder::G722(Box::default())
    }

    /// For Opus.
    pub fn opus() -> Self {
        Decoder::Opus(OpusDecoder::new())
    }

    /// The rate of the samples that come out.
    pub const fn rate(&self) -> SampleRate {
        match self {
            Decoder::Pcmu | Decoder::Pcma => SampleRate::Narrow,
            Decoder::G722(_) | Decoder::Opus(_) => SampleRate::Wide,
        }
    }

    /// Decodes a payload into the beginning of `samples`; how many there are. Of Opus all or nothing fits, and 0 also
    /// means a packet that is none; of the others what does not fit is left out.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        match self {
            Decoder::Pcmu => g711::decode_ulaw(payload, samples),
            Decoder::Pcma => g711::decode_alaw(payload, samples),
            Decoder::G722(decoder) => return decoder.decode(payload, samples),
            Decoder::Opus(decoder) => return decoder.decode(payload, samples),
        }
        payload.len().min(samples.len())
    }

    /// Fills `samples`, of 10 ms or a multiple up to 120, for a packet that did not come, if the codec conceals its own
    /// losses: Opus does. Otherwise `false`, and [`Conceal`](crate::Conceal) is to do it.
    pub fn conceal(&mut self, samples: &mut [i16]) -> bool {
        match self {
            Decoder::Pcmu | Decoder::Pcma | Decoder::G722(_) => false,
            Decoder::Opus(decoder) => {
                decoder.conceal(samples);
                true
            }
        }
    }

    /// Fills `samples`, as many as the lost packet had, from the copy that the packet after it carries, if it carries
    /// one: of Opus it may ([`opus_carries_copy`](crate::opus_carries_copy)). That packet is to be decoded next.
    pub fn recover(&mut self, next_payload: &[u8], samples: &mut [i16]) -> bool {
        match self {
            Decoder::Opus(decoder) if super::opus::opus_carries_copy(next_payload) => {
                decoder.recover(next_payload, samples);
                true
            }
            _ => false,
        }
    }
}
