//! Who guesses passwords is not listened to for a while.
//!
//! A source is an IPv4 address or an IPv6 /64, which is what one subscriber has. After `failed_digests_max` requests in a
//! row with credentials that do not fit, it is locked out for `lockout`: it gets the same 401 as everybody, and nobody
//! looks at what it presents.
//!
//! # Why nobody is locked out by somebody else
//!
//! Over UDP a source can be forged. If any wrong digest counted, one datagram for each try would lock out any phone whose
//! address is known, and with it everything behind its translator. So what counts must be something that only the owner
//! of the source can have:
//!
//! 1. A digest is looked at only under a nonce that was given to its neighbourhood (`nonces.rs` writes an IPv4 /24 or an
//!    IPv6 /48 into it: proxies that share a load are neighbours). A 401 goes to the source that asked, so who forges it
//!    never sees its nonce. Under any other nonce the answer is `stale=true` without a look: right and wrong passwords get
//!    the same, so there is nothing to count and nothing to learn, and an honest phone that moved asks once more.
//! 2. A nonce with which an account has proved its password is served to its end, also from a source that is locked out:
//!    it is known to that phone alone. It serves no other account, so that nobody with a password guesses those of others.
//! 3. So is every account over the flow (address *and* port, or connection) over which a contact of it is bound at the time.
//!
//! What is left is the guesser behind the same translator as honest phones: those that are registered do not notice (2
//! and 3), one that is just starting waits as long as the guesser is locked out. A guesser that also knows a right
//! password could begin its count anew with it; it would have to be an account here, and each failure is in the log.

use crate::limits::MAX_LOCKOUT_SOURCES;
use crate::timers::Wheel;
use frontdesk_identifiers::Moment;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Whom failures are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source(IpAddr);

impl Source {
    pub(crate) fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Source(IpAddr::V4(ip)),
            IpAddr::V6(ip) => Source(IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)))),
        }
    }
}

/// A source that failed lately.
#[derive(Debug, Clone, Copy)]
struct Failures {
    in_a_row: u32,
    locked_out: bool,
}

/// The sources that failed lately. Each is forgotten a lock-out's time after its last failure.
#[derive(Debug)]
pub(crate) struct Lockouts {
    sources: BTreeMap<Source, Failures>,
    ends: Wheel<Source>,
}

impl Lockouts {
    pub(crate) fn new() -> Self {
        Lockouts { sources: BTreeMap::new(), ends: Wheel::new() }
    }

    /// Whether the credentials of a source are not looked at now.
    pub(crate) fn is_locked_out(&mut self, source: Source, now: Moment) -> bool {
        self.forget_old(now);
        self.sources.get(&source).is_some_and(|failures| failures.locked_out)
    }

    /// Counts a failure. True if the source is locked out by it; `most` 0 locks nobody out.
    pub(crate) fn failed(&mut self, source: Source, now: Moment, most: u32, lockout: Duration) -> bool {
        self.forget_old(now);
        if most == 0 || self.sources.get(&source).is_some_and(|failures| failures.locked_out) {
            return false;
        }
        if self.sources.len() >= MAX_LOCKOUT_SOURCES && !self.sources.contains_key(&source) {
            self.forget_next();
        }
        let failures = self.sources.entry(source).or_insert(Failures { in_a_row: 0, locked_out: false });
        failures.in_a_row = failures.in_a_row.saturating_add(1);
        failures.locked_out = failures.in_a_row >= most;
        self.ends.set(source, Some(now + lockout));
        failures.locked_out
    }

    /// The source proved a password: it begins anew. Who is locked out stays so: it may be a neighbour that proved it.
    pub(crate) fn succeeded(&mut self, source: Source) {
        if self.sources.get(&source).is_some_and(|failures| !failures.locked_out) {
            self.sources.remove(&source);
            self.ends.set(source, None);
        }
    }

    fn forget_old(&mut self, now: Moment) {
        while let Some(source) = self.ends.pop_due(now) {
            self.sources.remove(&source);
        }
    }

    /// Makes room: the one that would be forgotten next is forgotten now.
    fn forget_next(&mut self) {
        if let Some(source) = self.ends.next().and_then(|at| self.ends.pop_due(at)) {
            self.sources.remove(&source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn source(text: &str) -> Source {
        Source::of(text.parse().expect("an address"))
    }

    fn fail(lockouts: &mut Lockouts, text: &str, at: u64) -> bool {
        lockouts.failed(source(text), Moment::from_millis(at), 3, MINUTE)
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_source_and_a_mapped_address_is_ipv4() {
        assert_eq!(source("2001:db8:0:1::1"), source("2001:db8:0:1:ffff::9"));
        assert_ne!(source("2001:db8:0:1::1"), source("2001:db8:0:2::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }

    #[test]
    fn failures_in_a_row_lock_out_once_and_for_a_while() {
        let mut lockouts = Lockouts::new();
        let ip = "192.0.2.9";
        assert_eq!([0, 1, 2, 3].map(|at| fail(&mut lockouts, ip, at)), [false, false, true, false]);
        assert!(lockouts.is_locked_out(source(ip), Moment::from_millis(60_001)));
        assert!(!lockouts.is_locked_out(source(ip), Moment::from_millis(60_002)), "counted from the third");
        assert!(!fail(&mut lockouts, ip, 60_002), "and it begins anew");
    }

    #[test]
    fn a_success_in_between_begins_anew_but_frees_nobody() {
        let mut lockouts = Lockouts::new();
        let ip = "192.0.2.9";
        fail(&mut lockouts, ip, 0);
        fail(&mut lockouts, ip, 1);
        lockouts.succeeded(source(ip));
        assert_eq!([2, 3, 4].map(|at| fail(&mut lockouts, ip, at)), [false, false, true]);
        lockouts.succeeded(source(ip));
        assert!(lockouts.is_locked_out(source(ip), Moment::from_millis(5)));
    }

    #[test]
    fn failures_that_lie_far_apart_are_not_in_a_row_and_zero_locks_nobody_out() {
        let mut lockouts = Lockouts::new();
        assert_eq!([0, 60_000, 120_000].map(|at| fail(&mut lockouts, "192.0.2.9", at)), [false; 3]);
        let never = |at| lockouts.failed(source("192.0.2.9"), Moment::from_millis(at), 0, MINUTE);
        assert_eq!([120_001, 120_002, 120_003].map(never), [false; 3]);
    }

    #[test]
    fn the_table_is_bounded_and_the_oldest_is_forgotten_first() {
        let mut lockouts = Lockouts::new();
        let address = |index: usize| format!("10.{}.{}.{}", index >> 16, index >> 8 & 255, index & 255);
        for index in 0..=MAX_LOCKOUT_SOURCES {
            fail(&mut lockouts, &address(index), index as u64);
        }
        assert_eq!(lockouts.sources.len(), MAX_LOCKOUT_SOURCES);
        assert!(!lockouts.sources.contains_key(&source(&address(0))));
        assert!(lockouts.sources.contains_key(&source(&address(1))));
    }
}
