//! What the ears get of a leg.

mod party;

use frontdesk_audio::{Prompt, ToneGenerator};
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Order, speech_ring};
use frontdesk_media_protocol::{AgreedAudio, Codec, ListeningId, MediaEvent, PlaybackId, SpeechFrame};
use party::{Party, events};
use ringbuf::traits::{Consumer, Observer};
use std::sync::Arc;
use std::time::Duration;

fn simulation() -> Simulation {
    Simulation::new(Duration::from_secs(3), [7; 32]).unwrap()
}

#[test]
fn the_ears_get_every_frame_and_are_told_once_when_they_are_too_slow() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let (ring, mut ears) = speech_ring();
    simulation.order(Order::Listen { leg: party.leg, listening: ListeningId(4), ring });
    for _ in 0..760 {
        party.says(&mut simulation, 8_000);
        simulation.tick();
    }
    let overruns = |simulation: &mut Simulation| {
        let told = events(simulation);
        told.iter()
            .filter(|event| matches!(event, MediaEvent::HearingOverrun { listening: ListeningId(4), .. }))
            .count()
    };
    assert_eq!(overruns(&mut simulation), 1);
    let frames: Vec<_> = ears.pop_iter().collect();
    assert_eq!(frames.len(), 750);
    assert!(frames.windows(2).all(|pair| pair[1].position == pair[0].position + 160));
    assert!(
        frames[10..]
            .iter()
            .all(|frame| !frame.concealed && frame.samples[80] > 7_500 && frame.level_dbov < 20)
    );
    simulation.order(Order::StopListening { leg: party.leg, listening: ListeningId(4) });
    simulation.tick();
    events(&mut simulation);
    assert!(!ears.write_is_held(), "the ears see that nobody writes any more");
}

/// Noise whose level wanders by more than 4 dB, as that of a room does and a hum's does not.
fn noise(tick: usize) -> i16 {
    [300, 360, 520, 410, 300, 480][tick % 6]
}

#[test]
fn a_noisy_line_is_known_before_anybody_listens() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    for tick in 0..150 {
        party.says(&mut simulation, noise(tick));
        simulation.tick();
    }
    // Two questions: what was learnt serves for the second as well.
    for listening in [1, 2] {
        let (ring, mut ears) = speech_ring();
        simulation.order(Order::Listen { leg: party.leg, listening: ListeningId(listening), ring });
        for tick in 0..100 {
            party.says(&mut simulation, if tick < 50 { noise(tick) } else { 8_000 });
            simulation.tick();
        }
        let frames: Vec<_> = ears.pop_iter().collect();
        assert!(frames.iter().take(45).all(|frame| !frame.active), "noise is no voice");
        assert!(frames.iter().skip(50).take(15).any(|frame| frame.active), "a voice is");
    }
}

#[test]
fn the_ears_are_told_what_may_come_back_as_an_echo() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let (ring, mut ears) = speech_ring();
    simulation.order(Order::Listen { leg: party.leg, listening: ListeningId(1), ring });
    // 10 ticks of a prompt 12 dB below full scale.
    let prompt = Arc::new(Prompt::from_pcm_8k(vec![8_192; 10 * 160]));
    let (leg, playback) = (party.leg, PlaybackId(1));
    simulation.order(Order::Play { leg, playback, prompt, repeat: false });
    for _ in 0..50 {
        party.says(&mut simulation, 100);
        simulation.tick();
    }
    let told: Vec<u8> = ears.pop_iter().map(|frame: SpeechFrame| frame.played_dbov).collect();
    let first = told.iter().position(|level| *level == 12).expect("the prompt was told");
    assert!(first <= 2, "{told:?}");
    let lasts = told.iter().filter(|level| **level == 12).count();
    assert_eq!(
        lasts,
        10 - 1 + SpeechFrame::ECHO_FRAMES,
        "as long as it was played, and its echo may be under way"
    );
    assert_eq!(told.last(), Some(&127));
}

/// Presses keys in the sound, each for 100 ms with a pause of 100 ms; the keys that were told.
fn pressed_in_the_sound(keys: &str, telephone_event: Option<u8>) -> (String, Vec<SpeechFrame>) {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let audio = AgreedAudio { telephone_event, ..party.audio() };
    simulation.order(Order::Configure { leg: party.leg, audio });
    let (ring, mut ears) = speech_ring();
    simulation.order(Order::Listen { leg: party.leg, listening: ListeningId(1), ring });
    for key in keys.chars() {
        let mut tone = ToneGenerator::dtmf(key).unwrap();
        for tick in 0..10 {
            let mut samples = [0; 160];
            if tick < 5 {
                tone.fill(&mut samples);
            }
            party.sounds(&mut simulation, &samples);
            simulation.tick();
        }
    }
    let told = events(&mut simulation).into_iter().filter_map(|event| match event {
        MediaEvent::Digit { key, .. } => Some(key),
        _ => None,
    });
    (told.collect(), ears.pop_iter().collect())
}

#[test]
fn keys_in_the_sound_are_keys_where_no_events_were_agreed_and_no_voice() {
    let (told, frames) = pressed_in_the_sound("2580*#", None);
    assert_eq!(told, "2580*#");
    let voice = frames.windows(6).filter(|frames| frames.iter().all(|frame| frame.active)).count();
    assert_eq!(voice, 0, "nothing lasts long enough to begin a turn");
    let (told, _) = pressed_in_the_sound("2580*#", Some(101));
    assert_eq!(told, "", "a telephone that agreed to events would be heard twice");
}
