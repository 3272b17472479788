//! A disk that is full is told, and what waits for it is kept once there is room.

mod story;

use frontdesk_store::{Store, Writer};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use story::{call, key, started, tenant};

/// Longer than any machine takes; a test that waits so long has failed.
const LONG: Duration = Duration::from_secs(30);
/// Facts of one call: few enough for a small disk.
const FACTS: u32 = 2_048;

/// A disk of its own, so small that a test can fill it; gone when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Nothing where this user may not mount.
    fn mount() -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path());
        // What it says where it may not is of no interest.
        mount.output().is_ok_and(|output| output.status.success()).then_some(SmallDisk(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: an engine's thread may be about to close its file.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_facts_are_kept_once_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        println!("skipped: this user may not mount a small disk");
        return;
    };
    let store = Store::open(disk.path()).unwrap();
    let main = store.tenant(&tenant("main")).await.unwrap();
    main.append_facts(&[started("main", 1)]).await.unwrap();
    let filler = disk.path().join("filler");
    assert!(std::fs::write(&filler, vec![0; 2 << 20]).is_err(), "the disk is larger than it should be");

    let writer = Writer::start(store);
    for number in 1..FACTS {
        writer.sender().try_submit(key("main", 1, number)).unwrap();
    }
    let mut watch = writer.watch();
    let told = tokio::time::timeout(LONG, watch.wait_for(|status| !status.failing.is_empty())).await;
    let told = told.expect("a full disk must be noticed").unwrap().failing[&tenant("main")].clone();
    assert!(told.starts_with("the disk is full"), "{told}");

    std::fs::remove_file(&filler).unwrap();
    writer.stop(LONG).await.expect("there is room again");
    assert_eq!(main.facts(call(1)).await.unwrap().len(), FACTS as usize);
}

#[test]
fn a_folder_on_a_full_disk_is_told() {
    let Some(disk) = SmallDisk::mount() else {
        println!("skipped: this user may not mount a small disk");
        return;
    };
    assert!(std::fs::write(disk.path().join("filler"), vec![0; 2 << 20]).is_err());
    let refused = Store::open(disk.path()).expect_err("there is no room for the lock");
    assert!(refused.to_string().contains("make room"), "{refused}");
}
