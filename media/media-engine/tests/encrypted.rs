//! Encrypted legs: who shares the keys is heard, and nobody else.

mod party;

use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, Order};
use frontdesk_media_protocol::{AgreedAudio, Codec, Direction, MediaEvent, SrtpSuite, Strangeness};
use party::{Party, events};
use std::time::Duration;

const SUITES: [SrtpSuite; 4] = [
    SrtpSuite::AesCm128HmacSha1_80,
    SrtpSuite::AesCm128HmacSha1_32,
    SrtpSuite::AeadAes128Gcm,
    SrtpSuite::AeadAes256Gcm,
];

fn simulation() -> Simulation {
    Simulation::new(Duration::from_millis(500), [1; 32]).unwrap()
}

#[test]
fn parties_of_different_suites_talk_over_a_bridge() {
    for (at, suite) in SUITES.into_iter().enumerate() {
        let mut simulation = simulation();
        let mut first = Party::new(1, Codec::Pcma).encrypts(suite).enters(&mut simulation);
        // The next suite, and plain with the last.
        let second = Party::new(2, Codec::Pcmu);
        let second = match SUITES.get(at + 1) {
            Some(suite) => second.encrypts(*suite),
            None => second,
        };
        let mut second = second.enters(&mut simulation);
        simulation.order(Order::Bridge { first: first.leg, second: second.leg });
        let mut heard = (0, 0);
        for _ in 0..50 {
            first.says(&mut simulation, 8_000);
            second.says(&mut simulation, -4_000);
            simulation.tick();
            heard.0 += first.hears(&mut simulation).iter().filter(|packet| packet.peak() > 3_500).count();
            heard.1 += second.hears(&mut simulation).iter().filter(|packet| packet.peak() > 7_500).count();
        }
        assert!(heard.0 >= 45 && heard.1 >= 45, "{suite:?}: {heard:?}");
    }
}

#[test]
fn a_plain_stranger_is_not_heard_on_an_encrypted_leg_and_told_of_once() {
    let mut simulation = simulation();
    let owner = Party::new(1, Codec::Pcma).encrypts(SUITES[0]).enters(&mut simulation);
    let mut stranger = Party::new(1, Codec::Pcma);
    for _ in 0..10 {
        let packet = stranger.packet(9_000);
        simulation.deliver(owner.leg, Channel::Rtp, "192.0.2.66:6666".parse().unwrap(), &packet);
        simulation.tick();
    }
    let told = events(&mut simulation);
    let strange = told
        .iter()
        .filter(|event| matches!(event, MediaEvent::StrangePacket { why: Strangeness::Insecure, .. }));
    assert_eq!(strange.count(), 1);
    assert!(!told.iter().any(|event| matches!(event, MediaEvent::FirstPacket { .. })));
    // What is sent goes to the owner still, and only it can read it.
    assert!(!owner.hears(&mut simulation).is_empty());
}

#[test]
fn the_keys_survive_a_hold() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcma).encrypts(SUITES[0]).enters(&mut simulation);
    let mut heard = 0;
    for turn in 0..60 {
        let direction = match turn {
            20 => Direction::Inactive,
            40 => Direction::SendReceive,
            _ => party.audio().direction,
        };
        if turn == 20 || turn == 40 {
            let audio = AgreedAudio { direction, ..party.audio() };
            simulation.order(Order::Configure { leg: party.leg, audio });
        }
        party.says(&mut simulation, 5_000);
        simulation.tick();
        // An index that came twice would not be opened.
        heard += party.hears(&mut simulation).len();
    }
    assert!((38..=42).contains(&heard), "{heard}");
}
