//! The checks of the simulator can fail: each is shown a world that it must not accept.

use frontdesk_call_record::{CallRecord, EndReason};
use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::{MediaCommand, PlaybackId, Source};
use frontdesk_sip_message::{Message, Method, StatusCode};
use frontdesk_sip_stack::{Flow, Transport};
use frontdesk_tests::simulator::{Chance, Deed, House, Sound, SoundPlan, World, at, check};
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

/// What a robot sent last that fits, sent once more by a hand that knows no rules.
fn say_again(world: &mut World, fits: impl Fn(&Message) -> bool, change: impl FnOnce(&mut Message)) {
    let sent =
        world.network.trace().iter().rev().find(|sent| fits(&sent.message)).expect("it was sent").clone();
    let flow = Flow { transport: Transport::Udp, local: sent.from, remote: sent.to };
    let mut message = sent.message;
    change(&mut message);
    let bytes = match &message {
        Message::Request(request) => request.to_bytes(),
        Message::Response(response) => response.to_bytes(),
    };
    let now = world.now();
    world.network.send(flow, bytes, now);
}

fn is_final_of_invite(message: &Message) -> bool {
    let Message::Response(response) = message else { return false };
    response.status.is_final() && response.headers.cseq().is_ok_and(|cseq| cseq.method == Method::INVITE)
}

/// A call that came to its end as it should.
fn quiet_world() -> (World, Vec<CallRecord>) {
    let mut world = World::new(1, &House::default());
    let caller = world.caller();
    world.call(caller, "100", vec![at(3_000, Deed::HangUp)]);
    let records = world.settle();
    (world, records)
}

#[test]
fn two_final_responses_to_one_invite_are_one_too_many() {
    let (mut world, _) = quiet_world();
    check::every_invite_has_one_final_response(&world);
    say_again(&mut world, is_final_of_invite, |message| {
        let Message::Response(response) = message else { return };
        response.status = StatusCode::BUSY_HERE;
    });
    assert!(refuses(check::every_invite_has_one_final_response, &world));
}

#[test]
fn what_is_said_again_after_its_time_is_a_transaction_that_lives_too_long() {
    let bye =
        |message: &Message| matches!(message, Message::Request(request) if request.method == Method::BYE);
    for fits in [bye, is_final_of_invite] {
        let (mut world, _) = quiet_world();
        check::no_transaction_outlives_its_time(&world);
        say_again(&mut world, fits, |_| ());
        assert!(refuses(check::no_transaction_outlives_its_time, &world));
    }
}

#[test]
fn a_record_that_names_another_reason_than_the_caller_saw_is_not_true() {
    let (world, mut records) = quiet_world();
    check::records_tell_the_truth(&world, &records);
    let untrue = |records: &[CallRecord]| {
        catch_unwind(AssertUnwindSafe(|| check::records_tell_the_truth(&world, records))).is_err()
    };
    records[0].end.as_mut().expect("it ended").reason = EndReason::NoSuchNumber;
    records[0].answered_us = Some(1);
    // The robot hung up, so that it might have missed a 404.
    assert!(!untrue(&records));
    records[0].answered_us = None;
    assert!(untrue(&records), "it was answered");
    let mut other = World::new(1, &House::default());
    let caller = other.caller();
    other.call(caller, "102", vec![]);
    let mut records = other.settle();
    for wrong in [EndReason::CallerHungUp, EndReason::Cancelled, EndReason::NoSuchNumber] {
        records[0].end.as_mut().expect("it ended").reason = wrong;
        let check = || check::records_tell_the_truth(&other, &records);
        assert!(catch_unwind(AssertUnwindSafe(check)).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_fact_that_is_missing_or_follows_the_end_is_seen() {
    let (mut world, _) = quiet_world();
    let facts = world.facts().len();
    world.lose_fact(facts / 2);
    assert!(refuses(|world| drop(check::records_add_up(world)), &world), "one is missing");
    let (mut world, _) = quiet_world();
    world.lose_fact(facts - 1);
    assert!(refuses(|world| drop(check::records_add_up(world)), &world), "the end is missing");
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
    let play =
        MediaCommand::Play { leg, playback: PlaybackId(2), source: Source::Ringback { country: None } };
    noted(&mut sound, play, later, true);
    noted(&mut sound, MediaCommand::Unbridge { first: leg, second: leg }, later, true);
    noted(&mut sound, MediaCommand::Close { leg }, later, false);
    noted(&mut sound, MediaCommand::Close { leg }, later, true);
}
