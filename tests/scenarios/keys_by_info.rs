//! Telephones that tell their keys by INFO.

use frontdesk_call_record::{CallRecord, EndReason, Fact, TransferEnd};
use frontdesk_sip_message::Message;
use frontdesk_tests::simulator::{Act, CallName, Deed, House, WhenCalled, World, answered, asked};

/// A caller of the reception who does `acts`; sales is there and talks for a while.
fn calling(no_events: bool, acts: Vec<Act>) -> (World, CallName, CallRecord) {
    let mut world = World::new(7, &House::default());
    let phone = world.phone("1001", WhenCalled::answer(1_000, vec![answered(8_000, Deed::HangUp)]));
    let caller = world.caller();
    if no_events {
        world.without_events(caller);
        world.without_events(phone);
    }
    let call = world.call(caller, "100", acts);
    let record = world.settle().pop().expect("a record");
    (world, call, record)
}

fn pressed(world: &World) -> String {
    let key = |fact: &Fact| match fact {
        Fact::CallerPressed { key } => Some(*key),
        _ => None,
    };
    world.facts().iter().filter_map(|fact| key(&fact.fact)).collect()
}

/// The final statuses that INFOs got.
fn told_of_infos(world: &World) -> Vec<u16> {
    let status = |message: &Message| match message {
        Message::Response(response) => {
            let of_info = response.headers.cseq().is_ok_and(|cseq| cseq.method.as_str() == "INFO");
            of_info.then(|| response.status.as_u16())
        }
        Message::Request(_) => None,
    };
    world.network.trace().iter().filter_map(|sent| status(&sent.message)).collect()
}

#[test]
fn a_key_by_info_chooses() {
    let (world, _, record) = calling(true, vec![asked(1, Deed::Inform('1'))]);
    assert_eq!(record.steps[1].answer.as_deref(), Some("sales"));
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
    assert_eq!((pressed(&world).as_str(), told_of_infos(&world)), ("1", vec![200]));
}

#[test]
fn a_telephone_that_tells_a_key_both_ways_presses_it_once() {
    let (world, _, record) = calling(false, vec![asked(1, Deed::Inform('1')), asked(1, Deed::Press('1'))]);
    assert_eq!(record.steps[1].answer.as_deref(), Some("sales"));
    assert_eq!((pressed(&world).as_str(), told_of_infos(&world)), ("1", vec![200]));
}

#[test]
fn where_telephone_events_are_agreed_an_info_alone_is_no_key() {
    let (world, _, _) = calling(false, vec![asked(1, Deed::Inform('1'))]);
    assert_eq!((pressed(&world).as_str(), told_of_infos(&world)), ("", vec![200]));
}

#[test]
fn a_tone_in_the_sound_beside_an_info_is_the_same_press() {
    let (world, _, record) = calling(true, vec![asked(1, Deed::Press('1')), asked(1, Deed::Inform('1'))]);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert_eq!(pressed(&world), "1");
}

#[test]
fn in_a_talk_a_key_by_info_goes_to_the_other_party_alone() {
    let mut world = World::new(7, &House::default());
    let called = world.phone(
        "1001",
        WhenCalled::answer(1_000, vec![answered(3_000, Deed::Inform('8')), answered(9_000, Deed::HangUp)]),
    );
    let caller = world.phone("1003", WhenCalled::Refuse(486));
    for robot in [called, caller] {
        world.without_events(robot);
    }
    world.run(std::time::Duration::from_millis(500));
    let call = world.call(caller, "1001", vec![answered(2_000, Deed::Inform('7'))]);
    world.settle();
    let (one, other) = (world.seen(call).sound, world.received(called).sound);
    assert_eq!(world.sound.digits(), [(other, "7".to_owned()), (one, "8".to_owned())]);
    assert_eq!(told_of_infos(&world), [200, 200]);
    assert_eq!(pressed(&world), "", "it is their own business");
}

#[test]
fn a_flood_of_infos_does_not_flood_the_record() {
    let acts = (0..200).map(|_| answered(1_000, Deed::Inform('9'))).collect();
    let (world, _, _) = calling(true, acts);
    assert_eq!(told_of_infos(&world), [200; 200], "each is answered");
    assert_eq!(pressed(&world).len(), 32);
}
