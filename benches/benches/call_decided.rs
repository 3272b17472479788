//! What it costs to decide a whole call: every message of both legs read, judged and written, every timer fired, no
//! sockets, no sound, no disk.
//!
//! `cargo bench -p frontdesk-benches --bench call_decided`
//!
//! Instructions, which are the same on a busy machine, are counted by
//! `valgrind --tool=callgrind --toggle-collect='*tape::Tape::play*' <the bench's program> --once` (or `--once-beside-many`).

use frontdesk_benches::counting::{CountingAllocator, allocated};
use frontdesk_benches::machine;
use frontdesk_benches::statistics::median;
use frontdesk_benches::table::Table;
use frontdesk_benches::tape::Tape;
use frontdesk_benches::whole_call::{Exchange, switchboard};
use std::hint::black_box;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const CALLS: u64 = 500;
const ROUNDS: usize = 9;
/// Longer than any transaction lives.
const LONG: Duration = Duration::from_secs(40);

/// What there is beside the calls that are measured.
#[derive(Clone, Copy)]
struct Beside {
    /// Calls that stand.
    standing: u64,
    /// Calls that were over a moment before: their transactions wait for their timers.
    finished: u64,
}

const NOTHING: Beside = Beside { standing: 0, finished: 0 };
const MANY: Beside = Beside { standing: 1_900, finished: 2_500 };

/// What came before, and the calls that are measured.
struct Tapes {
    before: Tape,
    calls: Tape,
}

impl Tapes {
    fn record(beside: Beside) -> Tapes {
        let mut exchange = Exchange::new();
        for _ in 0..beside.standing {
            exchange.set_up();
        }
        exchange.pass(LONG);
        for _ in 0..beside.finished {
            let call = exchange.set_up();
            exchange.hang_up(&call);
        }
        let before = exchange.take_tape();
        for _ in 0..CALLS {
            let call = exchange.set_up();
            exchange.hang_up(&call);
        }
        if beside.standing == 0 {
            exchange.pass(LONG);
        }
        Tapes { before, calls: exchange.take_tape() }
    }

    /// Microseconds of this thread's processor time a call.
    fn play(&self) -> f64 {
        let mut board = switchboard();
        self.before.clone().wind(&mut board);
        let calls = self.calls.clone();
        let began = machine::thread_time();
        black_box(calls.play(&mut board));
        (machine::thread_time() - began).as_secs_f64() * 1e6 / CALLS as f64
    }

    /// Allocations a call.
    fn count(&self) -> f64 {
        let mut board = switchboard();
        self.before.clone().wind(&mut board);
        let calls = self.calls.clone();
        let (_, counted) = allocated(|| black_box(calls.play(&mut board)));
        counted.times as f64 / CALLS as f64
    }
}

/// Kilobytes that a finished call holds until its last timer, and that a standing one does, by the growth of this process.
fn weigh() -> (f64, f64) {
    const WEIGHED: u64 = 1_500;
    let resident = || machine::resident_kb(std::process::id()).unwrap_or_default();
    let mut exchange = Exchange::new();
    let grown_by = |exchange: &mut Exchange, finish: bool| {
        exchange.take_tape();
        let before = resident();
        for number in 0..WEIGHED {
            let call = exchange.set_up();
            if finish {
                exchange.hang_up(&call);
            }
            if number % 64 == 0 {
                exchange.take_tape();
            }
        }
        exchange.take_tape();
        resident().saturating_sub(before) as f64 / WEIGHED as f64
    };
    let finished = grown_by(&mut exchange, true);
    exchange.pass(LONG);
    (finished, grown_by(&mut exchange, false))
}

fn once(beside: Beside) {
    black_box(Tapes::record(beside).play());
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("--once") => return once(NOTHING),
        Some("--once-beside-many") => return once(MANY),
        _ => {}
    }
    // First, while the process is small.
    let (finished, standing) = weigh();
    let mut table = Table::new();
    for (figure, beside) in [("call_decided", NOTHING), ("call_decided_beside_many", MANY)] {
        let tapes = Tapes::record(beside);
        let rounds: Vec<f64> = (0..ROUNDS).map(|_| tapes.play()).collect();
        let micros = median(&rounds).unwrap_or_default();
        table.figure(figure, &format!("{micros:.0}"), micros);
        if figure == "call_decided" {
            let allocations = tapes.count();
            table.figure("call_decided_allocations", &format!("{allocations:.0}"), allocations);
        }
    }
    table.note("memory of a call that is over, until its last timer", "kB", &format!("{:.1}", finished));
    table.note("memory of a call that stands, and its set-up's timers", "kB", &format!("{:.1}", standing));
    table.print("cargo bench -p frontdesk-benches --bench call_decided");
}
