//! The desk's own house turns against it: its disk, its processor, its users.

use crate::desk;
use crate::neighbour::{CARRIER, Neighbour, STRANGER, sound_at, status};
use crate::rig::records::reason;
use crate::stream::Stream;
use frontdesk_call_record::{EndReason, Notice};
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

#[test]
fn a_call_is_served_though_its_recording_cannot_be_kept() {
    let desk = desk();
    let recordings = desk.data().join("tenants/main/recordings");
    std::fs::remove_dir(&recordings).expect("an empty folder");
    std::fs::write(&recordings, "no folder").expect("a file in its place");
    let (caller, stream) = (Neighbour::at(CARRIER, desk.address), Stream::at(CARRIER));
    caller.call(&caller.invite("101", &sound_at(stream.address())));
    let bye = caller.wait_for_request("BYE");
    caller.answer(&bye, "200 OK", &[], "");
    let record = desk.closed_record();
    assert_eq!(reason(&record), EndReason::DeskHungUp);
    let failed = record.notices.iter().any(|noticed| noticed.notice == Notice::RecordingFailed);
    assert!(failed, "the record says that the recording is not there: {record:#?}");
}

#[test]
fn a_desk_that_was_stopped_for_a_while_goes_on_with_its_calls() {
    let mut desk = desk();
    let (caller, mut stream) = (Neighbour::at(CARRIER, desk.address), Stream::at(CARRIER));
    let invite = caller.invite("100", &sound_at(stream.address()));
    let answer = caller.call(&invite);
    assert!(stream.hears_something(Duration::from_secs(2)));
    desk.program.signal(Signal::STOP);
    let knocking = Neighbour::at(STRANGER, desk.address);
    let places: Vec<_> = (0..150).map(|_| knocking.invite("999", "")).collect();
    places.iter().for_each(|invite| knocking.send(invite.text()));
    std::thread::sleep(Duration::from_secs(2));
    desk.program.signal(Signal::CONT);
    // All of them waited in the kernel, and a good part may have been lost there; the others are told.
    let told = std::iter::from_fn(|| knocking.receive_within(Duration::from_millis(500)));
    let told = told.filter(|message| [401, 503].contains(&status(message))).count();
    assert!(told >= 50, "{told} of 150");
    stream.press(crate::neighbour::sound_address(&answer), 2);
    caller.wait_for_request("BYE");
    let record = desk.closed_record();
    let skipped =
        record.streams.iter().filter_map(|stream| stream.counters.map(|counters| counters.ticks_skipped));
    assert!(skipped.max().is_some_and(|ticks| ticks >= 50), "{:?}", record.streams);
    desk.close();
}

#[test]
fn what_the_desk_writes_is_read_by_its_own_user_only() {
    let mut desk = desk();
    let (caller, stream) = (Neighbour::at(CARRIER, desk.address), Stream::at(CARRIER));
    caller.call(&caller.invite("101", &sound_at(stream.address())));
    let bye = caller.wait_for_request("BYE");
    caller.answer(&bye, "200 OK", &[], "");
    desk.closed_record();
    let mut seen = Vec::new();
    look(&desk.data(), &mut seen);
    assert!(seen.iter().any(|(file, _)| file.ends_with(".wav") && file.contains("recordings")), "{seen:?}");
    assert!(seen.iter().any(|(file, _)| file.contains(".db") || file.contains("sqlite")), "{seen:?}");
    let open: Vec<_> = seen.iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
    assert!(open.is_empty(), "others may read {open:?}");
    desk.close();
}

/// Every file below a folder, and its permissions.
fn look(folder: &Path, seen: &mut Vec<(String, u32)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let found = entry.metadata().expect("it is there");
        if found.is_dir() {
            look(&entry.path(), seen);
        } else {
            seen.push((entry.path().display().to_string(), found.permissions().mode()));
        }
    }
}
