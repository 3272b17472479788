//! Callers whom a flow puts through to a room.

use crate::testing::{Bench, number, rules, tenant};
use frontdesk_call_flow::Flow as CallFlow;
use frontdesk_directory::{Directory, Number};
use frontdesk_media_protocol::{Audience, MediaCommand, MediaEvent, RoomId, Source};
use frontdesk_sip_stack::{SessionEnd, SessionId, SipEvent};
use std::sync::Arc;

const MEETING: &str = r#"
format = 1
flow = "meeting"
languages = ["en-US"]
start = "in"
[step.in]
transfer = "room:monday"
failed = "full"
[step.full]
hang_up = "The room is full."
"#;

/// A desk where 700 leads to the room.
fn bench() -> Bench {
    let flow = CallFlow::read_by_own_name("meeting.toml", MEETING).expect("a flow");
    let mut rules = rules();
    let meeting =
        Number { tenant: tenant("main"), number: number("700"), flow: flow.id().clone(), record: false };
    let directory = Directory::builder().tenant(rules.directory.tenant(&tenant("main")).expect("it").clone());
    let phones = ["1001", "1002", "1003"]
        .map(|text| rules.directory.phone(&tenant("main"), &number(text)).expect("a phone").clone());
    let directory = phones.into_iter().fold(directory, |directory, phone| directory.phone(phone));
    rules.directory = Arc::new(directory.number(meeting).build().expect("a directory"));
    rules.flows.insert(flow.id().clone(), flow);
    let mut bench = Bench::new();
    bench.rule(rules);
    bench
}

/// The rooms that a session's leg was brought to.
fn rooms_of(bench: &Bench, session: SessionId) -> Vec<RoomId> {
    let caller = bench.leg(session);
    let joined = |command: &MediaCommand| match command {
        MediaCommand::JoinRoom { leg, room, audience: Audience::Everybody, announced: true }
            if *leg == caller =>
        {
            Some(*room)
        }
        _ => None,
    };
    bench.media.iter().filter_map(joined).collect()
}

fn enters(bench: &mut Bench, phone: &str) -> SessionId {
    let session = bench.phone_calls(phone, "700");
    bench.sip(SipEvent::Confirmed { session, description: None });
    session
}

#[test]
fn all_who_are_put_through_to_a_room_hear_each_other_in_it() {
    let mut bench = bench();
    let callers = ["1001", "1002", "1003"].map(|phone| enters(&mut bench, phone));
    let rooms = callers.map(|caller| rooms_of(&bench, caller));
    assert!(rooms.iter().all(|room| room.len() == 1 && *room == rooms[0]), "{rooms:?}");
    assert_eq!(bench.told(0), ["transfer_started", "transfer_answered"]);
    assert!(bench.bridges().is_empty());
}

#[test]
fn a_room_ends_with_its_last_caller_and_its_name_begins_another_one() {
    let mut bench = bench();
    let first = enters(&mut bench, "1001");
    let room = rooms_of(&bench, first);
    let leg = bench.leg(first);
    bench.ends(first, SessionEnd::HungUpByPeer { reason: None });
    bench.media_tells(MediaEvent::PortClosed { leg, counters: Default::default() });
    let second = enters(&mut bench, "1002");
    assert_ne!(rooms_of(&bench, second), room);
}

#[test]
fn who_finds_no_place_in_a_room_is_told_so_by_the_flow() {
    let mut bench = bench();
    let caller = enters(&mut bench, "1001");
    let (leg, room) = (bench.leg(caller), rooms_of(&bench, caller)[0]);
    bench.media_tells(MediaEvent::RoomFull { leg, room });
    let said = bench.media.iter().any(|command| {
        matches!(command, MediaCommand::Play { leg: one, source: Source::Phrase { text, .. }, .. }
            if *one == leg && &**text == "The room is full.")
    });
    assert!(said, "{:?}", bench.media);
    assert_eq!(bench.told(0), ["transfer_started", "transfer_answered", "transfer_ended"]);
    bench.media_tells(MediaEvent::RoomFull { leg, room });
    assert_eq!(bench.told(0).len(), 3, "told twice, it is still one");
}
