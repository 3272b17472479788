//! A voice in any codec, over a network that loses in bursts, delays, reorders and repeats by a seed.
#![allow(dead_code)]

use crate::network::{PEER_SSRC, address};
use frontdesk_audio::{AudioFrame, Decoder, Encoder, OpusWishes, SampleRate};
use frontdesk_identifiers::Moment;
use frontdesk_rtp_session::{PayloadTypes, Played, RtpRemote, RtpSession, RtpSettings, packet};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    Pcmu,
    Pcma,
    G722,
    Opus,
}

impl Speaks {
    pub const ALL: [Speaks; 4] = [Speaks::Pcmu, Speaks::Pcma, Speaks::G722, Speaks::Opus];

    pub fn decoder(self) -> Decoder {
        match self {
            Speaks::Pcmu => Decoder::Pcmu,
            Speaks::Pcma => Decoder::Pcma,
            Speaks::G722 => Decoder::g722(),
            Speaks::Opus => Decoder::opus(),
        }
    }

    fn encoder(self) -> Encoder {
        match self {
            Speaks::Pcmu => Encoder::Pcmu,
            Speaks::Pcma => Encoder::Pcma,
            Speaks::G722 => Encoder::g722(),
            Speaks::Opus => {
                let mut encoder = Encoder::opus(OpusWishes { copies: true, ..OpusWishes::default() });
                encoder.network(10);
                encoder
            }
        }
    }

    pub fn rate(self) -> SampleRate {
        self.decoder().rate()
    }

    fn units_per_ms(self) -> u32 {
        if self == Speaks::Opus { 48 } else { 8 }
    }
}

/// What a network does between two times, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// The share that is lost,
    pub loss: f64,
    /// in bursts of so many packets on average.
    pub burst: f64,
    /// Delay on top of 10 ms, even up to this.
    pub jitter_ms: f64,
    /// Whether a packet may overtake another.
    pub reorders: bool,
    /// The share that comes twice.
    pub twice: f64,
}

pub const CALM: Weather = Weather { loss: 0.0, burst: 1.0, jitter_ms: 0.0, reorders: false, twice: 0.0 };

/// A call: what is spoken over it, and the weather, bad from 4 s on for so long.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    pub speaks: Speaks,
    pub packet_ms: u32,
    pub bad: Weather,
    pub bad_ms: f64,
    /// The peer's clock is faster than ours by this share.
    pub drift: f64,
    pub seed: u64,
}

pub const BAD_FROM_MS: f64 = 4_000.0;

/// What came of a call.
pub struct Outcome {
    /// What each tick played.
    pub played: Vec<Played>,
    /// All samples.
    pub heard: Vec<i16>,
    /// What was decoded from all packets in order, without a network.
    pub spoken: Vec<i16>,
    /// In which ticks nothing of the peer was heard.
    pub missing: Vec<bool>,
    /// In which ticks something was made up, or taken from the copy in the packet after it.
    pub troubled: Vec<bool>,
    /// How long each tick's first sample was under way since it was sent, if it was a whole frame.
    pub delay: Vec<Option<Duration>>,
    /// The longest run of lost packets, and all of them.
    pub longest_loss: Duration,
    pub lost: u64,
    pub session: RtpSession,
}

/// The steepest step between two samples.
pub fn steepest(samples: &[i16]) -> i32 {
    samples.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap_or(0)
}

/// A voice that glides between 105 and 165 Hz and swells, but never pauses. It begins softly.
pub fn voice(rate: SampleRate, samples: usize) -> Vec<i16> {
    let hz = f64::from(rate.hz());
    let mut angle = 0.0f64;
    let sample = |n: usize| {
        let at = n as f64 / hz;
        angle += std::f64::consts::TAU * (135.0 + 30.0 * (at * 1.3).sin()) / hz;
        let swell = (0.65 + 0.35 * (at * 5.1).sin()) * (at / 0.05).min(1.0);
        (swell * (3_500.0 * angle.sin() + 1_800.0 * (2.0 * angle).sin() + 900.0 * (5.0 * angle).sin())) as i16
    };
    (0..samples).map(sample).collect()
}

pub fn call(call: Call, seconds: u32) -> Outcome {
    let Call { speaks, packet_ms, .. } = call;
    let settings = RtpSettings {
        ssrc: 1,
        first_sequence: 0,
        first_timestamp: 0,
        payload_types: PayloadTypes::both_ways(96, None),
        remote: RtpRemote { rtp: address(4_000), rtcp: address(4_001), messages_from: None },
        cname: "desk",
        seed: [0; 32],
    };
    let mut session = RtpSession::new(&settings, speaks.decoder(), Moment::ZERO);
    // A peer with a fast clock has said all of it a little sooner.
    let (payloads, spoken) = payloads(speaks, packet_ms, seconds + 2);
    let sent = |number: usize| 3.0 + (number as u32 * packet_ms) as f64 / (1.0 + call.drift);
    let (mut arrivals, longest_loss, lost) = arrivals(call, &payloads, &sent);
    arrivals.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut arrivals = arrivals.iter().peekable();
    let mut frame = AudioFrame::silence(speaks.rate());
    let (mut played, mut heard, mut delay) = (Vec::new(), Vec::new(), Vec::new());
    let (mut missing, mut troubled) = (Vec::new(), Vec::new());
    for tick in 1..=u64::from(seconds) * 50 {
        let now = Moment::from_millis(tick * 20);
        let now_ms = tick as f64 * 20.0;
        while let Some((at, datagram)) = arrivals.next_if(|(at, _)| *at <= now_ms) {
            session.receive(datagram, address(4_000), Moment::from_nanos((at * 1e6) as u64));
        }
        let before = session.counters();
        let what = session.playout(now, &mut frame);
        let sound = matches!(what, Played::Frame { .. });
        let after = session.counters();
        troubled.push(!sound || before.packets_recovered != after.packets_recovered);
        let made_up = after.made_up - before.made_up;
        missing.push(what == Played::Silence || made_up >= Duration::from_millis(20));
        heard.extend_from_slice(frame.samples());
        delay.push(match what {
            Played::Frame { timestamp, .. } => {
                let position_ms = f64::from(timestamp.wrapping_sub(FIRST)) / f64::from(speaks.units_per_ms());
                let since_sent = now_ms - (3.0 + position_ms / (1.0 + call.drift)) - 10.0;
                Some(Duration::from_secs_f64(since_sent.max(0.0) / 1e3))
            }
            _ => None,
        });
        played.push(what);
    }
    Outcome { played, heard, spoken, missing, troubled, delay, longest_loss, lost, session }
}

const FIRST: u32 = u32::MAX - 100_000;

fn payloads(speaks: Speaks, packet_ms: u32, seconds: u32) -> (Vec<Vec<u8>>, Vec<i16>) {
    let samples = (speaks.rate().hz() / 1_000 * packet_ms) as usize;
    let voice = voice(speaks.rate(), (speaks.rate().hz() * seconds) as usize);
    let (mut encoder, mut decoder) = (speaks.encoder(), speaks.decoder());
    let mut spoken = Vec::new();
    let mut decoded = [0; 1_920];
    let encode = |chunk: &[i16]| {
        let mut payload = [0; 1_000];
        let length = encoder.encode(chunk, &mut payload);
        let count = decoder.decode(&payload[..length], &mut decoded);
        spoken.extend_from_slice(&decoded[..count]);
        payload[..length].to_vec()
    };
    let payloads = voice.as_slice().chunks_exact(samples).map(encode).collect();
    (payloads, spoken)
}

type Arrivals = Vec<(f64, Vec<u8>)>;

fn arrivals(call: Call, payloads: &[Vec<u8>], sent: &dyn Fn(usize) -> f64) -> (Arrivals, Duration, u64) {
    let mut chance = ChaCha8Rng::seed_from_u64(call.seed);
    let mut draw = move || f64::from(chance.next_u32()) / f64::from(u32::MAX);
    let (mut arrivals, mut losing, mut run, mut longest, mut lost) = (Vec::new(), false, 0, 0, 0);
    let mut last = 0.0f64;
    for (number, payload) in payloads.iter().enumerate() {
        let at = sent(number);
        let is_bad = (BAD_FROM_MS..BAD_FROM_MS + call.bad_ms).contains(&at);
        let weather = if is_bad { call.bad } else { CALM };
        // Gilbert: two states, of which one loses all.
        let stays = 1.0 - 1.0 / weather.burst;
        let begins = weather.loss / weather.burst / (1.0 - weather.loss);
        losing = draw() < if losing { stays } else { begins };
        if losing && is_bad {
            (run, lost) = (run + 1, lost + 1);
            longest = longest.max(run);
            continue;
        }
        run = 0;
        let packet = packet::RtpPacket {
            marker: false,
            payload_type: 96,
            sequence: 65_400u16.wrapping_add(number as u16),
            timestamp: FIRST.wrapping_add(number as u32 * call.packet_ms * call.speaks.units_per_ms()),
            ssrc: PEER_SSRC,
            payload,
        };
        let mut datagram = vec![0; 12 + payload.len()];
        packet::write(&packet, &mut datagram);
        let mut arrives = at + 10.0 + draw() * weather.jitter_ms;
        if !weather.reorders {
            arrives = arrives.max(last);
        }
        last = arrives;
        if draw() < weather.twice {
            arrivals.push((arrives + 7.0, datagram.clone()));
        }
        arrivals.push((arrives, datagram));
    }
    (arrivals, Duration::from_millis(longest * u64::from(call.packet_ms)), lost)
}
