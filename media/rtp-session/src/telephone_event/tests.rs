use super::*;
use frontdesk_identifiers::Moment;
use proptest::prelude::*;
use std::time::Duration;

/// All packets of these keys, as one would receive them, with their numbers.
fn packets_of(digits: &str) -> Vec<(u64, EventPacket)> {
    let mut sender = EventSender::new(8_000);
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
    let mut receiver = EventReceiver::new(8_000);
    packets
        .into_iter()
        .filter_map(|(number, p)| {
            match receiver.packet(&p.payload, p.timestamp, number, p.marker, Moment::ZERO) {
                Event::Begun(key) => Some(key),
                Event::Known | Event::Stale => None,
            }
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
    let mut sender = EventSender::new(8_000);
    assert_eq!(sender.queue("12x"), Err(DigitFault::NoKey('x')));
    assert!(!sender.is_busy());
    assert_eq!(sender.queue(&"1".repeat(65)), Err(DigitFault::TooMany));
    sender.queue(&"1".repeat(60)).unwrap();
    assert_eq!(sender.queue("12345"), Err(DigitFault::TooMany));
    assert_eq!(told(packets_of("0123456789*#abcd")), "0123456789*#ABCD");
}

#[test]
fn a_skipped_tick_lets_the_duration_jump_and_nothing_is_lost() {
    let mut sender = EventSender::new(8_000);
    sender.queue("7").unwrap();
    let durations: Vec<u16> = [0u32, 1, 5, 6, 7, 8]
        .iter()
        .filter_map(|tick| sender.packet(tick * 160))
        .map(|p| u16::from_be_bytes([p.payload[2], p.payload[3]]))
        .collect();
    assert_eq!(durations, [160, 320, 800, 800, 800]);
}

#[test]
fn a_long_key_in_segments_and_a_running_timestamp_are_one_key() {
    let mut receiver = EventReceiver::new(8_000);
    let mut packet = |timestamp: u32, duration: u16, number: u64, marker: bool| {
        let [d1, d0] = duration.to_be_bytes();
        receiver.packet(&[1, 10, d1, d0], timestamp, number, marker, Moment::ZERO)
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
    let mut receiver = EventReceiver::new(8_000);
    assert_eq!(receiver.packet(&[1, 2, 3], 0, 1, true, Moment::ZERO), Event::Stale);
    assert_eq!(receiver.packet(&[16, 0, 0, 1], 0, 1, true, Moment::ZERO), Event::Known, "hook flash");
    assert_eq!(receiver.packet(&[0, 0, 0, 1], 160, 2, true, Moment::ZERO), Event::Begun('0'));
}

/// All packets of a key that is held for so long, and the durations that are told of it.
fn held(clock_hz: u32, hold: Duration) -> (Vec<EventPacket>, Vec<EndedKey>) {
    let (mut sender, mut receiver) = (EventSender::new(clock_hz), EventReceiver::new(clock_hz));
    sender.hold('5').unwrap();
    let (mut packets, mut ended) = (Vec::new(), Vec::new());
    for tick in 0..10_000u32 {
        let now = Moment::from_millis(u64::from(tick) * 20);
        if now.since(Moment::ZERO) >= hold {
            sender.let_go(hold);
        }
        if let Some(packet) = sender.packet((u32::MAX - 70_000).wrapping_add(tick * (clock_hz / 50))) {
            let EventPacket { payload, timestamp, marker } = packet;
            receiver.packet(&payload, timestamp, u64::from(tick), marker, now);
            packets.push(packet);
        }
        ended.extend(receiver.poll_ended(now));
    }
    (packets, ended)
}

#[test]
fn a_key_that_is_held_is_told_with_its_duration_by_either_clock() {
    for clock_hz in [8_000, 48_000] {
        for millis in [40, 61, 100, 333, 1_370, 8_200, 20_000] {
            let (packets, ended) = held(clock_hz, Duration::from_millis(millis));
            let last = packets.last().unwrap();
            assert!(last.payload[1] & 0x80 != 0);
            let duration = ended[0].duration.as_millis() as u64;
            assert!((millis..millis + 21).contains(&duration), "{clock_hz}: {duration} for {millis}");
            assert_eq!((ended.len(), ended[0].key), (1, '5'));
            assert_eq!(packets.iter().filter(|packet| packet.marker).count(), 1);
            let segments = packets.chunk_by(|one, other| one.timestamp == other.timestamp).count() as u64;
            assert_eq!(segments, 1 + duration * u64::from(clock_hz) / 1_000 / 0xffff, "{clock_hz}: {millis}");
        }
    }
    let (packets, ended) = held(8_000, Duration::from_secs(100));
    assert_eq!((ended[0].duration, packets.len() < 1_510), (LONGEST_HOLD, true), "nobody let it go");
}

#[test]
fn a_key_whose_end_is_lost_ends_by_itself_or_with_the_next() {
    let mut receiver = EventReceiver::new(8_000);
    let at = Moment::from_millis;
    assert_eq!(receiver.packet(&[1, 10, 0, 160], 0, 1, true, at(0)), Event::Begun('1'));
    receiver.packet(&[1, 10, 1, 64], 0, 2, false, at(20));
    assert_eq!(receiver.poll_ended(at(319)), None);
    let ended = EndedKey { key: '1', duration: Duration::from_millis(40) };
    assert_eq!((receiver.poll_ended(at(320)), receiver.poll_ended(at(999))), (Some(ended), None));
    assert_eq!(receiver.packet(&[1, 0x8a, 1, 64], 0, 3, false, at(1_000)), Event::Known);
    assert_eq!(receiver.poll_ended(at(1_000)), None, "its end was told");
    assert_eq!(receiver.packet(&[2, 10, 0, 160], 9_000, 4, true, at(1_100)), Event::Begun('2'));
    assert_eq!(receiver.packet(&[3, 10, 0, 160], 11_000, 12, false, at(1_300)), Event::Begun('3'));
    let ended = EndedKey { key: '2', duration: Duration::from_millis(20) };
    assert_eq!((receiver.poll_ended(at(1_300)), receiver.poll_ended(at(1_300))), (Some(ended), None));
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
        let mut receiver = EventReceiver::new(8_000);
        for (payload, timestamp, number, marker) in packets {
            receiver.packet(&payload, timestamp, number, marker, Moment::ZERO);
        }
    }
}
