//! Two calls at once share nothing.

use frontdesk_call_record::EndReason;
use frontdesk_tests::simulator::{Deed, House, WhenCalled, World, answered, asked};
use std::time::Duration;

#[test]
fn keys_words_prompts_and_recordings_of_two_calls_stay_apart() {
    let mut world = World::new(10, &House::default());
    world.phone("1001", WhenCalled::answer(500, vec![answered(2_000, Deed::HangUp)]));
    world.phone("1002", WhenCalled::answer(500, vec![answered(2_000, Deed::HangUp)]));
    let (first, second) = (world.caller(), world.caller());
    let one = world.call(first, "101", vec![asked(1, Deed::Press('1'))]);
    world.run(Duration::from_millis(3));
    let other = world.call(second, "101", vec![asked(1, Deed::Say("reception please"))]);
    let records = world.settle();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].steps.last().unwrap().step, "to_sales");
    assert_eq!(records[1].steps.last().unwrap().step, "to_reception");
    assert_eq!(records[0].recordings.len() + records[1].recordings.len(), 2);
    assert_ne!(records[0].recordings[0].file, records[1].recordings[0].file);
    assert_ne!(records[0].call, records[1].call);
    let heard = |party| {
        let phrases = world.sound.phrases().iter().filter(move |(to, _)| *to == party);
        phrases.map(|(_, text)| text.as_str()).collect::<Vec<_>>()
    };
    assert!(heard(world.seen(one).sound).contains(&"I am putting you through to sales."));
    assert!(!heard(world.seen(other).sound).contains(&"I am putting you through to sales."));
}

#[test]
fn two_callers_in_different_flows_of_one_desk() {
    let mut world = World::new(10, &House::default());
    world.phone("1001", WhenCalled::answer(500, vec![answered(2_000, Deed::HangUp)]));
    let (first, second) = (world.caller(), world.caller());
    world.call(first, "102", vec![asked(1, Deed::Press('2'))]);
    world.call(second, "100", vec![asked(1, Deed::Press('1'))]);
    let mut records = world.settle();
    records.sort_by_key(|record| record.called.as_str().to_owned());
    assert_eq!(records[0].end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
    assert_eq!(records[1].steps[0].answer.as_deref(), Some("coffee"));
    assert_eq!(records[1].end.as_ref().unwrap().reason, EndReason::DeskHungUp);
}

#[test]
fn two_callers_want_the_same_telephone_which_has_two_lines() {
    let mut world = World::new(10, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(500, vec![answered(5_000, Deed::HangUp)]));
    let (first, second) = (world.caller(), world.caller());
    world.call(first, "100", vec![asked(1, Deed::Press('1'))]);
    world.call(second, "100", vec![asked(1, Deed::Press('1'))]);
    world.run(Duration::from_secs(6));
    let bridges = world.sound.bridges();
    assert_eq!(bridges.len(), 4);
    assert!(bridges.iter().all(|(one, other)| bridges.contains(&(*other, *one))));
    let records = world.settle();
    assert!(records.iter().all(|record| record.end.as_ref().unwrap().reason == EndReason::CalleeHungUp));
    assert_eq!(world.robot(sales).calls().len(), 2);
}

#[test]
fn a_hundred_calls_at_once_leave_nothing() {
    let mut world = World::new(10, &House::default());
    world.phone("1001", WhenCalled::answer(500, vec![answered(2_000, Deed::HangUp)]));
    let callers: Vec<_> = (0..20).map(|_| world.caller()).collect();
    for round in 0..5 {
        for caller in &callers {
            let deed = if round % 2 == 0 { Deed::Press('1') } else { Deed::Say("coffee") };
            world.call(*caller, if round % 2 == 0 { "100" } else { "102" }, vec![asked(1, deed)]);
        }
        world.run(Duration::from_millis(70));
    }
    assert_eq!(world.settle().len(), 100);
}
