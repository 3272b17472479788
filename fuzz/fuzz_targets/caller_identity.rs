//! Bytes as an Identity header and as the number, the date and the certificates around it: judged, and never believed.
#![no_main]

use frontdesk_caller_identity::{Claimed, Index, Listing, Policy, Store, Verdict, Verifier};
use frontdesk_identifiers::WallTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let listing = Listing { url: "https://c.example/a".to_owned(), file: "a.pem".to_owned() };
    let store = Store::read([("anchors.pem", bytes)], [(&listing, bytes)]).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    let _ = Index::read(&text);
    let lines: Vec<_> = text.lines().collect();
    let (from, date) = (lines.first().copied().unwrap_or_default(), lines.last().copied());
    let verifier = Verifier::new(store, Policy::default());
    let verdict = verifier
        .verify(Claimed { identities: &lines, from, to: &lines, date }, WallTime::from_unix_micros(0));
    assert!(!matches!(verdict, Verdict::Verified { .. }));
});
