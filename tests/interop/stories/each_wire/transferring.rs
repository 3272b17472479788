//! Transfers over each transport: by telephones, by carriers, and by calls that take the place of others.

use crate::rig::desk::{Desk, Number, PASSWORDS};
use crate::rig::flows::{GOODBYE, OUTSIDE};
use crate::rig::records::{reason, steps};
use crate::rig::sipp::{Playing, Sipp, header};
use crate::rig::tenants::Tenants;
use crate::rig::wire::Wire;
use frontdesk_call_record::{EndReason, TransferEnd};
use std::time::Duration;

/// An address that is no peer's: who comes from there is a telephone.
const HOME: &str = "127.0.0.2";
/// How long a telephone is there.
const LONG: Duration = Duration::from_secs(100);

/// A desk, and the telephone 1001 there, which does this when it is called.
fn house(when_called: &str) -> (Desk, Playing) {
    let desk = Desk::open_on_every_wire(&[Number { number: "100", flow: GOODBYE, record: false }], "");
    let (number, password) = PASSWORDS[0];
    let phone = Sipp::phone(&desk, Wire::Udp, HOME, "register_contacts", None).with("number", number);
    let phone = phone.with("place", "here").with("q", "1.0").beside(when_called).lasting(LONG);
    let called = phone.arguments(&["-au", number, "-ap", password, "-d", "90000"]).start();
    called.wait_for("it is registered", |message| message.starts_with("SIP/2.0 200"));
    (desk, called)
}

/// The telephone 1002 calls 1001 and plays this.
fn phone(desk: &Desk, wire: Wire, scenario: &str) -> Sipp {
    Sipp::phone(desk, wire, HOME, scenario, None).dial("1001")
}

/// The name of the dialog that this caller has, as a `Replaces` in a URI or in a header wants it.
fn dialog(caller: &Playing, in_uri: bool) -> String {
    let answer = caller.wait_for("it is answered", |message| {
        message.starts_with("SIP/2.0 200")
            && header(message, "CSeq").is_some_and(|cseq| cseq.ends_with("INVITE"))
    });
    let tag = |name| header(&answer, name).and_then(|value| value.split_once(";tag=")).expect("a tag").1;
    let call_id = header(&answer, "Call-ID").expect("a Call-ID");
    let name = format!("{call_id};to-tag={};from-tag={}", tag("To"), tag("From"));
    match in_uri {
        true => name.replace('@', "%40").replace(';', "%3B").replace('=', "%3D"),
        false => name,
    }
}

#[test]
fn telephones_pass_their_callers_on() {
    let (mut desk, called) = house("carrier_answers");
    let mut calls = 0;
    for wire in Wire::ALL {
        for (scenario, end) in [
            ("refer", EndReason::DeskHungUp),
            ("refer_in_vain", EndReason::CallerHungUp),
            ("refer_without_subscription", EndReason::DeskHungUp),
        ] {
            phone(&desk, wire, scenario).run();
            calls += 1;
            let records = desk.closed_records(calls);
            assert_eq!(reason(&records[calls - 1]), end, "{scenario} over {wire:?}");
        }
    }
    called.must_be_content();
    desk.close();
}

#[test]
fn telephones_join_whom_they_asked() {
    let (mut desk, called) = house("phone_hangs_up");
    for (wire, calls) in Wire::ALL.into_iter().zip([2, 4, 6]) {
        let mut asked = phone(&desk, wire, "consult").start();
        let replaces = dialog(&asked, true);
        phone(&desk, wire, "refer_attended").with("replaces", &replaces).run();
        asked.succeed();
        // Those who were joined talk until one of them hangs up.
        desk.closed_records(calls);
    }
    called.must_be_content();
    desk.close();
}

#[test]
fn who_was_asked_past_the_desk_is_called_in_the_place_of_that_call() {
    let (mut desk, called) = house("phone_hangs_up");
    for (wire, calls) in Wire::ALL.into_iter().zip(1..) {
        let past = format!("{}@192.0.2.7;to-tag=7;from-tag=8", wire.word());
        let in_uri = past.replace('@', "%40").replace(';', "%3B").replace('=', "%3D");
        phone(&desk, wire, "refer_past_the_desk").with("replaces", &in_uri).run();
        called.wait_for("an INVITE in the place of that call", |message| {
            message.starts_with("INVITE ")
                && header(message, "Replaces") == Some(&past)
                && header(message, "Require") == Some("replaces")
        });
        desk.closed_records(calls);
    }
    called.must_be_content();
    desk.close();
}

#[test]
fn a_call_takes_the_place_of_another() {
    let (mut desk, called) = house("carrier_answers");
    for wire in Wire::ALL {
        let mut before = phone(&desk, wire, "consult").start();
        let replaces = dialog(&before, false);
        phone(&desk, wire, "take_place").with("replaces", &replaces).run();
        before.succeed();
    }
    desk.closed_records(3);
    called.must_be_content();
    desk.close();
}

#[test]
fn carriers_put_their_calls_through_themselves() {
    let called = std::cell::RefCell::new(Vec::new());
    let mut tenants = Tenants::open_with(&[("100", OUTSIDE)], |line| {
        // Calls come from the trunk's address, which is not that of a peer.
        let (at, sipp) = Sipp::carrier_over(line.wire, "carrier_answers");
        called.borrow_mut().push(sipp.start());
        let from = line.carrier_address();
        line.trunk_at("line", at, 1) + &format!("probe = 0\nrefer = true\naddresses = [\"{from}\"]\n")
    });
    let mut calls = 0;
    for (scenario, outcome, end) in [
        ("carrier_puts_through", TransferEnd::Completed, EndReason::Transferred),
        ("carrier_finds_busy", TransferEnd::Busy, EndReason::DeskHungUp),
        ("carrier_puts_nobody_through", TransferEnd::Completed, EndReason::CallerHungUp),
    ] {
        let call = |line: &crate::rig::tenants::Line| {
            let sipp = Sipp::phone(&tenants.desk, line.wire, line.carrier_address(), scenario, None);
            sipp.arguments(&["-d", "1500"]).start()
        };
        let callers: Vec<_> = tenants.lines.iter().map(call).collect();
        callers.into_iter().for_each(|mut caller| caller.succeed());
        calls += 3;
        for record in &tenants.desk.closed_records(calls)[calls - 3..] {
            assert_eq!(record.transfers.last().and_then(|one| one.outcome), Some(outcome), "{scenario}");
            assert_eq!(reason(record), end, "{scenario}");
            assert_eq!(steps(record)[0], "put_through");
        }
    }
    called.borrow_mut().iter_mut().for_each(Playing::succeed);
    tenants.desk.close();
}
