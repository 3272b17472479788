//! A recording that is encrypted at rest: sound goes to the disk in sealed chunks of a second, never plain.
//!
//! A file is a head of [`HEAD_BYTES`] (a word by which it is known, the rate, the name of the key, 32 bytes of chance) and
//! chunks. Its own key is derived from the tenant's and the whole head (HKDF-SHA256, RFC 5869), so that a chunk's number
//! may be its nonce (AES-256-GCM), and a changed head opens nothing. A chunk is a word with its length, and the sound with
//! its tag; the last one says in word and nonce that it is the last, so that a file that was cut is known as such.
//! Chunks are only appended: a writer that is killed loses the second that it was gathering.

use super::key::RecordingKey;
use frontdesk_audio::SampleRate;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Begins every file.
const WORD: [u8; 8] = *b"FDSEAL1\n";
/// What stands before the chunks.
pub(crate) const HEAD_BYTES: usize = 8 + 4 + 8 + 32;
/// The word with a chunk's length.
const LENGTH_BYTES: usize = 4;
const TAG_BYTES: usize = 16;
/// In the word: the chunk is the last.
const LAST: u32 = 1 << 31;
/// The longest chunk: two seconds at 16 kHz. A longer one is none of ours.
const CHUNK_BYTES_MAX: usize = 2 * 16_000 * super::file::BLOCK_BYTES as usize;

/// What seals the chunks of one file.
pub(crate) struct Sealer {
    key: LessSafeKey,
    chunks: u64,
}

impl Sealer {
    /// Draws a head, and the key that belongs to it.
    pub(crate) fn begin(key: &RecordingKey, rate: SampleRate) -> io::Result<(Self, [u8; HEAD_BYTES])> {
        let mut head = [0; HEAD_BYTES];
        let (fixed, chance) = head.split_at_mut(20);
        fixed[..8].copy_from_slice(&WORD);
        fixed[8..12].copy_from_slice(&rate.hz().to_le_bytes());
        fixed[12..].copy_from_slice(&key.name());
        SystemRandom::new().fill(chance).map_err(|_| io::Error::other("the system gives no chance"))?;
        Ok((Sealer { key: derived(key, &head)?, chunks: 0 }, head))
    }

    /// Seals what was gathered, in place: the chunk as it is written.
    pub(crate) fn seal(&mut self, gathered: &mut Vec<u8>, last: bool) -> io::Result<()> {
        let length = (gathered.len() + TAG_BYTES) as u32 | if last { LAST } else { 0 };
        let word = length.to_le_bytes();
        let nonce = nonce(self.chunks, last);
        self.key.seal_in_place_append_tag(nonce, Aad::from(word), gathered).map_err(|_| damaged())?;
        gathered.splice(..0, word);
        self.chunks += 1;
        Ok(())
    }
}

fn derived(key: &RecordingKey, head: &[u8; HEAD_BYTES]) -> io::Result<LessSafeKey> {
    let pseudorandom = Salt::new(HKDF_SHA256, &head[20..]).extract(key.bytes());
    let info = [&head[..]];
    let key = pseudorandom.expand(&info, &AES_256_GCM).map_err(|_| damaged())?;
    Ok(LessSafeKey::new(UnboundKey::from(key)))
}

fn nonce(chunk: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&chunk.to_le_bytes());
    nonce[11] = u8::from(last);
    Nonce::assume_unique_for_key(nonce)
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the recording was changed, or is damaged")
}

/// The rate that a head says; none if it is no head of ours.
pub(crate) fn rate_of(head: &[u8; HEAD_BYTES]) -> Option<SampleRate> {
    let hz = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
    let rate = [SampleRate::Narrow, SampleRate::Wide].into_iter().find(|rate| rate.hz() == hz)?;
    head.starts_with(&WORD).then_some(rate)
}

/// The bytes of a file that are whole chunks, head included, and the bytes of sound in them.
pub(crate) fn whole_chunks(file: &mut (impl Read + Seek), length: u64) -> io::Result<(u64, u64)> {
    let (mut at, mut sound) = (HEAD_BYTES as u64, 0);
    loop {
        let mut word = [0; LENGTH_BYTES];
        if at + LENGTH_BYTES as u64 > length {
            return Ok((at, sound));
        }
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut word)?;
        let chunk = u64::from(u32::from_le_bytes(word) & !LAST);
        let end = at + LENGTH_BYTES as u64 + chunk;
        if end > length || chunk < TAG_BYTES as u64 || chunk as usize > CHUNK_BYTES_MAX + TAG_BYTES {
            return Ok((at, sound));
        }
        (at, sound) = (end, sound + chunk - TAG_BYTES as u64);
    }
}

/// A recording that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsealed {
    /// Samples of each channel.
    pub samples: u64,
    /// Samples a second.
    pub rate: SampleRate,
    /// Whether its end is there; not if its writer was killed.
    pub is_whole: bool,
}

/// Decrypts a recording into a WAV file. Every chunk is checked before any of it is written.
///
/// # Errors
/// A file that is none of ours, is of another key, was changed, or cannot be read or written.
pub fn unseal(
    sealed: &mut impl Read,
    key: &RecordingKey,
    wav: &mut (impl Write + Seek),
) -> io::Result<Unsealed> {
    let wrong = |why| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut head = [0; HEAD_BYTES];
    sealed.read_exact(&mut head).map_err(|_| wrong("it is no encrypted recording"))?;
    let rate = rate_of(&head).ok_or(wrong("it is no encrypted recording"))?;
    if head[12..20] != key.name() {
        return Err(wrong("it was encrypted with another key"));
    }
    let opener = derived(key, &head)?;
    wav.write_all(&super::file::header(0, rate))?;
    let (mut bytes, mut is_whole, mut chunk) = (0u64, false, Vec::new());
    for number in 0.. {
        let mut word = [0; LENGTH_BYTES];
        if let Err(error) = sealed.read_exact(&mut word) {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                break;
            }
            return Err(error);
        }
        let length = u32::from_le_bytes(word);
        let (last, length) = (length & LAST != 0, (length & !LAST) as usize);
        if !(TAG_BYTES..=CHUNK_BYTES_MAX + TAG_BYTES).contains(&length) {
            return Err(damaged());
        }
        chunk.clear();
        if (&mut *sealed).take(length as u64).read_to_end(&mut chunk)? < length {
            break;
        }
        let plain = opener.open_in_place(nonce(number, last), Aad::from(word), &mut chunk);
        let plain = plain.map_err(|_| damaged())?;
        wav.write_all(plain)?;
        bytes += plain.len() as u64;
        if last {
            is_whole = true;
            break;
        }
    }
    wav.seek(SeekFrom::Start(0))?;
    wav.write_all(&super::file::header(bytes, rate))?;
    Ok(Unsealed { samples: bytes / super::file::BLOCK_BYTES, rate, is_whole })
}
