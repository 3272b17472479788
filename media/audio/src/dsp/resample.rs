//! From one rate to another, with a proper low-pass.

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

#[cfg(test)]
mod tests;
