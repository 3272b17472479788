//! A telephone that registered from several places rings at all of them.

use frontdesk_call_record::{CallRecord, EndReason, Fact, TransferEnd};
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{HeaderName, Message};
use frontdesk_sip_stack::SessionEnd;
use frontdesk_tests::simulator::{CallName, Deed, House, RobotId, WhenCalled, World, answered, asked, at};
use std::time::Duration;

const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// A world in which 1001 is at a desk and at home, and 1003 may call.
fn house(desk: WhenCalled, home: WhenCalled, q: Option<&'static str>) -> (World, [RobotId; 3]) {
    let mut world = World::new(9, &House::default());
    let desk = world.phone("1001", desk);
    let home = world.phone_elsewhere("1001", 1, q, home);
    let caller = world.phone("1003", WhenCalled::Refuse(486));
    world.run(Duration::from_millis(500));
    (world, [desk, home, caller])
}

/// 1003 calls 1001, whose two telephones behave like this.
fn both(desk: WhenCalled, home: WhenCalled) -> (World, RobotId, RobotId, CallName, CallRecord) {
    let (mut world, [desk, home, caller]) = house(desk, home, None);
    let call = world.call(caller, "1001", vec![]);
    let record = world.settle().pop().expect("a record");
    (world, desk, home, call, record)
}

fn answer(millis: u64) -> WhenCalled {
    WhenCalled::answer(millis, vec![answered(3_000, Deed::HangUp)])
}

fn refuse(millis: u64, status: u16) -> WhenCalled {
    WhenCalled::RingThenRefuse { after: Duration::from_millis(millis), status }
}

fn end_of(world: &World, robot: RobotId) -> (Moment, SessionEnd) {
    world.received(robot).ended.clone().expect("it ends")
}

fn refused_with(world: &World, call: CallName) -> Option<u16> {
    match &world.seen(call).ended {
        Some((_, SessionEnd::Refused { status, .. })) => Some(status.as_u16()),
        _ => None,
    }
}

/// The reasons that a robot's CANCELs gave.
fn reasons_of_cancel(world: &World, robot: RobotId) -> Vec<Option<String>> {
    let to = world.robot(robot).person.address;
    let cancels =
        world.network.trace().iter().filter(|sent| sent.to == to).filter_map(|sent| match &sent.message {
            Message::Request(request) if request.method.as_str() == "CANCEL" => Some(request),
            _ => None,
        });
    cancels.map(|cancel| cancel.headers.get(HeaderName::Reason).map(str::to_owned)).collect()
}

fn told(world: &World, wanted: impl Fn(&Fact) -> bool) -> usize {
    world.facts().iter().filter(|fact| wanted(&fact.fact)).count()
}

#[test]
fn both_ring_the_first_that_answers_has_the_caller_and_the_other_stops() {
    for flow in [false, true] {
        let (mut world, [desk, home, phone]) = house(answer(2_000), WhenCalled::Ring, None);
        let caller = if flow { world.caller() } else { phone };
        let number = if flow { "100" } else { "1001" };
        let call = world.call(caller, number, vec![asked(1, Deed::Press('1'))]);
        let record = world.settle().pop().expect("a record");
        assert_eq!(record.transfers.len(), 1);
        assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
        assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
        assert!(world.seen(call).answered.is_some());
        let (stopped, end) = end_of(&world, home);
        assert_eq!(end, SessionEnd::CancelledByPeer { reason: Some(ELSEWHERE.to_owned()) });
        let answered = world.received(desk).answered.expect("it is answered");
        assert!(stopped.since(answered) < Duration::from_millis(300), "at once");
        assert_eq!(reasons_of_cancel(&world, home), [Some(ELSEWHERE.to_owned())]);
        assert_eq!(told(&world, |fact| matches!(fact, Fact::TransferRinging)), 1, "it rings once");
        assert_eq!(told(&world, |fact| matches!(fact, Fact::TransferAnswered)), 1);
        assert_eq!(told(&world, |fact| matches!(fact, Fact::StreamClosed { .. })), 3, "of each leg its port");
    }
}

#[test]
fn the_port_of_the_place_that_did_not_answer_is_closed_while_the_others_talk() {
    let (mut world, [_, _, caller]) =
        house(WhenCalled::answer(2_000, vec![answered(30_000, Deed::HangUp)]), WhenCalled::Ring, None);
    world.call(caller, "1001", vec![]);
    world.run(Duration::from_secs(1));
    assert_eq!(world.sound.open_ports(), 3, "each place has its own port");
    world.run(Duration::from_secs(4));
    assert_eq!(world.sound.open_ports(), 2);
    assert_eq!(world.sound.bridges().len(), 2);
    world.settle();
}

#[test]
fn one_is_busy_and_the_other_answers() {
    let (world, _, home, _, record) = both(WhenCalled::Refuse(486), answer(3_000));
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert!(world.received(home).answered.is_some());
}

#[test]
fn an_answer_that_cannot_be_used_does_not_take_the_call_from_the_other() {
    let (world, desk, home, _, record) = both(WhenCalled::AnswerWith("v=0\r\n"), answer(3_000));
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert!(world.received(home).answered.is_some());
    assert!(matches!(end_of(&world, desk).1, SessionEnd::HungUpByPeer { .. }));
}

#[test]
fn all_are_busy() {
    let (world, _, _, call, record) = both(WhenCalled::Refuse(486), refuse(2_000, 486));
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Busy));
    assert_eq!(refused_with(&world, call), Some(486));
}

#[test]
fn of_several_failures_the_most_telling_is_told() {
    for (one, other, outcome) in [
        (refuse(2_000, 486), refuse(1_000, 480), TransferEnd::Busy),
        (refuse(1_000, 480), WhenCalled::Refuse(404), TransferEnd::NoAnswer),
        (WhenCalled::Refuse(404), WhenCalled::Refuse(503), TransferEnd::Unreachable),
        (WhenCalled::Refuse(486), WhenCalled::Ring, TransferEnd::Busy),
        (WhenCalled::Refuse(404), WhenCalled::Ring, TransferEnd::NoAnswer),
    ] {
        let (_, _, _, _, record) = both(one, other);
        assert_eq!(record.transfers[0].outcome, Some(outcome));
    }
}

#[test]
fn who_declines_declines_for_all_places_at_once() {
    let (world, _, home, call, record) = both(refuse(2_000, 603), WhenCalled::Ring);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Declined));
    assert_eq!(refused_with(&world, call), Some(603));
    let (stopped, end) = end_of(&world, home);
    assert_eq!(end, SessionEnd::CancelledByPeer { reason: None });
    assert!(stopped < Moment::from_millis(3_500), "it does not ring on");
    assert_eq!(reasons_of_cancel(&world, home), [None], "nobody took the call");
}

#[test]
fn a_place_that_vanished_without_a_word_keeps_nobody_from_answering() {
    let (mut world, [desk, home, caller]) = house(answer(1_000), answer(4_000), None);
    world.vanish(desk);
    world.call(caller, "1001", vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert!(world.received(home).answered.is_some());
    assert_eq!(world.robot(desk).calls().len(), 0);
}

#[test]
fn the_less_wanted_place_rings_when_the_most_wanted_has_failed() {
    let (mut world, [desk, home, caller]) = house(refuse(3_000, 486), answer(1_000), Some("0.5"));
    world.call(caller, "1001", vec![]);
    world.run(Duration::from_secs(2));
    assert_eq!(world.robot(desk).calls().len(), 1);
    assert_eq!(world.robot(home).calls().len(), 0, "its turn has not come");
    let record = world.settle().pop().expect("a record");
    assert!(world.received(home).answered.is_some());
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert_eq!(told(&world, |fact| matches!(fact, Fact::TransferRinging)), 1);
}

#[test]
fn the_less_wanted_place_does_not_ring_when_the_most_wanted_answers_or_declines() {
    for (desk, outcome) in
        [(answer(1_000), TransferEnd::Completed), (refuse(1_000, 603), TransferEnd::Declined)]
    {
        let (mut world, [_, home, caller]) = house(desk, answer(1_000), Some("0.5"));
        world.call(caller, "1001", vec![]);
        let record = world.settle().pop().expect("a record");
        assert_eq!(record.transfers[0].outcome, Some(outcome));
        assert_eq!(world.robot(home).calls().len(), 0);
    }
}

#[test]
fn the_time_that_it_may_ring_is_one_for_all_places() {
    let (mut world, [_, home, caller]) = house(refuse(40_000, 480), WhenCalled::Ring, Some("0.5"));
    world.call(caller, "1001", vec![]);
    let record = world.settle().pop().expect("a record");
    let waited_us = record.transfers[0].ended_us.unwrap() - record.transfers[0].started_us;
    assert!((60_000_000..60_200_000).contains(&waited_us), "{waited_us} µs");
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::NoAnswer));
    assert_eq!(reasons_of_cancel(&world, home), [None]);
}

#[test]
fn the_caller_hangs_up_while_both_ring() {
    let (mut world, [desk, home, caller]) = house(WhenCalled::Ring, WhenCalled::Ring, None);
    world.call(caller, "1001", vec![at(3_000, Deed::HangUp)]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::Cancelled);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::CallerLeft));
    for robot in [desk, home] {
        let (stopped, end) = end_of(&world, robot);
        assert_eq!(end, SessionEnd::CancelledByPeer { reason: None });
        assert!(stopped < Moment::from_millis(4_000));
        assert_eq!(reasons_of_cancel(&world, robot), [None], "nobody took the call");
    }
}

#[test]
fn both_answer_at_the_same_instant_and_one_of_them_is_let_go() {
    let (world, desk, home, call, record) = both(answer(2_000), answer(2_000));
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert!(world.received(desk).answered.is_some() && world.received(home).answered.is_some());
    let (of_desk, of_home) = (end_of(&world, desk), end_of(&world, home));
    let let_go = [&of_desk, &of_home].into_iter().min_by_key(|(at, _)| *at).unwrap();
    assert!(matches!(let_go.1, SessionEnd::HungUpByPeer { .. }), "acknowledged, and hung up: {let_go:?}");
    assert!(let_go.0 < Moment::from_millis(3_500));
    assert!(world.seen(call).answered.is_some());
}

#[test]
fn of_too_many_places_those_that_registered_last_ring() {
    let mut world = World::new(9, &House::default());
    let places: Vec<_> = (1..=10)
        .map(|place| {
            let robot = world.phone_elsewhere("1001", place, None, WhenCalled::Ring);
            world.run(Duration::from_millis(300));
            robot
        })
        .collect();
    let caller = world.phone("1003", WhenCalled::Refuse(486));
    world.run(Duration::from_millis(500));
    world.call(caller, "1001", vec![at(5_000, Deed::HangUp)]);
    world.settle();
    let rang: Vec<usize> = places.iter().map(|robot| world.robot(*robot).calls().len()).collect();
    assert_eq!(rang, [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
}

#[test]
fn a_place_for_which_there_is_no_port_is_left_out() {
    let (mut world, [desk, home, caller]) = house(answer(1_000), answer(1_000), None);
    world.sound.plan.ports = 2;
    world.call(caller, "1001", vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert_eq!(world.robot(desk).calls().len() + world.robot(home).calls().len(), 1);
}
