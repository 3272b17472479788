//! sipp plays the foreign caller, by the scenarios in `sipp/`.

use super::desk::Desk;
use super::program::{Program, installed};
use super::relay::{Relay, free_stream_port};
use super::watch::{self, Spoken, Watched};
use super::wire::Wire;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A sipp that is not started yet.
pub struct Sipp {
    command: Command,
    folder: tempfile::TempDir,
    /// Where the keys that it presses come from, if its scenario says so in its SDP.
    pub media: SocketAddr,
    scenario: String,
    longest: Duration,
    status: Option<&'static str>,
    beside: Beside,
}

/// What must be there as long as a sipp is.
#[derive(Default)]
struct Beside {
    _relay: Option<Relay>,
    _watched: Option<Watched>,
}

/// A sipp that runs, or ran.
pub struct Playing {
    /// The process.
    pub program: Program,
    longest: Duration,
    folder: tempfile::TempDir,
    _beside: Beside,
}

/// When sipp gives up a scenario by itself.
const LONGEST: Duration = Duration::from_secs(40);

impl Sipp {
    /// Plays a scenario against a desk, from 127.0.0.1, one call to the number 100.
    pub fn new(desk: &Desk, scenario: &str) -> Sipp {
        Sipp::from(desk.address, "127.0.0.1", scenario)
    }

    /// The same over this transport.
    pub fn over(desk: &Desk, wire: Wire, scenario: &str) -> Sipp {
        Sipp::phone(desk, wire, "127.0.0.1", scenario, None)
    }

    /// Plays a scenario over this transport from this address, as whom this certificate proves, if it is by TLS.
    pub fn phone(desk: &Desk, wire: Wire, own: &str, scenario: &str, shows: Option<&str>) -> Sipp {
        let relay = (wire == Wire::Tls).then(|| Relay::to_desk(desk.over(wire), own, shows));
        let address = relay.as_ref().map_or_else(|| desk.over(wire), |relay| relay.address);
        let mut sipp = Sipp::bare(own, scenario, wire);
        sipp.beside._relay = relay;
        sipp.arguments(&[&address.to_string()]).dial("100").arguments(&["-m", "1"])
    }

    /// Plays a scenario towards this address, from that one.
    pub fn from(desk: SocketAddr, own: &str, scenario: &str) -> Sipp {
        Sipp::bare(own, scenario, Wire::Udp)
            .arguments(&[&desk.to_string()])
            .dial("100")
            .arguments(&["-m", "1"])
    }

    fn bare(own: &str, scenario: &str, wire: Wire) -> Sipp {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let media = free_media_port(own);
        let mut command = Command::new(installed("sipp", "sip-tester"));
        command
            .current_dir(folder.path())
            .args(["-t", if wire == Wire::Udp { "u1" } else { "t1" }, "-key", "wire", wire.name()])
            .args(["-i", own, "-bind_local", "-mi", own, "-mp", &media.port().to_string()])
            .args(["-nostdin", "-skip_rlimit", "-timeout_error", "-timeout"])
            .arg(LONGEST.as_secs().to_string())
            .args(["-trace_msg", "-message_file", "messages.log"])
            .args(["-trace_err", "-error_file", "errors.log"])
            // sipp draws a screen for people.
            .env("TERM", "dumb");
        if wire != Wire::Udp {
            // Left alone, two that start at once may choose the same.
            command.args(["-p", &free_stream_port().port().to_string()]);
        }
        let beside = Beside::default();
        Sipp { command, folder, media, scenario: scenario.to_owned(), longest: LONGEST, status: None, beside }
    }

    /// Plays a carrier, to which a desk sends its calls: where it is, and what is to be started.
    pub fn carrier(scenario: &str) -> (SocketAddr, Sipp) {
        Sipp::carrier_over(Wire::Udp, scenario)
    }

    /// The same over this transport.
    pub fn carrier_over(wire: Wire, scenario: &str) -> (SocketAddr, Sipp) {
        let own = match wire {
            Wire::Udp => {
                UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port")
            }
            Wire::Tcp | Wire::Tls => free_stream_port(),
        };
        let relay = (wire == Wire::Tls).then(|| Relay::to_carrier(own));
        let address = relay.as_ref().map_or(own, |relay| relay.address);
        let mut sipp = Sipp::at(own, wire, scenario);
        // Over a stream the desk comes from any port.
        let watched = (wire != Wire::Udp).then(|| watch::speaks(&[Spoken::to(Wire::Tcp, own.port())]));
        sipp.beside = Beside { _relay: relay, _watched: watched };
        (address, sipp)
    }

    /// Plays who is called at this address.
    pub fn at(own: SocketAddr, wire: Wire, scenario: &str) -> Sipp {
        let port = own.port().to_string();
        Sipp::bare(&own.ip().to_string(), scenario, wire).arguments(&["-m", "1", "-p", &port, "-aa"])
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

    /// What stands for `[name]` in its scenario.
    pub fn with(self, name: &str, value: &str) -> Sipp {
        self.arguments(&["-key", name, value])
    }

    /// What it refuses with, such as `486 Busy Here`: of a status sipp takes no `[name]`.
    pub fn refusing(mut self, status: &'static str) -> Sipp {
        self.status = Some(status);
        self
    }

    /// Another scenario for what comes outside of its calls.
    pub fn beside(self, scenario: &str) -> Sipp {
        let file = scenario_file(scenario);
        self.arguments(&["-oocsf", &file.to_string_lossy()])
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
    pub fn start(mut self) -> Playing {
        let mut file = scenario_file(&self.scenario);
        if let Some(status) = self.status {
            let text = std::fs::read_to_string(&file).expect("a scenario");
            file = self.folder.path().join("scenario.xml");
            std::fs::write(&file, text.replace("[status]", status)).expect("a file is written");
        }
        self.command.arg("-sf").arg(file);
        let program = Program::start(&format!("sipp ({})", self.scenario), self.command);
        Playing { program, longest: self.longest, folder: self.folder, _beside: self.beside }
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

    /// Fails if anything came that its scenarios do not expect, also outside of its own calls.
    pub fn must_be_content(&self) {
        let errors = std::fs::read_to_string(self.folder.path().join("errors.log")).unwrap_or_default();
        assert!(!errors.contains("Aborting call"), "{errors}");
    }

    /// How many requests of this method came.
    pub fn count(&self, method: &str) -> usize {
        let start = format!("{method} ");
        self.received().iter().filter(|message| message.starts_with(&start)).count()
    }

    /// Waits until such a message came, and returns it.
    pub fn wait_for(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + Duration::from_secs(8);
        loop {
            if let Some(message) = self.received().into_iter().find(|message| fits(message)) {
                return message;
            }
            assert!(Instant::now() < until, "in eight seconds not: {what}: {:#?}", self.received());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The messages that came, the first one first.
    pub fn received(&self) -> Vec<String> {
        self.messages("received")
    }

    /// Waits until a message came that fits.
    pub fn wait_for_message(&mut self, what: &str, fits: impl Fn(&str) -> bool) {
        let until = Instant::now() + self.longest;
        while !self.received().iter().any(|message| fits(message)) {
            assert!(!self.program.ends_within(Duration::from_millis(50)), "sipp ended before: {what}");
            assert!(Instant::now() < until, "sipp did not get in time: {what}");
        }
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

/// Where a scenario stands.
fn scenario_file(scenario: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("interop/sipp").join(format!("{scenario}.xml"));
    assert!(file.is_file(), "{} is missing", file.display());
    file
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
