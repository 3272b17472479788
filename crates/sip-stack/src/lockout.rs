//! Who guesses passwords is not listened to for a while.
//!
//! A source is an IPv4 address or an IPv6 /64, which is what one subscriber has. After `failed_digests_max` requests with
//! credentials that do not fit, it is locked out for `lockout`: it gets the same 401 as everybody, and nobody looks at what
//! it presents. An account that proves its password takes back what failed under its own name, and nothing else: somebody
//! mistyped, and somebody who has one password guesses no others by showing it in between.
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
//! and 3), one that is just starting waits as long as the guesser is locked out.

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

/// How many accounts of one source can take back what failed under their names. Failures under further names stand until
/// the source is forgotten: an office has a few mistyped passwords at once, a guesser has a list.
const NAMES_MAX: usize = 8;

/// A source that failed lately.
#[derive(Debug, Clone, Default)]
struct Failures {
    /// All of them, but those that were taken back.
    standing: u32,
    /// How many of them each account can take back.
    by_name: BTreeMap<String, u32>,
    locked_out: bool,
}

impl Failures {
    fn add(&mut self, name: &str) {
        self.standing = self.standing.saturating_add(1);
        if let Some(count) = self.by_name.get_mut(name) {
            *count = count.saturating_add(1);
        } else if self.by_name.len() < NAMES_MAX {
            self.by_name.insert(name.to_owned(), 1);
        }
    }

    fn take_back(&mut self, name: &str) {
        let own = self.by_name.remove(name).unwrap_or_default();
        self.standing = self.standing.saturating_sub(own);
    }
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

    /// Counts a failure under this name. True if the source is locked out by it; `most` 0 locks nobody out.
    pub(crate) fn failed(
        &mut self,
        source: Source,
        name: &str,
        now: Moment,
        most: u32,
        lockout: Duration,
    ) -> bool {
        self.forget_old(now);
        if most == 0 || self.sources.get(&source).is_some_and(|failures| failures.locked_out) {
            return false;
        }
        if self.sources.len() >= MAX_LOCKOUT_SOURCES && !self.sources.contains_key(&source) {
            self.forget_next();
        }
        let failures = self.sources.entry(source).or_default();
        failures.add(name);
        failures.locked_out = failures.standing >= most;
        self.ends.set(source, Some(now + lockout));
        failures.locked_out
    }

    /// The source proved the password of this account: what failed under its name is taken back. Who is locked out stays so:
    /// it may be a neighbour that proved it.
    pub(crate) fn succeeded(&mut self, source: Source, name: &str) {
        let Some(failures) = self.sources.get_mut(&source).filter(|failures| !failures.locked_out) else {
            return;
        };
        failures.take_back(name);
        if failures.standing == 0 {
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
        fail_as(lockouts, text, "1001", at)
    }

    fn fail_as(lockouts: &mut Lockouts, text: &str, name: &str, at: u64) -> bool {
        lockouts.failed(source(text), name, Moment::from_millis(at), 3, MINUTE)
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
        lockouts.succeeded(source(ip), "1001");
        assert_eq!([2, 3, 4].map(|at| fail(&mut lockouts, ip, at)), [false, false, true]);
        lockouts.succeeded(source(ip), "1001");
        assert!(lockouts.is_locked_out(source(ip), Moment::from_millis(5)));
    }

    #[test]
    fn a_success_takes_back_nothing_of_other_accounts() {
        let mut lockouts = Lockouts::new();
        let ip = "192.0.2.9";
        for at in [0, 1] {
            assert!(!fail_as(&mut lockouts, ip, "1002", at));
            lockouts.succeeded(source(ip), "1001");
        }
        assert!(fail_as(&mut lockouts, ip, "1002", 2));
    }

    #[test]
    fn who_guesses_under_many_names_takes_back_few_of_them() {
        let mut lockouts = Lockouts::new();
        let ip = source("192.0.2.9");
        let fail = |lockouts: &mut Lockouts, name: &str| lockouts.failed(ip, name, Moment::ZERO, 20, MINUTE);
        let names: Vec<_> = (0..NAMES_MAX + 9).map(|index| index.to_string()).collect();
        assert!(names.iter().all(|name| !fail(&mut lockouts, name)));
        names.iter().for_each(|name| lockouts.succeeded(ip, name));
        assert_eq!(lockouts.sources[&ip].standing, 9);
        assert!(lockouts.sources[&ip].by_name.is_empty());
    }

    #[test]
    fn failures_that_lie_far_apart_are_not_in_a_row_and_zero_locks_nobody_out() {
        let mut lockouts = Lockouts::new();
        assert_eq!([0, 60_000, 120_000].map(|at| fail(&mut lockouts, "192.0.2.9", at)), [false; 3]);
        let never = |at| lockouts.failed(source("192.0.2.9"), "1001", Moment::from_millis(at), 0, MINUTE);
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
