//! Samples → payload, whatever the codec.

use super::g711;
use crate::frame::{LentFrame, SampleRate};

/// Turns frames into payload. It is made where memory may be taken, and takes none afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoder {
    /// G.711 µ-law: a byte is a sample at 8 kHz.
    Pcmu,
    /// G.711 A-law: a byte is a sample at 8 kHz.
    Pcma,
}

impl Encoder {
    /// The rate of the frames that go in.
    pub const fn rate(&self) -> SampleRate {
        match self {
            Encoder::Pcmu | Encoder::Pcma => SampleRate::Narrow,
        }
    }

    /// Encodes a frame of [`rate`](Self::rate) into the beginning of `payload`; how many bytes there are, 0 if they
    /// do not fit.
    pub fn encode(&mut self, frame: LentFrame<'_>, payload: &mut [u8]) -> usize {
        let samples = frame.samples();
        let Some(payload) = payload.get_mut(..samples.len()) else { return 0 };
        match self {
            Encoder::Pcmu => g711::encode_ulaw(samples, payload),
            Encoder::Pcma => g711::encode_alaw(samples, payload),
        }
        samples.len()
    }
}
