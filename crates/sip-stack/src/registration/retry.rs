//! How long to wait before a registration that failed is tried again (RFC 5626 §4.5).

use crate::chance::Chance;
use frontdesk_sip_message::{Response, StatusCode};
use std::time::Duration;

/// `base-time` of the RFC: after the first failure 30 to 60 s pass.
const BASE: Duration = Duration::from_secs(30);

/// The base after a refusal that is meant: wrong credentials, forbidden, unknown. Registrars lock out who goes on asking,
/// and nothing but a person mends it.
const REFUSED_BASE: Duration = Duration::from_secs(150);

/// `max-time` of the RFC.
const MOST: Duration = Duration::from_secs(1_800);

/// The longest `Retry-After` that is obeyed.
const RETRY_AFTER_MOST: Duration = Duration::from_secs(3_600);

/// The wait after so many failures in a row: the base doubled by each, up to the most, of which 50 to 100 percent by
/// chance; longer where the registrar says so by `Retry-After`.
pub(super) fn wait(failures: u32, answer: Option<&Response>, chance: &mut Chance) -> Duration {
    let base = if answer.is_some_and(|answer| is_meant(answer.status)) { REFUSED_BASE } else { BASE };
    let upper = base.saturating_mul(1 << failures.min(10)).min(MOST);
    let half = upper / 2;
    let own = half + Duration::from_millis(chance.below(half.as_millis() as u64 + 1));
    let retry_after = answer.and_then(|answer| answer.headers.retry_after().ok().flatten());
    let told = Duration::from_secs(u64::from(retry_after.unwrap_or(0))).min(RETRY_AFTER_MOST);
    own.max(told)
}

/// Whether asking again soon would get the same answer.
fn is_meant(status: StatusCode) -> bool {
    let passing =
        [StatusCode::REQUEST_TIMEOUT, StatusCode::TEMPORARILY_UNAVAILABLE, StatusCode::REQUEST_PENDING];
    (400..500).contains(&status.as_u16()) && !passing.contains(&status) || status.as_u16() >= 600
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_sip_message::{HeaderName, Headers};

    fn answer(code: u16, retry_after: Option<u32>) -> Response {
        let mut headers = Headers::new();
        if let Some(seconds) = retry_after {
            headers.push_display(HeaderName::RetryAfter, seconds);
        }
        let status = StatusCode::new(code).expect("a status");
        let mut response = Response::answering(&Headers::new(), status);
        response.headers = headers;
        response
    }

    /// The shortest and the longest of many waits, in seconds.
    fn span(failures: u32, answer: Option<&Response>) -> (u64, u64) {
        let mut chance = Chance::new([3; 32]);
        let waits: Vec<u64> = (0..500).map(|_| wait(failures, answer, &mut chance).as_secs()).collect();
        (waits.iter().copied().min().unwrap_or(0), waits.iter().copied().max().unwrap_or(0))
    }

    #[test]
    fn waits_double_up_to_half_an_hour_and_differ_by_half() {
        for (failures, least, most) in [
            (1, 30, 60),
            (2, 60, 120),
            (3, 120, 240),
            (6, 900, 1_800),
            (7, 900, 1_800),
            (u32::MAX, 900, 1_800),
        ] {
            let (shortest, longest) = span(failures, None);
            assert!(shortest >= least && longest <= most, "{failures}: {shortest} to {longest}");
            assert!(longest - shortest > (most - least) * 8 / 10, "{failures}: {shortest} to {longest}");
        }
    }

    #[test]
    fn a_refusal_that_is_meant_waits_minutes_and_a_passing_one_does_not() {
        for code in [401, 403, 404, 407, 423, 603] {
            assert!(span(1, Some(&answer(code, None))).0 >= 150, "{code}");
        }
        for code in [408, 480, 500, 503] {
            assert!(span(1, Some(&answer(code, None))).1 <= 60, "{code}");
        }
    }

    #[test]
    fn retry_after_is_obeyed_up_to_an_hour() {
        assert_eq!(span(1, Some(&answer(503, Some(700)))), (700, 700));
        assert!(span(1, Some(&answer(503, Some(1)))).0 >= 30, "no sooner than the own wait");
        assert_eq!(span(1, Some(&answer(503, Some(u32::MAX)))), (3_600, 3_600));
    }
}
