//! What it costs to keep the facts of calls: the store alone, as the switchboard's thread fills it.
//!
//! `cargo bench -p frontdesk-benches --bench keeping_facts [-- CALLS_A_SECOND:SECONDS …] [-- in FOLDER]`
//!
//! Every call tells 20 facts: most while it is set up, two when sound comes, the rest when it ends. The processor time is
//! that of the whole process without the thread that makes the facts up; what that thread spends in handing them over is
//! told beside it.

use frontdesk_benches::machine::Spent;
use frontdesk_benches::table::Table;
use frontdesk_call_record::{
    AdmittedBy, EndReason, Fact, LegRole, Party, StampedFact, StreamSummary, TransferEnd, TransferKind,
};
use frontdesk_identifiers::{CallId, TenantId, WallTime};
use frontdesk_store::{FactSender, Store, Writer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Calls a second, and for how many seconds, when nothing else is asked for.
const LOADS: [(u32, u32); 3] = [(50, 20), (200, 10), (1_000, 60)];
/// When sound comes, after the first ring.
const SOUND_AFTER: Duration = Duration::from_millis(40);
/// When a call ends, after its first ring.
const CALL_LENGTH: Duration = Duration::from_secs(2);
/// 2026-11-20T14:23:12Z
const START_US: u64 = 1_795_184_592_000_000;
/// How long the disk may take for what is left at the end.
const STOP_WAIT: Duration = Duration::from_secs(60);

/// What one load came to.
struct Kept {
    /// Of the store, in seconds.
    processor_time: f64,
    /// Of the thread that hands facts over, in seconds.
    handing_over: f64,
    /// Times that a thread of the store went to sleep.
    switches: i64,
    shed: u64,
    facts: u64,
}

fn parts_of(call: u64) -> [Vec<Fact>; 3] {
    let number = format!("+4930{call:07}");
    let (caller, callee) = (LegRole::Caller, LegRole::Callee);
    let agreed = |leg| Fact::MediaAgreed { leg, codec: "PCMU".to_owned(), secured_by: None };
    let counters = StreamSummary { received: 100, sent: 100, jitter_us: 125, ..StreamSummary::default() };
    let set_up = vec![
        Fact::CallStarted {
            caller: Party { name: Some("Ada Byron".into()), number: number.as_str().into() },
            called: "1002".into(),
            sip_call_id: format!("{call:032x}@192.0.2.17"),
            admitted_by: AdmittedBy::Peer("carrier".to_owned()),
        },
        Fact::CallerIdentified {
            withheld: false,
            asserted: true,
            diverted_from: None,
            verified: Some("verified-a".to_owned()),
        },
        Fact::TransferStarted { target: "1002".into(), kind: TransferKind::Dialled },
        Fact::TrunkTried {
            trunk: "carrier".to_owned(),
            hop: "udp:192.0.2.18:5060".to_owned(),
            emergency: false,
        },
        Fact::EarlyMedia,
        Fact::Ringing,
        Fact::TransferRinging,
        agreed(callee),
        Fact::TransferAnswered,
        agreed(caller),
        Fact::Answered,
        Fact::Bridged,
    ];
    let sound = vec![Fact::MediaArrived { leg: caller }, Fact::MediaArrived { leg: callee }];
    let end = vec![
        Fact::CallerPressed { key: '1' },
        Fact::DeskSaid {
            text: "Goodbye, and thank you for calling.".into(),
            started_us: Some(1_900_000),
            ended_us: 1_950_000,
            completed: true,
            heard_ms: 50,
        },
        Fact::TransferEnded { outcome: TransferEnd::Completed },
        Fact::StreamClosed { leg: caller, counters },
        Fact::StreamClosed { leg: callee, counters },
        Fact::CallEnded { reason: EndReason::CallerHungUp, fault: None },
    ];
    [set_up, sound, end]
}

fn id_of(call: u64, at: WallTime) -> CallId {
    let mut chance = [0; 10];
    // As scattered as chance is, and the same every time.
    chance[2..].copy_from_slice(&call.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    CallId::new(at, chance)
}

/// Facts of one call that are told at one moment.
fn stamped(tenant: &TenantId, call: u64, started_us: u64, part: usize) -> Vec<StampedFact> {
    let parts = parts_of(call);
    let before: usize = parts[..part].iter().map(Vec::len).sum();
    let after = [Duration::ZERO, SOUND_AFTER, CALL_LENGTH][part];
    let since_start_us = after.as_micros() as u64;
    let id = id_of(call, WallTime::from_unix_micros(started_us));
    let numbered = parts.into_iter().nth(part).unwrap_or_default().into_iter().enumerate();
    numbered
        .map(|(at, fact)| StampedFact {
            tenant: tenant.clone(),
            call: id,
            number: (before + at) as u32,
            at: WallTime::from_unix_micros(started_us + since_start_us),
            since_start_us,
            fact,
        })
        .collect()
}

/// Hands over what calls tell, as they tell it; says how long the handing over took, in nanoseconds, and what all else.
fn tell(sender: &FactSender, rate: u32, seconds: u32) -> (Duration, Spent) {
    let tenant = TenantId::new("main").expect("a name");
    let spent_before = Spent::by_this_thread();
    let calls = u64::from(rate) * u64::from(seconds);
    let mut due: BTreeMap<(Duration, u64), usize> = BTreeMap::new();
    for call in 0..calls {
        let start = Duration::from_secs(1) * call as u32 / rate;
        due.extend([((start, call), 0), ((start + SOUND_AFTER, call), 1), ((start + CALL_LENGTH, call), 2)]);
    }
    let began = Instant::now();
    let mut handing_over = Duration::ZERO;
    for ((at, call), part) in due {
        let started_us = START_US + call * 1_000_000 / u64::from(rate);
        let facts = stamped(&tenant, call, started_us, part);
        std::thread::sleep(at.saturating_sub(began.elapsed()));
        let before = Spent::by_this_thread();
        for fact in facts {
            // What is shed is counted by the writer.
            let _ = sender.try_submit(fact);
        }
        handing_over += Spent::by_this_thread().since(before).processor_time;
    }
    (handing_over, Spent::by_this_thread().since(spent_before))
}

fn keep(folder: &Path, rate: u32, seconds: u32) -> Kept {
    let data = tempfile::tempdir_in(folder).expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("threads");
    let store = Store::open(data.path()).expect("the folder is empty");
    // As a desk finds it that has been open before: to make the file is not what is measured.
    let main = TenantId::new("main").expect("a name");
    runtime.block_on(store.tenant(&main)).expect("a file");
    let writer = runtime.block_on(async { Writer::start(store.clone()) });
    let sender = writer.sender();
    let before = Spent::by_this_process();
    let teller = std::thread::spawn(move || tell(&sender, rate, seconds));
    let (handing_over, telling) = teller.join().expect("facts are told");
    runtime.block_on(writer.flush());
    let spent = Spent::by_this_process().since(before);
    let status = writer.status();
    // What was shed is shown in the table.
    let _ = runtime.block_on(writer.stop(STOP_WAIT));
    runtime.block_on(store.close());
    let of_store = spent.processor_time.saturating_sub(telling.processor_time);
    Kept {
        processor_time: of_store.as_secs_f64(),
        handing_over: handing_over.as_secs_f64(),
        switches: spent.switches - telling.switches,
        shed: status.shed,
        facts: status.written,
    }
}

/// A disk, and where there is none that is none.
fn folders(arguments: &[String]) -> Vec<PathBuf> {
    if let Some(at) = arguments.iter().position(|argument| argument == "in") {
        return arguments.get(at + 1).map(PathBuf::from).into_iter().collect();
    }
    let memory = PathBuf::from("/dev/shm");
    [std::env::temp_dir()].into_iter().chain(memory.is_dir().then_some(memory)).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let load = |text: &String| {
        let (rate, seconds) = text.split_once(':')?;
        Some((rate.parse().ok()?, seconds.parse().ok()?))
    };
    let asked: Vec<(u32, u32)> = arguments.iter().filter_map(load).collect();
    let loads = if asked.is_empty() { LOADS.to_vec() } else { asked };
    let mut table = Table::new();
    for folder in folders(&arguments) {
        for (rate, seconds) in &loads {
            let kept = keep(&folder, *rate, *seconds);
            let thousands = f64::from(*rate) * f64::from(*seconds) / 1_000.0;
            let of_thousand = kept.processor_time / thousands;
            let what =
                format!("{} facts, {rate} calls/s for {seconds} s, in {}", kept.facts, folder.display());
            let shown = format!(
                "{of_thousand:.3} s, {:.0} switches, {:.3} s in handing over; {} shed",
                kept.switches as f64 / thousands,
                kept.handing_over / thousands,
                kept.shed
            );
            table.note(&what, "of 1,000 calls", &shown);
            println!("{what}: {shown}");
        }
    }
    table.print("cargo bench -p frontdesk-benches --bench keeping_facts");
}
