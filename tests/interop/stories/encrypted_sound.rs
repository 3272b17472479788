//! Telephones that encrypt their sound (SRTP with keys in the SDP), with each other and with one that does not.

use crate::rig::baresip::{Baresip, Style};
use crate::rig::certificates;
use crate::rig::desk::{Desk, settings_file};
use crate::rig::records::reason;
use crate::rig::speech::{HEARD, Speech};
use frontdesk_call_record::{CallRecord, EndReason, LegRole};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(8);
const TLS: &str = "[tls]\ncertificate = \"desk.pem\"\nkey = \"desk.key\"\n";

/// A desk whose telephones encrypt by these policies.
fn desk(policies: &[(&str, &str)]) -> Desk {
    Desk::open_with(&[], &["tls:127.0.0.1:0"], TLS, |folder| {
        certificates::write(folder);
        let file = settings_file(folder);
        let mut settings = std::fs::read_to_string(&file).expect("settings");
        for (phone, policy) in policies {
            let number = format!("number = \"{phone}\"\n");
            settings = settings.replace(&number, &format!("{number}srtp = \"{policy}\"\n"));
        }
        std::fs::write(&file, settings).expect("settings");
    })
}

/// A telephone over TLS that encrypts in this way of baresip's.
fn encrypting(desk: &Desk, number: &str, says: &Speech, way: &str, answers: bool) -> Baresip {
    let settings = format!("module srtp.so\nsip_cafile {}\n", desk.folder().join("ca.pem").display());
    let account = format!(";mediaenc={way}");
    let style = Style {
        transport: "tls",
        desk: desk.listening("TLS"),
        answers,
        account: &account,
        settings: &settings,
        ..Style::udp(desk)
    };
    Baresip::register_as(number, says, style)
}

fn suites(record: &CallRecord) -> [Option<&str>; 2] {
    [LegRole::Caller, LegRole::Callee].map(|leg| {
        let stream = record.streams.iter().find(|stream| stream.leg == leg).expect("a stream");
        stream.secured_by.as_deref()
    })
}

/// A call from one telephone to another, in which both speak; the record of it.
fn talk(
    desk: &mut Desk,
    (mut caller, target): (Baresip, String),
    mut called: Baresip,
    calls: &Speech,
    replies: &Speech,
) -> CallRecord {
    caller.command(&format!("dial {target}"));
    caller.program.wait_for("the call stands", SOON, |line| line.contains("Call established"));
    std::thread::sleep(Duration::from_millis(6_000));
    // A hold and its end describe the same keys once more.
    caller.command("hold");
    std::thread::sleep(Duration::from_millis(700));
    caller.command("resume");
    std::thread::sleep(Duration::from_millis(700));
    caller.command("hangup");
    let record = desk.closed_record();
    assert_eq!(reason(&record), EndReason::CallerHungUp);
    called.program.wait_for("its call is over", SOON, |line| line.contains("terminated"));
    called.program.stop(SOON);
    caller.program.stop(SOON);
    calls.must_be_in(&called.heard(), "the called telephone");
    replies.must_be_in(&caller.heard(), "the caller");
    assert!(calls.likeness_in(&caller.heard()) < HEARD, "the caller hears itself");
    record
}

fn words() -> (Speech, Speech) {
    (
        Speech::say("Good morning, this is the workshop", "rms"),
        Speech::say("This is the sales department, what can we do for you", "awb"),
    )
}

#[test]
fn telephones_that_encrypt_in_both_ways_talk() {
    let (calls, replies) = words();
    // Called, its srtp-mandf takes RTP/SAVPF alone, and calls with it.
    for (of_caller, of_called) in [("srtp", "srtp-mand"), ("srtp-mand", "srtp"), ("srtp-mandf", "srtp-mand")]
    {
        let mut desk = desk(&[("1001", "required"), ("1002", "offered")]);
        let called = encrypting(
            &desk,
            "1001",
            &Speech(replies.0.clone()).between_silence(1_000, 40_000),
            of_called,
            true,
        );
        let caller = encrypting(
            &desk,
            "1002",
            &Speech(calls.0.clone()).between_silence(2_500, 40_000),
            of_caller,
            false,
        );
        let target = format!("sip:1001@{};transport=tls", desk.listening("TLS"));
        let record = talk(&mut desk, (caller, target), called, &calls, &replies);
        let [caller, called] = suites(&record);
        println!("baresip {of_caller} calls by {caller:?}, baresip {of_called} is called by {called:?}");
        assert!(caller.is_some() && called.is_some(), "{:?}", record.streams);
        desk.close();
    }
}

#[test]
fn one_that_encrypts_and_one_that_does_not_talk_over_the_desk() {
    let (calls, replies) = words();
    let mut desk = desk(&[("1001", "required")]);
    let called = encrypting(
        &desk,
        "1001",
        &Speech(replies.0.clone()).between_silence(1_000, 40_000),
        "srtp-mand",
        true,
    );
    let plain = Style { answers: false, ..Style::udp(&desk) };
    let caller = Baresip::register_as("1002", &Speech(calls.0.clone()).between_silence(2_500, 40_000), plain);
    let target = format!("sip:1001@{}", desk.address);
    let record = talk(&mut desk, (caller, target), called, &calls, &replies);
    let [caller, called] = suites(&record);
    assert!(caller.is_none() && called.is_some(), "{:?}", record.streams);
    desk.close();
}

#[test]
fn who_must_encrypt_and_does_not_is_refused() {
    let mut desk = desk(&[("1002", "required")]);
    let mut plain = Baresip::register_as("1002", &Speech(vec![0; 8_000]), Style::udp(&desk));
    plain.command(&format!("dial sip:1001@{}", desk.address));
    plain.program.wait_for("it is refused", SOON, |line| line.contains("488"));
    assert_eq!(reason(&desk.closed_record()), EndReason::NotAcceptable);
    plain.program.stop(SOON);
    desk.close();
}
