//! The rules that hold for any bytes from the network; judged by properties and by fuzzing.

use frontdesk_audio::{AudioFrame, Decoder, SampleRate};
use frontdesk_identifiers::{Moment, WallTime};
use frontdesk_rtp_session::{
    MAX_PACKET_BYTES, PayloadTypes, Played, RtpRemote, RtpSession, RtpSettings, packet, rtcp,
};
use std::net::SocketAddr;
use std::time::Duration;

/// Reads the bytes as one datagram of each kind, and as a script of many.
pub fn check(bytes: &[u8]) {
    one_rtp_packet(bytes);
    one_report(bytes);
    script(bytes);
}

fn one_rtp_packet(bytes: &[u8]) {
    let Ok(read) = packet::read(bytes) else { return };
    assert!(read.payload.len() + packet::HEADER_BYTES <= bytes.len());
    let mut out = vec![0; packet::HEADER_BYTES + read.payload.len()];
    assert_eq!(packet::write(&read, &mut out), out.len());
    assert_eq!(packet::read(&out), Ok(read), "what is written is read again");
}

fn one_report(bytes: &[u8]) {
    let about = bytes.last_chunk().map_or(0, |last| u32::from_be_bytes(*last));
    let Ok(heard) = rtcp::read(bytes, about) else { return };
    let mut out = [0; rtcp::MAX_REPORT_BYTES];
    let rtcp::Heard { ssrc, sender, block, voip, goodbye } = heard;
    let length = rtcp::write(&rtcp::Report { ssrc, sender, block, voip, cname: "desk", goodbye }, &mut out);
    assert_eq!(rtcp::read(&out[..length], about), Ok(heard), "what is written is read again");
}

/// Steps of: what to do, how long to wait, how many bytes; then the bytes.
fn script(mut bytes: &[u8]) {
    let address = |port: u16| SocketAddr::from(([192, 0, 2, 1], port));
    let settings = RtpSettings {
        ssrc: 1,
        first_sequence: 0,
        first_timestamp: 0,
        payload_types: PayloadTypes::both_ways(0, Some(101)),
        remote: RtpRemote { rtp: address(4_000), rtcp: address(4_001), messages_from: None },
        cname: "desk",
        seed: [0; 32],
    };
    let mut session = RtpSession::new(&settings, Decoder::Pcmu, Moment::ZERO);
    let (mut now, mut datagrams, mut frames) = (Moment::ZERO, 0, 0);
    let mut out = [0; MAX_PACKET_BYTES];
    let mut frame = AudioFrame::silence(SampleRate::Narrow);
    while let Some(([what, wait, length], rest)) = bytes.split_first_chunk().map(|(head, rest)| (*head, rest))
    {
        let (body, rest) = rest.split_at(rest.len().min(usize::from(length)));
        bytes = rest;
        now = now + Duration::from_millis(u64::from(wait));
        if what & 0x80 != 0 {
            session.receive_rtcp(body, address(4_001), now);
        } else {
            // Sequence, timestamp and a bit of the stream's name come from the script, a sound of any length after.
            let mut datagram = vec![0x80, if what & 1 == 0 { 0 } else { 101 }];
            datagram.extend(body.iter().copied().chain(std::iter::repeat(0)).take(6));
            datagram.extend([0, 0, 0, what >> 1 & 1]);
            datagram.extend(body.iter().skip(6).cycle().take(usize::from(length) * 2));
            session.receive(&datagram, address(4_000 + u16::from(what >> 2 & 1)), now);
            datagrams += 1;
        }
        if what & 0x40 != 0 {
            frames += u64::from(matches!(session.playout(now, &mut frame), Played::Frame { .. }));
        }
        session.write_rtcp(now, WallTime::default(), &mut out);
    }
    let counters = session.counters();
    let judged = counters.packets_received
        + counters.packets_late
        + counters.packets_duplicate
        + counters.packets_refused;
    assert_eq!(judged, datagrams, "each datagram is counted once");
    assert!(frames <= counters.packets_received * 4, "more is heard than came");
}
