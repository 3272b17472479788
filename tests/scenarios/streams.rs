//! Telephones and carriers that are spoken with over connections, which break.

use crate::trunks::{NUMBER, answers, invites, trunk};
use frontdesk_call_record::EndReason;
use frontdesk_sip_stack::Transport;
use frontdesk_switchboard::Notice;
use frontdesk_tests::simulator::{Deed, House, RobotId, WhenCalled, World, answered};
use std::time::Duration;

fn after(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A telephone that registered over a connection.
fn by_stream(world: &mut World, number: &str, when_called: WhenCalled) -> RobotId {
    over(Transport::Tcp, world, number, when_called)
}

fn over(transport: Transport, world: &mut World, number: &str, when_called: WhenCalled) -> RobotId {
    let phone = world.unregistered_phone(number, when_called);
    world.change(phone, |person| person.transport = transport);
    world.register(phone);
    world.run(after(1));
    phone
}

#[test]
fn a_telephone_is_reached_over_its_connection_and_a_wire_that_loses_costs_nothing() {
    let mut world = World::new(31, &House::default());
    let phone = by_stream(&mut world, "1001", WhenCalled::answer(1_000, vec![answered(3_000, Deed::HangUp)]));
    let other = by_stream(&mut world, "1002", WhenCalled::Refuse(486));
    world.network.plan.loss_percent = 90;
    let from = world.network.trace().len();
    let call = world.call(other, "1001", vec![]);
    world.run(after(3));
    assert!(world.seen(call).answered.is_some() && world.received(phone).answered.is_some());
    assert!(world.network.trace()[from..].iter().all(|sent| sent.arrived), "nothing was lost");
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::CalleeHungUp));
}

#[test]
fn a_telephone_whose_websocket_broke_is_rung_no_more_until_it_comes_back() {
    let mut world = World::new(32, &House::default());
    let talks = WhenCalled::answer(500, vec![answered(1_000, Deed::HangUp)]);
    let phone = over(Transport::Ws, &mut world, "1001", talks);
    world.cut(phone);
    let gone = |notice: &Notice| matches!(notice, Notice::PhoneGone { account, .. } if account == "1001");
    assert!(world.notices().iter().any(gone));
    let caller = world.caller();
    world.call(caller, "1001", vec![]);
    world.run(after(2));
    assert!(world.robot(phone).calls().is_empty());
    world.register(phone);
    world.run(after(1));
    world.call(caller, "1001", vec![]);
    let records = world.settle();
    let reasons: Vec<_> = records.iter().map(|record| record.end.as_ref().unwrap().reason).collect();
    assert_eq!(reasons, [EndReason::CalleeUnreachable, EndReason::CalleeHungUp]);
}

#[test]
fn a_connection_that_breaks_in_a_talk_ends_no_talk() {
    let mut world = World::new(33, &House::default());
    let phone = by_stream(&mut world, "1001", WhenCalled::answer(500, vec![]));
    let caller = world.caller();
    let call = world.call(caller, "1001", vec![answered(8_000, Deed::HangUp)]);
    world.run(after(4));
    assert_eq!(world.sound.bridges().len(), 2);
    world.cut(phone);
    world.run(after(2));
    assert_eq!(world.sound.bridges().len(), 2, "sound needs no connection");
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::CallerHungUp));
    assert!(
        world.seen(call).ended.is_some() && world.received(phone).ended.is_some(),
        "a new one brings the BYE"
    );
}

#[test]
fn a_trunk_over_a_connection_takes_calls_again_after_it_broke() {
    let mut world = World::new(34, &House::default().with_trunk(trunk("first", 1)));
    let carrier = world.carrier(1, None, answers());
    world.change(carrier, |person| person.transport = Transport::Tcp);
    world.place("first", &[carrier]);
    let phone = world.phone("1001", WhenCalled::Refuse(486));
    world.run(after(1));
    for calls in 1..=2 {
        world.call(phone, NUMBER, vec![]);
        world.run(after(6));
        assert_eq!(invites(&world, 1).len(), calls);
        world.cut(carrier);
    }
    let records = world.settle();
    let reasons: Vec<_> = records.iter().map(|record| record.end.as_ref().unwrap().reason).collect();
    assert_eq!(reasons, [EndReason::CalleeHungUp; 2]);
}
