//! Keys in offer and answer (RFC 4568): who offers them how, who takes them, and who insists.

use frontdesk_media_protocol::{Codec, Direction, SrtpSuite};
use frontdesk_session_description::{
    Demand, LocalAudio, LocalSecurity, OwnKeys, Refusal, SUITES, answer, complete, is_by_secure_profile,
    offer,
};

fn side(address: &str, demand: Option<Demand>) -> LocalAudio {
    let mut next = address.len() as u8 ^ address.as_bytes()[0];
    let keys = OwnKeys::draw(|bytes| {
        bytes.fill_with(|| {
            next = next.wrapping_mul(5).wrapping_add(1);
            next
        });
    });
    LocalAudio {
        address: address.parse().unwrap(),
        codecs: vec![Codec::Pcma],
        formats: Default::default(),
        direction: Direction::SendReceive,
        session_id: 5,
        session_version: 1,
        security: demand.map(|demand| LocalSecurity { demand, keys }),
    }
}

fn phone(demand: Option<Demand>) -> LocalAudio {
    side("192.0.2.1:4000", demand)
}

fn desk(demand: Option<Demand>) -> LocalAudio {
    side("198.51.100.1:30000", demand)
}

#[test]
fn each_policy_meets_each_other() {
    use Demand::{Offered, OfferedBySecureProfile, Required};
    let (off, offered, by_profile, required) =
        (None, Some(Offered), Some(OfferedBySecureProfile), Some(Required));
    for (offerer, answerer, outcome) in [
        (off, off, Ok(false)),
        (off, offered, Ok(false)),
        (off, required, Err(Refusal::Plain)),
        (offered, off, Ok(false)),
        (offered, offered, Ok(true)),
        (offered, required, Ok(true)),
        (by_profile, offered, Ok(true)),
        (by_profile, off, Err(Refusal::Secure)),
        (required, off, Err(Refusal::Secure)),
        (required, offered, Ok(true)),
        (required, required, Ok(true)),
    ] {
        let offered = offer(&phone(offerer));
        let negotiated = answer(&desk(answerer), &offered);
        let secure = negotiated.as_ref().map(|negotiated| negotiated.audio.secure.is_some());
        assert_eq!(secure.map_err(|refusal| *refusal), outcome, "{offerer:?} meets {answerer:?}");
        let Ok(negotiated) = negotiated else { continue };
        let completed = complete(&phone(offerer), &negotiated.description).unwrap();
        match (negotiated.audio.secure, completed.secure) {
            (None, None) => {}
            (Some(here), Some(there)) => {
                assert_eq!((here.suite, here.send, here.receive), (there.suite, there.receive, there.send));
            }
            other => panic!("one side encrypts and the other does not: {other:?}"),
        }
        let both = is_by_secure_profile(&offered) == is_by_secure_profile(&negotiated.description);
        assert!(both, "the answer has the offer's profile");
    }
}

fn with_lines(profile: &str, lines: &[&str]) -> Vec<u8> {
    let mut text = format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 {profile} 8\r\n"
    );
    lines.iter().for_each(|line| text.push_str(&format!("{line}\r\n")));
    text.into_bytes()
}

const WITH_MKI: &str =
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4";
const SHORT_TAG: &str =
    "a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^31";
const UNKNOWN: &str = "a=crypto:3 AES_256_CM_HMAC_SHA1_80 inline:AAAA";

#[test]
fn the_first_line_that_can_be_used_is_chosen_by_its_tag() {
    let offered = with_lines("RTP/SAVP", &[UNKNOWN, WITH_MKI, SHORT_TAG]);
    let negotiated = answer(&desk(Some(Demand::Required)), &offered).unwrap();
    assert_eq!(negotiated.audio.secure.map(|keys| keys.suite), Some(SrtpSuite::AesCm128HmacSha1_32));
    let text = String::from_utf8(negotiated.description).unwrap();
    let chosen: Vec<&str> = text.lines().filter(|line| line.starts_with("a=crypto")).collect();
    assert_eq!(chosen.len(), 1);
    assert!(chosen[0].starts_with("a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:"), "{text}");
    assert!(text.contains("m=audio 30000 RTP/SAVP 8\r\n"));
}

#[test]
fn what_cannot_be_encrypted_is_plain_or_refused_as_the_policy_says() {
    let refused =
        |profile, lines: &[&str], demand| answer(&desk(Some(demand)), &with_lines(profile, lines)).err();
    assert_eq!(refused("RTP/SAVP", &[WITH_MKI], Demand::Offered), Some(Refusal::NoCommonSuite));
    assert_eq!(refused("RTP/SAVPF", &[], Demand::Offered), Some(Refusal::Dtls));
    assert_eq!(refused("RTP/AVP", &[UNKNOWN], Demand::Offered), None, "best effort is plain then");
    assert_eq!(refused("RTP/AVP", &[UNKNOWN], Demand::Required), Some(Refusal::NoCommonSuite));
    assert_eq!(refused("RTP/AVP", &[], Demand::Required), Some(Refusal::Plain));
    assert_eq!(Refusal::Plain.sip_status(), 488);
}

#[test]
fn an_answer_that_leaves_the_keys_away_is_plain_or_the_end() {
    let plain = with_lines("RTP/AVP", &[]);
    assert_eq!(complete(&phone(Some(Demand::Offered)), &plain).map(|audio| audio.secure), Ok(None));
    assert_eq!(complete(&phone(Some(Demand::Required)), &plain).map(|_| ()), Err(Refusal::Plain));
}

#[test]
fn an_offer_says_every_suite_with_a_key_of_its_own() {
    let text = String::from_utf8(offer(&phone(Some(Demand::Offered)))).unwrap();
    assert!(text.contains("m=audio 4000 RTP/AVP "));
    let mut keys = std::collections::BTreeSet::new();
    for (tag, suite) in (1..).zip(SUITES) {
        let start = format!("a=crypto:{tag} {} inline:", suite.name());
        let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
        assert!(keys.insert(line[..16].to_owned()), "{suite:?} has the key of another suite");
    }
    let secure = String::from_utf8(offer(&phone(Some(Demand::Required)))).unwrap();
    assert!(secure.contains("m=audio 4000 RTP/SAVP "));
}
