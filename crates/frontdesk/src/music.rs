//! The music for whoever is held, as the settings list it.

use frontdesk_audio::{Prompt, to_rate, wav};
use std::path::PathBuf;
use std::time::Duration;

/// The longest playlist: it is kept decoded, 32 kB a second.
const LONGEST: Duration = Duration::from_secs(30 * 60);
const RATE_HZ: u32 = 8_000;

/// Every file in its order, as one sound; none where none is listed.
///
/// # Errors
/// The first file that cannot be read or is no WAV file, or all of them being longer than half an hour; as a phrase.
pub fn read(files: &[PathBuf]) -> Result<Option<Prompt>, MusicFault> {
    let mut samples = Vec::new();
    for file in files {
        let place = || file.clone();
        let bytes = std::fs::read(file).map_err(|source| MusicFault::Unreadable { file: place(), source })?;
        let read = wav::read(&bytes).map_err(|source| MusicFault::NoWav { file: place(), source })?;
        samples.append(&mut to_rate(&read.samples, read.rate, RATE_HZ));
        if samples.len() as u64 > LONGEST.as_secs() * u64::from(RATE_HZ) {
            return Err(MusicFault::TooLong { file: place() });
        }
    }
    Ok((!samples.is_empty()).then(|| Prompt::from_pcm_8k(samples)))
}

/// Why there is no music. All of them are the operator's to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MusicFault {
    /// It is not there, or not to be read.
    #[error("[sound] hold_music: {}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("[sound] hold_music: {}: {source}", file.display())]
    NoWav {
        /// The file.
        file: PathBuf,
        /// Why.
        source: wav::WavFault,
    },
    /// With it the playlist is longer than half an hour.
    #[error("[sound] hold_music: with {} the music is longer than half an hour", file.display())]
    TooLong {
        /// The file.
        file: PathBuf,
    },
}
