//! Who says that he is somebody.

use crate::desk;
use crate::neighbour::{CARRIER, Neighbour, STRANGER, credentials, header, sound_at, status};
use crate::rig::desk::PASSWORDS;
use crate::stream::Stream;

#[test]
fn what_proved_one_request_proves_no_other() {
    let desk = desk();
    let (number, password) = PASSWORDS[0];
    let phone = Neighbour::at(STRANGER, desk.address);
    let register = phone.register(number, password);
    let proof = register.more.last().expect("it carries a proof").clone();
    let thief = Neighbour::at([127, 0, 0, 67], desk.address);

    let mut again = register.clone();
    again.via = thief.request("REGISTER", number).via;
    again.call_id.push_str("-again");
    let answer = thief.ask(&again);
    assert_eq!(status(&answer), 401, "the same proof a second time: {answer}");
    assert!(header(&answer, "WWW-Authenticate").contains("stale=true"), "{answer}");

    let counted_on = proof.replace("nc=00000001", "nc=00000002");
    let mut invite = thief.invite("100", &sound_at(Stream::at(STRANGER).address()));
    for (what, stolen) in [
        ("a proof of a REGISTER for a call", proof.clone()),
        ("a count that was not proved", counted_on),
        ("another name with the same proof", proof.replace("1001", "1002")),
        ("without qop", proof.replace(", qop=auth", "")),
        ("another realm", proof.replace("realm=\"", "realm=\"x")),
        ("a session hash", proof.replace("algorithm=MD5", "algorithm=MD5-sess")),
    ] {
        thief.renew(&mut invite);
        invite.cseq += 1;
        invite.more.retain(|line| !line.starts_with("Authorization"));
        invite.more.push(stolen);
        assert_eq!(status(&thief.ask(&invite)), 401, "{what}");
    }
    assert!(crate::rig::records::records(&desk.data()).is_empty(), "nobody was let in");
}

#[test]
fn a_phone_registers_for_itself_only() {
    let desk = desk();
    let (number, password) = PASSWORDS[0];
    let phone = Neighbour::at(STRANGER, desk.address);
    for (from, to) in [(number, "1002"), ("1002", number), (number, "nobody")] {
        let mut register = phone.request("REGISTER", to);
        register.from = format!("<sip:{from}@{}>;tag=r", desk.address);
        let challenge = phone.ask(&register);
        phone.renew(&mut register);
        register.cseq += 1;
        register.more.push(credentials(&challenge, number, password, "REGISTER", &register.uri, 1));
        assert_eq!(status(&phone.ask(&register)), 403, "{from} for {to}");
    }
}

#[test]
fn strangers_are_told_the_same_whatever_they_dial_and_whoever_they_say_they_are() {
    let desk = desk();
    let stranger = Neighbour::at(STRANGER, desk.address);
    let said = |user: &str, from: &str| {
        let mut invite = stranger.invite(user, &sound_at(Stream::at(STRANGER).address()));
        invite.from = format!("<sip:{from}@{}>;tag=1", desk.address);
        let answer = stranger.ask(&invite);
        let names: Vec<String> =
            answer.lines().map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect();
        (status(&answer), names)
    };
    let first = said("100", "1001");
    assert_eq!(first.0, 401);
    for (user, from) in [("1001", "1001"), ("999", "1001"), ("100", "nobody"), ("%31%30%30", "carrier")] {
        assert_eq!(said(user, from), first, "{user} {from}");
    }
}

#[test]
fn a_callers_name_neither_adds_headers_nor_steers_the_terminal() {
    let mut desk = desk();
    let (number, password) = PASSWORDS[0];
    let phone = Neighbour::at(STRANGER, desk.address);
    phone.register(number, password);
    let caller = Neighbour::at(CARRIER, desk.address);
    let mut invite = caller.invite(number, &sound_at(Stream::at(CARRIER).address()));
    invite.from =
        "\"Eve\\\" <sip:boss@house>;x=\\\"\" <sip:0900%0d%0aX-Evil:%201%1b[2J@evil.example>;tag=e".to_owned();
    caller.send(invite.text());
    let called = phone.wait_for_request("INVITE");
    let headers = called.split("\r\n\r\n").next().unwrap_or_default();
    assert!(!headers.lines().any(|line| line.starts_with("X-Evil")), "{headers}");
    assert_eq!(headers.lines().filter(|line| line.starts_with("From:")).count(), 1);
    let from = header(&called, "From");
    assert!(from.starts_with("\"Eve\\\" <sip:boss@house>;x=\\\"\" <sip:0900X-Evil@"), "{from}");
    assert!(from.contains(&format!("@{}", desk.address.ip())), "{from}");
    phone.answer(&called, "486 Busy Here", &[], "");
    assert_eq!(status(&caller.final_answer(&invite)), 486);
    desk.close();
    assert!(!desk.program.output().contains('\u{1b}'), "the terminal is steered");
}
