//! Keys of encrypted sound (RFC 3711), as `a=crypto` carries them (RFC 4568).

/// How packets are encrypted and authenticated: the suites of RFC 4568 §6.2 and RFC 7714 §14.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SrtpSuite {
    /// `AES_CM_128_HMAC_SHA1_80`: what every implementation has.
    AesCm128HmacSha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`: the same with a short tag on RTP.
    AesCm128HmacSha1_32,
    /// `AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `AEAD_AES_256_GCM`.
    AeadAes256Gcm,
}

impl SrtpSuite {
    /// The name in `a=crypto`.
    pub const fn name(self) -> &'static str {
        match self {
            SrtpSuite::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            SrtpSuite::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            SrtpSuite::AeadAes128Gcm => "AEAD_AES_128_GCM",
            SrtpSuite::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// Bytes of the master key.
    pub const fn key_bytes(self) -> usize {
        match self {
            SrtpSuite::AeadAes256Gcm => 32,
            _ => 16,
        }
    }

    /// Bytes of the master salt, which follows the key.
    pub const fn salt_bytes(self) -> usize {
        match self {
            SrtpSuite::AesCm128HmacSha1_80 | SrtpSuite::AesCm128HmacSha1_32 => 14,
            SrtpSuite::AeadAes128Gcm | SrtpSuite::AeadAes256Gcm => 12,
        }
    }
}

/// The master key and salt of one direction. `Debug` shows neither.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SrtpKey {
    bytes: [u8; SrtpKey::MOST_BYTES],
    length: u8,
}

impl SrtpKey {
    /// The longest key with its salt.
    pub const MOST_BYTES: usize = 46;

    /// The key and the salt behind it, which must be of the suite's lengths.
    pub fn new(suite: SrtpSuite, key_and_salt: &[u8]) -> Option<Self> {
        let length = suite.key_bytes() + suite.salt_bytes();
        let mut bytes = [0; Self::MOST_BYTES];
        bytes.get_mut(..length).filter(|_| key_and_salt.len() == length)?.copy_from_slice(key_and_salt);
        Some(SrtpKey { bytes, length: length as u8 })
    }

    /// The key and the salt behind it.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl std::fmt::Debug for SrtpKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SrtpKey(…)")
    }
}

/// What both directions of one stream are encrypted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SrtpKeys {
    /// The suite, of both directions.
    pub suite: SrtpSuite,
    /// With what this side encrypts.
    pub send: SrtpKey,
    /// With what the other side encrypts.
    pub receive: SrtpKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_as_long_as_its_suite_says_and_is_not_shown() {
        let suite = SrtpSuite::AeadAes256Gcm;
        assert_eq!(SrtpKey::new(suite, &[7; 43]), None);
        let key = SrtpKey::new(suite, &[7; 44]).unwrap();
        assert_eq!((key.bytes(), format!("{key:?}").as_str()), (&[7; 44][..], "SrtpKey(…)"));
        assert!(SrtpKey::new(SrtpSuite::AesCm128HmacSha1_32, &[1; 30]).is_some());
        assert_eq!(SrtpKey::new(suite, &[]), None);
    }
}
