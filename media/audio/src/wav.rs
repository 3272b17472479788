//! RIFF/WAVE files as bytes: read whatever voices and people produce, write 16 bit.
//!
//! Reading never trusts a header: lengths are bounded by the bytes that are there, rates and channels by what
//! sound can have. Nothing here opens a file.

use crate::{MAX_RATE_HZ, MIN_RATE_HZ};
use hound::{SampleFormat, WavReader};
use thiserror::Error;

/// The longest sound that is read, in samples of one channel: an hour at 8 kHz, ten minutes at 48 kHz.
pub const MAX_FRAMES: u32 = 28_800_000;
/// The length of the header that [`WavHeader`] writes.
pub const HEADER_BYTES: usize = 44;

/// A sound that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Wav {
    /// Samples a second.
    pub rate: u32,
    /// The channels that the file has: 1 or 2; two are mixed to one in `samples`.
    pub channels: u16,
    /// The samples, mono, 16 bit.
    pub samples: Vec<i16>,
    /// The header promises more samples than there are: a program wrote it to a pipe, or was killed.
    pub cut_short: bool,
}

impl std::fmt::Debug for Wav {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wav")
            .field("rate", &self.rate)
            .field("channels", &self.channels)
            .field("samples", &self.samples.len())
            .field("cut_short", &self.cut_short)
            .finish()
    }
}

/// Why a file is not read. It is always the file's fault; the one who put it there must bring another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WavFault {
    /// It is no WAVE file, or its header contradicts itself.
    #[error("not a usable WAV file: {what}")]
    Malformed {
        /// What is wrong with it.
        what: &'static str,
    },
    /// It ends before its sound begins.
    #[error("the WAV file ends within its header")]
    Truncated,
    /// It holds no sample.
    #[error("the WAV file holds no sound")]
    Empty,
    /// A rate that sound cannot have here.
    #[error("a rate of {rate} samples a second; 4000 to 192000 can be read")]
    Rate {
        /// The rate in the header.
        rate: u32,
    },
    /// Neither mono nor stereo.
    #[error("{channels} channels; only mono and stereo can be read")]
    Channels {
        /// The channels in the header.
        channels: u16,
    },
    /// Compressed, or of a width that is not read.
    #[error("its samples are compressed or of an unusual width; 8, 16, 24, 32 bit and float can be read")]
    Format,
    /// Longer than [`MAX_FRAMES`].
    #[error("the sound is too long")]
    TooLong,
}

/// Reads a WAV file: 8, 16, 24 or 32 bit integers or 32 bit float, mono or stereo (mixed to mono).
pub fn read(bytes: &[u8]) -> Result<Wav, WavFault> {
    let mut reader = WavReader::new(bytes).map_err(fault_of)?;
    let spec = reader.spec();
    if !(MIN_RATE_HZ..=MAX_RATE_HZ).contains(&spec.sample_rate) {
        return Err(WavFault::Rate { rate: spec.sample_rate });
    }
    if !(1..=2).contains(&spec.channels) {
        return Err(WavFault::Channels { channels: spec.channels });
    }
    let promised = reader.len() as usize;
    // What is there, not what is promised, decides how much is read: at least one byte a sample.
    if promised.min(bytes.len()) / usize::from(spec.channels) > MAX_FRAMES as usize {
        return Err(WavFault::TooLong);
    }
    let (values, whole) = match spec.sample_format {
        SampleFormat::Float => {
            as_far_as_it_goes(reader.samples::<f32>().map(|v| v.map(|v| (v * 32_768.0).round() as i16)))
        }
        SampleFormat::Int => {
            let bits = u32::from(spec.bits_per_sample);
            if !matches!(bits, 8 | 16 | 24 | 32) {
                return Err(WavFault::Format);
            }
            as_far_as_it_goes(reader.samples::<i32>().map(move |v| v.map(|v| to_16_bit(v, bits))))
        }
    }?;
    let samples = match spec.channels {
        1 => values,
        _ => values.as_chunks().0.iter().map(|[l, r]| ((i32::from(*l) + i32::from(*r)) / 2) as i16).collect(),
    };
    if samples.is_empty() {
        return Err(WavFault::Empty);
    }
    Ok(Wav { rate: spec.sample_rate, channels: spec.channels, samples, cut_short: !whole })
}

fn to_16_bit(value: i32, bits: u32) -> i16 {
    let wide = if bits < 16 { value << (16 - bits) } else { value >> (bits - 16) };
    wide.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// Reads until the end, or until the bytes end; whether all that was promised was there.
fn as_far_as_it_goes(values: impl Iterator<Item = hound::Result<i16>>) -> Result<(Vec<i16>, bool), WavFault> {
    let mut samples = Vec::new();
    for value in values {
        match value {
            Ok(value) => samples.push(value),
            Err(hound::Error::IoError(_)) => return Ok((samples, false)),
            Err(other) => return Err(fault_of(other)),
        }
    }
    Ok((samples, true))
}

fn fault_of(error: hound::Error) -> WavFault {
    match error {
        hound::Error::IoError(_) => WavFault::Truncated,
        hound::Error::FormatError(what) => WavFault::Malformed { what },
        _ => WavFault::Format,
    }
}

/// The header of a 16 bit PCM file, for those who write the samples themselves and refresh it in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WavHeader {
    /// Samples a second.
    pub rate: u32,
    /// Channels: 1 or 2.
    pub channels: u16,
    /// Samples of each channel.
    pub frames: u32,
}

impl WavHeader {
    /// The 44 bytes that stand before the samples. Lengths that the format cannot tell saturate.
    pub fn bytes(&self) -> [u8; HEADER_BYTES] {
        let block = u32::from(self.channels) * 2;
        let data = u32::try_from(u64::from(self.frames) * u64::from(block)).unwrap_or(u32::MAX - 36);
        let data = data.min(u32::MAX - 36);
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(b"RIFF");
        bytes[4..8].copy_from_slice(&(data + 36).to_le_bytes());
        bytes[8..16].copy_from_slice(b"WAVEfmt ");
        bytes[16..20].copy_from_slice(&16u32.to_le_bytes());
        bytes[20..22].copy_from_slice(&1u16.to_le_bytes());
        bytes[22..24].copy_from_slice(&self.channels.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.rate.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.rate.saturating_mul(block).to_le_bytes());
        bytes[32..34].copy_from_slice(&(block as u16).to_le_bytes());
        bytes[34..36].copy_from_slice(&16u16.to_le_bytes());
        bytes[36..40].copy_from_slice(b"data");
        bytes[40..44].copy_from_slice(&data.to_le_bytes());
        bytes
    }
}

/// A whole mono file of 16 bit.
pub fn write_mono(rate: u32, samples: &[i16]) -> Vec<u8> {
    let frames = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    let mut bytes = WavHeader { rate, channels: 1, frames }.bytes().to_vec();
    bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    bytes
}

/// A whole stereo file of 16 bit; the shorter side is silent after its end.
pub fn write_stereo(rate: u32, left: &[i16], right: &[i16]) -> Vec<u8> {
    let frames = left.len().max(right.len());
    let header = WavHeader { rate, channels: 2, frames: u32::try_from(frames).unwrap_or(u32::MAX) };
    let mut bytes = header.bytes().to_vec();
    for at in 0..frames {
        let of = |side: &[i16]| side.get(at).copied().unwrap_or(0).to_le_bytes();
        bytes.extend(of(left));
        bytes.extend(of(right));
    }
    bytes
}

#[cfg(test)]
mod tests;
