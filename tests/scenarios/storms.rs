//! A thousand connections break at once, with calls on them.

use frontdesk_call_record::EndReason;
use frontdesk_sip_stack::Transport;
use frontdesk_switchboard::Limits;
use frontdesk_tests::simulator::{Deed, House, RobotId, WhenCalled, World, answered, at};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

const CROWD: u16 = 1_000;

/// A desk that has room for everybody, and a crowd of callers, each with a connection of its own.
fn crowded() -> (World, Vec<RobotId>) {
    let room = usize::from(CROWD) + 100;
    let limits = Limits { calls_max: room, unacknowledged_max: room, ..Limits::default() };
    let mut world = World::new(41, &House::default().with_limits(limits).with_crowd(CROWD));
    world.sound.plan.ports = 3 * room;
    let callers = House::crowd(CROWD).map(|ip| {
        let caller = world.stranger("<sip:somebody@crowd.example>", SocketAddr::new(ip, 5060));
        world.change(caller, |person| person.transport = Transport::Tcp);
        caller
    });
    let callers = callers.collect();
    (world, callers)
}

#[test]
fn a_thousand_connections_that_break_at_once_end_no_call_that_they_do_not_carry() {
    let (mut world, crowd) = crowded();
    world.phone("1001", WhenCalled::answer(1_000, vec![]));
    world.phone("1002", WhenCalled::answer(500, vec![]));
    let bystander = world.caller();
    world.run(Duration::from_secs(1));
    let talk = world.call(bystander, "1002", vec![at(60_000, Deed::HangUp)]);
    world.run(Duration::from_secs(3));
    // Some are served by a flow, some talk, some have just called when their connections break.
    let (early, late) = crowd.split_at(900);
    let mut calls = Vec::new();
    for (number, caller) in early.iter().enumerate() {
        let dialled = if number % 3 == 0 { "1001" } else { "102" };
        calls.push(world.call(*caller, dialled, vec![answered(30_000, Deed::HangUp)]));
    }
    world.run(Duration::from_secs(2));
    for caller in late {
        calls.push(world.call(*caller, "102", vec![answered(30_000, Deed::HangUp)]));
    }
    world.run(Duration::from_millis(5));
    assert_eq!(world.census().calls, 1 + usize::from(CROWD));
    let (gone, cut) = crowd.split_at(300);
    for caller in &crowd {
        world.cut(*caller);
    }
    gone.iter().for_each(|caller| world.vanish(*caller));
    assert!(cut.len() > gone.len());
    // Whoever calls now is served as on any other day, and who talked talks on.
    let before = world.now();
    let newcomer = world.caller();
    let call = world.call(newcomer, "102", vec![at(5_000, Deed::HangUp)]);
    world.run(Duration::from_secs(1));
    let answered_at = world.seen(call).answered.expect("a newcomer is answered");
    assert!(answered_at.since(before) < Duration::from_millis(100), "{:?}", answered_at.since(before));
    assert!(world.seen(talk).ended.is_none() && !world.sound.bridges().is_empty());

    let records = world.settle();
    assert_eq!(records.len(), usize::from(CROWD) + 2);
    let mut reasons: BTreeMap<EndReason, usize> = BTreeMap::new();
    for record in &records {
        *reasons.entry(record.end.as_ref().expect("it ended").reason).or_default() += 1;
    }
    // A hundred of those who talked never come back; the flow ends its own calls; whose INVITE was just being answered takes
    // the answer over no new connection, because it does not know that there is one.
    let expected = [
        (EndReason::CallerHungUp, 2 + 200),
        (EndReason::MediaTimeout, 100),
        (EndReason::DeskHungUp, 600),
        (EndReason::NoAck, 100),
    ];
    assert_eq!(reasons, BTreeMap::from(expected));
    let seen_to_end = calls.iter().filter(|call| cut.contains(&call.robot));
    assert!(seen_to_end.clone().count() == cut.len());
    assert!(seen_to_end.clone().all(|call| world.seen(*call).ended.is_some()));
}
