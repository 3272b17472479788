//! A caller chooses, by key or by words, or does not.

use frontdesk_call_record::{CallRecord, EndReason, TransferEnd};
use frontdesk_tests::simulator::{Act, CallName, Deed, House, WhenCalled, World, answered, asked, at};

/// The names of the steps, in order.
fn steps(record: &CallRecord) -> Vec<&str> {
    record.steps.iter().map(|step| step.step.as_str()).collect()
}

fn reason(record: &CallRecord) -> EndReason {
    record.end.as_ref().expect("a closed record").reason
}

/// A house with both telephones there, and a caller who does `acts` at the reception.
fn at_the_reception(acts: Vec<Act>) -> (World, CallName, CallRecord) {
    let mut world = World::new(1, &House::default());
    world.phone("1001", WhenCalled::answer(1_500, vec![answered(3_000, Deed::HangUp)]));
    world.phone("1002", WhenCalled::answer(1_500, vec![answered(3_000, Deed::HangUp)]));
    let caller = world.caller();
    let call = world.call(caller, "100", acts);
    let record = world.settle().pop().expect("a record");
    (world, call, record)
}

#[test]
fn a_key_chooses() {
    let (world, call, record) = at_the_reception(vec![asked(1, Deed::Press('1'))]);
    assert_eq!(steps(&record), ["greeting", "wish", "to_sales"]);
    assert_eq!(record.steps[1].answer.as_deref(), Some("sales"));
    assert_eq!(reason(&record), EndReason::CalleeHungUp);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert!(record.transfers[0].bridged_us.is_some());
    assert_eq!(world.seen(call).progress, [180]);
}

#[test]
fn words_choose() {
    let (world, _, record) =
        at_the_reception(vec![asked(1, Deed::Say("i would like to speak to reception please"))]);
    assert_eq!(steps(&record), ["greeting", "wish", "to_reception"]);
    assert_eq!(record.steps[1].answer.as_deref(), Some("reception"));
    assert_eq!(record.transfers[0].target.as_str(), "1002");
    assert_eq!(record.turns.len(), 1, "the ringing tone is the reply");
    assert!(world.sound.phrases().iter().any(|(_, text)| text.contains("Acme")));
}

#[test]
fn the_reply_to_a_turn_is_timed() {
    let (_, _, record) = at_the_reception(vec![asked(1, Deed::Say("sales please"))]);
    assert_eq!(steps(&record), ["greeting", "wish", "to_sales"]);
    assert_eq!(record.turns.len(), 1, "the announcement replies to the words");
    let total_ms = record.turns[0].total_us / 1_000;
    assert!((600..1_100).contains(&total_ms), "end of turn, recognition and a tick, not {total_ms} ms");
}

#[test]
fn twice_not_understood_goes_to_reception() {
    let strange = || Deed::Say("the weather is lovely in november");
    let (_, _, record) = at_the_reception(vec![asked(1, strange()), asked(2, strange())]);
    assert_eq!(steps(&record), ["greeting", "wish", "not_understood", "to_reception"]);
    assert_eq!(record.steps[1].not_understood, 2);
    assert_eq!(reason(&record), EndReason::CalleeHungUp);
}

#[test]
fn a_wrong_key_is_not_understood_and_a_right_one_is_still_taken() {
    let acts = vec![asked(1, Deed::Press('9')), asked(2, Deed::Press('2'))];
    let (_, _, record) = at_the_reception(acts);
    assert_eq!(steps(&record), ["greeting", "wish", "to_reception"]);
    assert_eq!(record.steps[1].not_understood, 1);
}

#[test]
fn silence_is_asked_again_and_then_fails() {
    let (_, call, record) = {
        let mut world = World::new(1, &House::default());
        let caller = world.caller();
        let call = world.call(caller, "102", vec![]);
        let record = world.settle().pop().expect("a record");
        (world, call, record)
    };
    assert_eq!(steps(&record), ["which", "neither"]);
    assert_eq!(record.steps[0].no_input, 2);
    assert_eq!(reason(&record), EndReason::DeskHungUp);
    let said: Vec<_> = record.transcript.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(said, ["Tea or coffee?", "Please say tea or coffee.", "Neither, then."]);
    let _ = call;
}

#[test]
fn a_key_stops_the_prompt() {
    let (_, _, record) = at_the_reception(vec![answered(2_500, Deed::Press('1'))]);
    let line = record.transcript.iter().find(|line| line.text.as_str().starts_with("Would you like"));
    let line = line.expect("the question was put");
    assert!(!line.completed, "the question was cut off");
    let lasted = line.to_us - line.from_us;
    assert!(lasted < 1_700_000, "within a tick of the key, not {lasted} µs");
    assert_eq!(steps(&record), ["greeting", "wish", "to_sales"]);
}

#[test]
fn a_key_during_the_greeting_is_the_answer_to_the_question() {
    let (_, _, record) = at_the_reception(vec![answered(400, Deed::Press('2'))]);
    assert_eq!(steps(&record), ["greeting", "wish", "to_reception"]);
    assert!(!record.transcript[0].completed, "the greeting was cut off");
}

#[test]
fn a_key_before_the_answer_changes_nothing() {
    // Somebody who plays keys into a call that is not answered: there is no sound yet to play them into.
    let (_, _, record) = at_the_reception(vec![at(0, Deed::Press('1')), asked(1, Deed::Press('2'))]);
    assert_eq!(steps(&record), ["greeting", "wish", "to_reception"]);
}

#[test]
fn words_of_a_turn_that_a_key_cut_off_mean_nothing() {
    // The caller speaks, presses a wrong key meanwhile, and is silent to the next question: the words come too late.
    let mut world = World::new(1, &House::default());
    let caller = world.caller();
    let acts = vec![asked(1, Deed::Say("coffee for me please")), asked(1, Deed::Press('9'))];
    world.call(caller, "102", acts);
    let record = world.settle().pop().expect("a record");
    assert_eq!(steps(&record), ["which", "neither"]);
    assert_eq!((record.steps[0].not_understood, record.steps[0].no_input), (1, 1));
    assert!(record.transcript.iter().all(|line| line.text.as_str() != "coffee for me please"));
}

#[test]
fn keys_pressed_at_once_count_once_each() {
    let acts = vec![asked(1, Deed::Press('9')), asked(1, Deed::Press('9')), asked(1, Deed::Press('1'))];
    let (_, _, record) = at_the_reception(acts);
    assert_eq!(record.steps[1].not_understood, 2);
    assert_eq!(steps(&record), ["greeting", "wish", "not_understood", "to_reception"]);
}
