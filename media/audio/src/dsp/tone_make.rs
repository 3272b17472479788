//! Tones: the keys of a telephone and the signs of call progress.

use std::f64::consts::TAU;

/// The row and column frequencies of a key in hertz (ITU-T Q.23).
pub(crate) const ROWS_HZ: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
pub(crate) const COLUMNS_HZ: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// The keys by row and column.
pub(crate) const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

const RATE_HZ: f64 = 8_000.0;
/// The edges of a tone rise and fall over 2.5 ms, so that they do not click.
const RAMP_SAMPLES: u32 = 20;
/// The level of each of two tones: −9 dB below full scale each, together −6 with peaks below full scale.
const AMPLITUDE: f64 = 8_000.0;

/// How long a tone sounds and pauses, in samples at 8 kHz, over and over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// How long it sounds.
    pub on_samples: u32,
    /// How long it is silent.
    pub off_samples: u32,
}

/// A sum of two sines with a cadence, at 8 kHz, made sample by sample without memory.
#[derive(Debug, Clone)]
pub struct ToneGenerator {
    low: Oscillator,
    high: Oscillator,
    cadence: Option<Cadence>,
    at: u32,
}

impl ToneGenerator {
    /// A tone of two frequencies; without a cadence it never pauses.
    pub fn new(low_hz: f64, high_hz: f64, cadence: Option<Cadence>) -> Self {
        ToneGenerator { low: Oscillator::new(low_hz), high: Oscillator::new(high_hz), cadence, at: 0 }
    }

    /// The tones of a key (`0`–`9`, `*`, `#`, `A`–`D`), without end; `None` for another character.
    pub fn dtmf(key: char) -> Option<Self> {
        let key = key.to_ascii_uppercase();
        let (row, keys) = KEYS.iter().enumerate().find(|(_, keys)| keys.contains(&key))?;
        let column = keys.iter().position(|k| *k == key)?;
        Some(ToneGenerator::new(ROWS_HZ[row], COLUMNS_HZ[column], None))
    }

    /// The other telephone rings: 440 + 480 Hz, 2 s on, 4 s off.
    pub fn ringback() -> Self {
        let cadence = Cadence { on_samples: 16_000, off_samples: 32_000 };
        ToneGenerator::new(440.0, 480.0, Some(cadence))
    }

    /// The other telephone is busy: 480 + 620 Hz, 0.5 s on, 0.5 s off.
    pub fn busy() -> Self {
        let cadence = Cadence { on_samples: 4_000, off_samples: 4_000 };
        ToneGenerator::new(480.0, 620.0, Some(cadence))
    }

    /// Writes the next samples of the tone over what stands in `frame`.
    pub fn fill(&mut self, frame: &mut [i16]) {
        for sample in frame.iter_mut() {
            // The oscillators run through the pause, which keeps their phase free of the cadence.
            let tone = self.low.next() + self.high.next();
            *sample = (tone * AMPLITUDE * self.envelope()) as i16;
            self.advance();
        }
    }

    fn envelope(&self) -> f64 {
        let rise = f64::from(self.at.min(RAMP_SAMPLES)) / f64::from(RAMP_SAMPLES);
        match self.cadence {
            None => rise,
            Some(Cadence { on_samples, .. }) => {
                let left = on_samples.saturating_sub(self.at);
                rise.min(f64::from(left.min(RAMP_SAMPLES)) / f64::from(RAMP_SAMPLES))
            }
        }
    }

    fn advance(&mut self) {
        self.at = match self.cadence {
            // Without a cadence only the rise at the beginning is counted.
            None => (self.at + 1).min(RAMP_SAMPLES),
            Some(Cadence { on_samples, off_samples }) => {
                let cycle = on_samples.saturating_add(off_samples).max(1);
                (self.at + 1) % cycle
            }
        };
    }
}

/// A sine by recurrence, `y[n] = 2·cos(ω)·y[n−1] − y[n−2]`. In double precision its amplitude drifts less
/// than one part in a million over a day.
#[derive(Debug, Clone)]
struct Oscillator {
    factor: f64,
    before: f64,
    now: f64,
}

impl Oscillator {
    fn new(hertz: f64) -> Self {
        let step = TAU * hertz / RATE_HZ;
        Oscillator { factor: 2.0 * step.cos(), before: -step.sin(), now: 0.0 }
    }

    fn next(&mut self) -> f64 {
        let value = self.now;
        self.now = self.factor * value - self.before;
        self.before = value;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_sum_of_its_row_and_column() {
        let mut tone = ToneGenerator::dtmf('5').unwrap();
        let mut samples = [0i16; 8_000];
        tone.fill(&mut samples);
        for (n, sample) in samples.iter().enumerate().skip(RAMP_SAMPLES as usize) {
            let time = n as f64 / RATE_HZ;
            let exact = AMPLITUDE * ((TAU * 770.0 * time).sin() + (TAU * 1336.0 * time).sin());
            assert!((f64::from(*sample) - exact).abs() < 1.5, "sample {n}");
        }
        assert!(ToneGenerator::dtmf('d').is_some() && ToneGenerator::dtmf('E').is_none());
    }

    #[test]
    fn the_recurrence_does_not_drift_over_an_hour() {
        let mut oscillator = Oscillator::new(440.0);
        let mut peak = 0f64;
        for n in 0..8_000 * 3_600u32 {
            let value = oscillator.next();
            if n > 8_000 * 3_599 {
                peak = peak.max(value.abs());
            }
        }
        assert!((peak - 1.0).abs() < 1e-3, "{peak}");
    }

    #[test]
    fn a_cadence_pauses_without_a_click() {
        let mut tone = ToneGenerator::busy();
        let mut samples = vec![0i16; 16_000];
        tone.fill(&mut samples);
        assert!(samples[4_000..8_000].iter().all(|s| *s == 0));
        assert!(samples[8_100..11_900].iter().any(|s| s.unsigned_abs() > 10_000));
        let steepest = samples.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().unwrap();
        assert!(steepest < 8_000, "{steepest}");
    }
}
