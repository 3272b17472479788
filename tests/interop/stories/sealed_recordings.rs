//! Recordings that are encrypted at rest: nobody reads them on the disk, and the operator does by the command.

use crate::rig::desk::{Desk, Number};
use crate::rig::flows::RECEPTION;
use crate::rig::sipp::Sipp;
use crate::rig::speech::Speech;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_recording_is_sealed_on_the_disk_and_opened_by_the_command() {
    let numbers = [Number { number: "100", flow: RECEPTION, record: true }];
    let mut desk = Desk::open_with(&numbers, &[], "[recording]\nencrypted = true\n", |_| {});
    let says = Speech::say("Good morning, I want to buy a hundred bicycles", "rms");
    let speech = Speech(says.0.clone()).between_silence(2_500, 2_000);
    let length_ms = (speech.seconds() * 1_000.0) as u64;
    Sipp::new(&desk, "speak")
        .file("speech.ulaw", &speech.ulaw())
        .arguments(&["-d", &length_ms.to_string()])
        .run();
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
    says.must_be_in(&Speech::read(&wav), "the opened recording");
    desk.close();
}
