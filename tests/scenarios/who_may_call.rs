//! Admission, as the whole node does it.

use frontdesk_call_record::AdmittedBy;
use frontdesk_media_protocol::Direction;
use frontdesk_sip_stack::SessionEnd;
use frontdesk_tests::simulator::{House, RobotId, WhenCalled, World};
use std::net::SocketAddr;
use std::time::Duration;

/// What a robot that calls gets as its last word.
fn final_status(world: &mut World, robot: RobotId, number: &str) -> Option<u16> {
    let call = world.call(robot, number, vec![]);
    world.settle();
    match &world.seen(call).ended {
        Some((_, SessionEnd::Refused { status, .. })) => Some(status.as_u16()),
        _ => None,
    }
}

fn stranger(world: &mut World, identity: &str) -> RobotId {
    world.stranger(identity, SocketAddr::from(([203, 0, 113, 9], 5060)))
}

#[test]
fn a_stranger_learns_nothing_about_which_numbers_exist() {
    let mut world = World::new(8, &House::default());
    let robot = stranger(&mut world, "<sip:mallory@203.0.113.9>");
    for number in ["100", "102", "1001", "999", "nobody"] {
        assert_eq!(final_status(&mut world, robot, number), Some(401), "{number}");
    }
    assert!(world.facts().is_empty(), "no record for who was not let in");
}

#[test]
fn a_wrong_password_is_refused_and_told_to_the_operator() {
    let mut world = World::new(8, &House::default());
    let phone = world.unregistered_phone("1003", WhenCalled::Refuse(486));
    world.set_password(phone, "wrong");
    let status = final_status(&mut world, phone, "100");
    assert!(matches!(status, Some(401 | 403)), "{status:?}");
    let failed = world.notices().iter().any(|notice| {
        matches!(
            notice,
            frontdesk_switchboard::Notice::Sip(frontdesk_sip_stack::SipFact::AuthenticationFailed { .. })
        )
    });
    assert!(failed);
    assert!(world.facts().is_empty());
}

#[test]
fn a_peer_brings_callers_of_many_names() {
    let mut world = World::new(8, &House::default());
    let names = [
        ("\"Ada Lovelace\" <sip:+4930111@carrier.example>", Some("Ada Lovelace"), "+4930111"),
        ("<sip:+4930222@carrier.example>", None, "+4930222"),
        (
            "\"Zo\u{eb} \\\"Z\\\" O'Hara\" <sip:zoe.ohara@carrier.example;user=phone>",
            Some("Zo\u{eb} \"Z\" O'Hara"),
            "zoe.ohara",
        ),
        ("<sip:carrier.example>", None, "anonymous"),
        ("\"\" <tel:+4930333>", None, "+4930333"),
    ];
    let callers: Vec<_> = names.iter().map(|(identity, _, _)| world.caller_named(identity)).collect();
    for caller in callers {
        world.call(caller, "102", vec![]);
        world.run(Duration::from_millis(50));
    }
    let records = world.settle();
    for (record, (identity, name, number)) in records.iter().zip(names) {
        assert_eq!(record.caller.name.as_ref().map(|name| name.as_str()), name, "{identity}");
        assert_eq!(record.caller.number.as_str(), number, "{identity}");
        assert_eq!(record.admitted_by, Some(AdmittedBy::Peer("carrier".to_owned())));
    }
    assert_eq!(records.len(), 5);
}

#[test]
fn a_telephone_cannot_call_itself_what_it_likes() {
    let mut world = World::new(8, &House::default());
    let phone = world.unregistered_phone("1003", WhenCalled::Refuse(486));
    world.set_identity(phone, "\"The Director\" <sip:1001@192.0.2.1>");
    world.call(phone, "102", vec![]);
    let record = world.settle().pop();
    if let Some(record) = record {
        assert_eq!(record.caller.number.as_str(), "1003");
        assert_eq!(record.caller.name.as_ref().map(|name| name.as_str()), Some("Workshop"));
    }
}

#[test]
fn no_sound_goes_to_whom_an_unproven_peer_names() {
    let mut world = World::new(8, &House::default());
    world.phone("1001", WhenCalled::answer(300, vec![]));
    world.run(Duration::from_millis(500));
    for number in ["100", "1001"] {
        let caller = world.caller();
        let call = world.call(caller, number, vec![]);
        world.run(Duration::from_millis(6));
        // The 200 goes to the address that was borrowed, and nobody there acknowledges it.
        world.vanish(caller);
        world.run(Duration::from_secs(3));
        let direction = world.sound.direction_to(world.seen(call).sound);
        assert_eq!(direction, Some(Direction::ReceiveOnly), "{number}: nothing is sent before the ACK");
    }
    world.settle();
}
