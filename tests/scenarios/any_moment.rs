//! A caller may leave at any moment of a call's life: a sweep in steps of 50 ms, with every check after each.

use frontdesk_call_record::EndReason;
use frontdesk_tests::simulator::{Act, Deed, House, WhenCalled, World, asked, at};
use std::time::Duration;

/// Plays the same call once for each moment in steps of 50 ms and lets the caller leave then; why it ended, in order.
fn leaving(
    number: &'static str,
    acts: &[Act],
    phones: &[(&str, WhenCalled)],
    until_ms: u64,
) -> Vec<EndReason> {
    let mut reasons = Vec::new();
    for moment in (0..=until_ms).step_by(50) {
        let mut world = World::new(moment, &House::default());
        for (phone, when_called) in phones {
            world.phone(phone, when_called.clone());
        }
        world.run(Duration::from_millis(500));
        let caller = world.caller();
        let mut acts = acts.to_vec();
        acts.push(at(moment, Deed::HangUp));
        let call = world.call(caller, number, acts);
        let records = world.settle();
        assert_eq!(records.len(), 1, "hung up after {moment} ms");
        let (ended, _) = world.seen(call).ended.as_ref().expect("it ended");
        let late = ended.as_millis().saturating_sub(500 + moment);
        assert!(late < 100, "hung up after {moment} ms, ended {late} ms later");
        let closed = records[0].end.as_ref().unwrap().at_us / 1_000;
        assert!(closed < moment + 400, "hung up after {moment} ms, the record closed after {closed} ms");
        reasons.push(records[0].end.as_ref().unwrap().reason);
    }
    reasons
}

fn count(reasons: &[EndReason], reason: EndReason) -> usize {
    reasons.iter().filter(|one| **one == reason).count()
}

#[test]
fn a_caller_hangs_up_at_any_moment_of_a_call_to_the_reception() {
    // Greeting, question, key, announcement, ringing, talk.
    let phones = [("1001", WhenCalled::answer(2_000, vec![]))];
    let reasons = leaving("100", &[asked(1, Deed::Press('1'))], &phones, 12_000);
    assert_eq!(reasons.len(), 241);
    assert!(count(&reasons, EndReason::CallerHungUp) >= 235, "{reasons:?}");
    assert!(reasons.iter().all(|reason| matches!(reason, EndReason::CallerHungUp | EndReason::Cancelled)));
}

#[test]
fn a_caller_hangs_up_at_any_moment_while_one_telephone_after_the_other_fails() {
    let phones = [
        ("1001", WhenCalled::RingThenRefuse { after: Duration::from_millis(700), status: 486 }),
        ("1002", WhenCalled::RingThenRefuse { after: Duration::from_millis(700), status: 603 }),
    ];
    let reasons = leaving("101", &[asked(1, Deed::Press('1'))], &phones, 15_000);
    assert!(reasons.iter().all(|reason| matches!(
        reason,
        EndReason::CallerHungUp | EndReason::Cancelled | EndReason::DeskHungUp
    )));
}

#[test]
fn a_caller_gives_up_at_any_moment_of_a_call_to_a_telephone() {
    let phones = [("1001", WhenCalled::answer(3_000, vec![]))];
    let reasons = leaving("1001", &[], &phones, 5_000);
    assert!(count(&reasons, EndReason::Cancelled) >= 55, "{reasons:?}");
    assert!(count(&reasons, EndReason::CallerHungUp) >= 35, "{reasons:?}");
    assert_eq!(
        count(&reasons, EndReason::Cancelled) + count(&reasons, EndReason::CallerHungUp),
        reasons.len()
    );
}

#[test]
fn an_agent_answers_while_the_caller_gives_up() {
    // Millisecond by millisecond around the answer: CANCEL and 200 cross on both sides of the desk.
    for moment in 2_980..3_040 {
        let mut world = World::new(moment, &House::default());
        let phone = world.phone("1001", WhenCalled::answer(3_000, vec![]));
        world.run(Duration::from_millis(500));
        let caller = world.caller();
        let call = world.call(caller, "1001", vec![at(moment, Deed::HangUp)]);
        let record = world.settle().pop().expect("a record");
        let reason = record.end.as_ref().unwrap().reason;
        assert!(matches!(reason, EndReason::Cancelled | EndReason::CallerHungUp), "{moment}: {reason:?}");
        assert!(world.seen(call).ended.is_some() && world.received(phone).ended.is_some());
    }
}
