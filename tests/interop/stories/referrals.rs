//! Transfers that a telephone asks for by REFER, message by message.

use crate::rig::desk::{Desk, Number};
use crate::rig::flows::GOODBYE;
use crate::rig::records::{reason, steps};
use crate::rig::sipp::{Playing, Sipp, headers};
use crate::rig::softphone;
use frontdesk_call_record::EndReason;

/// sipp as the phone 1002, from an address that is no peer's, in a talk with the phone 1001.
fn play(desk: &Desk, scenario: &str) -> Playing {
    Sipp::from(desk.address, "127.0.0.2", scenario).dial("1001").run()
}

fn desk() -> Desk {
    // sipp knows MD5 alone.
    Desk::open_with_md5(&[Number { number: "100", flow: GOODBYE, record: false }])
}

/// The NOTIFYs that came, as their subscription states and the statuses that they told.
fn told(played: &Playing) -> Vec<(String, String)> {
    let notifies = played.received().into_iter().filter(|message| message.starts_with("NOTIFY "));
    notifies
        .map(|message| {
            let state = headers(&message, "Subscription-State").next().unwrap_or_default().to_owned();
            let status = message.lines().find(|line| line.starts_with("SIP/2.0 ")).unwrap_or_default();
            (state, status.to_owned())
        })
        .collect()
}

#[test]
fn a_telephone_hands_the_other_to_a_flow_and_is_told_that_it_worked() {
    let mut desk = desk();
    let _phone = softphone::phone(&desk, "1001", &["--answer"]);
    let played = play(&desk, "refer");
    let told = told(&played);
    assert!(
        told.first().is_some_and(|(state, status)| state.starts_with("active") && status.contains("100"))
    );
    assert!(
        told.last().is_some_and(|(state, status)| state.starts_with("terminated") && status.contains("200"))
    );
    let record = desk.closed_record();
    assert_eq!(steps(&record), ["leave"], "the flow spoke with it");
    assert_eq!(reason(&record), EndReason::DeskHungUp);
    desk.close();
}

#[test]
fn a_telephone_is_told_that_nobody_has_the_number_and_goes_on_talking() {
    let mut desk = desk();
    let _phone = softphone::phone(&desk, "1001", &["--answer"]);
    let played = play(&desk, "refer_in_vain");
    assert_eq!(told(&played), [], "the answer itself tells it");
    assert_eq!(reason(&desk.closed_record()), EndReason::CallerHungUp);
    desk.close();
}

#[test]
fn a_telephone_that_wants_no_news_gets_none() {
    let mut desk = desk();
    let _phone = softphone::phone(&desk, "1001", &["--answer"]);
    let played = play(&desk, "refer_without_subscription");
    assert_eq!(told(&played), []);
    desk.close();
}
