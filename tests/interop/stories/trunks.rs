//! Calls over trunks: to carriers that answer, announce, refuse, redirect and fork, and from a carrier where the desk
//! registered.

use crate::rig::baresip::{Baresip, Style};
use crate::rig::carrier::{self, ACCOUNT};
use crate::rig::desk::{Desk, Number};
use crate::rig::flows::{GOODBYE, OUTSIDE};
use crate::rig::kamailio::Kamailio;
use crate::rig::records::{reason, steps};
use crate::rig::sipp::{Playing, Sipp, header};
use crate::rig::speech::Speech;
use frontdesk_call_record::{EndReason, TransferEnd};
use std::net::SocketAddr;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(8);

/// A trunk to this address without registration; the lower the priority, the sooner it is used.
fn trunk(name: &str, at: SocketAddr, priority: u16) -> String {
    format!(
        "[[trunk]]\nname = \"{name}\"\nhost = \"127.0.0.1\"\nport = {}\ntransport = \"udp\"\ncalls_from_host = false\n\
         probe = 0\npriority = {priority}\nnumber = \"+4930123450\"\n\n",
        at.port()
    )
}

fn desk(trunks: &str) -> Desk {
    Desk::open_with(&[Number { number: "100", flow: OUTSIDE, record: false }], &[], trunks, |_| {})
}

fn invites(carrier: &Playing) -> usize {
    carrier.received().iter().filter(|message| message.starts_with("INVITE ")).count()
}

#[test]
fn a_telephone_hears_the_carriers_announcement_and_then_the_party() {
    let (address, carrier) = Sipp::carrier("carrier_early_media");
    let early = Speech::say("The number that you have dialled has changed", "rms");
    let late = Speech::say("Hello, this is the workshop speaking", "awb");
    let mut carrier = carrier.file("early.ulaw", &early.ulaw()).file("late.ulaw", &late.ulaw()).start();
    let mut desk = desk(&trunk("line", address, 1));
    let style = Style { answers: false, ..Style::udp(&desk) };
    let mut phone = Baresip::register_as("1002", &Speech(vec![0; 8 * 40_000]), style);
    phone.command(&format!("dial sip:+4930555001@{}", desk.address));
    phone.program.wait_for("the call stands", SOON, |line| line.contains("Call established"));
    std::thread::sleep(Duration::from_millis(3_500));
    phone.command("hangup");
    carrier.succeed();
    let record = desk.closed_record();
    phone.program.stop(SOON);
    let heard = phone.heard();
    early.must_be_in(&heard, "the phone, before the answer");
    late.must_be_in(&heard, "the phone, after the answer");
    assert_eq!(reason(&record), EndReason::CallerHungUp);
    let invite = carrier.received().into_iter().find(|one| one.starts_with("INVITE ")).expect("an INVITE");
    assert!(invite.starts_with("INVITE sip:+4930555001@127.0.0.1"), "{invite}");
    desk.close();
}

#[test]
fn a_flow_puts_its_caller_through_to_a_number_outside() {
    let (address, carrier) = Sipp::carrier("carrier_answers");
    let mut carrier = carrier.start();
    let mut desk = desk(&trunk("line", address, 1));
    Sipp::new(&desk, "hang_up_after").arguments(&["-d", "1500"]).run();
    carrier.succeed();
    let record = desk.closed_record();
    assert_eq!(record.transfers.last().and_then(|one| one.outcome), Some(TransferEnd::Completed));
    assert_eq!(reason(&record), EndReason::CallerHungUp);
    desk.close();
}

#[test]
fn a_busy_party_outside_brings_the_caller_back_to_the_flow() {
    let (address, carrier) = Sipp::carrier("carrier_busy");
    let mut carrier = carrier.start();
    let mut desk = desk(&trunk("line", address, 1));
    Sipp::new(&desk, "listen_to_the_end").run();
    carrier.succeed();
    let record = desk.closed_record();
    assert_eq!(steps(&record), ["put_through", "was_busy"]);
    assert_eq!(record.transfers.last().and_then(|one| one.outcome), Some(TransferEnd::Busy));
    desk.close();
}

#[test]
fn a_carrier_without_room_is_passed_over_for_the_next() {
    let (full, first) = Sipp::carrier("carrier_overloaded");
    let (free, second) = Sipp::carrier("carrier_answers");
    let (mut first, mut second) = (first.start(), second.start());
    let mut desk = desk(&(trunk("first", full, 1) + &trunk("second", free, 2)));
    Sipp::new(&desk, "hang_up_after").arguments(&["-d", "1500"]).run();
    first.succeed();
    second.succeed();
    let record = desk.closed_record();
    assert_eq!(record.transfers.last().and_then(|one| one.outcome), Some(TransferEnd::Completed));
    desk.close();
}

#[test]
fn a_carrier_that_says_nothing_is_given_up_for_the_next() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket that nobody reads");
    let (free, second) = Sipp::carrier("carrier_answers");
    let mut second = second.start();
    let address = silent.local_addr().expect("an address");
    let mut desk = desk(&(trunk("first", address, 1) + &trunk("second", free, 2)));
    Sipp::new(&desk, "hang_up_after").arguments(&["-d", "6500"]).run();
    second.succeed();
    let record = desk.closed_record();
    assert_eq!(record.transfers.last().and_then(|one| one.outcome), Some(TransferEnd::Completed));
    desk.close();
}

#[test]
fn a_party_that_rang_is_not_called_again_over_another_trunk() {
    let (first, rings) = Sipp::carrier("carrier_rings_and_gives_up");
    let (second, spare) = Sipp::carrier("carrier_answers");
    let (mut rings, spare) = (rings.start(), spare.start());
    let mut desk = desk(&(trunk("first", first, 1) + &trunk("second", second, 2)));
    Sipp::new(&desk, "listen_to_the_end").run();
    rings.succeed();
    let record = desk.closed_record();
    assert_eq!(steps(&record), ["put_through", "was_not_answered"]);
    assert_eq!(invites(&spare), 0, "it rang already");
    desk.close();
}

#[test]
fn a_carrier_that_demands_prack_gets_it() {
    let (address, carrier) = Sipp::carrier("carrier_demands_prack");
    let mut carrier = carrier.start();
    let mut desk = desk(&trunk("line", address, 1));
    Sipp::new(&desk, "hang_up_after").arguments(&["-d", "2500"]).run();
    carrier.succeed();
    assert_eq!(reason(&desk.closed_record()), EndReason::CallerHungUp);
    desk.close();
}

/// A desk that registers at this carrier, whose calls come for the number +4930123450.
fn customer(carrier: &Kamailio, redirects: &str) -> Desk {
    let (user, password) = ACCOUNT;
    let trunk = format!(
        "[[trunk]]\nname = \"line\"\nhost = \"127.0.0.1\"\nport = {}\ntransport = \"udp\"\ncalls_from_host = false\n\
         register = true\nexpires = 60\nuser = \"{user}\"\npassword_file = \"line.password\"\nnumber = \"+4930123450\"\n\
         trusted = true\nredirects = \"{redirects}\"\n\n",
        carrier.address.port()
    );
    let numbers = [
        Number { number: "100", flow: OUTSIDE, record: false },
        Number { number: "+4930123450", flow: GOODBYE, record: false },
    ];
    let mut desk = Desk::open_with(&numbers, &[], &trunk, |folder| {
        std::fs::write(folder.join("line.password"), format!("{password}\n")).expect("a password");
    });
    desk.program.wait_for("the trunk is registered", SOON, |line| line == "trunk line: up");
    desk
}

#[test]
fn the_desk_registers_at_a_carrier_that_brings_it_calls() {
    let nobody = "127.0.0.1:9".parse().expect("an address");
    let carrier = carrier::start([nobody, nobody], "+4930123450");
    let mut desk = customer(&carrier, "never");
    let played = Sipp::from(carrier.address, "127.0.0.1", "listen_to_the_end").dial("customer").run();
    let record = desk.closed_record();
    assert_eq!(reason(&record), EndReason::DeskHungUp);
    assert_eq!(record.called.as_str(), "+4930123450");
    assert!(played.received().iter().any(|message| header(message, "Record-Route").is_some()));
    desk.close();
}

#[test]
fn a_carrier_challenges_forks_and_redirects() {
    let (first, rings) = Sipp::carrier("carrier_rings_and_is_cancelled");
    let (second, answers) = Sipp::carrier("carrier_answers");
    let (mut rings, mut answers) = (rings.start(), answers.start());
    // The redirected call goes to the first subscriber alone.
    let carrier = carrier::start([first, second], "+4930123450");
    let mut desk = customer(&carrier, "same-trunk");
    let style = Style { answers: false, ..Style::udp(&desk) };
    let mut phone = Baresip::register_as("1002", &Speech(vec![0; 8 * 40_000]), style);
    phone.command(&format!("dial sip:+4930555002@{}", desk.address));
    phone.program.wait_for("the call stands", SOON, |line| line.contains("Call established"));
    rings.succeed();
    std::thread::sleep(Duration::from_millis(500));
    phone.command("hangup");
    answers.succeed();
    assert_eq!(reason(&desk.closed_record()), EndReason::CallerHungUp);
    phone.program.stop(SOON);
    desk.close();
}

#[test]
fn a_call_that_the_carrier_sends_elsewhere_arrives_there() {
    let (first, answers) = Sipp::carrier("carrier_answers");
    let mut answers = answers.start();
    let nobody = "127.0.0.1:9".parse().expect("an address");
    let carrier = carrier::start([first, nobody], "+4930123450");
    let mut desk = customer(&carrier, "same-trunk");
    let style = Style { answers: false, ..Style::udp(&desk) };
    let mut phone = Baresip::register_as("1002", &Speech(vec![0; 8 * 40_000]), style);
    phone.command(&format!("dial sip:+4930555003@{}", desk.address));
    phone.program.wait_for("the call stands", SOON, |line| line.contains("Call established"));
    std::thread::sleep(Duration::from_millis(500));
    phone.command("hangup");
    answers.succeed();
    assert_eq!(reason(&desk.closed_record()), EndReason::CallerHungUp);
    phone.program.stop(SOON);
    desk.close();
}
