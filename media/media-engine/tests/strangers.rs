//! Datagrams at a leg's port that are none of its party's.

mod party;

use frontdesk_identifiers::LegId;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, Order};
use frontdesk_media_protocol::{AgreedAudio, Codec, Direction, MediaEvent, Strangeness};
use party::{Party, events};
use std::time::Duration;

fn simulation() -> Simulation {
    Simulation::new(Duration::from_secs(3), [7; 32]).unwrap()
}

#[test]
fn a_stranger_who_speaks_while_a_party_is_on_hold_does_not_get_its_sound() {
    let mut simulation = simulation();
    let party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let held = AgreedAudio { direction: Direction::Inactive, ..party.audio() };
    simulation.order(Order::Configure { leg: party.leg, audio: held });
    simulation.tick();
    party.hears(&mut simulation);
    let mut stranger = Party::at(1, Codec::Pcmu, "203.0.113.66:6666".parse().unwrap());
    for _ in 0..200 {
        let packet = stranger.packet(9_000);
        simulation.deliver(party.leg, Channel::Rtp, stranger.address, &packet);
        simulation.tick();
    }
    simulation.order(Order::Configure { leg: party.leg, audio: party.audio() });
    simulation.tick();
    simulation.tick();
    // `hears` makes sure that everything went to the party's own address.
    assert!(!party.hears(&mut simulation).is_empty());
}

#[test]
fn what_is_none_of_a_partys_sound_is_told_of_once() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let strange = |simulation: &mut Simulation| -> Vec<Strangeness> {
        let why = |event| match event {
            MediaEvent::StrangePacket { leg: LegId(1), why, .. } => Some(why),
            _ => None,
        };
        events(simulation).into_iter().filter_map(why).collect()
    };
    let mut foreign = Party::at(1, Codec::Pcma, "203.0.113.66:6666".parse().unwrap());
    for _ in 0..50 {
        let packet = foreign.packet(9_000);
        simulation.deliver(party.leg, Channel::Rtp, foreign.address, &packet);
        simulation.tick();
    }
    assert_eq!(strange(&mut simulation), [Strangeness::PayloadType(8)]);
    for _ in 0..50 {
        party.says(&mut simulation, 9_000);
        simulation.deliver(party.leg, Channel::Rtp, foreign.address, &[0; 3]);
        simulation.tick();
    }
    assert_eq!(strange(&mut simulation), [], "once a leg");
}

#[test]
fn a_stranger_beside_a_party_is_told_of() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let mut stranger = Party::at(1, Codec::Pcmu, "203.0.113.66:6666".parse().unwrap());
    for _ in 0..3 {
        party.says(&mut simulation, 9_000);
        let packet = stranger.packet(9_000);
        simulation.deliver(party.leg, Channel::Rtp, stranger.address, &packet);
        simulation.tick();
    }
    let from = stranger.address;
    let told = MediaEvent::StrangePacket { leg: party.leg, from, why: Strangeness::Source };
    assert!(events(&mut simulation).contains(&told));
}

#[test]
fn a_stranger_who_guesses_names_and_numbers_does_not_get_into_a_call_that_goes_on() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let mut stranger = Party::at(1, Codec::Pcmu, "203.0.113.66:6666".parse().unwrap());
    let mut heard = 0;
    for guess in 0..600u32 {
        party.says(&mut simulation, 9_000);
        // The right name among many wrong ones, each long enough to be believed.
        let name = if guess % 50 == 7 { 0x1234_0001 } else { guess.wrapping_mul(0x9e37_79b9) };
        stranger.begins_anew(name);
        for _ in 0..4 {
            let packet = stranger.packet(-9_000);
            simulation.deliver(party.leg, Channel::Rtp, stranger.address, &packet);
        }
        simulation.tick();
        // All that was sent went to the party: `hears` looks at the addresses.
        heard += party.hears(&mut simulation).len();
    }
    assert!(heard > 590, "{heard}");
    simulation.order(Order::Close { leg: party.leg });
    (0..10).for_each(|_| simulation.tick());
    let counters = events(&mut simulation).into_iter().find_map(|event| match event {
        MediaEvent::PortClosed { counters, .. } => Some(counters),
        _ => None,
    });
    let counters = counters.unwrap();
    assert_eq!((counters.packets_received, counters.packets_refused), (600, 2_400));
    assert!(counters.frames_concealed <= 2, "the party is heard as if nobody else were there");
}
