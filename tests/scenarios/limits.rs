//! The desk is full, one way or another.

use frontdesk_call_record::{CallRecord, EndReason, FaultCode, Whose};
use frontdesk_sip_stack::SessionEnd;
use frontdesk_switchboard::{Limits, Notice};
use frontdesk_tests::simulator::{CallName, Deed, House, WhenCalled, World, asked, at};
use std::time::Duration;

fn status(world: &World, call: CallName) -> Option<u16> {
    match &world.seen(call).ended {
        Some((_, SessionEnd::Refused { status, .. })) => Some(status.as_u16()),
        _ => None,
    }
}

#[test]
fn without_a_port_a_caller_gets_503_and_a_record_that_says_why() {
    let mut world = World::new(7, &House::default());
    world.sound.plan.ports = 1;
    let (first, second) = (world.caller(), world.caller());
    let lucky = world.call(first, "102", vec![]);
    world.run(Duration::from_secs(1));
    let unlucky = world.call(second, "102", vec![]);
    let records = world.settle();
    assert!(world.seen(lucky).answered.is_some());
    assert_eq!(status(&world, unlucky), Some(503));
    let end = records[1].end.as_ref().unwrap();
    assert_eq!(end.reason, EndReason::Overloaded);
    let fault = end.fault.unwrap();
    assert_eq!((fault.whose, fault.code), (Whose::Operator, FaultCode::PortsExhausted));
}

#[test]
fn without_a_port_for_the_telephone_it_is_unreachable() {
    let mut world = World::new(7, &House::default());
    world.phone("1001", WhenCalled::answer(500, vec![]));
    world.phone("1002", WhenCalled::answer(500, vec![]));
    world.sound.plan.ports = 1;
    let caller = world.caller();
    world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    let steps: Vec<_> = record.steps.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(steps, ["greeting", "wish", "to_sales", "sales_is_away", "to_reception", "nobody_is_free"]);
}

#[test]
fn more_calls_than_allowed_get_503_and_the_next_after_one_ended_is_served() {
    let limits = Limits { calls_max: 2, ..Limits::default() };
    let mut world = World::new(7, &House::default().with_limits(limits));
    let callers: Vec<_> = (0..4).map(|_| world.caller()).collect();
    let first = world.call(callers[0], "102", vec![at(2_000, Deed::HangUp)]);
    let second = world.call(callers[1], "102", vec![]);
    world.run(Duration::from_secs(1));
    let third = world.call(callers[2], "102", vec![]);
    world.run(Duration::from_secs(2));
    let fourth = world.call(callers[3], "102", vec![]);
    let records = world.settle();
    assert_eq!(status(&world, third), Some(503));
    assert!([first, second, fourth].iter().all(|call| world.seen(*call).answered.is_some()));
    let end = records[2].end.as_ref().unwrap();
    let fault = end.fault.unwrap();
    assert_eq!((end.reason, fault.whose), (EndReason::Overloaded, Whose::Operator));
    assert_eq!(fault.code, FaultCode::TooManyCalls, "who was turned away has a record that says why");
    assert_eq!(records.len(), 4);
}

#[test]
fn a_number_that_does_not_exist_is_404_for_who_may_call() {
    let mut world = World::new(7, &House::default());
    let caller = world.caller();
    let calls = ["999", "1009", "reception", "+4930"].map(|number| world.call(caller, number, vec![]));
    let records = world.settle();
    assert!(calls.iter().all(|call| status(&world, *call) == Some(404)));
    let no_such_number =
        |record: &CallRecord| record.end.as_ref().is_some_and(|end| end.reason == EndReason::NoSuchNumber);
    assert_eq!(records.len(), 4);
    assert!(records.iter().all(no_such_number), "a wrong number is in the record of calls");
    let refused = |notice: &&Notice| matches!(notice, Notice::CallRefused { status: 404, .. });
    assert_eq!(world.notices().iter().filter(refused).count(), 4);
}

#[test]
fn one_telephone_does_not_take_the_whole_desk() {
    let limits = Limits { calls_of_a_phone_max: 2, ..Limits::default() };
    let mut world = World::new(7, &House::default().with_limits(limits));
    let [greedy, other] = ["1001", "1002"].map(|number| world.phone(number, WhenCalled::Refuse(486)));
    world.run(Duration::from_secs(1));
    let calls = [greedy, greedy, greedy, other].map(|robot| world.call(robot, "102", vec![]));
    world.settle();
    let served = calls.map(|call| world.seen(call).answered.is_some());
    assert_eq!(served, [true, true, false, true]);
    assert_eq!(status(&world, calls[2]), Some(503));
}

#[test]
fn answers_that_nobody_acknowledges_do_not_keep_the_house_from_calling() {
    let limits = Limits { unacknowledged_max: 2, ..Limits::default() };
    let mut world = World::new(7, &House::default().with_limits(limits));
    let phone = world.phone("1001", WhenCalled::Refuse(486));
    world.run(Duration::from_secs(1));
    for _ in 0..2 {
        let caller = world.caller();
        world.call(caller, "102", vec![]);
        world.run(Duration::from_millis(9));
        world.vanish(caller);
    }
    world.run(Duration::from_secs(1));
    let late = world.caller();
    let (refused, served) = (world.call(late, "102", vec![]), world.call(phone, "102", vec![]));
    world.run(Duration::from_secs(40));
    let again = world.call(late, "102", vec![]);
    world.settle();
    assert_eq!(status(&world, refused), Some(503));
    assert!(world.seen(served).answered.is_some());
    assert!(world.seen(again).answered.is_some(), "the two were given up");
}
