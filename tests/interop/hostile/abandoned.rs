//! Calls with which nobody goes on. The longest story: it waits for the time-outs of the wire.

use crate::desk;
use crate::neighbour::{CARRIER, Neighbour, sound_at, status};
use crate::rig::desk::PASSWORDS;
use crate::rig::records::reason;
use crate::stream::Stream;
use frontdesk_call_record::EndReason;
use std::time::{Duration, Instant};

/// INVITEs of the flood.
const FLOOD: usize = 60;
/// 64·T1, after which an ACK is not waited for, the longest silence of a call, and what the ends take.
const TIME_OUTS: Duration = Duration::from_secs(36);

#[test]
fn a_flood_of_invites_without_ack_and_a_call_without_sound_end_with_nothing_left() {
    let desk = desk();
    let before = desk.held();
    let began = Instant::now();
    // Two parties who are gone without a sound and without a goodbye.
    let (phone, caller) = (Neighbour::at(CARRIER, desk.address), Neighbour::at(CARRIER, desk.address));
    let (number, password) = PASSWORDS[0];
    phone.register(number, password);
    let (of_phone, of_caller) = (Stream::at(CARRIER), Stream::at(CARRIER));
    let invite = caller.invite(number, &sound_at(of_caller.address()));
    caller.send(invite.text());
    let called = phone.wait_for_request("INVITE");
    phone.pick_up(&called, &sound_at(of_phone.address()));
    let answer = caller.final_answer(&invite);
    assert_eq!(status(&answer), 200);
    caller.acknowledge(&invite, &answer);

    let (flood, victim) = (Neighbour::at(CARRIER, desk.address), Stream::at(CARRIER));
    for _ in 0..FLOOD {
        flood.send(flood.invite("100", &sound_at(victim.address())).text());
    }
    for _ in 0..FLOOD {
        flood.wait_for("200", |message| message.starts_with("SIP/2.0 200"));
    }
    let aimed = victim.hears_something(Duration::from_millis(500));
    assert!(!aimed, "who names somebody's address and never acknowledges has sound sent there");

    std::thread::sleep(TIME_OUTS.saturating_sub(began.elapsed()));
    let records = desk.closed_records(FLOOD + 1);
    let given_up = [EndReason::NoAck, EndReason::MediaTimeout];
    assert!(records.iter().all(|record| given_up.contains(&reason(record))), "{records:#?}");
    for party in [&phone, &caller, &flood] {
        party.wait_for_request("BYE");
    }
    assert_eq!(desk.held().udp_sockets, before.udp_sockets);
}
