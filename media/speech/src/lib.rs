//! Hears and speaks on this machine, without asking anybody else.
//!
//! # The way of a word, in
//!
//! A media thread decodes 20 ms and pushes a [`SpeechFrame`](frontdesk_media_protocol::SpeechFrame) into the ring
//! that [`Ears::listen`] handed out. The recogniser thread takes it out, shows it to the [`Hearing`] of that
//! listening, which says where a turn of speech begins and ends, brings the turn from 8 to 16 kHz and gives it to
//! a [`SpeechToText`] engine: [`WhisperEngine`] with a [`models::Model`]. Words and their times leave as a
//! [`SpeechEvent`](frontdesk_media_protocol::SpeechEvent). Nothing reaches the engine in which no voice was found.
//!
//! # The way of a word, out
//!
//! [`Voices::render`] hands a text to the voice thread. A recorded prompt of that text wins; else the cache on
//! disk; else a [`TextToSpeech`] voice, which is a child process ([`voice_program`]). The sound is brought to
//! 8 kHz, levelled, trimmed, and kept as an `Arc<Prompt>` that any number of calls play at once.
//!
//! # What it never does
//!
//! It never runs on the 20 ms tick, never reaches for the network, never decides what words mean, and never logs
//! what a caller said.

mod ears;
pub mod fake;
mod hearing;
mod model_file;
pub mod models;
mod prompt_cache;
mod recognition;
pub mod score;
mod voice;
pub mod voice_program;
mod voice_recorded;
mod voices;
mod wave;
mod whisper;
mod words;

pub use ears::Ears;
pub use hearing::{Hearing, HearingOutput, Utterance};
pub use models::{EngineSettings, Model, ModelFault};
pub use prompt_cache::PromptKey;
pub use recognition::{RecogniseError, Recognised, SpeechToText};
pub use voice::{TextToSpeech, VoiceFault, Waveform};
pub use voice_recorded::RecordedPrompts;
pub use voices::{Rendered, VoiceSettings, Voices};
pub use whisper::WhisperEngine;
pub use words::plain_words;
