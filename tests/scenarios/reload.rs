//! The rules change while calls stand.

use frontdesk_call_record::EndReason;
use frontdesk_sip_stack::SessionEnd;
use frontdesk_switchboard::SwitchboardInput;
use frontdesk_tests::simulator::{Deed, House, WhenCalled, World, answered, asked};
use std::sync::Arc;
use std::time::Duration;

/// Another choice under the same name.
const OTHER_CHOICE: &str = r#"
format = 1
flow = "choice"
start = "closed"
[step.closed]
hang_up = "We are closed."
"#;

#[test]
fn a_standing_call_keeps_its_flow_and_the_next_gets_the_new_one() {
    let mut world = World::new(12, &House::default());
    let (first, second) = (world.caller(), world.caller());
    world.call(first, "102", vec![asked(1, Deed::Press('1'))]);
    world.run(Duration::from_millis(300));
    let rules = House::default().with_flow("103", "choice", OTHER_CHOICE).rules();
    world.order(SwitchboardInput::Rules(Arc::new(rules)));
    world.call(second, "102", vec![]);
    let records = world.settle();
    let last = |index: usize| records[index].transcript.last().unwrap().text.as_str();
    assert_eq!(last(0), "Tea it is.");
    assert_eq!(last(1), "We are closed.");
    assert_ne!(records[0].steps[0].flow_hash, records[1].steps[0].flow_hash);
}

#[test]
fn a_telephone_that_is_taken_from_the_directory_finishes_its_talk_and_is_rung_no_more() {
    let mut world = World::new(12, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(500, vec![answered(8_000, Deed::HangUp)]));
    let caller = world.caller();
    world.call(caller, "1001", vec![]);
    world.run(Duration::from_millis(100));
    let late = world.call(caller, "1001", vec![]);
    world.run(Duration::from_secs(3));
    let mut rules = world.rules.clone();
    rules.directory = Arc::new(House::default().without_phone("1001").directory());
    rules.sip = House::default().without_phone("1001").rules().sip;
    world.order(SwitchboardInput::Rules(Arc::new(rules)));
    let next = world.call(caller, "1001", vec![]);
    let records = world.settle();
    assert!(
        matches!(&world.seen(next).ended, Some((_, SessionEnd::Refused { status, .. })) if status.as_u16() == 404)
    );
    assert!(world.seen(late).ended.is_some());
    assert!(records.iter().any(|record| record.end.as_ref().unwrap().reason == EndReason::CalleeHungUp));
    assert_eq!(world.census().sip.bindings, 0, "and it is registered no more");
    let _ = sales;
}
