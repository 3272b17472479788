//! Sound that stands ready: decoded and encoded in each codec once, shared by all who play it.

use crate::dsp::tone_make::ToneGenerator;
use crate::{SAMPLES_8K, g711};
use std::time::Duration;

/// An immutable sound of whole 20 ms frames at 8 kHz, in PCM, µ-law and A-law. Shared as `Arc<Prompt>`, so
/// that the tick plays it without copying or encoding it.
#[derive(Clone, PartialEq, Eq)]
pub struct Prompt {
    pcm: Box<[i16]>,
    pcmu: Box<[u8]>,
    pcma: Box<[u8]>,
}

/// One frame of a [`Prompt`] in each of its forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptFrame<'a> {
    /// The samples, 8 kHz.
    pub pcm: &'a [i16; SAMPLES_8K],
    /// The µ-law payload.
    pub pcmu: &'a [u8; SAMPLES_8K],
    /// The A-law payload.
    pub pcma: &'a [u8; SAMPLES_8K],
}

impl Prompt {
    /// Makes a prompt of samples at 8 kHz; the last frame is filled with silence.
    pub fn from_pcm_8k(mut samples: Vec<i16>) -> Self {
        samples.resize(samples.len().next_multiple_of(SAMPLES_8K), 0);
        let mut pcmu = vec![0; samples.len()].into_boxed_slice();
        let mut pcma = pcmu.clone();
        g711::encode_ulaw(&samples, &mut pcmu);
        g711::encode_alaw(&samples, &mut pcma);
        Prompt { pcm: samples.into_boxed_slice(), pcmu, pcma }
    }

    /// The sign that the other telephone rings: 440 + 480 Hz, 2 s of 6 s (ITU-T E.180, North America). One
    /// whole cycle, to be repeated.
    pub fn ringback() -> Self {
        Prompt::from_tone(ToneGenerator::ringback(), 6_000)
    }

    /// The sign that the other telephone is busy: 480 + 620 Hz, half a second of each. One whole cycle.
    pub fn busy() -> Self {
        Prompt::from_tone(ToneGenerator::busy(), 1_000)
    }

    fn from_tone(mut tone: ToneGenerator, millis: usize) -> Self {
        let mut samples = vec![0; millis * SAMPLES_8K / 20];
        tone.fill(&mut samples);
        Prompt::from_pcm_8k(samples)
    }

    /// The frame at this index; `None` after the end.
    pub fn frame(&self, index: usize) -> Option<PromptFrame<'_>> {
        Some(PromptFrame {
            pcm: self.pcm.as_chunks().0.get(index)?,
            pcmu: self.pcmu.as_chunks().0.get(index)?,
            pcma: self.pcma.as_chunks().0.get(index)?,
        })
    }

    /// How many frames of 20 ms it has.
    pub fn frames(&self) -> usize {
        self.pcm.len() / SAMPLES_8K
    }

    /// How long it is.
    pub fn duration(&self) -> Duration {
        Duration::from_millis(self.frames() as u64 * u64::from(crate::FRAME_MS))
    }

    /// All samples at 8 kHz.
    pub fn pcm_8k(&self) -> &[i16] {
        &self.pcm
    }
}

impl std::fmt::Debug for Prompt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prompt").field("duration", &self.duration()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_has_whole_frames_in_every_form() {
        let prompt = Prompt::from_pcm_8k(vec![1000; 161]);
        assert_eq!((prompt.frames(), prompt.duration()), (2, Duration::from_millis(40)));
        let last = prompt.frame(1).unwrap();
        assert_eq!((last.pcm[0], last.pcm[1]), (1000, 0));
        assert_eq!((last.pcmu[0], last.pcmu[1]), (g711::ulaw_of(1000), g711::ULAW_SILENCE));
        assert_eq!((last.pcma[0], last.pcma[1]), (g711::alaw_of(1000), g711::ALAW_SILENCE));
        assert_eq!(prompt.frame(2), None);
        assert_eq!(Prompt::from_pcm_8k(Vec::new()).frame(0), None);
    }

    #[test]
    fn ringback_sounds_two_seconds_of_six() {
        let prompt = Prompt::ringback();
        assert_eq!(prompt.frames(), 300);
        let sounding = |i: usize| prompt.frame(i).unwrap().pcm.iter().any(|s| s.unsigned_abs() > 1000);
        assert!((0..100).all(sounding) && !(100..300).any(sounding));
        assert_eq!(Prompt::busy().frames(), 50);
    }
}
