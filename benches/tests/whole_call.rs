//! What deciding a whole call costs in allocations, and that calls that stand cost the others nothing.

use frontdesk_benches::budget::Budget;
use frontdesk_benches::counting::{CountingAllocator, allocated};
use frontdesk_benches::machine::thread_time;
use frontdesk_benches::tape::Tape;
use frontdesk_benches::whole_call::{Exchange, switchboard};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const CALLS: u64 = 40;
/// Longer than any transaction lives.
const LONG: Duration = Duration::from_secs(40);

/// What came before, and the calls that are measured.
struct Tapes {
    before: Tape,
    calls: Tape,
}

fn beside(standing: u64) -> Tapes {
    let mut exchange = Exchange::new();
    for _ in 0..standing {
        exchange.set_up();
    }
    exchange.pass(LONG);
    let before = exchange.take_tape();
    for _ in 0..CALLS {
        let call = exchange.set_up();
        exchange.hang_up(&call);
    }
    assert_eq!(exchange.census().calls as u64, standing, "every call was put through, and is over");
    Tapes { before, calls: exchange.take_tape() }
}

/// Allocations of a call, and the processor time of all.
fn cost(tapes: &Tapes) -> (f64, Duration) {
    let mut board = switchboard();
    tapes.before.clone().wind(&mut board);
    let calls = tapes.calls.clone();
    let began = thread_time();
    let (bytes, counted) = allocated(|| calls.play(&mut board));
    let spent = thread_time() - began;
    assert!(bytes > 0, "the switchboard says the same as it said to the tape");
    (counted.times as f64 / CALLS as f64, spent)
}

#[test]
fn a_call_is_decided_with_few_allocations() {
    let (allocations, _) = cost(&beside(10));
    let budget = Budget::read();
    let promise = budget.promise.get("call_decided_allocations").expect("budget.toml promises it");
    println!("call_decided_allocations: {allocations}, promised {}", promise.at_most);
    assert!(allocations <= promise.at_most, "{allocations} allocations a call");
}

#[test]
fn calls_that_stand_cost_the_others_nothing() {
    let (few, many) = (beside(10), beside(1_500));
    // They take turns, so that a busy moment of the machine strikes both, and the quickest of each counts.
    let rounds: Vec<_> = (0..5).map(|_| (cost(&few), cost(&many))).collect();
    for ((few, _), (many, _)) in &rounds {
        assert!((many - few).abs() <= 2.0, "{few} allocations beside 10 calls, {many} beside 1,500");
    }
    let quickest = |times: Vec<Duration>| times.into_iter().min().unwrap_or_default();
    let few = quickest(rounds.iter().map(|((_, time), _)| *time).collect());
    let many = quickest(rounds.iter().map(|(_, (_, time))| *time).collect());
    println!("{CALLS} calls: {few:?} beside 10 that stand, {many:?} beside 1,500");
    assert!(many <= 2 * few, "{few:?} beside 10 calls, {many:?} beside 1,500");
}
