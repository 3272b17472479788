//! One stereo WAV file that can be played at any moment of its life.
//!
//! It grows as `<path>.part`. Data is written before the header that claims it, so that the header never says
//! more than there is: a reader of a file whose writer was killed loses at most the last second.

use crate::tap::StereoFrame;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// RIFF, `fmt ` and the head of `data`.
pub(crate) const HEADER_BYTES: usize = 44;
/// Two channels of 16 bit.
pub(crate) const BLOCK_BYTES: u64 = 4;
const RATE_HZ: u32 = 8_000;
/// The header follows the data once a second.
const REFRESH_BYTES: u64 = RATE_HZ as u64 * BLOCK_BYTES;
/// Frames that are gathered before they are written: a fifth of a second.
const GATHER_BYTES: usize = 10 * 160 * BLOCK_BYTES as usize;
/// What the lengths of a WAV file can say: 37 hours.
const LONGEST_BYTES: u64 = (u32::MAX as u64 - HEADER_BYTES as u64) / BLOCK_BYTES * BLOCK_BYTES;

pub(crate) struct RecordingFile {
    file: File,
    path: PathBuf,
    gathered: Vec<u8>,
    data_bytes: u64,
    claimed_bytes: u64,
}

impl RecordingFile {
    /// Makes `<path>.part`, and the folders above it. A file that stands there already is not touched.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).open(part_of(path))?;
        file.write_all_at(&header(0), 0)?;
        let gathered = Vec::with_capacity(GATHER_BYTES);
        Ok(RecordingFile { file, path: path.to_owned(), gathered, data_bytes: 0, claimed_bytes: 0 })
    }

    /// Adds 20 ms. After an error the file is as it was before, or has some bytes that its header does not claim.
    pub(crate) fn append(&mut self, frame: &StereoFrame) -> io::Result<()> {
        for (left, right) in frame.left.iter().zip(&frame.right) {
            self.gathered.extend_from_slice(&left.to_le_bytes());
            self.gathered.extend_from_slice(&right.to_le_bytes());
        }
        if self.gathered.len() >= GATHER_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.data_bytes + self.gathered.len() as u64 > LONGEST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.write_all_at(&self.gathered, HEADER_BYTES as u64 + self.data_bytes)?;
        self.data_bytes += self.gathered.len() as u64;
        self.gathered.clear();
        if self.data_bytes - self.claimed_bytes >= REFRESH_BYTES { self.claim() } else { Ok(()) }
    }

    fn claim(&mut self) -> io::Result<()> {
        self.file.write_all_at(&header(self.data_bytes), 0)?;
        self.claimed_bytes = self.data_bytes;
        Ok(())
    }

    /// Gives the file its name, once all of it is on the disk.
    pub(crate) fn publish(mut self) -> io::Result<()> {
        self.flush()?;
        self.claim()?;
        self.file.flush()?;
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

/// The header of a stereo file of 16 bit at 8 kHz with so much data, which fits by [`LONGEST_BYTES`].
pub(crate) fn header(data_bytes: u64) -> [u8; HEADER_BYTES] {
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
        &RATE_HZ.to_le_bytes(),
        &(RATE_HZ * BLOCK_BYTES as u32).to_le_bytes(),
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
