//! Medians and quantiles.

use std::time::Duration;

/// What is said of many times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    /// How many there were.
    pub count: usize,
    /// The median, in milliseconds.
    pub p50: f64,
    /// What one of a hundred exceeds, in milliseconds.
    pub p99: f64,
    /// The longest, in milliseconds.
    pub max: f64,
}

impl Quantiles {
    /// Of these times; none when there are none.
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Option<Quantiles> {
        let mut millis: Vec<f64> = times.into_iter().map(|time| time.as_secs_f64() * 1e3).collect();
        millis.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let rank = (share * millis.len() as f64).ceil() as usize;
            millis.get(rank.saturating_sub(1)).copied()
        };
        Some(Quantiles { count: millis.len(), p50: at(0.5)?, p99: at(0.99)?, max: at(1.0)? })
    }

    /// The median of each of the figures over several runs; of the longest, the longest.
    pub fn over_runs(runs: &[Quantiles]) -> Option<Quantiles> {
        let of = |pick: fn(&Quantiles) -> f64| median(&runs.iter().map(pick).collect::<Vec<_>>());
        Some(Quantiles {
            count: runs.iter().map(|run| run.count).sum(),
            p50: of(|run| run.p50)?,
            p99: of(|run| run.p99)?,
            max: runs.iter().map(|run| run.max).max_by(f64::total_cmp)?,
        })
    }
}

/// The middle value; of two middle ones the mean; none of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get(sorted.len().saturating_sub(1) / 2)?;
    Some((upper + lower) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let of_100 = Quantiles::of((1..=100).rev().map(Duration::from_millis)).expect("some");
        assert_eq!((of_100.count, of_100.p50, of_100.p99, of_100.max), (100, 50.0, 99.0, 100.0));
        let of_one = Quantiles::of([Duration::from_millis(7)]).expect("one");
        assert_eq!((of_one.p50, of_one.p99, of_one.max), (7.0, 7.0, 7.0));
        assert_eq!(Quantiles::of([]), None);
    }

    #[test]
    fn one_bad_run_moves_the_longest_only() {
        let run = |p50, max| Quantiles { count: 10, p50, p99: p50, max };
        let all = Quantiles::over_runs(&[run(1.0, 2.0), run(90.0, 99.0), run(2.0, 3.0)]).expect("three");
        assert_eq!((all.count, all.p50, all.p99, all.max), (30, 2.0, 2.0, 99.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
