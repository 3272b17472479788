//! Stories of legs, told turn by turn in a time that the test moves.

mod party;

use frontdesk_audio::Prompt;
use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, MAX_LEGS, Order, speech_ring, stream_ring};
use frontdesk_media_protocol::{
    AgreedAudio, Codec, Direction, ListeningId, MediaEvent, PlaybackEnd, PlaybackId, PortFault,
};
use party::{EVENT_TYPE, Party, events};
use ringbuf::traits::{Consumer, Observer, Producer};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

fn simulation() -> Simulation {
    Simulation::new(Duration::from_secs(3), [7; 32]).unwrap()
}

fn prompt(value: i16, frames: usize) -> Arc<Prompt> {
    Arc::new(Prompt::from_pcm_8k(vec![value; frames * 160]))
}

fn play(party: &Party, playback: u64, prompt: &Arc<Prompt>, repeat: bool) -> Order {
    let (leg, playback, prompt) = (party.leg, PlaybackId(playback), Arc::clone(prompt));
    Order::Play { leg, playback, prompt, repeat }
}

/// How a playback ended, and after how many samples; panics unless it was told exactly once.
fn end_of(events: &[MediaEvent], playback: u64) -> (PlaybackEnd, u32) {
    let ends = events.iter().filter_map(|event| match event {
        MediaEvent::PlaybackEnded { playback: PlaybackId(id), end, sent_samples, .. } if *id == playback => {
            Some((*end, *sent_samples))
        }
        _ => None,
    });
    let ends: Vec<_> = ends.collect();
    assert_eq!(ends.len(), 1, "{events:?}");
    ends[0]
}

#[test]
fn a_prompt_reaches_the_party_whole_and_once() {
    let mut simulation = simulation();
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let party = Party::new(codec as u64, codec).enters(&mut simulation);
        party.hears(&mut simulation);
        simulation.order(play(&party, codec as u64, &prompt(5_000, 10), false));
        for _ in 0..15 {
            simulation.tick();
        }
        let heard = party.hears(&mut simulation);
        assert_eq!(heard.len(), 15, "silence goes on when the prompt is over");
        let loud: Vec<_> = heard.iter().filter(|packet| packet.peak() > 4_000).collect();
        assert_eq!(loud.len(), 10);
        assert!(heard.windows(2).all(|pair| pair[1].sequence == pair[0].sequence.wrapping_add(1)
            && pair[1].timestamp == pair[0].timestamp.wrapping_add(160)
            && pair[1].at_ms == pair[0].at_ms + 20));
        let told = events(&mut simulation);
        assert_eq!(end_of(&told, codec as u64), (PlaybackEnd::Completed, 1_600));
        let started = Moment::from_millis(loud[0].at_ms);
        let (leg, playback) = (party.leg, PlaybackId(codec as u64));
        assert_eq!(told[0], MediaEvent::PlaybackStarted { leg, playback, at: started });
    }
}

#[test]
fn a_stopped_prompt_is_silent_within_one_tick() {
    let mut simulation = simulation();
    let party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let prompt = prompt(5_000, 500);
    simulation.order(play(&party, 9, &prompt, false));
    for _ in 0..10 {
        simulation.tick();
    }
    party.hears(&mut simulation);
    events(&mut simulation);
    simulation.order(Order::StopPlayback { leg: party.leg, playback: PlaybackId(8) });
    simulation.tick();
    assert!(party.hears(&mut simulation).iter().all(|packet| packet.peak() > 4_000), "another one was meant");
    simulation.order(Order::StopPlayback { leg: party.leg, playback: PlaybackId(9) });
    simulation.tick();
    let heard = party.hears(&mut simulation);
    assert!(heard.len() == 1 && heard[0].is_silent());
    assert_eq!(end_of(&events(&mut simulation), 9), (PlaybackEnd::Stopped, 11 * 160));
    assert_eq!(Arc::strong_count(&prompt), 1, "the prompt was given back");
}

#[test]
fn a_new_prompt_replaces_the_old_without_a_pause() {
    let mut simulation = simulation();
    let party = Party::new(1, Codec::Pcma).enters(&mut simulation);
    simulation.order(play(&party, 1, &Arc::new(Prompt::ringback()), true));
    for _ in 0..400 {
        simulation.tick();
    }
    party.hears(&mut simulation);
    simulation.order(play(&party, 2, &prompt(-9_000, 2), false));
    for _ in 0..3 {
        simulation.tick();
    }
    let peaks: Vec<bool> = party.hears(&mut simulation).iter().map(|heard| heard.peak() > 8_000).collect();
    assert_eq!(peaks, [true, true, false]);
    let told = events(&mut simulation);
    assert_eq!(end_of(&told, 1), (PlaybackEnd::Stopped, 400 * 160), "ringback went on beyond its cycle");
    assert_eq!(end_of(&told, 2), (PlaybackEnd::Completed, 320));
}

#[test]
fn a_voice_that_is_late_is_silence_and_one_that_leaves_ends_the_playback() {
    let mut simulation = simulation();
    let party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    party.hears(&mut simulation);
    let (mut voice, ring) = stream_ring();
    simulation.order(Order::PlayStream { leg: party.leg, playback: PlaybackId(3), ring });
    simulation.tick();
    voice.try_push([3_000; 160]).unwrap();
    voice.try_push([3_000; 160]).unwrap();
    for _ in 0..3 {
        simulation.tick();
    }
    voice.try_push([3_000; 160]).unwrap();
    drop(voice);
    for _ in 0..3 {
        simulation.tick();
    }
    let loud: Vec<bool> = party.hears(&mut simulation).iter().map(|heard| !heard.is_silent()).collect();
    assert_eq!(loud, [false, true, true, false, true, false, false]);
    assert_eq!(end_of(&events(&mut simulation), 3), (PlaybackEnd::Completed, 480));
}

#[test]
fn a_party_on_hold_gets_nothing_and_its_prompt_waits() {
    let mut simulation = simulation();
    let party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let held = AgreedAudio { direction: Direction::ReceiveOnly, ..party.audio() };
    simulation.order(Order::Configure { leg: party.leg, audio: held });
    simulation.order(play(&party, 1, &prompt(5_000, 2), false));
    simulation.tick();
    party.hears(&mut simulation);
    for _ in 0..20 {
        simulation.tick();
    }
    assert!(party.hears(&mut simulation).is_empty());
    assert!(events(&mut simulation).is_empty());
    simulation.order(Order::Configure { leg: party.leg, audio: party.audio() });
    for _ in 0..3 {
        simulation.tick();
    }
    assert_eq!(end_of(&events(&mut simulation), 1), (PlaybackEnd::Completed, 320));
}

#[test]
fn bridged_parties_hear_each_other_soon_and_a_prompt_goes_first() {
    let mut simulation = simulation();
    let mut one = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let mut other = Party::new(2, Codec::Pcma).enters(&mut simulation);
    simulation.order(Order::Bridge { first: one.leg, second: other.leg });
    simulation.tick();
    one.hears(&mut simulation);
    other.hears(&mut simulation);
    let began_ms = simulation.now().as_millis();
    for _ in 0..50 {
        one.says(&mut simulation, 6_000);
        other.says(&mut simulation, -2_000);
        simulation.tick();
    }
    let at_one = one.hears(&mut simulation);
    let at_other = other.hears(&mut simulation);
    let first_loud = at_other.iter().find(|heard| heard.peak() > 5_000).expect("one is heard");
    // The jitter buffer's margin, the wait for the turn, and one packet's grain.
    assert!(first_loud.at_ms - began_ms <= 60, "{}", first_loud.at_ms - began_ms);
    assert!(at_other[10..].iter().all(|heard| heard.payload_type == 8 && heard.peak() > 5_000));
    assert!(
        at_one[10..].iter().all(|heard| heard.payload_type == 0 && (1_800..2_300).contains(&heard.peak()))
    );
    simulation.order(play(&other, 1, &prompt(20_000, 5), false));
    simulation.order(Order::Unbridge { first: one.leg, second: LegId(99) });
    for _ in 0..6 {
        one.says(&mut simulation, 6_000);
        simulation.tick();
    }
    let loud: Vec<bool> = other.hears(&mut simulation).iter().map(|heard| heard.peak() > 15_000).collect();
    assert_eq!(loud, [true, true, true, true, true, false]);
    simulation.order(Order::Unbridge { first: other.leg, second: one.leg });
    for _ in 0..10 {
        one.says(&mut simulation, 6_000);
        simulation.tick();
    }
    assert!(other.hears(&mut simulation)[1..].iter().all(party::Heard::is_silent));
}

#[test]
fn a_leg_that_joins_another_spoke_moves_once_and_only_forward() {
    let mut simulation = simulation();
    // Enough that they stand on all spokes.
    let parties: Vec<Party> =
        (0..40).map(|leg| Party::new(leg, Codec::Pcmu).enters(&mut simulation)).collect();
    for party in &parties {
        party.hears(&mut simulation);
    }
    simulation.tick();
    for (first, second) in [(0, 25), (19, 10), (9, 30)] {
        simulation.order(Order::Bridge { first: parties[first].leg, second: parties[second].leg });
    }
    for _ in 0..10 {
        simulation.tick();
    }
    let mut moved = 0;
    for party in &parties {
        let heard = party.hears(&mut simulation);
        let gaps: Vec<u64> = heard.windows(2).map(|pair| pair[1].at_ms - pair[0].at_ms).collect();
        assert!(gaps.iter().all(|gap| (20..=35).contains(gap)), "{gaps:?}");
        let late = gaps.iter().filter(|gap| **gap > 20).count();
        assert!(late <= 1, "{gaps:?}");
        moved += late;
        assert!(heard.windows(2).all(|pair| pair[1].timestamp == pair[0].timestamp.wrapping_add(160)));
    }
    assert_eq!(moved, 3, "one of each pair came from another spoke");
    for (first, second) in [(0, 25), (19, 10), (9, 30)] {
        simulation.tick();
        let last = |party: &Party, simulation: &mut Simulation| party.hears(simulation).last().unwrap().at_ms;
        assert_eq!(last(&parties[first], &mut simulation), last(&parties[second], &mut simulation));
    }
}

#[test]
fn a_stall_is_skipped_and_never_becomes_a_burst() {
    let mut simulation = simulation();
    let parties: Vec<Party> =
        (0..4).map(|leg| Party::new(leg, Codec::Pcmu).enters(&mut simulation)).collect();
    let mut before = Vec::new();
    for party in &parties {
        before.push(party.hears(&mut simulation).pop().unwrap());
    }
    simulation.stall(Duration::from_millis(500));
    for (party, before) in parties.iter().zip(&before) {
        let heard = party.hears(&mut simulation);
        assert_eq!(heard.len(), 1, "one packet a leg, however long the stall was");
        assert_eq!(heard[0].sequence, before.sequence.wrapping_add(1));
        let passed = heard[0].timestamp.wrapping_sub(before.timestamp) / 160;
        assert!((25..=26).contains(&passed), "the timestamp shows the time that passed: {passed} ticks");
    }
    for party in &parties {
        simulation.order(Order::Close { leg: party.leg });
    }
    simulation.tick();
    let skipped = events(&mut simulation).into_iter().filter_map(|event| match event {
        MediaEvent::PortClosed { counters, .. } => Some(counters.ticks_skipped),
        _ => None,
    });
    let skipped: Vec<u64> = skipped.collect();
    assert!(skipped.len() == 4 && skipped.iter().all(|ticks| (24..=25).contains(ticks)), "{skipped:?}");
}

#[test]
fn keys_cross_a_bridge_as_events_and_each_is_told_once() {
    let mut simulation = simulation();
    let mut one = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let other = Party::new(2, Codec::Pcma).enters(&mut simulation);
    simulation.order(Order::Bridge { first: one.leg, second: other.leg });
    simulation.tick();
    other.hears(&mut simulation);
    for event in [5, 5, 11] {
        for packet in one.key(event) {
            assert!(simulation.deliver(one.leg, Channel::Rtp, one.address, &packet));
            simulation.tick();
        }
        simulation.tick();
    }
    for _ in 0..40 {
        simulation.tick();
    }
    let told: Vec<char> = events(&mut simulation)
        .into_iter()
        .filter_map(|event| match event {
            MediaEvent::Digit { leg, key, .. } => Some(key).filter(|_| leg == one.leg),
            _ => None,
        })
        .collect();
    assert_eq!(told, ['5', '5', '#']);
    let passed: Vec<_> =
        other.hears(&mut simulation).into_iter().filter(|heard| heard.payload_type == EVENT_TYPE).collect();
    let mut keys: Vec<(u8, u32)> = passed.iter().map(|heard| (heard.payload[0], heard.timestamp)).collect();
    keys.dedup();
    assert_eq!(keys.iter().map(|key| key.0).collect::<Vec<_>>(), [5, 5, 11], "{keys:?}");
    let ends = passed.iter().filter(|heard| heard.payload[1] & 0x80 != 0).count();
    assert_eq!(ends, 9, "each end is sent three times (RFC 4733 §2.5.1.4)");
}

#[test]
fn a_stream_that_is_all_keys_tells_no_more_than_a_dialler() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    for key in 0..500u16 {
        for packet in party.key((key % 10) as u8) {
            simulation.deliver(party.leg, Channel::Rtp, party.address, &packet);
        }
        if key % 5 == 0 {
            simulation.tick();
        }
    }
    let told = events(&mut simulation).iter().filter(|e| matches!(e, MediaEvent::Digit { .. })).count();
    assert!((32..=32 + 42).contains(&told), "{told} keys in 2 s");
}

#[test]
fn keys_for_a_party_without_events_are_tones() {
    let mut simulation = simulation();
    let party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let audio = AgreedAudio { telephone_event: None, ..party.audio() };
    simulation.order(Order::Configure { leg: party.leg, audio });
    simulation.order(Order::SendDigits { leg: party.leg, digits: "4#".into() });
    party.hears(&mut simulation);
    let mut detector = frontdesk_audio::ToneDetector::new();
    let mut heard = Vec::new();
    for _ in 0..20 {
        simulation.tick();
        for packet in party.hears(&mut simulation) {
            heard.extend(detector.frame(&packet.samples().unwrap()));
        }
    }
    assert_eq!(heard, ['4', '#']);
}

#[test]
fn silence_of_the_other_side_is_told_once_until_it_speaks_again() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let silences = |simulation: &mut Simulation| -> Vec<u64> {
        let told = events(simulation).into_iter().filter_map(|event| match event {
            MediaEvent::NoMedia { since, .. } => Some(since.as_millis()),
            _ => None,
        });
        told.collect()
    };
    for _ in 0..400 {
        simulation.tick();
    }
    assert_eq!(silences(&mut simulation).len(), 1);
    let spoke_ms = simulation.now().as_millis();
    party.says(&mut simulation, 0);
    for _ in 0..400 {
        simulation.tick();
    }
    assert_eq!(silences(&mut simulation), [spoke_ms + 5], "read at the next round");
    let held = AgreedAudio { direction: Direction::SendOnly, ..party.audio() };
    simulation.order(Order::Configure { leg: party.leg, audio: held });
    for _ in 0..400 {
        simulation.tick();
    }
    assert!(silences(&mut simulation).is_empty(), "nobody has to send to somebody who holds");
}

#[test]
fn a_leg_that_closes_in_the_middle_of_everything_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let mut simulation = simulation();
    let all = simulation.free_slots();
    let mut one = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let other = Party::new(2, Codec::Pcma).enters(&mut simulation);
    let shared = prompt(1_000, 5_000);
    let (speech, ears) = speech_ring();
    let (voice, stream) = stream_ring();
    simulation.order(Order::Bridge { first: one.leg, second: other.leg });
    simulation.order(Order::Listen { leg: one.leg, listening: ListeningId(1), ring: speech });
    simulation.order(Order::Record { leg: one.leg, path: path.clone() });
    simulation.order(Order::PlayStream { leg: one.leg, playback: PlaybackId(1), ring: stream });
    simulation.order(play(&one, 2, &shared, true));
    simulation.order(play(&other, 3, &shared, false));
    simulation.order(Order::SendDigits { leg: one.leg, digits: "1234".into() });
    for _ in 0..20 {
        one.says(&mut simulation, 3_000);
        simulation.tick();
    }
    for packet in one.key(7) {
        assert!(simulation.deliver(one.leg, Channel::Rtp, one.address, &packet));
    }
    simulation.step();
    // Nothing was polled until here.
    simulation.order(Order::Close { leg: one.leg });
    simulation.order(Order::Close { leg: other.leg });
    simulation.order(play(&other, 4, &shared, false));
    simulation.tick();
    let told = events(&mut simulation);
    assert_eq!(end_of(&told, 1), (PlaybackEnd::Stopped, 0));
    assert_eq!(end_of(&told, 2).0, PlaybackEnd::Stopped);
    assert_eq!(end_of(&told, 3).0, PlaybackEnd::Stopped);
    assert_eq!(end_of(&told, 4), (PlaybackEnd::Failed, 0), "the port was closed before");
    assert!(told.iter().any(|event| matches!(event, MediaEvent::Digit { key: '7', .. })));
    let place = |wanted: fn(&MediaEvent) -> bool| told.iter().rposition(wanted).unwrap();
    let last_end =
        place(|event| matches!(event, MediaEvent::PlaybackEnded { playback: PlaybackId(..4), .. }));
    let first_closed = told.iter().position(|event| matches!(event, MediaEvent::PortClosed { .. })).unwrap();
    assert!(last_end < first_closed, "a closed port has nothing more to tell");
    assert_eq!(simulation.free_slots(), all);
    assert_eq!(Arc::strong_count(&shared), 1);
    assert!(!voice.read_is_held() && !ears.write_is_held());
    assert!(!simulation.deliver(one.leg, Channel::Rtp, one.address, &[]));
    drop(simulation);
    assert!(hound::WavReader::open(&path).unwrap().duration() >= 19 * 160);
}

#[test]
fn a_desk_that_does_not_listen_for_long_is_told_everything_all_the_same() {
    let mut simulation = simulation();
    let parties: Vec<Party> =
        (0..20).map(|leg| Party::new(leg, Codec::Pcmu).enters(&mut simulation)).collect();
    let short = prompt(1_000, 1);
    let mut playbacks = 0;
    for _ in 0..150 {
        for party in &parties {
            simulation.order(play(party, playbacks, &short, false));
            playbacks += 1;
        }
        simulation.tick();
    }
    for party in &parties {
        simulation.order(Order::Close { leg: party.leg });
    }
    let mut told = Vec::new();
    for _ in 0..200 {
        told.extend(events(&mut simulation));
        simulation.tick();
    }
    let mut ended: Vec<u64> = told
        .iter()
        .filter_map(|event| match event {
            MediaEvent::PlaybackEnded { playback, .. } => Some(playback.0),
            _ => None,
        })
        .collect();
    ended.sort_unstable();
    assert_eq!(ended, (0..playbacks).collect::<Vec<_>>());
    assert_eq!(told.iter().filter(|event| matches!(event, MediaEvent::PortClosed { .. })).count(), 20);
    assert_eq!(Arc::strong_count(&short), 1);
}

#[test]
fn a_full_engine_refuses_a_leg_and_takes_it_when_another_has_gone() {
    let mut simulation = simulation();
    let open = |leg: u64| Order::Open { leg: LegId(leg), bind: Ipv4Addr::LOCALHOST.into() };
    for leg in 0..MAX_LEGS as u64 {
        simulation.order(open(leg));
        if leg % 200 == 0 {
            simulation.tick();
        }
    }
    simulation.tick();
    assert!(events(&mut simulation).iter().all(|event| matches!(event, MediaEvent::PortOpened { .. })));
    simulation.order(open(5_000));
    let refused = MediaEvent::PortFailed { leg: LegId(5_000), fault: PortFault::EngineFull };
    assert_eq!(events(&mut simulation), [refused]);
    simulation.order(Order::Close { leg: LegId(17) });
    for _ in 0..8 {
        simulation.tick();
        events(&mut simulation);
    }
    simulation.order(open(5_001));
    assert!(matches!(events(&mut simulation)[..], [MediaEvent::PortOpened { leg: LegId(5_001), .. }]));
}

#[test]
fn a_recording_has_both_sides_in_step_and_silence_where_the_machine_stalled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcma).enters(&mut simulation);
    simulation.order(Order::Record { leg: party.leg, path: path.clone() });
    simulation.order(play(&party, 1, &prompt(4_000, 60), false));
    for at in 0..60 {
        party.says(&mut simulation, if at < 30 { 1_000 } else { 10_000 });
        simulation.tick();
    }
    simulation.stall(Duration::from_millis(200));
    simulation.tick();
    simulation.order(Order::StopRecording { leg: party.leg });
    simulation.tick();
    let ended = loop {
        if let Some(event @ MediaEvent::RecordingEnded { .. }) = simulation.poll() {
            break event;
        }
        std::thread::yield_now();
    };
    let MediaEvent::RecordingEnded { samples, gap_samples, kept, .. } = ended else { unreachable!() };
    let frames = samples / 160;
    assert!(kept && (70..=72).contains(&frames) && (8..=10).contains(&(gap_samples / 160)), "{ended:?}");
    let mut wav = hound::WavReader::open(&path).unwrap();
    let heard: Vec<i16> = wav.samples::<i16>().map(Result::unwrap).collect();
    assert_eq!(heard.len() as u64, samples * 2);
    let right: Vec<bool> = heard.chunks(320).map(|frame| frame[161] > 3_900).collect();
    assert!(right[..60].iter().all(|loud| *loud) && !right[60..].iter().any(|loud| *loud));
    let left: Vec<i16> = heard.chunks(320).map(|frame| frame[160]).collect();
    assert!((900..1_100).contains(&left[20]) && (9_000..11_000).contains(&left[50]));
}

#[test]
fn a_stall_does_not_become_lasting_delay() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let (ring, mut ears) = speech_ring();
    simulation.order(Order::Listen { leg: party.leg, listening: ListeningId(1), ring });
    let mut delays_ms = |simulation: &Simulation| -> Vec<u64> {
        let now = simulation.now();
        ears.pop_iter().map(|frame| now.since(frame.arrived).as_millis() as u64).collect()
    };
    for _ in 0..100 {
        party.says(&mut simulation, 5_000);
        simulation.tick();
        delays_ms(&simulation);
    }
    // The party speaks on while the machine stands still; all of it waits in the socket.
    for _ in 0..15 {
        party.says(&mut simulation, 5_000);
    }
    simulation.stall(Duration::from_millis(300));
    delays_ms(&simulation);
    // The jitter buffer is more cautious after such a burst, and takes it back in the next quiet seconds.
    for _ in 0..200 {
        party.says(&mut simulation, 0);
        simulation.tick();
        let delays = delays_ms(&simulation);
        assert!(delays.iter().all(|delay| *delay <= 100), "{delays:?}");
    }
    for _ in 0..50 {
        party.says(&mut simulation, 5_000);
        simulation.tick();
        let delays = delays_ms(&simulation);
        assert!(delays.len() == 1 && delays[0] <= 40, "{delays:?}");
    }
}

#[test]
fn whoever_comes_after_a_closed_leg_is_not_heard_by_its_old_partner() {
    let mut simulation = simulation();
    let one = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let mut other = Party::new(2, Codec::Pcmu).enters(&mut simulation);
    simulation.order(Order::Bridge { first: one.leg, second: other.leg });
    simulation.tick();
    // The next leg gets the place and the spoke of the one that goes.
    simulation.order(Order::Close { leg: one.leg });
    simulation.tick();
    events(&mut simulation);
    let mut stranger = Party::new(3, Codec::Pcmu).enters(&mut simulation);
    other.hears(&mut simulation);
    stranger.hears(&mut simulation);
    for _ in 0..20 {
        stranger.says(&mut simulation, 9_000);
        other.says(&mut simulation, 9_000);
        simulation.tick();
    }
    assert!(other.hears(&mut simulation).iter().all(party::Heard::is_silent));
    assert!(stranger.hears(&mut simulation).iter().all(party::Heard::is_silent));
}

#[test]
fn legs_that_are_bridged_and_closed_within_one_turn_leave_their_spokes() {
    let mut simulation = simulation();
    for round in 0..200 {
        let legs = [2 * round, 2 * round + 1];
        let [one, other] = legs.map(|leg| Party::new(leg, Codec::Pcmu).enters(&mut simulation));
        simulation.order(Order::Bridge { first: one.leg, second: other.leg });
        simulation.order(Order::Close { leg: other.leg });
        simulation.order(Order::Close { leg: one.leg });
        simulation.tick();
        events(&mut simulation);
    }
    assert_eq!(simulation.free_slots(), MAX_LEGS);
}
