//! Scripted ears and a tone voice, for everybody's tests.

use crate::recognition::{RecogniseError, Recognised, SpeechToText};
use crate::voice::{TextToSpeech, VoiceFault, Waveform};
use frontdesk_identifiers::Locale;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

/// What scripted ears do with one utterance.
#[derive(Debug, Clone, PartialEq)]
pub enum Scripted {
    /// These words, certain.
    Words(String),
    /// These words with this mean log probability.
    Doubtful(String, f32),
    /// The engine fails.
    Fail,
    /// The engine panics.
    Panic,
    /// The engine works until it is cancelled.
    UntilCancelled,
}

/// Ears that hear what they were told to, one entry an utterance, and silence after the last.
#[derive(Debug, Clone, Default)]
pub struct ScriptedEars {
    script: VecDeque<Scripted>,
}

impl ScriptedEars {
    /// Ears that hear these words, one text an utterance.
    pub fn hearing(texts: &[&str]) -> Self {
        Self::scripted(texts.iter().map(|text| Scripted::Words((*text).to_owned())))
    }

    /// Ears that follow a script.
    pub fn scripted(script: impl IntoIterator<Item = Scripted>) -> Self {
        ScriptedEars { script: script.into_iter().collect() }
    }
}

impl SpeechToText for ScriptedEars {
    fn name(&self) -> &str {
        "scripted ears"
    }

    fn recognise(
        &mut self,
        _speech_16k: &[f32],
        _locale: &Locale,
        cancel: &AtomicBool,
    ) -> Result<Recognised, RecogniseError> {
        let sure = |text: String| Ok(Recognised { text, mean_log_probability: 0.0 });
        match self.script.pop_front() {
            None => sure(String::new()),
            Some(Scripted::Words(text)) => sure(text),
            Some(Scripted::Doubtful(text, mean_log_probability)) => {
                Ok(Recognised { text, mean_log_probability })
            }
            Some(Scripted::Fail) => Err(RecogniseError::Engine { code: -1 }),
            Some(Scripted::Panic) => panic!("the script says so"),
            Some(Scripted::UntilCancelled) => {
                while !cancel.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
                Err(RecogniseError::Cancelled)
            }
        }
    }
}

/// A voice that says each text as a tone: 60 ms a character, higher for each next one, so that tests can tell
/// texts apart and lengths are known.
#[derive(Debug, Clone, Copy, Default)]
pub struct ToneVoice;

impl ToneVoice {
    /// Its rate, samples a second.
    pub const RATE: u32 = 16_000;
    /// Samples for each character of the text.
    pub const SAMPLES_PER_CHARACTER: usize = 960;
}

impl TextToSpeech for ToneVoice {
    fn name(&self) -> &str {
        "tone"
    }

    fn speaks(&self, _locale: &Locale) -> bool {
        true
    }

    fn render(&mut self, text: &str, _locale: &Locale) -> Result<Waveform, VoiceFault> {
        let mut samples = Vec::new();
        for character in text.chars() {
            let hertz = 300.0 + 8.0 * f64::from(u32::from(character) % 128);
            let step = 2.0 * std::f64::consts::PI * hertz / f64::from(Self::RATE);
            samples.extend(
                (0..Self::SAMPLES_PER_CHARACTER).map(|at| ((at as f64 * step).sin() * 8_000.0) as i16),
            );
        }
        if samples.is_empty() {
            return Err(VoiceFault::Text { why: "it is empty" });
        }
        Ok(Waveform { rate: Self::RATE, samples })
    }
}
