//! Prompts that a person has recorded: a folder of WAV files and an index of what they say.
//!
//! `prompts.toml` in the folder has one table a language, text on the left, file on the right:
//!
//! ```toml
//! [en-US]
//! "Welcome to Acme." = "welcome.wav"
//! ```
//!
//! A text is found by its words: case, punctuation and spacing do not matter.

use crate::voice::{VoiceFault, Waveform};
use crate::wave;
use crate::words::plain_words;
use frontdesk_identifiers::Locale;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The name of the index.
const INDEX: &str = "prompts.toml";
/// The largest index that is read.
const LARGEST_INDEX_BYTES: u64 = 1 << 20;
/// The largest recording that is read: three minutes in stereo at 48 kHz.
const LARGEST_FILE_BYTES: u64 = 36 << 20;

/// The recorded prompts of one folder.
#[derive(Debug, Clone, Default)]
pub struct RecordedPrompts {
    files: BTreeMap<(String, String), PathBuf>,
}

impl RecordedPrompts {
    /// Reads the index of a folder. A folder without an index is a fault: the operator named it for its prompts.
    pub fn open(folder: &Path) -> Result<Self, VoiceFault> {
        let path = folder.join(INDEX);
        let fault = |error: std::io::Error| VoiceFault::Files { path: path.clone(), kind: error.kind() };
        if std::fs::metadata(&path).map_err(fault)?.len() > LARGEST_INDEX_BYTES {
            return Err(VoiceFault::Index { path, line: 0, why: "it is larger than 1 MiB".to_owned() });
        }
        let text = std::fs::read_to_string(&path).map_err(fault)?;
        let index: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(&text).map_err(|error| {
            let before = error.span().map_or(0, |span| span.start);
            let line = text.get(..before).unwrap_or_default().matches('\n').count() + 1;
            VoiceFault::Index { path: path.clone(), line, why: error.message().to_owned() }
        })?;
        let line_of = |word: &str| text.lines().position(|line| line.contains(word)).map_or(0, |at| at + 1);
        let mut files = BTreeMap::new();
        for (language, prompts) in index {
            if let Err(error) = Locale::new(&language) {
                let line = line_of(&language);
                return Err(VoiceFault::Index { path, line, why: error.to_string() });
            }
            for (said, file) in prompts {
                let stays_inside =
                    Path::new(&file).components().all(|part| matches!(part, Component::Normal(_)));
                if !stays_inside || file.is_empty() {
                    let why = format!("`{file}` must be a file inside the folder");
                    return Err(VoiceFault::Index { line: line_of(&file), path, why });
                }
                if plain_words(&said).is_empty() {
                    let why = "a prompt needs the words that it says".to_owned();
                    return Err(VoiceFault::Index { line: line_of(&file), path, why });
                }
                files.insert((language.clone(), plain_words(&said)), folder.join(file));
            }
        }
        Ok(RecordedPrompts { files })
    }

    /// The file that says this text in this language; one for the language without region serves every region.
    pub fn file(&self, text: &str, locale: &Locale) -> Option<&Path> {
        let words = plain_words(text);
        let of = |language: &str| self.files.get(&(language.to_owned(), words.clone()));
        of(locale.as_str()).or_else(|| of(locale.language())).map(PathBuf::as_path)
    }

    /// The recording of this text, if there is one.
    pub fn read(&self, text: &str, locale: &Locale) -> Option<Result<Waveform, VoiceFault>> {
        self.file(text, locale).map(read_file)
    }
}

fn read_file(path: &Path) -> Result<Waveform, VoiceFault> {
    let fault = |error: std::io::Error| VoiceFault::Files { path: path.into(), kind: error.kind() };
    if std::fs::metadata(path).map_err(fault)?.len() > LARGEST_FILE_BYTES {
        return Err(VoiceFault::NoSound { origin: path.display().to_string(), why: "the file is too large" });
    }
    wave::read(&std::fs::read(path).map_err(fault)?, &path.display().to_string())
}

#[cfg(test)]
mod tests;
