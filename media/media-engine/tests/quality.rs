//! What is told of the quality of a leg, what its party's reports change, and who is believed to be gone.

mod party;

use frontdesk_identifiers::{LegId, WallTime};
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, Order};
use frontdesk_media_protocol::{AgreedAudio, Codec, LegQuality, MediaEvent};
use frontdesk_rtp_session::rtcp::{self, Report, SenderInfo};
use party::{Party, events};
use std::net::SocketAddr;
use std::time::Duration;

fn simulation() -> Simulation {
    Simulation::new(Duration::from_secs(3), [7; 32]).unwrap()
}

fn qualities(events: &[MediaEvent]) -> Vec<LegQuality> {
    let quality = |event: &MediaEvent| match event {
        MediaEvent::Quality { leg: LegId(1), quality } => Some(*quality),
        _ => None,
    };
    events.iter().filter_map(quality).collect()
}

fn is_gone(events: &[MediaEvent]) -> bool {
    events.iter().any(|event| matches!(event, MediaEvent::NoMedia { .. }))
}

/// A report of somebody who has sent so many packets, or of one who sends none.
fn report(packets: Option<u32>) -> Vec<u8> {
    let sender = packets.map(|packets| SenderInfo {
        ntp: rtcp::ntp_of(WallTime::from_unix_micros(1)),
        rtp_timestamp: 0,
        packets,
        bytes: 0,
    });
    let mut out = [0; rtcp::MAX_REPORT_BYTES];
    let report = Report { ssrc: 0x1234_0001, sender, block: None, voip: None, cname: "x", goodbye: false };
    let length = rtcp::write(&report, &mut out);
    out[..length].to_vec()
}

#[test]
fn each_five_seconds_the_quality_is_told_and_the_sum_at_the_end() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    for tick in 0..1_000 {
        // The second five seconds lose one packet in five.
        if (250..500).contains(&tick) && tick % 5 == 0 {
            party.packet(9_000);
        } else {
            party.says(&mut simulation, 9_000);
        }
        simulation.tick();
    }
    simulation.order(Order::Close { leg: party.leg });
    (0..10).for_each(|_| simulation.tick());
    let told = events(&mut simulation);
    let qualities = qualities(&told);
    assert!((3..=4).contains(&qualities.len()), "{qualities:?}");
    let scores: Vec<u16> =
        qualities.iter().filter_map(|quality| quality.received.mos).map(|mos| mos.hundredths()).collect();
    assert!(scores[0] > 430 && scores[1] < 300 && scores[2] > 430, "{scores:?}");
    assert!(qualities.iter().all(|quality| quality.sent.mos.is_none()), "the party reports nothing");
    let closed = told.iter().find_map(|event| match event {
        MediaEvent::PortClosed { counters, .. } => Some(*counters),
        _ => None,
    });
    let counters = closed.unwrap();
    let sum = counters.quality.received;
    assert_eq!((sum.packets, sum.lost), (counters.packets_received, counters.packets_lost));
    assert_eq!(sum.mos_min.map(|mos| mos.hundredths()), scores.iter().min().copied());
}

#[test]
fn a_party_that_is_muted_or_saves_its_packets_is_not_taken_for_gone() {
    for (silent, gone) in [
        // It says that it sends nothing; that it has sent what came; that it sends what never comes; nothing at all.
        ((|_| Some(report(None))) as fn(u32) -> Option<Vec<u8>>, false),
        (|_| Some(report(Some(100))), false),
        (|tick| Some(report(Some(100 + tick))), true),
        (|_| None, true),
    ] {
        let mut simulation = simulation();
        let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
        for _ in 0..100 {
            party.says(&mut simulation, 9_000);
            simulation.tick();
        }
        let reports_from = SocketAddr::new(party.address.ip(), party.address.port() + 1);
        for tick in 0..1_000u32 {
            if tick % 100 == 50
                && let Some(report) = silent(tick)
            {
                simulation.deliver(party.leg, Channel::Rtcp, reports_from, &report);
            }
            simulation.tick();
        }
        assert_eq!(is_gone(&events(&mut simulation)), gone);
    }
}

#[test]
fn comfort_noise_now_and_then_holds_a_call() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    for tick in 0..1_000 {
        if tick % 100 == 0 {
            let packet = party.comfort_noise();
            simulation.deliver(party.leg, Channel::Rtp, party.address, &packet);
        }
        simulation.tick();
    }
    assert!(!is_gone(&events(&mut simulation)));
}

#[test]
fn reports_come_and_go_on_the_port_of_the_sound_where_that_was_agreed() {
    let mut simulation = simulation();
    let mut party = Party::new(1, Codec::Pcmu).enters(&mut simulation);
    let audio = AgreedAudio { rtcp_mux: true, remote_rtcp: party.address, ..party.audio() };
    simulation.order(Order::Configure { leg: party.leg, audio });
    let mut reports = 0;
    for tick in 0..1_000 {
        if tick < 100 {
            party.says(&mut simulation, 9_000);
        } else if tick % 100 == 50 {
            simulation.deliver(party.leg, Channel::Rtp, party.address, &report(None));
        }
        simulation.tick();
        while let Some(sent) = simulation.sent(party.leg) {
            assert_eq!((sent.channel, sent.address), (Channel::Rtp, party.address));
            reports += u32::from(rtcp::read(sent.bytes(), 0).is_ok());
        }
    }
    assert!((2..=10).contains(&reports), "{reports} in 20 s");
    let told = events(&mut simulation);
    assert!(!is_gone(&told), "it said that it is silent");
    assert!(!told.iter().any(|event| matches!(event, MediaEvent::StrangePacket { .. })));
}
