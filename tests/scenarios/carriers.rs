//! Carriers that play before they answer, fork, redirect, rest, and die without a word.

use crate::trunks::{NUMBER, answers, dial, first_trunk, invites, trunk};
use frontdesk_call_record::{EndReason, TransferEnd};
use frontdesk_directory::Redirects;
use frontdesk_sip_stack::SessionTimer;
use frontdesk_switchboard::{Notice, TrunkHealth};
use frontdesk_tests::simulator::{Deed, House, WhenCalled, World, answered};
use std::time::Duration;

const ELSEWHERE: &str = "<sip:+49301234567@first.example>";

fn after(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn plays_then_answers() -> WhenCalled {
    WhenCalled::AnswerAfterSound { after: after(4), acts: vec![answered(3_000, Deed::HangUp)] }
}

#[test]
fn the_caller_hears_the_carriers_own_sound_before_the_answer() {
    let (mut world, first, _) = first_trunk(plays_then_answers());
    let phone = world.phone("1001", WhenCalled::Refuse(486));
    world.run(after(1));
    let call = world.call(phone, NUMBER, vec![]);
    world.run(after(2));
    let (caller, carrier) = (world.seen(call).sound, world.received(first).sound);
    assert!(world.seen(call).progress.contains(&183) && world.seen(call).answered.is_none());
    assert!(world.seen(call).early.is_some(), "its 183 describes the sound");
    assert!(world.sound.bridges().contains(&(carrier, caller)), "{:?}", world.sound.bridges());
    world.run(after(4));
    assert!(world.seen(call).answered.is_some());
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
}

#[test]
fn of_a_call_that_was_forked_one_is_answered_and_the_other_forgotten() {
    let (mut world, first, _) = first_trunk(plays_then_answers());
    world.change(first, |person| person.forks = true);
    let phone = world.phone("1001", WhenCalled::Refuse(486));
    world.run(after(1));
    let call = world.call(phone, NUMBER, vec![]);
    world.run(after(7));
    assert!(world.seen(call).answered.is_some());
    assert_eq!(world.sound.bridges().len(), 2);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::CalleeHungUp));
}

#[test]
fn a_carrier_that_sends_the_call_elsewhere_is_believed_where_it_may_be() {
    for (redirects, numbers) in [(Redirects::Never, 1), (Redirects::SameTrunk, 2)] {
        let mut only = trunk("first", 1);
        only.redirects = redirects;
        let mut world = World::new(7, &House::default().with_trunk(only));
        let first = world.carrier(1, None, WhenCalled::Redirect(302, ELSEWHERE));
        world.place("first", &[first]);
        dial(&mut world, NUMBER);
        world.settle();
        let mut called: Vec<_> = invites(&world, 1).iter().map(|invite| invite.uri.user()).collect();
        called.dedup();
        assert_eq!(called.len(), numbers, "{redirects:?}: {called:?}");
    }
}

#[test]
fn a_carrier_that_wants_rest_has_it_for_as_long_as_it_said() {
    let rests = WhenCalled::RefuseSaying { status: 503, retry_after: Some(after(20)), reason: None };
    let (mut world, first, _) = first_trunk(rests);
    dial(&mut world, NUMBER);
    world.run(after(5));
    let phone = world.phone("1002", WhenCalled::Refuse(486));
    world.change(first, |person| person.when_called = answers());
    world.run(after(1));
    world.call(phone, NUMBER, vec![]);
    world.run(after(1));
    assert_eq!(invites(&world, 1).len(), 1, "it is left alone");
    world.run(after(20));
    world.call(phone, NUMBER, vec![]);
    world.run(after(1));
    assert_eq!(invites(&world, 1).len(), 2, "and asked again");
    assert_eq!(world.settle().len(), 3);
}

#[test]
fn probes_mark_a_silent_trunk_down_and_up_again() {
    let mut only = trunk("first", 1);
    only.probe_every = Some(after(10));
    let mut world = World::new(7, &House::default().with_trunk(only));
    let first = world.carrier(1, None, answers());
    world.place("first", &[first]);
    world.run(after(30));
    world.vanish(first);
    world.run(after(120));
    let health = |world: &World| {
        let mut of_trunk = world.notices().iter().rev().filter_map(|notice| match notice {
            Notice::Trunk { health, .. } => Some(*health),
            _ => None,
        });
        of_trunk.next()
    };
    assert!(matches!(health(&world), Some(TrunkHealth::Down(_))), "{:?}", health(&world));
    world.restart(first);
    world.run(after(60));
    assert_eq!(health(&world), Some(TrunkHealth::Up));
}

#[test]
fn two_who_died_on_hold_are_found_out_by_the_session_timer() {
    let mut world = World::new(7, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(500, vec![answered(3_000, Deed::Freeze)]));
    let caller = world.phone("1003", WhenCalled::Refuse(486));
    let brief = Some(SessionTimer { expires: after(90), least: after(90) });
    for robot in [sales, caller] {
        world.change(robot, |person| person.session_timer = brief);
    }
    world.run(after(1));
    world.call(caller, "1001", vec![answered(5_000, Deed::Freeze)]);
    world.run(after(10));
    world.vanish(sales);
    world.vanish(caller);
    let from = world.now();
    let record = world.settle().pop().expect("a record");
    let ended = Duration::from_micros(record.end.as_ref().expect("it ends").at_us);
    assert!(ended < after(180), "{ended:?} after {from:?}");
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
}

#[test]
fn one_who_died_is_refreshed_in_vain_and_the_other_let_go() {
    let mut world = World::new(7, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(500, vec![answered(3_000, Deed::Freeze)]));
    let caller = world.phone("1003", WhenCalled::Refuse(486));
    let brief = Some(SessionTimer { expires: after(90), least: after(90) });
    world.change(caller, |person| person.session_timer = brief);
    world.run(after(1));
    world.call(caller, "1001", vec![answered(5_000, Deed::Freeze)]);
    world.run(after(10));
    world.vanish(caller);
    let record = world.settle().pop().expect("a record");
    assert!(record.end.is_some() && world.received(sales).ended.is_some());
}
