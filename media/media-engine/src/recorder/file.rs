//! One stereo recording that is whole at any moment of its life: a WAV file, or sealed ([`super::sealed`]).
//!
//! It grows as `<path>.part`. Of a WAV file, data is written before the header that claims it, so that the header never
//! says more than there is: a reader of a file whose writer was killed loses at most the last second.

use super::key::RecordingKey;
use super::sealed::{HEAD_BYTES, Sealer};
use frontdesk_audio::SampleRate;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// RIFF, `fmt ` and the head of `data`.
pub(crate) const HEADER_BYTES: usize = 44;
/// Two channels of 16 bit.
pub(crate) const BLOCK_BYTES: u64 = 4;
/// Sound is gathered for a fifth of a second before it is written, and for a second before it is sealed.
const WRITES_A_SECOND: usize = 5;
/// What the lengths of a WAV file can say: 37 hours at 8 kHz.
const LONGEST_BYTES: u64 = (u32::MAX as u64 - HEADER_BYTES as u64) / BLOCK_BYTES * BLOCK_BYTES;

pub(crate) struct RecordingFile {
    file: File,
    path: PathBuf,
    rate: SampleRate,
    gathered: Vec<u8>,
    /// Of sound, without what was gathered.
    data_bytes: u64,
    state: State,
}

/// What the bytes of the sound become.
enum State {
    /// A WAV file, the header of which claims so many bytes.
    Plain { claimed_bytes: u64 },
    /// Chunks, of which the file has so many bytes, its head included.
    Sealed { sealer: Box<Sealer>, written_bytes: u64 },
}

impl RecordingFile {
    /// Makes `<path>.part`, and the folders above it. A file that stands there already is not touched.
    pub(crate) fn create(path: &Path, rate: SampleRate, key: Option<&RecordingKey>) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).open(part_of(path))?;
        let state = match key {
            None => {
                file.write_all_at(&header(0, rate), 0)?;
                State::Plain { claimed_bytes: 0 }
            }
            Some(key) => {
                let (sealer, head) = Sealer::begin(key, rate)?;
                file.write_all_at(&head, 0)?;
                State::Sealed { sealer: Box::new(sealer), written_bytes: HEAD_BYTES as u64 }
            }
        };
        Ok(RecordingFile { file, path: path.to_owned(), rate, gathered: Vec::new(), data_bytes: 0, state })
    }

    pub(crate) fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Adds 20 ms, of the file's rate. After an error the file is as it was before, or has some bytes that nothing claims.
    pub(crate) fn append(&mut self, left: &[i16], right: &[i16]) -> io::Result<()> {
        for (left, right) in left.iter().zip(right) {
            self.gathered.extend_from_slice(&left.to_le_bytes());
            self.gathered.extend_from_slice(&right.to_le_bytes());
        }
        let second = self.second_bytes();
        let enough = match self.state {
            State::Plain { .. } => second / WRITES_A_SECOND,
            State::Sealed { .. } => second,
        };
        if self.gathered.len() >= enough { self.flush(false) } else { Ok(()) }
    }

    fn second_bytes(&self) -> usize {
        self.rate.hz() as usize * BLOCK_BYTES as usize
    }

    fn flush(&mut self, last: bool) -> io::Result<()> {
        let second_bytes = self.second_bytes() as u64;
        if self.data_bytes + self.gathered.len() as u64 > LONGEST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let sound = self.gathered.len() as u64;
        match &mut self.state {
            State::Plain { claimed_bytes } => {
                self.file.write_all_at(&self.gathered, HEADER_BYTES as u64 + self.data_bytes)?;
                if last || self.data_bytes + sound - *claimed_bytes >= second_bytes {
                    *claimed_bytes = self.data_bytes + sound;
                    self.file.write_all_at(&header(*claimed_bytes, self.rate), 0)?;
                }
            }
            State::Sealed { sealer, written_bytes } => {
                sealer.seal(&mut self.gathered, last)?;
                self.file.write_all_at(&self.gathered, *written_bytes)?;
                *written_bytes += self.gathered.len() as u64;
            }
        }
        self.data_bytes += sound;
        self.gathered.clear();
        Ok(())
    }

    /// Gives the file its name, once all of it is on the disk.
    pub(crate) fn publish(mut self) -> io::Result<()> {
        self.flush(true)?;
        publish(&self.file, &self.path)
    }
}

/// The name under which a recording grows.
pub(crate) fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Data first, then the name, then the folder that holds the name. A published recording is never overwritten.
pub(crate) fn publish(file: &File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    if path.try_exists()? {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(part_of(path), path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The header of a stereo file of 16 bit with so much data, which fits by [`LONGEST_BYTES`].
pub(crate) fn header(data_bytes: u64, rate: SampleRate) -> [u8; HEADER_BYTES] {
    let data_bytes = data_bytes.min(LONGEST_BYTES) as u32;
    let mut bytes = [0; HEADER_BYTES];
    let fields: [&[u8]; 13] = [
        b"RIFF",
        &(data_bytes + HEADER_BYTES as u32 - 8).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16u32.to_le_bytes(),
        &1u16.to_le_bytes(),
        &2u16.to_le_bytes(),
        &rate.hz().to_le_bytes(),
        &(rate.hz() * BLOCK_BYTES as u32).to_le_bytes(),
        &(BLOCK_BYTES as u16).to_le_bytes(),
        &16u16.to_le_bytes(),
        b"data",
        &data_bytes.to_le_bytes(),
    ];
    let mut rest = &mut bytes[..];
    for field in fields {
        // The thirteen fields are 44 bytes: nothing is cut here.
        let _ = rest.write(field);
    }
    bytes
}
