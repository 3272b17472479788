//! The vectors of the RFCs, a second implementation, and the rules of indices and keys.

use super::*;
use frontdesk_identifiers::Moment;
use frontdesk_media_protocol::{SrtpKey, SrtpSuite};

mod changes;
mod second_opinion;
mod vectors;

pub(super) const SUITES: [SrtpSuite; 4] = [
    SrtpSuite::AesCm128HmacSha1_80,
    SrtpSuite::AesCm128HmacSha1_32,
    SrtpSuite::AeadAes128Gcm,
    SrtpSuite::AeadAes256Gcm,
];

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub(super) fn key(suite: SrtpSuite, first: u8) -> SrtpKey {
    let bytes: Vec<u8> = (0..suite.key_bytes() + suite.salt_bytes()).map(|n| first ^ (n * 7) as u8).collect();
    SrtpKey::new(suite, &bytes).unwrap()
}

/// A G.711 packet of 20 ms.
pub(super) fn packet(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend((0..160u16).map(|n| (n ^ sequence) as u8));
    packet
}

pub(super) fn sealed(sealing: &mut Sealing, plain: &[u8]) -> Vec<u8> {
    let mut room = plain.to_vec();
    room.resize(plain.len() + ADDED_TO_RTP, 0);
    let length = sealing.seal_rtp(&mut room, plain.len());
    room.truncate(length);
    room
}

pub(super) fn sealed_report(sealing: &mut Sealing, plain: &[u8]) -> Vec<u8> {
    let mut room = plain.to_vec();
    room.resize(plain.len() + ADDED_TO_RTCP, 0);
    let length = sealing.seal_rtcp(&mut room, plain.len());
    room.truncate(length);
    room
}

pub(super) fn opened(opening: &mut Opening, packet: &[u8]) -> Result<Vec<u8>, SecureFault> {
    let mut room = Room::new();
    opening.open_rtp(packet, &mut room).map(|()| room.to_vec())
}

pub(super) fn opened_report(opening: &mut Opening, packet: &[u8]) -> Result<Vec<u8>, SecureFault> {
    let mut room = Room::new();
    opening.open_rtcp(packet, &mut room).map(|()| room.to_vec())
}

/// A receiver report with an SDES of a few bytes.
pub(super) fn report(ssrc: u32) -> Vec<u8> {
    let mut report = hex("80c9 0001");
    report.extend(ssrc.to_be_bytes());
    report.extend(hex("81ca 0003"));
    report.extend(ssrc.to_be_bytes());
    report.extend(b"\x01\x04desk\0\0");
    report
}

#[test]
fn the_counter_wraps_and_late_packets_over_the_wrap_are_opened() {
    for suite in SUITES {
        let (mut sealing, mut opening) =
            (Sealing::new(suite, &key(suite, 1)), Opening::new(suite, &key(suite, 1)));
        let mut late = Vec::new();
        for n in 0..200_000u32 {
            let plain = packet(7, n as u16);
            let sent = sealed(&mut sealing, &plain);
            // Every wrap is crossed by a packet that comes forty too late.
            if n % 65_536 == 65_530 {
                late.push((n, sent));
                continue;
            }
            assert_eq!(opened(&mut opening, &sent).as_ref(), Ok(&plain), "{suite:?}, packet {n}");
            if let Some((_, sent)) = late.pop_if(|(at, _)| n == *at + 40) {
                assert!(opened(&mut opening, &sent).is_ok());
                assert_eq!(opened(&mut opening, &sent), Err(SecureFault::Replayed));
            }
        }
        assert!(late.is_empty());
        if suite != SUITES[0] {
            continue;
        }
        // A counter that is one behind does not authenticate: the wraps did count.
        let mut fresh = Opening::new(suite, &key(suite, 1));
        let sent = sealed(&mut sealing, &packet(7, 200_000u32 as u16));
        assert_eq!(opened(&mut fresh, &sent), Err(SecureFault::NotAuthentic));
    }
}

#[test]
fn what_is_changed_cut_or_played_again_is_refused_and_changes_nothing() {
    for suite in SUITES {
        let (mut sealing, mut opening) =
            (Sealing::new(suite, &key(suite, 1)), Opening::new(suite, &key(suite, 1)));
        let first = sealed(&mut sealing, &packet(7, 100));
        assert!(opened(&mut opening, &first).is_ok());
        let second = sealed(&mut sealing, &packet(7, 101));
        for at in 0..second.len() {
            let mut forged = second.clone();
            forged[at] ^= 0x40;
            assert!(opened(&mut opening, &forged).is_err(), "{suite:?}, byte {at}");
            assert!(opened(&mut opening, &second[..at]).is_err(), "{suite:?}, cut at {at}");
        }
        assert!(opened(&mut opening, &packet(7, 101)).is_err(), "a plain packet");
        assert_eq!(opened(&mut opening, &first), Err(SecureFault::Replayed));
        assert_eq!(opened(&mut opening, &second), Ok(packet(7, 101)), "forgeries moved nothing");
        let too_long = vec![0x80; DATAGRAM_BYTES + 40];
        assert!(opened(&mut opening, &too_long).is_err());
    }
}

#[test]
fn reports_are_opened_once_and_in_any_order() {
    for suite in SUITES {
        let (mut sealing, mut opening) =
            (Sealing::new(suite, &key(suite, 9)), Opening::new(suite, &key(suite, 9)));
        let sent: Vec<_> = (0..100).map(|_| sealed_report(&mut sealing, &report(7))).collect();
        for at in [0, 2, 1, 99, 50] {
            assert_eq!(opened_report(&mut opening, &sent[at]), Ok(report(7)), "{suite:?}");
            assert_eq!(opened_report(&mut opening, &sent[at]), Err(SecureFault::Replayed));
        }
        for at in 0..sent[60].len() {
            let mut forged = sent[60].clone();
            forged[at] ^= 1;
            assert!(opened_report(&mut opening, &forged).is_err(), "{suite:?}, byte {at}");
            assert!(opened_report(&mut opening, &sent[60][..at]).is_err());
        }
        assert!(opened_report(&mut opening, &sent[60]).is_ok());
    }
}

#[test]
fn an_index_is_never_encrypted_twice() {
    for suite in SUITES {
        let mut sealing = Sealing::new(suite, &key(suite, 1));
        assert!(!sealed(&mut sealing, &packet(7, 5)).is_empty());
        assert!(sealed(&mut sealing, &packet(7, 5)).is_empty());
        assert!(!sealed(&mut sealing, &packet(7, 4)).is_empty(), "a relayed packet may be late");
        assert_eq!(sealing.seal_rtp(&mut [0x80; 20], 18), 0, "no room for the tag");
        assert_eq!(sealing.seal_rtcp(&mut [0x80; 20], 18), 0);
    }
}

#[test]
fn streams_of_one_key_are_told_apart_and_the_silent_ones_forgotten() {
    let suite = SrtpSuite::AeadAes128Gcm;
    let mut opening = Opening::new(suite, &key(suite, 1));
    let seal = |ssrc, sequence| sealed(&mut Sealing::new(suite, &key(suite, 1)), &packet(ssrc, sequence));
    for ssrc in 0..20 {
        assert!(opened(&mut opening, &seal(ssrc, 1)).is_ok());
        assert!(opened(&mut opening, &seal(0, 2 + ssrc as u16)).is_ok(), "the stream that goes on is kept");
    }
    assert_eq!(opened(&mut opening, &seal(0, 2)), Err(SecureFault::Replayed));
    assert_eq!(opened(&mut opening, &seal(19, 1)), Err(SecureFault::Replayed));
}

#[test]
fn no_key_is_shown() {
    let suite = SrtpSuite::AeadAes256Gcm;
    let security = Security::new(&SrtpKeys { suite, send: key(suite, 1), receive: key(suite, 2) });
    assert_eq!(format!("{security:?}"), "Security { suite: AeadAes256Gcm, .. }");
}
