//! The processes of the demo: the desk, the telephones, the caller.

use super::act::Act;
use super::telephone_recording;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// Why the demo went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CastFault {
    /// The system refused a file or a process.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
    /// A process did not do in time what it should.
    #[error("{who} did not come so far in time: {what}")]
    Late {
        /// Which.
        who: String,
        /// What was waited for.
        what: String,
    },
    /// A process ended before it should.
    #[error("{who} ended ({status}) while it should: {what}")]
    Left {
        /// Which.
        who: String,
        /// What was waited for.
        what: String,
        /// How it ended.
        status: String,
    },
    /// A process said that it failed.
    #[error("{who} failed ({status})")]
    Failed {
        /// Which.
        who: String,
        /// How it ended.
        status: String,
    },
    /// There is no record of the call.
    #[error("the desk kept no record of {act}")]
    NoRecord {
        /// Which.
        act: &'static str,
    },
    /// The records cannot be read.
    #[error(transparent)]
    Store(#[from] frontdesk_store::StoreFault),
    /// The sound was not as it should be.
    #[error(transparent)]
    Heard(#[from] super::heard::HeardFault),
    /// The record tells another story.
    #[error("the record says otherwise: {0}")]
    OtherStory(String),
}

/// Everybody on stage.
pub struct Cast {
    program: PathBuf,
    stage: PathBuf,
    until: Instant,
    desk: Actor,
    address: String,
    ears: String,
}

/// One process, and what it has printed.
struct Actor {
    name: String,
    child: Child,
    lines: Receiver<String>,
}

const PASSWORDS: [(&str, &str); 2] = [("1001", "sales demo pass"), ("1002", "reception demo pass")];
/// How long the desk may take to open; the first time it renders its prompts.
const OPENING: Duration = Duration::from_secs(30);
const REGISTERING: Duration = Duration::from_secs(5);
const CALLING: Duration = Duration::from_secs(45);
const SIGNING_OFF: Duration = Duration::from_secs(8);

impl Cast {
    /// Opens a desk on free ports, with its data on the stage.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open(program: &Path, stage: &Path, until: Instant) -> Result<Cast, CastFault> {
        let config = stage.join("frontdesk.toml");
        std::fs::write(&config, settings())?;
        for (number, password) in PASSWORDS {
            std::fs::write(stage.join(format!("{number}.password")), format!("{password}\n"))?;
        }
        println!("=== the desk opens ===");
        let mut command = Command::new(program);
        command.args(["serve", "--show-words", "--config"]).arg(&config);
        let mut desk = Actor::start("desk", command)?;
        let mut ears = String::new();
        let mut address = String::new();
        desk.wait_for("the desk is open", OPENING.min(left(until)), |line| {
            if let Some(name) = line.strip_prefix("ears: ") {
                ears = name.to_owned();
            }
            if let Some(rest) = line.strip_prefix("listening on sip:") {
                address = rest.split(' ').next().unwrap_or_default().to_owned();
            }
            line == "the desk is open"
        })?;
        let (program, stage) = (program.to_owned(), stage.to_owned());
        Ok(Cast { program, stage, until, desk, address, ears })
    }

    /// Which ears serve.
    pub fn ears(&self) -> &str {
        &self.ears
    }

    /// Plays one call: a phone registers, a caller calls, both leave.
    ///
    /// # Errors
    /// When one of them does not do its part.
    pub fn play(&mut self, act: &Act, recordings: &Path) -> Result<(), CastFault> {
        let mut phone = self.phone(act, recordings)?;
        phone.wait_for("registered", REGISTERING, |line| line.ends_with(": registered"))?;
        let mut caller = self.caller(act, recordings)?;
        let left = CALLING.min(left(self.until));
        let caller_end = caller.finish(left, &[&self.desk, &phone]);
        let phone_end = phone.finish(SIGNING_OFF, &[&self.desk]);
        self.desk.show();
        caller_end?;
        phone_end
    }

    fn phone(&self, act: &Act, recordings: &Path) -> Result<Actor, CastFault> {
        let mut command = Command::new(&self.program);
        let password = self.stage.join(format!("{}.password", act.phone));
        command
            .args(["call", "--register", act.phone, "--server", &self.address, "--answer", "--calls", "1"])
            .args(["--ring", "1", "--say", act.phone_says, "--voice", "rms"])
            .arg("--password-file")
            .arg(password)
            .arg("--record")
            .arg(telephone_recording(recordings, "phone"));
        Actor::start(&format!("phone {}", act.phone), command)
    }

    fn caller(&self, act: &Act, recordings: &Path) -> Result<Actor, CastFault> {
        let mut command = Command::new(&self.program);
        command
            .arg("call")
            .arg(format!("sip:100@{}", self.address))
            .args(["--from", "+4930123456", "--name", "Demo Caller", "--voice", "slt", "--longest", "40"])
            .args(act.caller)
            .arg("--record")
            .arg(telephone_recording(recordings, "caller"));
        Actor::start("caller", command)
    }

    /// Closes the desk in good order.
    ///
    /// # Errors
    /// When it does not close, or says that something was lost.
    pub fn close(mut self) -> Result<(), CastFault> {
        self.desk.terminate();
        self.desk.end(Duration::from_secs(15))
    }
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

fn settings() -> String {
    let mut text = String::from(
        "[sip]\nlisten = [\"udp:127.0.0.1:0\"]\n\n[rtp]\nports = 0\n\n[[tenant]]\nid = \"main\"\nname = \"Example\"\n\
         words.company.name = \"Example\"\n\n[[peer]]\nname = \"carrier\"\naddresses = [\"127.0.0.1\"]\n\n\
         [[number]]\nnumber = \"100\"\nflow = \"reception\"\nrecord = true\n",
    );
    for ((number, _), name) in PASSWORDS.iter().zip(["Sales", "Reception"]) {
        text.push_str(&format!(
            "\n[[phone]]\nnumber = \"{number}\"\nname = \"{name}\"\npassword_file = \"{number}.password\"\n"
        ));
    }
    text
}

impl Actor {
    fn start(name: &str, mut command: Command) -> Result<Actor, CastFault> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let (told, lines) = channel();
        if let Some(out) = child.stdout.take() {
            forward(out, told)?;
        }
        Ok(Actor { name: name.to_owned(), child, lines })
    }

    /// Shows lines until one is the one that is waited for.
    fn wait_for(
        &mut self,
        what: &str,
        longest: Duration,
        mut is_it: impl FnMut(&str) -> bool,
    ) -> Result<(), CastFault> {
        let until = Instant::now() + longest;
        loop {
            let late = CastFault::Late { who: self.name.clone(), what: what.to_owned() };
            match self.lines.recv_timeout(left(until)) {
                Ok(line) => {
                    self.print(&line);
                    if is_it(&line) {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Err(late),
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait()?.to_string();
                    return Err(CastFault::Left { who: self.name.clone(), what: what.to_owned(), status });
                }
            }
        }
    }

    /// Shows its lines and those of the others, until it is over.
    fn finish(&mut self, longest: Duration, others: &[&Actor]) -> Result<(), CastFault> {
        let until = Instant::now() + longest;
        loop {
            others.iter().for_each(|other| other.show());
            match self.lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => self.print(&line),
                Err(RecvTimeoutError::Timeout) if Instant::now() < until => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.terminate();
                    return Err(CastFault::Late {
                        who: self.name.clone(),
                        what: "the end of the call".to_owned(),
                    });
                }
                Err(RecvTimeoutError::Disconnected) => return self.verdict(),
            }
        }
    }

    /// Shows what it still says, until it is over.
    fn end(&mut self, longest: Duration) -> Result<(), CastFault> {
        let until = Instant::now() + longest;
        loop {
            match self.lines.recv_timeout(left(until)) {
                Ok(line) => self.print(&line),
                Err(RecvTimeoutError::Disconnected) => return self.verdict(),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(CastFault::Late { who: self.name.clone(), what: "its end".to_owned() });
                }
            }
        }
    }

    fn verdict(&mut self) -> Result<(), CastFault> {
        let status: ExitStatus = self.child.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(CastFault::Failed { who: self.name.clone(), status: status.to_string() })
    }

    /// Shows what it has said meanwhile.
    fn show(&self) {
        for line in self.lines.try_iter() {
            self.print(&line);
        }
    }

    fn print(&self, line: &str) {
        println!("{:>10} | {line}", self.name);
    }

    fn terminate(&self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            // It may be over already.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }
}

/// Whatever goes wrong, nobody is left on stage.
impl Drop for Actor {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn forward(out: std::process::ChildStdout, told: Sender<String>) -> std::io::Result<()> {
    std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if told.send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}
