//! Encryption and authentication of one direction's RTP or RTCP.

use super::SecureFault;
use super::derive::{Kind, SessionKeys, session_keys};
use aes::Aes128Enc;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use frontdesk_media_protocol::{SrtpKey, SrtpSuite};
use hmac::{Hmac, Mac};
use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use sha1::Sha1;

/// The blocks of AES that go through the processor side by side.
const BLOCKS: usize = 8;
/// A tag of GCM, in bytes (RFC 7714 §13.1).
pub(super) const GCM_TAG_BYTES: usize = 16;
/// A tag of HMAC-SHA1, in bytes. SRTCP has 80 bits with either suite (RFC 3711 §5.2, RFC 4568 §6.2.2).
const SHA1_TAG_BYTES: usize = 10;
const SHA1_SHORT_TAG_BYTES: usize = 4;

/// Which packet it is: the stream and the index in it, 48 bits of RTP or 31 bits of RTCP.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) ssrc: u32,
    pub(super) index: u64,
}

/// Key schedules, ready to be used.
#[allow(clippy::large_enum_variant, reason = "it lives in the box of its stream's keys, once")]
pub(super) enum Cipher {
    Counter(Counter),
    Gcm(Gcm),
}

impl Cipher {
    pub(super) fn new(suite: SrtpSuite, master: &SrtpKey, kind: Kind) -> Self {
        let keys = session_keys(suite, master, kind);
        let counter = |tag_bytes| Cipher::Counter(Counter::new(&keys, tag_bytes));
        match suite {
            SrtpSuite::AesCm128HmacSha1_32 if kind == Kind::Rtp => counter(SHA1_SHORT_TAG_BYTES),
            SrtpSuite::AesCm128HmacSha1_80 | SrtpSuite::AesCm128HmacSha1_32 => counter(SHA1_TAG_BYTES),
            SrtpSuite::AeadAes128Gcm => Gcm::cipher(&keys, &aead::AES_128_GCM),
            SrtpSuite::AeadAes256Gcm => Gcm::cipher(&keys, &aead::AES_256_GCM),
        }
    }

    pub(super) fn tag_bytes(&self) -> usize {
        match self {
            Cipher::Counter(counter) => counter.tag_bytes,
            Cipher::Gcm(_) => GCM_TAG_BYTES,
        }
    }
}

/// AES in counter mode with HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1).
pub(super) struct Counter {
    aes: Aes128Enc,
    mac: Hmac<Sha1>,
    /// In the upper 112 bits.
    salt: u128,
    pub(super) tag_bytes: usize,
}

impl Counter {
    pub(super) fn new(keys: &SessionKeys, tag_bytes: usize) -> Self {
        let mut key = Array::from([0; 16]);
        key.copy_from_slice(&keys.encryption[..16]);
        let mut salt = [0; 16];
        salt[..14].copy_from_slice(&keys.salt);
        // A key of 20 bytes lies within HMAC's block of 64; it takes any length.
        let mut padded = Array::from([0; 64]);
        padded[..20].copy_from_slice(&keys.authentication);
        Counter {
            aes: Aes128Enc::new(&key),
            mac: Hmac::new(&padded),
            salt: u128::from_be_bytes(salt),
            tag_bytes,
        }
    }

    /// Encrypts or decrypts: the same.
    pub(super) fn apply(&self, at: Place, body: &mut [u8]) {
        let mut counter = self.salt ^ u128::from(at.ssrc) << 64 ^ u128::from(at.index) << 16;
        for chunk in body.chunks_mut(BLOCKS * 16) {
            let mut blocks = [Array::from([0; 16]); BLOCKS];
            for block in &mut blocks {
                *block = Array::from(counter.to_be_bytes());
                counter = counter.wrapping_add(1);
            }
            let needed = chunk.len().div_ceil(16);
            self.aes.encrypt_blocks(&mut blocks[..needed]);
            for (bytes, block) in chunk.chunks_mut(16).zip(&blocks) {
                for (byte, key) in bytes.iter_mut().zip(block) {
                    *byte ^= key;
                }
            }
        }
    }

    /// The tag over both parts; only its first [`tag_bytes`](Self::tag_bytes) are sent.
    pub(super) fn tag(&self, packet: &[u8], after: &[u8]) -> [u8; 20] {
        let mac = self.mac.clone().chain_update(packet).chain_update(after);
        mac.finalize().into_bytes().into()
    }

    /// Compares in constant time.
    pub(super) fn check(&self, packet: &[u8], after: &[u8], tag: &[u8]) -> Result<(), SecureFault> {
        let mac = self.mac.clone().chain_update(packet).chain_update(after);
        mac.verify_truncated_left(tag).map_err(|_| SecureFault::NotAuthentic)
    }
}

/// AES-GCM (RFC 7714).
pub(super) struct Gcm {
    key: LessSafeKey,
    salt: [u8; 12],
}

impl Gcm {
    pub(super) fn cipher(keys: &SessionKeys, algorithm: &'static aead::Algorithm) -> Cipher {
        let [salt @ .., _, _] = keys.salt;
        let key = &keys.encryption[..algorithm.key_len()];
        let key = UnboundKey::new(algorithm, key).expect("the key is of the algorithm's length");
        Cipher::Gcm(Gcm { key: LessSafeKey::new(key), salt })
    }

    /// RFC 7714 §8.1 and §9.1: two zeros, the stream, the index in 48 bits; with the salt laid over.
    fn nonce(&self, at: Place) -> Nonce {
        let plain = u128::from(at.ssrc) << 48 | u128::from(at.index);
        let mut nonce = self.salt;
        for (byte, with) in nonce.iter_mut().zip(&plain.to_be_bytes()[4..]) {
            *byte ^= with;
        }
        Nonce::assume_unique_for_key(nonce)
    }

    /// Encrypts and gives the tag; none for a body that GCM does not take, as there is no such datagram.
    pub(super) fn seal(&self, at: Place, aad: &[u8], body: &mut [u8]) -> Option<aead::Tag> {
        self.key.seal_in_place_separate_tag(self.nonce(at), Aad::from(aad), body).ok()
    }

    /// Checks and decrypts. After a failure the body is of no use.
    pub(super) fn open(&self, at: Place, aad: &[u8], body: &mut [u8], tag: &[u8]) -> Result<(), SecureFault> {
        let tag = aead::Tag::try_from(tag).map_err(|_| SecureFault::Malformed)?;
        let opened = self.key.open_in_place_separate_tag(self.nonce(at), Aad::from(aad), tag, body, 0..);
        opened.map(|_| ()).map_err(|_| SecureFault::NotAuthentic)
    }
}
