//! Recordings whose writer was killed: found at the next start, repaired, published.

use crate::recorder::file::{BLOCK_BYTES, HEADER_BYTES, header, publish};
use crate::recorder::key::RecordingKey;
use crate::recorder::sealed::{self, HEAD_BYTES};
use frontdesk_audio::{SAMPLES_8K, SampleRate};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// How deep below the folder is looked: `tenants/<tenant>/recordings/<day>/<call>` and one more.
const DEEPEST: usize = 6;

/// One unfinished recording that was found.
#[derive(Debug)]
pub struct Recovered {
    /// The name under which it stands now, or would stand.
    pub path: PathBuf,
    /// What became of it.
    pub outcome: Recovery,
}

/// What became of an unfinished recording.
#[derive(Debug)]
#[non_exhaustive]
pub enum Recovery {
    /// It is published with so many samples at 8 kHz a channel.
    Published {
        /// The samples.
        samples: u64,
    },
    /// It had no sound yet and is removed.
    Empty,
    /// It is no recording of the desk, and was left alone.
    Foreign,
    /// It could not be read, repaired or renamed; it stays where it is, for the next start.
    Failed(io::Error),
}

/// Publishes every `*.part` recording in a folder and the folders in it.
///
/// To be called before the engine starts: a file that is being written must not be found. Links are not followed.
/// Fails only if the folder itself cannot be read; a folder that does not exist has no recordings.
pub fn recover_recordings(folder: &Path) -> io::Result<Vec<Recovered>> {
    let mut recovered = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if depth > 0 || error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < DEEPEST {
                folders.push((entry.path(), depth + 1));
            } else if kind.is_file() && entry.path().extension().is_some_and(|extension| extension == "part")
            {
                let part = entry.path();
                let outcome = recover(&part).unwrap_or_else(Recovery::Failed);
                recovered.push(Recovered { path: part.with_extension(""), outcome });
            }
        }
    }
    recovered.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(recovered)
}

fn recover(part: &Path) -> io::Result<Recovery> {
    let mut file = OpenOptions::new().read(true).write(true).open(part)?;
    let length = file.metadata()?.len();
    if part.with_extension("").extension().is_some_and(|suffix| suffix == RecordingKey::SUFFIX) {
        return recover_sealed(part, &mut file, length);
    }
    let Some(rate) = rate_of_ours(&file, length)? else { return Ok(Recovery::Foreign) };
    let data_bytes = length.saturating_sub(HEADER_BYTES as u64) / BLOCK_BYTES * BLOCK_BYTES;
    if data_bytes == 0 {
        std::fs::remove_file(part)?;
        return Ok(Recovery::Empty);
    }
    file.set_len(HEADER_BYTES as u64 + data_bytes)?;
    file.write_all_at(&header(data_bytes, rate), 0)?;
    publish(&file, &part.with_extension(""))?;
    Ok(Recovery::Published { samples: at_8k(data_bytes, rate) })
}

/// What ends within a chunk is cut off: the chunk could not be opened. No key is needed for it.
fn recover_sealed(part: &Path, file: &mut File, length: u64) -> io::Result<Recovery> {
    let mut head = [0; HEAD_BYTES];
    if length < HEAD_BYTES as u64 {
        std::fs::remove_file(part)?;
        return Ok(Recovery::Empty);
    }
    file.read_exact_at(&mut head, 0)?;
    let Some(rate) = sealed::rate_of(&head) else { return Ok(Recovery::Foreign) };
    let (whole, sound) = sealed::whole_chunks(file, length)?;
    if sound == 0 {
        std::fs::remove_file(part)?;
        return Ok(Recovery::Empty);
    }
    file.set_len(whole)?;
    publish(file, &part.with_extension(""))?;
    Ok(Recovery::Published { samples: at_8k(sound, rate) })
}

fn at_8k(bytes: u64, rate: SampleRate) -> u64 {
    bytes / BLOCK_BYTES * SAMPLES_8K as u64 / rate.frame_samples() as u64
}

/// The rate of a file that begins as ours do, the two lengths aside; a file that was cut within its header too.
fn rate_of_ours(file: &File, length: u64) -> io::Result<Option<SampleRate>> {
    let mut begin = [0; HEADER_BYTES];
    let there = length.min(HEADER_BYTES as u64) as usize;
    file.read_exact_at(&mut begin[..there], 0)?;
    let lengths = [4..8, 40..44];
    let is_of = |rate: &SampleRate| {
        let expected = header(0, *rate);
        (0..there).all(|at| begin[at] == expected[at] || lengths.iter().any(|length| length.contains(&at)))
    };
    Ok([SampleRate::Narrow, SampleRate::Wide].into_iter().find(is_of))
}
