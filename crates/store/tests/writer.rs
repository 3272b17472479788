//! The way from the switchboard's thread to the disk, also when the disk does not take it.

mod story;

use frontdesk_store::{Full, GATHERING, Store, WAITING_FACTS_MAX, Writer};
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
    assert!(failing.failing[&tenant("main")].contains("locked"));
    assert_eq!(failing.written, 0);
    let_go(holder).await;
    tokio::time::timeout(LONG, writer.flush()).await.expect("the disk works again");
    let status = writer.status();
    assert_eq!((status.written, status.shed, status.lost), (100, 0, 0));
    assert!(status.failing.is_empty());
    let main = store.tenant(&tenant("main")).await.unwrap();
    assert_eq!(main.facts(call(1)).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_full_queue_sheds_and_counts_and_never_waits_and_leaves_room_for_other_tenants() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.tenant(&tenant("main")).await.unwrap();
    let writer = Writer::start(store.clone());
    let holder = hold(data.path()).await;
    let (sender, begun) = (writer.sender(), Instant::now());
    // No task runs before this one waits. Half of the room is one tenant's, if no other needs it.
    let (room, extra) = (WAITING_FACTS_MAX / 2, 10);
    let submitted = (0..(room + extra) as u32).map(|number| key("main", 1, number));
    let answers: Vec<Result<(), Full>> = submitted.map(|fact| sender.try_submit(fact)).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), room);
    assert!(begun.elapsed() < LONG, "it waited for the disk");
    assert_eq!(writer.status().shed, extra as u64);
    assert_eq!(sender.try_submit(started("other", 2)), Ok(()), "there is room for who does not fail");
    let_go(holder).await;
    let mut watch = writer.watch();
    let lost = writer.stop(LONG).await.expect_err("what was shed is said at the end");
    assert_eq!((lost.waiting, lost.shed, lost.lost), (0, extra as u64, 0));
    let transactions = watch.borrow_and_update().transactions;
    assert_eq!(transactions, 2, "one of each tenant: who has much to write writes it at once");
    let record = store.tenant(&tenant("main")).await.unwrap().record(call(1)).await.unwrap().unwrap();
    assert_eq!(record.transcript.len(), room);
    assert_eq!(store.tenant(&tenant("other")).await.unwrap().calls(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_tenant_whose_disk_fails_does_not_hold_back_the_others() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.tenant(&tenant("main")).await.unwrap();
    let writer = Writer::start(store.clone());
    let holder = hold(data.path()).await;
    let mut watch = writer.watch();
    writer.sender().try_submit(started("main", 1)).unwrap();
    tokio::time::timeout(LONG, watch.wait_for(|status| status.retries > 0)).await.unwrap().unwrap();
    writer.sender().try_submit(started("other", 2)).unwrap();
    tokio::time::timeout(LONG, watch.wait_for(|status| status.written == 1)).await.unwrap().unwrap();
    let status = writer.status();
    assert_eq!(status.failing.keys().collect::<Vec<_>>(), [&tenant("main")]);
    assert_eq!(store.tenant(&tenant("other")).await.unwrap().calls(10).await.unwrap().len(), 1);
    let_go(holder).await;
    writer.stop(LONG).await.unwrap();
    assert_eq!(store.tenant(&tenant("main")).await.unwrap().calls(10).await.unwrap().len(), 1);
}

/// A thousand facts of fifty calls cost a handful of transactions, however they trickle in.
#[tokio::test]
async fn facts_that_come_one_by_one_are_written_together() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.tenant(&tenant("main")).await.unwrap();
    let writer = Writer::start(store.clone());
    let (sender, begun) = (writer.sender(), Instant::now());
    for number in 0..20 {
        for call_number in 0..50 {
            sender.try_submit(key("main", call_number, number)).unwrap();
            // So that the writer's task may run as it likes.
            tokio::task::yield_now().await;
        }
    }
    writer.flush().await;
    // One for each gathering that has begun, and one that the flush asks for.
    let at_most = begun.elapsed().as_millis() / GATHERING.as_millis() + 2;
    let status = writer.status();
    assert_eq!(status.written, 1_000);
    assert!(u128::from(status.transactions) <= at_most, "{} transactions", status.transactions);
    writer.stop(LONG).await.unwrap();
}

#[tokio::test]
async fn facts_are_written_without_being_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let writer = Writer::start(store.clone());
    let mut watch = writer.watch();
    for number in 0..3 {
        writer.sender().try_submit(key("main", 1, number)).unwrap();
        let written = watch.wait_for(|status| status.written == u64::from(number) + 1);
        tokio::time::timeout(LONG, written).await.expect("it is written in the end").unwrap();
    }
    assert_eq!(writer.status().transactions, 3);
}

#[tokio::test]
async fn a_flush_does_not_wait_for_more_to_come() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.tenant(&tenant("main")).await.unwrap();
    let writer = Writer::start(store);
    let mut best = LONG;
    // Of many, so that a busy machine does not count.
    for number in 0..20 {
        writer.sender().try_submit(key("main", 1, number)).unwrap();
        let begun = Instant::now();
        writer.flush().await;
        best = best.min(begun.elapsed());
        assert_eq!(writer.status().written, u64::from(number) + 1);
    }
    assert!(best < GATHERING, "it took {best:?}");
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
