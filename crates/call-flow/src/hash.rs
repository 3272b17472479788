//! By which content a version of a flow is known.

use std::fmt;

/// FNV-1a with 128 bits over the bytes of a flow's file, written as 32 hexadecimal digits.
///
/// It tells versions of an office's own files apart and stays the same over releases and machines; it is
/// no signature: who wants to forge a file with a given hash, can.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FlowHash(u128);

const OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

impl FlowHash {
    /// The hash of a flow's text as it stands in the file.
    pub fn of(text: &str) -> Self {
        FlowHash(text.bytes().fold(OFFSET_BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME)))
    }
}

/// The text is no 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a flow's hash is 32 hexadecimal digits")]
pub struct NoHash;

impl TryFrom<String> for FlowHash {
    type Error = NoHash;
    fn try_from(text: String) -> Result<Self, NoHash> {
        let fits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !fits {
            return Err(NoHash);
        }
        u128::from_str_radix(&text, 16).map(FlowHash).map_err(|_| NoHash)
    }
}

impl From<FlowHash> for String {
    fn from(hash: FlowHash) -> String {
        hash.to_string()
    }
}

impl fmt::Display for FlowHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for FlowHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlowHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::FlowHash;

    #[test]
    fn the_hash_is_fnv_1a_and_stays_what_it_was() {
        // The published vectors of FNV-1a, 128 bits.
        assert_eq!(FlowHash::of("").to_string(), "6c62272e07bb014262b821756295c58d");
        assert_eq!(FlowHash::of("a").to_string(), "d228cb696f1a8caf78912b704e4a8964");
        let hash = FlowHash::of("format = 1\n");
        assert_eq!(FlowHash::try_from(hash.to_string()), Ok(hash));
        assert!(FlowHash::try_from("+".repeat(32)).is_err());
    }
}
