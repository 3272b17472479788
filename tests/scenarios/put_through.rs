//! Telephones that have each other put through: REFER, Replaces, pick-up.

use frontdesk_call_record::{CallRecord, EndReason, TransferEnd};
use frontdesk_sip_message::{Message, Method, StatusCode};
use frontdesk_sip_stack::{ReferOutcome, SessionEnd};
use frontdesk_tests::simulator::{Act, CallName, Deed, House, RobotId, WhenCalled, World, answered, at};
use std::net::SocketAddr;
use std::time::Duration;

/// 1003 talks with 1001, who does these things; 1002 is like this.
fn talk(of_1001: Vec<Act>, third: WhenCalled) -> (World, CallName, RobotId, RobotId) {
    let mut world = World::new(11, &House::default());
    let second = world.phone("1001", WhenCalled::answer(500, of_1001));
    let third = world.phone("1002", third);
    let first = world.phone("1003", WhenCalled::Refuse(486));
    world.run(Duration::from_secs(1));
    let call = world.call(first, "1001", vec![at(40_000, Deed::HangUp)]);
    (world, call, second, third)
}

fn refers_to(number: &'static str) -> Vec<Act> {
    vec![answered(3_000, Deed::Refer(number))]
}

fn after(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Whether these two hear each other, and nobody else hears anybody.
fn only_talk(world: &World, one: SocketAddr, other: SocketAddr) -> bool {
    let mut bridges = world.sound.bridges();
    bridges.sort();
    let mut wanted = vec![(one, other), (other, one)];
    wanted.sort();
    bridges == wanted
}

fn outcomes(record: &CallRecord) -> Vec<Option<TransferEnd>> {
    record.transfers.iter().map(|transfer| transfer.outcome).collect()
}

fn status(code: u16) -> StatusCode {
    StatusCode::new(code).expect("a status")
}

#[test]
fn a_telephone_has_its_caller_put_through_and_the_number_stays_the_callers() {
    let (mut world, call, second, third) =
        talk(refers_to("1002"), WhenCalled::answer(2_000, vec![answered(20_000, Deed::HangUp)]));
    world.run(after(5));
    let parties = (world.seen(call).sound, world.received(second).sound);
    assert!(only_talk(&world, parties.0, parties.1), "they talk on while the third rings");
    world.run(after(5));
    assert!(only_talk(&world, world.seen(call).sound, world.received(third).sound));
    let referrer = world.received(second);
    assert_eq!(referrer.referred, [ReferOutcome::Status(StatusCode::OK)]);
    assert_eq!(referrer.refer_progress.last(), Some(&180));
    assert!(matches!(referrer.ended, Some((_, SessionEnd::HungUpByPeer { .. }))), "the desk lets it go");
    let to_third = world.network.trace().iter().find_map(|sent| match &sent.message {
        Message::Request(request) if request.method == Method::INVITE => {
            (sent.to == world.robot(third).person.address).then_some(request)
        }
        _ => None,
    });
    let shown = to_third.expect("it was called").headers.from().expect("From");
    assert_eq!(shown.uri.user().as_deref(), Some("1003"));
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::CalleeHungUp));
    assert_eq!(outcomes(&record), [Some(TransferEnd::Completed); 2]);
}

#[test]
fn whom_it_names_does_not_come_and_the_two_talk_on() {
    let seconds = Duration::from_secs(1);
    for (third, told, outcome) in [
        (WhenCalled::Refuse(486), 486, TransferEnd::Busy),
        (WhenCalled::RingThenRefuse { after: seconds, status: 603 }, 603, TransferEnd::Declined),
        (WhenCalled::Ring, 480, TransferEnd::NoAnswer),
    ] {
        let (mut world, call, second, _) = talk(refers_to("1002"), third);
        world.run(after(38));
        assert!(only_talk(&world, world.seen(call).sound, world.received(second).sound), "{told}");
        if outcome != TransferEnd::NoAnswer {
            assert_eq!(world.received(second).referred, [ReferOutcome::Status(status(told))]);
        }
        let record = world.settle().pop().expect("a record");
        let transfer = record.transfers.last().expect("a transfer");
        if outcome != TransferEnd::NoAnswer {
            assert_eq!(transfer.outcome, Some(outcome));
        }
    }
}

#[test]
fn whom_it_names_is_nobody_or_not_there() {
    let (mut world, call, second, _) = talk(refers_to("999"), WhenCalled::Ring);
    world.run(after(8));
    assert_eq!(world.received(second).referred, [ReferOutcome::Refused(StatusCode::NOT_FOUND)]);
    assert!(only_talk(&world, world.seen(call).sound, world.received(second).sound));
    world.settle();
    let (mut world, call, second, third) = talk(refers_to("1002"), WhenCalled::Ring);
    world.unregister(third);
    world.run(after(8));
    assert!(
        matches!(world.received(second).referred[..], [ReferOutcome::Status(status)] if !status.is_success())
    );
    assert!(only_talk(&world, world.seen(call).sound, world.received(second).sound));
    world.settle();
}

#[test]
fn who_refers_hangs_up_before_the_third_answers() {
    let acts = vec![answered(3_000, Deed::Refer("1002")), answered(4_000, Deed::HangUp)];
    let (mut world, call, second, third) =
        talk(acts, WhenCalled::answer(4_000, vec![answered(9_000, Deed::HangUp)]));
    world.run(after(6));
    assert!(world.received(second).ended.is_some());
    assert_eq!(world.sound.bridges(), [], "the caller waits");
    world.run(after(6));
    assert!(only_talk(&world, world.seen(call).sound, world.received(third).sound));
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::CalleeHungUp));
}

#[test]
fn who_is_put_through_holds_meanwhile() {
    let acts = vec![answered(2_500, Deed::Hold), answered(3_000, Deed::Refer("1002"))];
    let (mut world, call, _, third) =
        talk(acts, WhenCalled::answer(2_000, vec![answered(12_000, Deed::HangUp)]));
    world.run(after(12));
    let (one, other) = (world.seen(call).sound, world.received(third).sound);
    assert!(only_talk(&world, one, other));
    assert_eq!(world.sound.direction_to(other), world.sound.direction_to(one), "nobody is on hold any more");
    world.settle();
}

#[test]
fn a_telephone_joins_its_two_calls_and_the_other_two_hear_each_other() {
    for refers_first in [true, false] {
        let mut world = World::new(12, &House::default());
        let acts = |joins: bool| if joins { vec![answered(3_000, Deed::Join)] } else { vec![] };
        let middle = world.phone("1001", WhenCalled::answer(500, acts(refers_first)));
        let third = world.phone("1002", WhenCalled::answer(500, vec![answered(15_000, Deed::HangUp)]));
        let first = world.phone("1003", WhenCalled::Refuse(486));
        world.run(after(1));
        let call = world.call(first, "1001", vec![]);
        world.run(after(1));
        let consultation = world.call(middle, "1002", acts(!refers_first));
        world.run(after(8));
        let (one, other) = (world.seen(call).sound, world.received(third).sound);
        assert!(
            only_talk(&world, one, other),
            "joined in its {} call",
            if refers_first { "first" } else { "second" }
        );
        assert!(world.seen(consultation).ended.is_some());
        let records = world.settle();
        let reasons: Vec<_> = records.iter().map(|record| record.end.as_ref().unwrap().reason).collect();
        assert_eq!(
            reasons.iter().filter(|reason| **reason == EndReason::Transferred).count(),
            1,
            "{reasons:?}"
        );
    }
}

#[test]
fn a_call_that_is_joined_with_none_goes_on() {
    let mut world = World::new(12, &House::default());
    // Its other call is with a flow, which nobody can be joined with.
    let middle = world.phone(
        "1001",
        WhenCalled::answer(500, vec![answered(3_000, Deed::Join), answered(9_000, Deed::HangUp)]),
    );
    let first = world.phone("1003", WhenCalled::Refuse(486));
    world.run(after(1));
    let call = world.call(first, "1001", vec![]);
    world.run(after(1));
    world.call(middle, "100", vec![at(6_000, Deed::HangUp)]);
    world.run(after(5));
    assert!(world.seen(call).ended.is_none(), "a refused REFER ends no call");
    let records = world.settle();
    assert!(records.iter().all(|record| record.transfers.iter().all(|one| one.outcome.is_some())));
}

#[test]
fn a_telephone_picks_up_what_rings_at_another() {
    let mut world = World::new(13, &House::default());
    let ringing = world.phone("1001", WhenCalled::Ring);
    let picker = world.phone("1002", WhenCalled::Refuse(486));
    world.run(after(1));
    let caller = world.caller();
    let call = world.call(caller, "1001", vec![]);
    world.run(after(3));
    let picked = world.pick_up(picker, ringing, vec![answered(5_000, Deed::HangUp)]).expect("it rings");
    world.run(after(2));
    assert!(only_talk(&world, world.seen(call).sound, world.seen(picked).sound));
    let end = world.received(ringing).ended.clone();
    assert!(
        matches!(end, Some((_, SessionEnd::CancelledByPeer { reason: Some(reason) })) if reason.contains("200"))
    );
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::CalleeHungUp));
}

#[test]
fn what_nobody_knows_any_more_cannot_be_picked_up() {
    let mut world = World::new(13, &House::default());
    let ringing = world.phone("1001", WhenCalled::Ring);
    let picker = world.phone("1002", WhenCalled::Refuse(486));
    world.run(after(1));
    let caller = world.caller();
    world.call(caller, "1001", vec![at(2_000, Deed::HangUp)]);
    world.run(after(4));
    let late = world.pick_up(picker, ringing, vec![]).expect("it rang");
    world.run(after(1));
    let refused = world.seen(late).ended.clone();
    let gone = StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST;
    assert!(
        matches!(refused, Some((_, SessionEnd::Refused { status, .. })) if status == gone),
        "{refused:?}"
    );
    assert_eq!(world.settle().len(), 1);
}

#[test]
fn a_pick_up_that_is_refused_is_refused_the_same_way_when_the_refusal_is_lost() {
    let mut world = World::new(13, &House::default());
    let ringing = world.phone("1001", WhenCalled::Ring);
    let picker = world.phone("1002", WhenCalled::Refuse(486));
    world.run(after(1));
    let caller = world.caller();
    world.call(caller, "1001", vec![at(2_000, Deed::HangUp)]);
    world.run(after(4));
    let late = world.pick_up(picker, ringing, vec![]).expect("it rang");
    // 5 ms each way: the INVITE, its challenge and the proof arrive, the refusal does not.
    world.run(Duration::from_millis(12));
    world.network.plan.loss_percent = 100;
    world.run(Duration::from_millis(100));
    world.network.heal();
    world.run(after(2));
    let refused = world.seen(late).ended.clone();
    let gone = StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST;
    assert!(
        matches!(refused, Some((_, SessionEnd::Refused { status, .. })) if status == gone),
        "{refused:?}"
    );
    world.settle();
}

#[test]
fn two_who_put_each_others_callers_through_leave_nothing() {
    // Each refers whoever it talks with to the other; the caller's patience ends it.
    let mut world = World::new(14, &House::default());
    let refers = |to| WhenCalled::answer(500, vec![answered(1_000, Deed::Refer(to))]);
    world.phone("1001", refers("1002"));
    world.phone("1002", refers("1001"));
    let caller = world.phone("1003", WhenCalled::Refuse(486));
    world.run(after(1));
    world.call(caller, "1001", vec![at(60_000, Deed::HangUp)]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::CallerHungUp));
    assert!(record.transfers.len() > 10, "{}", record.transfers.len());
}

#[test]
fn who_has_not_said_where_its_sound_goes_is_not_put_to_a_flow() {
    let mut world = World::new(15, &House::default());
    let acts = vec![answered(1_000, Deed::Refer("100")), answered(3_000, Deed::HangUp)];
    let phone = world.phone("1001", WhenCalled::answer(500, acts));
    world.run(after(1));
    let caller = world.caller();
    world.call_without_offer(caller, "1001", vec![]);
    world.run(Duration::from_millis(300));
    // It was offered to, and its ACK, which would answer, never comes.
    world.vanish(caller);
    world.settle();
    assert_eq!(world.received(phone).referred, [ReferOutcome::Refused(StatusCode::REQUEST_PENDING)]);
}
