//! The noise of a silence that is not sent (RFC 3389): as loud as the sender's room, and coloured like it.

/// Coefficients that are used at most; a sender may tell more, which nobody hears.
const MAX_ORDER: usize = 10;
/// No resonance is sharper than this: beyond it the filter would hardly end.
const SHARPEST: f32 = 0.95;
/// A change of level takes some 100 samples.
const APPROACH: f32 = 0.01;

/// Makes noise as a comfort noise packet describes it. Takes no memory.
#[derive(Debug, Clone)]
pub struct ComfortNoise {
    /// Reflection coefficients.
    reflection: [f32; MAX_ORDER],
    /// What the lattice remembers.
    backward: [f32; MAX_ORDER + 1],
    wanted: f32,
    excitation: f32,
    chance: u32,
}

impl ComfortNoise {
    /// Silence, until something is described.
    pub fn new() -> Self {
        ComfortNoise {
            reflection: [0.0; MAX_ORDER],
            backward: [0.0; MAX_ORDER + 1],
            wanted: 0.0,
            excitation: 0.0,
            chance: 0x9e37_79b9,
        }
    }

    /// Takes a packet's payload (RFC 3389 §3): the level in −dBov, then reflection coefficients. An empty one changes
    /// nothing.
    pub fn describe(&mut self, payload: &[u8]) {
        let Some((level, coefficients)) = payload.split_first() else { return };
        self.reflection = [0.0; MAX_ORDER];
        for (place, byte) in self.reflection.iter_mut().zip(coefficients) {
            // RFC 3389 §3.1: 127 is none.
            *place = ((f32::from(*byte) - 127.0) / 128.0).clamp(-SHARPEST, SHARPEST);
        }
        let rms = 32_768.0 * 10f32.powf(-f32::from(level & 0x7f) / 20.0);
        // What the filter adds in power is taken off before it.
        let kept: f32 = self.reflection.iter().map(|k| 1.0 - k * k).product();
        self.wanted = rms * kept.sqrt();
    }

    /// Fills a frame.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            self.excitation += (self.wanted - self.excitation) * APPROACH;
            *sample = self.next() as i16;
        }
    }

    fn next(&mut self) -> f32 {
        // Numerical Recipes' generator: its high half is noise enough.
        self.chance = self.chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let even = f32::from((self.chance >> 16) as u16) / 32_768.0 - 1.0;
        // An even spread from −1 to 1 has an RMS of 1/√3.
        let mut forward = even * 1.732 * self.excitation;
        for at in (0..MAX_ORDER).rev() {
            let k = self.reflection[at];
            forward -= k * self.backward[at];
            self.backward[at + 1] = self.backward[at] + k * forward;
        }
        self.backward[0] = forward;
        forward.clamp(-32_768.0, 32_767.0)
    }
}

impl Default for ComfortNoise {
    fn default() -> Self {
        ComfortNoise::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(payload: &[u8]) -> Vec<i16> {
        let mut noise = ComfortNoise::new();
        noise.describe(payload);
        let mut samples = vec![0; 16_000];
        noise.fill(&mut samples);
        samples.split_off(8_000)
    }

    fn dbov(samples: &[i16]) -> f64 {
        let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64;
        10.0 * (power / 32_768f64.powi(2)).log10()
    }

    /// How alike a sample and the next are: the colour.
    fn tilt(samples: &[i16]) -> f64 {
        let product: f64 = samples.windows(2).map(|s| f64::from(s[0]) * f64::from(s[1])).sum();
        product / samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>()
    }

    #[test]
    fn the_noise_is_as_loud_as_it_was_described_whatever_its_colour() {
        for level in [30u8, 45, 60, 70] {
            let of = |coefficients: &[u8]| {
                let payload: Vec<u8> = [level].iter().chain(coefficients).copied().collect();
                dbov(&sound(&payload)) + f64::from(level)
            };
            for coefficients in [&[][..], &[40], &[220, 90], &[90, 160, 100, 140, 120]] {
                assert!(of(coefficients).abs() < 2.0, "{coefficients:?}: {}", of(coefficients));
            }
            // What no room sounds like is at least no louder.
            assert!(of(&[10; 12]) < 3.0 && of(&[255; 10]) < 3.0 && of(&[0, 255, 0, 255]) < 3.0);
        }
        assert!(tilt(&sound(&[40])).abs() < 0.05, "white");
        assert!(tilt(&sound(&[40, 40])) > 0.5 && tilt(&sound(&[40, 220])) < -0.5);
    }

    #[test]
    fn nothing_described_is_silence_and_a_change_of_level_makes_no_step() {
        assert!(sound(&[]).iter().all(|sample| *sample == 0));
        let mut noise = ComfortNoise::new();
        let mut samples = [0; 400];
        noise.describe(&[30]);
        noise.fill(&mut samples);
        assert!(samples[..5].iter().all(|sample| sample.abs() < 200), "{:?}", &samples[..5]);
    }
}
