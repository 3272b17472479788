//! One band's predictor and scale, which coder and decoder adapt alike (ITU-T G.722 §3.4 to §3.6).

use super::saturate;
use super::tables::{ANTILOGARITHM, HIGH_GROWTH, LOW_GROWTH};

/// A predictor of two poles and six zeros, and the scale of the differences from it.
#[derive(Debug, Clone)]
pub(super) struct Band {
    /// S: what the next sample is expected to be.
    expected: i32,
    /// SZ: the zeros' part of it.
    zeros_part: i32,
    /// RLT: the last two samples as the decoder made them.
    samples: [i32; 2],
    /// PLT: the signs of the last two partial samples.
    signs: [bool; 2],
    /// AL: the poles.
    poles: [i32; 2],
    /// BL: the zeros.
    zeros: [i32; 6],
    /// DLT: the last six differences.
    differences: [i32; 6],
    /// NB: the logarithm of the scale.
    scale_logarithm: i32,
    /// DET: the scale.
    scale: i32,
}

impl Band {
    pub(super) fn low() -> Self {
        Band::of_scale(32)
    }

    pub(super) fn high() -> Self {
        Band::of_scale(8)
    }

    fn of_scale(scale: i32) -> Self {
        Band {
            expected: 0,
            zeros_part: 0,
            samples: [0; 2],
            signs: [false; 2],
            poles: [0; 2],
            zeros: [0; 6],
            differences: [0; 6],
            scale_logarithm: 0,
            scale,
        }
    }

    pub(super) fn expected(&self) -> i32 {
        self.expected
    }

    pub(super) fn scale(&self) -> i32 {
        self.scale
    }

    /// INVQAL, LOGSCL, SCALEL and the predictor, by the upper four bits of the lower band's code.
    pub(super) fn adapt_low(&mut self, code: u8, values: &[i32; 16]) {
        let code = usize::from(code & 0x0f);
        let difference = (self.scale * values[code]) >> 15;
        self.rescale(LOW_GROWTH[code], 18_432, 8);
        self.predict(difference);
    }

    /// INVQAH, LOGSCH, SCALEH and the predictor, by the higher band's code; the difference that it stands for.
    pub(super) fn adapt_high(&mut self, code: u8, values: &[i32; 4]) -> i32 {
        let code = usize::from(code & 0x03);
        let difference = (self.scale * values[code]) >> 15;
        self.rescale(HIGH_GROWTH[code], 22_528, 10);
        self.predict(difference);
        difference
    }

    fn rescale(&mut self, growth: i32, most: i32, shift: i32) {
        self.scale_logarithm = (((self.scale_logarithm * 127) >> 7) + growth).clamp(0, most);
        let fraction = ANTILOGARITHM[(self.scale_logarithm >> 6) as usize & 31];
        let down = shift - (self.scale_logarithm >> 11);
        self.scale = if down < 0 { fraction << -down } else { fraction >> down } << 2;
    }

    /// Block 4: what came becomes past, the poles and zeros follow it, and the next sample is foretold.
    fn predict(&mut self, difference: i32) {
        let sample = saturate(self.expected + difference);
        let sign = saturate(self.zeros_part + difference) < 0;
        self.move_poles(sign);
        self.move_zeros(difference);
        self.differences.copy_within(0..5, 1);
        self.differences[0] = difference;
        self.samples = [sample, self.samples[0]];
        self.signs = [sign, self.signs[0]];
        // FILTEP, FILTEZ, PREDIC
        let poles_part = saturate(
            ((self.poles[0] * saturate(2 * self.samples[0])) >> 15)
                + ((self.poles[1] * saturate(2 * self.samples[1])) >> 15),
        );
        let zeros = self.zeros.iter().zip(&self.differences);
        self.zeros_part = saturate(zeros.map(|(zero, past)| (zero * saturate(2 * past)) >> 15).sum());
        self.expected = saturate(poles_part + self.zeros_part);
    }

    /// UPPOL2, UPPOL1: held where the filter is stable.
    fn move_poles(&mut self, sign: bool) {
        let [first, second] = self.poles;
        let as_before = sign == self.signs[0];
        let grown = saturate(4 * first);
        let pushed = if as_before { (-grown).min(32_767) } else { grown };
        let drawn = if sign == self.signs[1] { 128 } else { -128 };
        let second = (drawn + (pushed >> 7) + ((second * 32_512) >> 15)).clamp(-12_288, 12_288);
        let bound = saturate(15_360 - second);
        let drawn = if as_before { 192 } else { -192 };
        let first = saturate(drawn + ((first * 32_640) >> 15)).clamp(-bound, bound);
        self.poles = [first, second];
    }

    /// UPZERO
    fn move_zeros(&mut self, difference: i32) {
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, past) in self.zeros.iter_mut().zip(&self.differences) {
            let drawn = if (*past < 0) == (difference < 0) { step } else { -step };
            *zero = saturate(drawn + ((*zero * 32_640) >> 15));
        }
    }
}
