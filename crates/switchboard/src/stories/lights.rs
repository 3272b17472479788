//! Lamps, presence and mailboxes.

use crate::testing::{Bench, described};
use frontdesk_sip_stack::{Package, SipCommand, SipEvent, SubscriptionId};

fn watch(bench: &mut Bench, number: u64, account: &str, resource: &str, package: Package) {
    bench.sip(SipEvent::Subscribed {
        subscription: SubscriptionId(number),
        account: account.to_owned(),
        resource: resource.to_owned(),
        host: "192.0.2.1".to_owned(),
        package,
    });
}

/// What the watcher was told since the last look, each time.
fn told(bench: &mut Bench) -> Vec<String> {
    bench.light_lamps();
    let commands = std::mem::take(&mut bench.commands);
    let notify = |command: &SipCommand| match command {
        SipCommand::Notify { document, .. } => Some(String::from_utf8(document.clone()).unwrap()),
        SipCommand::EndSubscription { reason, .. } => Some((*reason).to_owned()),
        _ => None,
    };
    let told = commands.iter().filter_map(notify).collect();
    bench.seen.extend(commands);
    told
}

/// The states that a document tells, in order.
fn states(document: &str) -> Vec<&str> {
    let words = document.split("<state>").skip(1);
    words.map(|rest| rest.split('<').next().unwrap_or_default()).collect()
}

#[test]
fn a_lamp_goes_with_the_calls_of_its_telephone() {
    let mut bench = Bench::new();
    watch(&mut bench, 1, "1002", "1001", Package::Dialog);
    let first = told(&mut bench);
    assert_eq!((first.len(), states(&first[0]).len()), (1, 0));
    assert!(first[0].contains("version=\"0\"") && first[0].contains("entity=\"sip:1001@192.0.2.1\""));
    let caller = bench.phone_calls("1003", "1001");
    let called = bench.session_to(101);
    let trying = told(&mut bench);
    assert_eq!(states(&trying[0]), ["trying"]);
    bench.progress(called, 180, None);
    let rings = told(&mut bench);
    assert_eq!(states(&rings[0]), ["early"]);
    assert!(
        rings[0].contains("direction=\"recipient\"") && rings[0].contains("sip:1003@192.0.2.1"),
        "{}",
        rings[0]
    );
    bench.answer(called, described(101));
    assert_eq!(states(&told(&mut bench)[0]), ["confirmed"]);
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    assert_eq!(told(&mut bench), [] as [String; 0], "what changes nothing is not told");
    bench.hangs_up(caller);
    let over = told(&mut bench);
    assert_eq!(states(&over[0]), ["terminated"]);
    assert!(over[0].contains("version=\"4\""));
}

#[test]
fn a_callers_lamp_says_that_it_calls() {
    let mut bench = Bench::new();
    watch(&mut bench, 1, "1002", "1003", Package::Dialog);
    told(&mut bench);
    bench.talk("1003", "1001", 101);
    let told = told(&mut bench);
    assert_eq!(told.len(), 1, "changes of one turn are told at once");
    assert_eq!(states(&told[0]), ["confirmed"]);
    assert!(told[0].contains("direction=\"initiator\""));
}

#[test]
fn presence_knows_who_is_there_and_who_is_on_the_phone() {
    let mut bench = Bench::new();
    watch(&mut bench, 1, "1002", "1001", Package::Presence);
    assert!(told(&mut bench)[0].contains("<basic>open</basic>"));
    let caller = bench.phone_calls("1003", "1001");
    let called = bench.session_to(101);
    bench.progress(called, 180, None);
    assert_eq!(told(&mut bench), [] as [String; 0], "a telephone that rings is there as before");
    bench.answer(called, described(101));
    assert!(told(&mut bench)[0].contains("on-the-phone"));
    bench.hangs_up(caller);
    assert!(!told(&mut bench)[0].contains("on-the-phone"));
}

#[test]
fn a_mailbox_is_empty_and_its_owners_own() {
    let mut bench = Bench::new();
    watch(&mut bench, 1, "1001", "1001", Package::MessageSummary);
    assert!(told(&mut bench)[0].starts_with("Messages-Waiting: no\r\n"));
    watch(&mut bench, 2, "1002", "1001", Package::MessageSummary);
    assert_eq!(told(&mut bench), ["noresource"]);
}

#[test]
fn another_tenants_telephone_is_not_there() {
    let mut bench = Bench::new();
    for (number, resource) in [(1, "2001"), (2, "100"), (3, "777"), (4, "")] {
        watch(&mut bench, number, "1002", resource, Package::Dialog);
        assert_eq!(told(&mut bench), ["noresource"], "{resource}");
    }
    bench.talk("1003", "1001", 101);
    assert_eq!(told(&mut bench), [] as [String; 0]);
}

#[test]
fn who_stops_watching_is_told_nothing_more() {
    let mut bench = Bench::new();
    watch(&mut bench, 1, "1002", "1001", Package::Dialog);
    told(&mut bench);
    bench.sip(SipEvent::Unsubscribed { subscription: SubscriptionId(1) });
    bench.talk("1003", "1001", 101);
    assert_eq!(told(&mut bench), [] as [String; 0]);
}
