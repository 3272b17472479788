//! Linphone plays the foreign telephone: its console has the whole of what its apps have for SIP and sound. It plays a
//! WAV file into each of its calls and writes down what it hears; its keys are pressed from here.

use super::desk::{Desk, password};
use super::program::{Program, installed};
use super::speech::Speech;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long it may take for what needs no person.
const SOON: Duration = Duration::from_secs(10);

/// How a Linphone behaves.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// `udp`, `tcp` or `tls`.
    pub transport: &'a str,
    /// Where the desk listens for that.
    pub desk: SocketAddr,
    /// Whether it answers by itself.
    pub answers: bool,
    /// More lines of its settings for SIP: `use_info=1`.
    pub settings: &'a str,
}

impl<'a> Style<'a> {
    /// Over UDP, waiting for its keys.
    pub fn udp(desk: &Desk) -> Style<'a> {
        Style { transport: "udp", desk: desk.address, answers: false, settings: "" }
    }

    /// The same, and it answers by itself.
    pub fn answering(desk: &Desk) -> Style<'a> {
        Style { answers: true, ..Style::udp(desk) }
    }

    /// Over TLS; it trusts the authority of the stories.
    pub fn tls(desk: &Desk, settings: &'a str) -> Style<'a> {
        Style { transport: "tls", desk: desk.listening("TLS"), answers: false, settings }
    }
}

/// A registered Linphone.
pub struct Linphone {
    /// The process.
    pub program: Program,
    folder: tempfile::TempDir,
    server: String,
    transport: String,
}

impl Linphone {
    /// Registers as this phone. In each call it says this, from the beginning.
    pub fn register(number: &str, says: &Speech, style: Style<'_>) -> Linphone {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // It makes neither of the folders that it keeps its books in.
        for books in [".local/share/linphone", ".config"] {
            std::fs::create_dir_all(folder.path().join(books)).expect("a folder");
        }
        let says_file = folder.path().join("says.wav");
        std::fs::write(&says_file, says.wav()).expect("a file");
        let settings_file = folder.path().join("linphonerc");
        std::fs::write(&settings_file, settings(number, style)).expect("a file");
        let mut command = Command::new(installed("linphonec", "linphone-cli"));
        command.arg("-c").arg(settings_file).env("HOME", folder.path());
        let program = Program::start_with_keyboard(&format!("linphone {number}"), command);
        let Style { transport, answers, .. } = style;
        let mut phone = Linphone { program, folder, server: server(style), transport: transport.to_owned() };
        phone.types("soundcard use files");
        phone.types(&format!("play {}", says_file.display()));
        phone.types(&format!("record {}", phone.heard_file().display()));
        if answers {
            phone.types("autoanswer enable");
        }
        phone.wait_for_registration();
        phone
    }

    /// It says so when it is asked, and not by itself.
    fn wait_for_registration(&mut self) {
        let until = Instant::now() + SOON;
        while !self.program.output().contains("registered, identity=") {
            assert!(Instant::now() < until, "linphone did not register");
            self.types("status register");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Types one of its commands: `answer`, `pause`, `resume`, `terminate`, a key.
    pub fn types(&mut self, command: &str) {
        self.program.type_line(command);
    }

    /// How it writes the address of this number at the desk.
    pub fn address(&self, number: &str) -> String {
        format!("sip:{number}@{};transport={}", self.server, self.transport)
    }

    /// Calls, and waits until its so-manieth talk stands.
    pub fn call(&mut self, number: &str, talk: usize) {
        self.types(&format!("call {}", self.address(number)));
        self.talks(talk);
    }

    /// Waits until its so-manieth talk stands, or stands again.
    pub fn talks(&mut self, talk: usize) {
        let fits = |line: &str| line.contains("Media streams established");
        self.program.wait_for_times(talk, "sound flows", SOON, fits);
    }

    /// Waits until so many of its calls are over.
    pub fn call_ended(&mut self, calls: usize) {
        self.program.wait_for_times(calls, "a call is over", SOON, |line| line.contains(" ended ("));
    }

    /// Waits for a line that it prints.
    pub fn says(&mut self, what: &str, words: &str) {
        self.program.wait_for(what, SOON, |line| line.contains(words));
    }

    fn heard_file(&self) -> PathBuf {
        self.folder.path().join("heard.wav")
    }

    /// What it has heard in its calls, one after the other. After [`Linphone::quit`].
    pub fn heard(&self) -> Speech {
        Speech::read(&self.heard_file())
    }

    /// Puts it away; it signs off.
    pub fn quit(&mut self) {
        self.types("quit");
        self.program.finish(SOON);
    }
}

/// Where it finds the desk. In certificates it looks for names alone, not for addresses.
fn server(style: Style<'_>) -> String {
    let Style { transport, desk, .. } = style;
    if transport == "tls" { format!("localhost:{}", desk.port()) } else { desk.to_string() }
}

/// A telephone with free ports, sound in files, and one account.
fn settings(number: &str, style: Style<'_>) -> String {
    let Style { transport, desk, settings, .. } = style;
    let (host, server) = (desk.ip(), server(style));
    let password = password(number);
    format!(
        "[sip]\nsip_port=-1\nsip_tcp_port=-1\nsip_tls_port=-1\ndefault_proxy=0\n\
         contact=\"{number}\" <sip:{number}@{host}>\n{settings}\n\
         [rtp]\naudio_rtp_port=-1\n[net]\nmtu=1300\n[sound]\nechocancellation=0\n\
         [auth_info_0]\nusername={number}\npasswd={password}\nrealm=frontdesk\n\
         [proxy_0]\nreg_proxy=<sip:{server};transport={transport}>\nreg_identity=sip:{number}@{host}\n\
         reg_expires=600\nreg_sendregister=1\npublish=0\n"
    )
}
