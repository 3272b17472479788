//! The desk that is measured: the real program, in a process of its own, on loopback and in a temporary folder.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// What is dialled, and the flow that answers there.
pub const PROMPT: &str = "100";
/// A question while which the ears listen.
pub const QUESTION: &str = "101";
/// The telephone that is put through to.
pub const PHONE: &str = "1001";
/// Its password.
pub const PASSWORD: &str = "only for the bench";

const SETTINGS: &str = r#"
[node]
data = "data"
[sip]
listen = ["udp:127.0.0.1:0"]
[rtp]
ports = 0
[flows]
folder = "."
[[tenant]]
id = "main"
name = "Bench"
[[peer]]
name = "load"
addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"]
[[number]]
number = "100"
flow = "prompt"
[[number]]
number = "101"
flow = "question"
[[phone]]
number = "1001"
name = "Phone"
password_file = "1001.password"
"#;

/// How long the desk may take to open: it renders its prompts first.
const OPENING: Duration = Duration::from_secs(60);
/// How long it may take to close.
const CLOSING: Duration = Duration::from_secs(10);

/// An open desk, with one telephone and neighbours at 127.0.0.1 to 127.0.0.5. It ends with the value, whatever happens.
#[derive(Debug)]
pub struct OpenDesk {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    folder: tempfile::TempDir,
}

impl OpenDesk {
    /// Opens one.
    ///
    /// # Errors
    /// When it is not built, or does not open.
    pub fn start() -> Result<OpenDesk, String> {
        OpenDesk::start_with("")
    }

    /// Opens one that has these tables in its settings too.
    ///
    /// # Errors
    /// As [`start`](OpenDesk::start).
    pub fn start_with(more: &str) -> Result<OpenDesk, String> {
        let program = program()?;
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        for (name, text) in [
            ("frontdesk.toml", format!("{SETTINGS}{more}")),
            ("1001.password", format!("{PASSWORD}\n")),
            ("prompt.toml", flow("prompt", &format!("say = \"{}\"\nnext = \"end\"", long_text()))),
            ("question.toml", flow("question", &question())),
        ] {
            std::fs::write(folder.path().join(name), text).map_err(|error| format!("{name}: {error}"))?;
        }
        let mut child = Command::new(&program)
            .args(["serve", "--config"])
            .arg(folder.path().join("frontdesk.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", program.display()))?;
        let lines = lines_of(&mut child);
        let address = match opened(&lines) {
            Ok(address) => address,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        };
        // What it says from now on is read and dropped, so that it never waits for this program.
        std::thread::spawn(move || lines.into_iter().for_each(drop));
        Ok(OpenDesk { address, child, folder })
    }

    /// The process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// How many bytes lie in its data folder.
    pub fn data_bytes(&self) -> u64 {
        fn sum(folder: PathBuf) -> u64 {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| match entry.file_type() {
                    Ok(kind) if kind.is_dir() => sum(entry.path()),
                    _ => entry.metadata().map_or(0, |data| data.len()),
                })
                .sum()
        }
        sum(self.folder.path().join("data"))
    }

    /// Closes it in good order.
    ///
    /// # Errors
    /// When it ends with a fault, or not in time.
    pub fn close(mut self) -> Result<(), String> {
        if let Some(process) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
        let until = Instant::now() + CLOSING;
        while Instant::now() < until {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("the desk closed with {status}")),
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err("the desk did not close in time".to_owned())
    }
}

impl Drop for OpenDesk {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Beside this bench in the target folder, or where `FRONTDESK_PROGRAM` says.
fn program() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("FRONTDESK_PROGRAM") {
        return Ok(named.into());
    }
    let bench = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = bench.parent().and_then(|deps| deps.parent()).map(|profile| profile.join("frontdesk"));
    match program {
        Some(program) if program.is_file() => Ok(program),
        _ => Err("build the desk first: cargo build --release -p frontdesk".to_owned()),
    }
}

fn lines_of(child: &mut Child) -> Receiver<String> {
    let (told, lines) = channel();
    if let Some(out) = child.stdout.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
    }
    lines
}

fn opened(lines: &Receiver<String>) -> Result<SocketAddr, String> {
    let until = Instant::now() + OPENING;
    let mut address = None;
    loop {
        let line = lines
            .recv_timeout(until.saturating_duration_since(Instant::now()))
            .map_err(|_| "the desk did not open".to_owned())?;
        if let Some(rest) = line.strip_prefix("listening on sip:") {
            address = rest.split(' ').next().and_then(|address| address.parse().ok());
        }
        if line == "the desk is open" {
            return address.ok_or_else(|| "the desk did not say where it listens".to_owned());
        }
    }
}

fn flow(name: &str, step: &str) -> String {
    format!(
        "format = 1\nflow = \"{name}\"\nstart = \"first\"\nlanguages = [\"en-US\"]\n\n\
         [step.first]\n{step}\n\n[step.end]\nhang_up = \"Goodbye.\"\n"
    )
}

fn question() -> String {
    format!(
        "ask = \"{}\"\nwait = \"10s\"\nanswer.sales = {{ key = \"1\", phrases = [\"sales\"], next = \"end\" }}\n\
         failed = \"end\"",
        long_text()
    )
}

/// About a minute of speech.
fn long_text() -> String {
    let sentence = "Thank you for calling, and thank you for your patience; all of our colleagues are talking to \
                    other callers at this moment, and the next one who is free will be with you. ";
    sentence.repeat(8).trim_end().to_owned()
}
