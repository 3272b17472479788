//! Bridges whose sound nobody else needs: it is passed on as it comes.

mod party;

use frontdesk_audio::Prompt;
use frontdesk_identifiers::LegId;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, Order, Probe, Stage, speech_ring};
use frontdesk_media_protocol::{
    AgreedAudio, Codec, Direction, ListeningId, MediaEvent, PlaybackId, SrtpSuite,
};
use party::{EVENT_TYPE, Heard, Party, events};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn simulation() -> Simulation {
    Simulation::new(Duration::from_secs(3), [7; 32]).unwrap()
}

/// Two bridged parties, and what each has said.
struct Call {
    simulation: Simulation,
    parties: [Party; 2],
    said: [Vec<u8>; 2],
    heard: [Vec<Heard>; 2],
    noise: u32,
}

/// Counts what is done with the sound.
#[derive(Default)]
struct Decoded(usize);

impl Probe for Decoded {
    fn mark(&mut self, stage: Stage) {
        self.0 += usize::from(stage == Stage::Decode || stage == Stage::Encode);
    }
}

impl Call {
    fn new() -> Self {
        Call::of([Codec::Pcmu, Codec::Pcmu])
    }

    fn of(codecs: [Codec; 2]) -> Self {
        Call::between([Party::new(1, codecs[0]), Party::new(2, codecs[1])])
    }

    fn between(parties: [Party; 2]) -> Self {
        let mut simulation = simulation();
        let parties = parties.map(|party| party.enters(&mut simulation));
        let mut call = Call {
            simulation,
            parties,
            said: Default::default(),
            heard: Default::default(),
            noise: 0x1234_5678,
        };
        call.order(Order::Bridge { first: LegId(1), second: LegId(2) });
        call
    }

    fn order(&mut self, order: Order) {
        self.simulation.order(order);
    }

    /// 20 ms of noise that never repeats and is never quite silent.
    fn payload(&mut self) -> Vec<u8> {
        let codes = (0..160).map(|_| {
            self.noise ^= self.noise << 13;
            self.noise ^= self.noise >> 17;
            self.noise ^= self.noise << 5;
            // Loud codes of both signs; not those for which there are two.
            ((self.noise >> 8) as u8 & 0xbf) | 0x10
        });
        codes.map(|code| if code & 0x7f == 0x7f { 0x3c } else { code }).collect()
    }

    /// A party says 20 ms; it arrives at once.
    fn says(&mut self, party: usize) {
        let payload = self.payload();
        let packet = self.parties[party].carries(&payload);
        self.said[party].extend(&payload);
        self.delivers(party, &packet);
    }

    fn delivers(&mut self, party: usize, packet: &[u8]) {
        let Party { leg, address, .. } = self.parties[party];
        assert!(self.simulation.deliver(leg, Channel::Rtp, address, packet));
    }

    /// Both speak for so many packets; how often something was decoded or encoded meanwhile.
    fn talk(&mut self, packets: usize) -> usize {
        let mut decoded = Decoded::default();
        for _ in 0..packets {
            self.says(0);
            self.says(1);
            for _ in 0..4 {
                self.simulation.step_with(&mut decoded);
                self.listen();
            }
        }
        decoded.0
    }

    fn listen(&mut self) {
        for (party, heard) in self.parties.iter().zip(&mut self.heard) {
            heard.extend(party.hears(&mut self.simulation));
        }
    }

    /// Whether a party's next packet arrives at the other at once.
    fn is_passed_on(&mut self, party: usize) -> bool {
        self.simulation.step();
        self.listen();
        let before = self.heard[1 - party].len();
        self.says(party);
        // Packets are read at the beginning of a step, and the turn may be another leg's.
        let mut at_once = Vec::new();
        for step in 0..4 {
            self.simulation.step();
            self.listen();
            if self.heard[1 - party].len() > before && at_once.is_empty() {
                at_once.push(step);
            }
        }
        let same =
            self.heard[1 - party].last().is_some_and(|heard| self.said[party].ends_with(&heard.payload));
        same && at_once == [0]
    }
}

/// Puts packets together by their timestamps. Panics where two say different things of one sample.
fn waveform(heard: &[Heard]) -> BTreeMap<u32, u8> {
    let mut samples = BTreeMap::new();
    let first = heard[0].timestamp;
    for packet in heard.iter().filter(|packet| packet.payload_type != EVENT_TYPE) {
        for (at, code) in packet.payload.iter().enumerate() {
            let place = packet.timestamp.wrapping_sub(first) + at as u32;
            assert_eq!(samples.insert(place, *code), None, "a sample comes twice");
        }
    }
    samples
}

fn is_contiguous(heard: &[Heard]) {
    for (at, pair) in heard.windows(2).enumerate() {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1), "packet {at}");
    }
}

/// Everything that was said from `from` on is in the waveform, in one piece.
fn holds(samples: &BTreeMap<u32, u8>, said: &[u8]) -> bool {
    let codes: Vec<u8> = samples.values().copied().collect();
    let last = samples.last_key_value().map_or(0, |(place, _)| place + 1);
    assert_eq!(last as usize, codes.len(), "the times have no hole");
    codes.windows(said.len()).any(|window| window == said)
}

#[test]
fn a_bridge_that_nobody_listens_to_is_passed_on_as_it_comes_and_has_no_ticks() {
    let mut call = Call::new();
    call.talk(20);
    assert_eq!(call.talk(200), 0, "nothing is decoded or encoded");
    assert!(call.is_passed_on(0) && call.is_passed_on(1));
    call.talk(1);
    for (party, heard) in call.heard.iter().enumerate() {
        is_contiguous(heard);
        let said = &call.said[1 - party];
        assert!(holds(&waveform(heard), &said[..said.len() - 160]), "party {party}");
    }
}

#[test]
fn into_passing_on_and_out_of_it_no_sample_is_lost_or_doubled() {
    let mut call = Call::new();
    let folder = tempfile::tempdir().unwrap();
    call.talk(20);
    for round in 0..6 {
        assert_eq!(call.talk(7), 0, "passed on in round {round}");
        let mut ears = None;
        match round % 3 {
            0 => {
                let (ring, ear) = speech_ring();
                ears = Some(ear);
                call.order(Order::Listen { leg: LegId(1), listening: ListeningId(round), ring });
            }
            1 => {
                call.order(Order::Record { leg: LegId(2), path: folder.path().join(format!("{round}.wav")) })
            }
            _ => {
                call.order(Order::Unbridge { first: LegId(1), second: LegId(2) });
                call.order(Order::Bridge { first: LegId(2), second: LegId(1) });
            }
        }
        assert!(call.talk(6) > 0, "heard in round {round}");
        drop(ears);
        call.order(Order::StopListening { leg: LegId(1), listening: ListeningId(round) });
        call.order(Order::StopRecording { leg: LegId(2) });
        call.talk(6);
    }
    assert_eq!(call.talk(10), 0);
    for (party, heard) in call.heard.iter().enumerate() {
        is_contiguous(heard);
        assert!(holds(&waveform(heard), &call.said[1 - party]), "party {party}");
    }
}

#[test]
fn one_stream_goes_through_prompt_bridge_passing_on_and_back() {
    let mut call = Call::new();
    let prompt = Arc::new(Prompt::from_pcm_8k(vec![9_000; 160 * 10]));
    for playback in 0..3 {
        call.talk(20);
        assert!(call.is_passed_on(0));
        let (leg, playback, prompt) = (LegId(2), PlaybackId(playback), Arc::clone(&prompt));
        call.order(Order::Play { leg, playback, prompt, repeat: false });
        assert!(call.talk(12) > 0, "a prompt goes first");
    }
    call.talk(20);
    let heard = &call.heard[1];
    is_contiguous(heard);
    let loud = heard.iter().filter(|packet| packet.samples().is_some_and(|s| s.iter().all(|s| *s > 8_000)));
    assert_eq!(loud.count(), 30, "the prompts came whole");
    assert!(!waveform(heard).is_empty());
    assert!(holds(&waveform(&call.heard[0]), &call.said[1]), "the other direction was not touched");
}

#[test]
fn keys_are_passed_on_by_the_other_sides_number_and_told_once() {
    let mut call = Call::new();
    let audio = AgreedAudio { telephone_event: Some(96), ..call.parties[1].audio() };
    call.order(Order::Configure { leg: LegId(2), audio });
    call.talk(20);
    assert!(call.is_passed_on(0));
    call.heard = Default::default();
    events(&mut call.simulation);
    for event in [5, 11] {
        for packet in call.parties[0].key(event) {
            call.delivers(0, &packet);
            call.simulation.step();
        }
        call.talk(3);
    }
    let told: Vec<MediaEvent> = events(&mut call.simulation);
    let keys = told.iter().filter_map(|event| match event {
        MediaEvent::Digit { leg: LegId(1), key, .. } => Some(*key),
        _ => None,
    });
    assert_eq!(keys.collect::<String>(), "5#", "{told:?}");
    let passed: Vec<_> = call.heard[1].iter().filter(|heard| heard.payload_type == 96).collect();
    assert_eq!(passed.iter().map(|heard| heard.payload[0]).collect::<Vec<_>>(), [[5; 6], [11; 6]].concat());
    let times: Vec<u32> = passed.iter().map(|heard| heard.timestamp).collect();
    assert!(times[..6].iter().all(|time| *time == times[0]) && times[6] != times[0], "one time a key");
    is_contiguous(&call.heard[1]);
}

#[test]
fn a_key_that_is_under_way_when_passing_on_could_begin_comes_once() {
    let mut call = Call::new();
    let (ring, _ears) = speech_ring();
    call.order(Order::Listen { leg: LegId(1), listening: ListeningId(1), ring });
    call.talk(20);
    let packets = call.parties[0].key(7);
    for packet in &packets[..2] {
        call.delivers(0, packet);
        call.simulation.tick();
    }
    call.order(Order::StopListening { leg: LegId(1), listening: ListeningId(1) });
    for packet in &packets[2..] {
        call.delivers(0, packet);
        call.simulation.tick();
    }
    call.talk(40);
    assert!(call.is_passed_on(0));
    // The last end comes a second time, late.
    call.delivers(0, &packets[5]);
    call.talk(2);
    let mut keys: Vec<u32> =
        call.heard[1].iter().filter(|heard| heard.payload_type == EVENT_TYPE).map(|h| h.timestamp).collect();
    keys.dedup();
    assert_eq!(keys.len(), 1);
}

#[test]
fn keys_for_a_party_without_events_bring_the_bridge_back_to_the_tick_and_are_tones() {
    let mut call = Call::new();
    let audio = AgreedAudio { telephone_event: None, ..call.parties[1].audio() };
    call.order(Order::Configure { leg: LegId(2), audio });
    call.talk(20);
    assert!(call.is_passed_on(0) && call.is_passed_on(1));
    call.heard = Default::default();
    for packet in call.parties[0].key(4) {
        call.delivers(0, &packet);
    }
    call.talk(30);
    let mut detector = frontdesk_audio::ToneDetector::new();
    let keys = call.heard[1].iter().filter_map(|heard| detector.frame(&heard.samples().unwrap()));
    assert_eq!(keys.collect::<String>(), "4");
    assert!(call.is_passed_on(0), "and then it is passed on again");
    is_contiguous(&call.heard[1]);
}

#[test]
fn loss_and_disorder_are_passed_on_as_they_are() {
    let mut call = Call::new();
    call.talk(20);
    assert!(call.is_passed_on(0));
    call.heard = Default::default();
    let payloads: Vec<Vec<u8>> = (0..6).map(|_| call.payload()).collect();
    let packets: Vec<Vec<u8>> = payloads.iter().map(|payload| call.parties[0].carries(payload)).collect();
    // The second is lost, the fourth comes before the third, the fifth twice.
    for at in [0, 3, 2, 4, 4, 5] {
        call.delivers(0, &packets[at]);
        call.simulation.step();
    }
    call.listen();
    let heard = &call.heard[1];
    let numbers: Vec<u16> =
        heard.iter().map(|packet| packet.sequence.wrapping_sub(heard[0].sequence)).collect();
    assert_eq!(numbers, [0, 3, 2, 4, 5]);
    assert!(heard.iter().all(|packet| {
        let number = packet.sequence.wrapping_sub(heard[0].sequence);
        packet.timestamp.wrapping_sub(heard[0].timestamp) == u32::from(number) * 160
            && packet.payload == payloads[usize::from(number)]
    }));
}

#[test]
fn a_peer_that_begins_a_new_stream_is_one_stream_for_the_other() {
    let mut call = Call::new();
    call.talk(20);
    assert!(call.is_passed_on(0));
    call.talk(3);
    call.heard = Default::default();
    call.talk(3);
    call.parties[0].begins_anew(0x4321);
    call.talk(10);
    let heard = &call.heard[1];
    is_contiguous(heard);
    assert!(heard.len() >= 11, "one packet of the new stream is doubted: {}", heard.len());
    for pair in heard.windows(2) {
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!((160..=480).contains(&step), "the times go on with the clock: {step}");
    }
}

#[test]
fn a_silent_partys_hearer_is_sent_silence_by_ticks_again() {
    let mut call = Call::new();
    call.talk(20);
    assert!(call.is_passed_on(0) && call.is_passed_on(1));
    call.heard = Default::default();
    for _ in 0..140 {
        call.says(1);
        call.simulation.tick();
        call.listen();
    }
    let silent = call.heard[1].iter().filter(|heard| heard.is_silent()).count();
    assert!((25..=40).contains(&silent), "after two seconds of nothing: {silent}");
    assert_eq!(call.heard[0].len(), 140, "the other direction is passed on meanwhile");
    let told = events(&mut call.simulation);
    assert!(!told.iter().any(|event| matches!(event, MediaEvent::NoMedia { .. })), "3 s are not over");
    call.talk(20);
    assert!(call.is_passed_on(0));
    is_contiguous(&call.heard[1]);
}

#[test]
fn silence_on_both_sides_is_told_of_though_there_are_no_ticks() {
    let mut call = Call::new();
    call.talk(20);
    assert!(call.is_passed_on(0) && call.is_passed_on(1));
    events(&mut call.simulation);
    for _ in 0..200 {
        call.simulation.tick();
    }
    let told = events(&mut call.simulation);
    let silent = told.iter().filter(|event| matches!(event, MediaEvent::NoMedia { .. }));
    assert_eq!(silent.count(), 2, "{told:?}");
}

#[test]
fn the_quality_of_what_is_passed_on_is_told_as_of_any_other_sound() {
    let mut call = Call::new();
    call.talk(20);
    events(&mut call.simulation);
    assert_eq!(call.talk(520), 0);
    let told = events(&mut call.simulation);
    let qualities = told.iter().filter(|event| matches!(event, MediaEvent::Quality { .. })).count();
    assert_eq!(qualities, 4, "each 5 s, of each leg");
}

#[test]
fn reports_end_at_each_leg() {
    let mut call = Call::new();
    call.talk(20);
    let mut reports = [0; 2];
    for _ in 0..600 {
        for party in [0, 1] {
            let payload = call.payload();
            let packet = call.parties[party].carries(&payload);
            call.delivers(party, &packet);
        }
        call.simulation.tick();
        for (party, reports) in call.parties.iter().zip(&mut reports) {
            while let Some(sent) = call.simulation.sent(party.leg) {
                // RFC 3550 §6.4.1: a sender report.
                *reports += usize::from(sent.channel == Channel::Rtcp && sent.bytes()[1] == 200);
            }
        }
    }
    assert!(reports.iter().all(|reports| (1..=12).contains(reports)), "{reports:?}");
}

#[test]
fn a_held_party_hears_the_others_music_passed_on() {
    let mut call = Call::new();
    let hears = AgreedAudio { direction: Direction::SendOnly, ..call.parties[0].audio() };
    call.order(Order::Configure { leg: LegId(1), audio: hears });
    let speaks = AgreedAudio { direction: Direction::ReceiveOnly, ..call.parties[1].audio() };
    call.order(Order::Configure { leg: LegId(2), audio: speaks });
    call.talk(20);
    assert_eq!(call.talk(50), 0);
    assert!(call.is_passed_on(1));
    call.heard = Default::default();
    call.talk(10);
    assert!(call.heard[1].is_empty() && call.heard[0].len() == 10);
    let audio = call.parties[1].audio();
    call.order(Order::Configure { leg: LegId(2), audio });
    let audio = call.parties[0].audio();
    call.order(Order::Configure { leg: LegId(1), audio });
    call.talk(20);
    assert!(call.is_passed_on(0) && call.is_passed_on(1), "the hold is over");
    is_contiguous(&call.heard[1]);
}

#[test]
fn parties_of_different_codecs_are_not_passed_on() {
    let mut call = Call::of([Codec::Pcmu, Codec::Pcma]);
    call.talk(20);
    assert!(call.talk(20) > 0);
}

#[test]
fn an_encrypted_party_and_a_plain_one_are_passed_on_to_each_other() {
    for suite in [SrtpSuite::AesCm128HmacSha1_80, SrtpSuite::AeadAes256Gcm] {
        let mut call =
            Call::between([Party::new(1, Codec::Pcmu).encrypts(suite), Party::new(2, Codec::Pcmu)]);
        call.talk(20);
        assert_eq!(call.talk(200), 0);
        for (party, heard) in call.heard.iter().enumerate() {
            is_contiguous(heard);
            assert!(holds(&waveform(heard), &call.said[1 - party]), "party {party}");
        }
    }
}

#[test]
fn long_packets_of_opus_are_passed_on_whole() {
    let mut call = Call::of([Codec::Opus, Codec::Opus]);
    // An encoder is changed where it is quiet, or after five seconds.
    for _ in 0..300 {
        call.parties.iter_mut().for_each(|party| party.says(&mut call.simulation, 7));
        call.simulation.tick();
        call.listen();
    }
    assert!(call.simulation.legs_without_ticks() == 2);
    let payload = [&[9 << 3], &[0x5a; 640][..]].concat();
    let packet = call.parties[0].carries(&payload);
    call.delivers(0, &packet);
    call.simulation.step();
    call.listen();
    assert_eq!(call.heard[1].last().unwrap().payload, payload);
    is_contiguous(&call.heard[1]);
}

#[test]
fn a_flood_by_one_party_is_cut_and_no_other_leg_notices() {
    let mut call = Call::new();
    let calm = Party::new(3, Codec::Pcmu).enters(&mut call.simulation);
    call.talk(20);
    assert!(call.is_passed_on(0));
    call.heard = Default::default();
    calm.hears(&mut call.simulation);
    for _ in 0..50 {
        for _ in 0..200 {
            let packet = call.parties[0].carries(&[7; 160]);
            call.delivers(0, &packet);
        }
        call.simulation.tick();
        call.listen();
    }
    // Of each tick's packets, 64 are in the line's room.
    assert!((400..=550).contains(&call.heard[1].len()), "{}", call.heard[1].len());
    assert_eq!(calm.hears(&mut call.simulation).len(), 50);
}

/// 20 ms of a voice with a pitch of 57 samples, which is no part of a tick; `at` counts the ticks.
fn hum(at: usize) -> [i16; 160] {
    std::array::from_fn(|n| {
        let phase = ((at * 160 + n) % 57) as f32 / 57.0 * std::f32::consts::TAU;
        (phase.sin() * 9_000.0 + (2.0 * phase).sin() * 4_000.0) as i16
    })
}

#[test]
fn a_voice_of_which_periods_were_left_out_is_passed_on_again() {
    let mut call = Call::new();
    let (ring, _ears) = speech_ring();
    let listening = ListeningId(1);
    call.order(Order::Listen { leg: LegId(1), listening, ring });
    let mut at = 0;
    let mut hums = |call: &mut Call, ticks: usize, stalls: bool| {
        let mut late = Vec::new();
        for _ in 0..ticks {
            call.parties[1].says(&mut call.simulation, 3_000);
            let packet = call.parties[0].packet_of(&hum(at));
            at += 1;
            late.push(packet);
            if !stalls {
                let packets = std::mem::take(&mut late);
                packets.iter().for_each(|packet| call.delivers(0, packet));
            }
            call.simulation.tick();
        }
        late.iter().for_each(|packet| call.delivers(0, packet));
    };
    hums(&mut call, 30, false);
    // The delay grows by a stall, and is taken off again by periods: playing stands between two packets from then on.
    hums(&mut call, 3, true);
    hums(&mut call, 200, false);
    call.order(Order::StopListening { leg: LegId(1), listening });
    hums(&mut call, 100, false);
    assert_eq!(call.simulation.legs_without_ticks(), 2);
}
