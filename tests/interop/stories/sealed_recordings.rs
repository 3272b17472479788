//! Recordings that are encrypted at rest: nobody reads them on the disk, and the operator does by the command.

use crate::rig::desk::{Desk, Number};
use crate::rig::flows::{GOODBYE, GOODBYE_WORDS};
use crate::rig::sipp::Sipp;
use crate::rig::speech::Speech;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_recording_is_sealed_on_the_disk_and_opened_by_the_command() {
    let numbers = [Number { number: "100", flow: GOODBYE, record: true }];
    let mut desk = Desk::open_with(&numbers, &[], "[recording]\nencrypted = true\n", |_| {});
    Sipp::new(&desk, "listen_to_the_end").run();
    let record = desk.closed_record();
    let [recording] = record.recordings.as_slice() else { panic!("{:?}", record.recordings) };
    assert!(recording.kept && recording.file.ends_with(".wav.sealed"), "{recording:?}");
    let tenant = desk.data().join("tenants/main");
    let sealed = tenant.join(&recording.file);
    assert!(!std::fs::read(&sealed).expect("the file").starts_with(b"RIFF"));
    let key = std::fs::metadata(tenant.join("recordings.key")).expect("the key");
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let wav = desk.folder().join("opened.wav");
    let decrypt = [
        "recordings",
        "decrypt",
        sealed.to_str().expect("a path"),
        "--output",
        wav.to_str().expect("a path"),
    ];
    let said = std::process::Command::new(crate::rig::desk::binary())
        .args(decrypt)
        .output()
        .expect("frontdesk starts");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    Speech::say(GOODBYE_WORDS, "slt").must_be_in(&Speech::read(&wav), "the opened recording");
    desk.close();
}
