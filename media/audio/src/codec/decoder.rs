//! Payload → samples, whatever the codec.

use super::g711;
use crate::frame::SampleRate;

/// Turns payload into samples. It is made where memory may be taken, and takes none afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoder {
    /// G.711 µ-law: a byte is a sample at 8 kHz.
    Pcmu,
    /// G.711 A-law: a byte is a sample at 8 kHz.
    Pcma,
}

impl Decoder {
    /// The rate of the samples that come out.
    pub const fn rate(&self) -> SampleRate {
        match self {
            Decoder::Pcmu | Decoder::Pcma => SampleRate::Narrow,
        }
    }

    /// Decodes a payload into the beginning of `samples`; how many there are. What does not fit is left out.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let count = payload.len().min(samples.len());
        let (payload, samples) = (&payload[..count], &mut samples[..count]);
        match self {
            Decoder::Pcmu => g711::decode_ulaw(payload, samples),
            Decoder::Pcma => g711::decode_alaw(payload, samples),
        }
        count
    }
}
