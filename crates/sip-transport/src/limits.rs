//! How many messages one source may send: a token bucket each, one for requests and one for responses.

use frontdesk_identifiers::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// How much a source may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Messages a second, for long.
    pub per_second: u32,
    /// Messages at once.
    pub burst: u32,
}

/// Requests of a source that nobody named: far above what a telephone or an office of telephones needs.
pub const STRANGER_REQUESTS: Budget = Budget { per_second: 1_000, burst: 4_000 };
/// Requests of a peer or a trunk, which brings all its calls from one address: three or four a call, and more calls a
/// second than one machine takes. It is bounded all the same, since whoever can forge a datagram can forge its source.
pub const TRUSTED_REQUESTS: Budget = Budget { per_second: 10_000, burst: 20_000 };
/// Responses of any source. Each answers a request that was sent from here, three a call; one that answers none costs
/// little.
pub const RESPONSES: Budget = Budget { per_second: 10_000, burst: 20_000 };
/// How many sources are told apart, among the datagrams of all sockets, and among all streams (which are slowed down where
/// datagrams are dropped). When they are more, the ones that were not met before share
/// one bucket; requests beyond it are dropped and counted in
/// [`dropped_over_rate`](crate::Counters::dropped_over_rate).
pub const SOURCES_MAX: usize = 8_192;
/// How many addresses may be named as trusted; more count as strangers.
pub const TRUSTED_MAX: usize = 4_096;

/// How often a full table is searched for sources that are quiet again.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

impl Budget {
    /// A message costs this many nanoseconds of a source's time.
    fn cost_ns(self) -> u64 {
        1_000_000_000 / u64::from(self.per_second.max(1))
    }

    fn take(self, used_until: &mut Moment, now: Moment) -> bool {
        let begin = (*used_until).max(now);
        let ahead_ns = self.cost_ns() * u64::from(self.burst.saturating_sub(1));
        if begin.since(now) > Duration::from_nanos(ahead_ns) {
            return false;
        }
        *used_until = begin + Duration::from_nanos(self.cost_ns());
        true
    }
}

/// The buckets. A bucket is the moment up to which its source has used its share, which may lie
/// ahead of now by a burst: a bucket that lies behind now is full again and need not be kept.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    used_until: BTreeMap<IpAddr, Moment>,
    strangers_used_until: Moment,
    swept: Moment,
}

impl Limits {
    /// Whether a message of this source may pass now.
    pub(crate) fn admit(&mut self, source: IpAddr, budget: Budget, now: Moment) -> bool {
        let source = network(source);
        if let Some(used_until) = self.used_until.get_mut(&source) {
            return budget.take(used_until, now);
        }
        if self.used_until.len() >= SOURCES_MAX && now.since(self.swept) >= SWEEP_EVERY {
            self.swept = now;
            self.used_until.retain(|_, used_until| *used_until > now);
        }
        if self.used_until.len() >= SOURCES_MAX {
            return budget.take(&mut self.strangers_used_until, now);
        }
        budget.take(self.used_until.entry(source).or_insert(now), now)
    }
}

/// Whose requests are measured with [`TRUSTED_REQUESTS`].
#[derive(Debug, Default)]
pub(crate) struct Trusted(RwLock<BTreeSet<IpAddr>>);

impl Trusted {
    pub(crate) fn add(&self, addresses: impl IntoIterator<Item = IpAddr>) {
        let mut trusted = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for address in addresses {
            if trusted.len() < TRUSTED_MAX {
                trusted.insert(address.to_canonical());
            }
        }
    }

    /// What a source's requests are measured with.
    pub(crate) fn requests_of(&self, source: IpAddr) -> Budget {
        let trusted = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if trusted.contains(&source) { TRUSTED_REQUESTS } else { STRANGER_REQUESTS }
    }
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

    const REQUEST_BURST: u32 = STRANGER_REQUESTS.burst;

    fn admit(limits: &mut Limits, source: IpAddr, now: Moment) -> bool {
        limits.admit(source, STRANGER_REQUESTS, now)
    }

    fn admitted(limits: &mut Limits, source: IpAddr, tries: u32, now: Moment) -> u32 {
        (0..tries).map(|_| u32::from(admit(limits, source, now))).sum()
    }

    #[test]
    fn a_flood_is_cut_to_a_burst_and_then_to_the_rate() {
        let mut limits = Limits::default();
        let start = Moment::from_millis(60_000);
        assert_eq!(admitted(&mut limits, v4(1), 3 * REQUEST_BURST, start), REQUEST_BURST);
        let later = start + Duration::from_secs(1);
        assert_eq!(admitted(&mut limits, v4(1), 3 * REQUEST_BURST, later), STRANGER_REQUESTS.per_second);
        let much_later = later + Duration::from_secs(3_600);
        assert_eq!(admitted(&mut limits, v4(1), 3 * REQUEST_BURST, much_later), REQUEST_BURST);
    }

    #[test]
    fn a_flood_from_one_source_costs_no_other() {
        let mut limits = Limits::default();
        admitted(&mut limits, v4(1), 2 * REQUEST_BURST, Moment::ZERO);
        assert!(!admit(&mut limits, v4(1), Moment::ZERO));
        assert!(admit(&mut limits, v4(2), Moment::ZERO));
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one() {
        let mut limits = Limits::default();
        let host = |number: u128| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | number));
        let passed: u32 = (0..2 * u128::from(REQUEST_BURST))
            .map(|number| u32::from(admit(&mut limits, host(number), Moment::ZERO)))
            .sum();
        assert_eq!(passed, REQUEST_BURST);
        assert!(admit(&mut limits, host(1 << 64), Moment::ZERO), "another network");
    }

    #[test]
    fn any_number_of_sources_takes_bounded_room_and_old_friends_keep_theirs() {
        let mut limits = Limits::default();
        let sources = u32::try_from(SOURCES_MAX).unwrap();
        for number in 0..sources {
            assert!(admit(&mut limits, v4(number), Moment::ZERO));
        }
        let strangers: u32 = (0..2 * REQUEST_BURST)
            .map(|n| u32::from(admit(&mut limits, v4(sources + n), Moment::ZERO)))
            .sum();
        assert_eq!(strangers, REQUEST_BURST, "strangers share one bucket");
        assert!(admit(&mut limits, v4(5), Moment::ZERO));
        assert_eq!(limits.used_until.len(), SOURCES_MAX);

        let later = Moment::ZERO + SWEEP_EVERY;
        assert!(admit(&mut limits, v4(u32::MAX), later));
        assert_eq!(limits.used_until.len(), 1, "the quiet ones were forgotten");
    }

    #[test]
    fn a_trunk_may_send_more_than_a_stranger_and_not_without_end() {
        let trusted = Trusted::default();
        trusted.add([v4(1), "::ffff:0.0.0.3".parse().unwrap()]);
        let mut limits = Limits::default();
        let mut passed = |source: IpAddr| -> u32 {
            let budget = trusted.requests_of(source);
            (0..100_000).map(|_| u32::from(limits.admit(source, budget, Moment::ZERO))).sum()
        };
        assert_eq!([v4(1), v4(2), v4(3)].map(&mut passed), [20_000, 4_000, 20_000]);

        trusted.add((10..10 + u32::try_from(2 * TRUSTED_MAX).unwrap()).map(v4));
        assert_eq!(trusted.requests_of(v4(5 + u32::try_from(TRUSTED_MAX).unwrap())), TRUSTED_REQUESTS);
        assert_eq!(trusted.requests_of(v4(2 * u32::try_from(TRUSTED_MAX).unwrap())), STRANGER_REQUESTS);
    }
}
