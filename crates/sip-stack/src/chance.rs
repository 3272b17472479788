//! Chance, from one seed: whatever nobody may guess and nobody else may mint (RFC 3261 §19.3).

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The magic cookie that marks a branch as unique (RFC 3261 §8.1.1.7).
pub(crate) const MAGIC_COOKIE: &str = "z9hG4bK";

/// What makes a branch unique.
const BRANCH_BYTES: usize = 12;

/// A seeded cryptographic generator; the only source of chance in the stack.
pub(crate) struct Chance(ChaCha12Rng);

impl Chance {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Chance(ChaCha12Rng::from_seed(seed))
    }

    /// 96 bits for a Via branch.
    pub(crate) fn branch(&mut self) -> String {
        format!("{MAGIC_COOKIE}{}", self.token::<BRANCH_BYTES>())
    }

    /// 64 bits for a tag; RFC 3261 §19.3 wants 32 at least.
    pub(crate) fn tag(&mut self) -> String {
        self.token::<8>()
    }

    /// 128 bits for a Call-ID.
    pub(crate) fn call_id(&mut self) -> String {
        self.token::<16>()
    }

    /// 64 bits for a client nonce.
    pub(crate) fn client_nonce(&mut self) -> String {
        self.token::<8>()
    }

    /// Raw bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A number below `end`; the tiny bias of the remainder does not matter for waiting times.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.0.next_u64() % end }
    }

    fn token<const N: usize>(&mut self) -> String {
        hex(&self.bytes::<N>())
    }
}

/// The number that a branch of this side spells, if it is one.
pub(crate) fn number_of(branch: &str) -> Option<u128> {
    let digits = branch.strip_prefix(MAGIC_COOKIE).filter(|digits| digits.len() == 2 * BRANCH_BYTES)?;
    digits.bytes().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

/// Lower-case hexadecimal digits, as digest authentication wants them (RFC 7616 §3.1).
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    let mut digits = String::with_capacity(2 * bytes.len());
    digits.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]));
    digits
}
