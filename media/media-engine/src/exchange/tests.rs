//! Who is found, and who is not.

use super::*;
use frontdesk_media_protocol::Codec;

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn audio(remote: &str, messages_from: Option<&str>) -> AgreedAudio {
    AgreedAudio {
        messages_from: messages_from.map(|ip| ip.parse().unwrap()),
        ..AgreedAudio::plain(Codec::Pcmu, 0, at(remote))
    }
}

fn sound(address: &str, ssrc: u32) -> Sender {
    Sender { address: at(address), ssrc: Some(ssrc), reports: false }
}

#[test]
fn a_leg_is_found_where_it_was_signalled_by_sound_and_by_reports() {
    let mut exchange = Exchange::new();
    exchange.signal(3, &audio("192.0.2.1:4000", None), false);
    exchange.signal(4, &audio("192.0.2.1:4002", None), false);
    assert_eq!(exchange.owner(sound("192.0.2.1:4000", 1)), Some(3));
    assert_eq!(exchange.owner(sound("192.0.2.1:4003", 1)), Some(4), "its reports");
    assert_eq!(exchange.owner(sound("192.0.2.1:4008", 1)), None, "either of two");
    assert_eq!(exchange.owner(sound("203.0.113.66:4000", 1)), None, "a stranger");
    exchange.forget(4);
    assert_eq!(exchange.owner(sound("192.0.2.1:4008", 1)), Some(3), "behind its NAT, by its host");
}

#[test]
fn a_party_behind_a_nat_is_found_by_the_host_of_its_messages_and_then_by_its_address() {
    let mut exchange = Exchange::new();
    exchange.signal(1, &audio("10.0.0.5:4000", Some("198.51.100.7")), false);
    let outside = sound("198.51.100.7:61000", 77);
    assert_eq!(exchange.owner(outside), Some(1));
    exchange.learn(1, outside);
    // Another telephone behind the same NAT calls: it is awaited, the first is not any more.
    exchange.signal(2, &audio("10.0.0.6:4000", Some("198.51.100.7")), false);
    assert_eq!(exchange.owner(sound("198.51.100.7:61002", 78)), Some(2));
    assert_eq!(exchange.owner(outside), Some(1));
    assert_eq!(exchange.owner(sound("198.51.100.7:7777", 77)), Some(1), "its NAT moved it: by its stream");
}

#[test]
fn legs_behind_one_address_are_told_apart_by_their_streams() {
    let mut exchange = Exchange::new();
    exchange.signal(1, &audio("192.0.2.9:5004", None), false);
    assert_eq!(exchange.owner(sound("192.0.2.9:5004", 11)), Some(1));
    exchange.learn(1, sound("192.0.2.9:5004", 11));
    exchange.signal(2, &audio("192.0.2.9:5004", None), false);
    assert_eq!(exchange.owner(sound("192.0.2.9:5004", 11)), Some(1));
    assert_eq!(exchange.owner(sound("192.0.2.9:5004", 22)), Some(2), "the only one that knows no stream");
    exchange.learn(2, sound("192.0.2.9:5004", 22));
    assert_eq!(exchange.owner(sound("192.0.2.9:5004", 22)), Some(2));
    exchange.signal(3, &audio("192.0.2.9:5004", None), false);
    exchange.signal(4, &audio("192.0.2.9:5004", None), false);
    assert_eq!(exchange.owner(sound("192.0.2.9:5004", 33)), None, "either of two");
    let report = Sender { reports: true, ..sound("192.0.2.9:5005", 22) };
    assert_eq!(exchange.owner(report), Some(2));
}

#[test]
fn what_a_datagram_says_of_its_sender_is_read_wherever_it_ends() {
    let from = at("[2001:db8::1]:9");
    let rtp = [0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    assert_eq!(Sender::of(from, &rtp).ssrc, Some(3));
    let rtcp = [0x80, 200, 0, 1, 0, 0, 0, 4];
    let sender = Sender::of(from, &rtcp);
    assert!(sender.reports && sender.ssrc == Some(4));
    for length in 0..8 {
        assert_eq!(Sender::of(from, &rtcp[..length]).ssrc, None);
    }
}
