//! A process of ours: what it printed, how it ended. It never outlives the test.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A running process. When a test fails, everything that it printed is shown with the failure.
pub struct Program {
    name: String,
    child: Child,
    keyboard: Option<ChildStdin>,
    printed: Arc<Printed>,
    ended: Option<ExitStatus>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Printed {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Printed {
    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where `program` is; the test fails when it is not installed.
pub fn installed(program: &str, package: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("{program} is not installed: apt-get install {package} (`make test` does it)")
        })
}

impl Program {
    /// Starts it; what it prints on both of its outputs is kept.
    pub fn start(name: &str, mut command: Command) -> Program {
        command.stdin(Stdio::null());
        Program::spawn(name, command)
    }

    /// Starts it with a keyboard, for [`Program::type_line`].
    pub fn start_with_keyboard(name: &str, mut command: Command) -> Program {
        command.stdin(Stdio::piped());
        Program::spawn(name, command)
    }

    fn spawn(name: &str, mut command: Command) -> Program {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let printed = Arc::new(Printed::default());
        let out = child.stdout.take().map(|out| follow(out, &printed));
        let err = child.stderr.take().map(|err| follow(err, &printed));
        let readers = out.into_iter().chain(err).collect();
        let keyboard = child.stdin.take();
        Program { name: name.to_owned(), child, keyboard, printed, ended: None, readers }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Types a line on its keyboard.
    pub fn type_line(&mut self, line: &str) {
        let keyboard = self.keyboard.as_mut().expect("it was started with a keyboard");
        writeln!(keyboard, "{line}").unwrap_or_else(|error| panic!("{} reads nothing: {error}", self.name));
    }

    /// Everything printed so far.
    pub fn output(&self) -> String {
        self.printed.lines().join("\n")
    }

    /// Waits for a line that fits, looking at the earlier ones too.
    pub fn wait_for(&mut self, what: &str, longest: Duration, fits: impl Fn(&str) -> bool) -> String {
        self.wait_for_times(1, what, longest, fits)
    }

    /// Waits for so many lines that fit, and returns the last of them.
    pub fn wait_for_times(
        &mut self,
        times: usize,
        what: &str,
        longest: Duration,
        fits: impl Fn(&str) -> bool,
    ) -> String {
        let until = Instant::now() + longest;
        let mut ended = false;
        loop {
            let lines = self.printed.lines();
            if let Some(line) = lines.iter().filter(|line| fits(line)).nth(times - 1) {
                return line.clone();
            }
            let left = until.saturating_duration_since(Instant::now());
            if ended || left.is_zero() {
                drop(lines);
                let how = if ended { "ended before" } else { "did not in time" };
                panic!("{} {how}: {what} ({longest:?} were given)", self.name);
            }
            // Short waits, so that a process that ended is noticed too.
            let wait = left.min(Duration::from_millis(100));
            drop(self.printed.more.wait_timeout(lines, wait).unwrap_or_else(PoisonError::into_inner));
            ended = self.try_end().is_some();
        }
    }

    fn try_end(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("a child can be asked");
            if self.ended.is_some() {
                // Its last words are still on their way through the pipes.
                self.readers.drain(..).for_each(|reader| drop(reader.join()));
            }
        }
        self.ended
    }

    /// Waits for its end.
    pub fn finish(&mut self, longest: Duration) -> ExitStatus {
        let until = Instant::now() + longest;
        loop {
            if let Some(status) = self.try_end() {
                return status;
            }
            assert!(Instant::now() < until, "{} did not end within {longest:?}", self.name);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether it ends by itself in this time.
    pub fn ends_within(&mut self, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        while self.try_end().is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.try_end().is_some()
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: Signal) {
        if self.try_end().is_none() {
            let id = Pid::from_child(&self.child);
            kill_process(id, signal).unwrap_or_else(|error| panic!("{} takes no signal: {error}", self.name));
        }
    }

    /// Asks it to stop (SIGTERM), and waits for its end.
    pub fn stop(&mut self, longest: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        self.finish(longest)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.try_end().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            println!("--- what {} printed ---\n{}\n--- {:?} ---", self.name, self.output(), self.ended);
        }
    }
}

fn follow(pipe: impl Read + Send + 'static, printed: &Arc<Printed>) -> std::thread::JoinHandle<()> {
    let printed = Arc::clone(printed);
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            printed.lines().push(text);
            printed.more.notify_all();
        }
    })
}
