//! The packets of RFC 7714 §16 and §17, with session keys as they stand there, and the key stream of RFC 3711 B.2.

use super::*;
use crate::secure::cipher::{Cipher, Counter, Gcm, Place};
use crate::secure::derive::SessionKeys;
use ring::aead;

const RTP: &str = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573";
const RTCP: &str = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef";

fn gcm(key: &str, algorithm: &'static aead::Algorithm) -> Gcm {
    let mut keys = SessionKeys { encryption: [0; 32], authentication: [0; 20], salt: [0; 14] };
    let key = hex(key);
    keys.encryption[..key.len()].copy_from_slice(&key);
    keys.salt[..12].copy_from_slice(&hex("517569642070726f2071756f"));
    match Gcm::cipher(&keys, algorithm) {
        Cipher::Gcm(gcm) => gcm,
        Cipher::Counter(_) => unreachable!(),
    }
}

const KEY_128: &str = "000102030405060708090a0b0c0d0e0f";
const KEY_256: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[test]
fn rtp_is_encrypted_as_rfc_7714_section_16_shows() {
    for (key, algorithm, body, tag) in [
        (
            KEY_128,
            &aead::AES_128_GCM,
            "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833",
            "899d7f27beb16a9152cf765ee4390cce",
        ),
        (
            KEY_256,
            &aead::AES_256_GCM,
            "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b",
            "7aa3db36dfffd6b0f9bb7878d7a76c13",
        ),
    ] {
        let mut packet = hex(RTP);
        let (head, plain) = packet.split_at_mut(12);
        let at = Place { ssrc: 0x5501_a0b2, index: 0xf17b };
        let cipher = gcm(key, algorithm);
        assert_eq!(cipher.seal(at, head, plain).unwrap().as_ref(), hex(tag));
        assert_eq!(plain, hex(body));
        cipher.open(at, head, plain, &hex(tag)).unwrap();
        assert_eq!(packet, hex(RTP));
    }
}

#[test]
fn rtcp_is_encrypted_as_rfc_7714_section_17_shows() {
    for (key, algorithm, body, tag) in [
        (
            KEY_128,
            &aead::AES_128_GCM,
            "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b",
            "c84aa45896cf4d2fc5abf87245d9eade",
        ),
        (
            KEY_256,
            &aead::AES_256_GCM,
            "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad",
            "1d1eb30c4446839f57ff6f6cb26ac3be",
        ),
    ] {
        let mut report = hex(RTCP);
        let (head, plain) = report.split_first_chunk_mut::<8>().unwrap();
        let at = Place { ssrc: 0x4d61_7273, index: 0x5d4 };
        let aad = sealing::report_aad(*head, 0x8000_05d4u32.to_be_bytes());
        assert_eq!(gcm(key, algorithm).seal(at, &aad, plain).unwrap().as_ref(), hex(tag));
        assert_eq!(plain, hex(body));
    }
}

#[test]
fn a_report_that_is_only_authenticated_is_that_of_rfc_7714_section_17_3() {
    let mut all = hex(RTCP);
    all.extend(hex("000005d4"));
    let at = Place { ssrc: 0x4d61_7273, index: 0x5d4 };
    let tag = hex("841dd9683dd78ec92ae58790125f62b3");
    assert_eq!(gcm(KEY_128, &aead::AES_128_GCM).open(at, &all, &mut [], &tag), Ok(()));
}

#[test]
fn the_key_stream_is_that_of_rfc_3711_appendix_b_2() {
    let mut keys = SessionKeys { encryption: [0; 32], authentication: [0; 20], salt: [0; 14] };
    keys.encryption[..16].copy_from_slice(&hex("2B7E151628AED2A6ABF7158809CF4F3C"));
    keys.salt.copy_from_slice(&hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
    let mut stream = vec![0; 0xff02 * 16];
    Counter::new(&keys, 10).apply(Place { ssrc: 0, index: 0 }, &mut stream);
    assert_eq!(stream[..16], hex("E03EAD0935C95E80E166B16DD92B4EB4"));
    assert_eq!(stream[16..32], hex("D23513162B02D0F72A43A2FE4A5F97AB"));
    assert_eq!(stream[0xff01 * 16..], hex("6A2CC3787889374FBEB4C81B17BA6C44"));
}
