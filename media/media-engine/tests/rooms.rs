//! Rooms: more than two who hear each other.

mod party;

use frontdesk_audio::{Decoder, Encoder, Prompt};
use frontdesk_identifiers::LegId;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, Order};
use frontdesk_media_protocol::{Audience, Codec, MediaEvent, PlaybackEnd, PlaybackId, RoomId};
use party::{Heard, Party, events};
use std::sync::Arc;
use std::time::Duration;

const ROOM: RoomId = RoomId(1);

fn simulation() -> Simulation {
    Simulation::new(Duration::from_secs(3), [7; 32]).unwrap()
}

fn joins(leg: LegId, audience: Audience) -> Order {
    Order::JoinRoom { leg, room: ROOM, audience, announced: false }
}

/// Parties in a room, each with its audience.
fn room(simulation: &mut Simulation, audiences: &[Audience]) -> Vec<Party> {
    let codecs = [Codec::Pcmu, Codec::Pcma];
    let enter = |(at, audience): (usize, &Audience)| {
        let party = Party::new(at as u64, codecs[at % 2]).enters(simulation);
        simulation.order(joins(party.leg, audience.clone()));
        party
    };
    audiences.iter().enumerate().map(enter).collect()
}

/// Each says its value for so many ticks; what each hears in the last of them, as the mean of its samples.
fn said(simulation: &mut Simulation, parties: &mut [Party], values: &[i16], ticks: usize) -> Vec<i32> {
    for _ in 0..ticks {
        for (party, value) in parties.iter_mut().zip(values) {
            party.says(simulation, *value);
        }
        simulation.tick();
    }
    let last = |party: &Party| {
        let samples = party.hears(simulation).last().and_then(Heard::samples).expect("sound each tick");
        samples.iter().map(|sample| i32::from(*sample)).sum::<i32>() / samples.len() as i32
    };
    parties.iter().map(last).collect()
}

fn close_to(heard: i32, expected: i32) -> bool {
    (heard - expected).abs() <= 40 + expected.abs() / 15
}

fn assert_heard(heard: &[i32], expected: &[i32]) {
    let fits = heard.iter().zip(expected).all(|(heard, expected)| close_to(*heard, *expected));
    assert!(fits, "heard {heard:?}, expected {expected:?}");
}

#[test]
fn everybody_hears_everybody_else_and_not_itself() {
    let mut simulation = simulation();
    let mut parties = room(&mut simulation, &vec![Audience::Everybody; 4]);
    let heard = said(&mut simulation, &mut parties, &[1_000, 2_000, 4_000, -3_000], 20);
    assert_heard(&heard, &[3_000, 2_000, 0, 7_000]);
}

#[test]
fn who_is_muted_hears_and_is_not_heard_and_a_supervisor_barges_in() {
    let mut simulation = simulation();
    let mut parties = room(&mut simulation, &[Audience::Everybody, Audience::Everybody, Audience::Nobody]);
    let values = [1_000, 2_000, 9_000];
    assert_heard(&said(&mut simulation, &mut parties, &values, 20), &[2_000, 1_000, 3_000]);
    let only_first = Audience::Only(vec![parties[0].leg, LegId(77)]);
    simulation.order(joins(parties[2].leg, only_first));
    assert_heard(&said(&mut simulation, &mut parties, &values, 3), &[11_000, 1_000, 3_000]);
    simulation.order(joins(parties[2].leg, Audience::Everybody));
    assert_heard(&said(&mut simulation, &mut parties, &values, 3), &[11_000, 10_000, 3_000]);
    simulation.order(Order::LeaveRoom { leg: parties[2].leg, room: ROOM });
    assert_heard(&said(&mut simulation, &mut parties, &values, 3), &[2_000, 1_000, 0]);
    simulation.order(Order::LeaveRoom { leg: parties[1].leg, room: RoomId(9) });
    assert_heard(&said(&mut simulation, &mut parties, &values, 3), &[2_000, 1_000, 0]);
}

#[test]
fn many_loud_voices_are_bent_and_not_cut() {
    let mut simulation = simulation();
    let mut parties = room(&mut simulation, &vec![Audience::Everybody; 6]);
    let heard = said(&mut simulation, &mut parties, &[9_000; 6], 20);
    assert!(heard.iter().all(|heard| (24_000..32_700).contains(heard)), "{heard:?}");
}

#[test]
fn a_whisper_for_somebody_who_left_is_for_nobody_who_comes_after() {
    let mut simulation = simulation();
    let mut parties = room(&mut simulation, &[Audience::Everybody, Audience::Everybody]);
    simulation.order(joins(parties[0].leg, Audience::Only(vec![parties[1].leg])));
    simulation.order(Order::Close { leg: parties[1].leg });
    simulation.tick();
    events(&mut simulation);
    // It gets the slot that was freed last.
    parties[1] = Party::new(40, Codec::Pcmu).enters(&mut simulation);
    simulation.order(joins(parties[1].leg, Audience::Everybody));
    assert_heard(&said(&mut simulation, &mut parties, &[9_000, 1_000], 20), &[1_000, 0]);
}

#[test]
fn a_room_has_128_places_and_all_of_them_hear() {
    let mut simulation = simulation();
    let mut parties: Vec<Party> =
        (0..129).map(|leg| Party::new(leg, Codec::Pcmu).enters(&mut simulation)).collect();
    events(&mut simulation);
    for party in &parties {
        simulation.order(joins(party.leg, Audience::Everybody));
        simulation.step();
    }
    let refused = MediaEvent::RoomFull { leg: parties[128].leg, room: ROOM };
    let refusals =
        events(&mut simulation).into_iter().filter(|event| matches!(event, MediaEvent::RoomFull { .. }));
    assert_eq!(refusals.collect::<Vec<_>>(), [refused]);
    let outside = parties.pop().unwrap();
    let mut values = [0; 128];
    (values[3], values[90]) = (3_000, 5_000);
    let heard = said(&mut simulation, &mut parties, &values, 20);
    for (at, heard) in heard.iter().enumerate() {
        let expected = 8_000 - i32::from(values[at]);
        assert!(close_to(*heard, expected), "{at} hears {heard}");
    }
    assert!(outside.hears(&mut simulation).iter().all(Heard::is_silent));
}

#[test]
fn a_rooms_noise_of_many_lines_is_not_mixed_and_a_voice_is_from_its_first_frame() {
    let mut simulation = simulation();
    let mut parties = room(&mut simulation, &vec![Audience::Everybody; 40]);
    // The noise of a line: −60 dBov.
    let noise = |at: i16| if at % 2 == 0 { 30 } else { -30 };
    for tick in 0..40 {
        for (at, party) in parties.iter_mut().enumerate() {
            party.says(&mut simulation, noise(at as i16 + tick));
        }
        simulation.tick();
    }
    let quiet = parties[1].hears(&mut simulation);
    assert!(quiet.last().unwrap().is_silent());
    for _ in 0..4 {
        parties[0].says(&mut simulation, 6_000);
        simulation.tick();
    }
    let peaks: Vec<u16> = parties[1].hears(&mut simulation).iter().map(Heard::peak).collect();
    assert!(peaks.iter().filter(|peak| **peak > 5_500).count() >= 2, "{peaks:?}");
}

#[test]
fn coming_and_going_is_heard_where_it_is_to_be_announced() {
    let mut simulation = simulation();
    let parties = room(&mut simulation, &[Audience::Everybody, Audience::Nobody]);
    let peak = |simulation: &mut Simulation| {
        for _ in 0..15 {
            simulation.tick();
        }
        parties[0].hears(simulation).iter().map(Heard::peak).max().unwrap()
    };
    assert_eq!(peak(&mut simulation), 0, "somebody listens in, unannounced");
    let third = Party::new(7, Codec::Pcmu).enters(&mut simulation);
    simulation.order(Order::JoinRoom {
        leg: third.leg,
        room: ROOM,
        audience: Audience::Everybody,
        announced: true,
    });
    assert!(peak(&mut simulation) > 3_000, "a sign of coming");
    assert_eq!(peak(&mut simulation), 0, "once");
    simulation.order(Order::Close { leg: third.leg });
    assert!(peak(&mut simulation) > 3_000, "a sign of going");
}

#[test]
fn a_prompt_for_a_room_is_heard_by_all_over_what_they_say() {
    let mut simulation = simulation();
    let mut parties = room(&mut simulation, &[Audience::Everybody, Audience::Everybody]);
    let prompt = |value: i16, frames: usize| Arc::new(Prompt::from_pcm_8k(vec![value; 160 * frames]));
    let (long, short) = (prompt(5_000, 500), prompt(-7_000, 5));
    let play = |playback: u64, prompt: &Arc<Prompt>| Order::PlayToRoom {
        room: ROOM,
        playback: PlaybackId(playback),
        prompt: Arc::clone(prompt),
        repeat: false,
    };
    simulation.order(play(1, &long));
    assert_heard(&said(&mut simulation, &mut parties, &[1_000, 2_000], 20), &[7_000, 6_000]);
    simulation.order(play(2, &short));
    assert_heard(&said(&mut simulation, &mut parties, &[1_000, 2_000], 3), &[-5_000, -6_000]);
    assert_heard(&said(&mut simulation, &mut parties, &[1_000, 2_000], 5), &[2_000, 1_000]);
    simulation.order(play(3, &long));
    simulation.order(Order::StopRoomPlayback { room: ROOM, playback: PlaybackId(2) });
    simulation.tick();
    for party in &parties {
        simulation.order(Order::LeaveRoom { leg: party.leg, room: ROOM });
    }
    simulation.order(play(4, &long));
    simulation.tick();
    let ended = |event| match event {
        MediaEvent::RoomPlaybackEnded { room: ROOM, playback, end } => Some((playback.0, end)),
        _ => None,
    };
    let mut told: Vec<_> = events(&mut simulation).into_iter().filter_map(ended).collect();
    told.sort_by_key(|(playback, _)| *playback);
    use PlaybackEnd::{Completed, Failed, Stopped};
    assert_eq!(told, [(1, Stopped), (2, Completed), (3, Stopped), (4, Failed)]);
    assert_eq!((Arc::strong_count(&long), Arc::strong_count(&short)), (1, 1), "the prompts were given back");
}

#[test]
fn rooms_that_were_left_leave_nothing_behind() {
    let mut simulation = simulation();
    let all = simulation.free_slots();
    for round in 0..400u64 {
        let legs = [3 * round, 3 * round + 1, 3 * round + 2];
        let parties = legs.map(|leg| Party::new(leg, Codec::Pcmu).enters(&mut simulation));
        for party in &parties {
            let leg = party.leg;
            let audience = Audience::Everybody;
            simulation.order(Order::JoinRoom {
                leg,
                room: RoomId(round),
                audience,
                announced: round % 2 == 0,
            });
        }
        if round.is_multiple_of(3) {
            simulation.order(Order::Bridge { first: parties[0].leg, second: parties[1].leg });
        }
        if round.is_multiple_of(2) {
            simulation.tick();
        }
        parties.iter().for_each(|party| simulation.order(Order::Close { leg: party.leg }));
        simulation.tick();
        let told = events(&mut simulation);
        assert!(!told.iter().any(|event| matches!(event, MediaEvent::RoomFull { .. })), "round {round}");
    }
    assert_eq!(simulation.free_slots(), all);
}

/// The payload of all sound that a party got, in the order of its times, which are without a hole.
fn heard_whole(heard: &[Heard]) -> Vec<u8> {
    for pair in heard.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(pair[0].payload.len() as u32));
    }
    heard.iter().flat_map(|packet| packet.payload.clone()).collect()
}

#[test]
fn a_bridge_that_a_supervisor_joins_and_leaves_loses_nothing() {
    let mut simulation = simulation();
    let mut parties = [1, 2].map(|leg| Party::new(leg, Codec::Pcmu).enters(&mut simulation));
    // They and the supervisor stand on different spokes.
    for leg in 100..110 {
        Party::new(leg, Codec::Pcmu).enters(&mut simulation);
    }
    let supervisor = Party::new(3, Codec::Pcma).enters(&mut simulation);
    let legs = [LegId(1), LegId(2)];
    let bridge = || Order::Bridge { first: legs[0], second: legs[1] };
    let (mut said, mut heard) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let mut supervised = Vec::new();
    simulation.order(bridge());
    for tick in 0..200u32 {
        match tick % 50 {
            20 => {
                // Who comes first stays on its spoke, so that those who talk are not moved.
                legs.iter().for_each(|leg| simulation.order(joins(*leg, Audience::Everybody)));
                simulation.order(joins(supervisor.leg, Audience::Nobody));
            }
            40 => {
                simulation.order(bridge());
                simulation.order(Order::LeaveRoom { leg: supervisor.leg, room: ROOM });
            }
            _ => {}
        }
        for (at, party) in parties.iter_mut().enumerate() {
            // Noise, of codes that are their own encoding.
            let payload: Vec<u8> = (0..160u32)
                .map(|sample| {
                    let mixed = (tick * 160 + sample + at as u32 * 77_777).wrapping_mul(2_654_435_761) >> 13;
                    ((mixed as u8) & 0xbf) | 0x10
                })
                .map(|code| if code & 0x7f == 0x7f { 0x3c } else { code })
                .collect();
            let packet = party.carries(&payload);
            assert!(simulation.deliver(party.leg, Channel::Rtp, party.address, &packet));
            said[at].extend(payload);
        }
        simulation.tick();
        supervised.extend(supervisor.hears(&mut simulation));
        for (party, heard) in parties.iter().zip(&mut heard) {
            heard.extend(party.hears(&mut simulation));
        }
    }
    for (at, heard) in heard.iter().enumerate() {
        let whole = heard_whole(heard);
        let wanted = &said[1 - at][..said[1 - at].len() - 160 * 4];
        assert!(whole.windows(wanted.len()).any(|window| window == wanted), "what party {at} heard");
    }
    let loud = supervised.iter().filter(|packet| packet.peak() > 500).count();
    assert!((60..=84).contains(&loud), "the supervisor heard both, while in the room: {loud}");
}

#[test]
fn a_room_runs_at_the_rate_of_its_highest_leg_and_all_hear_each_other_across_rates() {
    let mut simulation = simulation();
    let mut narrow = [1, 2].map(|leg| Party::new(leg, Codec::Pcmu).enters(&mut simulation));
    let mut wide = Party::new(3, Codec::G722).enters(&mut simulation);
    for leg in [1, 2, 3] {
        simulation.order(joins(LegId(leg), Audience::Everybody));
    }
    let tone = |hertz: f32, rate: f32, at: usize| {
        ((at as f32 * std::f32::consts::TAU * hertz / rate).sin() * 8_000.0) as i16
    };
    let (mut encoder, mut decoder) = (Encoder::g722(), Decoder::g722());
    let (mut at_wide, mut at_narrow) = (Vec::new(), Vec::new());
    for tick in 0..40 {
        let samples: [i16; 320] = std::array::from_fn(|at| tone(1_000.0, 16_000.0, tick * 320 + at));
        let mut payload = [0; 160];
        assert_eq!(encoder.encode(&samples, &mut payload), 160);
        let packet = wide.carries(&payload);
        assert!(simulation.deliver(wide.leg, Channel::Rtp, wide.address, &packet));
        let samples: [i16; 160] = std::array::from_fn(|at| tone(400.0, 8_000.0, tick * 160 + at));
        narrow[0].sounds(&mut simulation, &samples);
        narrow[1].says(&mut simulation, 0);
        simulation.tick();
        for packet in wide.hears(&mut simulation) {
            let mut samples = [0; 320];
            assert_eq!(decoder.decode(&packet.payload, &mut samples), 320);
            at_wide = samples.to_vec();
        }
        at_narrow = narrow.each_ref().map(|party| party.hears(&mut simulation)).to_vec();
    }
    let crossings =
        |samples: &[i16]| samples.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
    let heard = |party: usize| at_narrow[party].last().and_then(Heard::samples).unwrap();
    // In 20 ms, 1,000 Hz crosses zero 40 times, 400 Hz 16 times.
    assert!((38..=42).contains(&crossings(&heard(0))), "the wide one's tone");
    assert!((14..=18).contains(&crossings(&at_wide)), "the narrow one's tone");
    assert!(heard(1).iter().map(|sample| sample.unsigned_abs()).max().unwrap() > 12_000, "both tones");
}
