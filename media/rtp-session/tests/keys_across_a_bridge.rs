//! Keys from a peer with one clock to a peer with another, over networks that lose and reorder.

mod network;

use frontdesk_audio::{AudioFrame, Decoder, MediaTick, SampleRate};
use frontdesk_identifiers::Moment;
use frontdesk_rtp_session::{
    EndedKey, MAX_PACKET_BYTES, PayloadTypes, Received, RtpRemote, RtpSession, RtpSettings,
};
use network::address;
use proptest::prelude::*;
use std::time::Duration;

fn session(ssrc: u32, decoder: Decoder) -> RtpSession {
    let settings = RtpSettings {
        ssrc,
        first_sequence: 65_500,
        first_timestamp: u32::MAX - 5_000,
        payload_types: PayloadTypes::both_ways(96, Some(101)),
        remote: RtpRemote { rtp: address(4_000), rtcp: address(4_001), messages_from: None },
        cname: "desk",
        seed: [7; 32],
    };
    RtpSession::new(&settings, decoder, Moment::ZERO)
}

/// What a session sends in a tick: a key's packet, or 20 ms of sound.
fn sent(session: &mut RtpSession, sound: &[u8], tick: u64, now: Moment) -> Vec<u8> {
    let mut out = [0; MAX_PACKET_BYTES];
    let mut length = session.write_digit_packet(MediaTick(tick), now, &mut out);
    if length == 0 {
        length = session.write_packet(sound, MediaTick(tick), now, &mut out);
    }
    out[..length].to_vec()
}

/// A network for one direction: what each packet's luck is.
struct Line {
    luck: Vec<(u8, u64)>,
    sent: usize,
    lost_in_a_row: u8,
    under_way: Vec<(u64, Vec<u8>)>,
}

impl Line {
    fn new(luck: Vec<(u8, u64)>) -> Self {
        Line { luck, sent: 0, lost_in_a_row: 0, under_way: Vec::new() }
    }

    fn carry(&mut self, packet: Vec<u8>, tick: u64) -> Vec<Vec<u8>> {
        let (loss, late) = self.luck[self.sent % self.luck.len()];
        self.sent += 1;
        // A key whose packets are all lost cannot be told; two in a row are as far as this goes.
        if loss == 0 && self.lost_in_a_row < 2 {
            self.lost_in_a_row += 1;
        } else {
            self.lost_in_a_row = 0;
            self.under_way.push((tick + late, packet));
        }
        let (now, later) = std::mem::take(&mut self.under_way).into_iter().partition(|(at, _)| *at <= tick);
        self.under_way = later;
        let now: Vec<(u64, Vec<u8>)> = now;
        now.into_iter().map(|(_, packet)| packet).collect()
    }
}

/// Takes what comes, and hands keys on to `partner`.
fn take(
    session: &mut RtpSession,
    packets: Vec<Vec<u8>>,
    now: Moment,
    mut partner: Option<&mut RtpSession>,
) -> (String, Vec<EndedKey>) {
    let (mut begun, mut ended) = (String::new(), Vec::new());
    for packet in packets {
        if let Received::Digit(key) = session.receive(&packet, address(4_000), now) {
            begun.push(key);
            if let Some(partner) = &mut partner {
                partner.hold_digit(key).unwrap();
            }
        }
        while let Some(key) = session.poll_ended_digit(now) {
            ended.push(key);
            if let Some(partner) = &mut partner {
                partner.let_go_digit(key.duration);
            }
        }
    }
    (begun, ended)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn each_key_once_in_order_and_as_long_as_it_was_pressed(
        keys in proptest::collection::vec(
            (prop::sample::select("0123456789*#ABCD".chars().collect::<Vec<_>>()), 2u64..40), 1..12),
        luck in proptest::collection::vec((0u8..10, 0u64..3), 50..400),
        from_opus: bool,
    ) {
        let (one, other) = (Decoder::opus as fn() -> Decoder, (|| Decoder::Pcmu) as fn() -> Decoder);
        let (first, second) = if from_opus { (one, other) } else { (other, one) };
        let sound = |is_opus: bool| -> &[u8] { if is_opus { &[1 << 3, 0xff, 0xfe] } else { &[0xff; 160] } };
        let (mut phone, mut desk) = (session(1, first()), session(2, first()));
        let (mut far, mut peer) = (session(3, second()), session(4, second()));
        let (mut lines, mut frame) =
            ([Line::new(luck.clone()), Line::new(luck)], AudioFrame::silence(SampleRate::Narrow));
        let (mut fingers, mut press_at) = (keys.iter().copied(), 10);
        let mut pressed: Option<(u64, u64)> = None;
        let (mut begun, mut ended) = (String::new(), Vec::new());
        for tick in 0..1_600 {
            let now = Moment::from_millis(tick * 20);
            if let Some((since, ticks)) = pressed && tick >= since + ticks {
                phone.let_go_digit(Duration::from_millis(ticks * 20));
                (pressed, press_at) = (None, tick + 12);
            }
            if pressed.is_none() && tick >= press_at && let Some((key, ticks)) = fingers.next() {
                phone.hold_digit(key).unwrap();
                pressed = Some((tick, ticks));
            }
            let packets = lines[0].carry(sent(&mut phone, sound(from_opus), tick, now), tick);
            take(&mut desk, packets, now, Some(&mut far));
            desk.playout(now, &mut frame);
            let packets = lines[1].carry(sent(&mut far, sound(!from_opus), tick, now), tick);
            let (keys_begun, keys_ended) = take(&mut peer, packets, now, None);
            begun.push_str(&keys_begun);
            ended.extend(keys_ended);
        }
        let expected: String = keys.iter().map(|(key, _)| *key).collect();
        prop_assert_eq!(&begun, &expected);
        prop_assert_eq!(ended.iter().map(|ended| ended.key).collect::<String>(), expected);
        for (ended, (key, ticks)) in ended.iter().zip(&keys) {
            // Of three ends one comes through; the far side begins and ends by whole ticks.
            let (told, truth) = (ended.duration.as_millis() as u64, ticks * 20);
            prop_assert!(told.abs_diff(truth) <= 80, "{key}: {told} for {truth}");
        }
    }
}
