use super::*;
use proptest::prelude::*;

/// All packets of these keys, as one would receive them, with their numbers.
fn packets_of(digits: &str) -> Vec<(u64, EventPacket)> {
    let mut sender = EventSender::default();
    sender.queue(digits).unwrap();
    let mut packets = Vec::new();
    for (number, tick) in (70_000..).zip(0u32..) {
        if !sender.is_busy() {
            break;
        }
        if let Some(packet) = sender.packet(0xffff_f000u32.wrapping_add(tick * 160)) {
            packets.push((number, packet));
        }
    }
    packets
}

fn told(packets: impl IntoIterator<Item = (u64, EventPacket)>) -> String {
    let mut receiver = EventReceiver::default();
    packets
        .into_iter()
        .filter_map(|(number, p)| match receiver.packet(&p.payload, p.timestamp, number, p.marker) {
            Event::Begun(key) => Some(key),
            Event::Known | Event::Stale => None,
        })
        .collect()
}

#[test]
fn a_key_is_a_marker_then_a_growing_duration_then_three_ends() {
    let packets: Vec<EventPacket> = packets_of("5").into_iter().map(|(_, packet)| packet).collect();
    let durations: Vec<u16> =
        packets.iter().map(|p| u16::from_be_bytes([p.payload[2], p.payload[3]])).collect();
    assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
    let ends: Vec<bool> = packets.iter().map(|p| p.payload[1] & 0x80 != 0).collect();
    assert_eq!(ends, [false, false, false, false, true, true, true]);
    let markers = packets.iter().filter(|p| p.marker).count();
    assert!(packets[0].marker && markers == 1);
    assert!(packets.iter().all(|p| p.timestamp == packets[0].timestamp && p.payload[0] == 5));
}

#[test]
fn keys_that_are_none_or_too_many_are_refused_whole() {
    let mut sender = EventSender::default();
    assert_eq!(sender.queue("12x"), Err(DigitFault::NoKey('x')));
    assert!(!sender.is_busy());
    assert_eq!(sender.queue(&"1".repeat(65)), Err(DigitFault::TooMany));
    sender.queue(&"1".repeat(60)).unwrap();
    assert_eq!(sender.queue("12345"), Err(DigitFault::TooMany));
    assert_eq!(told(packets_of("0123456789*#abcd")), "0123456789*#ABCD");
}

#[test]
fn a_skipped_tick_lets_the_duration_jump_and_nothing_is_lost() {
    let mut sender = EventSender::default();
    sender.queue("7").unwrap();
    let durations: Vec<u16> = [0u32, 1, 5, 6, 7, 8]
        .iter()
        .filter_map(|tick| sender.packet(tick * 160))
        .map(|p| u16::from_be_bytes([p.payload[2], p.payload[3]]))
        .collect();
    assert_eq!(durations, [160, 320, 960, 960, 960]);
}

#[test]
fn a_long_key_in_segments_and_a_running_timestamp_are_one_key() {
    let mut receiver = EventReceiver::default();
    let mut packet = |timestamp: u32, duration: u16, number: u64, marker: bool| {
        let [d1, d0] = duration.to_be_bytes();
        receiver.packet(&[1, 10, d1, d0], timestamp, number, marker)
    };
    assert_eq!(packet(1_000, 160, 1, true), Event::Begun('1'));
    assert_eq!(packet(1_000, 0xffff, 2, false), Event::Known);
    assert_eq!(packet(1_000 + 0xffff, 160, 3, false), Event::Known, "a new segment");
    assert_eq!(packet(1_000 + 0xffff + 160, 320, 4, false), Event::Known, "a running timestamp");
    assert_eq!(packet(90_000, 160, 5, false), Event::Begun('1'), "pressed anew, its start lost");
    assert_eq!(packet(1_000, 0xffff, 2, false), Event::Stale);
}

#[test]
fn short_payloads_and_other_events_tell_nothing() {
    let mut receiver = EventReceiver::default();
    assert_eq!(receiver.packet(&[1, 2, 3], 0, 1, true), Event::Stale);
    assert_eq!(receiver.packet(&[16, 0, 0, 1], 0, 1, true), Event::Known, "hook flash");
    assert_eq!(receiver.packet(&[0, 0, 0, 1], 160, 2, true), Event::Begun('0'));
}

proptest! {
    /// One packet in ten is lost, each comes up to two packets late or twice: every key once, in order.
    #[test]
    fn each_key_once_and_in_order_over_a_bad_network(
        digits in "[0-9*#A-D]{1,30}",
        network in proptest::collection::vec((0u8..10, 0u64..3, any::<bool>()), 400),
    ) {
        let packets = packets_of(&digits);
        let mut arrivals = Vec::new();
        let mut lost_in_a_row = 0;
        for (at, ((number, packet), (loss, late, twice))) in packets.iter().zip(&network).enumerate() {
            // A key whose seven packets are all lost cannot be told; five in a row are as far as this goes.
            if *loss == 0 && lost_in_a_row < 5 {
                lost_in_a_row += 1;
                continue;
            }
            lost_in_a_row = 0;
            arrivals.push((at as u64 + late, (*number, *packet)));
            if *twice {
                arrivals.push((at as u64 + late + 1, (*number, *packet)));
            }
        }
        arrivals.sort_by_key(|(when, _)| *when);
        prop_assert_eq!(told(arrivals.into_iter().map(|(_, packet)| packet)), digits);
    }

    #[test]
    fn any_packets_are_borne(packets: Vec<(Vec<u8>, u32, u64, bool)>) {
        let mut receiver = EventReceiver::default();
        for (payload, timestamp, number, marker) in packets {
            receiver.packet(&payload, timestamp, number, marker);
        }
    }
}
