//! The whole desk under load: the real program, real SIP and RTP on loopback, foreign telephones of this bench.
//!
//! ```text
//! cargo build --release -p frontdesk
//! cargo bench -p frontdesk-benches --bench desk                 all, in less than five minutes
//! cargo bench -p frontdesk-benches --bench desk -- set-up       one part of it: set-up, bridge, prompt, registered
//! cargo bench -p frontdesk-benches --bench desk -- --calls 100  more calls at once (128 at most)
//! ```
//!
//! The desk, the callers and the telephone share the machine's cores. The delays are those between a packet's being sent
//! and its content's coming out of the desk: the jitter buffer and the wait for the 20 ms tick are in them.

mod registered;
mod set_up;
mod sip_text;
mod sound;
mod stamp;
mod standing;
mod telephones;

use frontdesk_benches::open_desk::{OpenDesk, PHONE, PROMPT, QUESTION};
use frontdesk_benches::statistics::{Quantiles, median};
use frontdesk_benches::table::Table;
use sound::{Heard, Sockets};
use standing::{Cost, Plan};
use std::process::ExitCode;
use std::time::Duration;
use telephones::Telephones;

/// Calls whose number is not said on the command line.
const CALLS: usize = 50;
const CALLS_MAX: usize = 128;
/// A single call is measured so often: how its two clocks stand to the desk's is chance.
const SINGLE_CALLS: usize = 3;

/// What is to be measured.
struct Wanted {
    parts: Vec<String>,
    calls: usize,
}

impl Wanted {
    fn read() -> Result<Wanted, String> {
        let mut wanted = Wanted { parts: Vec::new(), calls: CALLS };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // cargo says so itself.
                "--bench" => {}
                "set-up" | "bridge" | "prompt" | "registered" => wanted.parts.push(argument),
                "--calls" => {
                    let calls = arguments.next().and_then(|calls| calls.parse().ok());
                    wanted.calls = calls
                        .filter(|calls| (1..=CALLS_MAX).contains(calls))
                        .ok_or_else(|| format!("--calls wants a number from 1 to {CALLS_MAX}"))?;
                }
                _ => {
                    return Err(format!(
                        "{argument} is not known: set-up, bridge, prompt, registered, --calls <number>"
                    ));
                }
            }
        }
        Ok(wanted)
    }

    fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

fn main() -> ExitCode {
    // `cargo test --all-targets` runs benches too, to see that they start: then nothing is measured.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("cargo bench -p frontdesk-benches --bench desk");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("not measured: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let wanted = Wanted::read()?;
    if !stamp::survives_the_codec() {
        return Err("the codec does not leave the stamps of this bench as they are".to_owned());
    }
    let mut table = Table::new();
    if wanted.has("set-up") {
        let (desk, mut telephones, _sockets) = open()?;
        let failures = set_up::measure(&desk, &mut telephones, &mut table);
        table.note("calls that were not answered or did not end", "calls", &failures.to_string());
        desk.close()?;
    }
    if wanted.has("bridge") {
        bridge(&wanted, &mut table)?;
    }
    if wanted.has("prompt") {
        prompts(&wanted, &mut table)?;
    }
    if wanted.has("registered") {
        registered::measure(&mut table)?;
    }
    table.print("cargo bench -p frontdesk-benches --bench desk");
    Ok(())
}

fn open() -> Result<(OpenDesk, Telephones, Sockets), String> {
    let desk = OpenDesk::start()?;
    let sockets = Sockets::open().map_err(|error| error.to_string())?;
    let (callers, phones) = sockets.ports().map_err(|error| error.to_string())?;
    let telephones =
        Telephones::open(desk.address, callers, phones).map_err(|error| format!("no telephones: {error}"))?;
    Ok((desk, telephones, sockets))
}

/// Calls that were put through: delay, processor time, memory.
fn bridge(wanted: &Wanted, table: &mut Table) -> Result<(), String> {
    let (desk, mut telephones, sockets) = open()?;
    // The first call of a process pays for what all later ones use.
    let one = Plan {
        dialled: PHONE,
        bridged: true,
        calls: 1,
        settle: Duration::from_secs(9),
        part: Duration::from_secs(2),
    };
    let mut singles = Heard::default();
    for _ in 0..SINGLE_CALLS {
        let heard = standing::measure(one, &desk, &mut telephones, &sockets)?.heard;
        singles.delays.extend(heard.delays);
        singles.first_delays.extend(heard.first_delays);
        singles.delayed_by_others |= heard.delayed_by_others;
    }
    delays(table, "bridge_delay_1", &singles);

    let plan = Plan { calls: wanted.calls, part: Duration::from_secs(5), ..one };
    let cost = standing::measure(plan, &desk, &mut telephones, &sockets)?;
    delays(table, "bridge_delay_50", &cost.heard);
    shares(table, "bridge_cpu_50", "bridged calls", &cost);
    table.note(
        "of these packets: lost, sent without a known content, gone astray",
        "packets",
        &format!(
            "{} of {}, {}, {}",
            cost.heard.sent - cost.heard.came,
            cost.heard.sent,
            cost.heard.unknown,
            cost.heard.strayed
        ),
    );
    if singles.delayed_by_others {
        table.note("this bench was refused SCHED_FIFO: the machine's load shows in the delays", "", "");
    }
    let brief = Plan { settle: Duration::from_secs(2), part: Duration::from_millis(500), ..plan };
    let again = standing::measure(brief, &desk, &mut telephones, &sockets)?;
    memory(table, "bridge_memory", "bridged calls", wanted.calls, &cost, &again);
    desk.close()
}

/// Calls that hear a prompt, and calls that are asked something while the ears listen.
fn prompts(wanted: &Wanted, table: &mut Table) -> Result<(), String> {
    let (desk, mut telephones, sockets) = open()?;
    let plan = Plan {
        dialled: PROMPT,
        bridged: false,
        calls: wanted.calls,
        settle: Duration::from_secs(3),
        part: Duration::from_secs(4),
    };
    let cost = standing::measure(plan, &desk, &mut telephones, &sockets)?;
    shares(table, "prompt_cpu_50", "calls in a prompt", &cost);
    if let Some(gaps) = Quantiles::of(cost.heard.gaps.iter().copied()) {
        let shown = format!("{:.2} / {:.2}", gaps.p99, gaps.max);
        table.figure("prompt_gap", &shown, gaps.p99);
    }
    let brief = Plan { settle: Duration::from_secs(2), part: Duration::from_millis(500), ..plan };
    let again = standing::measure(brief, &desk, &mut telephones, &sockets)?;
    memory(table, "prompt_memory", "calls in a prompt", wanted.calls, &cost, &again);
    let asked = Plan { dialled: QUESTION, ..plan };
    let cost = standing::measure(asked, &desk, &mut telephones, &sockets)?;
    shares(table, "question_cpu_50", "calls in a question", &cost);
    let brief = Plan { dialled: QUESTION, ..brief };
    let again = standing::measure(brief, &desk, &mut telephones, &sockets)?;
    memory(table, "question_memory", "calls in a question", wanted.calls, &cost, &again);
    let records = format!("{:.1}", desk.data_bytes() as f64 / 1e6);
    table.note("the data folder after all calls of this desk, its prompts included", "MB", &records);
    desk.close()
}

fn delays(table: &mut Table, name: &str, heard: &Heard) {
    let show = |times: Quantiles| format!("{:.2} / {:.2} / {:.2}", times.p50, times.p99, times.max);
    if let Some(times) = Quantiles::of(heard.delays.iter().copied()) {
        table.figure(name, &show(times), times.p50);
    }
    if let Some(times) = Quantiles::of(heard.first_delays.iter().copied()) {
        let what = "the same for packets of the first second";
        table.note(what, "ms", &show(times));
    }
}

fn shares(table: &mut Table, name: &str, what: &str, cost: &Cost) {
    let percent = median(&cost.percent_a_call).unwrap_or_default();
    table.figure(name, &format!("{percent:.3}"), percent);
    let threads: Vec<String> =
        cost.by_thread.iter().take(4).map(|(name, percent)| format!("{name} {percent:.3}")).collect();
    table.note(&format!("{what}: by thread"), "% of a core a call", &threads.join(", "));
}

/// What the calls added; a second time as many calls tell what was only warming up.
fn memory(table: &mut Table, name: &str, what: &str, calls: usize, first: &Cost, second: &Cost) {
    let [before, with, after] = first.resident_kb;
    let each = with.saturating_sub(before) as f64 / calls as f64;
    table.figure(name, &format!("{each:.0}"), each);
    let [_, with_again, after_again] = second.resident_kb;
    table.note(
        &format!("{what}, memory of the desk: before, with, after; once more with, after"),
        "MB",
        &[before, with, after, with_again, after_again]
            .map(|kb| format!("{:.1}", kb as f64 / 1e3))
            .join(", "),
    );
}
