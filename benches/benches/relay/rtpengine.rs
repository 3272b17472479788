//! rtpengine as a relay in user space, told about calls by its own protocol (ng: bencode over UDP).

use super::traffic::Relayed;
use frontdesk_benches::machine;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const OPENING: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(2);

/// Where the program is.
pub fn program() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&folders).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join("rtpengine")).find(|file| file.is_file())
}

/// A running one.
pub struct Rtpengine {
    child: Child,
    control: UdpSocket,
    asked: u32,
}

impl Rtpengine {
    /// Starts one without its kernel module, in the same scheduling class as the desk's media thread, and waits until it answers.
    pub fn start() -> Result<Rtpengine, String> {
        let program = program().ok_or("rtpengine is not installed")?;
        let start = || -> std::io::Result<Rtpengine> {
            let address = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
            let mut command = Command::new(program);
            command.args([
                "--foreground",
                "--table=-1",
                "--interface=127.0.0.1",
                "--log-level=3",
                "--no-fallback",
            ]);
            command.args(["--port-min=30000", "--port-max=49999", "--config-file=none"]);
            command.arg(format!("--listen-ng={address}"));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            // SAFETY: between fork and exec only one system call is made, which allocates nothing.
            unsafe {
                command.pre_exec(|| {
                    machine::hurry_for_good();
                    Ok(())
                })
            };
            let child = command.spawn()?;
            let control = UdpSocket::bind("127.0.0.1:0")?;
            control.connect(address)?;
            control.set_read_timeout(Some(ANSWER))?;
            Ok(Rtpengine { child, control, asked: 0 })
        };
        let mut rtpengine = start().map_err(|error| format!("rtpengine does not start: {error}"))?;
        let until = Instant::now() + OPENING;
        while Instant::now() < until {
            if rtpengine.ask("d7:command4:pinge").is_ok_and(|answer| answer.contains("4:pong")) {
                return Ok(rtpengine);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("rtpengine does not answer".into())
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Has it relay a call between a caller and a callee.
    pub fn relay(&mut self, call: usize, caller: SocketAddr, callee: SocketAddr) -> Result<Relayed, String> {
        let id = format!("call-{call}");
        let offered = self.describe("offer", &id, caller)?;
        let answered = self.describe("answer", &id, callee)?;
        // What the offer became is what the callee sends to, and the other way round.
        Ok(Relayed { caller_sends_to: answered, callee_sends_to: offered })
    }

    fn describe(&mut self, command: &str, id: &str, party: SocketAddr) -> Result<SocketAddrV4, String> {
        let (ip, port) = (party.ip(), party.port());
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n\
             a=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
        );
        let mut fields = vec![("call-id", id), ("command", command), ("from-tag", "caller"), ("sdp", &sdp)];
        if command == "answer" {
            fields.push(("to-tag", "callee"));
        }
        let text = |text: &str| format!("{}:{text}", text.len());
        let fields: String = fields.iter().map(|(name, value)| text(name) + &text(value)).collect();
        let answer = self.ask(&format!("d{fields}e"))?;
        let port = answer
            .split("m=audio ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next()?.parse().ok())
            .ok_or_else(|| format!("rtpengine refuses: {answer}"))?;
        Ok(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
    }

    fn ask(&mut self, what: &str) -> Result<String, String> {
        self.asked += 1;
        let cookie = format!("bench{}", self.asked);
        let mut answer = [0; 4_096];
        let asked = || -> std::io::Result<usize> {
            self.control.send(format!("{cookie} {what}").as_bytes())?;
            self.control.recv(&mut answer)
        }();
        let length = asked.map_err(|error| error.to_string())?;
        let answer = String::from_utf8_lossy(answer.get(..length).unwrap_or_default()).into_owned();
        answer.strip_prefix(&cookie).map(str::to_owned).ok_or_else(|| format!("not an answer: {answer}"))
    }
}

impl Drop for Rtpengine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
