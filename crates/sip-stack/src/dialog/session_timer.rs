//! Session timers (RFC 4028): who keeps a call alive, how often, and when it counts as dead.

use crate::settings::SessionTimer;
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{HeaderName, Headers, Refresher, SessionExpires};
use std::time::Duration;

/// Shorter intervals are forbidden (RFC 4028 §4); one that the other side says all the same counts as this one.
const INTERVAL_MIN: Duration = Duration::from_secs(90);

/// How long before the end of the interval the BYE goes out, where a third of the interval is not less
/// (RFC 4028 §10).
const BYE_AHEAD_MAX: Duration = Duration::from_secs(32);

/// Who refreshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeper {
    Here,
    There,
}

impl Keeper {
    /// As a request of this side says it.
    pub(crate) fn asking(self) -> Refresher {
        match self {
            Keeper::Here => Refresher::Uac,
            Keeper::There => Refresher::Uas,
        }
    }
}

/// The life of a session, from its last refresh on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionClock {
    pub(crate) interval: Duration,
    pub(crate) keeper: Keeper,
    refreshed: Moment,
    /// Whether the refresh of this interval was asked for already.
    asked: bool,
}

impl SessionClock {
    pub(crate) fn new(interval: Duration, keeper: Keeper, now: Moment) -> Self {
        SessionClock { interval, keeper, refreshed: now, asked: false }
    }

    /// Half of the interval (RFC 4028 §7.4, §10), where it is this side's turn.
    fn refresh_at(&self) -> Option<Moment> {
        (self.keeper == Keeper::Here && !self.asked).then(|| self.refreshed + self.interval / 2)
    }

    /// When the session is given up: a little before the other side gives it up (RFC 4028 §10).
    fn end_at(&self) -> Moment {
        self.refreshed + (self.interval - BYE_AHEAD_MAX.min(self.interval / 3))
    }

    pub(crate) fn deadline(&self) -> Moment {
        self.refresh_at().map_or(self.end_at(), |at| at.min(self.end_at()))
    }

    pub(crate) fn is_over(&self, now: Moment) -> bool {
        self.end_at() <= now
    }

    /// Whether the refresh is due; it is asked for once in an interval.
    pub(crate) fn take_refresh(&mut self, now: Moment) -> bool {
        let due = self.refresh_at().is_some_and(|at| at <= now);
        self.asked |= due;
        due
    }
}

/// What the answerer makes of a request that refreshes a session (RFC 4028 §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    /// 422 with this `Min-SE`.
    TooSmall(Duration),
    /// No timer.
    Endless,
    /// A timer. `required`: the asker has a part in it, so that the response says `Require: timer`.
    Timed { interval: Duration, keeper: Keeper, required: bool },
}

/// RFC 4028 §9, table 2. Deviation: who neither speaks of timers nor understands them gets none, though the answerer
/// could refresh on its own: old telephones trip over re-INVITEs that nobody asked for; held by
/// `session_timers::a_caller_without_timers_gets_none`.
pub(crate) fn grant(request: &Headers, own: Option<SessionTimer>) -> Grant {
    let required = request.lists(HeaderName::Require, "timer");
    let supported = required || request.lists(HeaderName::Supported, "timer");
    // Who requires a timer gets one, also where the operator wants none.
    let Some(own) = own.or(required.then(SessionTimer::default)) else { return Grant::Endless };
    let asked = request.session_expires().ok().flatten();
    let Some(asked) = asked.or_else(|| supported.then(|| SessionExpires::new(seconds(own.expires), None)))
    else {
        return Grant::Endless;
    };
    let least = own.least.max(INTERVAL_MIN);
    let interval = Duration::from_secs(u64::from(asked.seconds));
    if interval < least && supported {
        return Grant::TooSmall(least);
    }
    let floor = Duration::from_secs(u64::from(request.min_se().ok().flatten().unwrap_or(0))).max(least);
    let interval = own.expires.max(floor).min(interval).max(INTERVAL_MIN);
    let keeper = match asked.refresher() {
        Some(Refresher::Uas) => Keeper::Here,
        _ if supported => Keeper::There,
        _ => Keeper::Here,
    };
    Grant::Timed { interval, keeper, required: supported }
}

/// What a 2xx says to who asked (RFC 4028 §7.2): without Session-Expires the session is endless.
pub(crate) fn agreed(success: &Headers, now: Moment) -> Option<SessionClock> {
    let said = success.session_expires().ok().flatten()?;
    let interval = Duration::from_secs(u64::from(said.seconds)).max(INTERVAL_MIN);
    let keeper = if said.refresher() == Some(Refresher::Uas) { Keeper::There } else { Keeper::Here };
    Some(SessionClock::new(interval, keeper, now))
}

/// Writes what a request of this side asks for. `least` is what a 422 demanded before (RFC 4028 §7.4).
pub(crate) fn ask(
    headers: &mut Headers,
    interval: Duration,
    keeper: Option<Keeper>,
    least: Option<Duration>,
) {
    let interval = interval.max(least.unwrap_or_default());
    let wanted = SessionExpires::new(seconds(interval), keeper.map(Keeper::asking));
    headers.set(HeaderName::SessionExpires, wanted.to_string());
    if let Some(least) = least {
        headers.set(HeaderName::MinSe, seconds(least).to_string());
    }
}

/// Writes what a response of this side grants.
pub(crate) fn tell(headers: &mut Headers, interval: Duration, keeper: Keeper, required: bool) {
    let refresher = match keeper {
        Keeper::Here => Refresher::Uas,
        Keeper::There => Refresher::Uac,
    };
    headers.push(
        HeaderName::SessionExpires,
        SessionExpires::new(seconds(interval), Some(refresher)).to_string(),
    );
    if required {
        headers.push(HeaderName::Require, "timer");
    }
}

/// What a 422 demands (RFC 4028 §7.3), if it is more than was asked for and no nonsense.
pub(crate) fn demanded(refusal: &Headers, asked: &Headers) -> Option<Duration> {
    let least = refusal.min_se().ok().flatten()?;
    let before = asked.session_expires().ok().flatten()?.seconds;
    (least > before).then(|| Duration::from_secs(u64::from(least)))
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(lines: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in lines {
            headers.push(HeaderName::from_token(name).unwrap(), value);
        }
        headers
    }

    fn timed(interval: u64, keeper: Keeper, required: bool) -> Grant {
        Grant::Timed { interval: Duration::from_secs(interval), keeper, required }
    }

    #[test]
    fn the_answerer_chooses_interval_and_keeper_by_the_table() {
        let own = Some(SessionTimer::default());
        let timer = ("Supported", "replaces, timer");
        for (lines, expected) in [
            (vec![], Grant::Endless),
            (vec![timer], timed(1800, Keeper::There, true)),
            (vec![timer, ("x", "600")], timed(600, Keeper::There, true)),
            (vec![timer, ("x", "600;refresher=uac")], timed(600, Keeper::There, true)),
            (vec![timer, ("x", "600;refresher=uas")], timed(600, Keeper::Here, true)),
            (vec![timer, ("x", "7200")], timed(1800, Keeper::There, true)),
            (vec![timer, ("x", "7200"), ("Min-SE", "3600")], timed(3600, Keeper::There, true)),
            (vec![timer, ("x", "60")], Grant::TooSmall(Duration::from_secs(90))),
            // A proxy asked for a caller that knows no timers: this side must keep it, and no 422 would help.
            (vec![("x", "600")], timed(600, Keeper::Here, false)),
            (vec![("x", "60")], timed(90, Keeper::Here, false)),
            (vec![("Require", "timer"), ("x", "600")], timed(600, Keeper::There, true)),
        ] {
            assert_eq!(grant(&request(&lines), own), expected, "{lines:?}");
        }
    }

    #[test]
    fn without_timers_of_its_own_this_side_grants_one_only_to_who_requires_it() {
        let asked = request(&[("Supported", "timer"), ("Session-Expires", "600")]);
        assert_eq!(grant(&asked, None), Grant::Endless);
        let required = request(&[("Require", "timer"), ("Session-Expires", "600")]);
        assert_eq!(grant(&required, None), timed(600, Keeper::There, true));
    }

    #[test]
    fn a_session_is_refreshed_at_half_its_life_once_and_given_up_before_its_end() {
        let at = |s: u64| Moment::from_millis(s * 1000);
        let mut clock = SessionClock::new(Duration::from_secs(1800), Keeper::Here, at(0));
        assert_eq!(clock.deadline(), at(900));
        assert!(!clock.take_refresh(at(899)));
        assert!(clock.take_refresh(at(900)));
        assert!(!clock.take_refresh(at(901)), "once");
        assert_eq!(clock.deadline(), at(1768));
        let short = SessionClock::new(Duration::from_secs(90), Keeper::There, at(0));
        assert_eq!(short.deadline(), at(60), "a third of 90 s is less than 32 s");
        assert!(short.is_over(at(60)) && !short.is_over(at(59)));
    }

    #[test]
    fn a_success_says_who_keeps_the_session_and_a_hostile_interval_is_no_flood() {
        let now = Moment::ZERO;
        let keeper =
            |value| agreed(&request(&[("Session-Expires", value)]), now).map(|c| (c.keeper, c.interval));
        assert_eq!(keeper("600;refresher=uas"), Some((Keeper::There, Duration::from_secs(600))));
        assert_eq!(keeper("600;refresher=uac"), Some((Keeper::Here, Duration::from_secs(600))));
        assert_eq!(keeper("1"), Some((Keeper::Here, INTERVAL_MIN)));
        assert_eq!(agreed(&request(&[]), now), None);
    }
}
