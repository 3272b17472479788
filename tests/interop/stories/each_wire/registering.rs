//! Telephones that register over each transport, and calls to the places where they did.

use crate::rig::desk::{Desk, Number, PASSWORDS};
use crate::rig::flows::GOODBYE;
use crate::rig::records::reason;
use crate::rig::sipp::{Playing, Sipp, header};
use crate::rig::wire::Wire;
use frontdesk_call_record::EndReason;

/// An address that no `[[peer]]` lists: who comes from there has a password or stays outside.
const HOME: &str = "127.0.0.2";
/// How long a telephone stays registered: until the story is over.
const LONG_MS: &str = "60000";

fn desk() -> Desk {
    Desk::open_on_every_wire(&[Number { number: "100", flow: GOODBYE, record: false }], "")
}

/// The telephone 1001.
fn phone(desk: &Desk, wire: Wire, scenario: &str) -> Sipp {
    let (number, password) = PASSWORDS[0];
    let sipp = Sipp::phone(desk, wire, HOME, scenario, None).with("number", number);
    sipp.arguments(&["-au", number, "-ap", password, "-d", LONG_MS])
}

/// Starts it, and waits until it is registered.
fn registered(phone: Sipp) -> Playing {
    let phone = phone.start();
    phone.wait_for("it is registered", |message| message.starts_with("SIP/2.0 200"));
    phone
}

/// It is reached nowhere any more.
fn signed_off(desk: &Desk, wire: Wire) {
    phone(desk, wire, "sign_off").run();
}

/// Somebody calls it, talks a little and hangs up.
fn call(desk: &Desk, wire: Wire) {
    Sipp::over(desk, wire, "hang_up_after").dial("1001").arguments(&["-d", "400"]).run();
}

/// The telephone at one of its places, that does this when it is called.
fn place(desk: &Desk, wire: Wire, place: &str, q: &str, when_called: &str) -> Playing {
    let sipp = phone(desk, wire, "register_contacts").with("place", place).with("q", q);
    registered(sipp.beside(when_called))
}

#[test]
fn passwords_counts_and_times_are_held_to() {
    let mut desk = desk();
    for wire in Wire::ALL {
        let played = phone(&desk, wire, "register").run();
        let granted = played.received().into_iter().find(|message| message.starts_with("SIP/2.0 200"));
        let granted = granted.expect("the right password is taken");
        assert!(header(&granted, "Contact").is_some_and(|contact| contact.contains("expires=300")));
        let counted = phone(&desk, wire, "register_counts").run();
        // What was proved once proves nothing to who repeats it.
        let proof = counted
            .sent()
            .into_iter()
            .rev()
            .find_map(|message| Some(format!("Authorization: {}", header(&message, "Authorization")?)));
        let proof = proof.expect("it proved its password");
        phone(&desk, wire, "register_replayed").with("credentials", &proof).run();
    }
    desk.close();
}

#[test]
fn who_is_picked_up_first_has_the_call_and_the_others_are_told_so() {
    let mut desk = desk();
    for wire in Wire::ALL {
        let answers = place(&desk, wire, "desk", "1.0", "carrier_answers");
        let loses = place(&desk, wire, "hall", "1.0", "phone_loses");
        call(&desk, wire);
        let cancel = loses.wait_for("it is cancelled", |message| message.starts_with("CANCEL "));
        assert!(
            header(&cancel, "Reason").is_some_and(|reason| reason.starts_with("SIP;cause=200")),
            "{cancel}"
        );
        [answers, loses].iter().for_each(Playing::must_be_content);
        signed_off(&desk, wire);
    }
    let records = desk.closed_records(3);
    assert!(records.iter().all(|record| reason(record) == EndReason::CallerHungUp));
    desk.close();
}

#[test]
fn who_is_liked_best_is_called_first() {
    let mut desk = desk();
    for wire in Wire::ALL {
        let answers = place(&desk, wire, "hall", "0.3", "carrier_answers");
        let busy = place(&desk, wire, "desk", "0.8", "phone_is_busy");
        call(&desk, wire);
        [&answers, &busy].into_iter().for_each(Playing::must_be_content);
        assert_eq!([answers.count("INVITE"), busy.count("INVITE")], [1, 1], "the busy one was asked first");
        signed_off(&desk, wire);
    }
    desk.closed_records(3);
    desk.close();
}

#[test]
fn a_telephone_behind_a_translator_is_called_where_it_came_from() {
    let mut desk = desk();
    for wire in Wire::ALL {
        let _phone = registered(phone(&desk, wire, "register_behind_nat").beside("carrier_answers"));
        call(&desk, wire);
        signed_off(&desk, wire);
    }
    desk.closed_records(3);
    desk.close();
}

#[test]
fn a_telephone_is_called_over_the_connection_that_it_keeps() {
    let mut desk = desk();
    for wire in [Wire::Tcp, Wire::Tls] {
        let _phone = registered(phone(&desk, wire, "register_outbound").beside("carrier_answers"));
        call(&desk, wire);
        signed_off(&desk, wire);
    }
    desk.closed_records(2);
    desk.close();
}

#[test]
fn a_telephone_is_called_by_the_path_that_its_proxy_gave() {
    let mut desk = desk();
    for wire in Wire::ALL {
        let edge = registered(phone(&desk, wire, "register_by_path").beside("edge_is_called"));
        Sipp::over(&desk, wire, "finds_busy").dial("1001").run();
        edge.must_be_content();
        signed_off(&desk, wire);
    }
    desk.closed_records(3);
    desk.close();
}
