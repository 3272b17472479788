//! A bad network, on purpose: what leaves may be lost, or wait a while.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// Chance, and how bad it is.
#[derive(Debug, Clone)]
pub struct Mishap {
    chance: ChaCha8Rng,
    loss: f64,
    jitter: Duration,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is sent, after this wait.
    Sent(Duration),
    /// It is not sent.
    Lost,
}

impl Mishap {
    /// `loss` is a share of one; every other packet waits up to `jitter`, each as long as any other.
    pub fn new(seed: [u8; 32], loss: f64, jitter: Duration) -> Self {
        Mishap { chance: ChaCha8Rng::from_seed(seed), loss, jitter }
    }

    /// What becomes of the next packet.
    pub fn fate(&mut self) -> Fate {
        if self.loss > 0.0 && self.draw() < self.loss {
            return Fate::Lost;
        }
        Fate::Sent(if self.jitter.is_zero() { Duration::ZERO } else { self.jitter.mul_f64(self.draw()) })
    }

    fn draw(&mut self) -> f64 {
        f64::from(self.chance.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_lost_and_none_waits_longer_and_one_seed_is_one_fate() {
        let fates = |seed| {
            let mut mishap = Mishap::new([seed; 32], 0.1, Duration::from_millis(20));
            (0..10_000).map(|_| mishap.fate()).collect::<Vec<_>>()
        };
        let first = fates(1);
        let lost = first.iter().filter(|fate| **fate == Fate::Lost).count();
        assert!((900..1_100).contains(&lost), "{lost}");
        assert!(
            first.iter().all(|fate| !matches!(fate, Fate::Sent(wait) if *wait >= Duration::from_millis(20)))
        );
        assert_eq!(first, fates(1));
        assert_ne!(first, fates(2));
        let mut none = Mishap::new([1; 32], 0.0, Duration::ZERO);
        assert!((0..100).all(|_| none.fate() == Fate::Sent(Duration::ZERO)));
    }
}
