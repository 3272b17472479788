//! Strange streams, and streams of strangers.

use crate::desk;
use crate::neighbour::{CARRIER, Neighbour, STRANGER, sound_address, sound_at, status};
use crate::rig::records::{reason, steps};
use crate::stream::Stream;
use frontdesk_call_record::EndReason;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(20);

/// G.711 µ silence.
const SILENCE: [u8; 160] = [0xff; 160];

#[test]
fn a_stranger_who_sprays_the_ports_gets_no_sound_and_presses_no_key() {
    let desk = desk();
    let caller = Neighbour::at(CARRIER, desk.address);
    let (mut own, mut stranger) = (Stream::at(CARRIER), Stream::at(STRANGER));
    stranger.ssrc = 1;
    let invite = caller.invite("100", &sound_at(own.address()));
    let answer = caller.call(&invite);
    let port = sound_address(&answer);
    for _ in 0..60 {
        own.send(port, 0, &SILENCE, 160);
        stranger.send(port, 0, &SILENCE, 160);
        std::thread::sleep(TICK / 2);
    }
    (0..5).for_each(|_| stranger.press(port, 2));
    own.send(port, 0, &SILENCE, 160);
    assert!(own.hears(Duration::from_millis(200)) >= 8, "the caller is still spoken to");
    assert_eq!(stranger.hears(Duration::from_millis(1)), 0, "the stranger hears nothing");
    assert_eq!(status(&caller.hang_up(&invite, &answer)), 200);
    assert_eq!(steps(&desk.closed_record()), ["wish"], "nobody chose anything");
}

#[test]
fn sound_of_every_odd_kind_is_borne_and_a_key_is_understood_after_it() {
    let desk = desk();
    let caller = Neighbour::at(CARRIER, desk.address);
    let (signalled, mut stream) = (Stream::at(CARRIER), Stream::at(CARRIER));
    let invite = caller.invite("100", &sound_at(signalled.address()));
    let answer = caller.ask(&invite);
    let port = sound_address(&answer);
    // Before the ACK, and from another port than the description says.
    stream.send(port, 0, &SILENCE, 160);
    caller.acknowledge(&invite, &answer);
    for (payload_type, length) in
        [(0, 80), (0, 240), (0, 480), (13, 1), (0, 0), (0, 481), (97, 160), (101, 1), (101, 0)]
    {
        stream.send(port, payload_type, &vec![0xff; length], length as u32);
    }
    stream.ssrc = 0x5eed;
    stream.sequence = 60_000;
    stream.timestamp = u32::MAX - 100;
    for _ in 0..5 {
        stream.send(port, 0, &SILENCE, 160);
        std::thread::sleep(TICK);
    }
    let rtcp = std::net::SocketAddr::new(port.ip(), port.port() + 1);
    for length in 0..200usize {
        let rubbish: Vec<u8> = (0..length).map(|at| (at * 37 + length * 11) as u8).collect();
        let mut nearly = rubbish.clone();
        if let Some(first) = nearly.first_mut() {
            *first = 0x80 | (length as u8 & 0x3f);
        }
        for bytes in [&rubbish, &nearly] {
            stream.send_raw(port, bytes);
            stream.send_raw(rtcp, bytes);
        }
    }
    assert!(stream.hears_something(Duration::from_secs(1)), "answered where it sends from (RFC 4961)");
    stream.sequence = stream.sequence.wrapping_add(1);
    stream.press(port, 2);
    caller.wait_for_request("BYE");
    let record = desk.closed_record();
    assert_eq!(steps(&record), ["wish", "leave"]);
    assert_eq!(reason(&record), EndReason::DeskHungUp);
}
