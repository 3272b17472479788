//! `frontdesk bench` against what it is for: the desk itself, a foreign echo, and a foreign proxy with a foreign relay.

use crate::rig::desk::{Desk, binary};
use crate::rig::program::{Program, installed};
use crate::rig::rtpengine::RelayedProxy;
use serde_json::Value;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long a bench of a few seconds may take.
const LONGEST: Duration = Duration::from_secs(30);

/// Starts a bench that writes its report into this folder.
fn bench(arguments: &[&str], folder: &Path) -> Program {
    let mut command = Command::new(binary());
    command.arg("bench").args(arguments);
    command.arg("--json").arg(folder.join("report.json")).arg("--html").arg(folder.join("report.html"));
    Program::start("frontdesk bench", command)
}

/// Its exit status and its report.
fn outcome(mut bench: Program, folder: &Path) -> (Option<i32>, Value) {
    let status = bench.finish(LONGEST);
    let json = std::fs::read_to_string(folder.join("report.json"))
        .unwrap_or_else(|error| panic!("no report: {error}\n{}", bench.output()));
    let page = std::fs::read_to_string(folder.join("report.html")).expect("a page");
    assert!(page.contains("<svg") && !page.contains("http"), "the page has pictures and needs nothing else");
    (status.code(), serde_json::from_str(&json).expect("the report is JSON"))
}

fn free() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port")
}

fn at<'v>(report: &'v Value, path: &str) -> &'v Value {
    report.pointer(path).unwrap_or_else(|| panic!("the report lacks {path}: {report:#}"))
}

#[test]
fn the_desk_puts_calls_through_and_is_measured_from_leg_to_leg() {
    let mut desk = Desk::open(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let target = format!("sip:1001@{}", desk.address);
    let callee = format!("1001:{}", desk.password_file("1001").display());
    let asked = ["--calls", "5", "--rate", "5", "--seconds", "4", "--keys", "1#", "--min-keys", "100"];
    let limits = ["--max-failed", "0", "--max-lost", "5", "--max-delay", "150", "--min-mos", "3.5"];
    let arguments = [&[target.as_str(), "--callee", &callee], &asked[..], &limits[..]].concat();
    let (status, report) = outcome(bench(&arguments, folder.path()), folder.path());
    assert_eq!(status, Some(0), "{report:#}");
    assert_eq!(at(&report, "/sound/target"), "bridge");
    assert_eq!(
        (at(&report, "/calls/completed").as_u64(), at(&report, "/calls/taken").as_u64()),
        (Some(5), Some(5))
    );
    assert_eq!(
        (at(&report, "/sound/keys_sent").as_u64(), at(&report, "/sound/keys_came").as_u64()),
        (Some(10), Some(10))
    );
    assert!(at(&report, "/sound/delay/count").as_u64() > Some(1_000), "{report:#}");
    // What cannot be is not kept, and the exit status says so.
    let arguments = [
        &[target.as_str(), "--callee", &callee, "--calls", "1", "--seconds", "1"],
        &["--max-answer", "0"][..],
    ];
    let (status, report) = outcome(bench(&arguments.concat(), folder.path()), folder.path());
    assert_eq!((status, at(&report, "/limits/0/kept")), (Some(1), &Value::Bool(false)));
    desk.close();
}

#[test]
fn what_is_lost_on_purpose_is_not_held_against_the_target() {
    let mut desk = Desk::open(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let target = format!("sip:1001@{}", desk.address);
    let callee = format!("1001:{}", desk.password_file("1001").display());
    let arguments = [target.as_str(), "--callee", &callee, "--calls", "3", "--seconds", "4", "--loss", "10"];
    let (_, report) = outcome(bench(&arguments, folder.path()), folder.path());
    let count = |path| at(&report, path).as_f64().expect("a number");
    let purposely = count("/sound/lost_on_purpose") / count("/sound/sent");
    assert!((0.05..0.15).contains(&purposely), "{report:#}");
    assert!(count("/sound/lost_percent") < 15.0, "{report:#}");
    desk.close();
}

#[test]
fn an_echo_of_sipp_is_known_and_its_round_trips_are_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let (address, media) = (free(), free());
    let mut command = Command::new(installed("sipp", "sip-tester"));
    command.args(["-sn", "uas", "-rtp_echo", "-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin"]);
    command.args(["-p", &address.port().to_string(), "-mp", &media.port().to_string()]);
    let echo = Program::start("sipp", command);
    // It says nothing when it is ready; then its port is taken.
    let taken = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        UdpSocket::bind(address).is_err()
    });
    assert!(taken, "sipp does not listen:\n{}", echo.output());
    let target = format!("sip:echo@{address}");
    let arguments = [
        &target,
        "--calls",
        "3",
        "--seconds",
        "3",
        "--max-failed",
        "0",
        "--max-lost",
        "1",
        "--max-delay",
        "50",
    ];
    let (status, report) = outcome(bench(&arguments, folder.path()), folder.path());
    assert_eq!((status, at(&report, "/sound/target")), (Some(0), &Value::from("echo")), "{report:#}");
    assert!(at(&report, "/sound/round_trip/count").as_u64() > Some(350), "{report:#}");
    drop(echo);
}

#[test]
fn a_foreign_proxy_with_a_foreign_relay_is_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let telephone = free();
    let proxy = RelayedProxy::before(telephone);
    let (target, port) = (format!("sip:anybody@{}", proxy.address), telephone.port().to_string());
    let asked = ["--calls", "5", "--rate", "10", "--seconds", "3", "--keys", "12"];
    let limits = ["--max-failed", "0", "--max-lost", "1", "--max-delay", "100", "--min-keys", "100"];
    let arguments =
        [&[target.as_str(), "--callee", "anybody", "--port", &port], &asked[..], &limits[..]].concat();
    let (status, report) = outcome(bench(&arguments, folder.path()), folder.path());
    assert_eq!((status, at(&report, "/sound/target")), (Some(0), &Value::from("bridge")), "{report:#}");
}

#[test]
fn two_benches_tell_their_clocks_apart() {
    let mut desk = Desk::open(&[]);
    let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let callee = format!("1001:{}", desk.password_file("1001").display());
    let server = desk.address.to_string();
    let answering = ["--only-answer", "--callee", &callee, "--server", &server, "--longest", "9"];
    let mut answering = bench(&answering, folders[1].path());
    answering.wait_for("it is registered", Duration::from_secs(5), |line| line.starts_with("registered"));
    let target = format!("sip:1001@{}", desk.address);
    let calling = [target.as_str(), "--calls", "2", "--seconds", "3", "--max-failed", "0"];
    let (status, report) = outcome(bench(&calling, folders[0].path()), folders[0].path());
    assert_eq!(status, Some(0), "{report:#}");
    let clocks = at(&report, "/sound/two_clocks");
    let number = |path| at(clocks, path).as_f64().expect("a number");
    // Both are of one machine: what is found to be between them is less than what a packet needs.
    assert!(number("/ahead_ms").abs() <= number("/quickest_round_trip_ms"), "{report:#}");
    assert!(number("/there/p50_ms") > 0.0 && number("/back/count") > 200.0, "{report:#}");
    let (_, report) = outcome(answering, folders[1].path());
    assert_eq!(at(&report, "/calls/taken").as_u64(), Some(2));
    desk.close();
}
