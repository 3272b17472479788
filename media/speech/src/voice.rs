//! What a voice must be able to do.

use frontdesk_identifiers::Locale;
use std::path::PathBuf;

/// A voice that turns a text into sound. It may take its time; it never runs where sound is carried.
pub trait TextToSpeech: Send {
    /// The program and voice, such as `flite:slt`; part of the name under which its prompts are kept.
    fn name(&self) -> &str;

    /// Whether it speaks this language at all.
    fn speaks(&self, locale: &Locale) -> bool;

    /// The text, spoken.
    fn render(&mut self, text: &str, locale: &Locale) -> Result<Waveform, VoiceFault>;
}

/// Sound as a voice makes it: mono, at the voice's own rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waveform {
    /// Samples a second.
    pub rate: u32,
    /// The samples.
    pub samples: Vec<i16>,
}

/// Why a text was not spoken. All but [`Text`](VoiceFault::Text) are for whoever runs this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VoiceFault {
    /// The program is not there.
    #[error(
        "the voice program `{program}` is not installed; install the package `{package}` (apt-get install {package})"
    )]
    Missing {
        /// The program that was looked for.
        program: String,
        /// The package that holds it.
        package: &'static str,
    },
    /// The program is there and would not speak.
    #[error("the voice program `{program}` ended with {status} and no sound")]
    Program {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
    },
    /// The program did not come to an end and was killed.
    #[error("the voice program `{program}` did not finish within {limit_ms} ms and was stopped")]
    TooSlow {
        /// The program.
        program: String,
        /// The limit.
        limit_ms: u64,
    },
    /// The program gave more sound than any prompt may have, and was killed.
    #[error("the voice program `{program}` gave more than {limit_bytes} bytes and was stopped")]
    TooMuch {
        /// The program.
        program: String,
        /// The limit.
        limit_bytes: usize,
    },
    /// What came is no sound.
    #[error("what `{origin}` gave is no usable WAV sound: {why}")]
    NoSound {
        /// The program or file.
        origin: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A text that cannot be spoken: the fault of the flow that holds it.
    #[error("this text cannot be spoken: {why}")]
    Text {
        /// What is wrong with it.
        why: &'static str,
    },
    /// No voice speaks this language.
    #[error("no voice speaks `{locale}`")]
    Language {
        /// The language.
        locale: String,
    },
    /// A folder or file cannot be read or written.
    #[error("`{path}`: {kind}")]
    Files {
        /// Which.
        path: PathBuf,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// A line of the prompts' index is wrong.
    #[error("`{path}` line {line}: {why}")]
    Index {
        /// The index file.
        path: PathBuf,
        /// The line, from 1; 0 when it cannot be told.
        line: usize,
        /// What is wrong and what to write.
        why: String,
    },
    /// More texts wait to be spoken than are allowed to.
    #[error("too many texts wait for the voice")]
    Busy,
}
