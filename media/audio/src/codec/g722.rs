//! G.722 at 64 kbit/s: 7 kHz of sound in as many bits as G.711 needs for 3.4. ITU-T G.722 (09/2012), mode 1.
//!
//! Two samples of 16 kHz become one byte. A quadrature mirror filter parts them into a lower and a higher band of
//! 8 kHz each; each band is coded as the difference from what a predictor expects (ADPCM), the lower with 6 bits and
//! the higher with 2. Coder and decoder adapt their predictors by what was sent alone, so that both stay equal
//! (§3). Names of blocks in the comments are those of the Recommendation (§6.2).
//!
//! The filters delay by 22 samples, which is 1.4 ms. Nothing here takes memory.

mod band;
mod tables;

use band::Band;
use tables::{DECISIONS_LOW, HIGH_DECISION, HIGH_VALUES, LOW_CODES, LOW_VALUES, LOW_VALUES_COARSE, QMF};

/// Samples of the past that the filters see beside the newest pair.
const PAST: usize = 22;
/// Pairs of samples that are filtered at once: 10 ms.
const PAIRS: usize = 80;

/// Samples of 16 kHz → bytes.
#[derive(Debug, Clone)]
pub struct G722Encoder {
    past: [i16; PAST],
    low: Band,
    high: Band,
}

impl G722Encoder {
    /// An encoder that was told nothing yet.
    pub fn new() -> Self {
        G722Encoder { past: [0; PAST], low: Band::low(), high: Band::high() }
    }

    /// Encodes pairs of samples, one byte each, as many as both slices hold; how many bytes.
    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let pairs = (samples.len() / 2).min(payload.len());
        for (samples, payload) in samples[..2 * pairs].chunks(2 * PAIRS).zip(payload.chunks_mut(PAIRS)) {
            let mut line = [0i16; PAST + 2 * PAIRS];
            line[..PAST].copy_from_slice(&self.past);
            line[PAST..PAST + samples.len()].copy_from_slice(samples);
            for (code, seen) in payload[..samples.len() / 2].iter_mut().zip(line.windows(PAST + 2).step_by(2))
            {
                *code = self.code(seen);
            }
            self.past.copy_from_slice(&line[samples.len()..samples.len() + PAST]);
        }
        pairs
    }

    /// The newest pair of samples, with those before it.
    fn code(&mut self, seen: &[i16]) -> u8 {
        let (even, odd) = mirror(seen);
        // The filters together gain 2¹³; the bands are of 15 bits.
        let (low, high) = ((odd + even) >> 14, (odd - even) >> 14);
        let low = self.code_low(low);
        let high = self.code_high(high);
        (high << 6) | low
    }

    /// QUANTL, and the adaptation to what the decoder will make of it.
    fn code_low(&mut self, sample: i32) -> u8 {
        let error = saturate(sample - self.low.expected());
        let magnitude = if error < 0 { !error } else { error };
        let scale = self.low.scale();
        let interval = DECISIONS_LOW.partition_point(|decision| (decision * scale) >> 12 <= magnitude);
        let code = LOW_CODES[usize::from(error >= 0)][interval];
        self.low.adapt_low(code >> 2, LOW_VALUES_COARSE);
        code
    }

    /// QUANTH.
    fn code_high(&mut self, sample: i32) -> u8 {
        let error = saturate(sample - self.high.expected());
        let magnitude = if error < 0 { !error } else { error };
        let far = magnitude >= (HIGH_DECISION * self.high.scale()) >> 12;
        let code = match (error < 0, far) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.high.adapt_high(code, HIGH_VALUES);
        code
    }
}

impl Default for G722Encoder {
    fn default() -> Self {
        G722Encoder::new()
    }
}

/// Bytes → samples of 16 kHz.
#[derive(Debug, Clone)]
pub struct G722Decoder {
    past: [i16; PAST],
    low: Band,
    high: Band,
}

impl G722Decoder {
    /// A decoder that was told nothing yet.
    pub fn new() -> Self {
        G722Decoder { past: [0; PAST], low: Band::low(), high: Band::high() }
    }

    /// Decodes bytes, two samples each, as many as both slices hold; how many samples.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let pairs = payload.len().min(samples.len() / 2);
        for (payload, samples) in payload[..pairs].chunks(PAIRS).zip(samples.chunks_mut(2 * PAIRS)) {
            let mut line = [0i16; PAST + 2 * PAIRS];
            line[..PAST].copy_from_slice(&self.past);
            for (bands, code) in line[PAST..].as_chunks_mut::<2>().0.iter_mut().zip(payload) {
                let (low, high) = (self.low_of(code & 0x3f), self.high_of(code >> 6));
                *bands = [(low + high) as i16, (low - high) as i16];
            }
            let pairs = samples.as_chunks_mut::<2>().0.iter_mut().take(payload.len());
            for (pair, seen) in pairs.zip(line.windows(PAST + 2).step_by(2)) {
                let (even, odd) = mirror(seen);
                *pair = [saturate(odd >> 11) as i16, saturate(even >> 11) as i16];
            }
            self.past.copy_from_slice(&line[2 * payload.len()..2 * payload.len() + PAST]);
        }
        2 * pairs
    }

    /// INVQBL, RECONS, LIMIT.
    fn low_of(&mut self, code: u8) -> i32 {
        let difference = (self.low.scale() * LOW_VALUES[usize::from(code & 0x3f)]) >> 15;
        let sample = (self.low.expected() + difference).clamp(-16_384, 16_383);
        self.low.adapt_low(code >> 2, LOW_VALUES_COARSE);
        sample
    }

    /// INVQAH, RECONS, LIMIT.
    fn high_of(&mut self, code: u8) -> i32 {
        let expected = self.high.expected();
        let difference = self.high.adapt_high(code, HIGH_VALUES);
        (expected + difference).clamp(-16_384, 16_383)
    }
}

impl Default for G722Decoder {
    fn default() -> Self {
        G722Decoder::new()
    }
}

/// The two halves of the mirror filter over 24 samples: what the even ones of them sum up to, and the odd ones.
#[inline]
fn mirror(seen: &[i16]) -> (i32, i32) {
    let (mut even, mut odd) = (0, 0);
    for (at, pair) in seen.as_chunks::<2>().0.iter().enumerate().take(QMF.len()) {
        even += i32::from(pair[0]) * QMF[at];
        odd += i32::from(pair[1]) * QMF[QMF.len() - 1 - at];
    }
    (even, odd)
}

/// What 16 bits hold (§6.1).
#[inline]
fn saturate(value: i32) -> i32 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX))
}

#[cfg(test)]
mod tests;
