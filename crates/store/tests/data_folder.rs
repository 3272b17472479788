//! A data folder that cannot be used says why and what to do; and it belongs to one desk at a time.

mod story;

use frontdesk_store::{Store, StoreFault, Whose};
use std::os::unix::fs::PermissionsExt;
use story::{call, started, tenant};

#[tokio::test]
async fn a_folder_that_is_not_there_is_made() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("var").join("desk");
    let store = Store::open(&data).unwrap();
    store.tenant(&tenant("main")).await.unwrap();
    assert!(data.join("tenants/main.db").is_file());
    assert_eq!(store.folder(), data);
}

#[test]
fn two_desks_never_share_a_data_folder() {
    let data = tempfile::tempdir().unwrap();
    let first = Store::open(data.path()).unwrap();
    let refused = Store::open(data.path()).expect_err("it is in use");
    assert_eq!(refused.whose(), Whose::Operator);
    let told = refused.to_string();
    let process = format!("another desk (process {})", std::process::id());
    assert!(told.starts_with(&process) && told.contains("name another folder"), "{told}");
    drop(first);
    Store::open(data.path()).expect("it is free again");
}

#[tokio::test]
async fn the_folder_stays_taken_while_somebody_may_still_write() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let main = store.tenant(&tenant("main")).await.unwrap();
    drop(store);
    assert!(matches!(Store::open(data.path()), Err(StoreFault::InUse { .. })));
    drop(main);
    Store::open(data.path()).expect("it is free again");
}

#[test]
fn a_file_in_the_place_of_a_folder_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("data");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let refused = Store::open(&path).expect_err("it is a file");
        assert!(matches!(refused, StoreFault::NotAFolder { .. }), "{refused:?}");
        assert!(refused.to_string().contains("is a file where a folder is needed"));
    }
}

#[test]
fn a_folder_without_the_right_to_write_is_told() {
    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir(data.path().join("tenants")).unwrap();
    std::fs::set_permissions(data.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(data.path().join("probe"), "").is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    let refused = Store::open(data.path()).expect_err("no right to write");
    assert!(matches!(refused, StoreFault::NotWritable { .. }), "{refused:?}");
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    // Nobody, not even root, makes folders in /proc.
    let refused = Store::open("/proc/frontdesk/data".as_ref()).expect_err("no folder can be made there");
    assert!(refused.to_string().contains("/proc/frontdesk/data"), "{refused}");
}

#[tokio::test]
async fn a_damaged_database_is_told_and_left_as_it_is() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let file = data.path().join("tenants/main.db");
    std::fs::write(&file, "this is no database, but long enough to be taken for one at the first glance")
        .unwrap();
    let before = std::fs::read(&file).unwrap();
    let refused = store.tenant(&tenant("main")).await.expect_err("it is damaged");
    assert!(matches!(refused, StoreFault::Unusable { .. }), "{refused:?}");
    assert!(refused.to_string().contains("restore") && !refused.is_retryable());
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn data_of_a_newer_frontdesk_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    store.tenant(&tenant("main")).await.unwrap();
    store.close().await;
    let url = format!("sqlite://{}", data.path().join("tenants/main.db").display());
    let newer = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, x'00', 0)")
        .execute(&newer)
        .await
        .unwrap();
    newer.close().await;
    let store = Store::open(data.path()).unwrap();
    let refused = store.tenant(&tenant("main")).await.expect_err("a newer frontdesk wrote it");
    assert!(refused.to_string().contains("a newer frontdesk changed it to form 9999"), "{refused}");
}

#[tokio::test]
async fn one_may_look_while_a_desk_is_writing_and_after_it_stopped() {
    let data = tempfile::tempdir().unwrap();
    assert!(Store::look(data.path()).is_err(), "there is nothing to look at yet");
    let desk = Store::open(data.path()).unwrap();
    let writing = desk.tenant(&tenant("main")).await.unwrap();
    writing.append_facts(&[started("main", 1)]).await.unwrap();

    let looker = Store::look(data.path()).unwrap();
    let seen = looker.tenant(&tenant("main")).await.unwrap();
    assert_eq!(seen.facts(call(1)).await.unwrap().len(), 1);
    assert!(seen.append_facts(&[started("main", 2)]).await.is_err(), "who looks does not write");
    looker.close().await;
    drop(seen);

    writing.append_facts(&[started("main", 3)]).await.unwrap();
    desk.close().await;
    drop(writing);
    let looker = Store::look(data.path()).unwrap();
    let seen = looker.tenant(&tenant("main")).await.unwrap();
    assert_eq!(seen.calls(10).await.unwrap().len(), 2);
    assert!(looker.tenant(&tenant("nobody")).await.is_err(), "looking makes no file");
    assert!(!data.path().join("tenants/nobody.db").exists());
}
