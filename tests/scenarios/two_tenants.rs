//! Two tenants on one desk, each with a trunk at the same carrier, whose calls come from the same address.

use crate::trunks::{NUMBER, answers, invites, tries, trunk};
use frontdesk_call_record::{AdmittedBy, CallRecord, EndReason, TransferEnd, TrunkTrouble};
use frontdesk_directory::{RegisterAs, Trunk, TrunkAccount, TrunkLimits, TrunkRegister, TrunkTransport};
use frontdesk_identifiers::TelephoneNumber;
use frontdesk_tests::simulator::house::{PUBLIC_NUMBERS, tenant};
use frontdesk_tests::simulator::{Deed, House, RobotId, WhenCalled, World, answered, apart::CHECKS, asked};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

const MAIN: (&str, &str) = ("4930555", "horse battery");
const ANNEX: (&str, &str) = ("4940777", "staple correct");

/// The annex's trunk.
fn annex_trunk(name: &str) -> Trunk {
    let mut line = trunk(name, 1);
    line.tenant = tenant("annex");
    line.presentation.main = Some(TelephoneNumber::new("+4940777000").expect("a number"));
    line
}

fn registering(mut line: Trunk, (user, password): (&str, &str)) -> Trunk {
    let (user, password) = (user.to_owned(), password.to_owned());
    line.account = Some(TrunkAccount { user, auth_user: None, password });
    line.register = Some(TrunkRegister::default());
    line
}

/// A world where the trunks of both lead to one carrier; what the lines are is changed first.
fn world(change: impl FnOnce(&mut Trunk, &mut Trunk), when_called: WhenCalled) -> (World, RobotId) {
    let (mut main, mut annex) = (trunk("first", 1), annex_trunk("annex"));
    change(&mut main, &mut annex);
    let mut world = World::new(7, &House::default().with_annex().with_trunk(main).with_trunk(annex));
    let carrier = world.carrier(1, None, when_called);
    let numbers = PUBLIC_NUMBERS.map(|number| (number, MAIN.1));
    world.serve(carrier, &[&[MAIN, ANNEX][..], &numbers].concat());
    world.place("first", &[carrier]);
    world.place("annex", &[carrier]);
    world.run(Duration::from_secs(1));
    (world, carrier)
}

fn registered_world() -> (World, RobotId) {
    let register = |main: &mut Trunk, annex: &mut Trunk| {
        *main = registering(main.clone(), MAIN);
        *annex = registering(annex.clone(), ANNEX);
    };
    world(register, answers())
}

/// Whose call it was, and over which trunk it came.
fn over(record: &CallRecord) -> (&str, &str) {
    let Some(AdmittedBy::Peer(peer)) = &record.admitted_by else { panic!("{record:?} came over no trunk") };
    (record.tenant.as_str(), peer)
}

#[test]
fn the_number_that_is_called_tells_whose_call_it_is() {
    let (mut world, carrier) = world(|_, _| (), answers());
    for number in PUBLIC_NUMBERS {
        world.call(carrier, number, vec![answered(2_000, Deed::HangUp)]);
        world.run(Duration::from_secs(4));
    }
    let records = world.settle();
    assert_eq!(records.iter().map(over).collect::<Vec<_>>(), [("main", "first"), ("annex", "annex")]);
}

#[test]
fn the_contact_that_was_registered_tells_whose_call_it_is_and_to_has_the_number() {
    let (mut world, carrier) = registered_world();
    for ((contact, _), number) in [(ANNEX, PUBLIC_NUMBERS[1]), (MAIN, PUBLIC_NUMBERS[0])] {
        world.call_contact(carrier, contact, number, vec![answered(2_000, Deed::HangUp)]);
        world.run(Duration::from_secs(4));
    }
    // Who was called at the other's contact is not called.
    world.call_contact(carrier, MAIN.0, PUBLIC_NUMBERS[1], vec![]);
    let records = world.settle();
    let whose = records.iter().map(over).collect::<Vec<_>>();
    assert_eq!(whose, [("annex", "annex"), ("main", "first"), ("main", "first")]);
    let called: Vec<_> = records.iter().map(|record| record.called.to_string()).collect();
    assert_eq!(called[..2], [PUBLIC_NUMBERS[1], PUBLIC_NUMBERS[0]]);
    assert_eq!(records[2].end.as_ref().map(|end| end.reason), Some(EndReason::NoSuchNumber));
}

#[test]
fn where_each_number_registers_the_contact_is_the_number() {
    let each = |main: &mut Trunk, annex: &mut Trunk| {
        for (line, number) in [(main, PUBLIC_NUMBERS[0]), (annex, PUBLIC_NUMBERS[1])] {
            *line = registering(line.clone(), (number, MAIN.1));
            let as_whom = RegisterAs::Each(vec![number.to_owned()]);
            line.register = Some(TrunkRegister { as_whom, ..TrunkRegister::default() });
        }
    };
    let (mut world, carrier) = world(each, answers());
    // A call that was passed on in the network: To is still who was called first, a number of the other tenant.
    world.call_contact(carrier, PUBLIC_NUMBERS[1], PUBLIC_NUMBERS[0], vec![answered(2_000, Deed::HangUp)]);
    let records = world.settle();
    assert_eq!(over(&records[0]), ("annex", "annex"));
    assert_eq!(records[0].called.to_string(), PUBLIC_NUMBERS[1]);
}

#[test]
fn each_calls_out_over_its_own_trunk_as_itself() {
    let (mut world, carrier) = registered_world();
    for number in ["1001", "2001"] {
        let phone = world.phone(number, WhenCalled::Refuse(486));
        world.run(Duration::from_secs(1));
        world.call(phone, NUMBER, vec![]);
        world.run(Duration::from_secs(5));
    }
    let from = |index: usize| {
        let invite = invites(&world, 1)[index];
        (invite.uri.to_string(), invite.headers.from().expect("From").uri.user())
    };
    let shown = |host: &str| format!("sip:+4930901820@{host};user=phone");
    assert_eq!(from(0), (shown("first.example"), Some("+4930555000".to_owned())));
    assert_eq!(from(1), (shown("annex.example"), Some("+4940777000".to_owned())));
    assert_eq!(world.robot(carrier).calls().len(), 2);
    let records = world.settle();
    let whose: Vec<_> = records.iter().map(|record| (record.tenant.as_str(), tries(record))).collect();
    assert_eq!(whose, [("main", vec![("first", false, None)]), ("annex", vec![("annex", false, None)])]);
}

#[test]
fn a_tenant_whose_trunk_fails_does_not_get_the_others() {
    let (mut world, _) = world(|_, _| (), WhenCalled::Refuse(503));
    let phone = world.phone("1001", WhenCalled::Refuse(486));
    world.run(Duration::from_secs(1));
    world.call(phone, NUMBER, vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(tries(&record), [("first", true, Some(503))]);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Unreachable));
    assert!(invites(&world, 1).iter().all(|invite| invite.uri.to_string().contains("first.example")));
}

#[test]
fn one_tenants_breaker_is_not_the_others() {
    let (mut world, carrier) = world(|_, _| (), WhenCalled::Refuse(500));
    let [main, annex] = ["1001", "2001"].map(|number| world.phone(number, WhenCalled::Refuse(486)));
    world.run(Duration::from_secs(1));
    for _ in 0..5 {
        world.call(main, NUMBER, vec![]);
        world.run(Duration::from_secs(2));
    }
    world.change(carrier, |person| person.when_called = answers());
    for phone in [main, annex] {
        world.call(phone, NUMBER, vec![]);
        world.run(Duration::from_secs(5));
    }
    let records = world.settle();
    assert_eq!(records[5].tries[0].trouble, Some(TrunkTrouble::BreakerOpen));
    assert_eq!(tries(&records[6]), [("annex", false, None)]);
}

#[test]
fn one_tenants_limit_is_not_the_others() {
    let one = |main: &mut Trunk, _: &mut Trunk| {
        main.limits = TrunkLimits { calls: Some(1), calls_per_second: None };
    };
    let (mut world, carrier) = world(one, answers());
    for number in [PUBLIC_NUMBERS[0], PUBLIC_NUMBERS[0], PUBLIC_NUMBERS[1], PUBLIC_NUMBERS[1]] {
        world.call(carrier, number, vec![answered(5_000, Deed::HangUp)]);
        world.run(Duration::from_millis(500));
    }
    let records = world.settle();
    let taken: Vec<_> =
        records.iter().map(|record| (record.tenant.as_str(), record.answered_us.is_some())).collect();
    assert_eq!(taken, [("main", true), ("main", false), ("annex", true), ("annex", true)]);
}

#[test]
fn a_tenant_whose_trunk_is_under_tls_is_called_by_no_datagram() {
    let secure = |_: &mut Trunk, annex: &mut Trunk| annex.transport = Some(TrunkTransport::Tls);
    let (mut world, carrier) = world(secure, answers());
    world.call(carrier, PUBLIC_NUMBERS[1], vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(over(&record), ("main", "first"));
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::NoSuchNumber));
}

#[test]
fn a_message_of_the_carrier_reaches_whom_the_number_names() {
    let (mut world, carrier) = registered_world();
    let press = world.phone("2001", WhenCalled::Refuse(486));
    world.run(Duration::from_secs(1));
    let errand = world.message(carrier, "2001", "annex: your parcel is here");
    world.run(Duration::from_secs(2));
    assert_eq!(world.robot(carrier).errand(errand).status, Some(202));
    assert_eq!(world.robot(press).texts, ["annex: your parcel is here"]);
    world.settle();
}

#[test]
fn who_is_of_another_tenant_is_nobody() {
    let (mut world, _) = world(|_, _| (), answers());
    let sales = world.phone("1001", WhenCalled::answer(500, vec![answered(20_000, Deed::HangUp)]));
    let press = world.phone("2001", WhenCalled::Refuse(486));
    let caller = world.caller();
    world.run(Duration::from_secs(1));
    // Sales talks, and the annex watches it, writes to it, calls it, and would take the call over.
    world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    world.run(Duration::from_secs(12));
    assert_eq!(world.sound.bridges().len(), 2);
    let (lamp, text) = (world.watch(press, "1001", 60), world.message(press, "1001", "annex: hello"));
    let call = world.call(press, "1001", vec![]);
    let pick_up = world.pick_up(press, sales, vec![]).expect("a call reached it");
    world.run(Duration::from_secs(2));
    let lamp = world.robot(press).errand(lamp);
    // What is not there for it ends at once, and shows nothing.
    assert!(lamp.over && lamp.told.iter().all(String::is_empty), "{lamp:?}");
    assert_eq!(world.robot(press).errand(text).status, Some(404));
    for refused in [call, pick_up] {
        assert!(world.seen(refused).answered.is_none() && world.seen(refused).ended.is_some());
    }
    assert!(world.robot(sales).texts.is_empty());
    assert_eq!(world.sound.bridges().len(), 2, "and the two talk on");
    let records = world.settle();
    let whose: Vec<_> = records.iter().map(|record| record.tenant.as_str()).collect();
    assert_eq!(whose, ["main", "annex"], "who was refused a call's place has no record of it");
}

#[test]
fn nobody_is_put_through_to_another_tenants_telephone() {
    let (mut world, _) = world(|_, _| (), answers());
    let sales = world.phone("1001", WhenCalled::answer(500, vec![answered(3_000, Deed::Refer("2001"))]));
    let press = world.phone("2001", WhenCalled::answer(500, vec![]));
    let caller = world.caller();
    world.run(Duration::from_secs(1));
    world.call(caller, "100", vec![asked(1, Deed::Press('1')), answered(30_000, Deed::HangUp)]);
    let record = world.settle().pop().expect("a record");
    assert!(world.robot(press).calls().is_empty());
    assert_eq!(world.received(sales).referred.len(), 1);
    assert_eq!(record.transfers.len(), 1, "{:?}", record.transfers);
}

/// The checks are told of a house in which somebody or something is another tenant's, and do not accept what was fine.
#[test]
fn each_mix_up_of_tenants_is_seen_by_the_check_that_is_there_for_it() {
    let (mut world, _) = world(|_, _| (), WhenCalled::answer(500, vec![answered(4_000, Deed::HangUp)]));
    let main = world.phone("1001", WhenCalled::answer(500, vec![answered(4_000, Deed::HangUp)]));
    let colleague = world.phone("1002", WhenCalled::answer(500, vec![]));
    let caller = world.caller();
    world.run(Duration::from_secs(1));
    world.watch(colleague, "1001", 30);
    world.message(colleague, "1001", "main: lunch?");
    world.call(main, NUMBER, vec![]);
    world.run(Duration::from_secs(10));
    world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    let records = world.settle();
    let (first, annex) = (trunk("first", 1), annex_trunk("annex"));
    let moved = || House::default().without_phone("1001").with_annex().with_annex_phone("1001");
    let telephone = moved().with_trunk(first.clone()).with_trunk(annex.clone());
    // The annex shows numbers that the house shows, and the other way round.
    let (mut one, mut other) = (first.clone(), annex.clone());
    std::mem::swap(&mut one.presentation, &mut other.presentation);
    let numbers = House::default().with_annex().with_trunk(one).with_trunk(other);
    let line = House::default().with_annex().with_trunk(Trunk { tenant: tenant("annex"), ..first });
    for (house, seen) in [
        (telephone, vec!["facts", "rings", "sound", "lights and messages"]),
        (numbers, vec!["numbers"]),
        (line.with_trunk(annex), vec!["facts", "sound"]),
    ] {
        world.rules.directory = Arc::new(house.directory());
        let refuses = |check: fn(&World, &[CallRecord])| {
            catch_unwind(AssertUnwindSafe(|| check(&world, &records))).is_err()
        };
        let refused: Vec<_> =
            CHECKS.iter().filter(|(_, check)| refuses(*check)).map(|(name, _)| *name).collect();
        assert_eq!(refused, seen);
    }
}
