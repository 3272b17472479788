//! What carriers do with the calls that a desk sends them, over each transport.

use crate::rig::flows::{OUTSIDE, OUTSIDE_SOON};
use crate::rig::records::{reason, steps};
use crate::rig::speech::Speech;
use crate::rig::tenants::Tenants;
use frontdesk_call_record::{CallRecord, EndReason, TransferEnd};

fn outcomes(records: &[CallRecord]) -> Vec<Option<TransferEnd>> {
    records.iter().map(|record| record.transfers.last().and_then(|transfer| transfer.outcome)).collect()
}

/// The last three records, one for each transport.
fn last(tenants: &Tenants, calls: &mut usize) -> Vec<CallRecord> {
    *calls += 3;
    let mut records = tenants.desk.closed_records(*calls);
    records.split_off(*calls - 3)
}

#[test]
fn carriers_announce_demand_fork_and_move() {
    let mut tenants = Tenants::open(&[("100", OUTSIDE)], "probe = 0\nredirects = \"same-trunk\"\n");
    let mut calls = 0;
    let announced = Speech::say("The number has changed", "awb").ulaw();
    for (carrier, stays_ms) in [
        ("carrier_early_media", "4000"),
        ("carrier_demands_prack", "2000"),
        ("carrier_forks", "1500"),
        ("carrier_forks_and_two_answer", "1500"),
        ("carrier_finds_the_session_too_short", "1500"),
    ] {
        tenants.call_to(
            |line| line.carrier(carrier).file("early.ulaw", &announced).file("late.ulaw", &announced),
            |line| tenants.caller(line, "hang_up_after").arguments(&["-d", stays_ms]),
        );
        let records = last(&tenants, &mut calls);
        assert_eq!(outcomes(&records), [Some(TransferEnd::Completed); 3], "{carrier}");
        assert!(records.iter().all(|record| reason(record) == EndReason::CallerHungUp), "{carrier}");
    }
    // Whom it sends elsewhere calls it a second time.
    tenants.call_to(
        |line| line.carrier("carrier_moves").arguments(&["-m", "2"]),
        |line| tenants.caller(line, "hang_up_after").arguments(&["-d", "1500"]),
    );
    assert_eq!(outcomes(&last(&tenants, &mut calls)), [Some(TransferEnd::Completed); 3]);
    // The cause of the telephone network goes through to the other side (RFC 3326).
    tenants.call("carrier_is_told_the_cause", |line| tenants.caller(line, "hang_up_with_cause"));
    assert_eq!(outcomes(&last(&tenants, &mut calls)), [Some(TransferEnd::Completed); 3]);
    tenants.desk.close();
}

#[test]
fn callers_come_back_to_the_flow_with_what_became_of_their_call() {
    let mut tenants = Tenants::open(&[("100", OUTSIDE), ("101", OUTSIDE_SOON)], "probe = 0\n");
    let mut calls = 0;
    let listens = |number: &'static str| {
        let tenants = &tenants;
        move |line: &crate::rig::tenants::Line| tenants.caller(line, "listen_to_the_end").dial(number)
    };
    for (status, outcome, step) in [
        ("486 Busy Here", TransferEnd::Busy, "was_busy"),
        ("600 Busy Everywhere", TransferEnd::Busy, "was_busy"),
        ("603 Decline", TransferEnd::Declined, "was_declined"),
        ("480 Temporarily Unavailable", TransferEnd::Unreachable, "was_unreachable"),
        ("404 Not Found", TransferEnd::Unreachable, "was_unreachable"),
    ] {
        tenants.call_to(|line| line.carrier("carrier_refuses").refusing(status), listens("100"));
        let records = last(&tenants, &mut calls);
        assert_eq!(outcomes(&records), [Some(outcome); 3], "{status}");
        assert!(records.iter().all(|record| steps(record) == ["put_through", step]), "{status}");
        assert!(records.iter().all(|record| record.caller.number.as_str() == "+4930123456"), "{status}");
    }
    for carrier in ["carrier_rings_too_long", "carrier_answers_too_late"] {
        tenants.call(carrier, listens("101"));
        let records = last(&tenants, &mut calls);
        assert_eq!(outcomes(&records), [Some(TransferEnd::NoAnswer); 3], "{carrier}");
        assert!(records.iter().all(|record| steps(record) == ["put_through", "was_not_answered"]));
    }
    tenants.desk.close();
}
