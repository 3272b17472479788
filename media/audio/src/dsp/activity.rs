//! How loud a frame is, and whether somebody speaks in it.
//!
//! The level is compared with the noise floor: the softest frame of the last two seconds, since speech has
//! gaps and noise has none. A sound whose level hardly changes for half a second (a fan, a hum, a tone) is
//! taken for noise at once. Whether a turn begins or ends is not decided here, but by the ears.

/// A frame this far above the floor may begin activity, in dB.
const ENTER_ABOVE_FLOOR_DB: f32 = 12.0;
/// A frame this far above the floor keeps activity going, in dB.
const STAY_ABOVE_FLOOR_DB: f32 = 8.0;
/// Nothing softer begins activity, in dBov: below it lies the idle noise of telephone lines.
const ENTER_DBOV: f32 = -50.0;
/// Nothing softer keeps activity going.
const STAY_DBOV: f32 = -55.0;
/// The floor is never taken for lower than this: a line that was muted tells nothing about its noise.
const LOWEST_FLOOR_DBOV: f32 = -65.0;
/// The floor that is assumed before anything was heard.
const FIRST_FLOOR_DBOV: f32 = -58.0;
/// So many frames in a row must be loud enough to begin: a click is shorter.
const ENTER_FRAMES: u8 = 2;
/// So many frames in a row may be too soft before activity ends: the closure of a "t" is shorter.
const STAY_FRAMES: u8 = 5;
/// The floor is the minimum of so many blocks, and of the block that is being filled.
const FLOOR_BLOCKS: usize = 4;
/// The length of one block: 0.4 s.
const FLOOR_BLOCK_FRAMES: u8 = 20;
/// A level that stays within [`STEADY_DB`] over so many frames (0.5 s) is no speech.
const STEADY_FRAMES: usize = 25;
const STEADY_DB: f32 = 4.0;

/// What [`ActivityDetector`] says about a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// Level in dB below full scale: 0 is loudest, 127 digital silence (RFC 6464 §3).
    pub level_dbov: u8,
    /// Whether somebody speaks.
    pub active: bool,
}

/// Watches one stream, frame by frame; without memory of its own beyond its fields.
#[derive(Debug, Clone)]
pub struct ActivityDetector {
    levels: [f32; STEADY_FRAMES],
    next_level: usize,
    blocks: [f32; FLOOR_BLOCKS],
    block: f32,
    block_frames: u8,
    next_block: usize,
    speech: Speech,
}

#[derive(Debug, Clone, Copy)]
enum Speech {
    /// Nobody speaks; so many frames in a row were loud.
    Awaited { loud_frames: u8 },
    /// Somebody speaks; so many frames in a row were soft.
    Going { soft_frames: u8 },
}

impl ActivityDetector {
    /// A detector that has heard nothing yet.
    pub fn new() -> Self {
        ActivityDetector {
            // Unsteady on purpose, until half a second was heard.
            levels: std::array::from_fn(|i| if i % 2 == 0 { -127.0 } else { 0.0 }),
            next_level: 0,
            blocks: [FIRST_FLOOR_DBOV; FLOOR_BLOCKS],
            block: 0.0,
            block_frames: 0,
            next_block: 0,
            speech: Speech::Awaited { loud_frames: 0 },
        }
    }

    /// Judges the next frame of 20 ms, at any rate.
    pub fn frame(&mut self, samples: &[i16]) -> Activity {
        let level = level_db(samples);
        let steady = self.note(level);
        let floor = self.floor();
        let loud = level > (floor + ENTER_ABOVE_FLOOR_DB).max(ENTER_DBOV);
        let soft = level < (floor + STAY_ABOVE_FLOOR_DB).max(STAY_DBOV);
        self.speech = match self.speech {
            _ if steady => Speech::Awaited { loud_frames: 0 },
            Speech::Awaited { loud_frames } if loud && loud_frames + 1 >= ENTER_FRAMES => {
                Speech::Going { soft_frames: 0 }
            }
            Speech::Awaited { loud_frames } if loud => Speech::Awaited { loud_frames: loud_frames + 1 },
            Speech::Awaited { .. } => Speech::Awaited { loud_frames: 0 },
            Speech::Going { soft_frames } if soft && soft_frames + 1 >= STAY_FRAMES => {
                Speech::Awaited { loud_frames: 0 }
            }
            Speech::Going { soft_frames } if soft => Speech::Going { soft_frames: soft_frames + 1 },
            Speech::Going { .. } => Speech::Going { soft_frames: 0 },
        };
        Activity { level_dbov: dbov(level), active: matches!(self.speech, Speech::Going { .. }) }
    }

    /// The noise floor as it is believed now, in dB below full scale.
    pub fn floor_dbov(&self) -> u8 {
        dbov(self.floor())
    }

    fn floor(&self) -> f32 {
        let old = self.blocks.iter().copied().fold(f32::INFINITY, f32::min);
        // The block that is being filled counts only downwards.
        let floor = if self.block_frames > 0 { old.min(self.block) } else { old };
        floor.max(LOWEST_FLOOR_DBOV)
    }

    /// Remembers a level; whether the last half second was steady. If it was, it is the floor.
    fn note(&mut self, level: f32) -> bool {
        self.levels[self.next_level] = level;
        self.next_level = (self.next_level + 1) % STEADY_FRAMES;
        self.block = if self.block_frames == 0 { level } else { self.block.min(level) };
        self.block_frames += 1;
        if self.block_frames == FLOOR_BLOCK_FRAMES {
            self.blocks[self.next_block] = self.block;
            self.next_block = (self.next_block + 1) % FLOOR_BLOCKS;
            self.block_frames = 0;
        }
        let softest = self.levels.iter().copied().fold(f32::INFINITY, f32::min);
        let loudest = self.levels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let steady = loudest - softest <= STEADY_DB;
        if steady {
            self.blocks = [softest; FLOOR_BLOCKS];
        }
        steady
    }
}

impl Default for ActivityDetector {
    fn default() -> Self {
        ActivityDetector::new()
    }
}

/// The level of a frame in dB below full scale: 0 is loudest, 127 digital silence (RFC 6464 §3).
pub fn level_dbov(samples: &[i16]) -> u8 {
    dbov(level_db(samples))
}

/// Root mean square against full scale (32,768) in dB, at least −127.
fn level_db(samples: &[i16]) -> f32 {
    // The sum of 320 squares of 31 bits fits into 64 easily.
    let energy: u64 = samples.iter().map(|s| u64::from(s.unsigned_abs()) * u64::from(s.unsigned_abs())).sum();
    if energy == 0 || samples.is_empty() {
        return -127.0;
    }
    let mean = energy as f32 / samples.len() as f32 / (32_768.0 * 32_768.0);
    (10.0 * mean.log10()).max(-127.0)
}

fn dbov(level_db: f32) -> u8 {
    // `as` saturates at 0 from below.
    ((-level_db).round() as u8).min(127)
}

#[cfg(test)]
mod tests;
