//! Whatever desks say in a story is captured and read by tshark: SIP, SDP, RTP and RTCP that it finds malformed, or cannot
//! read at all, fail the suite and name the story.
//!
//! * The suite as a whole is captured once and judged once, by the story of `wire_format.rs` that waits until nobody else
//!   plays: a start of tshark costs a second, and there are a hundred stories.
//! * Who runs some stories alone (any argument of the test program), and whatever plays after that judgement, is captured
//!   and judged story by story, when its desk is dropped.
//!
//! So a desk that was opened is judged. Its TLS is read on the plain side of the relay ([`super::relay`]).

use super::dissect::{self, Finding};
use super::program::{Program, installed};
use super::wire::Wire;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// A capture that nobody ends any more ends by itself.
const LONGEST: Duration = Duration::from_secs(1_800);

/// Which packets a desk says: those from a port, or those to one where nobody but a desk is heard.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// Over what: datagrams or a stream.
    pub wire: Wire,
    /// Which port.
    pub port: u16,
    /// Whether they come from it, or go to it.
    pub is_source: bool,
    /// Whose they are.
    pub story: String,
    /// From when on.
    pub since: SystemTime,
    /// Until when.
    pub until: Option<SystemTime>,
}

impl Spoken {
    /// What comes from this port.
    pub fn from(wire: Wire, port: u16) -> Spoken {
        Spoken { wire, port, is_source: true, story: story(), since: SystemTime::now(), until: None }
    }

    /// What goes to this port.
    pub fn to(wire: Wire, port: u16) -> Spoken {
        Spoken { is_source: false, ..Spoken::from(wire, port) }
    }
}

/// As long as it is there, what it names is watched.
pub struct Watched {
    numbers: std::ops::Range<usize>,
    own: Option<Running>,
}

/// What the whole suite shares.
struct Watch {
    capture: Option<Running>,
    spoken: Vec<Spoken>,
    judged: bool,
}

static WATCH: Mutex<Watch> = Mutex::new(Watch { capture: None, spoken: Vec::new(), judged: false });

fn watch() -> MutexGuard<'static, Watch> {
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The story that this thread plays.
fn story() -> String {
    std::thread::current().name().unwrap_or("a story without a name").to_owned()
}

/// A desk is about to open: from now on everything is captured. Its ports are told by [`Watched::speaks`].
pub fn begin() -> Watched {
    let mut watch = watch();
    let alone = watch.judged || std::env::args().len() > 1;
    let own = (alone && crate::WIRE_IS_JUDGED).then(Running::start);
    if !alone && crate::WIRE_IS_JUDGED && watch.capture.is_none() {
        watch.capture = Some(Running::start());
    }
    Watched { numbers: 0..0, own }
}

/// What a desk says there belongs to its story.
pub fn speaks(spoken: &[Spoken]) -> Watched {
    let mut watched = Watched { numbers: 0..0, own: None };
    watched.speaks(spoken);
    watched
}

impl Watched {
    /// These are the ports of the desk.
    pub fn speaks(&mut self, spoken: &[Spoken]) {
        let mut watch = watch();
        let first = watch.spoken.len();
        watch.spoken.extend_from_slice(spoken);
        self.numbers = first..watch.spoken.len();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut watch = watch();
        for spoken in &mut watch.spoken[self.numbers.clone()] {
            spoken.until = Some(SystemTime::now());
        }
        let Some(capture) = self.own.take() else { return };
        let (own, known) = (story(), watch.spoken.clone());
        drop(watch);
        let file = capture.stop();
        if !std::thread::panicking() {
            let mine: Vec<_> = known.into_iter().filter(|spoken| spoken.story == own).collect();
            must_be_clean(&dissect::read(&file.path, &mine).findings);
        }
    }
}

/// Judges what the suite captured, and says what there was to judge; none where each story is judged by itself. Whatever
/// opens later is.
pub fn judge_all() -> Option<BTreeMap<&'static str, usize>> {
    let (capture, spoken) = {
        let mut watch = watch();
        watch.judged = true;
        (watch.capture.take(), watch.spoken.clone())
    };
    let file = capture?.stop();
    let read = dissect::read(&file.path, &spoken);
    must_be_clean(&read.findings);
    Some(read.known)
}

fn must_be_clean(findings: &[Finding]) {
    let told: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(told.is_empty(), "tshark finds fault with what desks said:\n{}", told.join("\n"));
}

/// A dumpcap on the loopback.
pub struct Running {
    program: Program,
    file: File,
}

/// What it wrote.
pub struct File {
    /// A pcap file.
    pub path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Running {
    /// Captures all datagrams and streams from now on.
    pub fn start() -> Running {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("suite.pcap");
        let mut command = Command::new(installed("dumpcap", "tshark"));
        let longest = format!("duration:{}", LONGEST.as_secs());
        command
            .args(["-i", "lo", "-f", "udp or tcp", "-P", "-q", "-B", "32", "-a", &longest, "-w"])
            .arg(&path);
        let what = "dumpcap (it needs root, or `dpkg-reconfigure wireshark-common`)";
        let mut program = Program::start(what, command);
        program.wait_for("it captures", Duration::from_secs(10), |line| line.starts_with("File: "));
        Running { program, file: File { path, _folder: folder } }
    }

    /// Ends it.
    pub fn stop(mut self) -> File {
        // The kernel hands packets over in blocks: the last ones are still on their way.
        std::thread::sleep(Duration::from_millis(300));
        self.program.signal(Signal::INT);
        let status = self.program.finish(Duration::from_secs(10));
        assert!(status.success(), "dumpcap ended with {status}");
        self.file
    }
}
