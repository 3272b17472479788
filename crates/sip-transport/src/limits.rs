//! How many messages one source may send: a token bucket each, one for requests and one for responses.

use frontdesk_identifiers::Moment;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// How many requests a second, and how many responses, a source may send for long. A trunk brings all its calls from one address, so this
/// is far above what a telephone needs; it only keeps one source from taking the whole desk.
pub const REQUESTS_PER_SECOND: u32 = 1_000;
/// How many requests a source may send at once.
pub const REQUEST_BURST: u32 = 4_000;
/// How many sources are told apart, for each UDP socket, and for all streams together (which are slowed down where
/// datagrams are dropped). When they are more, the ones that were not met before share
/// one bucket; requests beyond it are dropped and counted in
/// [`dropped_over_rate`](crate::Counters::dropped_over_rate).
pub const SOURCES_MAX: usize = 8_192;

/// A request costs this many nanoseconds of a source's time.
const COST_NS: u64 = 1_000_000_000 / REQUESTS_PER_SECOND as u64;
/// As far ahead of the clock a source may be.
const AHEAD_NS: u64 = COST_NS * REQUEST_BURST as u64;
/// How often a full table is searched for sources that are quiet again.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// The buckets of one socket. A bucket is the moment up to which its source has used its share, which may lie
/// ahead of now by a burst: a bucket that lies behind now is full again and need not be kept.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    used_until: BTreeMap<IpAddr, Moment>,
    strangers_used_until: Moment,
    swept: Moment,
}

impl Limits {
    /// Whether a request of this source may pass now.
    pub(crate) fn admit(&mut self, source: IpAddr, now: Moment) -> bool {
        let source = network(source);
        if let Some(used_until) = self.used_until.get_mut(&source) {
            return take(used_until, now);
        }
        if self.used_until.len() >= SOURCES_MAX && now.since(self.swept) >= SWEEP_EVERY {
            self.swept = now;
            self.used_until.retain(|_, used_until| *used_until > now);
        }
        if self.used_until.len() >= SOURCES_MAX {
            return take(&mut self.strangers_used_until, now);
        }
        take(self.used_until.entry(source).or_insert(now), now)
    }
}

fn take(used_until: &mut Moment, now: Moment) -> bool {
    let begin = (*used_until).max(now);
    if begin.since(now) > Duration::from_nanos(AHEAD_NS - COST_NS) {
        return false;
    }
    *used_until = begin + Duration::from_nanos(COST_NS);
    true
}

/// One IPv4 address, or the /64 that one IPv6 host can choose its addresses from.
pub(crate) fn network(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn v4(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    fn admitted(limits: &mut Limits, source: IpAddr, tries: u32, now: Moment) -> u32 {
        (0..tries).map(|_| u32::from(limits.admit(source, now))).sum()
    }

    #[test]
    fn a_flood_is_cut_to_a_burst_and_then_to_the_rate() {
        let mut limits = Limits::default();
        let start = Moment::from_millis(60_000);
        assert_eq!(admitted(&mut limits, v4(1), 3 * REQUEST_BURST, start), REQUEST_BURST);
        let later = start + Duration::from_secs(1);
        assert_eq!(admitted(&mut limits, v4(1), 3 * REQUEST_BURST, later), REQUESTS_PER_SECOND);
        let much_later = later + Duration::from_secs(3_600);
        assert_eq!(admitted(&mut limits, v4(1), 3 * REQUEST_BURST, much_later), REQUEST_BURST);
    }

    #[test]
    fn a_flood_from_one_source_costs_no_other() {
        let mut limits = Limits::default();
        admitted(&mut limits, v4(1), 2 * REQUEST_BURST, Moment::ZERO);
        assert!(!limits.admit(v4(1), Moment::ZERO));
        assert!(limits.admit(v4(2), Moment::ZERO));
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one() {
        let mut limits = Limits::default();
        let host = |number: u128| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | number));
        let passed: u32 = (0..2 * u128::from(REQUEST_BURST))
            .map(|number| u32::from(limits.admit(host(number), Moment::ZERO)))
            .sum();
        assert_eq!(passed, REQUEST_BURST);
        assert!(limits.admit(host(1 << 64), Moment::ZERO), "another network");
    }

    #[test]
    fn any_number_of_sources_takes_bounded_room_and_old_friends_keep_theirs() {
        let mut limits = Limits::default();
        let sources = u32::try_from(SOURCES_MAX).unwrap();
        for number in 0..sources {
            assert!(limits.admit(v4(number), Moment::ZERO));
        }
        let strangers: u32 =
            (0..2 * REQUEST_BURST).map(|n| u32::from(limits.admit(v4(sources + n), Moment::ZERO))).sum();
        assert_eq!(strangers, REQUEST_BURST, "strangers share one bucket");
        assert!(limits.admit(v4(5), Moment::ZERO));
        assert_eq!(limits.used_until.len(), SOURCES_MAX);

        let later = Moment::ZERO + SWEEP_EVERY;
        assert!(limits.admit(v4(u32::MAX), later));
        assert_eq!(limits.used_until.len(), 1, "the quiet ones were forgotten");
    }
}
