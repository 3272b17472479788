//! What a bridge between Opus and G.711 costs, beside libopus alone: the same packets decoded and the same sound encoded by
//! it, in the same run, turn by turn. What is above it is our own: jitter buffer, RTP, G.711, both rates' filters.
//!
//! `cargo bench -p frontdesk-benches --bench opus_beside_libopus`

use audiopus::coder::{Decoder, Encoder};
use audiopus::{Application, Bandwidth, Bitrate, Channels, MutSignals, SampleRate, Signal, packet::Packet};
use frontdesk_audio::g711;
use frontdesk_benches::machine::thread_time;
use frontdesk_benches::table::Table;
use frontdesk_identifiers::LegId;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, Order};
use frontdesk_media_protocol::{AgreedAudio, Codec};
use frontdesk_rtp_session::packet::{self, RtpPacket};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const BRIDGES: u64 = 25;
const WARM_UP_TICKS: usize = 100;
const MEASURED_TICKS: usize = 1_000;
/// A figure of one run of many is nothing: the middle of so many.
const ROUNDS: usize = 5;

/// Speech is never as steady as a tone: a pitch that wanders, with overtones, in syllables with pauses.
fn voice(rate: f64, seconds: f64, seed: u64) -> Vec<i16> {
    let mut phase = 0.0f64;
    (0..(rate * seconds) as usize)
        .map(|n| {
            let time = n as f64 / rate + seed as f64 * 0.37;
            phase += std::f64::consts::TAU * (150.0 + 40.0 * (time * 2.3).sin()) / rate;
            let overtones: f64 = (1..=16).map(|k| (phase * f64::from(k)).sin() / f64::from(k)).sum();
            let syllables =
                ((time * 11.0).sin() * 0.5 + 0.5) * f64::from(u8::from((time * 0.7).sin() > -0.4));
            (overtones * 5_000.0 * syllables) as i16
        })
        .collect()
}

fn encoder() -> Encoder {
    let mut encoder =
        Encoder::new(SampleRate::Hz16000, Channels::Mono, Application::Voip).expect("an encoder");
    encoder.set_complexity(5).expect("a complexity");
    encoder.set_signal(Signal::Voice).expect("a signal");
    encoder.set_max_bandwidth(Bandwidth::Wideband).expect("a bandwidth");
    encoder.set_bitrate(Bitrate::BitsPerSecond(24_000)).expect("a bitrate");
    encoder
}

/// One end of a bridge: what it says, packet by packet, over and over.
struct End {
    leg: LegId,
    audio: AgreedAudio,
    payloads: Vec<Vec<u8>>,
    sequence: u16,
    timestamp: u32,
}

impl End {
    fn new(leg: u64, codec: Codec) -> Self {
        let remote = SocketAddr::from(([192, 0, 2, 1], 4_000 + 2 * leg as u16));
        let number = if codec == Codec::Opus { 111 } else { 0 };
        let audio = AgreedAudio { remote_rtcp: remote, ..AgreedAudio::plain(codec, number, remote) };
        let payloads = match codec {
            Codec::Opus => {
                let encoder = encoder();
                let sound = voice(16_000.0, 4.0, leg);
                let packets = sound.chunks_exact(320).map(|frame| {
                    let mut room = [0; 400];
                    let length = encoder.encode(frame, &mut room).expect("a packet");
                    room[..length].to_vec()
                });
                packets.collect()
            }
            _ => voice(8_000.0, 4.0, leg)
                .chunks_exact(160)
                .map(|frame| frame.iter().map(|sample| g711::ulaw_of(*sample)).collect())
                .collect(),
        };
        End { leg: LegId(leg), audio, payloads, sequence: 0, timestamp: 0 }
    }

    fn says(&mut self, simulation: &mut Simulation, tick: usize) {
        let payload = &self.payloads[tick % self.payloads.len()];
        let packet = RtpPacket {
            marker: false,
            payload_type: self.audio.payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.leg.0 as u32,
            payload,
        };
        let mut bytes = [0; 500];
        let length = packet::write(&packet, &mut bytes);
        simulation.deliver(self.leg, Channel::Rtp, self.audio.remote, &bytes[..length]);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(self.audio.codec.clock_hz() / 50);
    }
}

/// libopus alone, for one bridge.
struct Floor {
    encoder: Encoder,
    decoder: Decoder,
    heard: Vec<i16>,
}

impl Floor {
    fn new(leg: u64) -> Self {
        let decoder = Decoder::new(SampleRate::Hz16000, Channels::Mono).expect("a decoder");
        // What the G.711 side says, at the rate at which it is encoded.
        Floor { encoder: encoder(), decoder, heard: voice(16_000.0, 4.0, leg) }
    }

    fn tick(&mut self, payload: &[u8], tick: usize) {
        let mut samples = [0i16; 320];
        let packet = Packet::try_from(payload).expect("a packet");
        let signals = MutSignals::try_from(&mut samples[..]).expect("room");
        std::hint::black_box(self.decoder.decode(Some(packet), signals, false)).expect("sound");
        let frames = self.heard.len() / 320;
        let mut room = [0; 480];
        let frame = &self.heard[tick % frames * 320..][..320];
        std::hint::black_box(self.encoder.encode(frame, &mut room)).expect("a packet");
    }
}

/// Microseconds of the thread's own processor time for 20 ms of one bridge: ours, and libopus alone.
fn measure() -> (f64, f64) {
    let mut simulation = Simulation::new(Duration::ZERO, [1; 32]).expect("a thread for the recorder");
    let mut ends: Vec<End> = (0..2 * BRIDGES)
        .map(|leg| End::new(leg, if leg % 2 == 0 { Codec::Opus } else { Codec::Pcmu }))
        .collect();
    let mut floors: Vec<Floor> = (0..BRIDGES).map(|bridge| Floor::new(2 * bridge + 1)).collect();
    for end in &ends {
        simulation.order(Order::Open { leg: end.leg, bind: Ipv4Addr::LOCALHOST.into() });
        simulation.order(Order::Configure { leg: end.leg, audio: end.audio });
        simulation.tick();
    }
    for pair in ends.chunks(2) {
        simulation.order(Order::Bridge { first: pair[0].leg, second: pair[1].leg });
    }
    let (mut ours, mut floor) = (Duration::ZERO, Duration::ZERO);
    for tick in 0..WARM_UP_TICKS + MEASURED_TICKS {
        if tick == WARM_UP_TICKS {
            (ours, floor) = (Duration::ZERO, Duration::ZERO);
        }
        for end in &mut ends {
            end.says(&mut simulation, tick);
        }
        let began = thread_time();
        simulation.tick();
        let between = thread_time();
        for (end, floor) in ends.iter().step_by(2).zip(&mut floors) {
            floor.tick(&end.payloads[tick % end.payloads.len()], tick);
        }
        ours += between - began;
        floor += thread_time() - between;
        for end in &ends {
            while simulation.sent(end.leg).is_some() {}
        }
        while simulation.poll().is_some() {}
    }
    let a_bridge = |time: Duration| time.as_secs_f64() * 1e6 / MEASURED_TICKS as f64 / BRIDGES as f64;
    (a_bridge(ours), a_bridge(floor))
}

fn main() {
    let mut table = Table::new();
    let mut rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| measure()).collect();
    rounds.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
    let above = |(ours, floor): (f64, f64)| (ours / floor - 1.0) * 100.0;
    let all: Vec<String> = rounds.iter().map(|round| format!("{:.1}", above(*round))).collect();
    let middle = rounds[ROUNDS / 2];
    table.note("a bridge between Opus and G.711, above libopus alone, in each round", "%", &all.join(", "));
    table.note("the bridge, of each 20 ms", "µs", &format!("{:.1}", middle.0));
    table.note("libopus alone", "µs", &format!("{:.1}", middle.1));
    table.print("cargo bench -p frontdesk-benches --bench opus_beside_libopus");
}
