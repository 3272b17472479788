//! Twenty milliseconds of sound.

use crate::tick::SAMPLES_8K;

/// Samples of a frame at 16 kHz: the longest frame.
pub const SAMPLES_16K: usize = 2 * SAMPLES_8K;

/// How many samples a second has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SampleRate {
    /// 8 kHz: what a telephone line carries, and all of G.711.
    #[default]
    Narrow,
    /// 16 kHz: G.722 and Opus.
    Wide,
}

impl SampleRate {
    /// Samples a second.
    pub const fn hz(self) -> u32 {
        match self {
            SampleRate::Narrow => 8_000,
            SampleRate::Wide => 16_000,
        }
    }

    /// Samples of a frame of 20 ms.
    pub const fn frame_samples(self) -> usize {
        match self {
            SampleRate::Narrow => SAMPLES_8K,
            SampleRate::Wide => SAMPLES_16K,
        }
    }
}

/// 20 ms of mono sound, which carries its rate: 160 samples at 8 kHz or 320 at 16 kHz.
#[derive(Clone, Copy)]
pub struct AudioFrame {
    rate: SampleRate,
    room: [i16; SAMPLES_16K],
}

impl AudioFrame {
    /// Nothing to hear.
    pub const fn silence(rate: SampleRate) -> Self {
        AudioFrame { rate, room: [0; SAMPLES_16K] }
    }

    /// A frame of these samples at 8 kHz.
    pub fn narrow(samples: &[i16; SAMPLES_8K]) -> Self {
        let mut frame = AudioFrame::silence(SampleRate::Narrow);
        frame.samples_mut().copy_from_slice(samples);
        frame
    }

    /// A frame of these samples at 16 kHz.
    pub const fn wide(samples: &[i16; SAMPLES_16K]) -> Self {
        AudioFrame { rate: SampleRate::Wide, room: *samples }
    }

    /// Its rate.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Its samples: 160 or 320.
    pub fn samples(&self) -> &[i16] {
        &self.room[..self.rate.frame_samples()]
    }

    /// Its samples, to be changed in place.
    pub fn samples_mut(&mut self) -> &mut [i16] {
        &mut self.room[..self.rate.frame_samples()]
    }

    /// Lends it.
    pub fn lend(&self) -> LentFrame<'_> {
        match (self.rate, self.room.first_chunk()) {
            (SampleRate::Narrow, Some(samples)) => LentFrame::Narrow(samples),
            _ => LentFrame::Wide(&self.room),
        }
    }

    /// Takes over a frame's samples and rate.
    pub fn copy_from(&mut self, frame: LentFrame<'_>) {
        self.rate = frame.rate();
        self.samples_mut().copy_from_slice(frame.samples());
    }

    /// Makes it silent, at this rate.
    pub fn silence_at(&mut self, rate: SampleRate) {
        self.rate = rate;
        self.samples_mut().fill(0);
    }
}

/// A frame that somebody else has: a port's, a prompt's, a ring's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LentFrame<'a> {
    /// At 8 kHz.
    Narrow(&'a [i16; SAMPLES_8K]),
    /// At 16 kHz.
    Wide(&'a [i16; SAMPLES_16K]),
}

impl<'a> LentFrame<'a> {
    /// Its rate.
    pub const fn rate(self) -> SampleRate {
        match self {
            LentFrame::Narrow(_) => SampleRate::Narrow,
            LentFrame::Wide(_) => SampleRate::Wide,
        }
    }

    /// Its samples.
    pub const fn samples(self) -> &'a [i16] {
        match self {
            LentFrame::Narrow(samples) => samples,
            LentFrame::Wide(samples) => samples,
        }
    }
}

impl std::fmt::Debug for LentFrame<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LentFrame").field("rate", &self.rate()).finish_non_exhaustive()
    }
}

/// Sound of a party is not for the log.
impl std::fmt::Debug for AudioFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioFrame").field("rate", &self.rate).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_as_long_as_its_rate_says() {
        let mut frame = AudioFrame::wide(&[7; SAMPLES_16K]);
        assert_eq!(frame.lend(), LentFrame::Wide(&[7; SAMPLES_16K]));
        frame.silence_at(SampleRate::Narrow);
        assert_eq!(frame.lend(), LentFrame::Narrow(&[0; SAMPLES_8K]));
        frame.copy_from(LentFrame::Wide(&[5; SAMPLES_16K]));
        assert_eq!((frame.rate(), frame.samples().len()), (SampleRate::Wide, 320));
        assert_eq!(AudioFrame::narrow(&[3; SAMPLES_8K]).samples(), [3; SAMPLES_8K]);
    }
}
