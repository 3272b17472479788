//! What an older frontdesk kept is brought up to date, and nothing of it is lost.

mod story;

use frontdesk_call_record::{CallRecord, EndReason, Fact, StampedFact};
use frontdesk_identifiers::WallTime;
use frontdesk_store::{Store, StoreFault};
use sqlx::migrate::Migrator;
use sqlx::{Connection, SqliteConnection};
use std::path::Path;
use story::{START_US, call, ended, fact, key, started, tenant};

/// Facts as the first form holds them: a row each.
async fn keep_in_first_form(data: &Path, facts: &[StampedFact]) {
    let forms = tempfile::tempdir().unwrap();
    let first = "0001_calls_and_facts.sql";
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    std::fs::copy(migrations.join(first), forms.path().join(first)).unwrap();
    std::fs::create_dir_all(data.join("tenants")).unwrap();
    let url = format!("sqlite://{}?mode=rwc", data.join("tenants/main.db").display());
    let mut old = SqliteConnection::connect(&url).await.unwrap();
    Migrator::new(forms.path()).await.unwrap().run(&mut old).await.unwrap();
    for fact in facts {
        let (call, at_us) = (fact.call.to_string(), fact.at.as_unix_micros() as i64);
        sqlx::query("INSERT INTO calls (call, started_at_us) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(&call)
            .bind(at_us - fact.since_start_us as i64)
            .execute(&mut old)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO facts (call, number, schema, at_us, since_start_us, name, body) \
             VALUES (?, ?, 1, ?, ?, ?, ?)",
        )
        .bind(&call)
        .bind(fact.number)
        .bind(at_us)
        .bind(fact.since_start_us as i64)
        .bind(fact.fact.name())
        .bind(serde_json::to_string(&fact.fact).unwrap())
        .execute(&mut old)
        .await
        .unwrap();
        if let Fact::CallEnded { reason, .. } = &fact.fact {
            sqlx::query("UPDATE calls SET ended_at_us = ?, reason = ? WHERE call = ?")
                .bind(at_us)
                .bind(reason.as_str())
                .bind(&call)
                .execute(&mut old)
                .await
                .unwrap();
        }
    }
    old.close().await.unwrap();
}

fn said(call_number: u8, number: u32) -> StampedFact {
    let said = Fact::DeskSaid {
        text: "Say “yes”, \"no\" or nothing.\nAnd 0.1 + 0.2?".into(),
        started_us: None,
        ended_us: u64::MAX,
        completed: false,
        heard_ms: 7,
    };
    fact("main", call_number, number, said)
}

fn understood(call_number: u8, number: u32) -> StampedFact {
    let understood = Fact::Understood { answer: "yes".to_owned(), by_key: false, score: 0.123_456_79 };
    fact("main", call_number, number, understood)
}

#[tokio::test]
async fn facts_of_the_first_form_are_all_there_and_new_ones_join_them() {
    let data = tempfile::tempdir().unwrap();
    let first = [started("main", 1), said(1, 1), understood(1, 2), ended("main", 1, 3)];
    let second = [started("main", 2), key("main", 2, 1), key("main", 2, 5)];
    keep_in_first_form(data.path(), &[&first[..], &second[..]].concat()).await;

    let store = Store::open(data.path()).unwrap();
    let main = store.tenant(&tenant("main")).await.unwrap();
    assert_eq!(main.facts(call(1)).await.unwrap(), first);
    assert_eq!(main.facts(call(2)).await.unwrap(), second);
    let listed = main.calls(10).await.unwrap();
    assert_eq!(listed.iter().map(|listed| listed.call).collect::<Vec<_>>(), [call(2), call(1)]);
    assert_eq!(listed[1].reason, Some(EndReason::CallerHungUp));
    assert_eq!(listed[1].started_at, WallTime::from_unix_micros(START_US + 1_000_000));

    // A try that was repeated over the change of form, and what came afterwards.
    main.append_facts(&[key("main", 2, 1), key("main", 2, 6)]).await.unwrap();
    let kept: Vec<u32> = main.facts(call(2)).await.unwrap().iter().map(|fact| fact.number).collect();
    assert_eq!(kept, [0, 1, 5, 6]);
    let now = WallTime::from_unix_micros(START_US + 9_000_000);
    assert_eq!(store.close_interrupted(now).await.unwrap(), [(tenant("main"), call(2))]);
    let record = main.record(call(1)).await.unwrap().unwrap();
    assert_eq!(record, CallRecord::fold(&first).unwrap());
}

#[tokio::test]
async fn a_fact_that_cannot_be_read_spoils_its_own_call_only() {
    let data = tempfile::tempdir().unwrap();
    keep_in_first_form(data.path(), &[started("main", 1), key("main", 1, 1), started("main", 2)]).await;
    let url = format!("sqlite://{}", data.path().join("tenants/main.db").display());
    let mut old = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("UPDATE facts SET body = 'no {json' WHERE number = 1").execute(&mut old).await.unwrap();
    old.close().await.unwrap();

    let main = Store::open(data.path()).unwrap().tenant(&tenant("main")).await.unwrap();
    assert!(matches!(main.facts(call(1)).await, Err(StoreFault::UnreadableFact { .. })));
    assert_eq!(main.facts(call(2)).await.unwrap(), [started("main", 2)]);
}

#[tokio::test]
async fn who_only_looks_is_told_of_an_older_form_and_leaves_it_as_it_is() {
    let data = tempfile::tempdir().unwrap();
    keep_in_first_form(data.path(), &[started("main", 1)]).await;
    let looker = Store::look(data.path()).unwrap();
    let refused = looker.tenant(&tenant("main")).await.expect_err("it is of an older form");
    assert!(refused.to_string().contains("brings it up to date when its desk is opened"), "{refused}");
    Store::open(data.path()).unwrap().tenant(&tenant("main")).await.unwrap();
    assert_eq!(looker.tenant(&tenant("main")).await.unwrap().calls(10).await.unwrap().len(), 1);
}
