//! What is kept comes back, once, to its tenant alone.

mod story;

use frontdesk_call_record::{EndReason, Fact, FaultCode};
use frontdesk_identifiers::WallTime;
use frontdesk_store::{OPEN_TENANTS_MAX, Store, StoreFault};
use story::{START_US, call, ended, fact, key, started, tenant};

#[tokio::test]
async fn a_call_is_kept_and_its_record_comes_back_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let facts = [started("main", 1), key("main", 1, 1), ended("main", 1, 2)];
    let store = Store::open(data.path()).unwrap();
    let main = store.tenant(&tenant("main")).await.unwrap();
    main.append_facts(&facts).await.unwrap();
    store.close().await;
    drop(main);

    let store = Store::open(data.path()).unwrap();
    let main = store.tenant(&tenant("main")).await.unwrap();
    assert_eq!(main.facts(call(1)).await.unwrap(), facts);
    let record = main.record(call(1)).await.unwrap().unwrap();
    assert_eq!(record.end.unwrap().reason, EndReason::CallerHungUp);
    assert_eq!(record.transcript.len(), 1);
    assert_eq!(main.record(call(2)).await.unwrap(), None);
    assert!(main.facts(call(2)).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_append_may_be_repeated_and_the_first_telling_counts() {
    let data = tempfile::tempdir().unwrap();
    let main = Store::open(data.path()).unwrap().tenant(&tenant("main")).await.unwrap();
    main.append_facts(&[started("main", 1), key("main", 1, 1)]).await.unwrap();
    let other = fact("main", 1, 1, Fact::CallerPressed { key: '9' });
    main.append_facts(&[started("main", 1), other, key("main", 1, 2)]).await.unwrap();
    let kept = main.facts(call(1)).await.unwrap();
    assert_eq!(kept, [started("main", 1), key("main", 1, 1), key("main", 1, 2)]);
}

#[tokio::test]
async fn an_end_that_was_already_told_does_not_end_the_call_again() {
    let data = tempfile::tempdir().unwrap();
    let main = Store::open(data.path()).unwrap().tenant(&tenant("main")).await.unwrap();
    main.append_facts(&[started("main", 1), ended("main", 1, 1)]).await.unwrap();
    let late = fact("main", 1, 5, Fact::CallEnded { reason: EndReason::NetworkFailed, fault: None });
    main.append_facts(&[late]).await.unwrap();
    let listed = &main.calls(10).await.unwrap()[0];
    assert_eq!(listed.reason, Some(EndReason::CallerHungUp));
    assert_eq!(listed.ended_at, Some(WallTime::from_unix_micros(START_US + 1_000_000 + 1_000)));
}

#[tokio::test]
async fn calls_are_listed_newest_first_and_open_ones_stand_out() {
    let data = tempfile::tempdir().unwrap();
    let main = Store::open(data.path()).unwrap().tenant(&tenant("main")).await.unwrap();
    // The opening fact of call 3 was shed: the call is known all the same, and began when it began.
    let facts = [started("main", 1), started("main", 2), ended("main", 1, 1), key("main", 3, 7)];
    main.append_facts(&facts).await.unwrap();
    let listed = main.calls(2).await.unwrap();
    assert_eq!(listed.iter().map(|listed| listed.call).collect::<Vec<_>>(), [call(3), call(2)]);
    assert_eq!(listed[0].started_at, WallTime::from_unix_micros(START_US + 3_000_000));
    assert_eq!(main.open_calls().await.unwrap(), [call(2), call(3)]);
}

#[tokio::test]
async fn what_a_killed_desk_left_open_is_closed_once_for_every_tenant() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    for name in ["a", "b"] {
        let of = store.tenant(&tenant(name)).await.unwrap();
        of.append_facts(&[started(name, 1), started(name, 2), ended(name, 1, 1), key(name, 2, 4)])
            .await
            .unwrap();
    }
    let now = WallTime::from_unix_micros(START_US + 9_000_000);
    let closed = store.close_interrupted(now).await.unwrap();
    assert_eq!(closed, [(tenant("a"), call(2)), (tenant("b"), call(2))]);
    assert_eq!(store.close_interrupted(now).await.unwrap(), []);
    let record = store.tenant(&tenant("a")).await.unwrap().record(call(2)).await.unwrap().unwrap();
    let end = record.end.unwrap();
    assert_eq!((end.reason, end.at, end.at_us), (EndReason::Interrupted, now, 4_000));
    assert_eq!(end.fault.map(|fault| fault.code), Some(FaultCode::Killed));
}

#[tokio::test]
async fn tenants_do_not_see_each_other() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let (a, b) = (store.tenant(&tenant("a")).await.unwrap(), store.tenant(&tenant("b")).await.unwrap());
    a.append_facts(&[started("a", 1)]).await.unwrap();
    assert!(b.facts(call(1)).await.unwrap().is_empty() && b.calls(10).await.unwrap().is_empty());
    let refused = b.append_facts(&[started("b", 2), key("a", 1, 1)]).await;
    assert!(matches!(refused, Err(StoreFault::WrongTenant { .. })), "{refused:?}");
    assert!(b.calls(10).await.unwrap().is_empty(), "all or nothing");
    assert_eq!(store.tenants().unwrap(), [tenant("a"), tenant("b")]);
}

#[tokio::test]
async fn more_tenants_than_may_be_open_at_once_are_all_kept() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let first = store.tenant(&tenant("t0")).await.unwrap();
    for at in 0..=OPEN_TENANTS_MAX {
        let name = format!("t{at}");
        let of = store.tenant(&tenant(&name)).await.unwrap();
        of.append_facts(&[started(&name, 1)]).await.unwrap();
    }
    // One that was let go works on for who holds it, and opens again for who asks.
    first.append_facts(&[ended("t0", 1, 1)]).await.unwrap();
    assert_eq!(store.tenant(&tenant("t0")).await.unwrap().facts(call(1)).await.unwrap().len(), 2);
    assert_eq!(store.tenants().unwrap().len(), OPEN_TENANTS_MAX + 1);
}
