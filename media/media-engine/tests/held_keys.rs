//! Keys that are held, and those whom they are passed on to.

mod party;

use frontdesk_identifiers::LegId;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, Order};
use frontdesk_media_protocol::{Codec, MediaEvent};
use party::{EVENT_TYPE, Heard, Party, events};
use std::time::Duration;

/// The durations of the keys that a party is sent, in milliseconds, each when it ends.
fn keys_of(heard: Vec<Heard>) -> Vec<(u8, u64)> {
    let mut keys: Vec<(u32, u8, u64)> = Vec::new();
    for heard in heard.into_iter().filter(|heard| heard.payload_type == EVENT_TYPE) {
        let [event, flags, high, low] = heard.payload[..] else { panic!("four bytes") };
        let duration = u64::from(u16::from_be_bytes([high, low])) / 8;
        if flags & 0x80 != 0 && keys.last().is_none_or(|last| last.0 != heard.timestamp) {
            keys.push((heard.timestamp, event, duration));
        }
    }
    keys.into_iter().map(|(_, event, duration)| (event, duration)).collect()
}

#[test]
fn a_key_reaches_the_other_party_as_long_as_it_is_held() {
    // Equal codecs: what is said may be passed on unheard; different ones: it is decoded.
    for other_codec in [Codec::Pcmu, Codec::Pcma] {
        let mut simulation = Simulation::new(Duration::from_secs(3), [7; 32]).unwrap();
        let mut one = Party::new(1, Codec::Pcmu).enters(&mut simulation);
        let mut other = Party::new(2, other_codec).enters(&mut simulation);
        simulation.order(Order::Bridge { first: one.leg, second: other.leg });
        let mut heard = Vec::new();
        let keys = [(5, 4), (5, 30), (11, 12)];
        for (event, ticks) in keys {
            for _ in 0..30 {
                one.says(&mut simulation, 3_000);
                other.says(&mut simulation, 2_000);
                simulation.tick();
                heard.extend(other.hears(&mut simulation));
            }
            for packet in one.holds_key(event, ticks) {
                assert!(simulation.deliver(one.leg, Channel::Rtp, one.address, &packet));
                other.says(&mut simulation, 2_000);
                simulation.tick();
                heard.extend(other.hears(&mut simulation));
            }
        }
        for _ in 0..30 {
            one.says(&mut simulation, 3_000);
            other.says(&mut simulation, 2_000);
            simulation.tick();
            heard.extend(other.hears(&mut simulation));
        }
        let expected = keys.map(|(event, ticks)| (event, u64::from(ticks) * 20));
        let heard = keys_of(heard);
        assert_eq!(heard.len(), 3, "{other_codec:?}: {heard:?}");
        for ((event, heard), (pressed, held)) in heard.into_iter().zip(expected) {
            assert_eq!(event, pressed);
            assert!(heard.abs_diff(held) <= 40, "{other_codec:?}: {heard} ms for {held}");
        }
        let told: Vec<(char, u64)> = events(&mut simulation)
            .into_iter()
            .filter_map(|event| match event {
                MediaEvent::DigitEnded { leg: LegId(1), key, duration, .. } => {
                    Some((key, duration.as_millis() as u64))
                }
                _ => None,
            })
            .collect();
        assert_eq!(told, [('5', 80), ('5', 600), ('#', 240)], "{other_codec:?}");
    }
}
