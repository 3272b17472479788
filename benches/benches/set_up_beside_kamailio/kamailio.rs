//! Kamailio as a stateful proxy that stays in the path: one worker, as it was measured in the recorded figures.

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where Debian keeps its modules, and where others do.
const MODULES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/kamailio/modules",
    "/usr/lib/aarch64-linux-gnu/kamailio/modules",
    "/usr/lib/kamailio/modules",
];
const OPENING: Duration = Duration::from_secs(5);
/// Its children end with it when it is asked to end.
const CLOSING: Duration = Duration::from_secs(3);

/// Where the program is.
pub fn program() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&folders).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join("kamailio")).find(|file| file.is_file())
}

/// A running one.
pub struct Kamailio {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Kamailio {
    /// Starts one that sends every call to this telephone, and waits until it answers.
    pub fn before(phone: SocketAddr) -> Result<Kamailio, String> {
        let program = program().ok_or("kamailio is not installed")?;
        let modules = MODULES.into_iter().find(|folder| Path::new(folder).is_dir());
        let modules = modules.ok_or_else(|| format!("kamailio's modules are in none of {MODULES:?}"))?;
        let start = || -> std::io::Result<Kamailio> {
            let address = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
            let folder = tempfile::tempdir()?;
            let config = folder.path().join("kamailio.cfg");
            std::fs::write(&config, configuration(address, phone, modules))?;
            let child = Command::new(program)
                // 512 MB for transactions: with less they would be what limits it.
                .args(["-DD", "-E", "-m", "512", "-M", "8", "-Y"])
                .arg(folder.path())
                .arg("-f")
                .arg(&config)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            Ok(Kamailio { address, child, _folder: folder })
        };
        let kamailio = start().map_err(|error| format!("kamailio does not start: {error}"))?;
        if kamailio.answers().map_err(|error| error.to_string())? {
            Ok(kamailio)
        } else {
            Err(format!("kamailio does not answer at {}", kamailio.address))
        }
    }

    /// The first of its processes.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    fn answers(&self) -> std::io::Result<bool> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        let (own, its) = (socket.local_addr()?, self.address);
        let question = format!(
            "OPTIONS sip:ready@{its} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKready\r\nFrom: <sip:bench@{own}>;\
             tag=1\r\nTo: <sip:ready@{its}>\r\nCall-ID: ready@{own}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\n\
             Content-Length: 0\r\n\r\n",
        );
        let until = Instant::now() + OPENING;
        while Instant::now() < until {
            socket.send_to(question.as_bytes(), its)?;
            if socket.recv(&mut [0; 2_000]).is_ok() {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(false)
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        if let Some(process) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
        let until = Instant::now() + CLOSING;
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(own: SocketAddr, phone: SocketAddr, modules: &str) -> String {
    format!(
        r#"#!KAMAILIO
debug=0
log_stderror=yes
children=1
auto_aliases=no
disable_tcp=yes
listen=udp:{own}
mpath="{modules}/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) t_relay();
        else if (is_method("ACK") && t_check_trans()) t_relay();
        else if (!is_method("ACK")) sl_send_reply("404", "Not Here");
        exit;
    }}
    record_route();
    $du = "sip:{phone}";
    if (!t_relay()) sl_reply_error();
}}
"#
    )
}
