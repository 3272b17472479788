//! Sound through Opus, with losses.

use super::*;

/// A voice-like sound: a pitch that wanders with its overtones, at 16 kHz.
fn voice(samples: usize) -> Vec<i16> {
    let mut phase = 0.0f64;
    (0..samples)
        .map(|n| {
            let time = n as f64 / 16_000.0;
            phase += std::f64::consts::TAU * (240.0 + 30.0 * (time * 5.0).sin()) / 16_000.0;
            let overtones: f64 = (1..=14).map(|k| (phase * f64::from(k)).sin() / f64::from(k)).sum();
            (overtones * 5_000.0 * (0.6 + 0.4 * (time * 9.0).sin())) as i16
        })
        .collect()
}

/// The best correlation of two sounds over delays up to 20 ms.
fn likeness(said: &[i16], heard: &[i16]) -> f64 {
    let correlation = |delay: usize| {
        let (mut product, mut said_energy, mut heard_energy) = (0.0, 0.0, 0.0);
        for (said, heard) in said.iter().zip(&heard[delay..]) {
            let (said, heard) = (f64::from(*said), f64::from(*heard));
            product += said * heard;
            said_energy += said * said;
            heard_energy += heard * heard;
        }
        product / (said_energy * heard_energy).sqrt()
    };
    (0..320).map(correlation).fold(0.0, f64::max)
}

#[test]
fn a_voice_comes_back_in_packets_of_every_length() {
    let said = voice(48_000);
    for millis in [10, 20, 40, 60] {
        let mut encoder = OpusEncoder::new(OpusWishes::default());
        let mut decoder = OpusDecoder::new();
        let mut heard = Vec::new();
        for samples in said.chunks_exact(millis * 16) {
            let mut packet = [0; 400];
            let length = encoder.encode(samples, &mut packet);
            assert_eq!(opus_packet_duration(&packet[..length]), Some(millis as u32 * 48));
            let mut room = [0; OPUS_MAX_SAMPLES];
            assert_eq!(decoder.decode(&packet[..length], &mut room), samples.len());
            heard.extend_from_slice(&room[..samples.len()]);
        }
        let likeness = likeness(&said[8_000..40_000], &heard[8_000..]);
        assert!(likeness > 0.87, "{millis} ms: {likeness}");
    }
}

#[test]
fn a_lost_packet_is_made_up_from_the_copy_in_the_next() {
    let said = voice(64_000);
    let mut encoder = OpusEncoder::new(OpusWishes { copies: true, ..OpusWishes::default() });
    encoder.network(20);
    let packets: Vec<Vec<u8>> = said
        .chunks_exact(320)
        .map(|samples| {
            let mut packet = [0; 400];
            let length = encoder.encode(samples, &mut packet);
            packet[..length].to_vec()
        })
        .collect();
    let copies = packets.iter().filter(|packet| opus_carries_copy(packet)).count();
    assert!(copies > packets.len() / 2, "{copies} of {}", packets.len());

    let lossless = play(&packets, |_| Lost::Nothing);
    let recovered = play(&packets, |n| if n % 5 == 3 { Lost::Recovered } else { Lost::Nothing });
    let concealed = play(&packets, |n| if n % 5 == 3 { Lost::Concealed } else { Lost::Nothing });
    let error = |heard: &[i16]| -> f64 {
        lossless.iter().zip(heard).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
    };
    let (with_copies, without) = (error(&recovered), error(&concealed));
    assert!(with_copies < 0.5 * without, "{with_copies:.3e} against {without:.3e}");
}

#[derive(Clone, Copy)]
enum Lost {
    Nothing,
    Recovered,
    Concealed,
}

fn play(packets: &[Vec<u8>], lost: impl Fn(usize) -> Lost) -> Vec<i16> {
    let mut decoder = OpusDecoder::new();
    let mut heard = Vec::new();
    for (n, packet) in packets.iter().enumerate() {
        let mut frame = [0; 320];
        match (lost(n), packets.get(n + 1)) {
            (Lost::Recovered, Some(next)) => decoder.recover(next, &mut frame),
            (Lost::Nothing, _) => assert_eq!(decoder.decode(packet, &mut frame), 320),
            _ => decoder.conceal(&mut frame),
        }
        heard.extend_from_slice(&frame);
    }
    heard
}

#[test]
fn silence_is_sent_only_to_whom_did_not_want_pauses() {
    let sent = |pauses: bool| {
        let mut encoder = OpusEncoder::new(OpusWishes { pauses, ..OpusWishes::default() });
        (0..100).filter(|_| encoder.encode(&[0; 320], &mut [0; 400]) > 0).count()
    };
    assert_eq!(sent(false), 100);
    let with_pauses = sent(true);
    assert!(with_pauses < 30, "{with_pauses}");
}

#[test]
fn bits_follow_the_loss_and_the_other_sides_limit() {
    let voice = voice(32_000);
    let bytes = |wishes: OpusWishes, loss: u8| -> usize {
        let mut encoder = OpusEncoder::new(wishes);
        encoder.network(loss);
        voice.chunks_exact(320).map(|samples| encoder.encode(samples, &mut [0; 400])).sum()
    };
    let copies = OpusWishes { copies: true, ..OpusWishes::default() };
    let limited = OpusWishes { max_bitrate_bps: Some(12_000), ..copies };
    assert!(bytes(copies, 5) > bytes(copies, 0) * 11 / 10);
    assert!(bytes(copies, 30) < bytes(copies, 5));
    assert!(bytes(limited, 5) < bytes(copies, 0) * 3 / 4);
}

#[test]
fn what_is_no_packet_is_refused_and_does_no_harm() {
    let mut decoder = OpusDecoder::new();
    let mut room = [0; OPUS_MAX_SAMPLES];
    assert_eq!(decoder.decode(&[], &mut room), 0);
    assert_eq!(decoder.decode(&[0xff], &mut room), 0, "code 3 without a count");
    let mut chance = 7u32;
    for length in 1..1_000 {
        let packet: Vec<u8> = (0..length % 200 + 1)
            .map(|_| {
                chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (chance >> 24) as u8
            })
            .collect();
        let decoded = decoder.decode(&packet, &mut room);
        if let Some(duration) = opus_packet_duration(&packet)
            && decoded > 0
        {
            assert_eq!(decoded as u32 * 3, duration);
        }
        decoder.recover(&packet, &mut room[..320]);
        decoder.decode(&packet, &mut room[..100]);
    }
    assert_eq!(OpusEncoder::new(OpusWishes::default()).encode(&[0; 300], &mut [0; 400]), 0);
    assert_eq!(OpusEncoder::new(OpusWishes::default()).encode(&[0; 320], &mut []), 0);
}

#[test]
fn durations_are_those_of_the_table() {
    let of = |configuration: u8, code: u8| opus_packet_duration(&[configuration << 3 | code, 0]);
    let tenths: Vec<u32> = (0..32).map(|n| of(n, 0).unwrap() * 10 / 48).collect();
    let silk = [100, 200, 400, 600];
    assert_eq!(tenths[..12], [silk, silk, silk].concat());
    assert_eq!(tenths[12..16], [100, 200, 100, 200]);
    assert_eq!(tenths[16..], [25, 50, 100, 200].repeat(4));
    assert_eq!((of(1, 1), of(1, 2)), (Some(1_920), Some(1_920)));
    assert_eq!(opus_packet_duration(&[1 << 3 | 3, 6]), Some(5_760));
    assert_eq!(opus_packet_duration(&[1 << 3 | 3, 7]), None, "140 ms");
    assert_eq!(opus_packet_duration(&[3, 0]), None, "no frame");
    assert_eq!((opus_packet_duration(&[]), opus_packet_duration(&[3])), (None, None));
}
