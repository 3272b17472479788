//! A peer that sends, a network that delays, loses and repeats by a seed, and a clock that ticks.
#![allow(dead_code)]

use frontdesk_audio::{AudioFrame, Decoder, SampleRate, g711};
use frontdesk_identifiers::Moment;
use frontdesk_media_protocol::{SrtpKey, SrtpKeys, SrtpSuite};
use frontdesk_rtp_session::secure::Security;
use frontdesk_rtp_session::{PayloadTypes, Played, RtpCounters, RtpRemote, RtpSession, RtpSettings, packet};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::net::SocketAddr;
use std::time::Duration;

pub const PEER_SSRC: u32 = 0xfeed;
/// The peer's clock when it starts: it wraps soon.
pub const FIRST_TIMESTAMP: u32 = u32::MAX - 20_000;

pub fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

pub fn session(ssrc: u32) -> RtpSession {
    let settings = RtpSettings {
        ssrc,
        first_sequence: 65_530,
        first_timestamp: 5,
        payload_types: PayloadTypes::both_ways(0, Some(101)),
        remote: RtpRemote { rtp: address(4_000), rtcp: address(4_001), messages_from: None },
        cname: "desk",
        seed: [7; 32],
    };
    RtpSession::new(&settings, Decoder::Pcmu, Moment::ZERO)
}

/// Keys of the same bytes in one direction each: what one side sends with, the other one receives with.
pub fn security(suite: SrtpSuite, send: u8, receive: u8) -> Option<Box<Security>> {
    let key = |byte| SrtpKey::new(suite, &vec![byte; suite.key_bytes() + suite.salt_bytes()]).unwrap();
    Some(Box::new(Security::new(&SrtpKeys { suite, send: key(send), receive: key(receive) })))
}

pub const SUITES: [SrtpSuite; 4] = [
    SrtpSuite::AesCm128HmacSha1_80,
    SrtpSuite::AesCm128HmacSha1_32,
    SrtpSuite::AeadAes128Gcm,
    SrtpSuite::AeadAes256Gcm,
];

/// What a network does to packets.
#[derive(Debug, Clone, Copy)]
pub struct Network {
    /// Each packet is delayed by 10 ms and up to this much more.
    pub jitter_ms: f64,
    /// The share that is lost.
    pub loss: f64,
    /// The share that comes twice.
    pub twice: f64,
    /// Nothing comes between these times; what was sent then comes at the end, all at once.
    pub stall_ms: (f64, f64),
    /// The peer's clock is faster than ours by this share.
    pub drift: f64,
    /// The length of its packets.
    pub packet_ms: u32,
    /// Where in the tick its first packet is sent.
    pub phase_ms: f64,
    /// Its sound is so soft that leaving some out is not heard.
    pub quiet: bool,
    pub seed: u64,
}

impl Default for Network {
    fn default() -> Self {
        Network {
            jitter_ms: 0.0,
            loss: 0.0,
            twice: 0.0,
            stall_ms: (0.0, 0.0),
            drift: 0.0,
            packet_ms: 20,
            phase_ms: 3.0,
            quiet: false,
            seed: 1,
        }
    }
}

/// The payload byte of a sample, by which it is known again.
pub fn code_of(timestamp: u32, quiet: bool) -> u8 {
    let name = (timestamp.wrapping_sub(FIRST_TIMESTAMP) % 8_009) as u8;
    if quiet { 0xf0 | (name & 0x0f) } else { name & 0x8f }
}

/// One tick's outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Heard {
    Frame { timestamp: u32, waited: Duration, late: Duration },
    Conceal,
    Silence,
}

/// Lets the peer send for so many seconds; what each tick played. Asserts on the way that every frame holds
/// the samples of its timestamp, but for what was stretched or blended, and that no sample is played twice or out of order.
pub fn listen(session: &mut RtpSession, network: Network, seconds: u32) -> Vec<Heard> {
    let arrivals = arrivals(network, seconds);
    let mut arrivals = arrivals.iter().peekable();
    let mut heard = Vec::new();
    let mut next_sample = 0i64;
    let mut frame = AudioFrame::silence(SampleRate::Narrow);
    let mut before = session.counters();
    for tick in 1..=u64::from(seconds) * 50 {
        let now = Moment::from_millis(tick * 20);
        while let Some((at, datagram)) = arrivals.next_if(|(at, _)| *at <= now) {
            session.receive(datagram, address(4_000), *at);
        }
        let played = session.playout(now, &mut frame);
        let counters = session.counters();
        // What is heard once more for the delay's sake was heard once before.
        let repeated = ((counters.repeated - before.repeated).as_nanos() / 125_000) as i64;
        heard.push(match played {
            Played::Concealed => {
                next_sample -= repeated;
                Heard::Conceal
            }
            Played::Silence => Heard::Silence,
            Played::Frame { arrived, timestamp } => {
                let sample = i64::from(timestamp.wrapping_sub(FIRST_TIMESTAMP));
                assert!(sample >= next_sample, "a sample is played twice or out of order");
                next_sample = sample + 160 - repeated;
                let blended = !matches!(heard.last(), Some(Heard::Frame { .. }));
                let from = untouched_from(blended, &before, &counters);
                for n in from..160 {
                    let code = code_of(timestamp.wrapping_add(n as u32), network.quiet);
                    assert_eq!(frame.samples()[n], g711::ulaw_sample(code), "the sound of another time");
                }
                let sent = network.phase_ms + sample as f64 / 8.0 / (1.0 + network.drift);
                let late = now.as_nanos() as f64 / 1e6 - sent;
                let late = Duration::from_secs_f64(late.max(0.0) / 1e3);
                Heard::Frame { timestamp, waited: now.since(arrived), late }
            }
        });
        before = counters;
    }
    heard
}

/// From which sample on a frame must be what was sent.
fn untouched_from(blended: bool, before: &RtpCounters, after: &RtpCounters) -> usize {
    if after.left_out != before.left_out || after.repeated != before.repeated {
        160
    } else if blended || after.packets_overflown != before.packets_overflown {
        80
    } else {
        0
    }
}

fn arrivals(network: Network, seconds: u32) -> Vec<(Moment, Vec<u8>)> {
    let mut chance = ChaCha8Rng::seed_from_u64(network.seed);
    let mut draw = move || f64::from(chance.next_u32()) / f64::from(u32::MAX);
    let mut arrivals = Vec::new();
    let samples = network.packet_ms * 8;
    for number in 0..seconds * 1_000 / network.packet_ms {
        let timestamp = FIRST_TIMESTAMP.wrapping_add(number * samples);
        let payload: Vec<u8> =
            (0..samples).map(|n| code_of(timestamp.wrapping_add(n), network.quiet)).collect();
        let packet = packet::RtpPacket {
            marker: number == 0,
            payload_type: 0,
            sequence: (65_000u32.wrapping_add(number)) as u16,
            timestamp,
            ssrc: PEER_SSRC,
            payload: &payload,
        };
        let mut datagram = vec![0; 12 + payload.len()];
        packet::write(&packet, &mut datagram);
        let sent = network.phase_ms + f64::from(number * network.packet_ms) / (1.0 + network.drift);
        let mut at = sent + 10.0 + draw() * network.jitter_ms;
        let (from, to) = network.stall_ms;
        if (from..to).contains(&at) {
            at = to;
        }
        let at = Moment::from_nanos((at * 1e6) as u64);
        if draw() < network.loss {
            continue;
        }
        if draw() < network.twice {
            arrivals.push((at + Duration::from_millis(7), datagram.clone()));
        }
        arrivals.push((at, datagram));
    }
    arrivals.sort_by_key(|(at, _)| *at);
    arrivals
}

pub fn concealed(heard: &[Heard]) -> usize {
    heard.iter().filter(|h| **h == Heard::Conceal).count()
}

/// The longest time from sending to playing, beyond the 10 ms that the network takes at least.
pub fn latest(heard: &[Heard]) -> Duration {
    let late = heard.iter().filter_map(|h| match h {
        Heard::Frame { late, .. } => Some(late.saturating_sub(Duration::from_millis(10))),
        Heard::Conceal | Heard::Silence => None,
    });
    late.max().unwrap_or_default()
}
