//! A foreign telephone at work: it calls, holds and comes back, presses keys, and passes its caller on.

use crate::rig::baresip::{Baresip, Style};
use crate::rig::capture::{Capture, sound};
use crate::rig::desk::{Desk, Number};
use crate::rig::flows::{KEYS, KEYS_QUESTION};
use crate::rig::records::{reason, steps};
use crate::rig::sipp::Sipp;
use crate::rig::speech::{HEARD, Speech};
use frontdesk_call_record::{EndReason, Notice, TransferEnd};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(8);

/// A telephone that calls.
fn calling(desk: &Desk, number: &str, says: &Speech) -> Baresip {
    Baresip::register_as(number, says, Style { answers: false, ..Style::udp(desk) })
}

#[test]
fn baresip_calls_another_holds_and_comes_back() {
    let mut desk = Desk::open(&[]);
    let before = Speech::say("Good morning, this is the workshop", "rms");
    let after = Speech::say("Thank you for waiting, here are the prices", "rms");
    let reply = Speech::say("This is the sales department, what can we do for you", "awb");
    // The second sentence comes when the hold is long over.
    let pause = vec![0; 8 * 6_500 - before.0.len()];
    let says =
        Speech([vec![0; 8 * 1_500], before.0.clone(), pause, after.0.clone(), vec![0; 8 * 30_000]].concat());
    let mut called = Baresip::register(&desk, "1001", &Speech(reply.0.clone()).between_silence(800, 40_000));
    let mut caller = calling(&desk, "1002", &says);

    caller.command(&format!("dial sip:1001@{}", desk.address));
    caller.program.wait_for("the call stands", SOON, |line| line.contains("Call established"));
    std::thread::sleep(Duration::from_millis(4_500));
    caller.command("hold");
    std::thread::sleep(Duration::from_millis(1_500));
    caller.command("resume");
    std::thread::sleep(Duration::from_millis(6_000));
    caller.command("hangup");

    let record = desk.closed_record();
    let notices: Vec<_> = record.notices.iter().map(|noticed| noticed.notice).collect();
    assert_eq!(notices, [Notice::Held, Notice::Resumed]);
    assert_eq!(reason(&record), EndReason::CallerHungUp);
    called.program.wait_for("its call is over", SOON, |line| line.contains("terminated"));
    called.program.stop(SOON);
    caller.program.stop(SOON);
    let heard = called.heard();
    before.must_be_in(&heard, "the called phone, before the hold");
    after.must_be_in(&heard, "the called phone, after the hold");
    reply.must_be_in(&caller.heard(), "the caller");
    desk.close();
}

#[test]
fn baresip_presses_a_key_while_the_desk_speaks() {
    let mut desk = Desk::open(&[Number { number: "100", flow: KEYS, record: false }]);
    let mut phone = calling(&desk, "1002", &Speech(vec![0; 8 * 40_000]));
    phone.command(&format!("dial sip:100@{}", desk.address));
    phone.program.wait_for("the call stands", SOON, |line| line.contains("Call established"));
    std::thread::sleep(Duration::from_millis(1_200));
    phone.command("sndcode 1");
    let record = desk.closed_record();
    assert_eq!(steps(&record), ["wish", "weather", "leave"]);
    let said = record.transcript.iter().find(|line| line.text.as_str() == KEYS_QUESTION);
    assert!(said.is_some_and(|line| !line.completed), "the question was interrupted");
    assert_eq!(reason(&record), EndReason::DeskHungUp);
    phone.program.stop(SOON);
    desk.close();
}

#[test]
fn baresip_passes_its_caller_on_without_asking() {
    let mut desk = Desk::open(&[]);
    let reception = Speech::say("Reception, one moment please", "rms");
    let sales = Speech::say("This is the sales department, what can we do for you", "awb");
    let mut first =
        Baresip::register(&desk, "1002", &Speech(reception.0.clone()).between_silence(600, 40_000));
    let mut second = Baresip::register(&desk, "1001", &Speech(sales.0.clone()).between_silence(800, 40_000));
    let wish = Speech::say("I want to buy a hundred bicycles", "slt").between_silence(7_500, 2_500);

    let capture = Capture::start();
    let length_ms = (wish.seconds() * 1_000.0) as u64;
    let sipp = Sipp::new(&desk, "speak").dial("1002").file("speech.ulaw", &wish.ulaw());
    let place = sipp.media;
    let mut calling = sipp.arguments(&["-d", &length_ms.to_string()]).start();
    first.program.wait_for("the call stands", SOON, |line| line.contains("Call established"));
    std::thread::sleep(Duration::from_millis(3_000));
    first.command(&format!("transfer sip:1001@{}", desk.address));
    second.program.wait_for("it is called", SOON, |line| line.contains("Call established"));
    first.program.wait_for("it is rid of the call", SOON, |line| line.contains("terminated"));
    calling.succeed();

    let record = desk.closed_record();
    let heard = Speech(sound(&capture.stop().rtp_to(place)));
    reception.must_be_in(&heard, "the caller, at first");
    sales.must_be_in(&heard, "the caller, afterwards");
    for phone in [&mut first, &mut second] {
        phone.program.stop(SOON);
    }
    wish.must_be_in(&second.heard(), "the second phone");
    assert!(wish.likeness_in(&first.heard()) < HEARD, "the first phone hears what was said after it left");
    let outcomes: Vec<_> = record.transfers.iter().map(|one| (one.target.as_str(), one.outcome)).collect();
    assert_eq!(outcomes.last(), Some(&("1001", Some(TransferEnd::Completed))), "{outcomes:?}");
    assert_eq!(reason(&record), EndReason::CallerHungUp);
    desk.close();
}
