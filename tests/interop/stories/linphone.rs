//! Linphone as the telephone on the desk: it calls and is called, holds and comes back, presses keys in both forms,
//! over UDP and TLS, each with a password by SHA-256.

use crate::rig::baresip::Baresip;
use crate::rig::capture::Capture;
use crate::rig::desk::{Desk, Number};
use crate::rig::flows::{GOODBYE, GOODBYE_WORDS, KEYS, KEYS_QUESTION};
use crate::rig::linphone::{Linphone, Style};
use crate::rig::records::{reason, steps};
use crate::rig::sipp::{header, sound_place};
use crate::rig::speech::Speech;
use frontdesk_call_record::{AdmittedBy, EndReason, Notice};
use std::thread::sleep;
use std::time::Duration;

/// What a listener needs to hear a sentence that is said again and again, wherever it begins to listen.
const A_SENTENCE: Duration = Duration::from_millis(4_500);
/// As much of it as can be counted on, in milliseconds.
const LONG: usize = 4_000;

#[test]
fn linphone_calls_linphone_and_either_holds_and_comes_back() {
    let mut desk = Desk::open_to_telephones(&[], &[], "");
    let workshop = Speech::say("This is the workshop", "rms");
    let sales = Speech::say("Here is the sales room", "awb");
    let mut called =
        Linphone::register("1001", &Speech(sales.0.clone()).again_and_again(), Style::answering(&desk));
    let mut caller =
        Linphone::register("1003", &Speech(workshop.0.clone()).again_and_again(), Style::udp(&desk));
    caller.call("1001", 1);
    called.talks(1);
    sleep(A_SENTENCE);
    // Each of them in turn; what it says when it is back is what counts at the end.
    for phone in [&mut caller, &mut called] {
        phone.types("pause");
        phone.says("its call is on hold", "is now paused");
        phone.types("resume");
        phone.talks(2);
        sleep(A_SENTENCE);
    }
    caller.types("terminate");
    called.call_ended(1);

    let record = desk.closed_record();
    let notices: Vec<_> = record.notices.iter().map(|noticed| noticed.notice).collect();
    assert_eq!(notices, [Notice::Held, Notice::Resumed, Notice::Held, Notice::Resumed]);
    assert_eq!(record.admitted_by, Some(AdmittedBy::Account("1003".to_owned())));
    assert_eq!(reason(&record), EndReason::CallerHungUp);
    caller.quit();
    called.quit();
    let (by_called, by_caller) = (called.heard(), caller.heard());
    let before_the_holds = |heard: &Speech| Speech(heard.0[..heard.0.len().min(8 * LONG)].to_vec());
    workshop.must_be_in(&before_the_holds(&by_called), "the called phone, at first");
    sales.must_be_in(&before_the_holds(&by_caller), "the caller, at first");
    workshop.must_be_in(&by_called.last(LONG), "the called phone, after both holds");
    sales.must_be_in(&by_caller.last(LONG), "the caller, after both holds");
    desk.close();
}

/// Calls the flow of keys, presses one while it is asked, and hears what that chose.
fn presses_a_key(desk: &Desk, number: &str, settings: &str) {
    let style = Style { settings, ..Style::udp(desk) };
    let mut phone = Linphone::register(number, &Speech(vec![0; 8 * 30_000]), style);
    phone.call("100", 1);
    sleep(Duration::from_millis(1_200));
    phone.types("1");
    phone.call_ended(1);
    phone.quit();
    Speech::say("It rains.", "slt").must_be_in(&phone.heard(), "the phone (what the key chose)");
}

#[test]
fn linphone_presses_keys_by_info_and_in_the_sound() {
    let mut desk = Desk::open_to_telephones(&[Number { number: "100", flow: KEYS, record: false }], &[], "");
    let capture = Capture::start();
    presses_a_key(&desk, "1002", "use_info=1\nuse_rfc2833=0");
    presses_a_key(&desk, "1003", "use_info=0\nuse_rfc2833=1");
    for record in desk.closed_records(2) {
        assert_eq!(steps(&record), ["wish", "weather", "leave"]);
        let said = record.transcript.iter().find(|line| line.text.as_str() == KEYS_QUESTION);
        assert!(said.is_some_and(|line| !line.completed), "the question was interrupted");
        let keys: Vec<_> = record.transcript.iter().filter_map(|line| line.key).collect();
        assert_eq!(keys, ['1'], "one press, one key");
    }
    desk.close();
    let captured = capture.stop();
    let infos: Vec<_> = captured.requests_to(desk.address, "INFO").collect();
    assert!(
        matches!(&infos[..], [info] if info.contains("<sip:1002@") && info.contains("Signal=1")),
        "{infos:#?}"
    );
    // The other's key went as telephone events from the port that its INVITE names.
    let invites: Vec<_> = captured.requests_to(desk.address, "INVITE").collect();
    let of_events = invites.iter().find(|invite| invite.contains("<sip:1003@")).expect("an INVITE of 1003");
    let events = captured.rtp_from(sound_place(of_events));
    assert!(events.iter().any(|packet| packet.payload.len() == 4), "no telephone events");
}

#[test]
fn linphone_calls_and_is_called_over_tls() {
    let numbers = [Number { number: "100", flow: GOODBYE, record: false }];
    let tls = "[tls]\ncertificate = \"desk.pem\"\nkey = \"desk.key\"\n";
    let mut desk = Desk::open_to_telephones(&numbers, &["tls:127.0.0.1:0"], tls);
    let trusts = format!("root_ca={}\nverify_server_certs=1", desk.folder().join("ca.pem").display());
    let workshop = Speech::say("This is the workshop", "rms");
    let sales = Speech::say("Here is the sales room", "awb");
    let style = Style { answers: true, ..Style::tls(&desk, &trusts) };
    let mut secure = Linphone::register("1001", &Speech(sales.0.clone()).again_and_again(), style);
    let mut plain =
        Linphone::register("1003", &Speech(workshop.0.clone()).again_and_again(), Style::udp(&desk));
    secure.call("100", 1);
    secure.call_ended(1);
    plain.call("1001", 1);
    secure.talks(2);
    sleep(A_SENTENCE);
    plain.types("terminate");
    secure.call_ended(2);
    let ends: Vec<_> = desk.closed_records(2).iter().map(reason).collect();
    assert_eq!(ends, [EndReason::DeskHungUp, EndReason::CallerHungUp]);
    secure.quit();
    plain.quit();
    Speech::say(GOODBYE_WORDS, "slt").must_be_in(&secure.heard(), "the telephone over TLS (the desk)");
    workshop.must_be_in(&secure.heard(), "the telephone over TLS (its caller)");
    sales.must_be_in(&plain.heard(), "the caller");
    desk.close();
}

#[test]
fn each_telephone_proves_itself_with_the_digest_that_it_knows() {
    let mut desk = Desk::open_to_telephones(&[], &[], "");
    let capture = Capture::start();
    let mut new = Linphone::register("1002", &Speech(vec![0; 8_000]), Style::udp(&desk));
    let mut old = Baresip::register(&desk, "1001", &Speech(vec![0; 8_000]));
    new.quit();
    old.program.stop(Duration::from_secs(5));
    desk.close();
    let captured = capture.stop();
    let proofs: Vec<_> = captured
        .requests_to(desk.address, "REGISTER")
        .filter_map(|request| header(&request, "Authorization").map(str::to_owned))
        .collect();
    let algorithm_of = |user: &str| {
        let proof =
            proofs.iter().find(|proof| proof.contains(&format!("username=\"{user}\""))).expect("a proof");
        if proof.contains("algorithm=SHA-256") { "SHA-256" } else { "MD5" }
    };
    // The desk offered both, the better one first (RFC 8760 §2.4).
    assert_eq!((algorithm_of("1002"), algorithm_of("1001")), ("SHA-256", "MD5"), "{proofs:#?}");
}
