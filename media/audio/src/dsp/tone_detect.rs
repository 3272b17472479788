//! Keys that come as tones in the sound (ITU-T Q.23, Q.24), found with Goertzel's algorithm.
//!
//! A telephone whose side does not send RFC 4733 events sends its keys as two tones. Speech contains such
//! pairs by chance ("talk-off"), so that a key must pass the level, the twist, the purity against its
//! neighbours and against all other sound, twice in a row.

use crate::dsp::tone_make::{COLUMNS_HZ, KEYS, ROWS_HZ};

/// A block of 12.75 ms: its bins are as wide as the keys' frequencies are apart, and two of them fit into the
/// shortest tone that must be taken (40 ms, Q.24).
const BLOCK_SAMPLES: usize = 102;
/// The softest tone that is taken: amplitude of each tone, about −36 dB below full scale.
const SOFTEST_AMPLITUDE: f32 = 500.0;
/// The column may be this much louder than the row in power (4 dB), and the row than the column (8 dB):
/// lines damp high tones more than low ones.
const COLUMN_LOUDER: f32 = 2.51;
const ROW_LOUDER: f32 = 6.31;
/// The row stands above the other rows, and the column above the other columns, by this factor in power (8 dB).
const ABOVE_NEIGHBOURS: f32 = 6.31;
/// The share of the whole energy that both tones must have; voices have overtones beside them.
const SHARE_OF_ENERGY: f32 = 0.80;
/// So many equal blocks make a key.
const KEY_BLOCKS: u8 = 2;
/// So many blocks without the key end it: a key that is heard through a short gap is told once.
const PAUSE_BLOCKS: u8 = 2;

/// Finds keys in a stream of samples at 8 kHz.
#[derive(Debug, Clone)]
pub struct ToneDetector {
    factors: [f32; 8],
    bins: [Bin; 8],
    energy: f32,
    filled: usize,
    heard: Heard,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    now: f32,
    before: f32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Heard {
    Silence,
    /// A key was in so many blocks, fewer than [`KEY_BLOCKS`].
    Candidate {
        key: char,
        blocks: u8,
    },
    /// A key sounds and was told; it was missing in so many blocks.
    Key {
        key: char,
        missing: u8,
    },
}

impl ToneDetector {
    /// A detector that has heard nothing yet.
    pub fn new() -> Self {
        let mut factors = [0.0; 8];
        for (factor, hertz) in factors.iter_mut().zip(ROWS_HZ.iter().chain(&COLUMNS_HZ)) {
            *factor = (2.0 * (std::f64::consts::TAU * hertz / 8_000.0).cos()) as f32;
        }
        ToneDetector { factors, bins: [Bin::default(); 8], energy: 0.0, filled: 0, heard: Heard::Silence }
    }

    /// Listens to the next samples, at most 20 ms; the key that began in them. Each key is told once.
    pub fn frame(&mut self, samples: &[i16]) -> Option<char> {
        let mut begun = None;
        let mut rest = samples;
        while !rest.is_empty() {
            let (part, later) = rest.split_at(rest.len().min(BLOCK_SAMPLES - self.filled));
            self.take(part);
            rest = later;
            if self.filled == BLOCK_SAMPLES {
                let key = self.judge();
                begun = self.step(key).or(begun);
            }
        }
        begun
    }

    /// The key that sounds now, if one was told and has not ended.
    pub fn sounding(&self) -> Option<char> {
        match self.heard {
            Heard::Key { key, .. } => Some(key),
            Heard::Silence | Heard::Candidate { .. } => None,
        }
    }

    fn take(&mut self, samples: &[i16]) {
        for sample in samples {
            let x = f32::from(*sample);
            self.energy += x * x;
            for (bin, factor) in self.bins.iter_mut().zip(&self.factors) {
                let next = factor * bin.now - bin.before + x;
                bin.before = bin.now;
                bin.now = next;
            }
        }
        self.filled += samples.len();
    }

    /// Which key the block holds, and makes ready for the next block.
    fn judge(&mut self) -> Option<char> {
        let mut powers = [0.0f32; 8];
        for ((power, bin), factor) in powers.iter_mut().zip(&self.bins).zip(&self.factors) {
            *power = bin.now * bin.now + bin.before * bin.before - factor * bin.now * bin.before;
        }
        let energy = self.energy;
        self.bins = [Bin::default(); 8];
        self.energy = 0.0;
        self.filled = 0;

        let (rows, columns) = powers.split_at(4);
        let (row, row_power) = loudest(rows)?;
        let (column, column_power) = loudest(columns)?;
        // A sine of amplitude a has the power (a·N/2)² in its bin.
        let half = BLOCK_SAMPLES as f32 / 2.0;
        let softest = (SOFTEST_AMPLITUDE * half) * (SOFTEST_AMPLITUDE * half);
        let twist_fits = column_power < row_power * COLUMN_LOUDER && row_power < column_power * ROW_LOUDER;
        let pure = (row_power + column_power) > SHARE_OF_ENERGY * energy * half;
        if row_power < softest || column_power < softest || !twist_fits || !pure {
            return None;
        }
        KEYS.get(row)?.get(column).copied()
    }

    fn step(&mut self, key: Option<char>) -> Option<char> {
        let (heard, begun) = match (self.heard, key) {
            (Heard::Key { key: old, .. }, Some(key)) if old == key => (Heard::Key { key, missing: 0 }, None),
            (Heard::Key { key, missing }, _) if missing + 1 < PAUSE_BLOCKS => {
                (Heard::Key { key, missing: missing + 1 }, None)
            }
            (Heard::Candidate { key: old, blocks }, Some(key)) if old == key => {
                if blocks + 1 >= KEY_BLOCKS {
                    (Heard::Key { key, missing: 0 }, Some(key))
                } else {
                    (Heard::Candidate { key, blocks: blocks + 1 }, None)
                }
            }
            (_, Some(key)) => (Heard::Candidate { key, blocks: 1 }, None),
            (_, None) => (Heard::Silence, None),
        };
        self.heard = heard;
        begun
    }
}

impl Default for ToneDetector {
    fn default() -> Self {
        ToneDetector::new()
    }
}

/// The loudest bin, if it stands above its neighbours.
fn loudest(powers: &[f32]) -> Option<(usize, f32)> {
    let (at, power) = powers.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let alone = powers.iter().enumerate().all(|(i, p)| i == at || p * ABOVE_NEIGHBOURS < power);
    alone.then_some((at, power))
}

#[cfg(test)]
mod tests;
