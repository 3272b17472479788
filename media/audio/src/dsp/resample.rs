//! From one rate to another, with a proper low-pass.

use crate::dsp::dot::dot;
use audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, WindowFunction};

/// The lowest rate that [`to_rate`] reads or writes, in hertz.
pub const MIN_RATE_HZ: u32 = 4_000;
/// The highest rate that [`to_rate`] reads or writes, in hertz.
pub const MAX_RATE_HZ: u32 = 192_000;

/// Zero crossings of the windowed sinc at the lower of the two rates: the transition band is then about
/// 400 Hz wide at 8 kHz, which keeps the telephone's 3.4 kHz whole.
const SINC_LENGTH: usize = 128;
const CHUNK_FRAMES: usize = 1_024;

/// Brings a whole sound from one rate to another. The filter's delay is taken out, so that nothing moves in
/// time by more than about a sample, and the outcome has `len · to / from` samples, rounded up.
///
/// Takes memory and time: not for the tick. A rate outside [`MIN_RATE_HZ`] to [`MAX_RATE_HZ`] gives nothing;
/// [`crate::wav::read`] refuses such rates already.
pub fn to_rate(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    let range = MIN_RATE_HZ..=MAX_RATE_HZ;
    if samples.is_empty() || !range.contains(&from) || !range.contains(&to) {
        return Vec::new();
    }
    if from == to {
        return samples.to_vec();
    }
    let wanted = (samples.len() as u64 * u64::from(to)).div_ceil(u64::from(from)) as usize;
    let float: Vec<f32> = samples.iter().map(|s| f32::from(*s)).collect();
    let mut resampled = resample(float, f64::from(to) / f64::from(from)).unwrap_or_default();
    resampled.resize(wanted, 0.0);
    // `as` saturates: the ringing of a low-pass may leave the range.
    resampled.iter().map(|s| s.round() as i16).collect()
}

/// `None` if rubato refuses, which it does not for ratios that [`to_rate`] lets pass.
fn resample(samples: Vec<f32>, ratio: f64) -> Option<Vec<f32>> {
    // Downwards the filter must grow with the ratio to stay as steep.
    let length = (SINC_LENGTH as f64 * (1.0 / ratio).max(1.0)) as usize;
    let parameters = SincInterpolationParameters::new(length, WindowFunction::BlackmanHarris2);
    let mut resampler =
        Async::<f32>::new_sinc(ratio, 1.0, &parameters, CHUNK_FRAMES, 1, FixedAsync::Input).ok()?;
    let frames = samples.len();
    let input = InterleavedOwned::new_from(samples, 1, frames).ok()?;
    Some(resampler.process_all(&input, frames, None).ok()?.take_data())
}

/// Half the taps of the half-band filter of [`Upsampler`].
const HALF_TAPS: usize = 16;

/// Raises a stream from 8 kHz to 16 kHz for the ears, as `f32` between −1 and 1, with a delay of
/// [`Upsampler::DELAY_16K`] samples. 32 multiplications a sample, no memory after it was made.
///
/// The even samples are the input; the odd ones are computed by a half-band filter.
#[derive(Debug, Clone)]
pub struct Upsampler {
    taps: [f32; 2 * HALF_TAPS],
    /// The last inputs, twice, so that any window of them lies in one piece.
    past: [f32; 4 * HALF_TAPS],
    at: usize,
}

impl Upsampler {
    /// How many samples at 16 kHz the outcome lags behind: 2 ms.
    pub const DELAY_16K: usize = 2 * HALF_TAPS;

    /// An upsampler that has heard silence.
    pub fn new() -> Self {
        let mut taps = [0.0; 2 * HALF_TAPS];
        for (n, tap) in taps.iter_mut().enumerate() {
            // Half a sample beside the centre of the sinc; Kaiser's window with β = 6 (60 dB).
            let offset = n as f64 - HALF_TAPS as f64 + 0.5;
            let sinc = (std::f64::consts::PI * offset).sin() / (std::f64::consts::PI * offset);
            let edge = offset / HALF_TAPS as f64;
            let window = bessel_i0(6.0 * (1.0 - edge * edge).max(0.0).sqrt()) / bessel_i0(6.0);
            *tap = (sinc * window) as f32;
        }
        let sum: f32 = taps.iter().sum();
        taps.iter_mut().for_each(|tap| *tap /= sum);
        Upsampler { taps, past: [0.0; 4 * HALF_TAPS], at: 0 }
    }

    /// Raises these samples and appends twice as many to `out`.
    pub fn push(&mut self, samples_8k: &[i16], out: &mut Vec<f32>) {
        out.reserve(2 * samples_8k.len());
        for sample in samples_8k {
            let value = f32::from(*sample) / 32_768.0;
            self.past[self.at] = value;
            self.past[self.at + 2 * HALF_TAPS] = value;
            self.at = (self.at + 1) % (2 * HALF_TAPS);
            // From the oldest to the newest of the last 32 inputs.
            let window = &self.past[self.at..self.at + 2 * HALF_TAPS];
            out.push(window[HALF_TAPS - 1]);
            out.push(dot(window, &self.taps));
        }
    }

    /// Forgets what it heard.
    pub fn reset(&mut self) {
        self.past = [0.0; 4 * HALF_TAPS];
        self.at = 0;
    }
}

impl Default for Upsampler {
    fn default() -> Self {
        Upsampler::new()
    }
}

/// The modified Bessel function of order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    for k in 1..32 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests;
