//! The sound side has its troubles: no packets, no ears.

use frontdesk_call_record::{EndReason, Notice};
use frontdesk_tests::simulator::{Deed, Ears, House, WhenCalled, World, answered, asked, at};
use std::time::Duration;

#[test]
fn a_caller_of_whom_nothing_is_heard_is_hung_up_after_a_while() {
    let mut world = World::new(9, &House::default().with_flow("105", "patient", PATIENT));
    let caller = world.caller();
    world.mute(caller);
    let call = world.call(caller, "105", vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::MediaTimeout);
    assert!(record.notices.iter().any(|noticed| noticed.notice == Notice::NoMedia));
    let lasted = world.seen(call).ended.as_ref().unwrap().0.since(world.seen(call).answered.unwrap());
    assert!((Duration::from_secs(30)..Duration::from_secs(31)).contains(&lasted), "{lasted:?}");
}

/// Waits longer than the sound does.
const PATIENT: &str = r#"
format = 1
flow = "patient"
start = "which"
[step.which]
ask = "Take your time."
wait = "59s"
answer.yes = { key = "1", phrases = ["yes"], next = "end" }
failed = "end"
[step.end]
hang_up = "Goodbye."
"#;

#[test]
fn without_ears_keys_still_work() {
    let mut world = World::new(9, &House::default());
    world.sound.plan.ears = Ears::Broken;
    world.phone("1001", WhenCalled::answer(500, vec![answered(2_000, Deed::HangUp)]));
    let caller = world.caller();
    world.call(caller, "100", vec![asked(1, Deed::Say("sales")), answered(5_500, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    assert!(record.notices.iter().any(|noticed| noticed.notice == Notice::EarsFailed));
    let steps: Vec<_> = record.steps.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(steps, ["greeting", "wish", "to_sales"]);
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
}

#[test]
fn without_ears_and_keys_the_question_fails() {
    let mut world = World::new(9, &House::default());
    world.sound.plan.ears = Ears::Broken;
    let caller = world.caller();
    world.call(caller, "102", vec![asked(1, Deed::Say("tea"))]);
    let record = world.settle().pop().expect("a record");
    let steps: Vec<_> = record.steps.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(steps, ["which", "neither"]);
}

#[test]
fn a_voice_that_fails_is_told_and_the_flow_goes_on() {
    let mut world = World::new(9, &House::default());
    world.sound.plan.voice_works = false;
    world.phone("1001", WhenCalled::answer(500, vec![answered(2_000, Deed::HangUp)]));
    let caller = world.caller();
    world.call(caller, "100", vec![answered(3_000, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    assert!(record.notices.iter().any(|noticed| noticed.notice == Notice::VoiceFailed));
    assert_eq!(record.steps.last().unwrap().step, "to_sales");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
}

#[test]
fn a_recording_that_the_disk_does_not_take_is_told() {
    let mut world = World::new(9, &House::default());
    world.sound.plan.disk_works = false;
    let caller = world.caller();
    world.call(caller, "101", vec![answered(3_000, Deed::HangUp)]);
    let record = world.settle().pop().expect("a record");
    assert!(!record.recordings[0].kept);
    assert!(record.notices.iter().any(|noticed| noticed.notice == Notice::RecordingFailed));
}

#[test]
fn ports_that_open_slowly_leave_nothing_whenever_the_caller_leaves() {
    for moment in (0..2_000).step_by(25) {
        let mut world = World::new(moment, &House::default());
        world.phone("1001", WhenCalled::answer(300, vec![]));
        world.run(Duration::from_millis(500));
        world.sound.plan.opening = Duration::from_millis(900);
        let caller = world.caller();
        let call = world.call(caller, "1001", vec![at(moment, Deed::HangUp)]);
        world.settle();
        assert!(world.seen(call).ended.is_some());
    }
}
