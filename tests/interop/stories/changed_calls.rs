//! What happens within a call: provisional responses that are acknowledged, holds in every spelling, UPDATE, session
//! timers.

use crate::rig::desk::{Desk, Number};
use crate::rig::flows::{GOODBYE, KEYS};
use crate::rig::records::reason;
use crate::rig::sipp::{Sipp, header};
use crate::rig::softphone;
use frontdesk_call_record::{EndReason, Notice};

fn desk() -> Desk {
    Desk::open(&[
        Number { number: "100", flow: GOODBYE, record: false },
        Number { number: "101", flow: KEYS, record: false },
    ])
}

#[test]
fn a_caller_that_demands_reliable_ringing_gets_it() {
    let mut desk = desk();
    let _phone = softphone::phone(&desk, "1001", &["--say", "Hello", "--hang-up"]);
    let played = Sipp::new(&desk, "demand_prack").dial("1001").run();
    let ringing: Vec<_> =
        played.received().into_iter().filter(|message| message.starts_with("SIP/2.0 180")).collect();
    assert!(ringing.iter().all(|ringing| header(ringing, "Require") == Some("100rel")), "{ringing:?}");
    assert_eq!(reason(&desk.closed_record()), EndReason::CalleeHungUp);
    desk.close();
}

#[test]
fn every_spelling_of_a_hold_is_understood() {
    let mut desk = desk();
    for scenario in ["hold_inactive", "hold_by_null_address"] {
        Sipp::new(&desk, scenario).dial("101").run();
    }
    for record in desk.closed_records(2) {
        let notices: Vec<_> = record.notices.iter().map(|noticed| noticed.notice).collect();
        assert_eq!(notices, [Notice::Held, Notice::Resumed]);
        assert_eq!(reason(&record), EndReason::DeskHungUp);
    }
    desk.close();
}

#[test]
fn a_caller_refreshes_holds_and_resumes_by_update() {
    let mut desk = desk();
    Sipp::new(&desk, "update").dial("101").run();
    let record = desk.closed_record();
    let notices: Vec<_> = record.notices.iter().map(|noticed| noticed.notice).collect();
    assert_eq!(notices, [Notice::Held, Notice::Resumed]);
    assert_eq!(reason(&record), EndReason::CallerHungUp);
    desk.close();
}

#[test]
fn a_session_interval_that_is_too_small_is_sent_back_and_a_larger_one_is_kept() {
    let mut desk = desk();
    let played = Sipp::new(&desk, "session_timer").dial("101").run();
    let received = played.received();
    let refusal = received.iter().find(|message| message.starts_with("SIP/2.0 422")).expect("a 422");
    assert_eq!(header(refusal, "Min-SE"), Some("90"));
    assert_eq!(reason(&desk.closed_record()), EndReason::CallerHungUp);
    desk.close();
}
