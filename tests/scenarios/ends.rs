//! Who hangs up, and when the desk itself ends.

use frontdesk_call_record::{EndReason, TransferEnd};
use frontdesk_sip_stack::SessionEnd;
use frontdesk_switchboard::{Notice, SwitchboardInput};
use frontdesk_tests::simulator::{Deed, House, WhenCalled, World, answered, asked};
use std::time::Duration;

#[test]
fn the_callee_hangs_up_first_and_the_caller_is_hung_up() {
    let mut world = World::new(3, &House::default());
    world.phone("1001", WhenCalled::answer(1_000, vec![answered(5_000, Deed::HangUp)]));
    let caller = world.caller();
    let call = world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
    assert!(matches!(world.seen(call).ended, Some((_, SessionEnd::HungUpByPeer { .. }))));
}

#[test]
fn both_hang_up_at_the_same_moment() {
    for apart in 0..20 {
        let mut world = World::new(3, &House::default());
        let sales = world.phone("1001", WhenCalled::answer(1_000, vec![answered(5_000, Deed::HangUp)]));
        world.run(Duration::from_millis(500));
        let caller = world.caller();
        let call = world.call(caller, "1001", vec![answered(4_980 + apart * 2, Deed::HangUp)]);
        let record = world.settle().pop().expect("a record");
        let reason = record.end.as_ref().unwrap().reason;
        assert!(matches!(reason, EndReason::CalleeHungUp | EndReason::CallerHungUp), "{reason:?}");
        assert!(world.seen(call).ended.is_some() && world.received(sales).ended.is_some());
    }
}

#[test]
fn a_draining_desk_refuses_new_calls_and_lets_the_standing_go_on() {
    let mut world = World::new(3, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(1_000, vec![answered(9_000, Deed::HangUp)]));
    let (first, second) = (world.caller(), world.caller());
    let standing = world.call(first, "100", vec![asked(1, Deed::Press('1'))]);
    world.run(Duration::from_secs(3));
    world.order(SwitchboardInput::Drain);
    let refused = world.call(second, "100", vec![]);
    let records = world.settle();
    assert_eq!(
        records[1].end.as_ref().unwrap().reason,
        EndReason::DeskStopped,
        "who was turned away has a record"
    );
    assert_eq!(records[0].end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
    assert!(world.received(sales).answered.is_some(), "a standing call is still put through");
    assert!(world.seen(standing).answered.is_some());
    let Some((_, SessionEnd::Refused { status, retry_after, .. })) = &world.seen(refused).ended else {
        panic!("{:?}", world.seen(refused));
    };
    assert_eq!(status.as_u16(), 503);
    assert!(retry_after.is_some());
    assert!(world.notices().iter().any(|notice| matches!(notice, Notice::CallRefused { status: 503, .. })));
}

#[test]
fn a_desk_that_stops_ends_every_call() {
    let mut world = World::new(3, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(500, vec![]));
    let callers: Vec<_> = (0..4).map(|_| world.caller()).collect();
    let talking = world.call(callers[0], "100", vec![asked(1, Deed::Press('1'))]);
    world.run(Duration::from_secs(15));
    let listening = world.call(callers[1], "101", vec![]);
    world.run(Duration::from_secs(2));
    let ringing = world.call(callers[2], "1001", vec![]);
    let arriving = world.call(callers[3], "100", vec![]);
    world.run(Duration::from_millis(7));
    world.order(SwitchboardInput::Drain);
    world.order(SwitchboardInput::EndCalls);
    let stopped = world.now();
    let records = world.settle();
    assert_eq!(records.len(), 4);
    for record in &records {
        assert_eq!(record.end.as_ref().unwrap().reason, EndReason::DeskStopped);
    }
    for call in [talking, listening, ringing, arriving] {
        let (ended, _) = world.seen(call).ended.as_ref().expect("it ended");
        assert!(ended.since(stopped) < Duration::from_secs(1));
    }
    assert!(world.robot(sales).is_idle());
    assert_eq!(records[0].transfers[0].outcome, Some(TransferEnd::Completed));
}

#[test]
fn a_caller_who_vanishes_is_not_waited_for_forever() {
    let mut world = World::new(3, &House::default());
    let caller = world.caller();
    world.call(caller, "100", vec![]);
    world.run(Duration::from_secs(4));
    world.vanish(caller);
    let record = world.settle().pop().expect("a record");
    let reason = record.end.as_ref().unwrap().reason;
    assert!(matches!(reason, EndReason::MediaTimeout | EndReason::DeskHungUp), "{reason:?}");
}

#[test]
fn a_caller_who_never_acknowledges_is_given_up() {
    let mut world = World::new(3, &House::default());
    let caller = world.caller();
    world.call(caller, "100", vec![]);
    // The INVITE is there, and nothing that follows ever arrives.
    world.run(Duration::from_millis(6));
    world.vanish(caller);
    world.sound.plan.no_media_after = Duration::from_secs(600);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::NoAck);
}

/// Goes round for as long as nobody does anything.
const ROUND: &str = r#"
format = 1
flow = "round"
start = "which"
[step.which]
ask = "Hello?"
wait = "1s"
answer.yes = { key = "1", phrases = ["yes"], next = "end" }
failed = "which"
[step.end]
hang_up = "Goodbye."
"#;

#[test]
fn a_flow_that_goes_round_in_circles_is_stopped() {
    let mut world = World::new(3, &House::default().with_flow("106", "round", ROUND));
    let caller = world.caller();
    world.call(caller, "106", vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::FlowExhausted);
}
