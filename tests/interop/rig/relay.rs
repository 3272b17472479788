//! socat translates between sipp, which Debian builds without TLS, and the desk's TLS. So the other end of the desk's TLS
//! is OpenSSL, and what was said can be read on the plain side.

use super::certificates;
use super::program::{Program, installed};
use super::watch::{self, Spoken, Watched};
use super::wire::Wire;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::time::Duration;

/// A running relay.
pub struct Relay {
    /// Where it takes connections.
    pub address: SocketAddr,
    _program: Program,
    _folder: tempfile::TempDir,
    _watched: Option<Watched>,
}

impl Relay {
    /// Takes TCP, and speaks TLS to this desk, from this address; it shows a certificate (`carrier`) where it has one.
    pub fn to_desk(desk: SocketAddr, own: &str, shows: Option<&str>) -> Relay {
        let address = free_stream_port();
        let shown = shows.map_or(String::new(), |name| format!(",cert={name}.pem,key={name}.key"));
        let secure = format!("OPENSSL:{desk},bind={own},verify=1,cafile=ca.pem,commonname=127.0.0.1{shown}");
        let plain = format!("TCP-LISTEN:{},bind={},reuseaddr,fork", address.port(), address.ip());
        // What comes from there was said by the desk.
        let watched = watch::speaks(&[Spoken::from(Wire::Tcp, address.port())]);
        Relay::start(address, &plain, &secure, Some(watched))
    }

    /// Takes the desk's TLS, and speaks TCP to a carrier.
    pub fn to_carrier(carrier: SocketAddr) -> Relay {
        let address = free_stream_port();
        let (port, ip) = (address.port(), address.ip());
        let secure =
            format!("OPENSSL-LISTEN:{port},bind={ip},reuseaddr,fork,verify=0,cert=desk.pem,key=desk.key");
        Relay::start(address, &secure, &format!("TCP:{carrier},retry=20,interval=0.1"), None)
    }

    fn start(address: SocketAddr, listens: &str, speaks: &str, watched: Option<Watched>) -> Relay {
        let folder = tempfile::tempdir().expect("a temporary folder");
        certificates::write(folder.path());
        let mut command = Command::new(installed("socat", "socat"));
        command.current_dir(folder.path()).args(["-d", "-d", listens, speaks]);
        let mut program = Program::start("the relay (socat)", command);
        program.wait_for("it listens", Duration::from_secs(5), |line| line.contains("listening on"));
        Relay { address, _program: program, _folder: folder, _watched: watched }
    }
}

/// A port that was free a moment ago, for programs that cannot be asked which they took.
pub fn free_stream_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}
