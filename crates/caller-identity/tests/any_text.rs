//! Whatever comes in, a verdict comes out, and never a good one for what nobody signed.

mod mint;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontdesk_caller_identity::{Claimed, Index, Listing, Store, Verdict, Verifier};
use frontdesk_identifiers::WallTime;
use mint::{CALLED, CALLER, CARRIER, URL};
use proptest::prelude::*;
use std::sync::LazyLock;

static HOUSE: LazyLock<(Verifier, String)> = LazyLock::new(|| {
    let root = mint::root("Authority");
    let signer = mint::signer(&root, CARRIER);
    (mint::verifier(&[&root], &signer.pem), signer.sound())
});

proptest! {
    #[test]
    fn any_text_is_judged_and_not_believed(
        identities in prop::collection::vec(".{0,300}", 0..6), from in ".{0,40}", to in ".{0,40}",
        date in proptest::option::of(".{0,40}"), now: u64,
    ) {
        let identities: Vec<_> = identities.iter().map(String::as_str).collect();
        let call = Claimed { identities: &identities, from: &from, to: &[&to], date: date.as_deref() };
        let verdict = HOUSE.0.verify(call, WallTime::from_unix_micros(now));
        let trusted = matches!(verdict, Verdict::Verified { .. });
        prop_assert!(!trusted);
    }

    #[test]
    fn any_json_in_a_token_is_judged_and_not_believed(
        header in "[{}\\[\\]\":,a-z0-9\\\\]{0,60}", payload in "[{}\\[\\]\":,a-z0-9\\\\]{0,60}", sound: bool,
    ) {
        let header = if sound { mint::header() } else { header };
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let identity = format!("{}.{}.AAAA;info=<{URL}>;ppt=shaken", part(&header), part(&payload));
        let trusted = matches!(mint::at_noon(&HOUSE.0, &identity), Verdict::Verified { .. });
        prop_assert!(!trusted);
    }

    #[test]
    fn a_sound_identity_cut_and_mended_anywhere_is_judged(at in 0_usize..900, length in 0_usize..40, with in ".{0,5}") {
        let sound = &HOUSE.1;
        let at = at.min(sound.len());
        let end = (at + length).min(sound.len());
        let changed = format!("{}{with}{}", &sound[..at], &sound[end..]);
        let call = Claimed { identities: &[&changed], from: CALLER, to: &[CALLED], date: None };
        let verdict = HOUSE.0.verify(call, mint::noon());
        // Only what stands behind the token may be written otherwise.
        if matches!(verdict, Verdict::Verified { .. }) {
            prop_assert_eq!(changed.trim_start().split(';').next(), sound.split(';').next());
        }
    }

    #[test]
    fn any_store_is_read_or_refused(text in ".{0,400}", bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Index::read(&text);
        let listing = Listing { url: URL.to_owned(), file: "a.pem".to_owned() };
        let framed = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            base64::engine::general_purpose::STANDARD.encode(&bytes)
        );
        prop_assert!(Store::read([("b.pem", framed.as_bytes())], []).is_err());
        prop_assert!(Store::read([], [(&listing, framed.as_bytes())]).is_err());
        prop_assert!(Store::read([("b.pem", bytes.as_slice())], [(&listing, text.as_bytes())]).is_err());
    }
}
