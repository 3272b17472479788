//! Somebody hangs up, at every moment at which one can.

use crate::rig::desk::{Desk, Number};
use crate::rig::flows::{KEYS, OUTCOMES};
use crate::rig::records::{reason, steps};
use crate::rig::sipp::Sipp;
use crate::rig::softphone;
use frontdesk_call_record::{EndReason, TransferEnd};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

fn desk() -> Desk {
    Desk::open(&[
        Number { number: "100", flow: OUTCOMES, record: false },
        Number { number: "101", flow: KEYS, record: false },
    ])
}

#[test]
fn the_caller_gives_up_while_a_phone_rings() {
    let mut desk = desk();
    let mut phone = softphone::phone(&desk, "1001", &["--no-answer"]);
    let before = desk.held();
    Sipp::new(&desk, "cancel").dial("1001").run();
    let record = desk.closed_record();
    assert_eq!(reason(&record), EndReason::Cancelled);
    assert!(record.answered_us.is_none());
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::CallerLeft));
    phone.wait_for("it rings no more", SOON, |line| line.contains("the caller gave up"));
    assert_eq!(desk.held().udp_sockets, before.udp_sockets, "the ports of both legs are closed");
    desk.close();
}

#[test]
fn the_caller_hangs_up_while_the_desk_speaks() {
    let mut desk = desk();
    let before = desk.held();
    Sipp::new(&desk, "hang_up_after").dial("101").arguments(&["-d", "1000"]).run();
    let record = desk.closed_record();
    assert_eq!(reason(&record), EndReason::CallerHungUp);
    assert_eq!(steps(&record), ["wish"]);
    let [question] = record.transcript.as_slice() else { panic!("{:?}", record.transcript) };
    assert!(!question.completed, "the question was not said to the end");
    assert_eq!(desk.held().udp_sockets, before.udp_sockets, "the leg's ports are closed");
    desk.close();
}

#[test]
fn the_caller_hangs_up_while_it_is_put_through() {
    let mut desk = desk();
    let mut phone = softphone::phone(&desk, "1001", &["--no-answer"]);
    Sipp::new(&desk, "hang_up_after").arguments(&["-d", "1500"]).run();
    let record = desk.closed_record();
    assert_eq!(reason(&record), EndReason::CallerHungUp);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::CallerLeft));
    phone.wait_for("it rings no more", SOON, |line| line.contains("the caller gave up"));
    desk.close();
}

#[test]
fn the_caller_hangs_up_while_they_talk() {
    let mut desk = desk();
    let mut phone = softphone::phone(&desk, "1001", &["--answer", "--ring", "0.2"]);
    Sipp::new(&desk, "hang_up_after").arguments(&["-d", "2000"]).run();
    let record = desk.closed_record();
    assert_eq!(reason(&record), EndReason::CallerHungUp);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    phone.wait_for("it is told", SOON, |line| line.contains("the far end hung up"));
    desk.close();
}

#[test]
fn the_called_person_hangs_up_first() {
    let mut desk = desk();
    let mut phone =
        softphone::phone(&desk, "1001", &["--answer", "--ring", "0.2", "--pause", "1", "--hang-up"]);
    Sipp::new(&desk, "listen_to_the_end").run();
    let record = desk.closed_record();
    assert_eq!(reason(&record), EndReason::CalleeHungUp);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    phone.wait_for("it has hung up", SOON, |line| line.ends_with("over: hung up"));
    desk.close();
}

#[test]
fn a_desk_that_closes_says_goodbye_to_both() {
    let mut desk = desk();
    let mut phone = softphone::phone(&desk, "1001", &["--answer", "--ring", "0.2"]);
    let mut talking = Sipp::new(&desk, "listen_to_the_end").start();
    let mut listening = Sipp::new(&desk, "listen_to_the_end").dial("101").start();
    desk.program.wait_for("one is put through", SOON, |line| line.ends_with("both hear each other"));
    desk.program.wait_for("one is asked", SOON, |line| line.ends_with("step keys/wish"));
    desk.close();
    talking.succeed();
    listening.succeed();
    phone.wait_for("it is told", SOON, |line| line.contains("the far end hung up"));
    let records = desk.closed_records(2);
    assert!(records.iter().all(|record| reason(record) == EndReason::DeskStopped));
}
