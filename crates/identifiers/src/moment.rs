//! Time as a value: [`Moment`] for waiting and measuring, [`WallTime`] for people.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A point in time on the node's own steady clock: nanoseconds since the node started.
///
/// It never jumps and means nothing outside the node. 584 years fit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Moment(u64);

impl Moment {
    /// The start of the node.
    pub const ZERO: Moment = Moment(0);

    /// A moment so many nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Moment(nanos)
    }

    /// A moment so many milliseconds after the start; tests write time with it.
    pub const fn from_millis(millis: u64) -> Self {
        Moment(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the start.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// How long after `earlier` this is; nothing if it is not after it.
    pub const fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;
    fn add(self, wait: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Moment;
    fn sub(self, back: Duration) -> Moment {
        Moment(self.0.saturating_sub(u64::try_from(back.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// A point in civil time, UTC: microseconds since the Unix epoch. It may jump; nothing is measured with it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct WallTime(u64);

impl WallTime {
    /// From microseconds since the Unix epoch.
    pub const fn from_unix_micros(micros: u64) -> Self {
        WallTime(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_unix_micros(self) -> u64 {
        self.0
    }
}

impl Add<Duration> for WallTime {
    type Output = WallTime;
    fn add(self, wait: Duration) -> WallTime {
        WallTime(self.0.saturating_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// RFC 3339 with milliseconds: `2026-11-20T14:23:12.042Z`.
impl std::fmt::Display for WallTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millis = self.0 / 1_000;
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        // Days to civil date, after Howard Hinnant's `civil_from_days`: eras of 400 years from 0000-03-01.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_saturate_instead_of_wrapping() {
        let early = Moment::from_millis(5);
        assert_eq!(early.since(Moment::from_millis(9)), Duration::ZERO);
        assert_eq!(early - Duration::from_secs(1), Moment::ZERO);
        assert_eq!(Moment::from_nanos(u64::MAX) + Duration::from_secs(1), Moment::from_nanos(u64::MAX));
        assert_eq!((early + Duration::from_millis(7)).as_millis(), 12);
    }

    #[test]
    fn wall_time_is_written_as_rfc_3339() {
        let written = |seconds: u64, millis: u64| {
            WallTime::from_unix_micros(seconds * 1_000_000 + millis * 1_000).to_string()
        };
        assert_eq!(written(0, 0), "1970-01-01T00:00:00.000Z");
        assert_eq!(written(951_782_400, 7), "2000-02-29T00:00:00.007Z");
        assert_eq!(written(1_709_251_199, 999), "2024-02-29T23:59:59.999Z");
        assert_eq!(written(4_107_542_400, 0), "2100-03-01T00:00:00.000Z");
    }
}
