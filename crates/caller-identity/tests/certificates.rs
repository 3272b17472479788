//! Which certificates may vouch for whom, and which stores can be read.

mod mint;

use frontdesk_caller_identity::{
    Claimed, Culprit, Failure, Index, Listing, Policy, Store, StoreFault, Unfit, Verdict, Verifier,
};
use frontdesk_identifiers::WallTime;
use mint::{CARRIER, TWENTY_NUMBERS, URL, at_noon, noon};
use rcgen::{BasicConstraints, CustomExtension, IsCa, KeyUsagePurpose, date_time_ymd};

fn failure(verifier: &Verifier, identity: &str) -> Option<Failure> {
    match at_noon(verifier, identity) {
        Verdict::Failed(failure) => Some(failure),
        Verdict::Verified { .. } => None,
        Verdict::NoIdentity => panic!("an identity was given"),
    }
}

#[test]
fn a_chain_through_authorities_in_between_leads_to_its_anchor() {
    let root = mint::root("Root");
    let middle = mint::beneath(&root, "Middle", |_| ());
    let low =
        mint::beneath(&middle, "Low", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let signer = mint::signer(&low, CARRIER);
    let file = [&*signer.pem, &*middle.pem, &*low.pem].concat();
    assert_eq!(failure(&mint::verifier(&[&root], &file), &signer.sound()), None);
    // Without one of them the way is broken.
    let file = [&*signer.pem, &*middle.pem].concat();
    let verifier = mint::verifier(&[&root], &file);
    assert_eq!(failure(&verifier, &signer.sound()), Some(Failure::CertificateNotTrusted));
    assert_eq!(verifier.doubts(noon()), [(URL, Failure::CertificateNotTrusted)]);
}

#[test]
fn a_certificate_of_another_authority_is_not_trusted() {
    let (root, namesake) = (mint::root("Authority"), mint::root("Authority"));
    let signer = mint::signer(&root, CARRIER);
    for anchors in [vec![], vec![&namesake]] {
        let verifier = mint::verifier(&anchors, &signer.pem);
        assert_eq!(failure(&verifier, &signer.sound()), Some(Failure::CertificateNotTrusted));
    }
    assert_eq!(failure(&mint::verifier(&[&namesake, &root], &signer.pem), &signer.sound()), None);
}

#[test]
fn a_certificate_that_is_not_in_the_store_is_unknown() {
    let root = mint::root("Authority");
    let signer = mint::signer(&root, CARRIER);
    let empty = Verifier::new(Store::default(), Policy::default());
    assert_eq!(failure(&empty, &signer.sound()), Some(Failure::CertificateUnknown));
    let other = URL.replace("2026", "2027");
    let identity = signer.token(&mint::header().replace(URL, &other), &mint::payload());
    let identity = format!("{identity};info=<{other}>;ppt=shaken");
    let verifier = mint::verifier(&[&root], &signer.pem);
    assert_eq!(failure(&verifier, &identity), Some(Failure::CertificateUnknown));
}

#[test]
fn every_certificate_up_to_the_anchor_must_hold_today() {
    let early = |params: &mut rcgen::CertificateParams| params.not_after = date_time_ymd(2026, 11, 20);
    let late = |params: &mut rcgen::CertificateParams| params.not_before = date_time_ymd(2026, 11, 21);
    for (dates, expected) in
        [(&early as &dyn Fn(&mut _), Failure::CertificateExpired), (&late, Failure::CertificateNotYetValid)]
    {
        let plain = |_: &mut rcgen::CertificateParams| ();
        for place in 0..3 {
            let at = |here| if place == here { dates } else { &plain as &dyn Fn(&mut _) };
            let root = mint::root_with("Root", at(0));
            let middle = mint::beneath(&root, "Middle", at(1));
            let signer = mint::signer_with(&middle, |params| {
                params.custom_extensions.push(mint::numbers(CARRIER));
                at(2)(params);
            });
            let verifier = mint::verifier(&[&root], &[&*signer.pem, &*middle.pem].concat());
            assert_eq!(failure(&verifier, &signer.sound()), Some(expected), "place {place}");
            assert_eq!(verifier.doubts(noon()), [(URL, expected)]);
        }
    }
}

#[test]
fn who_may_sign_for_numbers_signs_for_those_only() {
    let root = mint::root("Authority");
    let signer = mint::signer(&root, TWENTY_NUMBERS);
    let verifier = mint::verifier(&[&root], &signer.pem);
    assert_eq!(failure(&verifier, &signer.sound()), None);
    let payload = mint::payload().replace("12155551212", "12155551220");
    let identity = signer.identity(&mint::header(), &payload);
    let identities = [&*identity];
    let call = Claimed { from: "+12155551220", ..mint::claimed(&identities) };
    let verdict = verifier.verify(call, noon());
    assert_eq!(verdict, Verdict::Failed(Failure::NumberNotCovered));
}

#[test]
fn a_certificate_must_say_for_whom_it_signs_unless_told_otherwise() {
    let root = mint::root("Authority");
    for signer in [mint::signer_with(&root, |_| ()), mint::signer(&root, b"\x30\x00")] {
        let verifier = mint::verifier(&[&root], &signer.pem);
        assert_eq!(failure(&verifier, &signer.sound()), Some(Failure::AuthorityMissing));
        assert_eq!(verifier.doubts(noon()), [(URL, Failure::AuthorityMissing)]);
        let policy = Policy { authority_required: false, ..Policy::default() };
        let lenient = Verifier::new(mint::store(&[&root], &signer.pem), policy);
        assert_eq!(failure(&lenient, &signer.sound()), None);
        assert_eq!(lenient.doubts(noon()), []);
    }
}

#[test]
fn what_is_not_made_to_sign_calls_does_not() {
    let root = mint::root("Authority");
    let extension = |number, critical| {
        let mut extension =
            CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, number], vec![0x30, 0]);
        extension.set_criticality(critical);
        extension
    };
    let changes: [&dyn Fn(&mut rcgen::CertificateParams); 4] = [
        &|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        &|params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment],
        &|params| params.custom_extensions.push(extension(99, true)),
        &|params| params.custom_extensions.push(extension(27, false)),
    ];
    for change in changes {
        let signer = mint::signer_with(&root, |params| {
            params.custom_extensions.push(mint::numbers(CARRIER));
            change(params);
        });
        let verifier = mint::verifier(&[&root], &signer.pem);
        assert_eq!(failure(&verifier, &signer.sound()), Some(Failure::CertificateUnfit));
    }
}

#[test]
fn only_an_authority_stands_above_others() {
    let root = mint::root("Root");
    let changes: [&dyn Fn(&mut rcgen::CertificateParams); 3] =
        [&|params| params.is_ca = IsCa::NoCa, &|params| params.is_ca = IsCa::ExplicitNoCa, &|params| {
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature]
        }];
    for change in changes {
        let middle = mint::beneath(&root, "Middle", |params| change(params));
        let signer = mint::signer(&middle, CARRIER);
        let verifier = mint::verifier(&[&root], &[&*signer.pem, &*middle.pem].concat());
        assert_eq!(failure(&verifier, &signer.sound()), Some(Failure::CertificateNotTrusted));
    }
    // One authority more than the one above allows.
    let narrow =
        mint::beneath(&root, "Narrow", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let low = mint::beneath(&narrow, "Low", |_| ());
    let signer = mint::signer(&low, CARRIER);
    let verifier = mint::verifier(&[&root], &[&*signer.pem, &*low.pem, &*narrow.pem].concat());
    assert_eq!(failure(&verifier, &signer.sound()), Some(Failure::CertificateNotTrusted));
}

#[test]
fn a_chain_that_goes_round_or_on_and_on_is_given_up() {
    let root = mint::root("Root");
    let mut authorities = vec![mint::beneath(&root, "1", |_| ())];
    for name in ["2", "3", "4"] {
        let above = authorities.last().expect("one");
        authorities.push(mint::beneath(above, name, |_| ()));
    }
    let signer = mint::signer(authorities.last().expect("one"), CARRIER);
    let above: String = authorities.iter().map(|authority| &*authority.pem).collect();
    let verifier = mint::verifier(&[&root], &format!("{}{above}", signer.pem));
    assert_eq!(failure(&verifier, &signer.sound()), Some(Failure::CertificateNotTrusted));
    // Its own issuer, for ever, and no anchor.
    let signer = mint::signer(&root, CARRIER);
    let verifier = mint::verifier(&[], &format!("{}{}", signer.pem, root.pem));
    assert_eq!(failure(&verifier, &signer.sound()), Some(Failure::CertificateNotTrusted));
}

#[test]
fn a_store_that_cannot_be_read_names_the_file() {
    let root = mint::root("Authority");
    let signer = mint::signer(&root, CARRIER);
    let listing = Listing { url: URL.to_owned(), file: "carrier.pem".to_owned() };
    let read = |anchor: &str, file: &str| {
        Store::read([("anchors.pem", anchor.as_bytes())], [(&listing, file.as_bytes())])
            .map(|store| store.certificates())
    };
    let file = "carrier.pem".to_owned();
    assert_eq!(read(&root.pem, &signer.pem), Ok(1));
    assert_eq!(read(&root.pem, ""), Err(StoreFault::NoCertificate { file: file.clone() }));
    let half = &signer.pem[..signer.pem.len() / 2];
    assert_eq!(read(&root.pem, half), Err(StoreFault::Unreadable { file: file.clone(), number: 1 }));
    let not = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let both = format!("{}{not}", signer.pem);
    assert_eq!(read(&root.pem, &both), Err(StoreFault::Unreadable { file, number: 2 }));
    let file = "anchors.pem".to_owned();
    let unfit = StoreFault::AnchorUnfit { file, number: 1, why: Unfit::NotAnAuthority };
    assert_eq!(read(&signer.pem, &signer.pem), Err(unfit));
    let twice = [(&listing, signer.pem.as_bytes()), (&listing, signer.pem.as_bytes())];
    let twice = Store::read([("anchors.pem", root.pem.as_bytes())], twice).map(|store| store.anchors());
    assert_eq!(twice, Err(StoreFault::ListedTwice { url: URL.to_owned() }));
}

#[test]
fn the_index_says_which_file_holds_which_certificate() {
    let text = format!("# carriers\n\n{URL}   carrier.pem\r\nhttps://other.example/c.crt\tother.pem\n");
    let index = Index::read(&text).expect("an index");
    assert_eq!(index.listings[0], Listing { url: URL.to_owned(), file: "carrier.pem".to_owned() });
    assert_eq!(index.listings[1].file, "other.pem");
    for wrong in [
        "https://a.example/c",
        "https://a.example/c ../b",
        "https://a.example/c .b",
        "a b",
        "https://a/c b c",
    ] {
        assert_eq!(Index::read(&format!("\n{wrong}")), Err(StoreFault::IndexLine { line: 2 }), "{wrong}");
    }
}

#[test]
fn every_failure_has_its_own_word() {
    use Failure::*;
    let table = [
        (HeaderMalformed, 438, Culprit::Signer),
        (TokenMalformed, 438, Culprit::Signer),
        (AlgorithmUnsupported, 438, Culprit::Signer),
        (ExtensionUnsupported, 428, Culprit::Store),
        (HeaderContradictsToken, 438, Culprit::Signer),
        (ClaimsMissing, 438, Culprit::Signer),
        (DateMissing, 438, Culprit::Path),
        (Stale, 403, Culprit::Path),
        (FromTheFuture, 403, Culprit::Signer),
        (OriginMismatch, 438, Culprit::Path),
        (DestinationMismatch, 438, Culprit::Path),
        (CertificateUnknown, 436, Culprit::Store),
        (CertificateNotTrusted, 437, Culprit::Store),
        (CertificateUnfit, 437, Culprit::Signer),
        (CertificateExpired, 437, Culprit::Signer),
        (CertificateNotYetValid, 437, Culprit::Signer),
        (AuthorityMissing, 437, Culprit::Signer),
        (NumberNotCovered, 437, Culprit::Signer),
        (SignatureWrong, 438, Culprit::Path),
    ];
    let mut words = std::collections::BTreeSet::new();
    for (failure, status, culprit) in table {
        assert_eq!((failure.status().0, failure.culprit()), (status, culprit), "{failure:?}");
        assert_eq!(Verdict::Failed(failure).status(), Some(failure.status()));
        assert!(words.insert(Verdict::Failed(failure).as_str()), "{failure:?} shares its word");
    }
}

#[test]
fn the_time_may_be_anything() {
    let root = mint::root("Authority");
    let signer = mint::signer(&root, CARRIER);
    let verifier = mint::verifier(&[&root], &signer.pem);
    for micros in [0, u64::MAX] {
        let verdict = verifier.verify(mint::claimed(&[&signer.sound()]), WallTime::from_unix_micros(micros));
        assert!(matches!(verdict, Verdict::Failed(Failure::Stale | Failure::FromTheFuture)), "{verdict:?}");
        assert_eq!(verifier.doubts(WallTime::from_unix_micros(micros)).len(), 1);
    }
}
