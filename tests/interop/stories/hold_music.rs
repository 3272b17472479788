//! Music for whom a telephone holds.

use crate::rig::baresip::{Baresip, Style};
use crate::rig::desk::Desk;
use crate::rig::records::reason;
use crate::rig::speech::Speech;
use frontdesk_call_record::EndReason;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(8);

#[test]
fn whoever_is_held_by_baresip_hears_the_desks_music() {
    // Words are known again, where music would be like any other.
    let music = Speech::say("All our lines are busy, please wait a moment", "slt");
    let mut desk = Desk::open_with(&[], &[], "[sound]\nhold_music = [\"music.wav\"]\n", |folder| {
        std::fs::write(folder.join("music.wav"), music.wav()).expect("a file");
    });
    let silence = Speech(vec![0; 8 * 40_000]);
    let mut called = Baresip::register(&desk, "1001", &silence);
    let mut caller = Baresip::register_as("1002", &silence, Style { answers: false, ..Style::udp(&desk) });
    caller.command(&format!("dial sip:1001@{}", desk.address));
    caller.program.wait_for("the call stands", SOON, |line| line.contains("Call established"));
    std::thread::sleep(Duration::from_millis(500));
    called.command("hold");
    std::thread::sleep(Duration::from_millis(5_000));
    called.command("resume");
    std::thread::sleep(Duration::from_millis(500));
    caller.command("hangup");
    assert_eq!(reason(&desk.closed_record()), EndReason::CallerHungUp);
    called.program.wait_for("its call is over", SOON, |line| line.contains("terminated"));
    called.program.stop(SOON);
    caller.program.stop(SOON);
    music.must_be_in(&caller.heard(), "who is held");
    desk.close();
}
