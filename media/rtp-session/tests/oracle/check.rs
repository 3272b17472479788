//! The rules that hold for any bytes from the network; judged by properties and by fuzzing.

use frontdesk_audio::{AudioFrame, Decoder, SampleRate};
use frontdesk_identifiers::{Moment, WallTime};
use frontdesk_rtp_session::{
    MAX_PACKET_BYTES, PayloadTypes, RtpRemote, RtpSession, RtpSettings, packet, rtcp,
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

/// A codec by a byte, and the payload type it goes by here.
fn codec_of(byte: u8) -> (Decoder, PayloadTypes) {
    let decoder = match byte % 4 {
        0 => Decoder::Pcmu,
        1 => Decoder::Pcma,
        2 => Decoder::g722(),
        _ => Decoder::opus(),
    };
    (decoder, PayloadTypes::both_ways(SOUND, Some(EVENT)))
}

const SOUND: u8 = 96;
const EVENT: u8 = 101;
const COMFORT_NOISE: u8 = 13;

/// First which codec, then steps of: what to do, how long to wait, how many bytes; then the bytes.
fn script(bytes: &[u8]) {
    let Some((codec, mut bytes)) = bytes.split_first() else { return };
    let address = |port: u16| SocketAddr::from(([192, 0, 2, 1], port));
    let remote = RtpRemote { rtp: address(4_000), rtcp: address(4_001), messages_from: None };
    let (decoder, payload_types) = codec_of(*codec);
    let settings = RtpSettings {
        ssrc: 1,
        first_sequence: 0,
        first_timestamp: 0,
        payload_types,
        remote,
        cname: "desk",
        seed: [0; 32],
    };
    let mut session = RtpSession::new(&settings, decoder, Moment::ZERO);
    let (mut now, mut datagrams) = (Moment::ZERO, 0);
    let mut out = [0; MAX_PACKET_BYTES];
    let mut frame = AudioFrame::silence(SampleRate::Narrow);
    while let Some(([what, wait, length], rest)) = bytes.split_first_chunk().map(|(head, rest)| (*head, rest))
    {
        let (body, rest) = rest.split_at(rest.len().min(usize::from(length)));
        bytes = rest;
        now = now + Duration::from_millis(u64::from(wait));
        match what >> 6 {
            0 | 1 => {
                session.receive(
                    &datagram(what, body, length),
                    address(4_000 + u16::from(what >> 2 & 1)),
                    now,
                );
                datagrams += 1;
            }
            2 => {
                session.set_rtcp_mux(what & 1 != 0);
                session.is_report(body);
                session.receive_rtcp(body, address(4_001), now);
            }
            _ if what & 0x20 != 0 => {
                let (decoder, payload_types) = codec_of(what);
                drop(session.reconfigure(payload_types, remote, decoder));
            }
            // Bytes as they are.
            _ => {
                session.receive(body, address(4_000), now);
                datagrams += 1;
            }
        }
        if what & 0x10 == 0 {
            session.playout(now, &mut frame);
            assert_eq!(frame.rate(), session.rate());
        }
        while let Some(ended) = session.poll_ended_digit(now) {
            assert!(ended.duration < Duration::from_secs(3_600));
        }
        session.write_rtcp(now, WallTime::default(), &mut out);
    }
    let counters = session.counters();
    let judged = counters.packets_received
        + counters.packets_late
        + counters.packets_duplicate
        + counters.packets_refused;
    assert_eq!(judged, datagrams, "each datagram is counted once");
    assert!(session.playout_margin() <= Duration::from_millis(62), "{:?}", session.playout_margin());
    let quality = session.close_quality_interval();
    assert!(quality.received.mos.is_none_or(|mos| (100..=450).contains(&mos.hundredths())));
}

/// Sequence, timestamp and a bit of the stream's name come from the script, a payload of any length after.
fn datagram(what: u8, body: &[u8], length: u8) -> Vec<u8> {
    let payload_type = [SOUND, SOUND, EVENT, COMFORT_NOISE][usize::from(what & 3)];
    let mut datagram = vec![0x80, payload_type];
    datagram.extend(body.iter().copied().chain(std::iter::repeat(0)).take(6));
    datagram.extend([0, 0, 0, what >> 3 & 1]);
    datagram.extend(body.iter().skip(6).cycle().take(usize::from(length) * 2));
    datagram
}
