//! A desk that is killed loses nothing that was acknowledged, and leaves nothing that stops the next one.

mod story;

use frontdesk_call_record::EndReason;
use frontdesk_identifiers::WallTime;
use frontdesk_store::{Store, Writer};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use story::{START_US, call, key, started, tenant};

/// Where the child keeps its facts; also what makes it a child.
const CHILD_DATA: &str = "FRONTDESK_KILL_TEST_DATA";
/// Facts between two acknowledgements.
const STRIDE: u32 = 7;

/// The desk that will be killed: this very program, started again for this one test.
#[tokio::test]
async fn the_child_tells_facts_until_it_is_killed() {
    let Ok(data) = std::env::var(CHILD_DATA) else { return };
    let store = Store::open(Path::new(&data)).unwrap();
    let writer = Writer::start(store);
    let sender = writer.sender();
    sender.try_submit(started("main", 1)).unwrap();
    for number in 1.. {
        sender.try_submit(key("main", 1, number)).unwrap();
        if number % STRIDE == 0 {
            writer.flush().await;
            println!("acknowledged {number}");
        }
    }
}

/// Starts the child, kills it after so many acknowledgements, and says up to which fact it had one.
fn run_and_kill(data: &Path, acknowledgements: u32) -> u32 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child_tells_facts_until_it_is_killed", "--nocapture"])
        .env(CHILD_DATA, data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = 0;
    let mut last = 0;
    for line in lines {
        // The test runner writes its own words before the first of ours.
        let line = line.unwrap();
        let Some((_, number)) = line.split_once("acknowledged ") else { continue };
        last = number.parse().unwrap();
        told += 1;
        if told == acknowledgements {
            // SIGKILL: nothing of it runs any more, in the middle of whatever it was writing.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(told >= acknowledgements, "the child stopped by itself");
    last
}

#[tokio::test]
async fn a_killed_desk_loses_no_acknowledged_fact_and_its_calls_are_closed_as_interrupted() {
    for acknowledgements in [1, 2, 5, 23, 60] {
        let data = tempfile::tempdir().unwrap();
        let acknowledged = run_and_kill(data.path(), acknowledgements);
        let store = Store::open(data.path()).expect("the kernel gave the lock back");
        let main = store.tenant(&tenant("main")).await.unwrap();
        let facts = main.facts(call(1)).await.unwrap();
        let numbers: Vec<u32> = facts.iter().map(|fact| fact.number).collect();
        assert!(numbers.len() as u32 > acknowledged, "{} of {acknowledged} are there", numbers.len());
        assert_eq!(numbers, (0..numbers.len() as u32).collect::<Vec<_>>(), "without a gap, in order");

        let now = WallTime::from_unix_micros(START_US + 60_000_000);
        assert_eq!(store.close_interrupted(now).await.unwrap(), [(tenant("main"), call(1))]);
        let record = main.record(call(1)).await.unwrap().unwrap();
        assert_eq!(record.end.unwrap().reason, EndReason::Interrupted);
        assert_eq!((record.facts_missing, record.facts_out_of_place), (0, 0));
        assert_eq!(store.close_interrupted(now).await.unwrap(), []);
    }
}
