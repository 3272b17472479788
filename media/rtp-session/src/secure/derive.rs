//! From the master key to the keys of a direction (RFC 3711 §4.3, RFC 6188 §3, RFC 7714 §11).

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::{Aes128Enc, Aes256Enc};
use frontdesk_media_protocol::{SrtpKey, SrtpSuite};
use zeroize::Zeroize;

/// What is derived for whom: the labels of RFC 3711 §4.3.1 and §4.3.2, of encryption; those of authentication and of the
/// salt follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rtp = 0,
    Rtcp = 3,
}

/// The keys of RTP or of RTCP, in one direction.
pub(super) struct SessionKeys {
    /// Of the length of the master key.
    pub(super) encryption: [u8; 32],
    /// For HMAC-SHA1.
    pub(super) authentication: [u8; 20],
    /// 14 bytes for counter mode, the first 12 for GCM.
    pub(super) salt: [u8; 14],
}

impl Drop for SessionKeys {
    fn drop(&mut self) {
        self.encryption.zeroize();
        self.authentication.zeroize();
        self.salt.zeroize();
    }
}

/// Derives them with a key derivation rate of 0: once for ever.
pub(super) fn session_keys(suite: SrtpSuite, master: &SrtpKey, kind: Kind) -> SessionKeys {
    let bytes = master.bytes();
    let (key, salt) = bytes.split_at(suite.key_bytes().min(bytes.len()));
    // RFC 7714 §11: a salt of 96 bits stands at the left of the 112.
    let mut padded = [0; 16];
    for (to, from) in padded.iter_mut().zip(salt) {
        *to = *from;
    }
    let salt = u128::from_be_bytes(padded);
    let mut keys = SessionKeys { encryption: [0; 32], authentication: [0; 20], salt: [0; 14] };
    let label = kind as u8;
    let length = suite.key_bytes().min(keys.encryption.len());
    fill(key, salt, label, &mut keys.encryption[..length]);
    fill(key, salt, label + 1, &mut keys.authentication);
    fill(key, salt, label + 2, &mut keys.salt);
    keys
}

/// AES in counter mode over zeros, from `(label · 2⁴⁸ ⊕ salt) · 2¹⁶` on (RFC 3711 §4.3.3). The salt lies in the upper 112 bits.
fn fill(key: &[u8], salt: u128, label: u8, out: &mut [u8]) {
    let from = salt ^ u128::from(label) << 64;
    for (counter, chunk) in out.chunks_mut(16).enumerate() {
        let mut block = Array::from((from | counter as u128).to_be_bytes());
        match (Aes256Enc::new_from_slice(key), Aes128Enc::new_from_slice(key)) {
            (Ok(aes), _) => aes.encrypt_block(&mut block),
            (_, Ok(aes)) => aes.encrypt_block(&mut block),
            _ => debug_assert!(false, "a master key is of its suite's length"),
        }
        chunk.copy_from_slice(&block[..chunk.len()]);
        block.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secure::tests::hex;

    #[test]
    fn the_keys_are_those_of_rfc_3711_appendix_b_3() {
        let master = hex("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6");
        let suite = SrtpSuite::AesCm128HmacSha1_80;
        let keys = session_keys(suite, &SrtpKey::new(suite, &master).unwrap(), Kind::Rtp);
        assert_eq!(keys.encryption[..16], hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(keys.salt[..], hex("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(keys.authentication[..], hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
    }

    #[test]
    fn the_keys_of_256_bits_are_those_of_rfc_6188_section_7_2() {
        let master = hex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6");
        let salt = u128::from_be_bytes(*hex("3b04803de51ee7c96423ab5b78d20000").first_chunk().unwrap());
        let (mut encryption, mut own_salt, mut authentication) = ([0; 32], [0; 14], [0; 20]);
        fill(&master, salt, 0, &mut encryption);
        fill(&master, salt, 1, &mut authentication);
        fill(&master, salt, 2, &mut own_salt);
        assert_eq!(encryption[..], hex("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4"));
        assert_eq!(own_salt[..], hex("fa31791685ca444a9e07c6c64e93"));
        assert_eq!(authentication[..], hex("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"));
    }
}
