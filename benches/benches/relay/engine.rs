//! The desk's media engine in a process of its own, so that its memory and time are its own: this program, started again.

use super::traffic::Relayed;
use frontdesk_audio::Prompt;
use frontdesk_identifiers::LegId;
use frontdesk_media_engine::{EngineSettings, MediaEngine, Order};
use frontdesk_media_protocol::{AgreedAudio, Codec, MediaEvent, PlaybackId};
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The argument by which this program knows that it is the engine.
pub const ARGUMENT: &str = "--engine";

/// What the engine does with the two legs of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It passes on what they say.
    Relay,
    /// The same, while a recorder listens: both legs are decoded and encoded again.
    Record,
    /// It plays each a sound.
    Play,
}

impl Doing {
    const ALL: [(&'static str, Doing); 3] =
        [("frontdesk", Doing::Relay), ("frontdesk-records", Doing::Record), ("frontdesk-plays", Doing::Play)];

    /// By the name of the rival.
    pub fn named(name: &str) -> Option<Doing> {
        Doing::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, doing)| doing)
    }

    fn name(self) -> &'static str {
        Doing::ALL.into_iter().find(|(_, doing)| *doing == self).map_or("", |(name, _)| name)
    }
}

/// How often the engine is polled, at least.
const LOOK: Duration = Duration::from_millis(100);

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

    /// Has it serve a caller and a callee.
    pub fn serve(&mut self, doing: Doing, caller: SocketAddr, callee: SocketAddr) -> Result<Relayed, String> {
        writeln!(self.to, "{} {caller} {callee}", doing.name()).map_err(|error| error.to_string())?;
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

/// The engine's process itself: a line with what to do for which two addresses in, a line with the two ports that serve
/// them out.
pub fn serve() -> Result<(), String> {
    let mut engine = MediaEngine::start(EngineSettings {
        one_port: None,
        ports: 0..=0,
        realtime: true,
        no_media_after: Duration::from_secs(60),
        wake: None,
        epoch: Instant::now(),
        seed: [7; 32],
    })
    .map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let prompt = Arc::new(Prompt::from_pcm_8k(tune()));
    let mut leg = 0;
    let (calls, wanted) = channel();
    std::thread::spawn(move || {
        std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| calls.send(line))
    });
    loop {
        // What the media thread had no room for is moved on by whoever polls, as the desk does when the bell rings.
        while engine.poll().is_some() {}
        let line = match wanted.recv_timeout(LOOK) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let mut ports = Vec::new();
        let mut words = line.split_whitespace();
        let doing = words.next().and_then(Doing::named).ok_or("it is not said what to do")?;
        for party in words {
            let party: SocketAddr = party.parse().map_err(|_| format!("{party} is no address"))?;
            leg += 1;
            ports.push(open(&mut engine, LegId(leg), party)?);
        }
        let (first, second) = (LegId(leg - 1), LegId(leg));
        match doing {
            Doing::Relay => engine.order(Order::Bridge { first, second }),
            Doing::Record => {
                engine.order(Order::Bridge { first, second });
                let path = folder.path().join(format!("{leg}.wav"));
                engine.order(Order::Record { leg: first, path });
            }
            Doing::Play => {
                for leg in [first, second] {
                    let (playback, prompt) = (PlaybackId(leg.0), Arc::clone(&prompt));
                    engine.order(Order::Play { leg, playback, prompt, repeat: true });
                }
            }
        }
        println!("{}", ports.join(" "));
    }
    engine.stop();
    Ok(())
}

/// Four seconds of a sound that rises and falls.
fn tune() -> Vec<i16> {
    (0..32_000u32)
        .map(|at| ((f64::from(at) * 0.3).sin() * (f64::from(at) * 0.002).sin() * 9_000.0) as i16)
        .collect()
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
        remote_rtcp: party,
        telephone_event: Some(101),
        receive_telephone_event: Some(101),
        ..AgreedAudio::plain(Codec::Pcmu, 0, party)
    };
    engine.order(Order::Configure { leg, audio });
    Ok(address.to_string())
}
