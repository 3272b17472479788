//! The settings are read anew (SIGHUP) while calls stand and telephones are registered.

use crate::rig::certificates;
use crate::rig::desk::{Desk, Number, binary, settings_file};
use crate::rig::flows::{GOODBYE, KEYS};
use crate::rig::program::Program;
use crate::rig::records::reason;
use crate::rig::sipp::Sipp;
use crate::rig::softphone::{caller, phone};
use frontdesk_call_record::EndReason;
use rustix::process::Signal;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(8);
const READ: &str = "the settings were read anew";
const TLS: &str = "[tls]\ncertificate = \"desk.pem\"\nkey = \"desk.key\"\n";

fn numbers() -> [Number; 2] {
    // The second has its flow there, and its number away.
    [
        Number { number: "100", flow: KEYS, record: false },
        Number { number: "101", flow: GOODBYE, record: false },
    ]
}

/// Writes the settings otherwise, and has the desk read them.
fn change(desk: &mut Desk, change: impl Fn(String) -> String) {
    let file = settings_file(desk.folder());
    let text = std::fs::read_to_string(&file).expect("settings");
    std::fs::write(&file, change(text)).expect("settings");
    desk.program.signal(Signal::HUP);
}

#[test]
fn settings_are_read_anew_while_a_call_stands_and_telephones_stay_registered() {
    let mut desk = Desk::open(&numbers());
    let mut first = phone(&desk, "1001", &["--answer"]);
    let mut standing = caller(&format!("sip:1001@{}", desk.address), &["--pause", "12", "--hang-up"]);
    first.wait_for("it talks", SOON, |line| line.ends_with(": talking"));
    std::fs::write(desk.folder().join("1005.password"), "workshop-phone-secret\n").expect("a password");
    change(&mut desk, |text| {
        text.replace("number = \"101\"", "number = \"107\"")
            .replace("listen = [", "listen = [\"tcp:127.0.0.1:0\", ")
            + "\n[[phone]]\nnumber = \"1005\"\npassword_file = \"1005.password\"\n"
    });
    desk.program.wait_for("what takes a restart", SOON, |line| line.starts_with("[sip] listen differs"));
    desk.program.wait_for("the settings are read", SOON, |line| line == READ);
    let mut third = phone(&desk, "1005", &["--answer", "--calls", "1"]);
    Sipp::new(&desk, "listen_to_the_end").dial("107").run();
    assert_eq!(
        caller(&format!("sip:101@{}", desk.address), &[]).finish(SOON).code(),
        Some(1),
        "the old number"
    );
    // Both telephones are rung: the one that stayed registered, and the one that is new.
    assert!(
        caller(&format!("sip:1005@{}", desk.address), &["--pause", "1", "--hang-up"]).finish(SOON).success()
    );
    assert!(third.finish(SOON).success());
    assert!(standing.finish(Duration::from_secs(20)).success(), "the call of before went on to its own end");
    assert!(
        caller(&format!("sip:1001@{}", desk.address), &["--pause", "1", "--hang-up"]).finish(SOON).success()
    );
    first.stop(SOON);
    let records = desk.closed_records(5);
    assert_eq!(reason(&records[0]), EndReason::CallerHungUp);
    desk.close();
}

#[test]
fn wrong_settings_are_refused_with_file_and_line_and_the_desk_goes_on_by_the_old_ones() {
    let mut desk = Desk::open(&[Number { number: "100", flow: GOODBYE, record: false }]);
    let right = std::fs::read_to_string(settings_file(desk.folder())).expect("settings");
    change(&mut desk, |text| {
        text.replace("[sip]\n", "[sip]\nrelam = \"office\"\n").replace("\"100\"", "\"108\"")
    });
    let place = format!("{}:2:", settings_file(desk.folder()).display());
    desk.program.wait_for("it is refused", SOON, |line| line.starts_with("the settings are refused"));
    desk.program
        .wait_for("the place is named", SOON, |line| line.contains(&place) && line.contains("`realm`"));
    Sipp::new(&desk, "listen_to_the_end").run();
    // A flow that leads nowhere is found as well, in its own file.
    let flow = desk.folder().join("flows/goodbye.toml");
    let text = std::fs::read_to_string(&flow).expect("a flow");
    std::fs::write(&flow, text.replace("start = \"leave\"", "start = \"stay\"")).expect("a flow");
    change(&mut desk, |_| right.clone());
    let place = format!("{}:4", flow.display());
    desk.program.wait_for("the flow's place is named", SOON, |line| line.contains(&place));
    Sipp::new(&desk, "listen_to_the_end").run();
    assert!(!desk.program.output().contains("read anew"));
    desk.close();
}

/// Whether a caller over TLS takes the desk for 127.0.0.1.
fn is_trusted(desk: &Desk) -> bool {
    let target = format!("sip:100@127.0.0.1:{};transport=tls", desk.listening("TLS").port());
    let mut command = Command::new(binary());
    command.args(["call", &target, "--longest", "20", "--ca"]).arg(desk.folder().join("ca.pem"));
    Program::start("the caller", command).finish(Duration::from_secs(20)).success()
}

#[test]
fn other_certificates_are_taken_from_the_settings() {
    let goodbye = [Number { number: "100", flow: GOODBYE, record: false }];
    let mut desk = Desk::open_with(&goodbye, &["tls:127.0.0.1:0"], TLS, certificates::write);
    assert!(is_trusted(&desk));
    change(&mut desk, |text| text.replace("\"desk.", "\"carrier."));
    desk.program.wait_for_times(1, "they are read", SOON, |line| line == READ);
    assert!(!is_trusted(&desk), "this one proves another name");
    change(&mut desk, |text| text.replace("\"carrier.", "\"desk."));
    desk.program.wait_for_times(2, "they are read again", SOON, |line| line == READ);
    assert!(is_trusted(&desk));
    desk.close();
}
