//! The processes of the demo: the desk, the telephones, the caller.

use super::act::{Act, DESKS, Desk};
use super::telephone_recording;
use crate::softphone::numbered;
use std::cell::RefCell;
use std::collections::BTreeMap;
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
    phones: BTreeMap<&'static str, Phone>,
    address: String,
    ears: String,
}

/// A telephone of the office: its process, where it records, and how many calls it has had.
struct Phone {
    actor: Actor,
    recording: PathBuf,
    calls: u32,
}

/// One process, and what it has printed.
struct Actor {
    name: String,
    child: Child,
    lines: Receiver<String>,
    /// The last line that was shown.
    last: RefCell<String>,
}

/// How long the desk may take to open; the first time it renders its prompts.
const OPENING: Duration = Duration::from_secs(30);
const REGISTERING: Duration = Duration::from_secs(5);
const CALLING: Duration = Duration::from_secs(45);
const RECORDING: Duration = Duration::from_secs(5);
const SIGNING_OFF: Duration = Duration::from_secs(8);
const CLOSING: Duration = Duration::from_secs(15);

impl Cast {
    /// Opens a desk on free ports, with its data on the stage.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open(program: &Path, stage: &Path, until: Instant) -> Result<Cast, CastFault> {
        let config = stage.join("frontdesk.toml");
        std::fs::write(&config, settings())?;
        for phone in &DESKS {
            std::fs::write(
                stage.join(format!("{}.password", phone.number)),
                format!("{}\n", phone.password),
            )?;
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
        let mut cast = Cast { program, stage, until, desk, phones: BTreeMap::new(), address, ears };
        for desk in &DESKS {
            let phone = cast.phone(desk)?;
            cast.phones.insert(desk.number, phone);
        }
        cast.desk.show();
        Ok(cast)
    }

    /// Which ears serve.
    pub fn ears(&self) -> &str {
        &self.ears
    }

    /// Plays one call: a caller calls and leaves, and the telephone that was rung has recorded it.
    ///
    /// # Errors
    /// When one of them does not do its part.
    pub fn play(&mut self, act: &Act, recordings: &Path) -> Result<(), CastFault> {
        let mut caller = self.caller(act, recordings)?;
        let phones: Vec<_> = self.phones.values().map(|phone| &phone.actor).collect();
        let others: Vec<_> = phones.into_iter().chain([&self.desk]).collect();
        caller.finish(CALLING.min(left(self.until)), &others)?;
        let nobody = || CastFault::OtherStory(format!("there is no phone {}", act.phone));
        let phone = self.phones.get_mut(act.phone).ok_or_else(nobody)?;
        if !phone.actor.printed("recorded") {
            phone.actor.wait_for("its recording", RECORDING, |line| line.contains("recorded"))?;
        }
        phone.calls += 1;
        let recorded = numbered(&phone.recording, phone.calls);
        std::fs::rename(recorded, telephone_recording(recordings, "phone"))?;
        self.desk.show();
        Ok(())
    }

    /// A telephone that is registered, and stays until the desk closes.
    fn phone(&self, desk: &Desk) -> Result<Phone, CastFault> {
        let recording = self.stage.join(format!("{}.wav", desk.number));
        let mut command = Command::new(&self.program);
        command
            .args(["call", "--register", desk.number, "--server", &self.address, "--answer"])
            .args(["--ring", "1", "--say", desk.says, "--voice", desk.voice])
            .arg("--password-file")
            .arg(self.stage.join(format!("{}.password", desk.number)))
            .arg("--record")
            .arg(&recording);
        let mut actor = Actor::start(desk.name, command)?;
        actor.wait_for("registered", REGISTERING, |line| line.ends_with(": registered"))?;
        Ok(Phone { actor, recording, calls: 0 })
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
        for phone in self.phones.values_mut() {
            phone.actor.terminate();
            phone.actor.end(SIGNING_OFF)?;
        }
        self.desk.terminate();
        self.desk.end(CLOSING)
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
    for Desk { number, name, .. } in DESKS {
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
        Ok(Actor { name: name.to_owned(), child, lines, last: RefCell::default() })
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
        line.clone_into(&mut self.last.borrow_mut());
    }

    /// Whether the last line that was shown has this in it.
    fn printed(&self, what: &str) -> bool {
        self.last.borrow().contains(what)
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
