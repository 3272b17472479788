//! From 8 to 16 kHz and back, frame by frame on the tick.
//!
//! A half-band filter of 47 taps: every second tap beside the middle is zero, so that one half of the samples is
//! handed through and the other is a sum of 24. It is flat within 0.1 dB to 3.4 kHz and damps by more than 55 dB from
//! 4.6 kHz on; what lies between is damped by half at 4 kHz, and downwards its mirror image falls between 3.4 and
//! 4 kHz, where a telephone line carries nothing. Raising delays by 1.5 ms, lowering by 1.4.

use super::dot::dot;
use crate::frame::{AudioFrame, LentFrame, SAMPLES_16K, SampleRate};
use crate::tick::SAMPLES_8K;
use std::f64::consts::PI;

/// The taps that are not zero, without the one in the middle.
const TAPS: usize = 24;
/// Samples of the past that the sums reach back to.
const PAST: usize = TAPS - 1;
/// Samples by which what is handed through waits for the middle of the sums.
const MIDDLE: usize = TAPS / 2;
/// Kaiser's parameter for 57 dB.
const KAISER_BETA: f64 = 5.3;

/// The taps at odd distances from the middle, which sum up to 1.
fn taps() -> [f32; TAPS] {
    let mut taps = [0.0f64; TAPS];
    for (at, tap) in taps.iter_mut().enumerate() {
        // −23, −21, … 23 half samples from the middle.
        let distance = 2.0 * at as f64 - (TAPS - 1) as f64;
        let sinc = (PI * distance / 2.0).sin() / (PI * distance / 2.0);
        let place = distance / TAPS as f64;
        *tap = sinc * bessel(KAISER_BETA * (1.0 - place * place).sqrt()) / bessel(KAISER_BETA);
    }
    let sum: f64 = taps.iter().sum();
    taps.map(|tap| (tap / sum) as f32)
}

/// The modified Bessel function of the first kind of order 0, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

/// Rounds to the nearest that 16 bits hold. (The instruction that rounds is not in every processor; the one that cuts
/// off is.)
#[inline]
fn sample(value: f32) -> i16 {
    let above_zero = value.clamp(-32_768.0, 32_767.0) + 32_768.5;
    (above_zero as i32 - 32_768) as i16
}

/// Brings the frames that somebody hears to one rate, whatever rate they come in. It owns its memory, and takes none.
///
/// Frames that have the rate already are handed through untouched; after such a frame the filter begins anew, since
/// what it remembers is of another sound.
#[derive(Debug, Clone)]
pub struct RateFit {
    taps: [f32; TAPS],
    /// The end of the last frame that was filtered: raising, its samples; lowering, those at odd places.
    past: [f32; PAST],
    /// Lowering: the samples at even places that wait for the middle.
    waiting: [i16; MIDDLE - 1],
    done: Done,
    room: AudioFrame,
}

/// What was done with the last frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    HandedThrough,
    Raised,
    Lowered,
}

impl RateFit {
    /// One that was told nothing yet.
    pub fn new() -> Self {
        RateFit {
            taps: taps(),
            past: [0.0; PAST],
            waiting: [0; MIDDLE - 1],
            done: Done::HandedThrough,
            room: AudioFrame::silence(SampleRate::Narrow),
        }
    }

    /// The frame at this rate. To be called for each frame of the sound, in order.
    pub fn fit<'a>(&'a mut self, frame: LentFrame<'a>, rate: SampleRate) -> LentFrame<'a> {
        match (frame, rate) {
            (LentFrame::Narrow(samples), SampleRate::Wide) => {
                self.begin(Done::Raised);
                self.raise(samples);
            }
            (LentFrame::Wide(samples), SampleRate::Narrow) => {
                self.begin(Done::Lowered);
                self.lower(samples);
            }
            (LentFrame::Narrow(_), SampleRate::Narrow) | (LentFrame::Wide(_), SampleRate::Wide) => {
                self.done = Done::HandedThrough;
                return frame;
            }
        }
        self.room.lend()
    }

    fn begin(&mut self, doing: Done) {
        if self.done != doing {
            self.done = doing;
            self.past = [0.0; PAST];
            self.waiting = [0; MIDDLE - 1];
        }
    }

    fn raise(&mut self, samples: &[i16; SAMPLES_8K]) {
        let line = self.line(samples.iter());
        self.room.silence_at(SampleRate::Wide);
        let pairs = self.room.samples_mut().as_chunks_mut::<2>().0;
        for (pair, seen) in pairs.iter_mut().zip(line.windows(TAPS)) {
            *pair = [seen[MIDDLE - 1] as i16, sample(dot(seen, &self.taps))];
        }
    }

    fn lower(&mut self, samples: &[i16; SAMPLES_16K]) {
        let pairs = samples.as_chunks::<2>().0;
        let line = self.line(pairs.iter().map(|[_, odd]| odd));
        let mut through = [0i16; MIDDLE - 1 + SAMPLES_8K];
        let (waited, new) = through.split_at_mut(MIDDLE - 1);
        waited.copy_from_slice(&self.waiting);
        new.iter_mut().zip(pairs).for_each(|(place, [even, _])| *place = *even);
        self.waiting.copy_from_slice(&through[SAMPLES_8K..]);
        self.room.silence_at(SampleRate::Narrow);
        let seen = line.windows(TAPS).zip(&through);
        for (lowered, (seen, through)) in self.room.samples_mut().iter_mut().zip(seen) {
            *lowered = sample((dot(seen, &self.taps) + f32::from(*through)) / 2.0);
        }
    }

    /// The past and these samples in a row; their end is the next past.
    fn line<'s>(&mut self, samples: impl Iterator<Item = &'s i16>) -> [f32; PAST + SAMPLES_8K] {
        let mut line = [0.0; PAST + SAMPLES_8K];
        line[..PAST].copy_from_slice(&self.past);
        line[PAST..].iter_mut().zip(samples).for_each(|(place, sample)| *place = f32::from(*sample));
        self.past.copy_from_slice(&line[SAMPLES_8K..]);
        line
    }
}

impl Default for RateFit {
    fn default() -> Self {
        RateFit::new()
    }
}

#[cfg(test)]
mod tests;
