//! Messages that cross, come twice, come too early, or were never meant for a desk.

use crate::desk;
use crate::neighbour::{CARRIER, Neighbour, Request, header, sound_at, status};
use crate::rig::records::reason;
use crate::stream::Stream;
use frontdesk_call_record::EndReason;
use std::time::Duration;

/// A caller with a place for its sound.
fn caller(desk: &crate::rig::desk::Desk) -> (Neighbour, Stream) {
    (Neighbour::at(CARRIER, desk.address), Stream::at(CARRIER))
}

#[test]
fn every_request_in_a_call_is_answered_and_the_call_goes_on() {
    let desk = desk();
    let (caller, stream) = caller(&desk);
    let invite = caller.invite("100", &sound_at(stream.address()));
    let answer = caller.call(&invite);
    let mut cseq = 1;
    for (method, expected) in [
        // Without a body they only ask whether the call stands.
        ("INFO", 200),
        ("UPDATE", 200),
        // Each of these lacks what it is about: Refer-To, Event, a text, RAck.
        ("REFER", 400),
        ("NOTIFY", 400),
        ("SUBSCRIBE", 489),
        ("MESSAGE", 415),
        ("PRACK", 400),
        ("PUBLISH", 405),
        ("OPTIONS", 200),
        ("REGISTER", 400),
        ("INVENT", 501),
    ] {
        cseq += 1;
        let refusal = caller.ask(&caller.within(&invite, &answer, method, cseq));
        assert_eq!(status(&refusal), expected, "{method}: {refusal}");
        assert!(expected != 405 || header(&refusal, "Allow").contains("INVITE"), "{refusal}");
    }
    assert!(stream.hears_something(Duration::from_secs(1)), "the call goes on");
    let mut stale = caller.within(&invite, &answer, "OPTIONS", 1);
    stale.cseq = 1;
    assert_eq!(status(&caller.ask(&stale)), 500, "a number that was passed (RFC 3261 section 12.2.2)");
    let mut elsewhere = caller.within(&invite, &answer, "BYE", 50);
    elsewhere.to = elsewhere.to.replace("tag=", "tag=x");
    assert_eq!(status(&caller.ask(&elsewhere)), 481, "a dialog that is not there");
    assert_eq!(status(&caller.ask(&caller.within(&invite, &answer, "BYE", 51))), 200);
    assert_eq!(reason(&desk.closed_record()), EndReason::CallerHungUp);
}

#[test]
fn what_an_invite_may_not_ask_is_said_to_it() {
    let desk = desk();
    let (caller, stream) = caller(&desk);
    let sound = sound_at(stream.address());
    let with = |lines: &[&str]| {
        let mut invite = caller.invite("100", &sound);
        invite.more.extend(lines.iter().map(|line| (*line).to_owned()));
        invite
    };
    let answer = caller.ask(&with(&["Require: 100rel, timer, precondition, early-session"]));
    let unknown = "precondition, early-session";
    assert_eq!((status(&answer), header(&answer, "Unsupported").as_str()), (420, unknown));
    let mut multipart = with(&[]);
    multipart.more.retain(|line| !line.starts_with("Content-Type"));
    multipart.more.push("Content-Type: multipart/mixed;boundary=b".to_owned());
    let answer = caller.ask(&multipart);
    assert_eq!((status(&answer), header(&answer, "Accept").as_str()), (415, "application/sdp"));
    let mut spent = with(&[]).text();
    spent = spent.replace("Max-Forwards: 70", "Max-Forwards: 0");
    caller.send(spent);
    caller.wait_for("483", |message| message.starts_with("SIP/2.0 483"));
    let brief = caller.ask(&with(&["Supported: timer", "Session-Expires: 4"]));
    assert_eq!((status(&brief), header(&brief, "Min-SE").as_str()), (422, "90"));
    // The shortest session timer that may be is granted, and what is not known and only wished is passed over.
    let wished = with(&[
        "Supported: 100rel, timer, replaces, precondition",
        "Session-Expires: 90;refresher=uac",
        "Min-SE: 90",
    ]);
    let answer = caller.call(&wished);
    let granted = (header(&answer, "Require"), header(&answer, "Session-Expires"));
    assert_eq!(granted, ("timer".to_owned(), "90;refresher=uac".to_owned()));
    assert_eq!(status(&caller.hang_up(&wished, &answer)), 200);
}

#[test]
fn a_cancel_that_crosses_the_answer_leaves_no_call() {
    let desk = desk();
    let mut taken = 0;
    for _ in 0..10 {
        let (caller, stream) = caller(&desk);
        let invite = caller.invite("100", &sound_at(stream.address()));
        let cancel = Request { method: "CANCEL", more: vec![], body: String::new(), ..invite.clone() };
        caller.send(invite.text());
        caller.send(cancel.text());
        let (mut of_cancel, mut answer) = (None, None);
        while of_cancel.is_none() || answer.is_none() {
            let message = caller.wait_for("a final answer", |message| status(message) >= 200);
            let place =
                if header(&message, "CSeq").ends_with("CANCEL") { &mut of_cancel } else { &mut answer };
            *place = Some(message);
        }
        assert_eq!(of_cancel.map(|message| status(&message)), Some(200));
        let answer = answer.expect("it came");
        match status(&answer) {
            487 => caller.acknowledge_refusal(&invite, &answer),
            200 => {
                taken += 1;
                caller.acknowledge(&invite, &answer);
                assert_eq!(status(&caller.hang_up(&invite, &answer)), 200);
            }
            other => panic!("{other}: {answer}"),
        }
    }
    let records = desk.closed_records(10);
    let cancelled = records.iter().filter(|record| reason(record) == EndReason::Cancelled).count();
    assert_eq!(cancelled + taken, 10);
}

#[test]
fn a_bye_before_the_ack_ends_the_call_and_the_repeated_answer() {
    let desk = desk();
    let (caller, stream) = caller(&desk);
    let invite = caller.invite("100", &sound_at(stream.address()));
    let answer = caller.ask(&invite);
    assert_eq!(status(&caller.hang_up(&invite, &answer)), 200);
    let late = caller.receive_within(Duration::from_millis(1_200));
    assert_eq!(late, None, "the answer is not repeated to who has left");
    caller.acknowledge(&invite, &answer);
    assert_eq!(reason(&desk.closed_record()), EndReason::CallerHungUp);
}

#[test]
fn the_same_invite_by_two_ways_is_one_call() {
    let desk = desk();
    let (caller, stream) = caller(&desk);
    let invite = caller.invite("100", &sound_at(stream.address()));
    // While its port opens it comes again, by the same way and by another.
    let mut other_way = invite.clone();
    caller.renew(&mut other_way);
    caller.send(invite.text());
    caller.send(invite.text());
    caller.send(other_way.text());
    let merged = caller.wait_for("482", |message| message.starts_with("SIP/2.0 482"));
    let branch = other_way.via.split("branch=").nth(1).expect("it has one");
    assert!(header(&merged, "Via").contains(branch), "{merged}");
    caller.send(invite.text());
    let answer = caller.wait_for("200", |message| message.starts_with("SIP/2.0 200"));
    caller.acknowledge(&invite, &answer);
    assert_eq!(status(&caller.hang_up(&invite, &answer)), 200);
    assert_eq!(desk.closed_records(1).len(), 1);
}

#[test]
fn an_offer_before_the_ack_is_served_or_sent_away_and_nobody_is_lost() {
    let desk = desk();
    let (caller, mut stream) = caller(&desk);
    let invite = caller.invite("100", &sound_at(stream.address()));
    let answer = caller.ask(&invite);
    let mut again = caller.within(&invite, &answer, "INVITE", 2);
    again.body.clone_from(&invite.body);
    again.more.push("Content-Type: application/sdp".to_owned());
    let second = caller.ask(&again);
    assert!([200, 491, 500].contains(&status(&second)), "{second}");
    caller.acknowledge(&invite, &answer);
    if status(&second) == 200 {
        caller.send(caller.within(&invite, &answer, "ACK", 2).text());
    }
    assert!(stream.hears_something(Duration::from_secs(2)));
    stream.press(crate::neighbour::sound_address(&answer), 2);
    caller.wait_for_request("BYE");
}

#[test]
fn a_call_through_proxies_goes_back_through_them() {
    let desk = desk();
    let (caller, stream) = caller(&desk);
    let proxy = Neighbour::at(CARRIER, desk.address);
    let routes = [format!("<sip:{};lr>", proxy.address()), "<sip:192.0.2.77:5070;lr;x=a>".to_owned()];
    let mut invite = caller.invite("101", &sound_at(stream.address()));
    invite.more.extend([format!("Record-Route: {}, {}", routes[0], routes[1])]);
    let answer = caller.call(&invite);
    assert!(header(&answer, "Record-Route").contains("192.0.2.77"), "{answer}");
    let bye = proxy.wait_for_request("BYE");
    assert!(bye.starts_with(&format!("BYE sip:neighbour@{} SIP/2.0", caller.address())), "{bye}");
    let routed: Vec<&str> = bye.lines().filter(|line| line.starts_with("Route:")).collect();
    assert_eq!(routed.join(" ").matches("lr").count(), 2, "{bye}");
    proxy.answer(&bye, "200 OK", &[], "");
    assert_eq!(reason(&desk.closed_record()), EndReason::DeskHungUp);
}
