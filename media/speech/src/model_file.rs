//! Whether a file is a whole model of Whisper in ggml's format.
//!
//! whisper.cpp trusts its files: a length that lies makes it ask for memory that is not there, and the exception
//! ends the whole process with every call in it. So the file is walked here first, to its last byte.

use std::collections::BTreeMap;

/// `ggml`, as a little-endian number.
const MAGIC: u32 = 0x6767_6d6c;
/// Longest word of a vocabulary, in bytes.
const LONGEST_WORD: u32 = 4_096;
/// Longest name of a tensor, in bytes.
const LONGEST_NAME: u32 = 256;
/// How many frequencies whisper.cpp computes; it reads filters of exactly this width.
const FILTER_WIDTH: u32 = 201;
/// Bytes and elements of a block of each tensor type that a Whisper file may hold (ggml's numbering).
const TYPES: [(u32, u64, u64); 12] = [
    (0, 4, 1),      // f32
    (1, 2, 1),      // f16
    (2, 18, 32),    // q4_0
    (3, 20, 32),    // q4_1
    (6, 22, 32),    // q5_0
    (7, 24, 32),    // q5_1
    (8, 34, 32),    // q8_0
    (10, 84, 256),  // q2_K
    (11, 110, 256), // q3_K
    (12, 144, 256), // q4_K
    (13, 176, 256), // q5_K
    (14, 210, 256), // q6_K
];

/// The shape of a model, as its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelHeader {
    /// Tokens.
    pub vocabulary: u32,
    /// Context of the encoder, in frames of 20 ms: 1,500 for official models.
    pub audio_context: u32,
    /// Width of the encoder: 384 for tiny, 512 base, 768 small, 1,024 medium, 1,280 large.
    pub audio_state: u32,
    /// Heads of the encoder.
    pub audio_heads: u32,
    /// Layers of the encoder.
    pub audio_layers: u32,
    /// Context of the decoder, in tokens.
    pub text_context: u32,
    /// Width of the decoder.
    pub text_state: u32,
    /// Heads of the decoder.
    pub text_heads: u32,
    /// Layers of the decoder.
    pub text_layers: u32,
    /// Mel bands: 80, or 128 for large-v3.
    pub mels: u32,
    /// ggml's number of the main tensor type.
    pub file_type: u32,
    /// Tensors found.
    pub tensors: u32,
    /// Size of the file in bytes.
    pub bytes: u64,
}

impl ModelHeader {
    /// Whether it knows more languages than English (whisper.cpp tells it by the vocabulary).
    pub fn is_multilingual(&self) -> bool {
        self.vocabulary >= 51_865
    }

    /// The tensors that whisper.cpp expects of a model with these layers.
    fn expected_tensors(&self) -> u32 {
        // Encoder: 1 position, 4 convolution, 2 norm; decoder: 2 embeddings, 2 norm.
        11 + 15 * self.audio_layers + 24 * self.text_layers
    }
}

/// What is wrong with a model's file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// Its first bytes are others.
    #[error("it is no ggml model of Whisper (its first bytes are wrong)")]
    NotGgml,
    /// It ends too early.
    #[error("it ends too early, within its {part} (byte {at}): the download was cut off")]
    Truncated {
        /// In which part.
        part: &'static str,
        /// Its length.
        at: u64,
    },
    /// A number in it cannot be.
    #[error("its {what} is {value}, which no Whisper model has")]
    Absurd {
        /// Which number.
        what: &'static str,
        /// What stands there.
        value: u64,
    },
    /// Header and vocabulary without weights: made for tests of loading.
    #[error("it has no weights (no tensors): it is a stub for tests")]
    NoTensors,
    /// Weights are missing.
    #[error("it has {found} of {expected} tensors: it is incomplete")]
    Incomplete {
        /// How many it has.
        found: u32,
        /// How many there should be.
        expected: u32,
    },
    /// Larger than any model.
    #[error("it is larger than any Whisper model")]
    TooLarge,
}

/// Walks the file to its end: header, filters, vocabulary, every tensor.
pub fn check(bytes: &[u8]) -> Result<ModelHeader, FileFault> {
    let header = check_without_weights(bytes)?;
    match header.tensors {
        0 => Err(FileFault::NoTensors),
        found if found != header.expected_tensors() => {
            Err(FileFault::Incomplete { found, expected: header.expected_tensors() })
        }
        _ => Ok(header),
    }
}

/// Like [`check`], but a file without any tensor passes; its `tensors` is 0 then.
pub(crate) fn check_without_weights(bytes: &[u8]) -> Result<ModelHeader, FileFault> {
    let mut walk = Walk { bytes, at: 0, part: "header" };
    if walk.number().map_err(|_| FileFault::NotGgml)? != MAGIC {
        return Err(FileFault::NotGgml);
    }
    let mut header = read_header(&mut walk)?;
    walk.part = "filters";
    let (filters, width) = (walk.number()?, walk.number()?);
    within("number of filters", filters, header.mels..=header.mels)?;
    within("filter width", width, FILTER_WIDTH..=FILTER_WIDTH)?;
    walk.skip(u64::from(filters) * u64::from(width) * 4)?;
    walk.part = "vocabulary";
    let words = walk.number()?;
    within("vocabulary", words, 1..=header.vocabulary)?;
    for _ in 0..words {
        let length = walk.number()?;
        within("word length", length, 0..=LONGEST_WORD)?;
        walk.skip(u64::from(length))?;
    }
    walk.part = "tensors";
    let mut names = BTreeMap::new();
    while walk.at < bytes.len() {
        let name = check_tensor(&mut walk)?;
        names.insert(name, ());
        header.tensors += 1;
        within("number of tensors", header.tensors, 0..=header.expected_tensors())?;
    }
    if names.len() != header.tensors as usize {
        return Err(FileFault::Incomplete { found: names.len() as u32, expected: header.expected_tensors() });
    }
    Ok(header)
}

fn read_header(walk: &mut Walk<'_>) -> Result<ModelHeader, FileFault> {
    let mut field = |what, range| walk.number().and_then(|value| within(what, value, range));
    let header = ModelHeader {
        vocabulary: field("vocabulary", 50_000..=60_000)?,
        audio_context: field("audio context", 64..=1_500)?,
        audio_state: field("audio state", 32..=2_048)?,
        audio_heads: field("number of audio heads", 1..=64)?,
        audio_layers: field("number of audio layers", 1..=64)?,
        text_context: field("text context", 16..=448)?,
        text_state: field("text state", 32..=2_048)?,
        text_heads: field("number of text heads", 1..=64)?,
        text_layers: field("number of text layers", 1..=64)?,
        mels: field("number of mel bands", 80..=128)?,
        file_type: field("tensor type", 0..=100_000)?,
        tensors: 0,
        bytes: walk.bytes.len() as u64,
    };
    within("text state", header.text_state, header.audio_state..=header.audio_state)?;
    // whisper.cpp names a model by these layers and fails on others.
    if ![4, 6, 12, 24, 32].contains(&header.audio_layers) {
        return Err(FileFault::Absurd { what: "number of audio layers", value: header.audio_layers.into() });
    }
    for (heads, state) in [(header.audio_heads, header.audio_state), (header.text_heads, header.text_state)] {
        if !state.is_multiple_of(heads) {
            return Err(FileFault::Absurd { what: "number of heads", value: heads.into() });
        }
    }
    Ok(header)
}

/// One tensor: dimensions, name length, type, shape, name, data. Gives its name.
fn check_tensor<'a>(walk: &mut Walk<'a>) -> Result<&'a [u8], FileFault> {
    let dimensions = within("number of dimensions", walk.number()?, 1..=4)?;
    let name_length = within("name length", walk.number()?, 1..=LONGEST_NAME)?;
    let number = walk.number()?;
    let Some((_, block_bytes, block_elements)) = TYPES.iter().find(|(known, ..)| *known == number) else {
        return Err(FileFault::Absurd { what: "tensor type", value: number.into() });
    };
    let mut elements = 1u64;
    for _ in 0..dimensions {
        let size = within("tensor size", walk.number()?, 1..=1 << 24)?;
        elements = elements.saturating_mul(u64::from(size));
    }
    if elements > u64::from(u32::MAX >> 1) || !elements.is_multiple_of(*block_elements) {
        return Err(FileFault::Absurd { what: "tensor size", value: elements });
    }
    let name = walk.take(u64::from(name_length))?;
    walk.skip(elements / block_elements * block_bytes)?;
    Ok(name)
}

fn within(what: &'static str, value: u32, range: std::ops::RangeInclusive<u32>) -> Result<u32, FileFault> {
    if range.contains(&value) { Ok(value) } else { Err(FileFault::Absurd { what, value: value.into() }) }
}

/// A place in the file.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    part: &'static str,
}

impl<'a> Walk<'a> {
    fn take(&mut self, length: u64) -> Result<&'a [u8], FileFault> {
        let truncated = FileFault::Truncated { part: self.part, at: self.bytes.len() as u64 };
        let Ok(length) = usize::try_from(length) else { return Err(truncated) };
        let end = self.at.saturating_add(length);
        let Some(taken) = self.bytes.get(self.at..end) else { return Err(truncated) };
        self.at = end;
        Ok(taken)
    }

    fn skip(&mut self, length: u64) -> Result<(), FileFault> {
        self.take(length).map(|_| ())
    }

    fn number(&mut self) -> Result<u32, FileFault> {
        let taken = self.take(4)?;
        Ok(taken.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
    }
}

#[cfg(test)]
mod tests;
