//! The nonces of this side's challenges.
//!
//! A nonce verifies itself: it is the time it was minted, 32 bits of chance, a mark of the neighbourhood that it was
//! minted for, and a keyed hash of all, so that a challenge costs no memory and a flood of requests without credentials fills no table. Only a nonce with which
//! somebody has proved to know a password is remembered, for its count (RFC 7616 §3.4: `nc` stops replay).

use crate::chance::{Chance, hex};
use crate::digest::equal_in_constant_time;
use frontdesk_identifiers::Moment;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// How long a nonce may be used; after it the client is told `stale=true` and asks again with a new one.
pub const NONCE_LIFETIME: Duration = Duration::from_secs(300);

/// How many nonces in use are remembered. Beyond it the oldest is forgotten, and it and all older ones are stale.
pub const MAX_NONCES: usize = 16_384;

/// How far `nc` may be out of order, since datagrams are.
const COUNT_WINDOW: u32 = 64;

/// What is known of one nonce in use: the highest count, and a bit for each of the 64 up to it.
#[derive(Debug, Clone, Copy)]
struct Counted {
    /// A hash of the account that proved its password under it.
    account: [u8; 8],
    highest: u32,
    seen: u64,
}

/// Whether a nonce may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Minted here and young; it must still be counted.
    Good(NonceKey),
    /// Minted here, too old or forgotten: `stale=true`.
    Stale,
    /// Not minted here, or for somebody elsewhere.
    Foreign,
}

/// When a nonce was minted, and its chance and mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NonceKey(u64, [u8; 8]);

/// The mint.
pub(crate) struct Nonces {
    secret: [u8; 32],
    used: BTreeMap<NonceKey, Counted>,
    /// Nonces minted at or before it are stale, because one of their counts was forgotten.
    floor: Option<u64>,
}

impl Nonces {
    pub(crate) fn new(chance: &mut Chance) -> Self {
        Nonces { secret: chance.bytes(), used: BTreeMap::new(), floor: None }
    }

    /// A new nonce for who asks from this address: 64 hexadecimal digits.
    pub(crate) fn mint(&self, chance: &mut Chance, now: Moment, asker: IpAddr) -> String {
        let [a, b, c, d] = chance.bytes();
        let [w, x, y, z] = self.mark(now.as_nanos(), [a, b, c, d], asker);
        self.write(NonceKey(now.as_nanos(), [a, b, c, d, w, x, y, z]))
    }

    /// Whom a nonce was minted for, such that nobody else can write it. 32 bits are enough: a guess that hits wins
    /// nothing but to be looked at.
    fn mark(&self, minted: u64, chance: [u8; 4], asker: IpAddr) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(self.secret)
            .chain_update(b"asker")
            .chain_update(minted.to_be_bytes())
            .chain_update(chance)
            .chain_update(neighbourhood(asker))
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Whether this account has proved its password under this nonce.
    pub(crate) fn is_proved_by(&self, nonce: &str, account: &str) -> bool {
        let is_its = |key: &NonceKey| self.used.get(key).is_some_and(|used| used.account == hash_of(account));
        read(nonce).is_some_and(|key| is_its(&key) && self.is_own(key, nonce))
    }

    fn is_own(&self, key: NonceKey, nonce: &str) -> bool {
        equal_in_constant_time(self.write(key).as_bytes(), nonce.as_bytes())
    }

    fn write(&self, key: NonceKey) -> String {
        let mut bytes = [0u8; 16];
        bytes[..8].copy_from_slice(&key.0.to_be_bytes());
        bytes[8..].copy_from_slice(&key.1);
        format!("{}{}", hex(&bytes), hex(&self.keyed_hash(&bytes)))
    }

    /// The two nested hashes of HMAC in their simple form; 128 bits of it are enough.
    fn keyed_hash(&self, bytes: &[u8; 16]) -> [u8; 16] {
        let once = Sha256::new().chain_update(self.secret).chain_update(bytes).finalize();
        let twice = Sha256::new().chain_update(self.secret).chain_update(once).finalize();
        let mut cut = [0; 16];
        cut.copy_from_slice(&twice[..16]);
        cut
    }

    pub(crate) fn examine(&self, nonce: &str, now: Moment, asker: IpAddr) -> Standing {
        let Some(key) = read(nonce).filter(|key| self.is_own(*key, nonce)) else { return Standing::Foreign };
        let [a, b, c, d, mark @ ..] = key.1;
        if self.mark(key.0, [a, b, c, d], asker) != mark {
            return Standing::Foreign;
        }
        let minted = Moment::from_nanos(key.0);
        if now >= minted + NONCE_LIFETIME || self.floor.is_some_and(|floor| key.0 <= floor) {
            return Standing::Stale;
        }
        Standing::Good(key)
    }

    /// Counts one use, after the account's password was proved. False when this count was used before, which is a replay,
    /// and where another account has proved its password under the nonce.
    pub(crate) fn count(&mut self, key: NonceKey, account: &str, count: u32) -> bool {
        let account = hash_of(account);
        let before = self.used.get(&key).copied().unwrap_or(Counted { account, highest: 0, seen: 0 });
        if count == 0 || before.account != account {
            return false;
        }
        let after = if count > before.highest {
            let shifted = before.seen.checked_shl(count - before.highest).unwrap_or(0);
            Counted { account, highest: count, seen: shifted | 1 }
        } else {
            let back = before.highest - count;
            if back >= COUNT_WINDOW || before.seen & (1 << back) != 0 {
                return false;
            }
            Counted { seen: before.seen | 1 << back, ..before }
        };
        self.used.insert(key, after);
        true
    }

    /// Forgets the oldest nonce in use when there are too many. True when one was forgotten.
    pub(crate) fn bound(&mut self) -> bool {
        if self.used.len() <= MAX_NONCES {
            return false;
        }
        if let Some((oldest, _)) = self.used.pop_first() {
            self.floor = Some(oldest.0.max(self.floor.unwrap_or(0)));
        }
        true
    }

    /// When the oldest nonce in use runs out.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        let (oldest, _) = self.used.first_key_value()?;
        Some(Moment::from_nanos(oldest.0) + NONCE_LIFETIME)
    }

    /// Forgets what has run out.
    pub(crate) fn expire(&mut self, now: Moment) {
        while self.deadline().is_some_and(|at| at <= now) {
            self.used.pop_first();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.used.len()
    }
}

/// What a name is known by where it is as long as it likes.
fn hash_of(account: &str) -> [u8; 8] {
    let hash = Sha256::digest(account.as_bytes());
    let mut cut = [0; 8];
    cut.copy_from_slice(&hash[..8]);
    cut
}

/// An IPv4 /24 or an IPv6 /48: proxies that share the load of one phone are neighbours.
fn neighbourhood(ip: IpAddr) -> [u8; 7] {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            [4, a, b, c, 0, 0, 0]
        }
        IpAddr::V6(ip) => {
            let [a, b, c, d, e, f, ..] = ip.octets();
            [6, a, b, c, d, e, f]
        }
    }
}

fn read(nonce: &str) -> Option<NonceKey> {
    let bytes = nonce.as_bytes();
    if bytes.len() != 64 || !nonce.is_ascii() {
        return None;
    }
    let minted = u64::from_str_radix(nonce.get(..16)?, 16).ok()?;
    let chance = u64::from_str_radix(nonce.get(16..32)?, 16).ok()?;
    Some(NonceKey(minted, chance.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 9));

    fn mint() -> (Nonces, Chance) {
        let mut chance = Chance::new([7; 32]);
        (Nonces::new(&mut chance), chance)
    }

    fn good(nonces: &Nonces, nonce: &str, now: Moment) -> NonceKey {
        match nonces.examine(nonce, now, ASKER) {
            Standing::Good(key) => key,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_nonce_is_good_until_it_is_stale() {
        let (nonces, mut chance) = mint();
        let nonce = nonces.mint(&mut chance, Moment::from_millis(5), ASKER);
        good(&nonces, &nonce, Moment::from_millis(5) + NONCE_LIFETIME - Duration::from_nanos(1));
        assert_eq!(nonces.examine(&nonce, Moment::from_millis(5) + NONCE_LIFETIME, ASKER), Standing::Stale);
    }

    #[test]
    fn a_nonce_that_was_touched_or_minted_elsewhere_is_foreign() {
        let (nonces, mut chance) = mint();
        let now = Moment::from_millis(5);
        let nonce = nonces.mint(&mut chance, now, ASKER);
        let later = format!("00000000ffffffff{}", &nonce[16..]);
        let other = Nonces::new(&mut Chance::new([8; 32])).mint(&mut chance, now, ASKER);
        for touched in [later.as_str(), other.as_str(), "", &nonce[1..], &nonce.to_uppercase(), "é"] {
            assert_eq!(nonces.examine(touched, now, ASKER), Standing::Foreign, "{touched}");
        }
    }

    #[test]
    fn a_nonce_serves_the_neighbourhood_that_it_was_minted_for() {
        let (nonces, mut chance) = mint();
        let now = Moment::from_millis(5);
        for (asker, user, good) in [
            ("192.0.2.9", "192.0.2.200", true),
            ("192.0.2.9", "::ffff:192.0.2.9", true),
            ("192.0.2.9", "192.0.3.9", false),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", true),
            ("2001:db8:1::1", "2001:db8:2::1", false),
        ] {
            let nonce = nonces.mint(&mut chance, now, asker.parse().expect("an address"));
            let standing = nonces.examine(&nonce, now, user.parse().expect("an address"));
            assert_eq!(matches!(standing, Standing::Good(_)), good, "{asker} {user}");
        }
    }

    #[test]
    fn a_count_serves_once_in_any_order() {
        let (mut nonces, mut chance) = mint();
        let nonce = nonces.mint(&mut chance, Moment::ZERO, ASKER);
        let key = good(&nonces, &nonce, Moment::ZERO);
        assert!(!nonces.count(key, "1001", 0));
        assert!(nonces.count(key, "1001", 1));
        assert!(!nonces.count(key, "1001", 1));
        assert!(nonces.count(key, "1001", 4));
        assert!(nonces.count(key, "1001", 2));
        assert!(!nonces.count(key, "1001", 2));
        assert!(nonces.count(key, "1001", 90));
        assert!(!nonces.count(key, "1001", 3), "older than the window");
        assert!(nonces.count(key, "1001", u32::MAX));
        assert_eq!(nonces.len(), 1);
    }

    #[test]
    fn used_nonces_are_forgotten_when_they_run_out() {
        let (mut nonces, mut chance) = mint();
        let nonce = nonces.mint(&mut chance, Moment::from_millis(1), ASKER);
        let key = good(&nonces, &nonce, Moment::from_millis(1));
        assert!(nonces.count(key, "1001", 1));
        let end = nonces.deadline().expect("one is in use");
        nonces.expire(end - Duration::from_nanos(1));
        assert_eq!(nonces.len(), 1);
        nonces.expire(end);
        assert_eq!((nonces.len(), nonces.deadline()), (0, None));
    }

    #[test]
    fn beyond_the_bound_the_oldest_is_stale_and_cannot_be_replayed() {
        let (mut nonces, mut chance) = mint();
        let first = nonces.mint(&mut chance, Moment::from_millis(1), ASKER);
        for index in 0..=MAX_NONCES as u64 {
            let minted = Moment::from_millis(1 + index);
            let nonce = if index == 0 { first.clone() } else { nonces.mint(&mut chance, minted, ASKER) };
            let key = good(&nonces, &nonce, minted);
            assert!(nonces.count(key, "1001", 1));
        }
        assert!(nonces.bound());
        assert!(!nonces.bound());
        assert_eq!(nonces.examine(&first, Moment::from_millis(2), ASKER), Standing::Stale);
    }
}
