//! 20 ms of sound that knows its rate.

/// Samples of a frame at 8 kHz.
pub const SAMPLES_8K: usize = 160;
/// Samples of a frame at 16 kHz.
pub const SAMPLES_16K: usize = 320;

/// The rates at which frames travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SampleRate {
    /// 8 kHz: G.711.
    #[default]
    Hz8000,
    /// 16 kHz: wideband codecs and the ears.
    Hz16000,
}

impl SampleRate {
    /// Samples a second.
    pub const fn hertz(self) -> u32 {
        match self {
            SampleRate::Hz8000 => 8_000,
            SampleRate::Hz16000 => 16_000,
        }
    }

    /// Samples of one frame of 20 ms.
    pub const fn frame_samples(self) -> usize {
        match self {
            SampleRate::Hz8000 => SAMPLES_8K,
            SampleRate::Hz16000 => SAMPLES_16K,
        }
    }
}

/// 20 ms of sound, mono, 16 bit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AudioFrame {
    rate: SampleRate,
    samples: [i16; SAMPLES_16K],
}

impl AudioFrame {
    /// A frame of digital silence.
    pub const fn silence(rate: SampleRate) -> Self {
        AudioFrame { rate, samples: [0; SAMPLES_16K] }
    }

    /// A frame of these samples at 8 kHz.
    pub fn from_8k(samples: &[i16; SAMPLES_8K]) -> Self {
        let mut frame = AudioFrame::silence(SampleRate::Hz8000);
        frame.samples_mut().copy_from_slice(samples);
        frame
    }

    /// The frame's rate.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Its samples: 160 at 8 kHz, 320 at 16 kHz.
    pub fn samples(&self) -> &[i16] {
        &self.samples[..self.rate.frame_samples()]
    }

    /// Its samples, to be written to.
    pub fn samples_mut(&mut self) -> &mut [i16] {
        &mut self.samples[..self.rate.frame_samples()]
    }

    /// The samples of an 8 kHz frame; `None` for another rate.
    pub fn as_8k(&self) -> Option<&[i16; SAMPLES_8K]> {
        match self.rate {
            SampleRate::Hz8000 => self.samples.first_chunk(),
            SampleRate::Hz16000 => None,
        }
    }
}

/// Only what is needed to find a frame in a log: its rate and its peak. Sound of a call is not for the log.
impl std::fmt::Debug for AudioFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let peak = self.samples().iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
        f.debug_struct("AudioFrame").field("rate", &self.rate).field("peak", &peak).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_length_of_its_rate() {
        let samples: [i16; SAMPLES_8K] = std::array::from_fn(|i| i as i16);
        let frame = AudioFrame::from_8k(&samples);
        assert_eq!(frame.as_8k(), Some(&samples));
        let wide = AudioFrame::silence(SampleRate::Hz16000);
        assert_eq!((wide.samples().len(), wide.as_8k()), (320, None));
        assert_eq!(wide.rate().hertz() / 50, 320);
    }
}
