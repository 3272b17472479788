//! One telephone of the house calls another.

use frontdesk_call_record::{EndReason, TransferEnd};
use frontdesk_identifiers::Moment;
use frontdesk_sip_stack::SessionEnd;
use frontdesk_tests::simulator::{CallName, Deed, House, RobotId, WhenCalled, World, answered, at};
use std::time::Duration;

/// 1003 calls 1001, which behaves like this.
fn calling(when_called: WhenCalled, give_up: Option<u64>) -> (World, RobotId, CallName, EndReason) {
    let mut world = World::new(4, &House::default());
    let called = world.phone("1001", when_called);
    let caller = world.phone("1003", WhenCalled::Refuse(486));
    world.run(Duration::from_millis(500));
    let acts = give_up.map(|moment| at(moment, Deed::HangUp)).into_iter().collect();
    let call = world.call(caller, "1001", acts);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.caller.number.as_str(), "1003");
    assert_eq!(
        record.caller.name.as_ref().map(|name| name.as_str()),
        Some("Workshop"),
        "as the directory has it"
    );
    let reason = record.end.as_ref().unwrap().reason;
    (world, called, call, reason)
}

fn refused_with(world: &World, call: CallName) -> Option<u16> {
    match &world.seen(call).ended {
        Some((_, SessionEnd::Refused { status, .. })) => Some(status.as_u16()),
        _ => None,
    }
}

#[test]
fn it_rings_is_answered_and_hung_up() {
    let (world, called, call, reason) =
        calling(WhenCalled::answer(2_000, vec![answered(4_000, Deed::HangUp)]), None);
    assert_eq!(reason, EndReason::CalleeHungUp);
    assert_eq!(world.seen(call).progress, [180], "the caller's own telephone makes the ringing tone");
    let waited = world.seen(call).answered.unwrap().since(Moment::from_millis(500));
    assert!(waited > Duration::from_secs(2), "not answered before the person answers");
    assert!(world.received(called).answered.is_some());
    assert_eq!(world.sound.phrases(), [], "nobody speaks in between");
}

#[test]
fn it_is_busy() {
    let (world, _, call, reason) = calling(WhenCalled::Refuse(486), None);
    assert_eq!((reason, refused_with(&world, call)), (EndReason::CalleeBusy, Some(486)));
}

#[test]
fn it_is_declined() {
    let after = Duration::from_secs(1);
    let (world, _, call, reason) = calling(WhenCalled::RingThenRefuse { after, status: 603 }, None);
    assert_eq!((reason, refused_with(&world, call)), (EndReason::CalleeDeclined, Some(603)));
}

#[test]
fn nobody_answers() {
    let (world, _, call, reason) = calling(WhenCalled::Ring, None);
    assert_eq!((reason, refused_with(&world, call)), (EndReason::CalleeNoAnswer, Some(480)));
}

#[test]
fn the_caller_gives_up_and_the_other_telephone_stops_ringing() {
    let (world, called, call, reason) = calling(WhenCalled::Ring, Some(3_000));
    assert_eq!(reason, EndReason::Cancelled);
    assert_eq!(world.seen(call).ended.as_ref().unwrap().1, SessionEnd::EndedHere);
    let (at, end) = world.received(called).ended.clone().unwrap();
    assert_eq!(end, SessionEnd::CancelledByPeer { reason: None });
    assert!(at < Moment::from_millis(3_600));
}

#[test]
fn it_is_not_registered() {
    let mut world = World::new(4, &House::default());
    let caller = world.phone("1003", WhenCalled::Refuse(486));
    world.run(Duration::from_millis(500));
    let call = world.call(caller, "1001", vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeUnreachable);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Unreachable));
    assert_eq!(refused_with(&world, call), Some(480));
}

#[test]
fn a_telephone_calls_the_reception_by_its_password() {
    let mut world = World::new(4, &House::default());
    let caller = world.unregistered_phone("1003", WhenCalled::Refuse(486));
    let call = world.call(caller, "102", vec![]);
    let record = world.settle().pop().expect("a record");
    assert!(world.seen(call).answered.is_some());
    let admitted = record.admitted_by.unwrap();
    assert_eq!(admitted, frontdesk_call_record::AdmittedBy::Account("1003".to_owned()));
}

#[test]
fn a_telephone_that_calls_itself_is_rung_and_may_refuse() {
    let mut world = World::new(4, &House::default());
    let phone = world.phone("1003", WhenCalled::Refuse(486));
    world.run(Duration::from_millis(500));
    let call = world.call(phone, "1003", vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeBusy);
    assert_eq!(refused_with(&world, call), Some(486));
}
