//! Many times in little memory: counts by magnitude.

use serde::Serialize;
use std::time::Duration;

/// Steps within each doubling: a time is known to within 3 %.
const STEPS: usize = 32;
/// Doublings above a microsecond: to an hour. What is longer is counted with it.
const DOUBLINGS: usize = 32;

/// How often which time was seen. Times are kept to within 3 %, the longest and the shortest exactly.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: Duration,
    shortest: Duration,
    longest: Duration,
}

/// What is said of a histogram, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// How many times.
    pub count: u64,
    /// The shortest.
    pub min_ms: f64,
    /// The mean.
    pub mean_ms: f64,
    /// The median.
    pub p50_ms: f64,
    /// What one of ten exceeds.
    pub p90_ms: f64,
    /// What one of a hundred exceeds.
    pub p99_ms: f64,
    /// What one of a thousand exceeds.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// One bar of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bar {
    /// The times from here,
    pub from_ms: f64,
    /// to here.
    pub to_ms: f64,
    /// How many.
    pub count: u64,
}

impl Histogram {
    /// Nothing seen.
    pub fn new() -> Self {
        Histogram {
            counts: vec![0; STEPS * DOUBLINGS],
            count: 0,
            sum: Duration::ZERO,
            shortest: Duration::MAX,
            longest: Duration::ZERO,
        }
    }

    /// One more.
    pub fn add(&mut self, time: Duration) {
        if let Some(count) = self.counts.get_mut(place(time)) {
            *count += 1;
        }
        self.count += 1;
        self.sum += time;
        self.shortest = self.shortest.min(time);
        self.longest = self.longest.max(time);
    }

    /// How many were seen.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The time that this share of all does not exceed; none when nothing was seen.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count);
        if rank == self.count {
            return Some(self.longest);
        }
        let mut seen = 0;
        let at = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(((bound(at) + bound(at + 1)) / 2).clamp(self.shortest, self.longest))
    }

    /// What there is to say; none when nothing was seen.
    pub fn summary(&self) -> Option<Summary> {
        let quantile = |share| self.quantile(share).map(millis);
        Some(Summary {
            count: self.count,
            p50_ms: quantile(0.5)?,
            p90_ms: quantile(0.9)?,
            p99_ms: quantile(0.99)?,
            p999_ms: quantile(0.999)?,
            min_ms: millis(self.shortest),
            max_ms: millis(self.longest),
            mean_ms: millis(self.sum) / self.count as f64,
        })
    }

    /// A picture of it: bars of equal width on a scale of magnitudes, from the first that is not empty to the last.
    pub fn bars(&self) -> Vec<Bar> {
        let seen = |at: &usize| self.counts.get(*at).is_some_and(|count| *count > 0);
        let all = 0..self.counts.len();
        let (Some(first), Some(last)) = (all.clone().find(seen), all.rev().find(seen)) else {
            return Vec::new();
        };
        // At most 80 bars.
        let together = ((last - first) / 80 + 1).max(1);
        (first..=last)
            .step_by(together)
            .map(|at| Bar {
                from_ms: millis(bound(at)),
                to_ms: millis(bound(at + together)),
                count: self.counts.iter().skip(at).take(together).sum(),
            })
            .collect()
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram::new()
    }
}

/// In which of the steps a time is counted.
fn place(time: Duration) -> usize {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    let doubling = micros.ilog2() as usize;
    // Below 32 µs the steps are finer than a microsecond, which leaves some of them empty.
    let within = ((u128::from(micros) * STEPS as u128) >> doubling) as usize - STEPS;
    (doubling * STEPS + within).min(STEPS * DOUBLINGS - 1)
}

/// The shortest time of a step.
fn bound(place: usize) -> Duration {
    let (doubling, within) = (place / STEPS, place % STEPS);
    let nanos = (((STEPS + within) as u128 * 1_000) << doubling) / STEPS as u128;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_within_three_percent() {
        let mut histogram = Histogram::new();
        for micros in 1..=100_000 {
            histogram.add(Duration::from_micros(micros));
        }
        for (share, millis) in [(0.5, 50.0), (0.9, 90.0), (0.99, 99.0), (0.999, 99.9)] {
            let found = histogram.quantile(share).unwrap().as_secs_f64() * 1e3;
            assert!((found / millis - 1.0).abs() < 0.03, "{share}: {found}");
        }
        let summary = histogram.summary().unwrap();
        assert_eq!((summary.count, summary.min_ms, summary.max_ms), (100_000, 0.001, 100.0));
        assert!((summary.mean_ms - 50.0).abs() < 0.01);
    }

    #[test]
    fn a_picture_has_all_that_was_seen_and_nothing_has_none() {
        let mut histogram = Histogram::new();
        assert_eq!((histogram.summary(), histogram.bars()), (None, Vec::new()));
        for millis in [1, 1, 20, 3_600_000, 86_400_000] {
            histogram.add(Duration::from_millis(millis));
        }
        let bars = histogram.bars();
        assert!(bars.len() <= 81);
        assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), 5);
        assert!(bars.iter().all(|bar| bar.from_ms < bar.to_ms));
        assert_eq!(histogram.quantile(1.0), Some(Duration::from_hours(24)));
    }
}
