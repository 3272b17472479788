//! Chance, from one `u64`.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// A seeded generator: everything that a run leaves to chance comes from one of these.
pub struct Chance(ChaCha12Rng);

impl Chance {
    /// The chance of this seed; `part` keeps the parts of one world apart.
    pub fn new(seed: u64, part: u64) -> Chance {
        let mut wide = [0; 32];
        wide[..8].copy_from_slice(&seed.to_le_bytes());
        wide[8..16].copy_from_slice(&part.to_le_bytes());
        Chance(ChaCha12Rng::from_seed(wide))
    }

    /// A seed for a part that draws by itself.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        seed
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.0.next_u64() % end }
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }

    /// A time up to `longest`, to the millisecond.
    pub fn time(&mut self, longest: Duration) -> Duration {
        Duration::from_millis(self.below(longest.as_millis() as u64 + 1))
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}
