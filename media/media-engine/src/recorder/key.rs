//! The key with which a tenant's recordings are encrypted at rest.

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// 32 bytes of chance. `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordingKey([u8; Self::BYTES]);

impl RecordingKey {
    const BYTES: usize = 32;
    /// The suffix of encrypted recordings.
    pub const SUFFIX: &str = "sealed";
    /// The name of the file with the key, in a tenant's folder.
    pub const FILE: &str = "recordings.key";

    /// The key of the tenant with this folder. It is made when it is asked for first, for its owner's eyes only.
    ///
    /// # Errors
    /// A file that cannot be read or made, or does not hold 64 hexadecimal digits.
    pub fn of_folder(folder: &Path) -> io::Result<Self> {
        let file = folder.join(Self::FILE);
        match Self::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(&file),
            read => read,
        }
    }

    /// Where the key of a recording lies: that of `<tenant>/recordings/<name>` in `<tenant>`.
    pub fn file_of(recording: &Path) -> PathBuf {
        recording.ancestors().nth(2).unwrap_or(Path::new("")).join(Self::FILE)
    }

    /// With what a recording is encrypted that is to stand here: with its tenant's key if it has the [suffix](Self::SUFFIX).
    /// It waits for the disk.
    pub(crate) fn for_recording(path: &Path) -> io::Result<Option<Self>> {
        if path.extension().is_none_or(|suffix| suffix != Self::SUFFIX) {
            return Ok(None);
        }
        let file = Self::file_of(path);
        let key = Self::of_folder(file.parent().unwrap_or(Path::new("")));
        // Rather no recording than one that everybody can read.
        key.map(Some)
            .map_err(|error| io::Error::new(error.kind(), format!("the key {}: {error}", file.display())))
    }

    /// The key in this file.
    ///
    /// # Errors
    /// A file that cannot be read, or does not hold 64 hexadecimal digits.
    pub fn read(file: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(file)?;
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "a key is 64 hexadecimal digits");
        let digits = text.trim_end().as_bytes();
        let mut key = [0; Self::BYTES];
        if digits.len() != 2 * Self::BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(wrong());
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(RecordingKey(key))
    }

    /// All of it is on the disk under another name before it has its own: a power failure leaves no half of a key.
    fn make(file: &Path) -> io::Result<Self> {
        let mut key = [0; Self::BYTES];
        SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("the system gives no chance"))?;
        let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut new = PathBuf::from(file);
        new.set_extension("key.new");
        let mut made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        made.write_all(text.as_bytes())?;
        made.write_all(b"\n")?;
        made.sync_all()?;
        // A link fails where a key stands already: whoever was first has made it.
        match std::fs::hard_link(&new, file) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => std::fs::remove_file(&new)?,
        }
        File::open(folder)?.sync_all()?;
        Self::read(file)
    }

    /// By which a file tells its key from others.
    pub(crate) fn name(&self) -> [u8; 8] {
        let mut name = [0; 8];
        for (to, from) in name.iter_mut().zip(digest(&SHA256, &self.0).as_ref()) {
            *to = *from;
        }
        name
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for RecordingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecordingKey(…)")
    }
}
