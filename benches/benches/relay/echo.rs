//! The floor: datagrams that are only received and sent again, by batches, in a process of its own.

use super::traffic::Relayed;
use frontdesk_benches::datagrams::{Batch, widen};
use frontdesk_benches::machine;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::process::{Child, ChildStdout, Command, Stdio};

/// The argument by which this program knows that it is the echo.
pub const ARGUMENT: &str = "--echo";

/// The echo's process, seen from the bench.
pub struct Echo {
    child: Child,
    address: SocketAddrV4,
}

impl Echo {
    /// Starts it between the callers' and the callees' sockets.
    pub fn between(callers: SocketAddr, callees: SocketAddr) -> Result<Echo, String> {
        let start = || -> std::io::Result<(Child, String)> {
            let mut child = Command::new(std::env::current_exe()?)
                .arg(ARGUMENT)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            if let Some(to) = &mut child.stdin {
                writeln!(to, "{callers} {callees}")?;
            }
            let mut line = String::new();
            let from: Option<ChildStdout> = child.stdout.take();
            from.map(|from| BufReader::new(from).read_line(&mut line)).transpose()?;
            Ok((child, line))
        };
        let (child, line) = start().map_err(|error| format!("the echo's process does not start: {error}"))?;
        let address = line.trim().parse().map_err(|_| format!("the echo says: {line}"))?;
        Ok(Echo { child, address })
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    pub fn relay(&self) -> Relayed {
        Relayed { caller_sends_to: self.address, callee_sends_to: self.address }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The echo's process itself: what comes from the callers goes to the callees, and the other way round.
pub fn serve() -> Result<(), String> {
    let run = || -> std::io::Result<()> {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        let mut parties = line.split_whitespace().map(|party| party.parse::<SocketAddrV4>());
        let (Some(Ok(callers)), Some(Ok(callees))) = (parties.next(), parties.next()) else {
            return Err(std::io::Error::other(format!("two addresses, not {line}")));
        };
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        widen(&socket, 8 << 20);
        println!("{}", socket.local_addr()?);
        machine::hurry();
        let (mut came, mut goes) = (Batch::new(), Batch::new());
        loop {
            came.receive(&socket, true)?;
            for (from, bytes, _) in came.datagrams() {
                let to = if from == SocketAddr::V4(callers) { callees } else { callers };
                goes.push(to, |room| {
                    let length = bytes.len().min(room.len());
                    room[..length].copy_from_slice(&bytes[..length]);
                    length
                });
            }
            goes.send(&socket);
        }
    };
    run().map_err(|error| error.to_string())
}
