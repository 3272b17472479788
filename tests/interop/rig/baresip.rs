//! baresip plays the foreign telephone: it registers, calls and is called, says a WAV file and writes down what it
//! hears. Its keys are pressed from here over its control port.

use super::desk::{self, Desk};
use super::program::{Program, installed};
use super::speech::Speech;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Where Debian keeps its modules, and where others do.
const MODULES: [&str; 3] = [
    "/usr/lib/baresip/modules",
    "/usr/lib/x86_64-linux-gnu/baresip/modules",
    "/usr/local/lib/baresip/modules",
];

/// How a baresip behaves.
#[derive(Clone, Copy)]
pub struct Style<'a> {
    /// `udp`, `tcp` or `tls`.
    pub transport: &'a str,
    /// Where the desk listens for that.
    pub desk: SocketAddr,
    /// Whether it answers by itself.
    pub answers: bool,
    /// More parameters of its account, such as `;sipnat=outbound`.
    pub account: &'a str,
    /// More lines of its settings, such as the file of the certificates that it trusts.
    pub settings: &'a str,
    /// Its address book.
    pub contacts: &'a str,
    /// Whether it prints the messages that it sends and gets.
    pub traces: bool,
}

impl<'a> Style<'a> {
    /// Over UDP, answering.
    pub fn udp(desk: &Desk) -> Style<'a> {
        Style {
            transport: "udp",
            desk: desk.address,
            answers: true,
            account: "",
            settings: "",
            contacts: "",
            traces: false,
        }
    }
}

/// A registered baresip.
pub struct Baresip {
    /// The process.
    pub program: Program,
    folder: tempfile::TempDir,
    control: SocketAddr,
}

impl Baresip {
    /// Registers as this phone. It answers at once and says these words, once; at their end it hangs up.
    pub fn register(desk: &Desk, number: &str, says: &Speech) -> Baresip {
        Baresip::register_as(number, says, Style::udp(desk))
    }

    /// Registers as this phone, in this style.
    pub fn register_as(number: &str, says: &Speech, style: Style<'_>) -> Baresip {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = installed("baresip", "baresip-core");
        let write =
            |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file");
        write("says.wav", &says.wav());
        let password = desk::password(number);
        let Style { transport, desk, answers, account, settings, contacts, traces } = style;
        write("contacts", contacts.as_bytes());
        let mode = if answers { "auto" } else { "manual" };
        let account = format!(
            "<sip:{number}@{desk};transport={transport}>;auth_pass={password};answermode={mode}{account}\n"
        );
        write("accounts", account.as_bytes());
        let control = free_control_port();
        write("config", config(folder.path(), control, settings).as_bytes());
        let mut command = Command::new(program);
        command.arg("-f").arg(folder.path()).arg("-v");
        if traces {
            command.arg("-s");
        }
        let mut program = Program::start("baresip", command);
        program.wait_for("it is registered", Duration::from_secs(10), |line| line.contains("[1 binding]"));
        Baresip { program, folder, control }
    }

    /// Gives it one of its commands: `dial sip:…`, `hold`, `resume`, `transfer sip:…`, `sndcode 5`, `accept`, `hangup`.
    pub fn command(&self, command: &str) {
        let (name, parameters) = command.split_once(' ').unwrap_or((command, ""));
        let order = format!(r#"{{"command":"{name}","params":"{parameters}","token":"1"}}"#);
        let mut control = TcpStream::connect(self.control).expect("baresip's control port");
        control.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        control.write_all(format!("{}:{order},", order.len()).as_bytes()).expect("an order");
        // Its answer is a netstring too; events may come before it.
        let mut answer = String::new();
        let until = Instant::now() + Duration::from_secs(5);
        while !answer.contains(r#""response":true"#) {
            let mut bytes = [0; 4_096];
            let read = control.read(&mut bytes).expect("baresip answers on its control port");
            assert!(read > 0 && Instant::now() < until, "baresip closed its control port: {answer}");
            answer.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        assert!(answer.contains(r#""ok":true"#), "baresip refused `{command}`: {answer}");
    }

    /// What it has heard in its call.
    pub fn heard(&self) -> Speech {
        self.heard_in_calls().pop().expect("baresip has written what it heard")
    }

    /// What it has heard in each of its calls, the first call first.
    pub fn heard_in_calls(&self) -> Vec<Speech> {
        let files = std::fs::read_dir(self.folder.path()).expect("a folder");
        let mut dumps: Vec<_> = files
            .map(|file| file.expect("an entry").path())
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            .collect();
        dumps.sort();
        dumps.iter().map(|dump| Speech::read(dump)).collect()
    }
}

/// A port that was free a moment ago: baresip cannot be asked which it took.
fn free_control_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

/// No sound card: it plays into a bridge that leads nowhere, and `sndfile` writes down what it decodes.
fn config(folder: &Path, control: SocketAddr, more: &str) -> String {
    let modules = MODULES.into_iter().find(|folder| Path::new(folder).is_dir()).unwrap_or_else(|| {
        panic!(
            "baresip's modules are in none of {MODULES:?}: apt-get install baresip-core (`make test` does it)"
        )
    });
    let folder = folder.display();
    format!(
        "poll_method epoll\nnet_interface 127.0.0.1\naudio_source aufile,{folder}/says.wav\n\
         audio_player aubridge,nobody\naudio_alert aubridge,nobody\naudio_level no\nmodule_path {modules}\n\
         module g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\nmodule uuid.so\n\
         module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen {control}\n\
         sip_listen 127.0.0.1:0\nsnd_path {folder}\n{more}"
    )
}
