//! Telephones that do not do what telephones do.

use crate::desk;
use crate::neighbour::{CARRIER, Neighbour, STRANGER, header, sound_at, status};
use crate::rig::desk::PASSWORDS;
use crate::rig::records::{reason, steps};
use crate::stream::Stream;
use frontdesk_call_record::EndReason;

/// A registered telephone that is played by hand, and a caller.
fn parties(desk: &crate::rig::desk::Desk) -> (Neighbour, Neighbour, Stream) {
    let phone = Neighbour::at(STRANGER, desk.address);
    let (number, password) = PASSWORDS[0];
    phone.register(number, password);
    (phone, Neighbour::at(CARRIER, desk.address), Stream::at(CARRIER))
}

#[test]
fn a_telephone_that_says_nothing_at_all_is_unreachable() {
    let desk = desk();
    let (phone, caller, stream) = parties(&desk);
    let invite = caller.invite("102", &sound_at(stream.address()));
    caller.call(&invite);
    phone.wait_for_request("INVITE");
    caller.wait_for_request("BYE");
    let record = desk.closed_record();
    assert_eq!(steps(&record), ["put_through", "was_unreachable"]);
}

#[test]
fn a_telephone_that_answers_with_nonsense_is_hung_up_on_and_the_caller_is_served() {
    let desk = desk();
    let (phone, caller, stream) = parties(&desk);
    for description in ["", "v=0\r\n", "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 0 RTP/AVP 0\r\n"] {
        let invite = caller.invite("102", &sound_at(stream.address()));
        let answer = caller.call(&invite);
        let called = phone.wait_for_request("INVITE");
        phone.pick_up(&called, description);
        let bye = phone.wait_for_request("BYE");
        phone.answer(&bye, "200 OK", &[], "");
        assert_eq!(status(&caller.hang_up(&invite, &answer)), 200);
    }
    desk.closed_records(3);
}

#[test]
fn a_caller_who_gives_up_while_the_telephone_rings_ends_the_ringing() {
    let desk = desk();
    let (phone, caller, stream) = parties(&desk);
    for method in ["CANCEL", "BYE"] {
        let invite = caller.invite(PASSWORDS[0].0, &sound_at(stream.address()));
        caller.send(invite.text());
        let called = phone.wait_for_request("INVITE");
        phone.answer(&called, "180 Ringing", &[format!("Contact: <sip:{}>", phone.address())], "");
        let ringing = caller.wait_for("180", |message| message.starts_with("SIP/2.0 180"));
        let mut farewell = caller.within(&invite, &ringing, method, if method == "BYE" { 2 } else { 1 });
        if method == "CANCEL" {
            farewell.via.clone_from(&invite.via);
            farewell.to.clone_from(&invite.to);
        }
        caller.send(farewell.text());
        let mut answers = [0, 0];
        while answers.contains(&0) {
            let message = caller.wait_for("an answer", |message| status(message) >= 200);
            answers[usize::from(header(&message, "CSeq").ends_with("INVITE"))] = status(&message);
        }
        assert_eq!(answers, [200, 487], "{method}");
        let cancel = phone.wait_for_request("CANCEL");
        phone.answer(&cancel, "200 OK", &[], "");
        phone.answer(&called, "487 Request Terminated", &[], "");
        phone.wait_for_request("ACK");
    }
    let ends: Vec<EndReason> = desk.closed_records(2).iter().map(reason).collect();
    assert_eq!(ends, [EndReason::Cancelled, EndReason::CallerHungUp]);
}

#[test]
fn a_call_that_goes_round_in_a_circle_comes_to_an_end() {
    let desk = desk();
    let (phone, caller, stream) = parties(&desk);
    let mut invite = caller.invite(PASSWORDS[0].0, &sound_at(stream.address()));
    let hops = |message: &str| header(message, "Max-Forwards").parse::<u8>().expect("a number");
    caller.send(invite.text());
    let called = phone.wait_for_request("INVITE");
    assert_eq!(hops(&called), 69, "the desk passes the call on, so it counts as a hop (RFC 7332)");
    phone.answer(&called, "486 Busy Here", &[], "");
    assert_eq!(status(&caller.final_answer(&invite)), 486);
    caller.renew(&mut invite);
    invite.cseq += 1;
    caller.send(invite.text().replace("Max-Forwards: 70", "Max-Forwards: 1"));
    let called =
        phone.wait_for("the last round", |message| message.starts_with("INVITE ") && hops(message) == 0);
    phone.answer(&called, "483 Too Many Hops", &[], "");
    assert_eq!(status(&caller.final_answer(&invite)), 480);
}
