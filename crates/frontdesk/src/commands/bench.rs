//! `frontdesk bench`

use super::call::{destination_of, party_name, read_target, registrar};
use super::failed;
use crate::bench::page::page;
use crate::bench::plan::{BenchPlan, Callee, Limits, Party};
use crate::bench::report::Report;
use crate::bench::{Progress, run as run_bench};
use crate::softphone::Wire;
use frontdesk_media_protocol::Codec;
use frontdesk_sip_stack::{Credentials, Transport};
use std::io::{IsTerminal, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `frontdesk bench`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A target that sends back what it hears is an echo: round trips are measured. With --callee the bench
is also the telephone that calls are put through to: delays from leg to leg are measured. A bench on each of two machines
measures between them (one only answers), and each tells the two clocks apart.

Examples:
  frontdesk bench sip:echo@desk.example --calls 50 --seconds 20
  frontdesk bench sip:100@127.0.0.1 --callee 1001:phone.txt --calls 100 --rate 20 --html bench.html
  frontdesk bench sip:100@127.0.0.1 --callee 1001:phone.txt --keys 123# --loss 5 --jitter 40 --min-keys 100
  frontdesk bench sip:100@127.0.0.1 --calls 200 --max-failed 0 --max-lost 0.1 --max-delay 5 --json bench.json
  frontdesk bench --only-answer --callee 1001:phone.txt --server desk.example --longest 60

Exit status: 0 when every limit was kept, 1 when one was not, 2 when asked wrongly or nothing could be measured."
)]
pub struct Arguments {
    /// Whom to call, such as sip:100@127.0.0.1:5060
    #[arg(value_name = "SIP-URI", required_unless_present = "only_answer")]
    target: Option<String>,
    /// How many calls stand at once, at most
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    calls: u32,
    /// Calls a second
    #[arg(long, value_name = "NUMBER", default_value_t = 10.0)]
    rate: f64,
    /// How long each call speaks
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    seconds: f64,
    /// How long a call may take to be answered
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    patience: f64,
    /// What is spoken
    #[arg(long, value_enum, default_value_t = Law::Pcmu)]
    codec: Law,
    /// The keys that each caller presses after a second
    #[arg(long, value_name = "KEYS", default_value = "")]
    keys: String,
    /// Lose this share of the packets on purpose, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0)]
    loss: f64,
    /// Delay the others by up to this much
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0.0)]
    jitter: f64,
    /// Who calls; with a file that holds the password where one is asked for
    #[arg(long, value_name = "NAME[:FILE]", default_value = "bench")]
    caller: String,
    /// Be this telephone too, and answer; with a password it registers
    #[arg(long, value_name = "NAME[:FILE]")]
    callee: Option<String>,
    /// How long the called telephone rings
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    ring: f64,
    /// Place no calls: answer those that come
    #[arg(long, requires = "callee", conflicts_with = "target")]
    only_answer: bool,
    /// Stop after this time, whatever goes on
    #[arg(long, value_name = "SECONDS")]
    longest: Option<f64>,
    /// Where the called telephone registers when nobody is called
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1")]
    server: String,
    /// The port for SIP on this machine; else any
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// The authorities that are believed where TLS is spoken, PEM; else the public ones
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as one HTML page with pictures
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Fail when more than this share of the calls fails
    #[arg(long, value_name = "PERCENT")]
    max_failed: Option<f64>,
    /// Fail when more than this share of the packets is lost, beyond what is lost on purpose
    #[arg(long, value_name = "PERCENT")]
    max_lost: Option<f64>,
    /// Fail when one of a hundred packets is under way for longer
    #[arg(long, value_name = "MILLISECONDS")]
    max_delay: Option<f64>,
    /// Fail when one of a hundred calls takes longer to be answered
    #[arg(long, value_name = "MILLISECONDS")]
    max_answer: Option<f64>,
    /// Fail when a listener's opinion would be less (MOS by the E-model, 1 to 4.5)
    #[arg(long, value_name = "MOS")]
    min_mos: Option<f64>,
    /// Fail when less than this share of the keys arrives, or one arrives twice
    #[arg(long, value_name = "PERCENT")]
    min_keys: Option<f64>,
}

/// What is spoken: a stamp survives a target that decodes and encodes, as long as both ends speak the same law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Law {
    Pcmu,
    Pcma,
}

/// Places calls, and says how it went.
pub fn run(arguments: &Arguments) -> ExitCode {
    let (plan, wire) = match plan(arguments) {
        Ok(planned) => planned,
        Err(why) => {
            eprintln!("frontdesk bench: {why}");
            return ExitCode::from(2);
        }
    };
    let longest = arguments.longest.map(seconds);
    let shows = std::io::stderr().is_terminal();
    let measured = run_bench(plan.clone(), &wire, longest, |progress| tell(&progress, shows));
    if shows {
        eprintln!();
    }
    match measured {
        Ok(figures) => told(&Report::of(&plan, &figures, &limits(arguments)), arguments),
        Err(fault) => {
            failed(fault);
            ExitCode::from(2)
        }
    }
}

fn tell(progress: &Progress<'_>, shows: bool) {
    let (figures, legs) = match progress {
        Progress::Registered => return eprintln!("registered: the called telephone can be called"),
        Progress::Standing { figures, legs } => (figures, legs),
    };
    let late = figures.delay.quantile(0.99).or(figures.round_trip.quantile(0.99)).unwrap_or_default();
    let line = format!(
        "{} calls placed, {} taken, {legs} legs stand, {} failed, {} packets sent, p99 {:.1} ms",
        figures.placed,
        figures.taken,
        figures.failures(),
        figures.sent,
        late.as_secs_f64() * 1e3
    );
    if shows {
        eprint!("\r\x1b[K{line}");
        let _ = std::io::stderr().flush();
    } else {
        eprintln!("{line}");
    }
}

fn told(report: &Report, arguments: &Arguments) -> ExitCode {
    print(report);
    let json = serde_json::to_string_pretty(report).map_err(|error| error.to_string());
    let written = [(&arguments.json, json), (&arguments.html, Ok(page(report)))];
    for (file, text) in written {
        let Some(file) = file else { continue };
        let outcome = text.and_then(|text| std::fs::write(file, text).map_err(|error| error.to_string()));
        match outcome {
            Ok(()) => println!("written: {}", file.display()),
            Err(error) => return failed(format!("{}: {error}", file.display())),
        }
    }
    if report.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(report: &Report) {
    let (calls, sound) = (&report.calls, &report.sound);
    println!(
        "calls: {} placed, {} answered, {} ended as calls should, {} taken here",
        calls.placed, calls.answered, calls.completed, calls.taken
    );
    for (why, count) in &calls.failed {
        println!("  failed: {count} × {why}");
    }
    println!(
        "sound: the target is {}; {} packets sent, {} came, {} of {} lost ({:.3} %), {} twice, {} after a later one, {} of \
         the target's own",
        match sound.target {
            "echo" => "an echo",
            "bridge" => "a bridge",
            "speaks" => "somebody who speaks",
            _ => "silent",
        },
        sound.sent,
        sound.came,
        sound.lost,
        sound.due,
        sound.lost_percent,
        sound.twice,
        sound.late_in_order,
        sound.unstamped
    );
    if sound.keys_sent > 0 {
        println!("keys: {} pressed, {} came", sound.keys_sent, sound.keys_came);
    }
    if let Some(opinion) = sound.opinion {
        println!("opinion: {opinion:.2} (MOS by the E-model)");
    }
    let two = sound.two_clocks.as_ref();
    for (what, summary) in [
        ("INVITE to 100", calls.trying),
        ("INVITE to 180", calls.ringing),
        ("INVITE to 200", calls.answer),
        ("200 to first sound", calls.first_sound),
        ("leg to leg", sound.delay),
        ("target and back", sound.round_trip),
        ("to the other bench", two.and_then(|two| two.there)),
        ("from the other bench", two.and_then(|two| two.back)),
        ("spacing", sound.spacing),
    ] {
        if let Some(times) = summary {
            println!(
                "{what:<20} p50 {:>8.3}  p99 {:>8.3}  p99.9 {:>8.3}  max {:>8.3} ms  ({})",
                times.p50_ms, times.p99_ms, times.p999_ms, times.max_ms, times.count
            );
        }
    }
    for verdict in &report.limits {
        let measured =
            verdict.measured.map_or("not measured".to_owned(), |measured| format!("{measured:.3}"));
        let word = if verdict.kept { "kept" } else { "BROKEN" };
        println!("{word}: {} is {measured}, asked for {}", verdict.what, verdict.limit);
    }
}

fn plan(arguments: &Arguments) -> Result<(BenchPlan, Wire), String> {
    let share = |what: &str, percent: f64| {
        let good = (0.0..=100.0).contains(&percent);
        good.then_some(percent / 100.0).ok_or(format!("{what} {percent} is no share: 0 to 100"))
    };
    if arguments.rate.is_nan() || arguments.rate <= 0.0 {
        return Err(format!("--rate {} is no number of calls a second", arguments.rate));
    }
    let target = arguments.target.as_deref().map(read_target).transpose()?;
    let (uri, place) = match target {
        Some((uri, place)) => (Some(uri), Some(place)),
        None => (None, None),
    };
    let mut destination = destination_of(place, &arguments.server, Transport::Udp, arguments.ca.clone())?;
    destination.local_port = arguments.port;
    let remote = destination.remote;
    let transport = destination.transport;
    let wire = Wire::open(&destination).map_err(|fault| fault.to_string())?;
    let callee = arguments.callee.as_deref().map(|callee| party(callee, remote.ip())).transpose()?;
    let callee = callee.map(|party| Callee {
        registrar: party.credentials.as_ref().map(|_| registrar(remote, transport)),
        party,
        ring: seconds(arguments.ring),
    });
    let plan = BenchPlan {
        target: uri,
        calls: arguments.calls,
        rate: arguments.rate,
        talk: seconds(arguments.seconds),
        patience: seconds(arguments.patience),
        codec: match arguments.codec {
            Law::Pcmu => Codec::Pcmu,
            Law::Pcma => Codec::Pcma,
        },
        keys: arguments.keys.clone(),
        caller: party(&arguments.caller, remote.ip())?,
        callee,
        flow: wire.flow(),
        mishap: (share("--loss", arguments.loss)?, Duration::from_secs_f64(arguments.jitter.max(0.0) / 1e3)),
    };
    Ok((plan, wire))
}

/// `NAME` or `NAME:FILE`.
fn party(text: &str, host: IpAddr) -> Result<Party, String> {
    let (name, file) = match text.split_once(':') {
        Some((name, file)) => (name, Some(Path::new(file))),
        None => (text, None),
    };
    let password = |file: &Path| {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok::<_, String>(text.lines().next().unwrap_or_default().to_owned())
    };
    let credentials = file
        .map(|file| Ok::<_, String>(Credentials { username: name.to_owned(), password: password(file)? }))
        .transpose()?;
    Ok(Party { name: party_name(name, host), credentials })
}

fn limits(arguments: &Arguments) -> Limits {
    Limits {
        failed_percent: arguments.max_failed,
        lost_percent: arguments.max_lost,
        delay_p99_ms: arguments.max_delay,
        answered_p99_ms: arguments.max_answer,
        opinion: arguments.min_mos,
        keys_percent: arguments.min_keys,
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
