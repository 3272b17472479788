//! What a session makes of a peer that restarts, moves, presses keys and reports.

mod network;

use frontdesk_audio::{AudioFrame, Decoder, MediaTick, SampleRate, g711};
use frontdesk_identifiers::{Moment, WallTime};
use frontdesk_rtp_session::packet::{self, PacketFault, RtpPacket};
use frontdesk_rtp_session::{
    DigitFault, MAX_PACKET_BYTES, PayloadTypes, Played, Received, Refusal, RtcpReceived, RtpRemote,
    RtpSession, rtcp,
};
use network::{address, session};
use std::time::Duration;

/// A peer whose packets are made by hand.
struct Peer {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    port: u16,
}

impl Peer {
    fn new(ssrc: u32) -> Self {
        Peer { ssrc, sequence: 100, timestamp: 5_000, port: 4_000 }
    }

    /// Its next 20 ms of sound, each byte `code`.
    fn speak(&mut self, session: &mut RtpSession, code: u8, now: Moment) -> Received {
        self.send(session, 0, &[code; 160], now)
    }

    fn send(&mut self, session: &mut RtpSession, payload_type: u8, payload: &[u8], now: Moment) -> Received {
        let packet = RtpPacket {
            marker: false,
            payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            payload,
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(160);
        let mut datagram = [0; 800];
        let length = packet::write(&packet, &mut datagram);
        session.receive(&datagram[..length], address(self.port), now)
    }
}

const fn at(tick: u64) -> Moment {
    Moment::from_millis(tick * 20)
}

/// What a tick plays, and its sound.
fn playout(session: &mut RtpSession, now: Moment) -> (Played, [i16; 160]) {
    let mut frame = AudioFrame::silence(SampleRate::Narrow);
    let played = session.playout(now, &mut frame);
    (played, *frame.samples().first_chunk().unwrap())
}

fn sound(code: u8) -> [i16; 160] {
    [g711::ulaw_sample(code); 160]
}

/// The peer speaks for these ticks; how many frames of `code` were heard.
fn talk(session: &mut RtpSession, peer: &mut Peer, code: u8, ticks: std::ops::Range<u64>) -> usize {
    ticks
        .filter(|tick| {
            peer.speak(session, code, at(*tick));
            let (played, heard) = playout(session, at(*tick) + Duration::from_millis(10));
            matches!(played, Played::Frame { .. }) && heard == sound(code)
        })
        .count()
}

#[test]
fn the_first_packets_are_heard_and_told_with_their_times() {
    let (mut session, mut peer) = (session(1), Peer::new(9));
    assert_eq!(playout(&mut session, at(0)).0, Played::Silence);
    assert_eq!(peer.speak(&mut session, 7, at(1)), Received::Sound);
    peer.speak(&mut session, 8, at(2));
    assert_eq!(playout(&mut session, at(1) + Duration::from_millis(5)).0, Played::Silence, "it waits");
    let played = playout(&mut session, at(2) + Duration::from_millis(5));
    assert_eq!(played, (Played::Frame { arrived: at(1), timestamp: 5_000 }, sound(7)));
    assert_eq!((session.first_packet_at(), session.last_packet_at()), (Some(at(1)), Some(at(2))));
}

#[test]
fn a_peer_that_falls_silent_is_concealed_shortly_and_then_silent() {
    let (mut session, mut peer) = (session(1), Peer::new(9));
    talk(&mut session, &mut peer, 7, 0..50);
    let after: Vec<bool> = (50..80)
        .map(|tick| playout(&mut session, at(tick) + Duration::from_millis(10)).0 == Played::Silence)
        .collect();
    assert!(after[..9].iter().all(|silent| !silent) && after[12..].iter().all(|silent| *silent));
    // And is heard again, with its clock having run on.
    peer.timestamp = peer.timestamp.wrapping_add(160 * 30);
    assert!(talk(&mut session, &mut peer, 8, 80..130) >= 48);
    assert_eq!(session.counters().packets_lost, 0);
}

#[test]
fn half_a_frame_that_nothing_completes_is_given_up() {
    let (mut session, mut peer) = (session(1), Peer::new(9));
    for tick in 0..20 {
        peer.send(&mut session, 0, &[7; 240], at(tick));
        peer.timestamp = peer.timestamp.wrapping_add(80);
        playout(&mut session, at(tick));
    }
    for tick in 20..60 {
        playout(&mut session, at(tick));
    }
    assert_eq!(playout(&mut session, at(60)).0, Played::Silence);
    assert!(session.counters().frames_concealed < 15);
}

#[test]
fn a_new_stream_from_the_same_peer_is_heard_after_its_second_packet() {
    let (mut session, mut old) = (session(1), Peer::new(9));
    talk(&mut session, &mut old, 7, 0..50);
    let mut new = Peer { ssrc: 10, sequence: 60_000, timestamp: 1, port: 4_000 };
    assert_eq!(new.speak(&mut session, 8, at(50)), Received::Refused(Refusal::Doubtful));
    assert!(talk(&mut session, &mut new, 8, 51..100) >= 46);
    assert_eq!(session.counters().streams, 2);
    // One stray packet of yet another stream changes nothing.
    let mut stray = Peer { ssrc: 11, sequence: 1, timestamp: 1, port: 4_000 };
    assert_eq!(stray.speak(&mut session, 9, at(100)), Received::Refused(Refusal::Doubtful));
    assert!(talk(&mut session, &mut new, 8, 100..120) >= 19);
}

#[test]
fn a_peer_that_restarts_its_numbers_or_its_clock_is_heard_on() {
    let (mut session, mut peer) = (session(1), Peer::new(9));
    talk(&mut session, &mut peer, 7, 0..50);
    peer.sequence = 30_000;
    assert!(talk(&mut session, &mut peer, 8, 50..100) >= 45, "numbers");
    for clock in [1u32, 900_000_000, 4_294_967_000, 77] {
        peer.timestamp = clock;
        assert!(talk(&mut session, &mut peer, 9, 100..150) >= 45, "clock {clock}");
        talk(&mut session, &mut peer, 7, 150..160);
    }
}

#[test]
fn an_old_packet_from_before_a_new_clock_does_not_disturb() {
    let (mut session, mut peer) = (session(1), Peer::new(9));
    peer.timestamp = 800_000;
    talk(&mut session, &mut peer, 7, 0..50);
    let mut late = Peer { ssrc: 9, sequence: peer.sequence - 2, timestamp: 810_000, port: 4_000 };
    peer.timestamp = 1_000;
    talk(&mut session, &mut peer, 8, 50..52);
    // Its number is a hole that was never filled: make one.
    peer.sequence += 1;
    late.sequence = peer.sequence - 1;
    talk(&mut session, &mut peer, 8, 52..53);
    assert_eq!(late.speak(&mut session, 6, at(53)), Received::Refused(Refusal::Late));
    assert!(talk(&mut session, &mut peer, 8, 53..100) >= 44);
}

#[test]
fn a_silence_that_the_peer_describes_is_heard_as_its_noise_and_ends_with_its_voice() {
    let (mut session, mut peer) = (session(1), Peer::new(9));
    talk(&mut session, &mut peer, 0xf0, 0..50);
    assert_eq!(peer.send(&mut session, 13, &[45], at(50)), Received::Noted);
    let before = session.counters().frames_concealed;
    let mut loud = 0.0;
    for tick in 50..150 {
        let (played, heard) = playout(&mut session, at(tick) + Duration::from_millis(10));
        if tick >= 60 {
            assert_eq!(played, Played::Silence);
            loud += heard.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / 160.0 / 90.0;
        }
    }
    let level = 10.0 * (loud / 32_768f64.powi(2)).log10();
    assert!((level + 45.0).abs() < 2.0, "{level} dBov");
    assert_eq!(session.counters().frames_concealed, before, "nothing is missing");
    // The clock has run on meanwhile.
    peer.timestamp = peer.timestamp.wrapping_add(160 * 99);
    assert!(talk(&mut session, &mut peer, 0xf1, 150..200) >= 46);
    // And without a description it is silent again.
    let silent = (200..240).filter(|tick| playout(&mut session, at(*tick)).1 == [0; 160]).count();
    assert!(silent >= 25, "{silent}");
}

#[test]
fn strangers_rubbish_and_wrong_types_are_refused_and_counted() {
    let (mut session, mut peer) = (session(1), Peer::new(9));
    talk(&mut session, &mut peer, 7, 0..60);
    let mut stranger = Peer { port: 6_666, ..Peer::new(9) };
    (stranger.sequence, stranger.timestamp) = (peer.sequence, peer.timestamp);
    assert_eq!(stranger.speak(&mut session, 1, at(60)), Received::Refused(Refusal::Source));
    assert_eq!(session.send_to(), address(4_000));
    let not_rtp = session.receive(&[0; 20], address(4_000), at(60));
    assert_eq!(not_rtp, Received::Refused(Refusal::NotRtp(PacketFault::Version)));
    let refused = peer.send(&mut session, 97, &[0; 160], at(60));
    assert_eq!(refused, Received::Refused(Refusal::PayloadType(97)));
    assert_eq!(peer.send(&mut session, 0, &[0; 481], at(60)), Received::Refused(Refusal::Length));
    assert_eq!(peer.send(&mut session, 13, &[30], at(60)), Received::Noted, "comfort noise");
    assert_eq!(session.counters().packets_refused, 4);
    // A peer that nobody signalled may come first: that is symmetric RTP.
    let mut nat = network::session(2);
    stranger.speak(&mut nat, 1, at(0));
    assert_eq!((nat.send_to(), nat.rtcp_to()), (address(6_666), address(6_667)));
}

#[test]
fn a_session_that_is_pointed_at_itself_does_not_hear_itself() {
    let mut session = session(9);
    let mut packet = [0; MAX_PACKET_BYTES];
    for tick in 0..3 {
        let length = session.write_packet(&[7; 160], MediaTick(tick), at(tick), &mut packet);
        let looped = session.receive(&packet[..length], address(4_000), at(tick));
        assert_eq!(looped, Received::Refused(Refusal::OwnStream));
    }
    assert_eq!((session.last_packet_at(), playout(&mut session, at(9)).0), (None, Played::Silence));
}

#[test]
fn our_timestamps_follow_the_ticks_and_our_numbers_are_contiguous() {
    let mut session = session(1);
    let mut out = [0; MAX_PACKET_BYTES];
    let mut sent = Vec::new();
    for tick in [0, 1, 2, 4, 5, 20, 21] {
        let length = session.write_packet(&[3; 160], MediaTick(tick), at(tick), &mut out);
        let packet = packet::read(&out[..length]).unwrap();
        sent.push((packet.marker, packet.sequence, packet.timestamp));
    }
    let expected = [(true, 0), (false, 1), (false, 2), (false, 4), (false, 5), (true, 20), (false, 21)];
    let expected: Vec<_> = (65_530..=u16::MAX)
        .chain(0..)
        .zip(expected)
        .map(|(sequence, (marker, tick))| (marker, sequence, 5 + 160 * tick))
        .collect();
    assert_eq!(sent[..6], expected[..6]);
    assert_eq!(sent[6], (false, 0, 5 + 160 * 21));
    assert_eq!(session.write_packet(&[3; 160], MediaTick(22), at(22), &mut out[..100]), 0);
    assert_eq!(session.counters().packets_sent, 7);
}

#[test]
fn keys_go_from_one_session_to_the_other_while_sound_pauses() {
    let (mut caller, mut desk) = (session(1), session(2));
    caller.queue_digits("10#").unwrap();
    let mut out = [0; MAX_PACKET_BYTES];
    let mut told = String::new();
    for tick in 0..100 {
        let mut length = caller.write_digit_packet(MediaTick(tick), at(tick), &mut out);
        if length == 0 {
            length = caller.write_packet(&[1; 160], MediaTick(tick), at(tick), &mut out);
        }
        if let Received::Digit(key) = desk.receive(&out[..length], address(4_000), at(tick)) {
            told.push(key);
        }
        playout(&mut desk, at(tick) + Duration::from_millis(10));
    }
    assert_eq!((told.as_str(), caller.sends_digits()), ("10#", false));
    assert_eq!((desk.counters().packets_lost, desk.counters().packets_refused), (0, 0));
    assert!(desk.counters().jitter_us < 100, "events do not count as jitter");
    caller.reconfigure(
        PayloadTypes::both_ways(0, None),
        RtpRemote { rtp: address(4_000), rtcp: address(4_001), messages_from: None },
        Decoder::Pcmu,
    );
    assert_eq!(caller.queue_digits("1"), Err(DigitFault::NotAgreed));
}

#[test]
fn two_sessions_tell_each_other_loss_and_round_trip() {
    let (mut caller, mut desk) = (session(1), session(2));
    let mut out = [0; MAX_PACKET_BYTES];
    let wall = |now: Moment| WallTime::from_unix_micros(1_800_000_000_000_000) + now.since(Moment::ZERO);
    let travel = Duration::from_millis(15);
    let mut reports = 0;
    for tick in 0..1_500 {
        let now = at(tick);
        let length = caller.write_packet(&[1; 160], MediaTick(tick), now, &mut out);
        if tick % 4 != 0 {
            desk.receive(&out[..length], address(4_000), now + travel);
        }
        playout(&mut desk, now + travel);
        let due = caller.rtcp_deadline() <= now;
        let length = caller.write_rtcp(now, wall(now), &mut out);
        assert_eq!(length > 0, due);
        if length > 0 {
            assert_eq!(desk.receive_rtcp(&out[..length], address(4_001), now + travel), RtcpReceived::Report);
        }
        let there = now + travel;
        let length = desk.write_rtcp(there, wall(there), &mut out);
        if length > 0 {
            reports += 1;
            caller.receive_rtcp(&out[..length], address(4_001), there + travel);
        }
    }
    assert!((4..=12).contains(&reports), "{reports} in 30 s");
    let counters = caller.counters();
    assert!((55..=75).contains(&counters.remote_fraction_lost), "{}", counters.remote_fraction_lost);
    let round_trip = counters.round_trip.unwrap();
    assert!((29..=31).contains(&round_trip.as_millis()), "{round_trip:?}");
    assert_eq!(desk.counters().round_trip, None, "the caller only heard: nobody measured for the desk");

    // One packet in four is lost: the desk measures it, the caller is told the same, by the desk's own opinion.
    let heard = desk.close_quality_interval().received.mos.unwrap();
    let told = caller.close_quality_interval();
    assert_eq!((told.sent.packets, told.received.mos), (1_500, None));
    assert!(heard.hundredths() < 250, "{heard:?}");
    assert!(told.sent.mos.unwrap().hundredths().abs_diff(heard.hundredths()) <= 20, "{told:?} and {heard:?}");
    assert!((300..=380).contains(&told.sent.lost), "{told:?}");
    assert!((29_000..=31_000).contains(&told.round_trip_us.unwrap()), "{told:?}");

    let length = caller.write_goodbye(at(1_500), wall(at(1_500)), &mut out);
    assert_eq!(desk.receive_rtcp(&out[..length], address(4_001), at(1_500)), RtcpReceived::Goodbye);
    let elsewhere = std::net::SocketAddr::from(([203, 0, 113, 9], 4_001));
    assert_eq!(desk.receive_rtcp(&out[..length], elsewhere, at(1_500)), RtcpReceived::Source);
    let fault = desk.receive_rtcp(&[0x80, 1], address(4_001), at(1_500));
    assert_eq!(fault, RtcpReceived::Refused(rtcp::ReportFault::Short));
}

#[test]
fn a_peer_that_reports_that_it_sends_nothing_is_silent_and_one_that_sends_what_never_comes_is_not() {
    let (mut caller, mut desk) = (session(1), session(2));
    let (mut out, wall) = ([0; MAX_PACKET_BYTES], WallTime::from_unix_micros(1_800_000_000_000_000));
    let mut report = |caller: &mut RtpSession, desk: &mut RtpSession, now: Moment| {
        let length = caller.write_rtcp(now, wall, &mut out);
        assert!(length > 0);
        desk.receive_rtcp(&out[..length], address(4_001), now);
        desk.peer_said_silent_at() == Some(now)
    };
    let mut packet = [0; MAX_PACKET_BYTES];
    assert!(report(&mut caller, &mut desk, at(500)), "it has sent nothing yet");
    let length = caller.write_packet(&[1; 160], MediaTick(501), at(501), &mut packet);
    desk.receive(&packet[..length], address(4_000), at(501));
    assert!(report(&mut caller, &mut desk, at(1_000)), "all that it has sent came");
    assert!(report(&mut caller, &mut desk, at(1_500)), "muted: it sends a receiver's report");
    caller.write_packet(&[1; 160], MediaTick(1_501), at(1_501), &mut packet);
    assert!(!report(&mut caller, &mut desk, at(2_000)), "its packets do not come through");
}

#[test]
fn reports_beside_the_sound_go_where_it_comes_from() {
    let mut nat = session(2);
    nat.set_rtcp_mux(true);
    assert_eq!(nat.rtcp_to(), address(4_000));
    let mut peer = Peer { port: 6_666, ..Peer::new(9) };
    peer.speak(&mut nat, 1, at(0));
    assert_eq!((nat.send_to(), nat.rtcp_to()), (address(6_666), address(6_666)));
    // RFC 5761 §4: by the second byte, also where it would be a payload type with a marker.
    assert!(nat.is_report(&[0x80, 200]) && nat.is_report(&[0x80, 223]) && !nat.is_report(&[0x80, 191]));
    assert!(!nat.is_report(&[0x80]) && !nat.is_report(&[0x80, 8 | 0x80]));
}

#[path = "oracle/check.rs"]
mod oracle;

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(500))]

    #[test]
    fn any_bytes_from_the_network_are_borne(
        steps in proptest::collection::vec(
            (0u8..=255, 0u8..40, proptest::collection::vec(proptest::prelude::any::<u8>(), 0..90)), 0..60),
        codec: u8, garbage: Vec<u8>,
    ) {
        let mut script = vec![codec];
        for (what, wait, body) in steps {
            script.extend([what, wait, body.len() as u8]);
            script.extend(body);
        }
        oracle::check(&script);
        oracle::check(&garbage);
    }
}

#[test]
fn a_key_beside_an_opus_whose_owner_knows_events_of_8000_only_lasts_as_long_in_them() {
    let mut session = session(9);
    let payload_types = PayloadTypes { event_hz: 8_000, ..PayloadTypes::both_ways(111, Some(101)) };
    let remote = RtpRemote { rtp: address(4_000), rtcp: address(4_001), messages_from: None };
    session.reconfigure(payload_types, remote, Decoder::opus());
    session.queue_digits("5").unwrap();
    let mut durations = Vec::new();
    for tick in 0..8 {
        let mut out = [0; MAX_PACKET_BYTES];
        let length = session.write_digit_packet(MediaTick(tick), at(tick), &mut out);
        if length > 0 {
            let packet = packet::read(&out[..length]).unwrap();
            durations.push(u16::from_be_bytes([packet.payload[2], packet.payload[3]]));
        }
    }
    assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
}
