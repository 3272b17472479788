//! What callers do with their calls, over each transport.

use crate::rig::desk::{Desk, Number, PASSWORDS};
use crate::rig::flows::{GOODBYE, KEYS, OUTSIDE};
use crate::rig::records::reason;
use crate::rig::sipp::{Playing, Sipp};
use crate::rig::tenants::{Line, Tenants};
use crate::rig::wire::Wire;
use frontdesk_call_record::{EndReason, Notice};
use std::time::Duration;

/// Half of the shortest session, and the waits after a glare.
const REFRESHED: Duration = Duration::from_secs(65);

#[test]
fn calls_are_offered_held_changed_and_refreshed() {
    let numbers = [("100", OUTSIDE), ("101", KEYS), ("102", GOODBYE)];
    let mut tenants = Tenants::open(&numbers, "probe = 0\n");
    // These last until the desk refreshes them; the others are played meanwhile.
    let start = |line: &Line| {
        // A call in which nobody says anything is ended before its time: these two say silence.
        let silence = |seconds: usize| vec![0xFF; seconds * 8_000];
        let carrier = line.carrier("carrier_early_media").lasting(REFRESHED);
        let carrier = line.start(carrier.file("early.ulaw", &silence(1)).file("late.ulaw", &silence(65)));
        let caller = tenants.caller(line, "glare").file("silence.ulaw", &silence(1));
        [caller.lasting(REFRESHED).start(), carrier]
    };
    let mut refreshed: Vec<_> = tenants.lines.iter().map(start).collect();
    let changed = [
        ("late_offer", "102"),
        ("hold_and_resume", "101"),
        ("hold_inactive", "101"),
        ("hold_by_null_address", "101"),
        ("update", "101"),
        ("session_timer", "101"),
        ("hop_limit", "102"),
    ];
    for (scenario, number) in changed {
        let playing: Vec<_> =
            tenants.lines.iter().map(|line| tenants.caller(line, scenario).dial(number).start()).collect();
        playing.into_iter().for_each(|mut caller| caller.succeed());
    }
    refreshed.iter_mut().flatten().for_each(Playing::succeed);
    let records = tenants.desk.closed_records(3 * changed.len());
    let held = records.iter().filter(|record| {
        let notices: Vec<_> = record.notices.iter().map(|noticed| noticed.notice).collect();
        notices == [Notice::Held, Notice::Resumed]
    });
    assert_eq!(held.count(), 4 * 3, "three re-INVITEs and an UPDATE over each transport");
    tenants.desk.close();
}

#[test]
fn calls_are_taken_back_at_any_moment() {
    let mut desk = Desk::open_on_every_wire(&[Number { number: "100", flow: GOODBYE, record: false }], "");
    let (number, password) = PASSWORDS[0];
    let streams = [Wire::Tcp, Wire::Tls];
    for (scenario, plays, wires) in [
        ("cancel", "carrier_rings_and_is_cancelled", &Wire::ALL[..]),
        ("cancel_at_once", "carrier_rings_and_is_cancelled", &Wire::ALL[..]),
        ("merged", "carrier_rings_and_is_cancelled", &Wire::ALL[..]),
        ("demand_prack", "phone_hangs_up", &Wire::ALL[..]),
        // A caller that merely knows how gets what describes early media reliably (RFC 3262); where a datagram's source may be
        // borrowed, nothing is heard before the answer.
        ("support_prack", "carrier_early_media", &streams[..]),
        // The cause of the telephone network comes back to the caller (RFC 3326).
        ("learn_the_cause", "carrier_busy", &Wire::ALL[..]),
    ] {
        let phone = |scenario| {
            let phone = Sipp::phone(&desk, Wire::Udp, "127.0.0.2", scenario, None).with("number", number);
            phone.with("place", "here").with("q", "1.0").arguments(&["-au", number, "-ap", password])
        };
        let heard = vec![0xFF; 8_000];
        let called = phone("register_contacts").beside(plays).arguments(&["-d", "60000"]);
        let called = called.file("early.ulaw", &heard).file("late.ulaw", &heard).start();
        called.wait_for("it is registered", |message| message.starts_with("SIP/2.0 200"));
        let callers: Vec<_> =
            wires.iter().map(|wire| Sipp::over(&desk, *wire, scenario).dial(number).start()).collect();
        callers.into_iter().for_each(|mut caller| caller.succeed());
        // A telephone that is called for a moment may be told both at once, which sipp does not expect.
        if scenario != "cancel_at_once" {
            called.must_be_content();
            assert_eq!(called.count("INVITE"), wires.len(), "{scenario}");
        }
        phone("sign_off").run();
    }
    let records = desk.closed_records(17);
    let cancelled = records.iter().filter(|record| reason(record) == EndReason::Cancelled).count();
    assert_eq!(cancelled, 9);
    desk.close();
}
