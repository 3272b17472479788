//! The checks of the simulator can fail: each is shown a world that it must not accept.

use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::{MediaCommand, PlaybackId, Source};
use frontdesk_tests::simulator::{Chance, House, Sound, SoundPlan, World, check};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

fn refuses(check: fn(&World), world: &World) -> bool {
    catch_unwind(AssertUnwindSafe(|| check(world))).is_err()
}

#[test]
fn a_call_that_stands_is_something_left() {
    let mut world = World::new(1, &House::default());
    check::nothing_is_left(&world);
    let caller = world.caller();
    world.call(caller, "100", vec![]);
    world.run(Duration::from_secs(2));
    assert!(refuses(check::nothing_is_left, &world));
    assert!(refuses(|world| drop(check::records_add_up(world)), &world), "its record is open");
}

#[test]
fn an_invite_that_is_not_answered_yet_has_no_final_response() {
    let mut world = World::new(1, &House::default());
    let caller = world.caller();
    world.call(caller, "100", vec![]);
    check::every_invite_has_one_final_response(&world);
    world.run(Duration::from_millis(5));
    assert!(refuses(check::every_invite_has_one_final_response, &world));
}

#[test]
fn a_final_response_whose_ack_is_kept_back_is_not_acknowledged() {
    // A robot that is said to be there again after it died knows nothing of the call, and acknowledges nothing.
    let mut world = World::new(1, &House::default());
    let caller = world.caller();
    world.call(caller, "100", vec![]);
    check::every_final_response_is_acknowledged(&world);
    world.run(Duration::from_millis(6));
    world.forget(caller);
    world.run(Duration::from_secs(5));
    assert!(refuses(check::every_final_response_is_acknowledged, &world));
}

#[test]
fn orders_that_break_the_rules_are_noted() {
    let mut sound = Sound::new(SoundPlan::default(), Chance::new(1, 1));
    let (leg, now) = (LegId(1), Moment::ZERO);
    let mut faults = 0;
    let mut noted = |sound: &mut Sound, command: MediaCommand, at: Moment, wrong: bool| {
        sound.command(command.clone(), at);
        let before = std::mem::replace(&mut faults, sound.faults().len());
        assert_eq!(faults > before, wrong, "{command:?}: {:?}", sound.faults());
    };
    let bind = std::net::IpAddr::from([0, 0, 0, 0]);
    noted(&mut sound, MediaCommand::Close { leg }, now, true);
    noted(&mut sound, MediaCommand::Open { leg, bind }, now, false);
    noted(&mut sound, MediaCommand::Open { leg, bind }, now, true);
    let later = Moment::from_millis(10);
    let play = MediaCommand::Play { leg, playback: PlaybackId(2), source: Source::Ringback };
    noted(&mut sound, play, later, true);
    noted(&mut sound, MediaCommand::Unbridge { first: leg, second: leg }, later, true);
    noted(&mut sound, MediaCommand::Close { leg }, later, false);
    noted(&mut sound, MediaCommand::Close { leg }, later, true);
}
