//! Whatever is ordered, each party hears one stream: numbers without a hole, times that only grow, and no burst.

mod party;

use frontdesk_audio::Prompt;
use frontdesk_identifiers::LegId;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Order, speech_ring};
use frontdesk_media_protocol::{
    AgreedAudio, Audience, Codec, Direction, ListeningId, MediaEvent, PlaybackId, RoomId,
};
use party::{EVENT_TYPE, Heard, Party, events};
use std::sync::Arc;
use std::time::Duration;

const PARTIES: u64 = 5;
const TICKS: u64 = 600;
/// What was held back here goes at once where passing on begins, beside the packets of a tick and a key's.
const MOST_AT_ONCE: usize = 8;

/// A sequence that looks like chance and is the same for a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// One more order for somebody.
fn order(chance: &mut Chance, parties: &[Party], number: u64, prompt: &Arc<Prompt>) -> Order {
    let leg = LegId(chance.below(PARTIES));
    let other = LegId((leg.0 + 1 + chance.below(PARTIES - 1)) % PARTIES);
    let (playback, listening, prompt) = (PlaybackId(number), ListeningId(7), Arc::clone(prompt));
    let configure = |direction| {
        let audio = AgreedAudio { direction, ..parties[leg.0 as usize].audio() };
        Order::Configure { leg, audio }
    };
    match chance.below(16) {
        0..5 => Order::Bridge { first: leg, second: other },
        5 => Order::Unbridge { first: leg, second: other },
        6 => Order::Play { leg, playback, prompt, repeat: false },
        7 => Order::PlayToRoom { room: RoomId(1), playback, prompt, repeat: false },
        8 => Order::Listen { leg, listening, ring: speech_ring().0 },
        9 => Order::StopListening { leg, listening },
        10 => Order::SendDigits { leg, digits: "19".into() },
        11 => configure(Direction::SendOnly),
        12 => configure(Direction::SendReceive),
        13 => {
            let audience = [Audience::Everybody, Audience::Nobody, Audience::Only(vec![other])];
            let audience = audience[chance.below(3) as usize].clone();
            Order::JoinRoom { leg, room: RoomId(chance.below(2)), audience, announced: chance.below(2) == 0 }
        }
        14 => Order::LeaveRoom { leg, room: RoomId(chance.below(2)) },
        _ => configure(Direction::SendReceive),
    }
}

/// What is wrong with a stream, if anything is.
fn fault(heard: &[Heard]) -> Option<String> {
    for (at, pair) in heard.windows(2).enumerate() {
        if pair[1].sequence != pair[0].sequence.wrapping_add(1) {
            return Some(format!("packet {at}: number {} after {}", pair[1].sequence, pair[0].sequence));
        }
    }
    let sound: Vec<&Heard> = heard.iter().filter(|packet| packet.payload_type != EVENT_TYPE).collect();
    for pair in sound.windows(2) {
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp) as i32;
        if step < pair[0].payload.len() as i32 {
            return Some(format!("at {} ms: a step of {step}", pair[1].at_ms));
        }
    }
    for packets in heard.chunk_by(|one, other| one.at_ms == other.at_ms) {
        if packets.len() > MOST_AT_ONCE {
            return Some(format!("at {} ms: {} packets at once", packets[0].at_ms, packets.len()));
        }
    }
    // The stream's time does not run ahead of the clock: what went at once where passing on began would otherwise add up
    // with the hearer. Behind the clock it may be, by what the jitter buffer held each time that passing on ended.
    let (first, last) = (sound.first()?, sound.last()?);
    let streamed_ms = i64::from(last.timestamp.wrapping_sub(first.timestamp) as i32) / 8;
    let lag_ms = (last.at_ms - first.at_ms) as i64 - streamed_ms;
    (!(-500..1_500).contains(&lag_ms)).then(|| format!("the stream lags {lag_ms} ms behind the clock"))
}

fn story(seed: u64) {
    let mut chance = Chance(seed);
    let mut simulation = Simulation::new(Duration::from_secs(1), [seed as u8; 32]).unwrap();
    let codec = |leg: u64| if leg == 4 { Codec::Pcma } else { Codec::Pcmu };
    let mut parties: Vec<Party> =
        (0..PARTIES).map(|leg| Party::new(leg, codec(leg)).enters(&mut simulation)).collect();
    let prompt = Arc::new(Prompt::from_pcm_8k(vec![4_000; 160 * 30]));
    let mut heard: Vec<Vec<Heard>> = vec![Vec::new(); PARTIES as usize];
    let mut passed_on = 0;
    for tick in 0..TICKS {
        if chance.below(12) == 0 {
            let order = order(&mut chance, &parties, tick, &prompt);
            simulation.order(order);
        }
        for step in 0..4 {
            for (at, party) in parties.iter_mut().enumerate() {
                // One of them pauses now and then, for longer than it is waited for.
                if at % 4 == step && (at != 2 || tick % 300 < 150) {
                    party.says(&mut simulation, 2_000 + at as i16 * 900);
                }
            }
            simulation.step();
        }
        passed_on += simulation.legs_without_ticks();
        for (party, heard) in parties.iter().zip(&mut heard) {
            heard.extend(party.hears(&mut simulation));
        }
        let told = events(&mut simulation);
        assert!(!told.iter().any(|event| matches!(event, MediaEvent::RoomFull { .. })));
    }
    for (at, heard) in heard.iter().enumerate() {
        let fault = fault(heard);
        assert_eq!(fault, None, "what party {at} heard with seed {seed}; {passed_on} ticks were passed on");
    }
}

#[test]
fn each_party_hears_one_stream_through_prompts_bridges_holds_rooms_and_passing_on() {
    for seed in 0..100 {
        story(seed);
    }
}
