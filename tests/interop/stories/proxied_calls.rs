//! Calls that come through a proxy which stays in the path (RFC 3261 §16.6, Record-Route).

use crate::rig::desk::{Desk, Number};
use crate::rig::flows::{GOODBYE, KEYS};
use crate::rig::kamailio::Kamailio;
use crate::rig::records::reason;
use crate::rig::sipp::{Playing, Sipp, headers};
use crate::rig::softphone;
use frontdesk_call_record::EndReason;
use std::time::Duration;

/// Plays a scenario through the proxy.
fn through(proxy: &Kamailio, scenario: &str, number: &str, arguments: &[&str]) -> Playing {
    Sipp::from(proxy.address, "127.0.0.1", scenario).dial(number).arguments(arguments).run()
}

#[test]
fn each_side_hangs_up_through_the_proxy() {
    let mut desk = Desk::open(&[
        Number { number: "100", flow: GOODBYE, record: false },
        Number { number: "101", flow: KEYS, record: false },
    ]);
    let proxy = Kamailio::before(&desk);

    let played = through(&proxy, "listen_to_the_end", "100", &[]);
    let received = played.received();
    let answer = received.iter().find(|message| message.starts_with("SIP/2.0 200")).expect("a 200");
    assert_eq!(
        headers(answer, "Record-Route").count(),
        1,
        "the route set comes back (RFC 3261 section 12.1.1)"
    );
    let bye = received.iter().find(|message| message.starts_with("BYE ")).expect("a BYE");
    assert_eq!(headers(bye, "Via").count(), 2, "the BYE went through the proxy: {bye}");
    assert!(bye.starts_with("BYE sip:foreign@"), "to the caller's contact: {bye}");

    through(&proxy, "hang_up_after", "101", &["-d", "700"]);
    let records = desk.closed_records(2);
    assert_eq!(
        records.iter().map(reason).collect::<Vec<_>>(),
        [EndReason::DeskHungUp, EndReason::CallerHungUp]
    );
    desk.close();
}

#[test]
fn the_caller_gives_up_through_the_proxy() {
    let mut desk = Desk::open(&[]);
    let proxy = Kamailio::before(&desk);
    let mut phone = softphone::phone(&desk, "1001", &["--no-answer"]);
    through(&proxy, "cancel", "1001", &[]);
    assert_eq!(reason(&desk.closed_record()), EndReason::Cancelled);
    phone.wait_for("it rings no more", Duration::from_secs(5), |line| line.contains("the caller gave up"));
    desk.close();
}
