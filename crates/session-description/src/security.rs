//! Keys in the description: `a=crypto` (RFC 4568).

use crate::Refusal;
use crate::audio::is_secure_rtp;
use crate::read::{self, Stream};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use frontdesk_media_protocol::{SrtpKey, SrtpKeys, SrtpSuite};

/// The most `a=crypto` lines of a stream that are looked at; the rest is passed over.
pub(crate) const CRYPTO_LINES_MAX: usize = 16;
/// What is offered, the dearest first; the place is the tag, counted from 1.
pub const SUITES: [SrtpSuite; 4] = [
    SrtpSuite::AeadAes256Gcm,
    SrtpSuite::AeadAes128Gcm,
    SrtpSuite::AesCm128HmacSha1_80,
    SrtpSuite::AesCm128HmacSha1_32,
];
/// Some telephones leave the padding away.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether sound must be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Encrypted if the other side can, else plain: `RTP/AVP` with `a=crypto`.
    Offered,
    /// The same, offered as `RTP/SAVP`: to a side that chose that profile before.
    OfferedBySecureProfile,
    /// Encrypted or not at all: `RTP/SAVP`, and a plain description is [`Refusal::Plain`].
    Required,
}

/// With what this side encrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalSecurity {
    /// Whether it must.
    pub demand: Demand,
    /// With what. The same keys in every description of a stream: a hold or a refresh changes nothing.
    pub keys: OwnKeys,
}

impl LocalSecurity {
    /// The profile of this side's own offers.
    pub(crate) fn profile(&self) -> &'static str {
        match self.demand {
            Demand::Offered => "RTP/AVP",
            Demand::OfferedBySecureProfile | Demand::Required => "RTP/SAVP",
        }
    }
}

/// This side's keys, one for each suite: a key serves one suite only. `Debug` shows none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKeys([SrtpKey; SUITES.len()]);

impl OwnKeys {
    /// Draws a key for each suite; `fill` fills bytes with chance that nobody can guess.
    pub fn draw(mut fill: impl FnMut(&mut [u8])) -> Self {
        OwnKeys(SUITES.map(|suite| drawn(suite, &mut fill)))
    }

    /// Draws new keys for all suites but this one. To be done after each agreement: a suite that is left and comes back
    /// would begin anew with a key that was used.
    pub fn redraw_others(&mut self, agreed: Option<SrtpSuite>, mut fill: impl FnMut(&mut [u8])) {
        for (suite, key) in SUITES.into_iter().zip(&mut self.0) {
            if Some(suite) != agreed {
                *key = drawn(suite, &mut fill);
            }
        }
    }

    pub(crate) fn of(&self, suite: SrtpSuite) -> &SrtpKey {
        let [gcm_256, gcm_128, cm_80, cm_32] = &self.0;
        match suite {
            SrtpSuite::AeadAes256Gcm => gcm_256,
            SrtpSuite::AeadAes128Gcm => gcm_128,
            SrtpSuite::AesCm128HmacSha1_80 => cm_80,
            SrtpSuite::AesCm128HmacSha1_32 => cm_32,
        }
    }
}

fn drawn(suite: SrtpSuite, fill: &mut impl FnMut(&mut [u8])) -> SrtpKey {
    let mut bytes = [0; SrtpKey::MOST_BYTES];
    let length = suite.key_bytes() + suite.salt_bytes();
    fill(&mut bytes[..length]);
    SrtpKey::new(suite, &bytes[..length]).expect("the bytes are as many as the suite's key has")
}

/// Whether a description's first audio stream in use is of `RTP/SAVP`: what this side offers later is, too.
pub fn is_by_secure_profile(description: &[u8]) -> bool {
    let Ok(text) = read::text(description) else { return false };
    let Ok(description) = read::read(&text) else { return false };
    let mut audio = description.streams.iter();
    audio.find(|stream| stream.port != 0).is_some_and(|stream| is_secure_rtp(stream.protocol))
}

/// What a stream is encrypted with between this side and the other; none is plain.
pub(crate) fn agree(local: Option<&LocalSecurity>, stream: &Stream<'_>) -> Result<Option<SrtpKeys>, Refusal> {
    let secure_profile = is_secure_rtp(stream.protocol);
    let Some(local) = local else {
        return if secure_profile { Err(Refusal::Secure) } else { Ok(None) };
    };
    // RFC 4568 §5.1.2: the first that can be taken, in the other side's order. In an answer there is one.
    let usable = stream.crypto.iter().filter_map(|line| crypto(line)).next();
    match usable {
        Some(Crypto { suite, key, .. }) => {
            Ok(Some(SrtpKeys { suite, send: *local.keys.of(suite), receive: key }))
        }
        None if !stream.crypto.is_empty() && (secure_profile || local.demand == Demand::Required) => {
            Err(Refusal::NoCommonSuite)
        }
        // RTP/SAVP without keys: they come by another way, which is DTLS with a profile of the time before RFC 5764.
        None if secure_profile => Err(Refusal::Dtls),
        None if local.demand == Demand::Required => Err(Refusal::Plain),
        None => Ok(None),
    }
}

/// The tag of the line by which this suite was agreed.
pub(crate) fn tag_of(stream: &Stream<'_>, suite: SrtpSuite) -> Option<u32> {
    let mut usable = stream.crypto.iter().filter_map(|line| crypto(line));
    usable.find(|crypto| crypto.suite == suite).map(|crypto| crypto.tag)
}

/// A line that can be used.
#[derive(Debug, PartialEq, Eq)]
struct Crypto {
    tag: u32,
    suite: SrtpSuite,
    key: SrtpKey,
}

/// `<tag> <suite> <key parameters> [<session parameters>]` (RFC 4568 §9.1); none if it cannot be used.
fn crypto(line: &str) -> Option<Crypto> {
    let mut words = line.split_ascii_whitespace();
    let tag = words.next().filter(|tag| tag.len() <= 9)?;
    let tag = read::number(tag)?;
    let suite = words.next()?;
    let suite = SUITES.into_iter().find(|known| known.name().eq_ignore_ascii_case(suite))?;
    let key = key(suite, words.next()?)?;
    words.all(is_harmless).then_some(Crypto { tag, suite, key })
}

/// `inline:<key and salt>[|<lifetime>][|<MKI>:<length>]` (RFC 4568 §6.1). Several keys need an MKI to tell them apart.
fn key(suite: SrtpSuite, parameters: &str) -> Option<SrtpKey> {
    let (method, rest) = parameters.split_once(':')?;
    if !method.eq_ignore_ascii_case("inline") || rest.contains(';') {
        return None;
    }
    let mut parts = rest.split('|');
    let key = parts.next()?;
    // A lifetime is a power of two or a number, without a colon: it is the other side's to keep, who has to offer a new
    // key when it is used up.
    if !parts.all(is_lifetime) || key.len() > 2 * SrtpKey::MOST_BYTES {
        return None;
    }
    SrtpKey::new(suite, &BASE64.decode(key).ok()?)
}

fn is_lifetime(part: &str) -> bool {
    let digits = part.strip_prefix("2^").unwrap_or(part);
    (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// A session parameter that changes nothing here (RFC 4568 §6.3): a hint about the replay window, a derivation rate of 0,
/// or an extension that may be passed over. The others switch off a half of SRTP, or are unknown and mandatory.
fn is_harmless(parameter: &str) -> bool {
    parameter.starts_with('-')
        || parameter.eq_ignore_ascii_case("KDR=0")
        || parameter.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("WSH="))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 30 bytes.
    const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    #[test]
    fn the_lines_of_rfc_4568_are_read() {
        let read = crypto(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4 FEC_ORDER=FEC_SRTP"));
        assert_eq!(read, None, "an MKI, and a parameter that is not spoken");
        let read = crypto(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^48")).unwrap();
        assert_eq!((read.tag, read.suite), (1, SrtpSuite::AesCm128HmacSha1_80));
        assert_eq!(read.key.bytes(), b"YS___semctl () {\t220;}\n}\nunles");
    }

    #[test]
    fn what_weakens_a_line_or_makes_it_unclear_makes_it_unusable() {
        let usable = |line: &str| crypto(&line.replace("KEY", KEY)).is_some();
        for line in [
            "1 AES_CM_128_HMAC_SHA1_32 inline:KEY",
            "999999999 aes_cm_128_hmac_sha1_80 INLINE:KEY|2^31",
            "7 AES_CM_128_HMAC_SHA1_80 inline:KEY|1000 WSH=128 -vendor=1",
            "2 AES_CM_128_HMAC_SHA1_80  inline:KEY KDR=0",
        ] {
            assert!(usable(line), "{line}");
        }
        for line in [
            "",
            "1",
            "x AES_CM_128_HMAC_SHA1_80 inline:KEY",
            "1234567890 AES_CM_128_HMAC_SHA1_80 inline:KEY",
            "1 F8_128_HMAC_SHA1_80 inline:KEY",
            "1 AEAD_AES_128_GCM inline:KEY",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20|1:4",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|1:4",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY;inline:KEY",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEYA",
            "1 AES_CM_128_HMAC_SHA1_80 inline:****",
            "1 AES_CM_128_HMAC_SHA1_80 uri:KEY",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY UNENCRYPTED_SRTP",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY UNENCRYPTED_SRTCP",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY UNAUTHENTICATED_SRTP",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY KDR=24",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY NEW",
        ] {
            assert!(!usable(line), "{line}");
        }
    }

    #[test]
    fn keys_with_and_without_padding_are_the_same() {
        let gcm = |key: &str| crypto(&format!("1 AEAD_AES_128_GCM inline:{key}"));
        let padded = gcm("bm90IHJhbmRvbSBhdCBhbGwhIDI4IGJ5dGVzISE=");
        assert_eq!(padded.as_ref().map(|read| read.key.bytes().len()), None, "29 bytes are too many");
        let padded = gcm("bm90IHJhbmRvbSBhdCBhbGwsIGhlcmUgMjg1MQ==");
        assert!(padded.is_some());
        assert_eq!(padded, gcm("bm90IHJhbmRvbSBhdCBhbGwsIGhlcmUgMjg1MQ"));
    }

    #[test]
    fn a_key_that_is_agreed_stays_and_the_others_are_drawn_anew() {
        let mut next = 0u8;
        let mut fill = |bytes: &mut [u8]| {
            bytes.fill_with(|| {
                next = next.wrapping_add(1);
                next
            })
        };
        let first = OwnKeys::draw(&mut fill);
        let mut second = first.clone();
        second.redraw_others(Some(SrtpSuite::AeadAes128Gcm), &mut fill);
        for suite in SUITES {
            assert_eq!(first.of(suite) == second.of(suite), suite == SrtpSuite::AeadAes128Gcm, "{suite:?}");
        }
        assert!(!format!("{first:?}").contains('1'));
    }
}
