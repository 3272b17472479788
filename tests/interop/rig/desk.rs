//! The desk under test: the real program, with settings, data and ports of its own.

use super::budget::Turn;
use super::certificates;
use super::flows::Flow;
use super::program::Program;
use super::watch::{self, Spoken, Watched};
use super::wire::Wire;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a desk may take to open: it renders its prompts and reads its model.
const OPENING: Duration = Duration::from_secs(20);
/// How long it may take to close, calls included.
const CLOSING: Duration = Duration::from_secs(15);
/// The passwords of the phones 1001 to 1003.
pub const PASSWORDS: [(&str, &str); 3] =
    [("1001", "sales-phone-secret"), ("1002", "reception-phone-secret"), ("1003", "workshop-phone-secret")];

/// The password of one of them.
pub fn password(phone: &str) -> &'static str {
    PASSWORDS.into_iter().find(|(number, _)| *number == phone).expect("a phone of the desk").1
}

/// A number that callers dial.
pub struct Number {
    /// What is dialled.
    pub number: &'static str,
    /// The flow that answers.
    pub flow: Flow,
    /// Whether its calls are recorded.
    pub record: bool,
}

/// An open desk.
pub struct Desk {
    /// What it prints.
    pub program: Program,
    /// Where it listens on 127.0.0.1.
    pub address: SocketAddr,
    /// Where it listens on ::1.
    pub address_v6: SocketAddr,
    folder: tempfile::TempDir,
    watched: Option<Watched>,
    turn: Option<Turn>,
}

/// The program under test: `FRONTDESK_BINARY`, or what `cargo build -p frontdesk` left beside this test.
pub fn binary() -> PathBuf {
    let built = || {
        let test = std::env::current_exe().expect("a test knows its own file");
        test.ancestors().nth(2).expect("target/debug/deps").join("frontdesk")
    };
    let file = std::env::var_os("FRONTDESK_BINARY").map_or_else(built, PathBuf::from);
    assert!(
        file.is_file(),
        "there is no {}: build it with `cargo build -p frontdesk`, or name it in FRONTDESK_BINARY",
        file.display()
    );
    file
}

impl Desk {
    /// Opens a desk with these numbers and the phones 1001 to 1003; 127.0.0.1 and ::1 may call without a password.
    pub fn open(numbers: &[Number]) -> Desk {
        Desk::open_in(Turn::take(), prepare(numbers))
    }

    /// Opens a desk that listens like this (`["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]`) and has these tables in its settings
    /// too. What they name may be written into its folder before, by `prepared`.
    pub fn open_with(numbers: &[Number], listen: &[&str], more: &str, prepared: impl FnOnce(&Path)) -> Desk {
        let folder = prepare(numbers);
        let file = settings_file(folder.path());
        let settings = std::fs::read_to_string(&file).expect("settings");
        let listen = format!("listen = {:?}", [listen, &["udp:127.0.0.1:0", "udp:[::1]:0"]].concat());
        let settings = settings.replace("listen = [\"udp:127.0.0.1:0\", \"udp:[::1]:0\"]", &listen);
        std::fs::write(&file, settings + "\n" + more).expect("settings");
        prepared(folder.path());
        Desk::open_in(Turn::take(), folder)
    }

    /// Where it listens on 127.0.0.1 for `TCP`, `TLS`, `WS`, as it says itself.
    pub fn listening(&self, transport: &str) -> SocketAddr {
        let end = format!(" ({transport})");
        let output = self.program.output();
        let addresses =
            output.lines().filter_map(|line| line.strip_prefix("listening on sip:")?.strip_suffix(&end));
        let mut addresses = addresses.map(|address| address.parse().expect("an address stands in the line"));
        addresses
            .find(SocketAddr::is_ipv4)
            .unwrap_or_else(|| panic!("{transport} is not listened for:\n{output}"))
    }

    /// Opens a desk that listens for UDP, TCP and TLS, trusts the suite's authority and offers MD5 alone, as sipp needs it.
    /// It has these tables in its settings too.
    pub fn open_on_every_wire(numbers: &[Number], more: &str) -> Desk {
        let tls = "[tls]\ncertificate = \"desk.pem\"\nkey = \"desk.key\"\nca = \"ca.pem\"\nclient_ca = \"ca.pem\"\n\n";
        let listen = ["tcp:127.0.0.1:0", "tls:127.0.0.1:0"];
        Desk::open_with(numbers, &listen, &format!("{tls}{more}"), |folder| {
            certificates::write(folder);
            offer_md5_alone(folder);
        })
    }

    /// Where it listens on 127.0.0.1 for this.
    pub fn over(&self, wire: Wire) -> SocketAddr {
        match wire {
            Wire::Udp => self.address,
            Wire::Tcp | Wire::Tls => self.listening(wire.name()),
        }
    }

    /// Opens a desk that asks everybody for a password, and has only telephones for neighbours; else as
    /// [`Desk::open_with`].
    pub fn open_to_telephones(numbers: &[Number], listen: &[&str], more: &str) -> Desk {
        Desk::open_with(numbers, listen, more, |folder| {
            let file = settings_file(folder);
            let settings = std::fs::read_to_string(&file).expect("settings");
            let elsewhere = settings.replace(r#"["127.0.0.1", "::1"]"#, r#"["192.0.2.1"]"#);
            std::fs::write(&file, elsewhere).expect("settings");
            certificates::write(folder);
        })
    }

    /// Opens a desk that offers MD5 alone, for programs that know nothing else and give up when they are offered it.
    pub fn open_with_md5(numbers: &[Number]) -> Desk {
        let folder = prepare(numbers);
        offer_md5_alone(folder.path());
        Desk::open_in(Turn::take(), folder)
    }

    /// Opens a desk while no other story is played.
    pub fn open_alone(numbers: &[Number]) -> Desk {
        Desk::open_in(Turn::alone(), prepare(numbers))
    }

    /// Opens a desk while no other story is played, and has nobody read what it says: thousands of calls hand back so many
    /// ports that other programs speak from them later, for which the desk would be blamed.
    pub fn open_unread(numbers: &[Number]) -> Desk {
        Desk::open_watched(None, Turn::alone(), prepare(numbers))
    }

    /// Opens a desk with the settings in this folder.
    pub fn open_folder(folder: tempfile::TempDir) -> Desk {
        Desk::open_in(Turn::take(), folder)
    }

    fn open_in(turn: Turn, folder: tempfile::TempDir) -> Desk {
        Desk::open_watched(Some(watch::begin()), turn, folder)
    }

    fn open_watched(mut watched: Option<Watched>, turn: Turn, folder: tempfile::TempDir) -> Desk {
        let mut program = Program::start("the desk", serve(folder.path()));
        program.wait_for("the desk is open", OPENING, |line| line == "the desk is open");
        let output = program.output();
        let mut addresses = output
            .lines()
            .filter_map(|line| line.strip_prefix("listening on sip:")?.strip_suffix(" (UDP)"))
            .map(|address| address.parse::<SocketAddr>().expect("an address stands in the line"));
        let mut next = || addresses.next().expect("two addresses are listened on");
        let (address, address_v6) = (next(), next());
        assert!(address.is_ipv4() && address_v6.is_ipv6(), "{address} {address_v6}");
        if let Some(watched) = &mut watched {
            watched.speaks(&plain_ports(&output));
        }
        Desk { program, address, address_v6, folder, watched, turn: Some(turn) }
    }

    /// Kills the desk as power failure would, and opens another on the same data.
    pub fn kill_and_open_again(mut self) -> Desk {
        self.program.signal(rustix::process::Signal::KILL);
        self.program.finish(Duration::from_secs(5));
        let Desk { folder, watched, turn, .. } = self;
        drop(watched);
        Desk::open_in(turn.unwrap_or_else(Turn::take), folder)
    }

    /// Is left alone for so long, while others play, and then has the machine for itself again.
    pub fn rest(&mut self, time: Duration) {
        self.turn = None;
        std::thread::sleep(time);
        self.turn = Some(Turn::alone());
    }

    /// Closes the desk in good order: everything must be told as well.
    pub fn close(&mut self) {
        let status = self.program.stop(CLOSING);
        assert!(status.success(), "the desk closed with {status}");
        let output = self.program.output();
        assert!(output.lines().any(|line| line == "closed"), "the desk did not say `closed`");
        for sign in ["panicked", "LOST", "notice: FactsLost"] {
            assert!(!output.contains(sign), "the desk said `{sign}`");
        }
    }

    /// The folder that its settings stand in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where everything is kept.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The file with a phone's password.
    pub fn password_file(&self, phone: &str) -> PathBuf {
        self.folder.path().join(format!("{phone}.password"))
    }

    /// Runs another of frontdesk's commands against this desk's settings, and returns what it printed.
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = Command::new(binary())
            .args(arguments)
            .arg("--config")
            .arg(settings_file(self.folder()))
            .output()
            .expect("frontdesk starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }
}

/// The ports from which a desk that printed this speaks in the clear.
fn plain_ports(output: &str) -> Vec<Spoken> {
    let listening = output.lines().filter_map(|line| line.strip_prefix("listening on sip:"));
    let port = |address: &str| Some(address.parse::<SocketAddr>().ok()?.port());
    listening
        .filter_map(|line| match line.split_once(' ')? {
            (address, "(UDP)") => Some(Spoken::from(Wire::Udp, port(address)?)),
            (address, "(TCP)") => Some(Spoken::from(Wire::Tcp, port(address)?)),
            _ => None,
        })
        .collect()
}

fn offer_md5_alone(folder: &Path) {
    let file = settings_file(folder);
    let settings = std::fs::read_to_string(&file).expect("settings");
    std::fs::write(&file, settings.replace("[sip]\n", "[sip]\ndigest = [\"MD5\"]\n")).expect("settings");
}

/// The settings file in a desk's folder.
pub fn settings_file(folder: &Path) -> PathBuf {
    folder.join("frontdesk.toml")
}

/// `frontdesk serve` with the settings in this folder.
pub fn serve(folder: &Path) -> Command {
    let mut command = Command::new(binary());
    command.args(["serve", "--show-words", "--config"]).arg(settings_file(folder)).env("NO_COLOR", "1");
    command
}

/// A folder with settings, flows and passwords, as a desk wants it.
pub fn prepare(numbers: &[Number]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |file: &Path, text: &str| std::fs::write(file, text).expect("a file is written");
    let mut settings = String::from(
        "[sip]\nlisten = [\"udp:127.0.0.1:0\", \"udp:[::1]:0\"]\n\n[rtp]\nports = 0\n\n[[tenant]]\nid = \"main\"\n\
         name = \"Example\"\n\n[[peer]]\nname = \"carrier\"\naddresses = [\"127.0.0.1\", \"::1\"]\n",
    );
    std::fs::create_dir(folder.path().join("flows")).expect("a folder");
    for Number { number, flow, record } in numbers {
        let name = flow.name;
        settings += &format!("\n[[number]]\nnumber = \"{number}\"\nflow = \"{name}\"\nrecord = {record}\n");
        write(&folder.path().join("flows").join(format!("{name}.toml")), flow.text);
    }
    for (phone, password) in PASSWORDS {
        settings += &format!(
            "\n[[phone]]\nnumber = \"{phone}\"\nname = \"Phone {phone}\"\npassword_file = \"{phone}.password\"\n"
        );
        write(&folder.path().join(format!("{phone}.password")), &format!("{password}\n"));
    }
    write(&settings_file(folder.path()), &settings);
    folder
}

/// What a desk's process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Open file handles, sockets among them, but those of the database.
    pub handles: usize,
    /// Handles of the database: two a connection (the file and its write-ahead log) and one that all share.
    pub database_handles: usize,
    /// UDP sockets of both families.
    pub udp_sockets: usize,
    /// Threads.
    pub threads: usize,
    /// Resident memory.
    pub memory_kib: u64,
}

impl Desk {
    /// What the desk's process holds now, as the kernel tells it.
    pub fn held(&self) -> Held {
        let process = PathBuf::from(format!("/proc/{}", self.program.id()));
        let entries = |name: &str| std::fs::read_dir(process.join(name)).expect("a process").flatten();
        let links: Vec<_> = entries("fd").filter_map(|entry| std::fs::read_link(entry.path()).ok()).collect();
        let udp: Vec<String> = ["net/udp", "net/udp6"]
            .iter()
            .flat_map(|table| {
                let table = std::fs::read_to_string(process.join(table)).expect("the table of sockets");
                let inodes = table.lines().skip(1).filter_map(|line| line.split_whitespace().nth(9));
                inodes.map(|inode| format!("socket:[{inode}]")).collect::<Vec<_>>()
            })
            .collect();
        let status = std::fs::read_to_string(process.join("status")).expect("a process");
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let of_database = |link: &&PathBuf| link.to_string_lossy().contains(".db");
        let database_handles = links.iter().filter(of_database).count();
        Held {
            handles: links.len() - database_handles,
            database_handles,
            udp_sockets: links
                .iter()
                .filter(|link| udp.iter().any(|socket| link.as_os_str() == &**socket))
                .count(),
            threads: entries("task").count(),
            memory_kib: memory.and_then(|memory| memory.parse().ok()).expect("a resident memory"),
        }
    }
}
