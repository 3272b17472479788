//! Many calls leave nothing behind: 200, or as many as `FRONTDESK_SOAK_CALLS` says.

use crate::rig::budget::soak_calls;
use crate::rig::desk::{Desk, Held, Number};
use crate::rig::flows::GOODBYE;
use crate::rig::records::reason;
use crate::rig::sipp::Sipp;
use frontdesk_call_record::EndReason;
use std::time::{Duration, Instant};

/// What 200 calls may add to the memory. Measured: half a MiB, the transactions that live on for 32 s among it. A leak
/// of 10 KiB in each call fails; one leg with its jitter buffer and rings is 50 KiB and more.
const GROWTH_MAX_KIB: u64 = 2 * 1_024;

/// What the store's pool may hold: three connections. It opens the second and third when a write follows another before it
/// has its connection back, at whatever call that is.
const DATABASE_HANDLES_MAX: usize = 3 * 2 + 1;

#[test]
fn hundreds_of_calls_leave_nothing_behind() {
    let mut desk = Desk::open_alone(&[Number { number: "100", flow: GOODBYE, record: false }]);
    let (warm_up, count) = (50, soak_calls());
    calls(&desk, warm_up);
    let _ = desk.closed_records(warm_up as usize);
    let before = desk.held();
    calls(&desk, count);
    let all = (warm_up + count) as usize;
    let records = desk.closed_records(all);
    assert!(records.iter().all(|record| reason(record) == EndReason::DeskHungUp));
    assert!(records.iter().all(|record| record.facts_missing == 0 && record.facts_out_of_place == 0));

    // Transactions live on for 32 s (RFC 3261 section 17, 64*T1) and hold memory, but neither ports nor threads.
    let until = Instant::now() + Duration::from_secs(5);
    let after = loop {
        let after = desk.held();
        let same = (after.handles, after.udp_sockets, threads_but_databases(&after))
            == (before.handles, before.udp_sockets, threads_but_databases(&before));
        if same || Instant::now() > until {
            break after;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    println!("before {before:?}\nafter  {after:?}");
    assert_eq!(after.udp_sockets, before.udp_sockets, "UDP sockets");
    assert_eq!(after.handles, before.handles, "file handles");
    assert!(after.database_handles <= DATABASE_HANDLES_MAX, "{} of the database", after.database_handles);
    assert_eq!(threads_but_databases(&after), threads_but_databases(&before), "threads");
    let grown = after.memory_kib.saturating_sub(before.memory_kib);
    assert!(grown <= GROWTH_MAX_KIB, "the memory grew by {grown} KiB from {} KiB", before.memory_kib);

    let listed = desk.command(&["records", "--limit", "100000"]);
    assert_eq!(listed.lines().count(), all);
    assert!(listed.lines().all(|line| line.ends_with("desk_hung_up")), "{listed}");
    desk.close();
}

/// Each connection of the database has two handles, and a thread of its own.
fn threads_but_databases(held: &Held) -> usize {
    held.threads - held.database_handles / 2
}

fn calls(desk: &Desk, count: u32) {
    let longest = Duration::from_secs(30 + u64::from(count) / 10);
    let arguments = ["-m", &count.to_string(), "-l", "20", "-r", "20"];
    Sipp::new(desk, "listen_with_ears").lasting(longest).arguments(&arguments).run();
}
