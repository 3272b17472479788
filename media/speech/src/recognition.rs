//! What an engine that hears must be able to do.

use frontdesk_identifiers::Locale;
use std::sync::atomic::AtomicBool;

/// An engine that turns one utterance into words. Engines are owned by one thread and asked one thing at a time.
pub trait SpeechToText: Send {
    /// What it is, for people: the engine and its model.
    fn name(&self) -> &str;

    /// The words in `speech_16k`: mono, 16 kHz, full scale ±1, at most a quarter of a second before the speech.
    ///
    /// As soon as `cancel` is set the engine should give up with [`RecogniseError::Cancelled`].
    fn recognise(
        &mut self,
        speech_16k: &[f32],
        locale: &Locale,
        cancel: &AtomicBool,
    ) -> Result<Recognised, RecogniseError>;
}

/// What was heard in one utterance.
#[derive(Clone, PartialEq)]
pub struct Recognised {
    /// The words, lower case, without punctuation; empty for silence, noise, and what the engine itself rejects.
    pub text: String,
    /// Mean log probability of the tokens, on the common scale: 0 is certain, below −0.35 is doubtful for every model.
    /// Kept for a rejected text too.
    pub mean_log_probability: f32,
}

/// Words a caller said are not for the log: only their length is shown.
impl std::fmt::Debug for Recognised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recognised")
            .field("characters", &self.text.chars().count())
            .field("mean_log_probability", &self.mean_log_probability)
            .finish()
    }
}

/// Why an utterance gave no words. It is never the caller's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecogniseError {
    /// Nobody wants the words any more.
    #[error("recognition was cancelled")]
    Cancelled,
    /// The engine refused or broke; this machine's fault, the next utterance may well work.
    #[error("the speech engine failed with code {code}")]
    Engine {
        /// The engine's own number, for its documentation.
        code: i32,
    },
    /// The model cannot hear this language; the operator's fault.
    #[error("the model {model} does not know the language `{language}`; name a multilingual model")]
    Language {
        /// The model.
        model: String,
        /// The language that was asked for.
        language: String,
    },
}
