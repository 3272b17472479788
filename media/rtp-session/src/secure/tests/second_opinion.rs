//! The same packets, written and read by `rtc-srtp`.

use super::*;
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;

fn context(suite: SrtpSuite, key: &SrtpKey) -> Context {
    let profile = match suite {
        SrtpSuite::AesCm128HmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
        SrtpSuite::AesCm128HmacSha1_32 => ProtectionProfile::Aes128CmHmacSha1_32,
        SrtpSuite::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        SrtpSuite::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
    };
    let provider = rtc_crypto::default_provider().unwrap();
    let (key, salt) = key.bytes().split_at(suite.key_bytes());
    Context::new(key, salt, profile, None, None, provider.crypto()).unwrap()
}

#[test]
fn another_implementation_reads_what_is_written_here_and_the_other_way_round() {
    for suite in SUITES {
        let (ours, theirs) = (key(suite, 3), key(suite, 4));
        let (mut sealing, mut opening) = (Sealing::new(suite, &ours), Opening::new(suite, &theirs));
        let (mut their_opening, mut their_sealing) = (context(suite, &ours), context(suite, &theirs));
        for n in 65_000..66_200u32 {
            let mut plain = packet(7, n as u16);
            if n % 3 == 0 {
                // With a contributing source and an extension of two words.
                plain[0] |= 0x11;
                plain.splice(12..12, hex("00000001 bede0002 12010203 22040506"));
            }
            plain.truncate(plain.len() - (n % 50) as usize);
            let sent = sealed(&mut sealing, &plain);
            assert_eq!(their_opening.decrypt_rtp(&sent).unwrap()[..], plain, "{suite:?}, packet {n}");
            let sent = their_sealing.encrypt_rtp(&plain).unwrap();
            assert_eq!(opened(&mut opening, &sent), Ok(plain), "{suite:?}, packet {n}");
        }
        for _ in 0..20 {
            let sent = sealed_report(&mut sealing, &report(7));
            assert_eq!(their_opening.decrypt_rtcp(&sent).unwrap()[..], report(7), "{suite:?}");
            let sent = their_sealing.encrypt_rtcp(&report(7)).unwrap();
            assert_eq!(opened_report(&mut opening, &sent), Ok(report(7)), "{suite:?}");
        }
    }
}
