//! Samples → payload, whatever the codec.

use super::g711;
use super::g722::G722Encoder;
use super::opus::{OpusEncoder, OpusWishes};
use crate::frame::SampleRate;

/// Turns samples into payload. It is made where memory may be taken, takes none afterwards, and gives it back where it
/// is dropped.
#[derive(Debug)]
pub enum Encoder {
    /// G.711 µ-law: a byte is a sample at 8 kHz.
    Pcmu,
    /// G.711 A-law: a byte is a sample at 8 kHz.
    Pcma,
    /// G.722: a byte is two samples at 16 kHz.
    G722(Box<G722Encoder>),
    /// Opus: a packet is 10, 20, 40 or 60 ms at 16 kHz.
    Opus(OpusEncoder),
}

impl Encoder {
    /// For G.722.
    pub fn g722() -> Self {
        Encoder::G722(Box::default())
    }

    /// For Opus, as the other side wants it.
    pub fn opus(wishes: OpusWishes) -> Self {
        Encoder::Opus(OpusEncoder::new(wishes))
    }

    /// The rate of the samples that go in.
    pub const fn rate(&self) -> SampleRate {
        match self {
            Encoder::Pcmu | Encoder::Pcma => SampleRate::Narrow,
            Encoder::G722(_) | Encoder::Opus(_) => SampleRate::Wide,
        }
    }

    /// Encodes samples of [`rate`](Self::rate) into the beginning of `payload`; how many bytes there are. 0: nothing is
    /// to be sent, because it does not fit, or is silence that an Opus decoder does without.
    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        match self {
            Encoder::Pcmu | Encoder::Pcma if payload.len() < samples.len() => return 0,
            Encoder::Pcmu => g711::encode_ulaw(samples, payload),
            Encoder::Pcma => g711::encode_alaw(samples, payload),
            Encoder::G722(_) if payload.len() < samples.len() / 2 => return 0,
            Encoder::G722(encoder) => return encoder.encode(samples, payload),
            Encoder::Opus(encoder) => return encoder.encode(samples, payload),
        }
        samples.len()
    }

    /// So many packets of a hundred get lost on their way to the other side, as it reports: Opus adapts to it.
    pub fn network(&mut self, loss_percent: u8) {
        match self {
            Encoder::Pcmu | Encoder::Pcma | Encoder::G722(_) => {}
            Encoder::Opus(encoder) => encoder.network(loss_percent),
        }
    }
}
