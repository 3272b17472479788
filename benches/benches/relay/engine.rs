//! The desk's media engine in a process of its own, so that its memory and time are its own: this program, started again.

use super::traffic::Relayed;
use frontdesk_identifiers::LegId;
use frontdesk_media_engine::{EngineSettings, MediaEngine, Order};
use frontdesk_media_protocol::{AgreedAudio, Codec, Direction, MediaEvent, OpusTerms};
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// The argument by which this program knows that it is the engine.
pub const ARGUMENT: &str = "--engine";

/// The engine's process, seen from the bench.
pub struct Engine {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Engine {
    /// Starts it.
    pub fn start() -> Result<Engine, String> {
        let start = || -> std::io::Result<Engine> {
            let mut child = Command::new(std::env::current_exe()?)
                .arg(ARGUMENT)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let missing = || std::io::Error::other("no pipe");
            let to = child.stdin.take().ok_or_else(missing)?;
            let from = BufReader::new(child.stdout.take().ok_or_else(missing)?);
            Ok(Engine { child, to, from })
        };
        start().map_err(|error| format!("the engine's process does not start: {error}"))
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Has it bridge a caller and a callee.
    pub fn relay(&mut self, caller: SocketAddr, callee: SocketAddr) -> Result<Relayed, String> {
        writeln!(self.to, "{caller} {callee}").map_err(|error| error.to_string())?;
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(|error| error.to_string())?;
        let mut addresses = line.split_whitespace().map(str::parse);
        match (addresses.next(), addresses.next()) {
            (Some(Ok(caller_sends_to)), Some(Ok(callee_sends_to))) => {
                Ok(Relayed { caller_sends_to, callee_sends_to })
            }
            _ => Err(format!("the engine says: {line}")),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The engine's process itself: a line with two addresses in, a line with the two ports that serve them out.
pub fn serve() -> Result<(), String> {
    let mut engine = MediaEngine::start(EngineSettings {
        ports: 0..=0,
        realtime: true,
        no_media_after: Duration::from_secs(60),
        wake: None,
        epoch: Instant::now(),
        seed: [7; 32],
    })
    .map_err(|error| error.to_string())?;
    let mut leg = 0;
    for line in std::io::stdin().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let mut ports = Vec::new();
        for party in line.split_whitespace() {
            let party: SocketAddr = party.parse().map_err(|_| format!("{party} is no address"))?;
            leg += 1;
            ports.push(open(&mut engine, LegId(leg), party)?);
        }
        engine.order(Order::Bridge { first: LegId(leg - 1), second: LegId(leg) });
        println!("{}", ports.join(" "));
        while engine.poll().is_some() {}
    }
    engine.stop();
    Ok(())
}

fn open(engine: &mut MediaEngine, leg: LegId, party: SocketAddr) -> Result<String, String> {
    engine.order(Order::Open { leg, bind: IpAddr::V4(Ipv4Addr::LOCALHOST) });
    let until = Instant::now() + Duration::from_secs(2);
    let address = loop {
        match engine.poll() {
            Some(MediaEvent::PortOpened { address, .. }) => break address,
            Some(MediaEvent::PortFailed { fault, .. }) => return Err(format!("no port: {fault:?}")),
            _ if Instant::now() > until => return Err("no port in 2 s".into()),
            _ => {}
        }
    };
    let audio = AgreedAudio {
        remote: party,
        remote_rtcp: party,
        messages_from: None,
        codec: Codec::Pcmu,
        payload_type: 0,
        receive_payload_type: 0,
        telephone_event: Some(101),
        receive_telephone_event: Some(101),
        telephone_event_hz: 8_000,
        packet_ms: 20,
        opus: OpusTerms::default(),
        comfort_noise: false,
        rtcp_mux: false,
        secure: None,
        direction: Direction::SendReceive,
    };
    engine.order(Order::Configure { leg, audio });
    Ok(address.to_string())
}
