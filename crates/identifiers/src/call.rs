//! Calls and their legs.

use crate::{NameError, WallTime};

/// One call, from its first ring to its record; unique over restarts and nodes, and sorted by time.
///
/// 48 bits of milliseconds since the Unix epoch, then 80 bits of chance; written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallId(u128);

impl CallId {
    /// A new name from the time of the first ring and chance that comes from the caller's seeded generator.
    pub fn new(at: WallTime, chance: [u8; 10]) -> Self {
        let millis = u128::from(at.as_unix_micros() / 1_000) & 0xFFFF_FFFF_FFFF;
        let chance = chance.iter().fold(0u128, |sum, byte| sum << 8 | u128::from(*byte));
        CallId(millis << 80 | chance)
    }

    /// Reads the 32 hexadecimal digits that [`std::fmt::Display`] writes.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let rule = "it must be 32 hexadecimal digits";
        let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !digits {
            return Err(NameError::new("call id", text, rule));
        }
        u128::from_str_radix(text, 16).map(CallId).map_err(|_| NameError::new("call id", text, rule))
    }
}

impl std::fmt::Display for CallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl std::fmt::Debug for CallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CallId({self})")
    }
}

impl TryFrom<String> for CallId {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        CallId::parse(&text)
    }
}

impl From<CallId> for String {
    fn from(id: CallId) -> String {
        id.to_string()
    }
}

/// One party's end of a call: a trunk, a phone, a browser. Counted up within one run of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct LegId(pub u64);

impl std::fmt::Display for LegId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "leg {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_id_reads_back_and_sorts_by_time() {
        let early = CallId::new(WallTime::from_unix_micros(1_000_000), [255; 10]);
        let late = CallId::new(WallTime::from_unix_micros(2_000_000), [0; 10]);
        assert!(early < late);
        assert_eq!(CallId::parse(&early.to_string()), Ok(early));
    }

    #[test]
    fn a_call_id_is_exactly_32_hexadecimal_digits() {
        for text in ["", "12", &"g".repeat(32), &"+".repeat(32), &"0".repeat(33)] {
            assert!(CallId::parse(text).is_err(), "{text}");
        }
    }
}
