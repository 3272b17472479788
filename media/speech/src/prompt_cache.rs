//! Rendered prompts, kept by content: in memory for the calls of the moment, on disk for the next start.

use crate::models::hexadecimal;
use crate::voice::VoiceFault;
use crate::wave;
use frontdesk_audio::Prompt;
use frontdesk_identifiers::Locale;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Changes when the same text and voice would give another prompt than before.
const FORMAT: &str = "1";
/// Sound kept in memory, in samples; each takes four bytes in its three forms. 64 MiB: 35 minutes. What was used
/// longest ago goes first, and comes back from disk.
const MOST_SAMPLES: usize = 16 << 20;
/// Files kept on disk; the oldest go when the cache is opened and after every [`SWEEP_EVERY`] new ones: a flow that
/// says its callers' names makes a file for each of them. Some 4,000 prompts of 5 s are 320 MB.
const MOST_FILES: usize = 4_000;
/// New files between two sweeps.
const SWEEP_EVERY: usize = 400;

/// The name of a rendered prompt: SHA-256 over everything that its sound depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PromptKey(String);

impl PromptKey {
    /// The key of a text as this voice says it.
    pub fn new(text: &str, locale: &Locale, voice: &str) -> Self {
        let mut hash = Sha256::new();
        let rate = wave::RATE_8K.to_string();
        for part in [FORMAT, text, locale.as_str(), voice, &rate] {
            // Lengths first, so that no two lists of parts run together into the same bytes.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        PromptKey(hexadecimal(&hash.finalize()))
    }

    /// 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The prompts in memory, by text and language.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    prompts: BTreeMap<(Arc<str>, Locale), (u64, Arc<Prompt>)>,
    samples: usize,
    uses: u64,
}

impl Memory {
    pub(crate) fn get(&mut self, text: &str, locale: &Locale) -> Option<Arc<Prompt>> {
        self.uses += 1;
        let (used, prompt) = self.prompts.get_mut(&(Arc::from(text), locale.clone()))?;
        *used = self.uses;
        Some(prompt.clone())
    }

    pub(crate) fn put(&mut self, text: Arc<str>, locale: Locale, prompt: Arc<Prompt>) {
        self.put_within(text, locale, prompt, MOST_SAMPLES);
    }

    fn put_within(&mut self, text: Arc<str>, locale: Locale, prompt: Arc<Prompt>, most_samples: usize) {
        self.uses += 1;
        self.samples += prompt.pcm_8k().len();
        if let Some((_, old)) = self.prompts.insert((text, locale), (self.uses, prompt)) {
            self.samples -= old.pcm_8k().len();
        }
        while self.samples > most_samples {
            let oldest = self.prompts.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone());
            let Some((_, gone)) = oldest.and_then(|key| self.prompts.remove(&key)) else { break };
            self.samples -= gone.pcm_8k().len();
        }
    }
}

/// The prompts on disk.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    new_files: usize,
}

impl Folder {
    /// Makes the folder, and takes out what is too much and what was left half written.
    pub(crate) fn open(path: &Path) -> Result<Self, VoiceFault> {
        let fault = |error: std::io::Error| VoiceFault::Files { path: path.into(), kind: error.kind() };
        std::fs::create_dir_all(path).map_err(fault)?;
        let folder = Folder { path: path.into(), new_files: 0 };
        folder.sweep(MOST_FILES).map_err(fault)?;
        Ok(folder)
    }

    fn sweep(&self, most_files: usize) -> std::io::Result<()> {
        let path = &self.path;
        let mut files = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = name.get(..64).is_some_and(|key| key.bytes().all(|byte| byte.is_ascii_hexdigit()));
            if ours && name.ends_with(".part") {
                let _ = std::fs::remove_file(entry.path());
            } else if ours && name.ends_with(".wav") {
                let modified = entry.metadata().and_then(|found| found.modified())?;
                files.push((modified, entry.path()));
            }
        }
        files.sort();
        let surplus = files.len().saturating_sub(most_files);
        for (_, file) in files.into_iter().take(surplus) {
            // One that cannot be removed stays; the cache works all the same.
            let _ = std::fs::remove_file(file);
        }
        Ok(())
    }

    /// The samples at 8 kHz that were kept under this key. A damaged file counts as none.
    pub(crate) fn read(&self, key: &PromptKey) -> Option<Vec<i16>> {
        let bytes = std::fs::read(self.file(key)).ok()?;
        let wav = frontdesk_audio::wav::read(&bytes).ok()?;
        (wav.rate == wave::RATE_8K && !wav.cut_short).then_some(wav.samples)
    }

    /// Keeps samples at 8 kHz; a reader never sees half a file.
    pub(crate) fn write(&mut self, key: &PromptKey, samples: &[i16]) -> Result<(), VoiceFault> {
        self.new_files += 1;
        if self.new_files.is_multiple_of(SWEEP_EVERY) {
            // What cannot be swept stays; the prompt is kept all the same.
            let _ = self.sweep(MOST_FILES);
        }
        let file = self.file(key);
        let part = file.with_extension("wav.part");
        let bytes = frontdesk_audio::wav::write_mono(wave::RATE_8K, samples);
        let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, &file));
        written.map_err(|error| VoiceFault::Files { path: file, kind: error.kind() })
    }

    fn file(&self, key: &PromptKey) -> PathBuf {
        self.path.join(key.as_str()).with_extension("wav")
    }
}

#[cfg(test)]
mod tests;
