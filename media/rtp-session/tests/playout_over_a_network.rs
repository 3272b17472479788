//! How long packets wait, over networks good and bad.

mod network;

use network::{Heard, Network, concealed, latest, listen, session};
use proptest::prelude::*;
use std::time::Duration;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_punctual_peer_is_heard_whole_and_soon() {
    for phase in 0..20 {
        let mut session = session(1);
        let network = Network { phase_ms: f64::from(phase) + 0.5, ..Network::default() };
        let heard = listen(&mut session, network, 60);
        let first = heard.iter().position(|h| matches!(h, Heard::Frame { .. })).unwrap();
        assert!(first <= 4 && concealed(&heard) == 0, "phase {phase}");
        assert!(latest(&heard[..500]) <= ms(41), "phase {phase}: {:?}", latest(&heard));
        // With time it is seen that no frame needs to wait.
        assert!(latest(&heard[1_500..]) <= ms(23), "phase {phase}: {:?}", latest(&heard[1_500..]));
        let counters = session.counters();
        assert_eq!((counters.packets_lost, counters.packets_late, counters.frames_concealed), (0, 0, 0));
        assert!(counters.jitter_us < 10 && counters.left_out <= ms(20));
    }
}

#[test]
fn packets_of_ten_to_sixty_milliseconds_are_cut_into_ticks() {
    for packet_ms in [10, 20, 30, 40, 50, 60] {
        let mut session = session(1);
        let heard = listen(&mut session, Network { packet_ms, ..Network::default() }, 30);
        assert_eq!(concealed(&heard[250..]), 0, "{packet_ms} ms");
        assert!(concealed(&heard) <= 4, "{packet_ms} ms: {}", concealed(&heard));
        assert!(latest(&heard) <= ms(u64::from(packet_ms) + 80), "{packet_ms} ms: {:?}", latest(&heard));
    }
}

#[test]
fn jitter_is_learned_and_then_rarely_heard() {
    for jitter in [5, 20, 40] {
        let mut session = session(1);
        let network = Network { jitter_ms: f64::from(jitter), ..Network::default() };
        let heard = listen(&mut session, network, 60);
        let later = concealed(&heard[250..]);
        assert!(later <= 27, "{jitter} ms: {later} of 2750");
        let late = latest(&heard[250..]);
        assert!(late <= ms(50 + 2 * jitter as u64), "{jitter} ms: {late:?}");
        // The mean deviation of an even spread is a third of it (RFC 3550 §6.4.1 smooths it).
        let measured = session.counters().jitter_us;
        assert!((jitter * 200..jitter * 480).contains(&measured), "{jitter} ms: {measured}");
    }
}

#[test]
fn a_backlog_never_becomes_lasting_latency() {
    for (quiet, seconds) in [(true, 3), (false, 8)] {
        for stall in [100.0, 180.0, 230.0, 600.0, 2_000.0] {
            let mut session = session(1);
            let network = Network { quiet, stall_ms: (5_000.0, 5_000.0 + stall), ..Network::default() };
            let heard = listen(&mut session, network, 40);
            let over = 250 + stall as usize / 20;
            let after = latest(&heard[over + seconds * 50..]);
            assert!(after <= ms(85), "stall {stall}, quiet {quiet}: {after:?} after {seconds} s");
            let after = latest(&heard[1_750..]);
            assert!(after <= ms(65), "stall {stall}, quiet {quiet}: {after:?} at the end");
            assert!(latest(&heard[over + 2..]) <= ms(300), "stall {stall}: {:?}", latest(&heard[over..]));
        }
    }
}

#[test]
fn what_is_lost_is_concealed_once_and_adds_no_delay() {
    let mut session = session(1);
    let heard = listen(&mut session, Network { loss: 0.1, ..Network::default() }, 60);
    let lost = session.counters().packets_lost as usize;
    assert!((200..400).contains(&lost), "{lost}");
    // A lost packet may lie across two ticks.
    assert!(concealed(&heard) <= 2 * lost + 2, "{} for {lost}", concealed(&heard));
    let made_up = session.counters().made_up;
    assert!(made_up <= ms(20) * (lost as u32 + 2), "{made_up:?} for {lost}");
    assert!(latest(&heard) <= ms(41), "{:?}", latest(&heard));
}

#[test]
fn packets_that_come_twice_change_nothing() {
    let mut once = session(1);
    let mut twice = session(1);
    let heard = listen(&mut once, Network::default(), 20);
    assert_eq!(listen(&mut twice, Network { twice: 1.0, ..Network::default() }, 20), heard);
    assert!(twice.counters().packets_duplicate > 990);
    assert_eq!(twice.counters().packets_late, 0);
}

#[test]
fn clocks_that_drift_are_followed() {
    for drift in [-200e-6, 200e-6] {
        let mut session = session(1);
        let heard = listen(&mut session, Network { drift, jitter_ms: 1.0, ..Network::default() }, 300);
        // 200 ppm of 300 s are three frames.
        assert!(concealed(&heard) <= 12, "{drift}: {}", concealed(&heard));
        assert!(latest(&heard) <= ms(90), "{drift}: {:?}", latest(&heard));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// `listen` itself asserts that no sample is played twice, out of order, or at another's place.
    #[test]
    fn on_any_network_order_holds_and_waiting_is_bounded(
        jitter in 0.0f64..300.0, loss in 0.0f64..0.5, twice in 0.0f64..0.5, stall in 0.0f64..3_000.0,
        drift in -0.001f64..0.001, packet_ms in prop::sample::select(vec![10u32, 20, 30, 60]),
        phase_ms in 0.0f64..20.0, quiet: bool, seed: u64,
    ) {
        let network = Network {
            jitter_ms: jitter, loss, twice, stall_ms: (4_000.0, 4_000.0 + stall), drift, packet_ms, phase_ms,
            quiet, seed,
        };
        let mut session = session(1);
        for heard in listen(&mut session, network, 12) {
            if let Heard::Frame { waited, .. } = heard {
                // At most what may wait in front of it, after the margin, and the tick that it just missed.
                // A packet that fills no whole frame may wait for its neighbour as long as a pause lasts.
                let pause = if packet_ms == 20 { 0 } else { 200 };
                prop_assert!(waited <= ms(240 + 120 + 20 + pause), "{:?}", waited);
            }
        }
        prop_assert!(session.playout_margin() <= ms(120));
    }
}
