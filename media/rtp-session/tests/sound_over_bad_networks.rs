//! What is heard of a voice over bad networks, sample by sample, and how long it takes.

mod network;
mod rough;

use frontdesk_rtp_session::Played;
use proptest::prelude::*;
use rough::{BAD_FROM_MS, CALM, Call, Outcome, Speaks, Weather, call, steepest};
use std::time::Duration;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn tick_at(millis: f64) -> usize {
    (millis / 20.0) as usize
}

/// The longest time in which nothing of the peer was heard, from a tick on.
fn longest_silence(outcome: &Outcome, from: usize) -> Duration {
    let runs = outcome.missing[from..].split(|missing| !missing);
    runs.map(|run| ms(20) * run.len() as u32).max().unwrap_or_default()
}

/// What holds on any network.
fn judge(what: Call, outcome: &Outcome) {
    // No sample steps further than the voice itself does. What is made up in the place of a loss may be a little
    // steeper; libopus needs some frames to be itself again.
    let spoken = steepest(&outcome.spoken);
    let samples = outcome.heard.len() / outcome.played.len();
    for (tick, frame) in outcome.heard.chunks(samples).enumerate() {
        let near = &outcome.troubled[tick.saturating_sub(4)..outcome.troubled.len().min(tick + 2)];
        let of_opus = what.speaks == Speaks::Opus && near.contains(&true);
        let most = if of_opus { spoken * 6 } else { spoken * 3 / 2 + 100 };
        let begin = tick * samples;
        let step = steepest(&outcome.heard[begin.saturating_sub(1)..begin + frame.len()]);
        assert!(step <= most, "{what:?}: a step of {step} in a voice of {spoken}, tick {tick}");
    }
    // The delay is bounded, and back three seconds after the trouble is over.
    let delay = |ticks: &[Option<Duration>]| ticks.iter().flatten().max().copied().unwrap_or_default();
    let worst = delay(&outcome.delay);
    assert!(worst <= ms(400 + 80 + u64::from(what.packet_ms)), "{what:?}: {worst:?}");
    let recovered = tick_at(BAD_FROM_MS + what.bad_ms + 3_000.0);
    let calm = delay(&outcome.delay[recovered..]);
    assert!(calm <= ms(u64::from(what.packet_ms) + 62), "{what:?}: {calm:?} after 3 s");
    // Nobody is silent for longer than packets were lost, or than they stayed away.
    let silence = longest_silence(outcome, 10);
    let away = Duration::from_secs_f64(what.bad.jitter_ms / 1e3);
    let explained = outcome.longest_loss + away + ms(40 + u64::from(what.packet_ms));
    assert!(silence <= explained, "{what:?}: {silence:?} of {explained:?}");
    let made_up = outcome.session.counters().made_up;
    if what.bad.jitter_ms == 0.0 {
        let lost = ms(u64::from(what.packet_ms)) * outcome.lost as u32;
        assert!(made_up <= lost + ms(60), "{what:?}: {made_up:?} of {lost:?}");
    }
    // Each sample once: as much was played as was sent, but for what was lost and what was stretched.
    let timestamps = outcome.played.iter().filter_map(|played| match played {
        Played::Frame { timestamp, .. } => Some(*timestamp),
        _ => None,
    });
    let mut last = None;
    for timestamp in timestamps {
        let step = last.map_or(1, |last| timestamp.wrapping_sub(last) as i32);
        assert!(step > 0, "{what:?}: a frame at {timestamp} again");
        last = Some(timestamp);
    }
}

#[test]
fn a_calm_network_is_heard_as_it_was_spoken_in_every_codec() {
    for speaks in Speaks::ALL {
        for packet_ms in [10, 20, 40, 60] {
            let what = Call { speaks, packet_ms, bad: CALM, bad_ms: 0.0, drift: 0.0, seed: 1 };
            let outcome = call(what, 12);
            judge(what, &outcome);
            let counters = outcome.session.counters();
            assert_eq!((counters.packets_lost, counters.packets_late), (0, 0), "{what:?}");
            assert!(counters.made_up <= ms(60), "{what:?}: {:?}", counters.made_up);
            // Once the delay has settled, what is heard is what was spoken, sample by sample.
            let end = &outcome.heard[outcome.heard.len() - 3 * outcome.heard.len() / 12..];
            // A decoder of Opus that concealed a beginning is never quite the same again.
            let apart = if speaks == Speaks::Opus { 150 } else { 0 };
            let alike = |(one, other): (&i16, &i16)| one.abs_diff(*other) <= apart;
            let is_end = |part: &[i16]| part.iter().zip(end).all(alike);
            assert!(outcome.spoken.windows(end.len()).rev().take(40_000).any(is_end), "{what:?}");
        }
    }
}

#[test]
fn an_hour_of_clocks_that_drift_adds_no_delay_and_loses_nothing() {
    let all = [(-200e-6, Speaks::Pcmu, 3_600), (200e-6, Speaks::Pcmu, 900), (-200e-6, Speaks::G722, 300)];
    for (drift, speaks, seconds) in all {
        let what = Call { speaks, packet_ms: 20, bad: CALM, bad_ms: 0.0, drift, seed: 2 };
        let outcome = call(what, seconds);
        let delay = outcome.delay.iter().flatten().max().unwrap();
        assert!(*delay <= ms(62), "{what:?}: {delay:?}");
        let counters = outcome.session.counters();
        assert_eq!((counters.packets_late, counters.packets_overflown), (0, 0), "{what:?}");
        assert!(counters.made_up <= ms(40), "{what:?}: {:?} in an hour", counters.made_up);
        let (heard, spoken) = (steepest(&outcome.heard), steepest(&outcome.spoken));
        assert!(heard <= spoken * 5 / 4, "{what:?}: a step of {heard} in a voice of {spoken}");
    }
}

#[test]
fn jitter_is_followed_up_and_down_without_a_click() {
    for jitter_ms in [40.0, 100.0, 200.0] {
        for reorders in [false, true] {
            let bad = Weather { jitter_ms, reorders, ..CALM };
            let what =
                Call { speaks: Speaks::Pcmu, packet_ms: 20, bad, bad_ms: 10_000.0, drift: 0.0, seed: 3 };
            let outcome = call(what, 22);
            judge(what, &outcome);
            // Once it is known, nearly all is heard.
            let ticks = &outcome.played[tick_at(BAD_FROM_MS + 2_500.0)..tick_at(BAD_FROM_MS + 10_000.0)];
            let missing = ticks.iter().filter(|played| !matches!(played, Played::Frame { .. })).count();
            assert!(missing <= ticks.len() / 33, "{what:?}: {missing} of {}", ticks.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn every_codec_is_heard_smoothly_soon_and_in_order_over_any_network(
        speaks in prop::sample::select(Speaks::ALL.to_vec()),
        packet_ms in prop::sample::select(vec![10u32, 20, 40, 60]),
        loss in 0.0f64..0.2, burst in 1.0f64..6.0, jitter_ms in prop_oneof![Just(0.0), 0.0f64..200.0],
        reorders: bool, twice in 0.0f64..0.3, bad_ms in 100.0f64..5_000.0, drift in -200e-6..200e-6f64, seed: u64,
    ) {
        let bad = Weather { loss, burst, jitter_ms, reorders, twice };
        let what = Call { speaks, packet_ms, bad, bad_ms, drift, seed };
        judge(what, &call(what, (BAD_FROM_MS as u32 + bad_ms as u32) / 1_000 + 6));
    }
}
