//! What somebody meets whose desk does not open: exit status 1, and one line that says what is wrong and what to do.

use crate::rig::budget::Turn;
use crate::rig::desk::{Desk, Number, prepare, serve, settings_file};
use crate::rig::flows::GOODBYE;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;

const GOODBYE_NUMBER: [Number; 1] = [Number { number: "100", flow: GOODBYE, record: false }];

/// The one line with which the desk does not open.
fn refusal(command: &mut Command) -> String {
    let output = command.env("FRONTDESK_LOG", "off").output().expect("frontdesk starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}{printed}");
    assert!(!printed.contains("the desk is open"), "{printed}");
    assert_eq!(told.trim_end().lines().count(), 1, "one line: {told}");
    told
}

/// Changes the settings in a desk's folder.
fn settings(folder: &Path, change: impl Fn(String) -> String) {
    let file = settings_file(folder);
    let text = std::fs::read_to_string(&file).expect("settings");
    std::fs::write(&file, change(text)).expect("settings");
}

#[test]
fn without_a_voice_program_the_desk_says_what_to_install() {
    let _turn = Turn::take();
    let folder = prepare(&GOODBYE_NUMBER);
    let told = refusal(serve(folder.path()).env("PATH", folder.path()));
    assert!(told.contains("flite") && told.contains("install"), "{told}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let _turn = Turn::take();
    let folder = prepare(&GOODBYE_NUMBER);
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    settings(folder.path(), |text| text.replace("127.0.0.1:0", &address.to_string()));
    let told = refusal(&mut serve(folder.path()));
    assert!(told.contains(&format!("UDP port {} of 127.0.0.1 is taken", address.port())), "{told}");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let _turn = Turn::take();
    let folder = prepare(&GOODBYE_NUMBER);
    std::fs::write(folder.path().join("data"), "a file where a folder should be").expect("a file");
    let told = refusal(&mut serve(folder.path()));
    assert!(told.contains(&*folder.path().join("data").to_string_lossy()), "{told}");
}

#[test]
fn two_desks_do_not_share_a_data_folder() {
    let mut desk = Desk::open(&GOODBYE_NUMBER);
    let told = refusal(&mut serve(desk.folder()));
    assert!(told.contains(&*desk.data().to_string_lossy()), "{told}");
    assert!(told.contains("another") || told.contains("already"), "{told}");
    desk.close();
}

#[test]
fn an_unknown_key_is_named_with_file_line_and_the_likely_one() {
    let _turn = Turn::take();
    let folder = prepare(&GOODBYE_NUMBER);
    settings(folder.path(), |text| text.replace("[sip]\n", "[sip]\nrelam = \"office\"\n"));
    let told = refusal(&mut serve(folder.path()));
    let place = format!("{}:2:", settings_file(folder.path()).display());
    assert!(told.contains(&place), "{told}");
    assert!(told.contains("relam") && told.contains("`realm`"), "{told}");
}

#[test]
fn a_flow_that_leads_nowhere_is_named_with_file_and_line() {
    let _turn = Turn::take();
    let folder = prepare(&GOODBYE_NUMBER);
    let flow = folder.path().join("flows/goodbye.toml");
    let text = std::fs::read_to_string(&flow).expect("a flow");
    std::fs::write(&flow, text.replace("start = \"leave\"", "start = \"stay\"")).expect("a flow");
    let told = refusal(&mut serve(folder.path()));
    assert!(told.contains(&format!("{}:4", flow.display())) && told.contains("stay"), "{told}");
}
