//! sipp plays the foreign caller, by the scenarios in `sipp/`.

use super::desk::Desk;
use super::program::{Program, installed};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A sipp that is not started yet.
pub struct Sipp {
    command: Command,
    folder: tempfile::TempDir,
    /// Where the keys that it presses come from, if its scenario says so in its SDP.
    pub media: SocketAddr,
    scenario: String,
    longest: Duration,
}

/// A sipp that runs, or ran.
pub struct Playing {
    /// The process.
    pub program: Program,
    longest: Duration,
    folder: tempfile::TempDir,
}

/// When sipp gives up a scenario by itself.
const LONGEST: Duration = Duration::from_secs(40);

impl Sipp {
    /// Plays a scenario against a desk, from 127.0.0.1, one call to the number 100.
    pub fn new(desk: &Desk, scenario: &str) -> Sipp {
        Sipp::from(desk.address, "127.0.0.1", scenario)
    }

    /// Plays a scenario towards this address, from that one.
    pub fn from(desk: SocketAddr, own: &str, scenario: &str) -> Sipp {
        Sipp::bare(own, scenario).arguments(&[&desk.to_string()]).dial("100").arguments(&["-m", "1"])
    }

    fn bare(own: &str, scenario: &str) -> Sipp {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("interop/sipp").join(format!("{scenario}.xml"));
        assert!(file.is_file(), "{} is missing", file.display());
        let media = free_media_port(own);
        let mut command = Command::new(installed("sipp", "sip-tester"));
        command
            .current_dir(folder.path())
            .arg("-sf")
            .arg(file)
            .args(["-i", own, "-bind_local", "-mi", own, "-mp", &media.port().to_string()])
            .args(["-nostdin", "-skip_rlimit", "-timeout_error", "-timeout"])
            .arg(LONGEST.as_secs().to_string())
            .args(["-trace_msg", "-message_file", "messages.log"])
            .args(["-trace_err", "-error_file", "errors.log"])
            // sipp draws a screen for people.
            .env("TERM", "dumb");
        Sipp { command, folder, media, scenario: scenario.to_owned(), longest: LONGEST }
    }

    /// Plays a carrier, to which a desk sends its calls: where it is, and what is to be started.
    pub fn carrier(scenario: &str) -> (SocketAddr, Sipp) {
        let free =
            UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
        let sipp =
            Sipp::bare("127.0.0.1", scenario).arguments(&["-m", "1", "-p", &free.port().to_string(), "-aa"]);
        (free, sipp)
    }

    /// Dials another number.
    pub fn dial(self, number: &str) -> Sipp {
        self.arguments(&["-s", number])
    }

    /// Gives it this long.
    pub fn lasting(mut self, longest: Duration) -> Sipp {
        self.longest = longest;
        self.arguments(&["-timeout", &longest.as_secs().to_string()])
    }

    /// More arguments; a later one wins over an earlier one.
    pub fn arguments(mut self, arguments: &[&str]) -> Sipp {
        self.command.args(arguments);
        self
    }

    /// A file in sipp's own folder, for scenarios that name one.
    pub fn file(self, name: &str, bytes: &[u8]) -> Sipp {
        std::fs::write(self.folder.path().join(name), bytes).expect("a file is written");
        self
    }

    /// Starts it.
    pub fn start(self) -> Playing {
        let program = Program::start(&format!("sipp ({})", self.scenario), self.command);
        Playing { program, longest: self.longest, folder: self.folder }
    }

    /// Plays it to its end, which must be as the scenario says.
    pub fn run(self) -> Playing {
        let mut playing = self.start();
        playing.succeed();
        playing
    }
}

impl Playing {
    /// Waits for its end, which must be as the scenario says.
    pub fn succeed(&mut self) {
        let status = self.program.finish(self.longest + Duration::from_secs(5));
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        assert!(status.success(), "sipp: {status}\n{}\n{}", read("errors.log"), read("messages.log"));
    }

    /// The messages that came, the first one first.
    pub fn received(&self) -> Vec<String> {
        self.messages("received")
    }

    /// The messages that it sent.
    pub fn sent(&self) -> Vec<String> {
        self.messages("sent")
    }

    fn messages(&self, direction: &str) -> Vec<String> {
        let log = std::fs::read(self.folder.path().join("messages.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).replace("\r\n", "\n");
        // Each message stands below a line of dashes with the time, and a line such as "UDP message sent (501 bytes):".
        log.split("-----------------------------------------------")
            .filter_map(|entry| entry.split_once('\n')?.1.split_once("\n\n"))
            .filter(|(headline, _)| headline.contains(direction))
            .map(|(_, message)| message.to_owned())
            .collect()
    }
}

/// A header of a message, by its full name.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    headers(message, name).next()
}

/// All headers of this name.
pub fn headers<'a>(message: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    message
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// The place in a message's SDP that wants to be sent sound.
pub fn sound_place(message: &str) -> SocketAddr {
    let line = |start: &str| message.lines().find_map(|line| line.strip_prefix(start));
    let address = line("c=IN IP4 ").or_else(|| line("c=IN IP6 ")).expect("a c= line");
    let port = line("m=audio ").and_then(|line| line.split(' ').next()).expect("an m=audio line");
    SocketAddr::new(address.parse().expect("an address"), port.parse().expect("a port"))
}

/// Ports for the sound of one sipp: it takes this one and the one two above it, for pictures, each with its RTCP. They lie
/// below the range from which the kernel gives out free ports, so that no other program is given one of them meanwhile.
fn free_media_port(own: &str) -> SocketAddr {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let own: IpAddr = own.trim_matches(['[', ']']).parse().expect("an address");
    let is_free = |port: u16| UdpSocket::bind((own, port)).is_ok();
    for _ in 0..MEDIA_PLACES {
        // Two suites at once begin at different places.
        let place = (std::process::id() + TAKEN.fetch_add(1, Ordering::Relaxed)) % MEDIA_PLACES;
        let port = MEDIA_FIRST + 4 * place as u16;
        if (port..port + 4).all(is_free) {
            return SocketAddr::new(own, port);
        }
    }
    panic!("{own} has no four free ports between {MEDIA_FIRST} and the kernel's own");
}

const MEDIA_FIRST: u16 = 12_000;
const MEDIA_PLACES: u32 = 4_000;
