//! baresip plays the foreign telephone: it registers, answers, says a WAV file and writes down what it hears.

use super::desk::{Desk, PASSWORDS};
use super::program::{Program, installed};
use super::speech::Speech;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Where Debian keeps its modules, and where others do.
const MODULES: [&str; 3] = [
    "/usr/lib/baresip/modules",
    "/usr/lib/x86_64-linux-gnu/baresip/modules",
    "/usr/local/lib/baresip/modules",
];

/// A registered baresip.
pub struct Baresip {
    /// The process.
    pub program: Program,
    folder: tempfile::TempDir,
}

impl Baresip {
    /// Registers as this phone. It answers at once and says these words, once; at their end it hangs up.
    pub fn register(desk: &Desk, number: &str, says: &Speech) -> Baresip {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = installed("baresip", "baresip-core");
        let write =
            |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file");
        write("says.wav", &says.wav());
        write("contacts", b"");
        let password =
            PASSWORDS.into_iter().find(|(phone, _)| *phone == number).expect("a phone of the desk").1;
        write(
            "accounts",
            format!("<sip:{number}@{}>;auth_pass={password};answermode=auto\n", desk.address).as_bytes(),
        );
        write("config", config(folder.path()).as_bytes());
        let mut command = Command::new(program);
        command.arg("-f").arg(folder.path()).arg("-v");
        let mut program = Program::start("baresip", command);
        program.wait_for("it is registered", Duration::from_secs(10), |line| line.contains("[1 binding]"));
        Baresip { program, folder }
    }

    /// What it has heard in its call.
    pub fn heard(&self) -> Speech {
        let mut files = std::fs::read_dir(self.folder.path()).expect("a folder");
        let dump = files.find_map(|file| {
            let path = file.expect("an entry").path();
            path.to_string_lossy().ends_with("-dec.wav").then_some(path)
        });
        Speech::read(&dump.expect("baresip has written what it heard"))
    }
}

/// No sound card: it plays into a bridge that leads nowhere, and `sndfile` writes down what it decodes.
fn config(folder: &Path) -> String {
    let modules = MODULES.into_iter().find(|folder| Path::new(folder).is_dir()).unwrap_or_else(|| {
        panic!(
            "baresip's modules are in none of {MODULES:?}: apt-get install baresip-core (`make test` does it)"
        )
    });
    let folder = folder.display();
    format!(
        "poll_method epoll\nnet_interface 127.0.0.1\naudio_source aufile,{folder}/says.wav\n\
         audio_player aubridge,nobody\naudio_alert aubridge,nobody\naudio_level no\nmodule_path {modules}\n\
         module g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\nmodule_tmp account.so\n\
         module_app menu.so\nsnd_path {folder}\n"
    )
}
