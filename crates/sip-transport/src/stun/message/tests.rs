//! Against the samples of RFC 5769, and against anything.

use super::*;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

const TRANSACTION: TransactionId = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u8> = hexadecimal.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// RFC 5769 §2.1.
fn sample_request() -> Vec<u8> {
    bytes(
        "0001 0058 2112a442 b7e7a701bc34d686fa87dfae
         8022 0010 5354554e 20746573 7420636c 69656e74
         0024 0004 6e0001ff  8029 0008 932ff9b1 51263b36
         0006 0009 6576746a 3a683676 59202020
         0008 0014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
         8028 0004 e57a3bcf",
    )
}

/// RFC 5769 §2.2.
fn sample_response_v4() -> Vec<u8> {
    bytes(
        "0101 003c 2112a442 b7e7a701bc34d686fa87dfae
         8022 000b 74657374 20766563 746f7220
         0020 0008 0001a147 e112a643
         0008 0014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
         8028 0004 c07d4c96",
    )
}

/// RFC 5769 §2.3.
fn sample_response_v6() -> Vec<u8> {
    bytes(
        "0101 0048 2112a442 b7e7a701bc34d686fa87dfae
         8022 000b 74657374 20766563 746f7220
         0020 0014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
         0008 0014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
         8028 0004 c8fb0b4c",
    )
}

#[test]
fn the_samples_of_rfc_5769_are_read() {
    let request = StunMessage::read(&sample_request()).unwrap();
    // PRIORITY is of ICE, which is not spoken here.
    let expected =
        StunMessage::Request { transaction: TRANSACTION, unknown: vec![0x0024], fingerprint: true };
    assert_eq!(request, expected);
    for (sample, address) in [
        (sample_response_v4(), "192.0.2.1:32853"),
        (sample_response_v6(), "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let mapped = Some(address.parse().unwrap());
        assert_eq!(StunMessage::read(&sample), Ok(StunMessage::Success { transaction: TRANSACTION, mapped }));
    }
}

#[test]
fn a_damaged_message_is_not_believed() {
    let sample = sample_response_v4();
    // With another type of its last attribute it is a sound message that has no fingerprint.
    let fingerprint = sample.len() - 8..sample.len() - 6;
    for at in 0..sample.len() {
        let mut damaged = sample.clone();
        damaged[at] ^= 1;
        assert!(StunMessage::read(&damaged).is_err() || fingerprint.contains(&at), "byte {at}");
        assert!(StunMessage::read(&sample[..at]).is_err(), "cut at {at}");
    }
    // RFC 8489 §14.7: nothing follows the fingerprint.
    let mut longer = sample;
    longer.extend_from_slice(&bytes("8022 0000"));
    longer[3] += 4;
    assert_eq!(StunMessage::read(&longer), Err(NotStun::Fingerprint));
}

#[test]
fn an_answer_says_what_was_not_understood() {
    let answer = StunMessage::not_understood(&TRANSACTION, &[0x0024, 0x7fff], true);
    assert_eq!(
        answer[..HEADER_BYTES + 34],
        bytes(
            "0111 002c 2112a442 b7e7a701bc34d686fa87dfae
             0009 0015 00000414 556e6b6e 6f776e20 41747472 69627574 65000000
             000a 0004 0024"
        )
    );
    assert_eq!(StunMessage::read(&answer), Ok(StunMessage::Error { transaction: TRANSACTION, code: 420 }));
}

#[test]
fn an_old_server_may_tell_the_address_plainly() {
    let old = bytes("0101 000c 2112a442 b7e7a701bc34d686fa87dfae 0001 0008 00018055 c0000201");
    let mapped = Some("192.0.2.1:32853".parse().unwrap());
    assert_eq!(StunMessage::read(&old), Ok(StunMessage::Success { transaction: TRANSACTION, mapped }));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(mut datagram in proptest::collection::vec(any::<u8>(), 0..120), stun in any::<bool>()) {
        if stun && datagram.len() >= HEADER_BYTES {
            let length = (datagram.len() - HEADER_BYTES) as u16;
            datagram[0] = 1;
            datagram[1] = 1;
            datagram[2..4].copy_from_slice(&length.to_be_bytes());
            datagram[4..8].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
        }
        let _ = StunMessage::read(&datagram);
    }

    #[test]
    fn what_is_written_reads_back(
        transaction in any::<TransactionId>(),
        address in any::<(IpAddr, u16)>().prop_map(SocketAddr::from),
        fingerprint in any::<bool>(),
    ) {
        let read = StunMessage::read(&StunMessage::success(&transaction, address, fingerprint));
        prop_assert_eq!(read, Ok(StunMessage::Success { transaction, mapped: Some(address) }));
        let read = StunMessage::read(&StunMessage::request(&transaction));
        prop_assert_eq!(read, Ok(StunMessage::Request { transaction, unknown: vec![], fingerprint: false }));
    }
}
