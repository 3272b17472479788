//! Many calls leave nothing behind: 2,000, or as many as `FRONTDESK_SOAK_CALLS` says.

use crate::rig::budget::soak_calls;
use crate::rig::desk::{Desk, Held, Number};
use crate::rig::flows::GOODBYE;
use crate::rig::records::reason;
use crate::rig::sipp::Sipp;
use frontdesk_call_record::EndReason;
use std::time::{Duration, Instant};

/// Calls of one round; then the desk rests until every transaction is gone, and is looked at.
const ROUND_MAX: u32 = 5_000;
const CALLS_A_SECOND: u32 = 100;
/// Calls at once: a machine that is too slow for the rate makes fewer a second.
const CALLS_AT_ONCE: u32 = 200;
/// Transactions live for 64·T1 = 32 s (RFC 3261 §17) after the last call.
const REST: Duration = Duration::from_secs(34);

/// What the calls after the first round may add to the memory in all, 1,000 of them or 45,000: the allocator gives pages
/// back late or never, so that a few hundred KiB come and go. Two KiB of each call that stay behind fail with 1,000 calls,
/// fifty bytes with 45,000; that not one byte stays behind in the switchboard is counted in `tests/endurance.rs`.
const GROWTH_MAX_KIB: u64 = 2 * 1_024;

/// What the store's pool may hold: three connections. It opens the second and third when a write follows another before it
/// has its connection back, at whatever call that is.
const DATABASE_HANDLES_MAX: usize = 3 * 2 + 1;

#[test]
fn thousands_of_calls_leave_nothing_behind() {
    let mut desk = Desk::open_unread(&[Number { number: "100", flow: GOODBYE, record: false }]);
    let rounds = soak_calls().div_ceil(ROUND_MAX).max(2);
    let calls_of_round = soak_calls().div_ceil(rounds);
    let mut samples = Vec::new();
    for round in 1..=rounds {
        calls(&desk, calls_of_round);
        desk.rest(REST);
        let held = settled(&desk, samples.first());
        println!("after {} calls {held:?}", round * calls_of_round);
        samples.push(held);
    }
    let all = (rounds * calls_of_round) as usize;
    let records = desk.closed_records(all);
    assert!(records.iter().all(|record| reason(record) == EndReason::DeskHungUp));
    assert!(records.iter().all(|record| record.facts_missing == 0 && record.facts_out_of_place == 0));

    let (before, after) = (&samples[0], &samples[samples.len() - 1]);
    assert_eq!(after.udp_sockets, before.udp_sockets, "UDP sockets");
    assert_eq!(after.handles, before.handles, "file handles");
    assert!(after.database_handles <= DATABASE_HANDLES_MAX, "{} of the database", after.database_handles);
    assert_eq!(threads_but_databases(after), threads_but_databases(before), "threads");
    // The middle of the later rounds, so that one that caught the allocator with full hands decides nothing.
    let mut later: Vec<u64> = samples[1..].iter().map(|held| held.memory_kib).collect();
    later.drain(..later.len() / 2);
    later.sort_unstable();
    let grown = later[later.len() / 2].saturating_sub(before.memory_kib);
    println!("{all} calls: {} KiB after the first round, {grown} KiB more in the end", before.memory_kib);
    assert!(grown <= GROWTH_MAX_KIB, "the memory grew by {grown} KiB from {} KiB", before.memory_kib);

    let listed = desk.command(&["records", "--limit", "100000"]);
    assert_eq!(listed.lines().count(), all);
    assert!(listed.lines().all(|line| line.ends_with("desk_hung_up")), "{listed}");
    desk.close();
}

/// What the desk holds when its ports and files are as before, or after some seconds.
fn settled(desk: &Desk, before: Option<&Held>) -> Held {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let held = desk.held();
        let of = |held: &Held| (held.handles, held.udp_sockets, threads_but_databases(held));
        if before.is_none_or(|before| of(before) == of(&held)) || Instant::now() > until {
            return held;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Each connection of the database has two handles, and a thread of its own.
fn threads_but_databases(held: &Held) -> usize {
    held.threads - held.database_handles / 2
}

fn calls(desk: &Desk, count: u32) {
    let longest = Duration::from_secs(30 + u64::from(count) / 10);
    let (count, rate, at_once) = (count.to_string(), CALLS_A_SECOND.to_string(), CALLS_AT_ONCE.to_string());
    let arguments = ["-m", &count, "-l", &at_once, "-r", &rate];
    Sipp::new(desk, "listen_with_ears").lasting(longest).arguments(&arguments).run();
}
