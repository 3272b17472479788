//! Who is not let in, what is not understood, and how little a stranger learns.

use crate::rig::desk::{Desk, Number};
use crate::rig::flows::GOODBYE;
use crate::rig::records::{reason, records};
use crate::rig::sipp::{Playing, Sipp, header, headers};
use crate::rig::softphone;
use frontdesk_call_record::{AdmittedBy, EndReason};
use std::time::Duration;

/// An address that no `[[peer]]` lists.
const STRANGE: &str = "127.0.0.2";

fn desk() -> Desk {
    Desk::open(&[Number { number: "100", flow: GOODBYE, record: false }])
}

/// sipp takes the first challenge, whatever it is, and knows MD5.
fn desk_with_md5() -> Desk {
    Desk::open_with_md5(&[Number { number: "100", flow: GOODBYE, record: false }])
}

/// The final answers, as far as a stranger could learn something from them: without what differs by nature.
fn told(played: &Playing) -> Vec<Vec<String>> {
    let changing = ["via", "from", "to", "call-id", "www-authenticate"];
    let finals = played.received().into_iter().filter(|message| !message.starts_with("SIP/2.0 100"));
    let line = |line: &str| {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        (!changing.contains(&name.as_str())).then(|| line.to_owned())
    };
    finals.map(|message| message.lines().filter_map(line).collect()).collect()
}

#[test]
fn a_stranger_is_refused_and_learns_nothing() {
    let mut desk = desk();
    let known = Sipp::from(desk.address, STRANGE, "knock").run();
    let unknown = Sipp::from(desk.address, STRANGE, "knock").dial("999").run();
    let refused = known.received();
    let refusal = refused.iter().find(|message| message.starts_with("SIP/2.0 401")).expect("a 401");
    let challenges: Vec<_> = headers(refusal, "WWW-Authenticate").collect();
    assert_eq!(challenges.len(), 2, "{refusal}");
    assert!(
        challenges[0].contains("algorithm=SHA-256") && challenges[1].contains("algorithm=MD5"),
        "{refusal}"
    );
    assert!(challenges.iter().all(|challenge| challenge.contains("realm=\"frontdesk\"")), "{refusal}");
    assert_eq!(told(&known), told(&unknown), "a number that exists and one that does not are refused alike");
    assert_eq!(records(&desk.data()).len(), 0, "who is not let in leaves no record");
    desk.close();
}

#[test]
fn a_wrong_password_is_refused_like_none() {
    let mut desk = desk_with_md5();
    let known = Sipp::from(desk.address, STRANGE, "stranger").run();
    let unknown = Sipp::from(desk.address, STRANGE, "stranger").dial("999").run();
    let told = told(&known);
    assert_eq!(told.len(), 2, "without a password, and with a wrong one");
    assert_eq!(told[0], told[1].iter().map(|line| line.replace("CSeq: 2", "CSeq: 1")).collect::<Vec<_>>());
    assert_eq!(told, self::told(&unknown), "a number that exists and one that does not are refused alike");
    assert_eq!(records(&desk.data()).len(), 0, "who is not let in leaves no record");
    desk.close();
}

#[test]
fn a_phone_with_its_password_calls_from_anywhere() {
    let mut desk = desk_with_md5();
    Sipp::from(desk.address, STRANGE, "phone_calls").run();
    let record = desk.closed_record();
    assert_eq!(record.admitted_by, Some(AdmittedBy::Account("1001".to_owned())));
    assert_eq!(record.caller.number.as_str(), "1001", "a phone cannot call itself +4930123456");
    assert_eq!(reason(&record), EndReason::DeskHungUp);
    desk.close();
}

#[test]
fn who_is_let_in_learns_that_a_number_does_not_exist() {
    let mut desk = desk_with_md5();
    Sipp::from(desk.address, STRANGE, "phone_dials_nothing").dial("999").run();
    desk.close();
}

#[test]
fn a_wrong_password_registers_nothing() {
    let mut desk = desk_with_md5();
    let played = Sipp::from(desk.address, STRANGE, "register").run();
    let granted: Vec<_> =
        played.received().into_iter().filter(|message| message.starts_with("SIP/2.0 200")).collect();
    let [registered, signed_off] = granted.as_slice() else { panic!("{granted:#?}") };
    let contact = header(registered, "Contact").expect("the binding is listed (RFC 3261 section 10.3)");
    assert!(contact.contains("sip:1001@127.0.0.2:") && contact.contains("expires=300"), "{contact}");
    assert_eq!(header(signed_off, "Contact"), None, "nothing is bound any more");
    desk.close();
    let output = desk.program.output();
    assert_eq!(output.matches("phone 1001 registered").count(), 1, "only with the right password");
}

#[test]
fn a_phone_that_knows_sha_256_is_refused_with_a_wrong_password_too() {
    let mut desk = desk();
    std::fs::write(desk.password_file("1001"), "wrong\n").expect("a file is written");
    let mut phone = softphone::unregistered_phone(&desk, "1001", &["--answer"]);
    phone.wait_for("it is refused", Duration::from_secs(5), |line| line.contains("not registered: 401"));
    assert!(!phone.finish(Duration::from_secs(5)).success());
    desk.close();
}

#[test]
fn what_is_not_understood_is_refused_in_the_right_words() {
    let mut desk = desk();
    Sipp::new(&desk, "unknown_method").run();
    let refused = Sipp::new(&desk, "unwanted_method").run().received();
    let allow = header(&refused[0], "Allow").expect("405 says what is allowed (RFC 3261 section 21.4.6)");
    for method in ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER"] {
        assert!(allow.split(", ").any(|allowed| allowed == method), "{allow}");
    }
    Sipp::new(&desk, "cut_short").run();
    let answer = Sipp::new(&desk, "options").run().received();
    assert!(header(&answer[0], "Allow").is_some_and(|allow| allow.contains("INVITE")), "{}", answer[0]);
    assert_eq!(header(&answer[0], "Accept"), Some("application/sdp"));
    // Nobody was harmed.
    Sipp::new(&desk, "listen_to_the_end").run();
    assert_eq!(reason(&desk.closed_record()), EndReason::DeskHungUp);
    desk.close();
}
