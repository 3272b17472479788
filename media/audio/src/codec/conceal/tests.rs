use super::*;
use std::f32::consts::TAU;

/// A voice: a pitch with falling overtones, at `hertz`, from sample `from` on.
fn voice(hertz: f32, from: usize, count: usize) -> Vec<i16> {
    voice_at(8_000.0, hertz, from, count)
}

fn voice_at(rate: f32, hertz: f32, from: usize, count: usize) -> Vec<i16> {
    (from..from + count)
        .map(|n| {
            let phase = TAU * hertz * n as f32 / rate;
            let sum: f32 = (1..=8).map(|k| (k as f32 * phase + k as f32).sin() / k as f32).sum();
            (sum * 4_000.0) as i16
        })
        .collect()
}

fn energy(samples: &[i16]) -> f64 {
    samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len().max(1) as f64
}

fn steepest(samples: &[i16]) -> i32 {
    samples.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().unwrap_or(0)
}

/// 10 frames of sound, `lost` missing ones, 5 of sound; everything that was played.
fn play(sound: impl Fn(usize, usize) -> Vec<i16>, lost: usize) -> Vec<i16> {
    let mut conceal = Conceal::new();
    let mut played = Vec::new();
    for frame in 0..15 + lost {
        let mut samples = sound(frame * 160, 160);
        if (10..10 + lost).contains(&frame) {
            conceal.conceal(&mut samples);
        } else {
            conceal.received(&mut samples);
        }
        played.extend(samples);
    }
    played
}

#[test]
fn one_lost_frame_of_a_voice_goes_on_with_its_pitch() {
    for hertz in [70.0, 110.0, 145.0, 190.0, 250.0, 380.0] {
        let whole = voice(hertz, 0, 16 * 160);
        let played = play(|from, count| voice(hertz, from, count), 1);
        let made = &played[1_600..1_760];
        let kept = energy(made) / energy(&whole[1_600..1_760]);
        assert!((0.5..1.3).contains(&kept), "{hertz} Hz kept {kept} of its energy");
        // No click where the loss begins, within it, or where it ends.
        assert!(steepest(&played) <= steepest(&whole) * 5 / 4, "{hertz} Hz clicks");
        // The shape is the voice's own: what was made up correlates with what was lost.
        let product: f64 = made.iter().zip(&whole[1_600..]).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        let correlation = product / 160.0 / (energy(made) * energy(&whole[1_600..1_760])).sqrt();
        assert!(correlation > 0.8, "{hertz} Hz correlates by {correlation}");
    }
}

#[test]
fn a_long_loss_fades_to_silence_in_sixty_milliseconds() {
    let played = play(|from, count| voice(120.0, from, count), 6);
    let made = &played[1_600..2_560];
    let parts: Vec<f64> = made.chunks(80).map(energy).collect();
    assert!(parts[0] > parts[2] && parts[2] > parts[4] && parts[4] > parts[5], "{parts:?}");
    assert!(made[480..].iter().all(|s| *s == 0));
    assert!(steepest(&made[400..]) < steepest(&played[..1_600]));
    // And the real sound returns.
    assert!(energy(&played[2_640..2_800]) > 0.7 * energy(&played[..160]));
}

#[test]
fn noise_is_not_made_into_a_buzz() {
    let mut seed = 1u32;
    let noise: Vec<i16> = (0..20 * 160)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((seed >> 16) as i16) / 8
        })
        .collect();
    let played = play(|from, count| noise[from..from + count].to_vec(), 3);
    let made: Vec<f64> = played[1_600..2_080].iter().map(|s| f64::from(*s)).collect();
    // A buzz repeats itself: no lag of a pitch may explain what was made up.
    for lag in 20..240 {
        let product: f64 = made.iter().zip(&made[lag..]).map(|(a, b)| a * b).sum();
        let own: f64 = made.iter().map(|a| a * a).sum();
        assert!(product / own < 0.5, "lag {lag}: {}", product / own);
    }
    assert!(energy(&played[1_600..1_680]) > 0.3 * energy(&noise[..1_600]));
}

#[test]
fn nothing_is_made_of_nothing() {
    let mut conceal = Conceal::new();
    let mut frame = [1i16; 160];
    for _ in 0..5 {
        conceal.conceal(&mut frame);
        assert_eq!(frame, [0; 160]);
    }
}

#[test]
fn two_losses_with_one_frame_between_stay_within_the_sound() {
    let mut conceal = Conceal::new();
    let mut played = Vec::new();
    for frame in 0..40 {
        let mut samples = voice(130.0, frame * 160, 160);
        if frame > 5 && frame % 2 == 0 {
            conceal.conceal(&mut samples);
        } else {
            conceal.received(&mut samples);
        }
        played.extend(samples);
    }
    let whole = voice(130.0, 0, 40 * 160);
    assert!(energy(&played[1_600..]) > 0.6 * energy(&whole[1_600..]));
    assert!(steepest(&played) < steepest(&whole) * 3 / 2);
}

#[test]
fn full_scale_and_odd_lengths_neither_wrap_nor_panic() {
    let mut conceal = Conceal::new();
    for round in 0..50usize {
        let mut loud: Vec<i16> =
            (0..round * 17).map(|n| if n / 30 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
        conceal.received(&mut loud);
        let mut made = vec![0; 7 * round];
        conceal.conceal(&mut made);
    }
}

#[test]
fn a_wide_voice_goes_on_with_its_pitch_and_fades_as_a_narrow_one_does() {
    for hertz in [71.0, 113.0, 145.0, 190.0, 250.0] {
        let (mut conceal, mut played) = (Conceal::at(SampleRate::Wide), Vec::new());
        for frame in 0..20 {
            let mut samples = voice_at(16_000.0, hertz, frame * 320, 320);
            if frame == 10 || frame > 15 {
                conceal.conceal(&mut samples);
            } else {
                conceal.received(&mut samples);
            }
            played.extend(samples);
        }
        let whole = voice_at(16_000.0, hertz, 0, 16 * 320);
        assert!(steepest(&played[..16 * 320]) <= steepest(&whole) * 5 / 4, "{hertz} Hz clicks");
        let (made, lost) = (&played[3_200..3_520], &whole[3_200..3_520]);
        let product: f64 = made.iter().zip(lost).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        let correlation = product / 320.0 / (energy(made) * energy(lost)).sqrt();
        assert!(correlation > 0.8, "{hertz} Hz correlates by {correlation}");
        assert!(played[19 * 320..].iter().all(|sample| *sample == 0), "silent after 60 ms");
    }
}
