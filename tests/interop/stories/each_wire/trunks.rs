//! Trunks over each transport: how the desk registers there, whom it lets in, and which it uses when.

use crate::rig::certificates::CARRIER;
use crate::rig::desk::{Desk, Number};
use crate::rig::flows::{GOODBYE, OUTSIDE};
use crate::rig::records::reason;
use crate::rig::relay::free_stream_port;
use crate::rig::sipp::{Playing, Sipp};
use crate::rig::tenants::{Line, Tenants};
use crate::rig::wire::Wire;
use frontdesk_call_record::{AdmittedBy, EndReason, TransferEnd};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

/// A trunk of this tenant to another address than that of its line.
fn trunk(line: &Line, name: &str, at: SocketAddr, priority: u16, more: &str) -> String {
    line.trunk_at(name, at, priority) + more
}

fn invites(carrier: &Playing) -> usize {
    carrier.count("INVITE")
}

#[test]
fn trunks_are_registered_refreshed_asked_and_given_up_for_a_while() {
    let (registrars, failing) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let asked = RefCell::new(Vec::new());
    let begin = |line: &Line, scenario: &str, playing: &RefCell<Vec<Playing>>| {
        let (at, sipp) = Sipp::carrier_over(line.wire, scenario);
        playing.borrow_mut().push(sipp.lasting(Duration::from_secs(90)).arguments(&["-d", "6000"]).start());
        at
    };
    let account =
        "probe = 0\nregister = true\nexpires = 60\nuser = \"customer\"\npassword_file = \"line.password\"\n";
    let mut tenants = Tenants::open_with(&[("100", GOODBYE)], |line| {
        let (stands, fails, answers) = (
            begin(line, "registrar", &registrars),
            begin(line, "registrar_out_of_order", &failing),
            begin(line, "carrier_answers_questions", &asked),
        );
        trunk(line, "stands", stands, 1, account)
            + &trunk(line, "fails", fails, 2, account)
            + &trunk(line, "answers", answers, 3, "probe = 10\n")
            + &trunk(line, "gone", free_stream_port(), 4, "probe = 10\n")
    });
    let soon = Duration::from_secs(8);
    for wire in Wire::ALL {
        for name in ["stands", "answers"] {
            let up = format!("trunk {name}-{}: up", wire.word());
            tenants.desk.program.wait_for("the trunk is up", soon, |line| line == up);
        }
    }
    for registrar in registrars.borrow().iter() {
        registrar.wait_for("the refresh", |_| registrar.count("REGISTER") == 4);
    }
    for sipp in failing.borrow_mut().iter_mut() {
        sipp.succeed();
        assert_eq!(sipp.count("REGISTER"), 1, "a registrar that is out of order is left alone for a while");
    }
    asked.borrow_mut().iter_mut().for_each(Playing::succeed);
    // Nobody is there: after two questions without an answer it is known, where the network says so at once.
    for wire in [Wire::Tcp, Wire::Tls] {
        let down = format!("trunk gone-{}: down", wire.word());
        tenants
            .desk
            .program
            .wait_for("the trunk is down", Duration::from_secs(15), |line| line.starts_with(&down));
    }
    tenants.desk.close();
    registrars.borrow_mut().iter_mut().for_each(Playing::succeed);
}

#[test]
fn trunks_are_known_by_their_address_or_their_certificate() {
    let trunks = format!(
        "[[trunk]]\nname = \"by-address\"\nhost = \"192.0.2.1\"\naddresses = [\"127.0.0.5\"]\nprobe = 0\n\n\
         [[trunk]]\nname = \"by-certificate\"\nhost = \"192.0.2.2\"\nprobe = 0\ncertificate_names = [\"{CARRIER}\"]\n"
    );
    let mut desk =
        Desk::open_on_every_wire(&[Number { number: "100", flow: GOODBYE, record: false }], &trunks);
    for wire in Wire::ALL {
        Sipp::phone(&desk, wire, "127.0.0.5", "listen_to_the_end", None).run();
        Sipp::phone(&desk, wire, "127.0.0.6", "knock", None).run();
    }
    Sipp::phone(&desk, Wire::Tls, "127.0.0.6", "listen_to_the_end", Some("carrier")).run();
    let records = desk.closed_records(4);
    let admitted: Vec<_> = records.iter().filter_map(|record| record.admitted_by.clone()).collect();
    let trunk = |name: &str| AdmittedBy::Peer(name.to_owned());
    let by_address = trunk("by-address");
    assert_eq!(admitted, [by_address.clone(), by_address.clone(), by_address, trunk("by-certificate")]);
    desk.close();
}

#[test]
fn a_trunk_that_fails_is_passed_over_for_the_next() {
    let playing = RefCell::new(Vec::new());
    let nobody = RefCell::new(Vec::new());
    let begin = |line: &Line, scenario: &str, status: &'static str| {
        let (at, sipp) = Sipp::carrier_over(line.wire, scenario);
        playing.borrow_mut().push(sipp.refusing(status).start());
        at
    };
    let mut tenants = Tenants::open_with(&[("100", OUTSIDE)], |line| {
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket that nobody reads");
        let silent_at = silent.local_addr().expect("an address");
        nobody.borrow_mut().push(silent);
        let failing = ["408 Request Timeout", "500 Server Internal Error", "503 Service Unavailable"];
        let failing = (1..).zip(failing).map(|(priority, status)| {
            let at = begin(line, "carrier_refuses", status);
            trunk(line, &format!("fails-{priority}"), at, priority, "probe = 0\n")
        });
        failing.collect::<String>()
            + &trunk(line, "overloaded", begin(line, "carrier_overloaded", ""), 4, "probe = 0\n")
            + &trunk(line, "silent", silent_at, 5, "probe = 0\n")
            + &trunk(line, "answers", begin(line, "carrier_answers", ""), 6, "probe = 0\n")
    });
    let call = |line| tenants.caller(line, "hang_up_after").arguments(&["-d", "7500"]).start();
    let callers: Vec<_> = tenants.lines.iter().map(call).collect();
    callers.into_iter().for_each(|mut caller| caller.succeed());
    playing.borrow_mut().iter_mut().for_each(Playing::succeed);
    for record in tenants.desk.closed_records(3) {
        assert_eq!(record.transfers.last().and_then(|one| one.outcome), Some(TransferEnd::Completed));
        assert_eq!(reason(&record), EndReason::CallerHungUp);
    }
    tenants.desk.close();
}

#[test]
fn who_rang_is_not_called_again_over_another_trunk() {
    let spare = RefCell::new(Vec::new());
    let mut tenants = Tenants::open_with(&[("100", OUTSIDE)], |line| {
        let (at, sipp) = Sipp::carrier_over(line.wire, "carrier_answers");
        spare.borrow_mut().push(sipp.start());
        line.trunk("rings", 1) + "probe = 0\n" + &trunk(line, "spare", at, 2, "probe = 0\n")
    });
    tenants.call("carrier_rings_and_gives_up", |line| tenants.caller(line, "listen_to_the_end"));
    assert!(spare.borrow().iter().all(|spare| invites(spare) == 0), "it rang already");
    tenants.desk.closed_records(3);
    tenants.desk.close();
}

#[test]
fn a_trunk_takes_no_more_calls_than_it_has_lines_and_failures_than_five() {
    let spare = RefCell::new(Vec::new());
    let mut tenants = Tenants::open_with(&[("100", OUTSIDE)], |line| {
        let (at, sipp) = Sipp::carrier_over(line.wire, "carrier_answers");
        spare.borrow_mut().push(sipp.arguments(&["-m", "7"]).start());
        line.trunk("first", 1) + "probe = 0\ncalls = 1\n" + &trunk(line, "second", at, 2, "probe = 0\n")
    });
    let stays = |line, ms| tenants.caller(line, "hang_up_after").arguments(&["-d", ms]);
    // Two at once: the second goes the other way.
    let carriers: Vec<_> =
        tenants.lines.iter().map(|line| line.start(line.carrier("carrier_answers"))).collect();
    let two = |line| [stays(line, "1800").start(), stays(line, "1800").start()];
    let callers: Vec<_> = tenants.lines.iter().flat_map(two).collect();
    callers.into_iter().chain(carriers).for_each(|mut one| one.succeed());
    assert!(spare.borrow().iter().all(|spare| invites(spare) == 1));
    // Five in a row fail: the sixth does not try.
    let failing = |line: &Line| {
        let carrier = line.carrier("carrier_refuses").refusing("500 Server Internal Error");
        line.start(carrier.arguments(&["-m", "5"]))
    };
    let carriers: Vec<_> = tenants.lines.iter().map(failing).collect();
    for _ in 0..6 {
        let callers: Vec<_> = tenants.lines.iter().map(|line| stays(line, "900").start()).collect();
        callers.into_iter().for_each(|mut caller| caller.succeed());
    }
    for mut carrier in carriers {
        carrier.succeed();
        assert_eq!(invites(&carrier), 5);
    }
    spare.borrow_mut().iter_mut().for_each(Playing::succeed);
    let records = tenants.desk.closed_records(3 * 8);
    let completed = |record: &&_| {
        let record: &frontdesk_call_record::CallRecord = record;
        record.transfers.last().and_then(|one| one.outcome) == Some(TransferEnd::Completed)
    };
    assert_eq!(records.iter().filter(completed).count(), 3 * 8);
    tenants.desk.close();
}

#[test]
fn a_trunk_takes_no_more_calls_a_second_than_it_may() {
    let spare = RefCell::new(Vec::new());
    let mut tenants = Tenants::open_with(&[("100", OUTSIDE)], |line| {
        let (at, sipp) = Sipp::carrier_over(line.wire, "carrier_answers");
        spare.borrow_mut().push(sipp.start());
        line.trunk("slow", 1)
            + "probe = 0\ncalls_per_second = 1\n"
            + &trunk(line, "second", at, 2, "probe = 0\n")
    });
    let carriers: Vec<_> =
        tenants.lines.iter().map(|line| line.start(line.carrier("carrier_answers"))).collect();
    // Two at the same moment: the second goes the other way.
    let at_once = ["-d", "1500", "-m", "2", "-r", "10", "-l", "2"];
    let call = |line| tenants.caller(line, "hang_up_after").arguments(&at_once).start();
    let callers: Vec<_> = tenants.lines.iter().map(call).collect();
    callers.into_iter().chain(carriers).for_each(|mut one| one.succeed());
    spare.borrow_mut().iter_mut().for_each(Playing::succeed);
    assert!(spare.borrow().iter().all(|spare| invites(spare) == 1));
    for record in tenants.desk.closed_records(6) {
        assert_eq!(record.transfers.last().and_then(|one| one.outcome), Some(TransferEnd::Completed));
    }
    tenants.desk.close();
}

#[test]
fn trunks_share_calls_by_their_weights() {
    let (left, right) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let begin = |line: &Line, playing: &RefCell<Vec<Playing>>| {
        let (at, sipp) = Sipp::carrier_over(line.wire, "carrier_refuses");
        let sipp = sipp.refusing("486 Busy Here").arguments(&["-m", "100"]);
        playing.borrow_mut().push(sipp.start());
        at
    };
    let mut tenants = Tenants::open_with(&[("100", OUTSIDE)], |line| {
        trunk(line, "left", begin(line, &left), 1, "probe = 0\nweight = 50\n")
            + &trunk(line, "right", begin(line, &right), 1, "probe = 0\nweight = 50\n")
    });
    let ten = ["-m", "10", "-r", "10", "-rp", "1000", "-l", "10"];
    let call = |line| tenants.caller(line, "listen_with_ears").arguments(&ten).start();
    let callers: Vec<_> = tenants.lines.iter().map(call).collect();
    callers.into_iter().for_each(|mut caller| caller.succeed());
    for (left, right) in left.borrow().iter().zip(right.borrow().iter()) {
        let shares = [invites(left), invites(right)];
        // Half of ten each: that one gets none happens once in five hundred suites.
        assert_eq!(shares.iter().sum::<usize>(), 10);
        assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    }
    tenants.desk.closed_records(30);
    tenants.desk.close();
}
