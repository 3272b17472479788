//! Keys that change in the middle of a call.

use super::*;
use std::time::Duration;

const SUITE: SrtpSuite = SrtpSuite::AesCm128HmacSha1_80;

fn keys(send: u8, receive: u8) -> SrtpKeys {
    SrtpKeys { suite: SUITE, send: key(SUITE, send), receive: key(SUITE, receive) }
}

fn boxed(send: u8, receive: u8) -> Option<Box<Security>> {
    Some(Box::new(Security::new(&keys(send, receive))))
}

fn open(guard: &mut Guard, packet: &[u8], now: Moment) -> Result<(), SecureFault> {
    guard.open_rtp(packet, now, &mut Room::new())
}

fn seal(guard: &mut Guard, sequence: u16) -> Vec<u8> {
    let mut room = packet(1, sequence);
    let plain = room.len();
    room.resize(plain + ADDED_TO_RTP, 0);
    let length = guard.seal_rtp(&mut room, plain);
    room.truncate(length);
    room
}

#[test]
fn the_same_keys_again_go_on_where_they_were() {
    let (mut guard, now) = (Guard::default(), Moment::ZERO);
    assert!(guard.change(boxed(1, 2), now).is_none());
    let mut peer = Sealing::new(SUITE, &key(SUITE, 2));
    let early = sealed(&mut peer, &packet(7, 65_000));
    assert_eq!(open(&mut guard, &early, now), Ok(()));
    assert!(!seal(&mut guard, 9).is_empty());
    assert!(guard.change(boxed(1, 2), now).is_some(), "what is superfluous is dropped elsewhere");
    assert_eq!(open(&mut guard, &early, now), Err(SecureFault::Replayed));
    assert!(seal(&mut guard, 9).is_empty(), "no index twice");
    // A hold without encryption, and back.
    guard.change(None, now);
    assert!(!guard.is_on());
    assert_eq!(seal(&mut guard, 10).len(), packet(1, 10).len(), "plain");
    guard.change(boxed(1, 2), now);
    assert_eq!(open(&mut guard, &early, now), Err(SecureFault::Replayed));
    assert!(seal(&mut guard, 9).is_empty());
}

#[test]
fn one_direction_may_change_alone() {
    let (mut guard, now) = (Guard::default(), Moment::ZERO);
    guard.change(boxed(1, 2), now);
    assert!(!seal(&mut guard, 9).is_empty());
    guard.change(boxed(1, 3), now);
    assert!(seal(&mut guard, 9).is_empty(), "our key is the same, and its indices go on");
    let fresh = sealed(&mut Sealing::new(SUITE, &key(SUITE, 3)), &packet(7, 1));
    assert_eq!(open(&mut guard, &fresh, now), Ok(()));
    guard.change(boxed(4, 3), now);
    assert!(!seal(&mut guard, 9).is_empty());
    assert_eq!(open(&mut guard, &fresh, now), Err(SecureFault::Replayed));
}

#[test]
fn what_the_old_key_encrypted_is_opened_for_a_while() {
    let (mut guard, now) = (Guard::default(), Moment::from_millis(1_000));
    guard.change(boxed(1, 2), now);
    let mut old = Sealing::new(SUITE, &key(SUITE, 2));
    let (first, second, third) =
        (sealed(&mut old, &packet(7, 1)), sealed(&mut old, &packet(7, 2)), sealed(&mut old, &packet(7, 3)));
    assert_eq!(open(&mut guard, &first, now), Ok(()));
    guard.change(boxed(1, 3), now);
    let fresh = sealed(&mut Sealing::new(SUITE, &key(SUITE, 3)), &packet(7, 4));
    assert_eq!(open(&mut guard, &fresh, now), Ok(()));
    assert_eq!(open(&mut guard, &second, now + Duration::from_secs(4)), Ok(()), "late, of the old key");
    assert_eq!(open(&mut guard, &first, now), Err(SecureFault::Replayed), "replays stay replays");
    assert_eq!(open(&mut guard, &third, now + KEY_OVERLAP), Err(SecureFault::NotAuthentic));
}

#[test]
fn a_peer_that_keeps_its_rollover_counter_over_a_change_of_keys_is_understood() {
    let (mut guard, now) = (Guard::default(), Moment::ZERO);
    guard.change(boxed(1, 2), now);
    let (mut old, mut kept) = (Sealing::new(SUITE, &key(SUITE, 2)), Sealing::new(SUITE, &key(SUITE, 3)));
    for n in 0..70_000u32 {
        let plain = packet(7, n as u16);
        assert_eq!(open(&mut guard, &sealed(&mut old, &plain), now), Ok(()));
        sealed(&mut kept, &plain);
    }
    guard.change(boxed(1, 3), now);
    for n in 70_000..70_010u32 {
        assert_eq!(open(&mut guard, &sealed(&mut kept, &packet(7, n as u16)), now), Ok(()));
    }
    // And one that begins anew, as RFC 4568 has it.
    guard.change(boxed(1, 4), now);
    let mut anew = Sealing::new(SUITE, &key(SUITE, 4));
    assert_eq!(open(&mut guard, &sealed(&mut anew, &packet(7, 5_000)), now), Ok(()));
}
