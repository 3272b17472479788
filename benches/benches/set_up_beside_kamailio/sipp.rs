//! sipp as callers and as the telephone, and what it says of a run.

use std::collections::BTreeMap;
use std::fs::{read_dir, read_to_string};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CALLER: &str = include_str!("caller.xml");
const PHONE: &str = include_str!("phone.xml");
/// Milliseconds that a call stands.
const HOLD: &str = "50";
/// When sipp ends a run by itself, in seconds: a call whose BYE is lost has been given up before.
const LONGEST: &str = "45";
/// How long callers may take beyond that before they are ended from here.
const PATIENCE: Duration = Duration::from_secs(50);

/// Where the program is.
pub fn program() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).map(|folder| folder.join("sipp")).find(|file| file.is_file())
}

/// A running sipp, with a folder of its own for what it writes.
pub struct Sipp {
    child: Child,
    folder: tempfile::TempDir,
}

/// What became of a sipp's calls.
#[derive(Debug, Default)]
pub struct Account {
    /// Messages that it sent or received more than once.
    pub repeated: u64,
    /// Calls that did not go as they should.
    pub failed: u64,
    /// From INVITE to 180, for each call.
    pub ringing: Vec<Duration>,
}

impl Sipp {
    /// A telephone at this address.
    pub fn phone(own: SocketAddr) -> std::io::Result<Sipp> {
        let port = own.port().to_string();
        Sipp::start(PHONE, own, &["-p", &port])
    }

    /// Callers at this address: so many calls a second, so many in all.
    pub fn callers(own: SocketAddr, towards: SocketAddr, rate: u32, calls: u32) -> std::io::Result<Sipp> {
        let (towards, rate, calls) = (towards.to_string(), rate.to_string(), calls.to_string());
        let port = own.port().to_string();
        let load = ["-r", &rate, "-m", &calls, "-d", HOLD, "-l", "20000", "-trace_shortmsg"];
        Sipp::start(CALLER, own, &[&[towards.as_str(), "-p", &port][..], &load].concat())
    }

    fn start(scenario: &str, own: SocketAddr, more: &[&str]) -> std::io::Result<Sipp> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("scenario.xml"), scenario)?;
        let address = own.ip().to_string();
        // Nobody sends sound here, and nobody reads what is sent here.
        let media = UdpSocket::bind((own.ip(), 0))?.local_addr()?.port() & !3;
        let child = Command::new(program().unwrap_or_else(|| "sipp".into()))
            .current_dir(folder.path())
            .args(["-sf", "scenario.xml", "-i", &address, "-bind_local", "-mi", &address])
            .args(["-mp", &media.to_string(), "-nostdin", "-skip_rlimit", "-timeout", LONGEST])
            .args(["-trace_counts", "-trace_stat", "-fd", "1"])
            .args(more)
            .env("TERM", "dumb")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Sipp { child, folder })
    }

    /// Waits until it has ended by itself, or ends it.
    pub fn finish(mut self) -> Account {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.account()
    }

    /// Ends it; its last figures are written then.
    pub fn end(mut self) -> Account {
        if let Some(process) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::INT);
        }
        let until = Instant::now() + Duration::from_secs(2);
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.account()
    }

    fn account(&self) -> Account {
        let folder = self.folder.path();
        let counts = file(folder, "_counts.csv");
        let statistics = file(folder, "_.csv");
        Account {
            repeated: last(&counts, |column| column.ends_with("_Retrans")),
            failed: last(&statistics, |column| column == "FailedCall(C)"),
            ringing: ringing(&file(folder, "_shortmessages.log")),
        }
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn file(folder: &Path, end: &str) -> String {
    let entries = read_dir(folder).into_iter().flatten().flatten();
    let mut files = entries.map(|entry| entry.path());
    let file = files.find(|file| file.to_string_lossy().ends_with(end));
    file.and_then(|file| read_to_string(file).ok()).unwrap_or_default()
}

/// The sum of some columns in the last line of a table.
fn last(table: &str, wanted: impl Fn(&str) -> bool) -> u64 {
    let mut lines = table.lines();
    let (Some(titles), Some(values)) = (lines.next(), lines.next_back()) else { return 0 };
    let columns = titles.split(';').zip(values.split(';'));
    columns.filter(|(title, _)| wanted(title)).filter_map(|(_, value)| value.parse::<u64>().ok()).sum()
}

/// A line tells date, time, both as seconds, whether sent or received, Call-ID, CSeq, and how the message begins.
fn ringing(messages: &str) -> Vec<Duration> {
    let mut invited: BTreeMap<&str, f64> = BTreeMap::new();
    let mut times = Vec::new();
    for line in messages.lines() {
        let mut columns = line.split('\t').skip(2);
        let seconds: Option<f64> = columns.next().and_then(|seconds| seconds.parse().ok());
        let (Some(at), Some(way), Some(call)) = (seconds, columns.next(), columns.next()) else { continue };
        let begins = columns.nth(1).unwrap_or_default();
        if way == "S" && begins.starts_with("INVITE ") {
            invited.entry(call).or_insert(at);
        } else if begins.starts_with("SIP/2.0 180 ")
            && let Some(began) = invited.remove(call)
        {
            times.push(Duration::from_secs_f64((at - began).max(0.0)));
        }
    }
    times
}
