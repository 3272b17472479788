//! How long a call takes to ring and to be answered.

use crate::telephones::{Call, Telephones};
use frontdesk_benches::machine::{ThreadTimes, processor_time};
use frontdesk_benches::open_desk::{OpenDesk, PHONE, PROMPT};
use frontdesk_benches::statistics::{Quantiles, median};
use frontdesk_benches::table::Table;
use std::time::{Duration, Instant};

const RUNS: usize = 3;
/// How long calls are placed in a run.
const PLACING: Duration = Duration::from_secs(4);
/// How long a call is left alone after its answer.
const TALKING: Duration = Duration::from_millis(200);
/// How long the last calls may take to end.
const ENDING: Duration = Duration::from_secs(3);

/// One kind of call at one rate.
struct Load {
    dialled: &'static str,
    per_second: u32,
    ringing: &'static str,
    answer: &'static str,
}

const LOADS: [Load; 4] = [
    Load { dialled: PROMPT, per_second: 10, ringing: "flow_180_10", answer: "flow_200_10" },
    Load { dialled: PROMPT, per_second: 50, ringing: "flow_180_50", answer: "flow_200_50" },
    Load { dialled: PHONE, per_second: 10, ringing: "phone_180_10", answer: "phone_200_10" },
    Load { dialled: PHONE, per_second: 50, ringing: "phone_180_50", answer: "phone_200_50" },
];

/// Measures all loads; how many calls failed.
pub fn measure(desk: &OpenDesk, telephones: &mut Telephones, table: &mut Table) -> usize {
    let mut failures = 0;
    for load in &LOADS {
        let (threads, mut count) = (ThreadTimes::of(desk.process()), 0);
        let (mut ringing, mut answers, mut cost) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let before = processor_time(desk.process()).unwrap_or_default();
            let calls = run(load, telephones);
            let spent = processor_time(desk.process()).unwrap_or_default().saturating_sub(before);
            cost.push(spent.as_secs_f64() * 1e3 / calls.len().max(1) as f64);
            count += calls.len();
            failures += calls.iter().filter(|call| call.answered.is_none() || !call.over).count();
            ringing.extend(Quantiles::of(calls.iter().filter_map(|call| call.rang)));
            answers.extend(Quantiles::of(calls.iter().filter_map(|call| call.answered)));
        }
        for (name, runs) in [(load.ringing, &ringing), (load.answer, &answers)] {
            if let Some(times) = Quantiles::over_runs(runs) {
                let shown = format!("{:.2} / {:.2} / {:.2}", times.p50, times.p99, times.max);
                table.figure(name, &shown, times.p50);
            }
        }
        if load.per_second == 50 {
            let name = if load.dialled == PHONE { "phone_set_up_cpu" } else { "flow_set_up_cpu" };
            let cost = median(&cost).unwrap_or_default();
            table.figure(name, &format!("{cost:.2}"), cost);
            let threads = ThreadTimes::of(desk.process()).since(&threads).into_iter().take(4);
            let each = |spent: Duration| spent.as_secs_f64() * 1e3 / count.max(1) as f64;
            let shown: Vec<String> =
                threads.map(|(name, spent)| format!("{name} {:.2}", each(spent))).collect();
            table.note(
                "of it by thread, the 200 ms that each call stands included",
                "ms a call",
                &shown.join(", "),
            );
        }
    }
    failures
}

/// Places calls at an even pace, lets each talk for a moment, and hangs up.
fn run(load: &Load, telephones: &mut Telephones) -> Vec<Call> {
    let pace = Duration::from_secs(1) / load.per_second;
    let count = (PLACING.as_nanos() / pace.as_nanos()) as u32;
    let began = Instant::now();
    let mut placed: Vec<u32> = Vec::new();
    let mut hung_up = 0;
    for at in 0..count {
        placed.push(telephones.place(load.dialled));
        let next = began + pace * (at + 1);
        // The calls are hung up in the order in which they were placed, between two that are placed.
        while let Some(number) = placed.get(hung_up)
            && hang_up_at(telephones, *number).is_some_and(|at| at < next)
        {
            telephones.serve(hang_up_at(telephones, *number).unwrap_or(next), |_| false);
            telephones.hang_up(*number);
            hung_up += 1;
        }
        telephones.serve(next, |_| false);
    }
    telephones.serve(Instant::now() + TALKING, |_| false);
    placed.iter().skip(hung_up).for_each(|number| telephones.hang_up(*number));
    let over = |telephones: &Telephones| {
        placed.iter().all(|number| telephones.call(*number).is_none_or(|call| call.over))
    };
    telephones.serve(Instant::now() + ENDING, over);
    telephones.forget(&placed)
}

fn hang_up_at(telephones: &Telephones, number: u32) -> Option<Instant> {
    let call = telephones.call(number)?;
    Some(call.invited + call.answered? + TALKING)
}
