//! All legs by one port: each datagram finds its leg, or nobody.

mod party;

use frontdesk_identifiers::LegId;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, Order};
use frontdesk_media_protocol::{AgreedAudio, Codec, MediaEvent};
use party::{Party, events};
use std::net::SocketAddr;
use std::time::Duration;

fn simulation() -> Simulation {
    Simulation::with_one_port(Duration::from_secs(3), [7; 32]).unwrap()
}

/// Opens a leg for a party of which is signalled this.
fn enters(simulation: &mut Simulation, party: Party, audio: AgreedAudio) -> Party {
    simulation.order(Order::Open { leg: party.leg, bind: "127.0.0.1".parse().unwrap() });
    simulation.order(Order::Configure { leg: party.leg, audio });
    simulation.step();
    events(simulation);
    party
}

fn says(simulation: &mut Simulation, party: &mut Party, value: i16) {
    let packet = party.packet(value);
    simulation.deliver_to_all(Channel::Rtp, party.address, &packet);
}

/// How many packets each leg took, told as it closes.
fn taken(simulation: &mut Simulation, legs: &[LegId]) -> Vec<(u64, u64)> {
    legs.iter().for_each(|leg| simulation.order(Order::Close { leg: *leg }));
    simulation.tick();
    let mut closed: Vec<_> = events(simulation)
        .into_iter()
        .filter_map(|event| match event {
            MediaEvent::PortClosed { leg, counters } => {
                Some((leg, counters.packets_received, counters.packets_refused))
            }
            _ => None,
        })
        .collect();
    closed.sort();
    closed.into_iter().map(|(_, received, refused)| (received, refused)).collect()
}

#[test]
fn a_thousand_legs_are_each_found_by_their_partys_address() {
    let mut simulation = simulation();
    let mut parties: Vec<Party> = (0..1_000)
        .map(|leg| {
            let party = Party::new(leg, Codec::Pcmu);
            let audio = party.audio();
            enters(&mut simulation, party, audio)
        })
        .collect();
    for _ in 0..5 {
        for group in parties.chunks_mut(50) {
            group.iter_mut().for_each(|party| says(&mut simulation, party, 5_000));
            simulation.step();
        }
    }
    let legs: Vec<LegId> = parties.iter().map(|party| party.leg).collect();
    let mut all = Vec::new();
    for legs in legs.chunks(100) {
        all.extend(taken(&mut simulation, legs));
    }
    assert_eq!(all.len(), 1_000);
    assert!(all.iter().all(|counted| *counted == (5, 0)));
    assert_eq!(simulation.strangers(), 0);
}

#[test]
fn a_party_behind_a_nat_is_found_and_a_stranger_is_counted_and_told_to_no_leg() {
    let mut simulation = simulation();
    let outside: SocketAddr = "198.51.100.7:61000".parse().unwrap();
    let party = Party::at(1, Codec::Pcmu, outside);
    let audio = AgreedAudio {
        remote: "192.168.1.5:4000".parse().unwrap(),
        messages_from: Some(outside.ip()),
        ..party.audio()
    };
    let mut party = enters(&mut simulation, party, audio);
    let mut stranger = Party::at(2, Codec::Pcmu, "203.0.113.66:4000".parse().unwrap());
    // They wrote to where it was signalled, before its first packet.
    while simulation.sent(party.leg).is_some() {}
    for _ in 0..60 {
        says(&mut simulation, &mut stranger, 9_000);
        says(&mut simulation, &mut party, 5_000);
        simulation.tick();
    }
    assert_eq!(party.hears(&mut simulation).len(), 60);
    assert_eq!(simulation.strangers(), 60);
    // Its NAT gives it another port; while it is silent nobody else is let in.
    for _ in 0..20 {
        simulation.tick();
    }
    while simulation.sent(party.leg).is_some() {}
    party.address.set_port(61_002);
    for _ in 0..10 {
        says(&mut simulation, &mut party, 5_000);
        simulation.tick();
    }
    assert_eq!(party.hears(&mut simulation).len(), 10);
    assert_eq!(taken(&mut simulation, &[party.leg]), [(70, 0)]);
}

#[test]
fn two_legs_of_one_exchange_are_told_apart_by_their_streams() {
    let mut simulation = simulation();
    let exchange: SocketAddr = "192.0.2.9:5004".parse().unwrap();
    let mut parties = Vec::new();
    for leg in [1, 2] {
        let party = Party::at(leg, Codec::Pcmu, exchange);
        let audio = party.audio();
        parties.push(enters(&mut simulation, party, audio));
        // The first one speaks before the second is there: otherwise nobody could tell.
        says(&mut simulation, &mut parties[leg as usize - 1], 100);
        simulation.tick();
    }
    for _ in 0..20 {
        parties.iter_mut().for_each(|party| says(&mut simulation, party, 5_000));
        simulation.tick();
    }
    assert_eq!(taken(&mut simulation, &[LegId(1), LegId(2)]), [(21, 0), (21, 0)]);
}

#[test]
fn reports_find_their_leg_by_either_port() {
    let mut simulation = simulation();
    let party = Party::new(1, Codec::Pcmu);
    let audio = AgreedAudio { rtcp_mux: true, remote_rtcp: party.address, ..party.audio() };
    let mut party = enters(&mut simulation, party, audio);
    for _ in 0..400 {
        says(&mut simulation, &mut party, 5_000);
        simulation.tick();
    }
    let mut reports = 0;
    while let Some(sent) = simulation.sent(party.leg) {
        // RFC 5761 §4: told apart by the type.
        assert!(sent.channel == Channel::Rtp && sent.address == party.address);
        reports += usize::from(sent.bytes()[1] == 200);
    }
    assert!(reports <= 2);
    let report =
        [0x80, 200, 0, 6, 0x12, 0x34, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    simulation.deliver_to_all(Channel::Rtp, party.address, &report);
    simulation.tick();
    assert_eq!(simulation.strangers(), 0);
    assert_eq!(taken(&mut simulation, &[party.leg]), [(400, 0)], "a report is not refused as sound");
}
