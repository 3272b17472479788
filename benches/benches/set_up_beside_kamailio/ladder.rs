//! Rates that go up, for both in turn, until something is sent twice.

use crate::sipp::Sipp;
use frontdesk_benches::machine::{ThreadTimes, processor_time_of_group};
use frontdesk_benches::statistics::{Quantiles, median};
use frontdesk_benches::table::Table;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// How long calls are placed at each rate.
const PLACING_SECONDS: u32 = 6;
/// As many a second come from one sipp: it repeats itself by itself when it has to place many more.
const CALLS_OF_A_SOURCE: u32 = 200;
/// How long a telephone takes to be there.
const PHONE_STARTS: Duration = Duration::from_millis(300);
/// How long what belongs to the last calls may take.
const SETTLING: Duration = Duration::from_millis(500);

/// One of the two.
#[derive(Debug, Clone)]
pub struct Rival {
    /// For people.
    pub name: &'static str,
    /// The first of its processes.
    pub process: u32,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether its threads are shown one by one.
    pub shows_threads: bool,
}

/// What a rate cost.
#[derive(Debug, Clone)]
pub struct Step {
    rate: u32,
    /// Seconds of processor time for 1,000 calls.
    cpu: f64,
    repeated: u64,
    failed: u64,
    ringing: Option<Quantiles>,
}

impl Step {
    fn clean(&self) -> bool {
        self.repeated == 0 && self.failed == 0
    }
}

/// Places calls at one rate.
pub fn step(rival: &Rival, phone: SocketAddr, rate: u32) -> Result<Step, String> {
    let started = || -> std::io::Result<(Sipp, Vec<SocketAddr>)> {
        let telephone = Sipp::phone(phone)?;
        std::thread::sleep(PHONE_STARTS);
        // The first address is the telephone's.
        let hosts =
            (2..2 + rate.div_ceil(CALLS_OF_A_SOURCE).min(4)).map(|host| Ipv4Addr::new(127, 0, 0, host as u8));
        let places = hosts.map(|host| UdpSocket::bind((host, 0))?.local_addr()).collect::<Result<_, _>>()?;
        Ok((telephone, places))
    };
    let (telephone, places) = started().map_err(|error| format!("sipp does not start: {error}"))?;
    let (before, threads) = (processor_time_of_group(rival.process), ThreadTimes::of(rival.process));
    let sources = places.len() as u32;
    let callers = places
        .into_iter()
        .map(|place| Sipp::callers(place, rival.address, rate / sources, rate / sources * PLACING_SECONDS));
    let callers: Vec<Sipp> =
        callers.collect::<Result<_, _>>().map_err(|error| format!("sipp does not start: {error}"))?;
    let mut accounts: Vec<_> = callers.into_iter().map(Sipp::finish).collect();
    std::thread::sleep(SETTLING);
    let spent = processor_time_of_group(rival.process).saturating_sub(before);
    let threads = ThreadTimes::of(rival.process).wakes_since(&threads);
    accounts.push(telephone.end());
    let calls = rate / sources * sources * PLACING_SECONDS;
    let ringing: Vec<Duration> =
        accounts.iter().flat_map(|account| account.ringing.iter().copied()).collect();
    // A call that never rang is none that went well, whatever else is said of it.
    let silent = u64::from(calls).saturating_sub(ringing.len() as u64);
    let step = Step {
        rate,
        cpu: spent.as_secs_f64() * 1e3 / f64::from(calls),
        repeated: accounts.iter().map(|account| account.repeated).sum(),
        failed: accounts.iter().map(|account| account.failed).sum::<u64>().max(silent),
        ringing: Quantiles::of(ringing),
    };
    let times = step.ringing.map_or((f64::NAN, f64::NAN), |times| (times.p50, times.p99));
    println!(
        "{:10} {rate:4} calls/s: {:.2} s for 1,000 calls, 180 after {:.2} / {:.2} ms, {} sent twice, {} failed",
        rival.name, step.cpu, times.0, times.1, step.repeated, step.failed
    );
    if rival.shows_threads {
        println!("           {}", by_thread(&threads, calls));
    }
    Ok(step)
}

/// Who of a process used it, and how often it was woken.
fn by_thread(threads: &[(String, Duration, u64)], calls: u32) -> String {
    let used = threads.iter().map(|(name, time, wakes)| {
        let (time, wakes) = (time.as_secs_f64() * 1e3 / f64::from(calls), *wakes as f64 / f64::from(calls));
        (name, time, wakes)
    });
    let shown = used.filter(|(_, time, _)| *time >= 0.005);
    let shown: Vec<_> =
        shown.map(|(name, time, wakes)| format!("{name} {time:.2} s ({wakes:.1} wakes a call)")).collect();
    shown.join(", ")
}

/// One climb of both; a rival that was not clean rests until the next.
pub struct Climb(Vec<Vec<Step>>);

impl Climb {
    /// Each rate in turn, and at each rate both.
    pub fn of(rivals: &[Rival], phone: SocketAddr, rates: &[u32]) -> Result<Climb, String> {
        let mut climbs = vec![Vec::<Step>::new(); rivals.len()];
        for rate in rates {
            for (rival, steps) in rivals.iter().zip(&mut climbs) {
                if steps.last().is_none_or(Step::clean) {
                    steps.push(step(rival, phone, *rate)?);
                }
            }
        }
        Ok(Climb(climbs))
    }
}

/// All climbs.
#[derive(Default)]
pub struct Figures(Vec<Climb>);

impl Figures {
    /// One more.
    pub fn add(&mut self, climb: Climb) {
        self.0.push(climb);
    }

    fn steps(&self, rival: usize, rate: u32) -> impl Iterator<Item = &Step> {
        let steps = self.0.iter().filter_map(move |climb| climb.0.get(rival));
        steps.flatten().filter(move |step| step.rate == rate)
    }

    fn cpu(&self, rival: usize, rate: u32) -> Option<f64> {
        median(&self.steps(rival, rate).map(|step| step.cpu).collect::<Vec<_>>())
    }

    fn ringing(&self, rival: usize, rate: u32) -> Option<Quantiles> {
        Quantiles::over_runs(&self.steps(rival, rate).filter_map(|step| step.ringing).collect::<Vec<_>>())
    }

    /// The highest rate of each climb that was clean, as all below it were; the median of the climbs.
    fn clean(&self, rival: usize) -> f64 {
        let highest = |climb: &Climb| {
            let steps = climb.0.get(rival).into_iter().flatten();
            steps.take_while(|step| step.clean()).last().map_or(0.0, |step| f64::from(step.rate))
        };
        median(&self.0.iter().map(highest).collect::<Vec<_>>()).unwrap_or_default()
    }

    /// All rates, as markdown.
    pub fn print(&self, rivals: &[Rival]) {
        let mut rates: Vec<u32> =
            self.0.iter().flat_map(|climb| &climb.0).flatten().map(|step| step.rate).collect();
        rates.sort_unstable();
        rates.dedup();
        println!("\nCPU s for 1,000 calls, INVITE→180 p50 / p99 in ms; medians of {}\n", self.0.len());
        let names: Vec<_> = rivals.iter().map(|rival| rival.name).collect();
        println!("| calls/s | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()));
        for rate in rates {
            let cell = |rival| {
                let (cpu, times) = (self.cpu(rival, rate)?, self.ringing(rival, rate)?);
                Some(format!("{cpu:.2}, {:.2} / {:.2}", times.p50, times.p99))
            };
            let cells: Vec<_> =
                (0..names.len()).map(|rival| cell(rival).unwrap_or_else(|| "–".to_owned())).collect();
            println!("| {rate} | {} |", cells.join(" | "));
        }
    }

    /// Holds what was measured against what is promised.
    pub fn judge(&self, rate: u32, table: &mut Table) {
        if let (Some(own), Some(other)) = (self.cpu(0, rate), self.cpu(1, rate)) {
            table.figure("sipp_set_up_cpu", &format!("{own:.2} (kamailio in the same run {other:.2})"), own);
            let ratio = own / other.max(f64::MIN_POSITIVE);
            table.figure("sipp_set_up_cpu_ratio", &format!("{ratio:.1}"), ratio);
        }
        let (own, other) = (self.clean(0), self.clean(1));
        let shown = format!("{own:.0} (kamailio in the same run {other:.0})");
        table.note("highest rate of those tried at which nothing was sent twice", "calls/s", &shown);
        let mut rates: Vec<u32> =
            self.0.iter().flat_map(|climb| &climb.0).flatten().map(|step| step.rate).collect();
        rates.sort_unstable();
        let half = rates.into_iter().rfind(|rate| f64::from(*rate) <= own / 2.0);
        if let Some((rate, own)) = half.and_then(|rate| Some((rate, self.ringing(0, rate)?))) {
            let other = self.ringing(1, rate);
            let other = other.map(|times| format!("{:.2} / {:.2}", times.p50, times.p99)).unwrap_or_default();
            let shown = format!("{:.2} / {:.2} at {rate} calls/s (kamailio {other})", own.p50, own.p99);
            table.figure("sipp_180_half", &shown, own.p99);
        }
    }
}
