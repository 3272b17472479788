//! Callers whose number is signed (STIR/SHAKEN): the verdict is a fact of the record, and a flow goes its way by it.

use crate::trunks::{answers, trunk};
use frontdesk_call_record::CallRecord;
use frontdesk_caller_identity::Verifier;
use frontdesk_tests::simulator::{Dialling, House, World};
use std::time::Duration;

#[path = "../../crates/caller-identity/tests/mint/mod.rs"]
mod mint;

/// Puts verified callers on their way, and has the others told.
const SCREENED: &str = r#"
format = 1
flow = "screened"
start = "who"

[words]
caller.verified = "unknown"

[step.who]
branch = "caller.verified"
when.verified-a = "trusted"
when.no-identity = "unsigned"
otherwise = "doubtful"

[step.trusted]
hang_up = "Welcome, verified caller."

[step.unsigned]
hang_up = "Your call is not signed."

[step.doubtful]
hang_up = "Your number could not be verified: {{caller.verified}}."
"#;

/// Calls the screened number from [`mint::CALLER`] with this Identity; the record, and what the caller was told.
fn called_with(identity: impl FnOnce(&mint::Signer, u64) -> Option<String>) -> (CallRecord, String) {
    let root = mint::root("Authority");
    let signer = mint::signer(&root, mint::CARRIER);
    screened(Some(mint::verifier(&[&root], &signer.pem)), |now| identity(&signer, now))
}

fn screened(
    verifier: Option<Verifier>,
    identity: impl FnOnce(u64) -> Option<String>,
) -> (CallRecord, String) {
    let mut house =
        House::default().with_flow(mint::CALLED, "screened", SCREENED).with_trunk(trunk("first", 1));
    if let Some(verifier) = verifier {
        house = house.with_verifier(verifier);
    }
    let mut world = World::new(7, &house);
    let carrier = world.carrier(1, None, answers());
    world.set_identity(carrier, &format!("<sip:{}@carrier.example>", mint::CALLER));
    world.place("first", &[carrier]);
    world.run(Duration::from_secs(1));
    let identity = identity(world.wall().as_unix_micros() / 1_000_000);
    let extra = identity.map(|identity| ("Identity".to_owned(), identity)).into_iter().collect();
    world.dial(carrier, Dialling { extra, ..Dialling::plain(mint::CALLED) }, vec![]);
    let record = world.settle().pop().expect("a record");
    let said = world.sound.phrases().last().expect("something is said").1.clone();
    (record, said)
}

/// A sound token that was made at this second.
fn token(signer: &mint::Signer, at: u64) -> String {
    signer.identity(&mint::header(), &mint::payload().replace(&mint::NOON.to_string(), &at.to_string()))
}

fn verdict(record: &CallRecord) -> Option<&str> {
    record.caller_verified.as_deref()
}

fn steps(record: &CallRecord) -> Vec<&str> {
    record.steps.iter().map(|step| step.step.as_str()).collect()
}

#[test]
fn a_caller_whose_number_is_signed_for_is_trusted() {
    let (record, said) = called_with(|signer, now| Some(token(signer, now)));
    assert_eq!(verdict(&record), Some("verified-a"));
    assert_eq!(said, "Welcome, verified caller.");
    assert_eq!(steps(&record), ["who", "trusted"]);
}

#[test]
fn a_caller_whose_signature_does_not_hold_is_doubted_and_told_why() {
    let (record, said) = called_with(|signer, now| {
        let stranger = mint::signer(&mint::root("Nobody"), mint::CARRIER);
        let (sound, forged) = (token(signer, now), token(&stranger, now));
        assert_ne!(sound, forged);
        Some(forged)
    });
    assert_eq!(verdict(&record), Some("identity-signature-wrong"));
    assert_eq!(said, "Your number could not be verified: identity-signature-wrong.");
    assert_eq!(steps(&record), ["who", "doubtful"]);
}

#[test]
fn a_signature_that_was_used_before_is_too_old() {
    let (record, said) = called_with(|signer, now| Some(token(signer, now - 600)));
    assert_eq!(verdict(&record), Some("identity-stale"));
    assert_eq!(said, "Your number could not be verified: identity-stale.");
}

#[test]
fn a_caller_without_a_signature_is_known_as_such() {
    let (record, said) = called_with(|_, _| None);
    assert_eq!(verdict(&record), Some("no-identity"));
    assert_eq!(said, "Your call is not signed.");
    assert_eq!(steps(&record), ["who", "unsigned"]);
}

#[test]
fn where_nobody_verifies_there_is_no_verdict() {
    let (record, said) = screened(None, |_| None);
    assert_eq!(verdict(&record), None);
    assert_eq!(said, "Your number could not be verified: unknown.");
}
