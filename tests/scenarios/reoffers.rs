//! Hold, resume, and calls in which the desk must offer.

use frontdesk_call_record::{CallRecord, EndReason, Notice, TransferEnd};
use frontdesk_media_protocol::Direction;
use frontdesk_switchboard::Limits;
use frontdesk_tests::simulator::{Act, CallName, Deed, House, RobotId, WhenCalled, World, answered, asked};
use std::time::Duration;

/// A caller who is put through to sales, each with these acts; the world while they talk.
fn talking(of_caller: Vec<Act>, of_sales: Vec<Act>) -> (World, CallName, RobotId) {
    let mut world = World::new(5, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(500, of_sales));
    let caller = world.caller();
    let mut acts = vec![asked(1, Deed::Press('1'))];
    acts.extend(of_caller);
    let call = world.call(caller, "101", acts);
    (world, call, sales)
}

fn notices(record: &CallRecord) -> Vec<Notice> {
    record.notices.iter().map(|noticed| noticed.notice).collect()
}

#[test]
fn the_caller_holds_and_resumes() {
    let acts =
        vec![answered(15_000, Deed::Hold), answered(80_000, Deed::Resume), answered(90_000, Deed::HangUp)];
    let (mut world, call, _) = talking(acts, vec![]);
    world.run(Duration::from_secs(16));
    let party = world.seen(call).sound;
    assert_eq!(world.seen(call).agreed.unwrap().direction, Direction::SendOnly);
    assert_eq!(world.sound.direction_to(party), Some(Direction::ReceiveOnly));
    assert_eq!(world.sound.bridges().len(), 2, "a hold is no farewell");
    world.run(Duration::from_secs(65));
    assert_eq!(world.sound.direction_to(party), Some(Direction::SendReceive));
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CallerHungUp);
    assert_eq!(world.seen(call).reoffers, [200, 200]);
    assert_eq!(notices(&record), [Notice::Held, Notice::Resumed]);
}

#[test]
fn a_held_caller_who_sends_nothing_is_not_taken_for_gone() {
    let acts = vec![answered(15_000, Deed::Freeze), answered(100_000, Deed::HangUp)];
    let (mut world, call, _) = talking(acts, vec![]);
    world.run(Duration::from_secs(17));
    world.mute(call.robot);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CallerHungUp);
    assert_eq!(notices(&record), [Notice::Held]);
}

#[test]
fn the_callee_holds_and_resumes() {
    let acts = vec![
        answered(5_000, Deed::Freeze),
        answered(10_000, Deed::Resume),
        answered(15_000, Deed::Hold),
        answered(20_000, Deed::Resume),
        answered(25_000, Deed::HangUp),
    ];
    let (mut world, _, sales) = talking(vec![], acts);
    let record = world.settle().pop().expect("a record");
    assert_eq!(world.received(sales).reoffers, [200; 4]);
    assert_eq!(world.received(sales).agreed.unwrap().direction, Direction::SendReceive);
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
    assert_eq!(notices(&record), [Notice::Held, Notice::Resumed, Notice::Held, Notice::Resumed]);
}

#[test]
fn a_caller_without_an_offer_is_offered_to() {
    let mut world = World::new(5, &House::default());
    world.phone("1001", WhenCalled::answer(500, vec![answered(3_000, Deed::HangUp)]));
    let caller = world.caller();
    let call = world.call_without_offer(caller, "101", vec![asked(1, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
    assert!(world.seen(call).agreed.is_some());
    assert_eq!(record.recordings.len(), 1);
}

#[test]
fn a_caller_without_an_offer_is_put_through_to_a_telephone() {
    let mut world = World::new(5, &House::default());
    world.phone("1001", WhenCalled::answer(500, vec![answered(3_000, Deed::HangUp)]));
    world.run(Duration::from_millis(500));
    let caller = world.caller();
    let call = world.call_without_offer(caller, "1001", vec![]);
    world.run(Duration::from_secs(2));
    assert_eq!(world.sound.bridges().len(), 2);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
    assert!(world.seen(call).agreed.is_some());
}

#[test]
fn a_caller_asks_for_an_offer_in_the_middle_of_a_recorded_call() {
    let acts = vec![answered(15_000, Deed::AskForOffer), answered(25_000, Deed::HangUp)];
    let (mut world, call, _) = talking(acts, vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(world.seen(call).reoffers, [200]);
    assert_eq!(record.recordings.len(), 1);
    assert!(record.recordings[0].seconds.unwrap() > 24.0, "the recording goes on to the end");
}

#[test]
fn a_callee_asks_for_an_offer() {
    let acts = vec![
        answered(3_000, Deed::Freeze),
        answered(5_000, Deed::Resume),
        answered(6_000, Deed::Hold),
        answered(9_000, Deed::AskForOffer),
        answered(12_000, Deed::HangUp),
    ];
    let (mut world, _, sales) = talking(vec![], acts);
    world.run(Duration::from_secs(14));
    let received = world.received(sales);
    assert_eq!(received.reoffers, [200; 4]);
    assert_eq!(
        world.sound.direction_to(received.sound),
        Some(Direction::ReceiveOnly),
        "the answer in the ACK is still a hold, and the sound knows"
    );
    world.settle();
}

#[test]
fn a_caller_holds_while_the_desk_speaks() {
    let acts =
        vec![answered(1_000, Deed::Hold), answered(6_000, Deed::Resume), answered(20_000, Deed::Press('1'))];
    let mut world = World::new(5, &House::default());
    let caller = world.caller();
    let call = world.call(caller, "102", acts);
    let record = world.settle().pop().expect("a record");
    assert_eq!(world.seen(call).reoffers, [200, 200]);
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::DeskHungUp);
}

#[test]
fn a_held_call_whose_parties_are_both_gone_ends_at_its_longest() {
    let limits = Limits { longest: Duration::from_secs(300), ..Limits::default() };
    let mut world = World::new(5, &House::default().with_limits(limits));
    let sales = world.phone("1001", WhenCalled::answer(500, vec![answered(3_000, Deed::Freeze)]));
    let caller = world.caller();
    world.call(caller, "100", vec![asked(1, Deed::Press('1')), answered(12_000, Deed::Freeze)]);
    world.run(Duration::from_secs(20));
    world.vanish(caller);
    world.vanish(sales);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::TooLong);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
}
