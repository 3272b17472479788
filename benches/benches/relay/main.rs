//! Passing sound on, untouched: the media engine beside rtpengine and beside the least that the kernel asks for.
//!
//! ```text
//! cargo bench -p frontdesk-benches --bench relay
//! cargo bench -p frontdesk-benches --bench relay -- --calls 50,200 --seconds 5 --repeats 1
//! ```
//!
//! Each rival is a process of its own and relays the same calls: two parties who send 50 packets of G.711 a second each. They
//! take turns at each number of calls. All are asked to come before ordinary threads, as is the load, which shares the machine.

mod echo;
mod engine;
mod rtpengine;
mod traffic;

use echo::Echo;
use engine::{Doing, Engine};
use frontdesk_benches::machine::{self, ThreadTimes};
use frontdesk_benches::statistics::{Quantiles, median};
use frontdesk_benches::table::Table;
use rtpengine::Rtpengine;
use std::process::ExitCode;
use std::time::Duration;
use traffic::{Parties, Relayed, Seen};

const CALLS: [usize; 5] = [1, 50, 100, 200, 400];
/// The number of calls at which promises are judged.
const JUDGED: usize = 200;
/// Who takes part; the last two do more than relay.
const RIVALS: [&str; 5] = ["echo", "rtpengine", "frontdesk", "frontdesk-records", "frontdesk-plays"];
const SECONDS: u64 = 8;
const REPEATS: usize = 3;
/// Packets before this time are not counted.
const SETTLING: Duration = Duration::from_secs(2);

/// What is to be measured.
struct Wanted {
    calls: Vec<usize>,
    seconds: u64,
    repeats: usize,
    rivals: Vec<String>,
}

impl Wanted {
    fn read() -> Result<Wanted, String> {
        let rivals = RIVALS.map(str::to_owned).to_vec();
        let mut wanted = Wanted { calls: CALLS.to_vec(), seconds: SECONDS, repeats: REPEATS, rivals };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_default();
            match argument.as_str() {
                // cargo says so itself.
                "--bench" => {}
                "--repeats" => wanted.repeats = value().parse().map_err(|_| "--repeats wants a number")?,
                "--seconds" => wanted.seconds = value().parse().map_err(|_| "--seconds wants a number")?,
                "--only" => wanted.rivals = value().split(',').map(str::to_owned).collect(),
                "--calls" => {
                    let calls = value();
                    let calls = calls.split(',').map(str::parse).collect::<Result<_, _>>();
                    wanted.calls = calls.map_err(|_| "--calls wants numbers such as 50,100")?;
                }
                _ => {
                    return Err(format!(
                        "{argument} is not known: --calls, --seconds, --repeats, --only {}",
                        RIVALS.join(",")
                    ));
                }
            }
        }
        Ok(wanted)
    }
}

fn main() -> ExitCode {
    let first = std::env::args().nth(1).unwrap_or_default();
    let outcome = match first.as_str() {
        engine::ARGUMENT => engine::serve(),
        echo::ARGUMENT => echo::serve(),
        // `cargo test --all-targets` runs benches too, to see that they start: then nothing is measured.
        _ if !std::env::args().any(|argument| argument == "--bench") => {
            println!("cargo bench -p frontdesk-benches --bench relay");
            Ok(())
        }
        _ => run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("not measured: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// One rival at one number of calls.
#[derive(Debug, Clone)]
struct Figure {
    core_percent_per_call: f64,
    micros_per_packet: f64,
    wakes_per_second: f64,
    lost: u64,
    /// None where what comes is not what was said.
    delay: Option<Quantiles>,
    /// What one packet of a thousand exceeds, in milliseconds.
    delay_p999: f64,
    gap: Option<Quantiles>,
    kilobytes_per_call: f64,
}

fn run() -> Result<(), String> {
    let wanted = Wanted::read()?;
    if rtpengine::program().is_none() {
        println!("rtpengine is not installed (apt-get install rtpengine-daemon): measured without it");
    }
    println!("the load comes before ordinary threads: {}", machine::hurry());
    let mut table = Table::new();
    println!(
        "| calls | who | % of a core a call | µs a packet | wakes/s | delay p50 / p99 / p99.9 / max, µs | \
         spacing p50 / p99 / max, µs | lost | kB a call |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for calls in &wanted.calls {
        let mut medians: Vec<(&str, f64)> = Vec::new();
        let mut runs: Vec<(&str, Vec<Figure>)> = Vec::new();
        for _ in 0..wanted.repeats {
            for rival in &wanted.rivals {
                if rival == "rtpengine" && rtpengine::program().is_none() {
                    continue;
                }
                let figure = measure(rival, *calls, Duration::from_secs(wanted.seconds))?;
                match runs.iter_mut().find(|(name, _)| name == rival) {
                    Some((_, figures)) => figures.push(figure),
                    None => runs.push((rival, vec![figure])),
                }
            }
        }
        for (rival, figures) in &runs {
            print(*calls, rival, figures);
            let micros: Vec<f64> = figures.iter().map(|figure| figure.micros_per_packet).collect();
            medians.push((rival, median(&micros).unwrap_or_default()));
        }
        if *calls == JUDGED {
            judge(&medians, &runs, &mut table);
        }
    }
    table.print("cargo bench -p frontdesk-benches --bench relay");
    Ok(())
}

fn judge(medians: &[(&str, f64)], runs: &[(&str, Vec<Figure>)], table: &mut Table) {
    let of = |who: &str| medians.iter().find(|(name, _)| *name == who).map(|(_, micros)| *micros);
    let Some(own) = of("frontdesk") else { return };
    if let Some(peer) = of("rtpengine") {
        table.figure("relay_beside_rtpengine", &format!("{:.2}", own / peer), own / peer);
    }
    if let Some(floor) = of("echo") {
        table.figure("relay_beside_echo", &format!("{:.2}", own / floor), own / floor);
    }
    if let Some((_, figures)) = runs.iter().find(|(name, _)| *name == "frontdesk")
        && let Some(delay) =
            Quantiles::over_runs(&figures.iter().filter_map(|figure| figure.delay).collect::<Vec<_>>())
    {
        let shown = format!("{:.2} / {:.2} / {:.2}", delay.p50, delay.p99, delay.max);
        table.figure("relay_delay", &shown, delay.p99);
    }
}

fn print(calls: usize, rival: &str, figures: &[Figure]) {
    let middle =
        |pick: fn(&Figure) -> f64| median(&figures.iter().map(pick).collect::<Vec<_>>()).unwrap_or(0.0);
    // A recorder's ear cuts the sound anew, and a player says what nobody sent: then a packet is not known again.
    let relays = !matches!(Doing::named(rival), Some(Doing::Record | Doing::Play));
    let lost =
        if relays { figures.iter().map(|figure| figure.lost).sum::<u64>().to_string() } else { "–".into() };
    let late = |pick: fn(&Quantiles) -> f64| (middle_of(figures, pick) * 1e3).round();
    let gap = |pick: fn(&Quantiles) -> f64| {
        let gaps: Vec<f64> =
            figures.iter().filter_map(|figure| figure.gap.as_ref().map(|gap| pick(gap) * 1e3)).collect();
        median(&gaps).unwrap_or(0.0).round()
    };
    println!(
        "| {calls} | {rival} | {:.3} | {:.2} | {:.0} | {} / {} / {} / {} | {} / {} / {} | {} | {:.0} |",
        middle(|figure| figure.core_percent_per_call),
        middle(|figure| figure.micros_per_packet),
        middle(|figure| figure.wakes_per_second),
        late(|delay| delay.p50),
        late(|delay| delay.p99),
        (middle(|figure| figure.delay_p999) * 1e3).round(),
        late(|delay| delay.max),
        gap(|gap| gap.p50),
        gap(|gap| gap.p99),
        gap(|gap| gap.max),
        lost,
        middle(|figure| figure.kilobytes_per_call),
    );
}

/// The median of a figure of the delays, where there are any.
fn middle_of(figures: &[Figure], pick: fn(&Quantiles) -> f64) -> f64 {
    let delays: Vec<f64> = figures.iter().filter_map(|figure| figure.delay.as_ref().map(pick)).collect();
    median(&delays).unwrap_or(0.0)
}

fn measure(rival: &str, calls: usize, measured: Duration) -> Result<Figure, String> {
    let parties = Parties::bind().map_err(|error| error.to_string())?;
    let (callers, callees) = parties.addresses().map_err(|error| error.to_string())?;
    let memory = |process| machine::resident_kb(process).unwrap_or_default() as f64;
    match rival {
        "echo" => {
            let echo = Echo::between(callers, callees)?;
            let before = memory(echo.process());
            load(&parties, &vec![echo.relay(); calls], echo.process(), before, measured)
        }
        "rtpengine" => {
            let mut rtpengine = Rtpengine::start()?;
            let before = memory(rtpengine.process());
            let relayed: Result<Vec<Relayed>, _> =
                (0..calls).map(|call| rtpengine.relay(call, callers, callees)).collect();
            load(&parties, &relayed?, rtpengine.process(), before, measured)
        }
        _ => {
            let doing = Doing::named(rival).ok_or_else(|| format!("{rival} is none of {RIVALS:?}"))?;
            let mut engine = Engine::start()?;
            // The first call brings what all share.
            engine.serve(doing, callers, callees)?;
            let before = memory(engine.process());
            let served: Result<Vec<Relayed>, _> =
                (0..calls).map(|_| engine.serve(doing, callers, callees)).collect();
            load(&parties, &served?, engine.process(), before, measured)
        }
    }
}

fn load(
    parties: &Parties,
    calls: &[Relayed],
    process: u32,
    memory_before: f64,
    measured: Duration,
) -> Result<Figure, String> {
    let mut edges = Vec::new();
    let mut memory = 0.0;
    let seen = parties
        .speak(calls, SETTLING, measured, || {
            edges.push(ThreadTimes::of(process));
            memory = machine::resident_kb(process).unwrap_or_default() as f64;
        })
        .map_err(|error| error.to_string())?;
    let [before, after] = edges.as_slice() else { return Err("the run had no end".into()) };
    let used = after.wakes_since(before);
    let time: Duration = used.iter().map(|(_, time, _)| *time).sum();
    let wakes: u64 = used.iter().map(|(_, _, wakes)| wakes).sum();
    let Seen { sent, came, twice, delays, gaps } = seen;
    if twice > 0 {
        println!("{twice} packets came twice");
    }
    let delay = Quantiles::of(delays.iter().copied());
    let mut sorted = delays;
    sorted.sort_unstable();
    let late = sorted.get(sorted.len() * 999 / 1_000).copied().unwrap_or_default();
    let (calls, seconds) = (calls.len() as f64, measured.as_secs_f64());
    Ok(Figure {
        core_percent_per_call: time.as_secs_f64() / seconds * 100.0 / calls,
        micros_per_packet: time.as_secs_f64() * 1e6 / sent.max(1) as f64,
        wakes_per_second: wakes as f64 / seconds,
        lost: sent.saturating_sub(came),
        delay,
        delay_p999: late.as_secs_f64() * 1e3,
        gap: Quantiles::of(gaps),
        kilobytes_per_call: (memory - memory_before).max(0.0) / calls,
    })
}
