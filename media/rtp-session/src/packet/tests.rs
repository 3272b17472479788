use super::*;
use proptest::prelude::*;
use rtc_shared::marshal::{Marshal, Unmarshal};
use rtp::packet::Packet;

const PACKET: RtpPacket<'_> =
    RtpPacket { marker: true, payload_type: 8, sequence: 7, timestamp: 9, ssrc: 11, payload: &[1, 2, 3] };

#[test]
fn sources_extension_and_padding_are_stepped_over() {
    let mut datagram = vec![0xb2, 0x88, 0, 7, 0, 0, 0, 9, 0, 0, 0, 11];
    datagram.extend([0xaa; 8]);
    datagram.extend([0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0]);
    datagram.extend([1, 2, 3, 0, 0, 3]);
    assert_eq!(read(&datagram), Ok(PACKET));
    for length in 0..datagram.len() {
        // Cut anywhere it is either refused or shorter, never read beyond its end.
        if let Ok(packet) = read(&datagram[..length]) {
            assert!(packet.payload.len() < 6);
        }
    }
}

#[test]
fn what_is_not_rtp_says_why() {
    let mut datagram = [0u8; 64];
    let length = write(&PACKET, &mut datagram);
    let with = |at: usize, value: u8| {
        let mut datagram = datagram;
        datagram[at] = value;
        read(&datagram[..length]).map(|packet| packet.payload.len())
    };
    assert_eq!(with(0, 0x00), Err(PacketFault::Version), "STUN");
    assert_eq!(with(0, 0x16), Err(PacketFault::Version), "DTLS");
    assert_eq!(with(1, 200), Err(PacketFault::Rtcp));
    assert_eq!(with(0, 0x8f), Err(PacketFault::Short), "fifteen sources");
    assert_eq!(with(0, 0x90), Err(PacketFault::Short), "extension");
    assert_eq!(with(0, 0xa0), Ok(0), "padding of three");
    let mut padded = datagram;
    (padded[0], padded[14]) = (0xa0, 4);
    assert_eq!(read(&padded[..length]), Err(PacketFault::Padding));
    padded[14] = 0;
    assert_eq!(read(&padded[..length]), Err(PacketFault::Padding));
    assert_eq!(read(&datagram[..11]), Err(PacketFault::Short));
    assert_eq!(write(&PACKET, &mut [0; 14]), 0);
}

proptest! {
    #[test]
    fn what_is_written_is_read_by_us_and_by_the_library(
        marker: bool, payload_type in 0u8..64, sequence: u16, timestamp: u32, ssrc: u32, payload: Vec<u8>,
    ) {
        let packet = RtpPacket { marker, payload_type, sequence, timestamp, ssrc, payload: &payload };
        let mut out = vec![0; HEADER_BYTES + payload.len()];
        prop_assert_eq!(write(&packet, &mut out), out.len());
        prop_assert_eq!(read(&out), Ok(packet));
        let theirs = Packet::unmarshal(&mut out.as_slice()).unwrap();
        prop_assert_eq!(theirs.header.marker, marker);
        prop_assert_eq!(theirs.header.payload_type, payload_type);
        prop_assert_eq!(theirs.header.sequence_number, sequence);
        prop_assert_eq!(theirs.header.timestamp, timestamp);
        prop_assert_eq!(theirs.header.ssrc, ssrc);
        prop_assert_eq!(&theirs.payload[..], &payload[..]);
        prop_assert_eq!(&theirs.marshal().unwrap()[..], &out[..]);
    }

    #[test]
    fn what_both_read_of_any_bytes_is_the_same(mut datagram in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Some(first) = datagram.first_mut() {
            *first = 0x80 | (*first & 0x3f);
        }
        let ours = read(&datagram);
        // The library is laxer or stricter about padding and extensions; where both read, they agree.
        if let (Ok(ours), Ok(theirs)) = (ours, Packet::unmarshal(&mut datagram.as_slice())) {
            prop_assert_eq!(ours.sequence, theirs.header.sequence_number);
            prop_assert_eq!(ours.timestamp, theirs.header.timestamp);
            if !theirs.header.extension && !theirs.header.padding {
                prop_assert_eq!(ours.payload, &theirs.payload[..]);
            }
        }
    }
}
