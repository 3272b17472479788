//! Each way in which putting a caller through can fail, over the wire: the flow goes on at the step that it names.

use crate::rig::desk::{Desk, Number};
use crate::rig::flows::OUTCOMES;
use crate::rig::program::Program;
use crate::rig::records::{reason, steps};
use crate::rig::sipp::Sipp;
use crate::rig::softphone;
use frontdesk_call_record::{EndReason, TransferEnd};
use std::time::Duration;

/// A caller who is put through to a phone that does this, and so comes to this step.
fn play(when_called: Option<&[&str]>, outcome: TransferEnd, step: &str) -> Option<Program> {
    let mut desk = Desk::open(&[Number { number: "100", flow: OUTCOMES, record: false }]);
    let phone = when_called.map(|when_called| softphone::phone(&desk, "1001", when_called));
    Sipp::new(&desk, "listen_to_the_end").run();
    let record = desk.closed_record();
    assert_eq!(steps(&record), ["put_through", step]);
    let [transfer] = record.transfers.as_slice() else { panic!("{:?}", record.transfers) };
    assert_eq!(transfer.outcome, Some(outcome));
    assert_eq!(transfer.ringing_us.is_some(), outcome == TransferEnd::NoAnswer);
    assert!(transfer.answered_us.is_none());
    let said = record.transcript.iter().map(|line| (line.text.as_str(), line.completed)).collect::<Vec<_>>();
    assert!(matches!(said[..], [(_, true)]), "the step's words were said to the end: {said:?}");
    assert_eq!(reason(&record), EndReason::DeskHungUp, "the flow went on to its own end");
    desk.close();
    phone
}

#[test]
fn a_busy_phone_leads_to_the_step_for_it() {
    play(Some(&["--busy"]), TransferEnd::Busy, "was_busy");
}

#[test]
fn a_phone_that_declines_leads_to_the_step_for_it() {
    play(Some(&["--decline"]), TransferEnd::Declined, "was_declined");
}

#[test]
fn a_phone_that_nobody_answers_leads_to_the_step_for_it_and_rings_no_more() {
    let mut phone = play(Some(&["--no-answer"]), TransferEnd::NoAnswer, "was_not_answered").expect("a phone");
    phone.wait_for("it was cancelled", Duration::from_secs(2), |line| line.contains("the caller gave up"));
}

#[test]
fn a_phone_that_is_not_registered_leads_to_the_step_for_it() {
    play(None, TransferEnd::Unreachable, "was_unreachable");
}

#[test]
fn a_phone_that_was_pulled_from_the_wall_leads_to_the_step_for_unreachable() {
    let mut desk = Desk::open(&[Number { number: "100", flow: OUTCOMES, record: false }]);
    let mut phone = softphone::phone(&desk, "1001", &["--answer"]);
    phone.signal(rustix::process::Signal::KILL);
    phone.finish(Duration::from_secs(5));
    Sipp::new(&desk, "listen_to_the_end").run();
    let record = desk.closed_record();
    assert_eq!(steps(&record), ["put_through", "was_unreachable"]);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Unreachable));
    desk.close();
}
