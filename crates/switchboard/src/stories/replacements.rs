//! INVITE with Replaces.

use crate::testing::Bench;
use frontdesk_call_record::{EndReason, Fact};
use frontdesk_sip_stack::{Admission, SessionId, SipCommand, SipEvent};

fn replace(bench: &mut Bench, phone: &str, host: u8, old: SessionId) -> SessionId {
    bench.calls(Admission::Account { username: phone.to_owned() }, host, "1001", Some(old))
}

fn answered(bench: &Bench, session: SessionId) -> bool {
    bench
        .commands
        .iter()
        .any(|command| matches!(command, SipCommand::Accept { session: one, .. } if *one == session))
}

fn refused(bench: &Bench, session: SessionId) -> Option<u16> {
    bench.commands.iter().find_map(|command| match command {
        SipCommand::Refuse { session: one, status, .. } if *one == session => Some(status.as_u16()),
        _ => None,
    })
}

#[test]
fn it_takes_the_place_of_the_called() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    let new = replace(&mut bench, "1002", 102, called);
    assert!(answered(&bench, new) && bench.was_ended(called));
    assert!(bench.only_talk(caller, new));
    bench.sip(SipEvent::Confirmed { session: new, description: None });
    bench.hangs_up(new);
    assert!(bench.was_ended(caller));
    assert_eq!(bench.board.census().legs, 0);
    assert_eq!(bench.told(0).iter().filter(|fact| **fact == "replaced").count(), 1);
}

#[test]
fn it_takes_the_place_of_the_caller() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    let new = replace(&mut bench, "1002", 102, caller);
    assert!(bench.was_ended(caller) && bench.only_talk(new, called));
    bench.hangs_up(new);
    let reason = bench.facts.iter().find_map(|(_, fact)| match fact {
        Fact::CallEnded { reason, .. } => Some(*reason),
        _ => None,
    });
    assert_eq!(reason, Some(EndReason::CallerHungUp));
}

#[test]
fn it_picks_up_what_rings_at_another_telephone() {
    let mut bench = Bench::new();
    let caller = bench.phone_calls("1003", "1001");
    let ringing = bench.session_to(101);
    bench.progress(ringing, 180, None);
    let new = replace(&mut bench, "1002", 102, ringing);
    assert!(answered(&bench, caller) && bench.was_ended(ringing));
    assert!(bench.only_talk(caller, new));
}

#[test]
fn a_peers_sound_waits_for_its_acknowledgement() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    let new = bench.calls(Admission::Peer { name: "carrier".to_owned() }, 9, "1001", Some(called));
    assert!(bench.only_talk(caller, new));
    let sends = |bench: &Bench| {
        let leg = bench.leg(new);
        bench.media.iter().rev().find_map(|command| match command {
            frontdesk_media_protocol::MediaCommand::Configure { leg: one, audio } if *one == leg => {
                Some(audio.direction.sends())
            }
            _ => None,
        })
    };
    assert_eq!(sends(&bench), Some(false));
    bench.sip(SipEvent::Confirmed { session: new, description: None });
    assert_eq!(sends(&bench), Some(true));
}

#[test]
fn what_cannot_be_replaced_is_unknown() {
    let mut bench = Bench::new();
    let (_, called) = bench.talk("1003", "1001", 101);
    let strange = replace(&mut bench, "2001", 104, called);
    assert_eq!(refused(&bench, strange), Some(481), "another tenant's");
    let nothing = replace(&mut bench, "1002", 102, SessionId::Incoming(77));
    assert_eq!(refused(&bench, nothing), Some(481));
    assert!(!bench.was_ended(called));
    let flow = bench.phone_calls("1002", "100");
    let of_flow = replace(&mut bench, "1001", 101, flow);
    assert_eq!(refused(&bench, of_flow), Some(481), "who talks with a flow");
}

#[test]
fn the_call_ends_while_the_new_one_comes() {
    let mut bench = Bench::new();
    let (caller, called) = bench.talk("1003", "1001", 101);
    bench.hold_ports = true;
    let new = replace(&mut bench, "1002", 102, called);
    bench.hangs_up(caller);
    bench.open_ports();
    assert_eq!(refused(&bench, new), Some(481));
    assert_eq!(bench.board.census().legs, 0);
}
