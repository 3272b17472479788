//! Where 20 ms of 500 G.711 legs go, stage by stage, and what the same legs cost with real sockets.
//!
//! `cargo bench -p frontdesk-benches --bench tick_500_g711` runs without sockets; with `-- --sockets` the legs are
//! also carried over loopback by a whole engine, whose thread's processor time is read from the kernel.

use frontdesk_audio::{Prompt, g711};
use frontdesk_identifiers::LegId;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{
    Channel, EngineSettings, MediaEngine, Order, Probe, SPOKES, Stage, TICK, speech_ring,
};
use frontdesk_media_protocol::{
    AgreedAudio, Audience, Codec, ListeningId, MediaEvent, PlaybackId, RoomId, SpeechFrame,
};
use frontdesk_rtp_session::packet::{self, RtpPacket};
use ringbuf::HeapCons;
use ringbuf::traits::Consumer;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LEGS: u64 = 500;
const WARM_UP_TICKS: usize = 100;
const MEASURED_TICKS: usize = 1_000;
const SOCKET_SECONDS: u64 = 4;

/// What the legs are doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Load {
    /// Every leg gets a prompt; its party is silent on the line but sends.
    Prompts,
    /// 250 bridges, µ-law to A-law.
    Bridges,
    /// A desk at work: 250 legs bridged, 250 in prompts; of these 100 are listened to; 50 legs are recorded.
    Desk,
    /// Four conferences of 125, in which all speak at a time.
    Rooms,
}

/// A clock for the stages: the time since the last mark belongs to the stage of the mark.
struct StageClock {
    since: Instant,
    spent: [Duration; Stage::ALL.len()],
    marks: u64,
}

impl StageClock {
    fn new() -> Self {
        StageClock { since: Instant::now(), spent: [Duration::ZERO; Stage::ALL.len()], marks: 0 }
    }
}

impl Probe for StageClock {
    fn mark(&mut self, stage: Stage) {
        let now = Instant::now();
        self.spent[stage as usize] += now - self.since;
        self.since = now;
        self.marks += 1;
    }

    fn begin(&mut self) {
        self.since = Instant::now();
    }
}

/// The far end of a leg.
struct Party {
    leg: LegId,
    address: SocketAddr,
    codec: Codec,
    sequence: u16,
    timestamp: u32,
}

impl Party {
    fn new(leg: u64, address: SocketAddr) -> Self {
        let codec = if leg.is_multiple_of(2) { Codec::Pcmu } else { Codec::Pcma };
        Party { leg: LegId(leg), address, codec, sequence: 0, timestamp: 0 }
    }

    fn audio(&self) -> AgreedAudio {
        AgreedAudio {
            remote_rtcp: self.address,
            telephone_event: Some(101),
            receive_telephone_event: Some(101),
            ..AgreedAudio::plain(self.codec, if self.codec == Codec::Pcmu { 0 } else { 8 }, self.address)
        }
    }

    /// The next packet of a voice-like sound: a tone with a slow swell.
    fn packet(&mut self, out: &mut [u8; 172]) {
        let samples: [i16; 160] = std::array::from_fn(|at| {
            let time = (self.timestamp.wrapping_add(at as u32)) as f32 / 8_000.0;
            ((time * 1_100.0).sin() * (time * 9.0).sin() * 9_000.0) as i16
        });
        let mut payload = [0; 160];
        match self.codec {
            Codec::Pcmu => g711::encode_ulaw(&samples, &mut payload),
            Codec::Pcma => g711::encode_alaw(&samples, &mut payload),
            Codec::G722 | Codec::Opus => unreachable!("these legs speak G.711"),
        }
        let packet = RtpPacket {
            marker: false,
            payload_type: if self.codec == Codec::Pcmu { 0 } else { 8 },
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.leg.0 as u32,
            payload: &payload,
        };
        packet::write(&packet, out);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(160);
    }
}

/// The orders that make the load, and the ears' ends of the rings.
fn orders(load: Load, folder: &std::path::Path) -> (Vec<Order>, Vec<HeapCons<SpeechFrame>>) {
    let prompt = Arc::new(Prompt::ringback());
    let (mut orders, mut ears) = (Vec::new(), Vec::new());
    for number in 0..LEGS {
        let leg = LegId(number);
        let bridged = load == Load::Bridges || (load == Load::Desk && number < LEGS / 2);
        if bridged && number.is_multiple_of(2) {
            orders.push(Order::Bridge { first: leg, second: LegId(number + 1) });
        }
        if load == Load::Rooms {
            let room = RoomId(number / 125);
            orders.push(Order::JoinRoom { leg, room, audience: Audience::Everybody, announced: false });
        }
        if !bridged && load != Load::Rooms {
            let prompt = Arc::clone(&prompt);
            orders.push(Order::Play { leg, playback: PlaybackId(number), prompt, repeat: true });
        }
        if load == Load::Desk && !bridged && number < LEGS / 2 + 100 {
            let (ring, ear) = speech_ring();
            ears.push(ear);
            orders.push(Order::Listen { leg, listening: ListeningId(number), ring });
        }
        if load == Load::Desk && number.is_multiple_of(10) {
            orders.push(Order::Record { leg, path: folder.join(format!("{number}.wav")) });
        }
    }
    (orders, ears)
}

fn without_sockets(load: Load) {
    let folder = std::env::temp_dir().join(format!("frontdesk-tick-{}-{load:?}", std::process::id()));
    let mut simulation = Simulation::new(Duration::ZERO, [1; 32]).expect("a thread for the recorder");
    let mut parties: Vec<Party> = (0..LEGS)
        .map(|leg| Party::new(leg, SocketAddr::from(([192, 0, 2, 1], 4_000 + leg as u16))))
        .collect();
    for party in &parties {
        simulation.order(Order::Open { leg: party.leg, bind: Ipv4Addr::LOCALHOST.into() });
        simulation.order(Order::Configure { leg: party.leg, audio: party.audio() });
        simulation.tick();
    }
    let (orders, mut ears) = orders(load, &folder);
    for order in orders {
        simulation.order(order);
    }
    let mut clock = StageClock::new();
    let mut bytes = [0; 172];
    let mut slowest = Duration::ZERO;
    for tick in 0..WARM_UP_TICKS + MEASURED_TICKS {
        for party in &mut parties {
            party.packet(&mut bytes);
            simulation.deliver(party.leg, Channel::Rtp, party.address, &bytes);
        }
        if tick == WARM_UP_TICKS {
            clock = StageClock::new();
            slowest = Duration::ZERO;
        }
        let began = Instant::now();
        for _ in 0..SPOKES {
            simulation.step_with(&mut clock);
        }
        slowest = slowest.max(began.elapsed());
        while simulation.poll().is_some() {}
        for ear in &mut ears {
            ear.clear();
        }
    }
    print(load, &clock, slowest);
    drop(simulation);
    let _ = std::fs::remove_dir_all(folder);
}

fn print(load: Load, clock: &StageClock, slowest: Duration) {
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / MEASURED_TICKS as f64;
    let a_mark = mark_nanos();
    let total: f64 = clock.spent.iter().copied().map(micros).sum();
    let marks = clock.marks as f64 * a_mark / 1e3 / MEASURED_TICKS as f64;
    println!("\n{load:?}: {LEGS} legs, {MEASURED_TICKS} ticks");
    for stage in Stage::ALL {
        let spent = micros(clock.spent[stage as usize]);
        let name = format!("{stage:?}");
        println!("  {name:<10} {spent:>8.1} µs a tick  {:>6.0} ns a leg", spent * 1e3 / LEGS as f64);
    }
    println!("  {:<10} {total:>8.1} µs a tick, {marks:.1} µs of them the clock of this bench", "all");
    println!("  {:<10} {:>8.1} µs (preemption included)", "slowest", slowest.as_secs_f64() * 1e6);
}

/// What one mark costs, so that it can be told apart.
fn mark_nanos() -> f64 {
    let mut clock = StageClock::new();
    let began = Instant::now();
    for _ in 0..1_000_000 {
        std::hint::black_box(&mut clock).mark(Stage::Route);
    }
    began.elapsed().as_secs_f64() * 1e9 / 1e6
}

/// Processor time of this process' thread of a name, from the kernel, in nanoseconds.
fn thread_time_ns(name: &str) -> Option<u64> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let task = tasks
        .flatten()
        .map(|task| task.path())
        .find(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim_end() == name))?;
    let times = std::fs::read_to_string(task.join("schedstat")).ok()?;
    times.split_whitespace().next()?.parse().ok()
}

fn with_sockets(load: Load) {
    let folder = std::env::temp_dir().join(format!("frontdesk-tick-sockets-{}-{load:?}", std::process::id()));
    let settings = EngineSettings {
        one_port: None,
        ports: 0..=0,
        realtime: true,
        no_media_after: Duration::ZERO,
        wake: None,
        epoch: Instant::now(),
        seed: [2; 32],
    };
    let mut engine = MediaEngine::start(settings).expect("an engine");
    // One socket is all the telephones; what the engine sends to it is dropped by the kernel when it is full.
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    let mut parties = connected(&mut engine, socket.local_addr().expect("its address"));
    let (orders, mut ears) = orders(load, &folder);
    orders.into_iter().for_each(|order| engine.order(order));
    let ticks = SOCKET_SECONDS * 1_000 / TICK.as_millis() as u64;
    let began = Instant::now();
    let before = thread_time_ns("media");
    let mut bytes = [0; 172];
    for tick in 0..ticks {
        for (at, (party, desk)) in parties.iter_mut().enumerate() {
            party.packet(&mut bytes);
            let _ = socket.send_to(&bytes, *desk);
            // Telephones do not speak in chorus: a tick's packets come in twenty groups.
            if at % 25 == 24 {
                let due = TICK * tick as u32 + TICK * (at as u32 + 1) / LEGS as u32;
                std::thread::sleep((began + due).saturating_duration_since(Instant::now()));
            }
        }
        while engine.poll().is_some() {}
        for ear in &mut ears {
            ear.clear();
        }
    }
    let spent = thread_time_ns("media").zip(before).map(|(after, before)| after - before);
    let ticks = began.elapsed().as_secs_f64() / TICK.as_secs_f64();
    let (received, skipped) = closed(&mut engine);
    println!(
        "\n{load:?} with sockets: {LEGS} legs, {SOCKET_SECONDS} s, scheduling {:?}",
        engine.scheduling()
    );
    match spent {
        Some(spent) => {
            let micros = spent as f64 / 1e3 / ticks;
            println!(
                "  media thread {micros:.0} µs a tick, {:.3} % of a core a leg",
                micros / 200.0 / LEGS as f64
            );
        }
        None => println!("  the kernel does not say what the thread cost"),
    }
    println!("  {received} packets received, {skipped} leg ticks skipped");
    engine.stop();
    let _ = std::fs::remove_dir_all(folder);
}

/// Opens the legs; each party with the desk's address for it.
fn connected(engine: &mut MediaEngine, here: SocketAddr) -> Vec<(Party, SocketAddr)> {
    let mut parties = Vec::new();
    for number in 0..LEGS {
        let party = Party::new(number, here);
        engine.order(Order::Open { leg: party.leg, bind: Ipv4Addr::LOCALHOST.into() });
        let desk = loop {
            match engine.poll() {
                Some(MediaEvent::PortOpened { address, .. }) => break address,
                Some(MediaEvent::PortFailed { fault, .. }) => panic!("{fault:?}: are 1,100 files allowed?"),
                _ => {}
            }
        };
        engine.order(Order::Configure { leg: party.leg, audio: party.audio() });
        parties.push((party, desk));
    }
    parties
}

/// Closes the legs; the packets that they received and the ticks that they skipped.
fn closed(engine: &mut MediaEngine) -> (u64, u64) {
    for leg in 0..LEGS {
        engine.order(Order::Close { leg: LegId(leg) });
    }
    let (mut closed, mut received, mut skipped) = (0, 0, 0);
    while closed < LEGS {
        if let Some(MediaEvent::PortClosed { counters, .. }) = engine.poll() {
            closed += 1;
            received += counters.packets_received;
            skipped += counters.ticks_skipped;
        }
        std::thread::yield_now();
    }
    (received, skipped)
}

fn main() {
    let sockets = std::env::args().any(|argument| argument == "--sockets");
    for load in [Load::Prompts, Load::Bridges, Load::Desk, Load::Rooms] {
        without_sockets(load);
    }
    if sockets {
        for load in [Load::Prompts, Load::Bridges, Load::Desk, Load::Rooms] {
            with_sockets(load);
        }
    }
}
