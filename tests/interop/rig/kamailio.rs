//! Kamailio plays the proxy that stands before many desks: it stays in the path by Record-Route.

use super::desk::Desk;
use super::program::{Program, installed};
use rustix::process::Signal;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Where Debian keeps its modules, and where others do.
const MODULES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/kamailio/modules",
    "/usr/lib/aarch64-linux-gnu/kamailio/modules",
    "/usr/lib/kamailio/modules",
];

/// A running kamailio. It has children of its own, and takes them along only when it is asked and given time.
pub struct Kamailio {
    /// The process.
    pub program: Program,
    /// Where it listens.
    pub address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Kamailio {
    /// Starts it before a desk.
    pub fn before(desk: &Desk) -> Kamailio {
        let free = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let address = free.expect("a free port");
        Kamailio::start(address, &routing(desk.address))
    }

    /// Starts one that listens here and routes like this, and waits until it answers.
    pub fn start(own: SocketAddr, routing: &str) -> Kamailio {
        start_configured(own, &(preamble(own) + routing), &[])
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        self.program.signal(Signal::TERM);
        self.program.ends_within(Duration::from_secs(5));
    }
}

/// Starts one with a configuration of `sip-config/peers`, in which only these addresses are others, and with these files
/// beside it.
pub fn start_shipped(
    name: &str,
    own: SocketAddr,
    changes: &[(&str, String)],
    files: &[(&str, &str)],
) -> Kamailio {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip-config/peers").join(name);
    let mut text =
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    for (from, to) in changes {
        assert!(text.contains(from), "{name} does not say {from} any more");
        text = text.replace(from, to);
    }
    let modules = modules();
    start_configured(
        own,
        &text.replacen("#!KAMAILIO", &format!("#!KAMAILIO\nmpath=\"{modules}/\""), 1),
        files,
    )
}

fn start_configured(own: SocketAddr, text: &str, files: &[(&str, &str)]) -> Kamailio {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("kamailio.cfg");
    let mut text = text.to_owned();
    for (name, content) in files {
        let beside = folder.path().join(name);
        std::fs::write(&beside, content).expect("a file is written");
        text = text.replace(&format!("\"{name}\""), &format!("\"{}\"", beside.display()));
    }
    std::fs::write(&config, text).expect("a file is written");
    let mut command = Command::new(installed("kamailio", "kamailio"));
    command.args(["-DD", "-E", "-m", "16", "-M", "4", "-Y"]).arg(folder.path()).arg("-f").arg(&config);
    let program = Program::start("kamailio", command);
    let kamailio = Kamailio { program, address: own, _folder: folder };
    wait_until_it_answers(own, &kamailio.program);
    kamailio
}

/// It says nothing that could be waited for, but it answers to an OPTIONS.
fn wait_until_it_answers(address: SocketAddr, program: &Program) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    let own = socket.local_addr().expect("an address");
    let question = format!(
        "OPTIONS sip:ready@{address} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKready\r\nFrom: <sip:test@{own}>;\
         tag=1\r\nTo: <sip:ready@{address}>\r\nCall-ID: ready@{own}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\n\
         Content-Length: 0\r\n\r\n",
    );
    let answered = (0..50).any(|_| {
        let _ = socket.send_to(question.as_bytes(), address);
        socket.recv(&mut [0; 2_000]).is_ok() || {
            std::thread::sleep(Duration::from_millis(50));
            false
        }
    });
    assert!(answered, "kamailio does not answer at {address}:\n{}", program.output());
}

fn modules() -> &'static str {
    MODULES.into_iter().find(|folder| Path::new(folder).is_dir()).unwrap_or_else(|| {
        panic!(
            "kamailio's modules are in none of {MODULES:?}: apt-get install kamailio (`make test` does it)"
        )
    })
}

/// What every configuration begins with.
fn preamble(own: SocketAddr) -> String {
    let modules = modules();
    format!(
        r#"#!KAMAILIO
debug=1
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
"#
    )
}

fn routing(desk: SocketAddr) -> String {
    format!(
        r#"request_route {{
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
    $du = "sip:{desk}";
    if (!t_relay()) sl_reply_error();
}}
"#
    )
}
