//! What telephones and the desk do beside calls: lights, short messages, calls that begin inside.

use frontdesk_call_record::EndReason;
use frontdesk_identifiers::{TelephoneNumber, TenantId};
use frontdesk_switchboard::{Origination, OriginationId, OriginationNews, SwitchboardInput, Then};
use frontdesk_tests::simulator::{Deed, House, RobotId, WhenCalled, World, answered};
use std::time::Duration;

fn after(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The states that the documents of a watch tell, each once in a row.
fn states(world: &World, watcher: RobotId, errand: usize) -> Vec<String> {
    let told = &world.robot(watcher).errand(errand).told;
    let state = |document: &String| {
        let from = document.split("<state>").nth(1)?;
        from.split('<').next().map(str::to_owned)
    };
    let mut states: Vec<String> = told.iter().filter_map(state).collect();
    states.dedup();
    states
}

#[test]
fn a_watcher_sees_a_call_from_its_first_word_to_its_end() {
    let mut world = World::new(21, &House::default());
    world.phone("1001", WhenCalled::answer(2_000, vec![answered(4_000, Deed::HangUp)]));
    let watcher = world.phone("1002", WhenCalled::Refuse(486));
    world.run(after(1));
    let watch = world.watch(watcher, "1001", 120);
    world.run(after(1));
    assert_eq!(world.robot(watcher).errand(watch).status, Some(200));
    assert!(states(&world, watcher, watch).is_empty(), "nothing is going on");
    let caller = world.caller();
    world.call(caller, "1001", vec![]);
    world.run(after(10));
    assert_eq!(states(&world, watcher, watch), ["trying", "early", "confirmed", "terminated"]);
    assert!(!world.robot(watcher).errand(watch).over);
    world.settle();
    assert!(world.robot(watcher).errand(watch).over, "and it is told when it runs out");
}

#[test]
fn a_short_message_reaches_the_other_telephone() {
    let mut world = World::new(22, &House::default());
    let sender = world.phone("1001", WhenCalled::Refuse(486));
    let other = world.phone("1002", WhenCalled::Refuse(486));
    world.run(after(1));
    let message = world.message(sender, "1002", "Lunch at one?");
    let nowhere = world.message(sender, "1003", "Are you there?");
    world.run(after(2));
    let answers = [message, nowhere].map(|errand| world.robot(sender).errand(errand).status);
    assert_eq!(answers, [Some(202), Some(480)], "nobody is there to read");
    assert_eq!(world.robot(other).texts, ["Lunch at one?"]);
    assert!(world.settle().is_empty(), "a message is no call");
}

fn originate(world: &mut World, first: &str, second: &str) {
    let number = |text: &str| TelephoneNumber::new(text).expect("a number");
    let wanted = Origination {
        id: OriginationId(1),
        tenant: TenantId::new("main").expect("a name"),
        shown: (None, number("100")),
        first: number(first),
        ring: Duration::from_secs(20),
        then: Then::Number(number(second)),
    };
    world.order(SwitchboardInput::Originate(Box::new(wanted)));
}

#[test]
fn a_telephone_is_rung_first_and_then_the_other() {
    let mut world = World::new(23, &House::default());
    let first = world.phone("1001", WhenCalled::answer(2_000, vec![answered(9_000, Deed::HangUp)]));
    let second = world.phone("1002", WhenCalled::answer(1_000, vec![]));
    world.run(after(1));
    originate(&mut world, "1001", "1002");
    world.run(after(1));
    assert!(world.robot(second).calls().is_empty(), "not before the first is there");
    world.run(after(5));
    let mut bridges = world.sound.bridges();
    bridges.sort();
    let (one, other) = (world.received(first).sound, world.received(second).sound);
    assert_eq!(bridges, [(one.min(other), one.max(other)), (one.max(other), one.min(other))]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::CallerHungUp));
    assert_eq!(world.news().last(), Some(&OriginationNews::Ended(EndReason::CallerHungUp)));
}

#[test]
fn the_first_declines_and_nobody_else_is_rung() {
    let mut world = World::new(23, &House::default());
    world.phone("1001", WhenCalled::RingThenRefuse { after: after(1), status: 603 });
    let second = world.phone("1002", WhenCalled::answer(1_000, vec![]));
    world.run(after(1));
    originate(&mut world, "1001", "1002");
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::CalleeDeclined));
    assert!(world.robot(second).calls().is_empty());
}

#[test]
fn a_call_from_inside_is_cancelled_while_the_first_rings() {
    let mut world = World::new(23, &House::default());
    let first = world.phone("1001", WhenCalled::Ring);
    world.run(after(1));
    originate(&mut world, "1001", "1002");
    world.run(after(2));
    world.order(SwitchboardInput::CancelOrigination(OriginationId(1)));
    world.run(after(1));
    assert!(world.received(first).ended.is_some(), "it stops ringing");
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::Cancelled));
}
