//! Putting through: every outcome leads to the step that the flow names for it.

use frontdesk_call_record::{CallRecord, EndReason, Fact, TransferEnd};
use frontdesk_identifiers::Moment;
use frontdesk_sip_stack::SessionEnd;
use frontdesk_tests::simulator::{CallName, Deed, House, RobotId, WhenCalled, World, answered, asked, at};
use std::time::Duration;

/// The caller wants sales, sales behaves like this, and reception is there and answers.
fn sales_is(when_called: WhenCalled) -> (World, RobotId, CallName, CallRecord) {
    let mut world = World::new(2, &House::default());
    let sales = world.phone("1001", when_called);
    world.phone("1002", WhenCalled::answer(1_000, vec![answered(2_000, Deed::HangUp)]));
    let caller = world.caller();
    let call = world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    (world, sales, call, record)
}

/// The first attempt came to `outcome`, the caller was told by `step`, and reception took the call.
fn then_reception(record: &CallRecord, outcome: TransferEnd, step: &str) {
    let outcomes: Vec<_> = record.transfers.iter().map(|transfer| transfer.outcome).collect();
    assert_eq!(outcomes, [Some(outcome), Some(TransferEnd::Completed)]);
    let steps: Vec<_> = record.steps.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(steps, ["greeting", "wish", "to_sales", step, "to_reception"]);
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
}

#[test]
fn a_busy_telephone_returns_the_caller_to_the_flow() {
    let (_, _, _, record) = sales_is(WhenCalled::Refuse(486));
    then_reception(&record, TransferEnd::Busy, "sales_is_busy");
}

#[test]
fn a_telephone_that_becomes_busy_while_it_rings_is_busy() {
    let (_, _, _, record) =
        sales_is(WhenCalled::RingThenRefuse { after: Duration::from_secs(3), status: 486 });
    then_reception(&record, TransferEnd::Busy, "sales_is_busy");
}

#[test]
fn nobody_answers_within_the_time_that_the_flow_gives() {
    let (world, sales, _, record) = sales_is(WhenCalled::Ring);
    then_reception(&record, TransferEnd::NoAnswer, "sales_does_not_answer");
    let rang_us = record.transfers[0].ended_us.unwrap() - record.transfers[0].started_us;
    assert!((20_000_000..20_100_000).contains(&rang_us), "rang for {rang_us} µs");
    let rang = world.received(sales).ended.as_ref().unwrap().0;
    let reception_rings =
        world.facts().iter().filter(|fact| matches!(fact.fact, Fact::TransferRinging)).nth(1);
    let reception_rings = Duration::from_micros(reception_rings.unwrap().since_start_us);
    assert!(rang < Moment::ZERO + reception_rings, "it is silent before the next one rings");
    assert_eq!(world.received(sales).ended.as_ref().unwrap().1, SessionEnd::CancelledByPeer { reason: None });
}

#[test]
fn a_telephone_that_tells_of_progress_only_is_no_answer_either() {
    let (_, _, _, record) = sales_is(WhenCalled::Progress);
    then_reception(&record, TransferEnd::NoAnswer, "sales_does_not_answer");
}

#[test]
fn a_telephone_that_answers_with_nothing_usable_cannot_be_spoken_with() {
    let (world, sales, _, record) = sales_is(WhenCalled::AnswerWith("v=0\r\n"));
    then_reception(&record, TransferEnd::Unreachable, "sales_is_away");
    assert!(matches!(world.received(sales).ended, Some((_, SessionEnd::HungUpByPeer { .. }))));
}

#[test]
fn a_telephone_that_gives_up_ringing_by_itself_is_no_answer() {
    let (_, _, _, record) =
        sales_is(WhenCalled::RingThenRefuse { after: Duration::from_secs(5), status: 480 });
    then_reception(&record, TransferEnd::NoAnswer, "sales_does_not_answer");
}

#[test]
fn a_person_who_declines_cannot_talk_now() {
    let (_, _, _, record) =
        sales_is(WhenCalled::RingThenRefuse { after: Duration::from_secs(2), status: 603 });
    then_reception(&record, TransferEnd::Declined, "sales_cannot_talk");
}

#[test]
fn a_telephone_that_is_not_registered_is_away() {
    let mut world = World::new(2, &House::default());
    world.phone("1002", WhenCalled::answer(1_000, vec![answered(2_000, Deed::HangUp)]));
    let caller = world.caller();
    world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    then_reception(&record, TransferEnd::Unreachable, "sales_is_away");
}

#[test]
fn a_telephone_that_took_its_registration_back_is_away() {
    let mut world = World::new(2, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(1_000, vec![]));
    world.phone("1002", WhenCalled::answer(1_000, vec![answered(2_000, Deed::HangUp)]));
    world.run(Duration::from_secs(1));
    world.unregister(sales);
    world.run(Duration::from_secs(1));
    let caller = world.caller();
    world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    then_reception(&record, TransferEnd::Unreachable, "sales_is_away");
}

#[test]
fn a_telephone_that_vanished_without_a_word_is_away() {
    let mut world = World::new(2, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(1_000, vec![]));
    world.phone("1002", WhenCalled::answer(1_000, vec![answered(2_000, Deed::HangUp)]));
    world.run(Duration::from_secs(1));
    world.vanish(sales);
    let caller = world.caller();
    world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    then_reception(&record, TransferEnd::Unreachable, "sales_is_away");
    let waited_us = record.transfers[0].ended_us.unwrap() - record.transfers[0].started_us;
    assert!(waited_us < 20_100_000, "not longer than it may ring, but {waited_us} µs");
}

#[test]
fn a_telephone_that_vanishes_while_it_rings_is_no_answer() {
    let mut world = World::new(2, &House::default());
    let sales = world.phone("1001", WhenCalled::Ring);
    world.phone("1002", WhenCalled::answer(1_000, vec![answered(2_000, Deed::HangUp)]));
    let caller = world.caller();
    world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    world.run(Duration::from_secs(12));
    assert_eq!(world.robot(sales).calls().len(), 1, "it rings");
    world.vanish(sales);
    let record = world.settle().pop().expect("a record");
    then_reception(&record, TransferEnd::NoAnswer, "sales_does_not_answer");
}

#[test]
fn a_telephone_that_died_and_was_started_again_is_rung() {
    let mut world = World::new(2, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(1_000, vec![answered(2_000, Deed::HangUp)]));
    world.run(Duration::from_secs(1));
    world.vanish(sales);
    world.run(Duration::from_secs(60));
    world.restart(sales);
    world.run(Duration::from_secs(1));
    assert_eq!(world.robot(sales).registered, Some(true));
    let caller = world.caller();
    world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert!(world.received(sales).answered.is_some());
}

#[test]
fn a_telephone_that_dies_in_the_middle_of_a_talk_ends_it() {
    let mut world = World::new(2, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(1_000, vec![]));
    let caller = world.caller();
    let call = world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    world.run(Duration::from_secs(15));
    assert_eq!(world.sound.bridges().len(), 2, "they talk");
    world.vanish(sales);
    let record = world.settle().pop().expect("a record");
    assert!(world.seen(call).ended.is_some());
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::MediaTimeout);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
}

#[test]
fn nobody_at_all_is_told_so_and_hung_up() {
    let mut world = World::new(2, &House::default());
    let caller = world.caller();
    world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    let steps: Vec<_> = record.steps.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(steps, ["greeting", "wish", "to_sales", "sales_is_away", "to_reception", "nobody_is_free"]);
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::DeskHungUp);
    assert!(record.transcript.last().unwrap().completed, "the farewell was said to its end");
}

#[test]
fn both_hear_each_other_and_are_parted_when_one_hangs_up() {
    let mut world = World::new(2, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(1_000, vec![]));
    let caller = world.caller();
    let call = world.call(caller, "100", vec![asked(1, Deed::Press('1')), at(25_000, Deed::HangUp)]);
    world.run(Duration::from_secs(15));
    let (one, other) = (world.seen(call).sound, world.received(sales).sound);
    assert!(world.sound.bridges().contains(&(one, other)) && world.sound.bridges().contains(&(other, one)));
    world.run(Duration::from_secs(15));
    assert_eq!(world.sound.bridges(), []);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CallerHungUp);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
}

#[test]
fn the_caller_hears_ringing_only_while_it_rings() {
    let (world, _, _, record) = sales_is(WhenCalled::answer(4_000, vec![answered(1_000, Deed::HangUp)]));
    assert_eq!(record.transfers.len(), 1);
    let ringing_us = record.transfers[0].answered_us.unwrap() - record.transfers[0].ringing_us.unwrap();
    assert!((3_990_000..4_050_000).contains(&ringing_us), "{ringing_us}");
    assert_eq!(world.sound.ringbacks(), 1);
}

#[test]
fn nothing_is_played_into_a_talk_and_nobody_listens() {
    let mut world = World::new(2, &House::default());
    world.phone("1001", WhenCalled::answer(2_000, vec![answered(10_000, Deed::HangUp)]));
    let caller = world.caller();
    let call = world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    while world.sound.bridges().is_empty() {
        world.run(Duration::from_millis(20));
    }
    world.run(Duration::from_millis(40));
    assert!(!world.sound.plays_to(world.seen(call).sound), "the ringing tone has stopped");
    assert!(!world.sound.listens_to(world.seen(call).sound), "what two people say is their own business");
    world.settle();
}

#[test]
fn the_called_telephone_sees_who_calls() {
    let (world, sales, _, _) = sales_is(WhenCalled::answer(1_000, vec![answered(1_000, Deed::HangUp)]));
    let address = world.robot(sales).person.address;
    let invite = world.network.trace().iter().find(|sent| {
        sent.to == address && sent.message.headers().cseq().unwrap().method.as_str() == "INVITE"
    });
    let from = invite.expect("an INVITE").message.headers().from().unwrap();
    assert_eq!(from.display.as_deref(), Some("Caller 1"));
    assert_eq!(from.uri.user().as_deref(), Some("+493055500001"));
}

#[test]
fn a_telephone_whose_program_died_is_away_at_once() {
    let mut world = World::new(2, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(1_000, vec![]));
    world.phone("1002", WhenCalled::answer(1_000, vec![answered(2_000, Deed::HangUp)]));
    world.run(Duration::from_secs(1));
    world.die(sales);
    let caller = world.caller();
    world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    let record = world.settle().pop().expect("a record");
    then_reception(&record, TransferEnd::Unreachable, "sales_is_away");
    let waited_us = record.transfers[0].ended_us.unwrap() - record.transfers[0].started_us;
    assert!(waited_us < 100_000, "its machine said so: {waited_us} µs");
}
