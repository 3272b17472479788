//! Each verdict, on tokens made for it.

mod mint;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontdesk_caller_identity::{Attestation, Claimed, Failure, Policy, Verdict, Verifier};
use frontdesk_identifiers::WallTime;
use mint::{CALLED, CALLER, CARRIER, NOON, NOON_DATE, ORIGID, Signer, URL, at_noon, claimed, noon};

fn house() -> (Verifier, Signer) {
    let root = mint::root("Authority");
    let signer = mint::signer(&root, CARRIER);
    (mint::verifier(&[&root], &signer.pem), signer)
}

fn verified(attestation: Attestation) -> Verdict {
    Verdict::Verified { attestation: Some(attestation), origid: Some(ORIGID.to_owned()) }
}

#[test]
fn a_sound_call_is_verified_with_its_attestation() {
    let (verifier, signer) = house();
    assert_eq!(verifier.doubts(noon()), []);
    for (claim, attestation, word) in [
        ("A", Attestation::Full, "verified-a"),
        ("B", Attestation::Partial, "verified-b"),
        ("C", Attestation::Gateway, "verified-c"),
    ] {
        let payload = mint::payload().replace(r#""attest":"A""#, &format!(r#""attest":"{claim}""#));
        let verdict = at_noon(&verifier, &signer.identity(&mint::header(), &payload));
        assert_eq!(verdict, verified(attestation));
        assert_eq!((verdict.as_str(), verdict.status()), (word, None));
        assert_eq!(attestation.as_str(), claim);
    }
}

#[test]
fn a_call_without_identity_is_told_so() {
    let (verifier, _) = house();
    let verdict = verifier.verify(claimed(&[]), noon());
    assert_eq!(verdict, Verdict::NoIdentity);
    assert_eq!((verdict.as_str(), verdict.status()), ("no-identity", Some((428, "Use Identity Header"))));
}

#[test]
fn numbers_are_compared_in_their_canonical_form() {
    let (verifier, signer) = house();
    let identity = signer.sound();
    for (from, to) in [
        ("tel:+1-215-555-1212", "sip:+12155551213@desk.example;user=phone"),
        ("sip:12155551212@carrier.example", "1 (215) 555 1213"),
    ] {
        let call = Claimed { identities: &[&identity], from, to: &["sip:desk@desk.example", to], date: None };
        assert_eq!(verifier.verify(call, noon()), verified(Attestation::Full), "{from} {to}");
    }
}

#[test]
fn the_identity_of_another_call_is_no_identity_of_this_one() {
    let (verifier, signer) = house();
    let identity = signer.sound();
    let verdict = |from: &str, to: &[&str]| {
        verifier.verify(Claimed { identities: &[&identity], from, to, date: Some(NOON_DATE) }, noon())
    };
    assert_eq!(verdict("+12155551299", &[CALLED]), Verdict::Failed(Failure::OriginMismatch));
    assert_eq!(verdict("anonymous", &[CALLED]), Verdict::Failed(Failure::OriginMismatch));
    assert_eq!(verdict(CALLER, &["+12155551214"]), Verdict::Failed(Failure::DestinationMismatch));
    assert_eq!(verdict(CALLER, &[]), Verdict::Failed(Failure::DestinationMismatch));
}

#[test]
fn a_token_serves_for_a_minute() {
    let (verifier, signer) = house();
    let identity = signer.sound();
    let after = |seconds: i64| {
        let now = WallTime::from_unix_micros(NOON.checked_add_signed(seconds).expect("a time") * 1_000_000);
        verifier.verify(claimed(&[&identity]), now)
    };
    assert_eq!(after(60), verified(Attestation::Full));
    assert_eq!(after(-60), verified(Attestation::Full));
    assert_eq!(after(61), Verdict::Failed(Failure::Stale));
    assert_eq!(after(-61), Verdict::Failed(Failure::FromTheFuture));
}

#[test]
fn each_broken_token_says_what_is_broken() {
    let (verifier, signer) = house();
    let (header, payload) = (mint::header(), mint::payload());
    let cases: Vec<(String, String, Failure)> = vec![
        (header.replace("ES256", "RS256"), payload.clone(), Failure::AlgorithmUnsupported),
        (header.replace("ES256", "none"), payload.clone(), Failure::AlgorithmUnsupported),
        (
            header.replace("\"ppt\"", "\"crit\":[\"x\"],\"ppt\""),
            payload.clone(),
            Failure::AlgorithmUnsupported,
        ),
        (header.replace("passport", "JWT"), payload.clone(), Failure::TokenMalformed),
        (header.replace("shaken", "div"), payload.clone(), Failure::ExtensionUnsupported),
        (header.replace("\"ppt\":\"shaken\",", ""), payload.clone(), Failure::HeaderContradictsToken),
        (header.replace("2026.pem", "2025.pem"), payload.clone(), Failure::HeaderContradictsToken),
        (header.replace("\"x5u\"", "\"x5v\""), payload.clone(), Failure::TokenMalformed),
        ("[]".to_owned(), payload.clone(), Failure::TokenMalformed),
        (header.clone(), "{".to_owned(), Failure::TokenMalformed),
        (header.clone(), payload.replace("\"A\"", "\"D\""), Failure::TokenMalformed),
        (header.clone(), payload.replace("attest", "attested"), Failure::TokenMalformed),
        (header.clone(), payload.replace(ORIGID, ""), Failure::TokenMalformed),
        (header.clone(), payload.replace(ORIGID, "a b"), Failure::TokenMalformed),
        (header.clone(), payload.replace(ORIGID, &"a".repeat(73)), Failure::TokenMalformed),
        (header.clone(), payload.replace("\"12155551213\"", ""), Failure::TokenMalformed),
        (header.clone(), payload.replace("\"12155551212\"", "\"x\""), Failure::TokenMalformed),
        (header.clone(), payload.replace("\"12155551212\"", "7"), Failure::TokenMalformed),
        (header.clone(), payload.replace(&NOON.to_string(), "-1"), Failure::TokenMalformed),
        (header.clone(), payload.replace("\"iat\"", "\"iat\":1,\"iat\""), Failure::TokenMalformed),
        (
            header.clone(),
            payload.replace("{\"attest", &format!("{{\"x\":{}{},\"attest", "[".repeat(9), "]".repeat(9))),
            Failure::TokenMalformed,
        ),
        (
            header.clone(),
            payload.replace("\"tn\":\"1", "\"uri\":\"sip:a@b\",\"tn\":\"1"),
            Failure::TokenMalformed,
        ),
    ];
    for (header, payload, failure) in cases {
        let verdict = at_noon(&verifier, &signer.identity(&header, &payload));
        assert_eq!(verdict, Verdict::Failed(failure), "{header} {payload}");
    }
}

#[test]
fn each_broken_header_says_what_is_broken() {
    let (verifier, signer) = house();
    let sound = signer.sound();
    for (identity, failure) in [
        (sound.replace(";alg=ES256", ";alg=HS256"), Failure::AlgorithmUnsupported),
        (sound.replace(";ppt=shaken", ""), Failure::HeaderContradictsToken),
        (sound.replace(";info=<", ";info=<x"), Failure::HeaderContradictsToken),
        (sound.replace(";info", ""), Failure::HeaderMalformed),
        (sound.replace(".ey", ".e"), Failure::TokenMalformed),
    ] {
        assert_eq!(at_noon(&verifier, &identity), Verdict::Failed(failure), "{identity}");
    }
}

#[test]
fn another_signers_signature_does_not_hold() {
    let (verifier, signer) = house();
    let stranger = mint::signer(&mint::root("Authority"), CARRIER);
    assert_eq!(at_noon(&verifier, &stranger.sound()), Verdict::Failed(Failure::SignatureWrong));
    let identity = signer.sound();
    let (token, parameters) = identity.split_once(';').expect("parameters");
    let (signed, signature) = token.rsplit_once('.').expect("a signature");
    let bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64");
    for wrong in [&bytes[..63], &[0; 64][..], &[bytes.clone(), vec![0]].concat()[..]] {
        let identity = format!("{signed}.{};{parameters}", URL_SAFE_NO_PAD.encode(wrong));
        assert_eq!(at_noon(&verifier, &identity), Verdict::Failed(Failure::SignatureWrong));
    }
}

#[test]
fn no_flipped_bit_of_a_token_is_verified() {
    let (verifier, signer) = house();
    let identity = signer.sound();
    let end = identity.find(';').expect("parameters");
    // The last letter of a signature carries two bits that mean nothing, and base64 refuses them unless they are zero.
    for at in 0..end {
        for bit in 0..7 {
            let mut bytes = identity.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let flipped = String::from_utf8(bytes).expect("ASCII");
            let verdict = at_noon(&verifier, &flipped);
            assert!(matches!(verdict, Verdict::Failed(_)), "bit {bit} of byte {at}: {verdict:?}");
        }
    }
}

#[test]
fn a_compact_token_stands_for_the_numbers_and_the_date_of_its_call() {
    let (verifier, signer) = house();
    let header = format!(r#"{{"alg":"ES256","typ":"passport","x5u":"{URL}"}}"#);
    let payload =
        format!(r#"{{"dest":{{"tn":["12155551213"]}},"iat":{NOON},"orig":{{"tn":"12155551212"}}}}"#);
    let token = signer.token(&header, &payload);
    let (_, signature) = token.rsplit_once('.').expect("a signature");
    let identity = format!("..{signature};info=<{URL}>");
    let verdict = at_noon(&verifier, &identity);
    assert_eq!(verdict, Verdict::Verified { attestation: None, origid: None });
    assert_eq!(verdict.as_str(), "verified");

    let with = |date: Option<&str>, to: &[&str]| {
        verifier.verify(Claimed { identities: &[&identity], from: CALLER, to, date }, noon())
    };
    let second = Some("Fri, 20 Nov 2026 12:00:01 GMT");
    assert_eq!(with(None, &[CALLED]), Verdict::Failed(Failure::DateMissing));
    assert_eq!(with(Some("yesterday"), &[CALLED]), Verdict::Failed(Failure::DateMissing));
    assert_eq!(with(second, &[CALLED]), Verdict::Failed(Failure::SignatureWrong));
    assert_eq!(with(Some("Fri, 20 Nov 2026 11:00:00 GMT"), &[CALLED]), Verdict::Failed(Failure::Stale));
    assert_eq!(with(Some(NOON_DATE), &[CALLER]), Verdict::Failed(Failure::SignatureWrong));
    assert_eq!(with(Some(NOON_DATE), &[]), Verdict::Failed(Failure::DestinationMismatch));
    let shaken = format!("{identity};ppt=shaken");
    assert_eq!(at_noon(&verifier, &shaken), Verdict::Failed(Failure::ClaimsMissing));
}

#[test]
fn of_several_identities_the_one_that_holds_decides() {
    let (verifier, signer) = house();
    let sound = signer.sound();
    let diverted = signer.identity(&mint::header().replace("shaken", "div"), &mint::payload());
    let diverted = diverted.replace("ppt=shaken", "ppt=div");
    let stale = signer.identity(&mint::header(), &mint::payload().replace(&NOON.to_string(), "1"));
    let verdict = |identities: &[&str]| verifier.verify(claimed(identities), noon());
    assert_eq!(verdict(&[&diverted, "nonsense", &sound]), verified(Attestation::Full));
    assert_eq!(verdict(&[&diverted, &stale, "nonsense"]), Verdict::Failed(Failure::Stale));
    assert_eq!(verdict(&[&diverted]), Verdict::Failed(Failure::ExtensionUnsupported));
    // What stands behind the fourth is not looked at.
    assert_eq!(verdict(&["", "", "", "", &sound]), Verdict::Failed(Failure::HeaderMalformed));
}

#[test]
fn freshness_is_a_matter_of_policy() {
    let root = mint::root("Authority");
    let signer = mint::signer(&root, CARRIER);
    let policy = Policy { freshness: std::time::Duration::from_secs(5), ..Policy::default() };
    let verifier = Verifier::new(mint::store(&[&root], &signer.pem), policy);
    let at = |seconds| WallTime::from_unix_micros((NOON + seconds) * 1_000_000);
    let identity = signer.sound();
    assert_eq!(verifier.verify(claimed(&[&identity]), at(5)), verified(Attestation::Full));
    assert_eq!(verifier.verify(claimed(&[&identity]), at(6)), Verdict::Failed(Failure::Stale));
}
