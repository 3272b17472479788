//! What a caller hears before the answer.

use crate::testing::{Bench, described, status};
use frontdesk_media_protocol::{Direction, MediaCommand};
use frontdesk_sip_stack::{SessionEnd, SessionId, SipCommand};

/// The statuses that the caller was told, and whether each came with a description.
fn rings(bench: &Bench) -> Vec<(u16, bool)> {
    let ring = |command: &SipCommand| match command {
        SipCommand::Ring { status, description, .. } => Some((status.as_u16(), description.is_some())),
        _ => None,
    };
    bench.commands.iter().filter_map(ring).collect()
}

fn directions(bench: &Bench, session: SessionId) -> Vec<Direction> {
    let leg = bench.leg(session);
    let configured = |command: &MediaCommand| match command {
        MediaCommand::Configure { leg: one, audio } if *one == leg => Some(audio.direction),
        _ => None,
    };
    bench.media.iter().filter_map(configured).collect()
}

#[test]
fn early_sound_is_heard_one_way_and_the_answer_is_the_same_description() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls("1003", "1001");
    let called = bench.session_to(101);
    bench.progress(called, 183, Some(described(101)));
    assert_eq!(rings(&bench), [(183, true)]);
    assert!(bench.only_talk(caller, called));
    assert_eq!(directions(&bench, caller), [Direction::SendOnly], "nothing is awaited of the caller yet");
    assert_eq!(directions(&bench, called), [Direction::ReceiveOnly], "and nothing goes to the called");
    bench.progress(called, 183, Some(described(111)));
    assert_eq!(rings(&bench).len(), 1, "another branch is heard without another word");
    bench.answer(called, described(121));
    assert!(bench.only_talk(caller, called));
    assert_eq!(directions(&bench, caller).last(), Some(&Direction::SendReceive));
    let described_to_caller: Vec<_> = bench
        .commands
        .iter()
        .filter_map(|command| match command {
            SipCommand::Ring { description: Some(description), .. } => Some(description),
            SipCommand::Accept { description, .. } => Some(description),
            _ => None,
        })
        .collect();
    assert_eq!(described_to_caller.len(), 2);
    assert_eq!(described_to_caller[0], described_to_caller[1]);
    let leg = bench.leg(called);
    let last = bench.media.iter().rev().find_map(|command| match command {
        MediaCommand::Configure { leg: one, audio } if *one == leg => Some(audio.remote),
        _ => None,
    });
    assert_eq!(last, Some("192.0.2.121:4000".parse().unwrap()), "the answered branch counts");
    assert_eq!(bench.told(0).iter().filter(|fact| **fact == "early_media").count(), 1);
}

#[test]
fn an_answer_without_a_description_stands_for_the_early_one() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls("1003", "1001");
    let called = bench.session_to(101);
    bench.progress(called, 183, Some(described(101)));
    bench.answer(called, Vec::new());
    assert!(bench.only_talk(caller, called));
    assert_eq!(directions(&bench, called).last(), Some(&Direction::SendReceive));
}

#[test]
fn who_is_known_by_his_address_alone_is_told_that_it_rings_instead() {
    let mut bench = Bench::new();
    bench.carrier_calls("1001");
    let called = bench.session_to(101);
    bench.progress(called, 183, Some(described(101)));
    assert_eq!(rings(&bench), [(180, false)]);
    assert_eq!(bench.bridges(), []);
}

#[test]
fn forwarded_and_queued_are_passed_on() {
    let mut bench = Bench::new();
    bench.phone_calls("1003", "1001");
    let called = bench.session_to(101);
    bench.progress(called, 181, None);
    bench.progress(called, 182, None);
    assert_eq!(rings(&bench), [(181, false), (180, false), (182, false)]);
}

#[test]
fn causes_are_passed_on_to_the_other_side() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls("1003", "1001");
    bench.refuses(bench.session_to(101), 486, Some("Q.850;cause=17;text=\"x\""));
    let told = bench.commands.iter().find_map(|command| match command {
        SipCommand::Refuse { session, status, reason, .. } if *session == caller => {
            Some((*status, reason.clone()))
        }
        _ => None,
    });
    assert_eq!(told, Some((status(486), Some("Q.850;cause=17".to_owned()))));

    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    bench.ends(caller, SessionEnd::HungUpByPeer { reason: Some("Q.850;cause=31".to_owned()) });
    let told = bench.commands.iter().find_map(|command| match command {
        SipCommand::End { session, reason } if *session == called => reason.clone(),
        _ => None,
    });
    assert_eq!(told.as_deref(), Some("Q.850;cause=31"));
}

#[test]
fn a_desk_that_stops_is_no_telephone_that_cannot_be_had() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls("1003", "1001");
    bench.end_calls();
    let told = bench.commands.iter().find_map(|command| match command {
        SipCommand::Refuse { session, status, retry_after, .. } if *session == caller => {
            Some((status.as_u16(), retry_after.is_some()))
        }
        _ => None,
    });
    assert_eq!(told, Some((503, true)));
}
