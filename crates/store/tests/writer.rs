//! The way from the switchboard's thread to the disk, also when the disk does not take it.

mod story;

use frontdesk_store::{Full, QUEUE_CAPACITY_FACTS, Store, Writer};
use std::path::Path;
use std::time::{Duration, Instant};
use story::{call, key, started, tenant};

/// Longer than any machine takes; a test that waits so long has failed.
const LONG: Duration = Duration::from_secs(30);

/// Another program that holds the tenant's file, so that nobody can write: a backup, a virus scanner.
async fn hold(data: &Path) -> sqlx::SqliteConnection {
    use sqlx::Connection;
    let url = format!("sqlite://{}", data.join("tenants/main.db").display());
    let mut holder = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut holder).await.unwrap();
    holder
}

async fn let_go(mut holder: sqlx::SqliteConnection) {
    use sqlx::Connection;
    sqlx::query("ROLLBACK").execute(&mut holder).await.unwrap();
    holder.close().await.unwrap();
}

#[tokio::test]
async fn what_was_submitted_stands_on_the_disk_after_a_flush_in_its_order() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let writer = Writer::start(store.clone());
    let sender = writer.sender();
    sender.try_submit(started("main", 1)).unwrap();
    for number in 1..1_000 {
        sender.try_submit(key("main", 1, number)).unwrap();
        sender.try_submit(key("other", 2, number)).unwrap();
    }
    writer.flush().await;
    let main = store.tenant(&tenant("main")).await.unwrap();
    let numbers: Vec<u32> = main.facts(call(1)).await.unwrap().iter().map(|fact| fact.number).collect();
    assert_eq!(numbers, (0..1_000).collect::<Vec<_>>());
    let other = store.tenant(&tenant("other")).await.unwrap();
    assert_eq!(other.facts(call(2)).await.unwrap().len(), 999);
    assert_eq!(writer.status().written, 1_999);
    writer.stop(LONG).await.unwrap();
}

#[test]
fn a_thread_without_a_runtime_may_submit() {
    let data = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = Store::open(data.path()).unwrap();
    let writer = runtime.block_on(async { Writer::start(store.clone()) });
    let sender = writer.sender();
    std::thread::spawn(move || sender.try_submit(started("main", 1)).unwrap()).join().unwrap();
    runtime.block_on(async {
        writer.stop(LONG).await.unwrap();
        let main = store.tenant(&tenant("main")).await.unwrap();
        assert_eq!(main.facts(call(1)).await.unwrap().len(), 1);
    });
}

#[tokio::test]
async fn facts_wait_while_the_disk_fails_and_are_kept_when_it_works_again() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.tenant(&tenant("main")).await.unwrap();
    let writer = Writer::start(store.clone());
    let holder = hold(data.path()).await;
    for number in 0..100 {
        writer.sender().try_submit(key("main", 1, number)).unwrap();
    }
    let mut watch = writer.watch();
    tokio::time::timeout(LONG, watch.wait_for(|status| status.retries > 0)).await.unwrap().unwrap();
    let failing = writer.status();
    assert!(failing.failing.is_some_and(|why| why.contains("locked")));
    assert_eq!(failing.written, 0);
    let_go(holder).await;
    tokio::time::timeout(LONG, writer.flush()).await.expect("the disk works again");
    let status = writer.status();
    assert_eq!((status.written, status.shed, status.lost, status.failing), (100, 0, 0, None));
    let main = store.tenant(&tenant("main")).await.unwrap();
    assert_eq!(main.facts(call(1)).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_full_queue_sheds_and_counts_and_never_waits() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.tenant(&tenant("main")).await.unwrap();
    let writer = Writer::start(store.clone());
    let holder = hold(data.path()).await;
    let (sender, begun) = (writer.sender(), Instant::now());
    // The task does not run before this one waits, so that exactly the queue's capacity is taken.
    let extra = 10;
    let submitted = (0..(QUEUE_CAPACITY_FACTS + extra) as u32).map(|number| key("main", 1, number));
    let answers: Vec<Result<(), Full>> = submitted.map(|fact| sender.try_submit(fact)).collect();
    let taken = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(taken, QUEUE_CAPACITY_FACTS);
    assert!(begun.elapsed() < LONG, "it waited for the disk");
    assert_eq!(writer.status().shed, extra as u64);
    let_go(holder).await;
    let lost = writer.stop(LONG).await.expect_err("what was shed is said at the end");
    assert_eq!((lost.waiting, lost.shed, lost.lost), (0, extra as u64, 0));
    let record = store.tenant(&tenant("main")).await.unwrap().record(call(1)).await.unwrap().unwrap();
    assert_eq!(record.transcript.len(), QUEUE_CAPACITY_FACTS);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever_for_a_disk_that_fails() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.tenant(&tenant("main")).await.unwrap();
    let writer = Writer::start(store);
    let holder = hold(data.path()).await;
    writer.sender().try_submit(started("main", 1)).unwrap();
    let lost = tokio::time::timeout(LONG, writer.stop(Duration::from_millis(10))).await.unwrap();
    let lost = lost.expect_err("nothing could be written");
    assert_eq!((lost.waiting, lost.shed, lost.lost), (1, 0, 0));
    let_go(holder).await;
}

#[tokio::test]
async fn a_damaged_tenant_is_counted_as_lost_and_does_not_stop_the_others() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    std::fs::write(
        data.path().join("tenants/bad.db"),
        "no database at all, whatever its name may say".repeat(9),
    )
    .unwrap();
    let writer = Writer::start(store.clone());
    writer.sender().try_submit(started("bad", 1)).unwrap();
    writer.sender().try_submit(started("main", 1)).unwrap();
    writer.flush().await;
    let status = writer.status();
    assert_eq!((status.lost, status.written), (1, 1));
    let main = store.tenant(&tenant("main")).await.unwrap();
    assert_eq!(main.facts(call(1)).await.unwrap().len(), 1);
}
