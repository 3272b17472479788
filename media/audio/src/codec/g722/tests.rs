//! Against other implementations, bit by bit, and against the sound itself.

use super::{G722Decoder, G722Encoder};
use audio_codec::Decoder as _;

/// Sines that sweep through the band at changing levels, noise and silence: 8 s at 16 kHz.
fn sound() -> Vec<i16> {
    let mut chance = 0x2545_f491u32;
    (0..128_000)
        .map(|n| {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(chance >> 16) / 32_768.0 - 1.0;
            let time = f64::from(n) / 16_000.0;
            let sweep = (std::f64::consts::TAU * (100.0 + 800.0 * time) * time).sin();
            let (tone, hiss) = match n / 16_000 {
                0 => (30.0, 0.0),
                1 => (3_000.0, 20.0),
                2 => (20_000.0, 700.0),
                3 => (0.0, 12_000.0),
                4 => (0.0, 0.0),
                5 => (20_000.0 * (time * 3.0).fract(), 2.0),
                _ => (12_000.0, 300.0),
            };
            (sweep * tone + noise * hiss).clamp(-32_768.0, 32_767.0) as i16
        })
        .collect()
}

/// FNV-1a.
fn checksum(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let fold = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, fold)
}

/// The checksums are those of what libspandsp 0.0.6 makes of the same sound, with which many telephones were built.
#[test]
fn every_bit_is_that_of_another_implementation() {
    let sound = sound();
    let mut payload = vec![0; sound.len() / 2];
    assert_eq!(G722Encoder::new().encode(&sound, &mut payload), payload.len());
    assert_eq!(checksum(payload.iter().copied()), 0x9a02_54a7_718d_78c0);
    let mut samples = vec![0; sound.len()];
    assert_eq!(G722Decoder::new().decode(&payload, &mut samples), samples.len());
    assert_eq!(checksum(samples.iter().flat_map(|sample| sample.to_le_bytes())), 0x56dd_0ee9_f2a8_0c78);
}

/// Where libspandsp's output would overflow. The other one begins with a scale of 0 instead of 32 and 8, which is
/// forgotten after some thousand samples.
#[test]
fn bytes_of_no_encoder_are_decoded_and_limited_as_by_another_implementation() {
    let mut chance = 1u32;
    let payload: Vec<u8> = (0..64_000)
        .map(|_| {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (chance >> 24) as u8
        })
        .collect();
    let mut samples = vec![0; 2 * payload.len()];
    G722Decoder::new().decode(&payload, &mut samples);
    assert!(samples.contains(&i16::MAX) && samples.contains(&i16::MIN));
    let theirs = audio_codec::g722::G722Decoder::new().decode(&payload);
    let differ = samples.iter().zip(&theirs).rposition(|(a, b)| a != b);
    assert!(differ < Some(4_000), "{differ:?}");
}

#[test]
fn pieces_of_any_length_make_the_same_sound_as_the_whole() {
    let sound = &sound()[20_000..24_800];
    let mut whole = vec![0; sound.len() / 2];
    G722Encoder::new().encode(sound, &mut whole);
    let (mut encoder, mut decoder) = (G722Encoder::new(), G722Decoder::new());
    let mut decoded = Vec::new();
    let (mut at, mut length) = (0, 2);
    while at < sound.len() {
        let piece = &sound[at..(at + length).min(sound.len())];
        let mut payload = [0; 400];
        let bytes = encoder.encode(piece, &mut payload);
        assert_eq!(payload[..bytes], whole[at / 2..at / 2 + bytes]);
        let mut samples = [0; 800];
        let count = decoder.decode(&payload[..bytes], &mut samples);
        decoded.extend_from_slice(&samples[..count]);
        at += piece.len();
        length = (length + 38) % 640 + 2;
    }
    let mut expected = vec![0; sound.len()];
    G722Decoder::new().decode(&whole, &mut expected);
    assert_eq!(decoded, expected);
}

#[test]
fn what_does_not_fit_is_left_out() {
    let mut encoder = G722Encoder::new();
    assert_eq!(encoder.encode(&[1, 2, 3], &mut [0; 9]), 1);
    assert_eq!(encoder.encode(&[1; 40], &mut [0; 3]), 3);
    assert_eq!(encoder.encode(&[], &mut [0; 3]), 0);
    let mut decoder = G722Decoder::new();
    assert_eq!(decoder.decode(&[7; 10], &mut [0; 5]), 4);
    assert_eq!(decoder.decode(&[], &mut [0; 5]), 0);
}

#[test]
fn a_tone_comes_back_1_4_ms_later() {
    let tone: Vec<i16> = (0..3_200)
        .map(|n| {
            let at = |hertz: f64| (std::f64::consts::TAU * hertz * f64::from(n) / 16_000.0).sin();
            (at(700.0) * 6_000.0 + at(5_200.0) * 3_000.0) as i16
        })
        .collect();
    let mut payload = vec![0; tone.len() / 2];
    let mut heard = vec![0; tone.len()];
    G722Encoder::new().encode(&tone, &mut payload);
    G722Decoder::new().decode(&payload, &mut heard);
    let (mut noise, mut signal) = (0.0, 0.0);
    for (heard, said) in heard[1_022..].iter().zip(&tone[1_000..]) {
        noise += (f64::from(*heard) - f64::from(*said)).powi(2);
        signal += f64::from(*said).powi(2);
    }
    let decibels = 10.0 * (signal / noise).log10();
    assert!(decibels > 15.0, "{decibels} dB");
}
