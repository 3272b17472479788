//! A desk that is killed loses no record and no recording.

use crate::rig::desk::{Desk, Number};
use crate::rig::flows::{KEYS, KEYS_QUESTION};
use crate::rig::program::installed;
use crate::rig::records::reason;
use crate::rig::sipp::Sipp;
use crate::rig::speech::Speech;
use frontdesk_call_record::EndReason;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn the_next_desk_closes_the_record_and_the_recording_can_be_played() {
    let mut desk = Desk::open(&[Number { number: "100", flow: KEYS, record: true }]);
    let _caller = Sipp::new(&desk, "hang_up_after").arguments(&["-d", "60000"]).start();
    let open = |line: &str| line.ends_with("step keys/wish");
    desk.program.wait_for("the call stands", Duration::from_secs(5), open);
    let began = Instant::now();
    std::thread::sleep(Duration::from_secs(3));
    let lasted = began.elapsed().as_secs_f32();

    let mut desk = desk.kill_and_open_again();
    let record = desk.closed_record();
    assert_eq!(reason(&record), EndReason::Interrupted);
    let output = desk.program.output();
    assert!(output.contains("was interrupted: its record is closed"), "the operator is told of the record");
    assert!(output.contains("s are playable"), "the operator is told of the recording");

    let [recording] = record.recordings.as_slice() else { panic!("{:?}", record.recordings) };
    let file = desk.data().join("tenants/main").join(&recording.file);
    // A foreign reader agrees that it is a whole file.
    let sox =
        Command::new(installed("sox", "sox")).arg(&file).args(["-n", "stat"]).output().expect("sox starts");
    let told = String::from_utf8_lossy(&sox.stderr).into_owned();
    assert!(sox.status.success() && !told.contains("WARN"), "{told}");
    let seconds = told
        .lines()
        .find_map(|line| line.strip_prefix("Length (seconds):")?.trim().parse::<f32>().ok())
        .unwrap_or_else(|| panic!("sox tells no length: {told}"));
    // The file is written a second at a time.
    assert!((lasted - 1.5..lasted + 0.5).contains(&seconds), "{seconds} s of {lasted} s were kept");
    Speech(Speech::say(KEYS_QUESTION, "slt").0[..8_000].to_vec())
        .must_be_in(&Speech::read(&file), "the recording");
    desk.close();
}
