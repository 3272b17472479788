//! Chance from the system, for times that must not fall together.

use std::time::Duration;

/// What is done again and again is never done more often than this.
const LEAST: Duration = Duration::from_millis(1);

/// This time, a tenth more or less; every one of these as likely.
pub(crate) fn about(time: Duration) -> Duration {
    let mut bytes = [0; 4];
    let part = match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        // Without chance, the middle.
        Err(_) => 0.5,
    };
    time.mul_f64(0.9 + 0.2 * part).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spread_by_a_tenth_and_never_none() {
        let times: Vec<Duration> = (0..100).map(|_| about(Duration::from_secs(100))).collect();
        let tenth = Duration::from_secs(90)..=Duration::from_secs(110);
        assert!(times.iter().all(|time| tenth.contains(time)));
        assert!(times.iter().any(|time| *time != times[0]));
        assert_eq!(about(Duration::ZERO), LEAST);
    }
}
