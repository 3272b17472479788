//! What passes, what does not, and how long it takes.

use super::*;
use std::f64::consts::TAU;

fn tone(hertz: f64, rate: f64, amplitude: f64, count: usize) -> Vec<i16> {
    (0..count).map(|n| ((TAU * hertz * n as f64 / rate).sin() * amplitude).round() as i16).collect()
}

/// The amplitude of one frequency in a sound.
fn amplitude(sound: &[i16], hertz: f64, rate: f64) -> f64 {
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (n, sample) in sound.iter().enumerate() {
        let phase = TAU * hertz * n as f64 / rate;
        sine += phase.sin() * f64::from(*sample);
        cosine += phase.cos() * f64::from(*sample);
    }
    2.0 * sine.hypot(cosine) / sound.len() as f64
}

fn raised(sound: &[i16]) -> Vec<i16> {
    let mut fit = RateFit::new();
    let frames = sound.as_chunks::<SAMPLES_8K>().0;
    frames.iter().flat_map(|f| fit.fit(LentFrame::Narrow(f), SampleRate::Wide).samples().to_vec()).collect()
}

fn lowered(sound: &[i16]) -> Vec<i16> {
    let mut fit = RateFit::new();
    let frames = sound.as_chunks::<SAMPLES_16K>().0;
    frames.iter().flat_map(|f| fit.fit(LentFrame::Wide(f), SampleRate::Narrow).samples().to_vec()).collect()
}

fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

#[test]
fn raising_keeps_the_band_and_makes_no_image_above_it() {
    for hertz in [100.0, 300.0, 1_000.0, 2_500.0, 3_000.0, 3_400.0] {
        let wide = &raised(&tone(hertz, 8_000.0, 20_000.0, 8_000))[1_600..];
        let kept = decibels(amplitude(wide, hertz, 16_000.0) / 20_000.0);
        let image = decibels(amplitude(wide, 8_000.0 - hertz, 16_000.0) / 20_000.0);
        assert!(kept.abs() < 0.1, "{hertz} Hz: {kept} dB");
        assert!(image < -50.0, "{hertz} Hz: image of {image} dB");
    }
}

#[test]
fn lowering_keeps_the_band_and_folds_nothing_into_it() {
    for hertz in [100.0, 300.0, 1_000.0, 2_500.0, 3_000.0, 3_400.0] {
        let narrow = &lowered(&tone(hertz, 16_000.0, 20_000.0, 16_000))[800..];
        let kept = decibels(amplitude(narrow, hertz, 8_000.0) / 20_000.0);
        assert!(kept.abs() < 0.1, "{hertz} Hz: {kept} dB");
    }
    for hertz in [4_600.0, 5_000.0, 6_000.0, 7_000.0, 7_700.0] {
        let narrow = &lowered(&tone(hertz, 16_000.0, 20_000.0, 16_000))[800..];
        let folded = decibels(amplitude(narrow, 8_000.0 - hertz, 8_000.0) / 20_000.0);
        assert!(folded < -50.0, "{hertz} Hz: {folded} dB");
    }
}

#[test]
fn there_and_back_is_the_same_sound_some_samples_later() {
    let said = tone(700.0, 8_000.0, 9_000.0, 4_000);
    let heard = lowered(&raised(&said));
    // 12 samples up, 11 down.
    for (at, (said, heard)) in said.iter().zip(&heard[23..]).enumerate().skip(40) {
        assert!((said - heard).abs() < 30, "sample {at}: {said} became {heard}");
    }
}

#[test]
fn a_frame_of_the_right_rate_is_lent_on_and_full_scale_does_not_wrap() {
    let mut fit = RateFit::new();
    let frame = [7; SAMPLES_8K];
    assert_eq!(fit.fit(LentFrame::Narrow(&frame), SampleRate::Narrow), LentFrame::Narrow(&frame));
    let square = |half_period: usize| -> Vec<i16> {
        (0..1_600).map(|n| if (n / half_period).is_multiple_of(2) { i16::MAX } else { i16::MIN }).collect()
    };
    let middles = |heard: Vec<i16>, delay: usize, half_period: usize| -> Vec<bool> {
        heard
            .iter()
            .skip(delay + half_period / 2)
            .step_by(half_period)
            .map(|sample| *sample > 25_000)
            .collect()
    };
    for (at, up) in middles(raised(&square(40)), 24, 80).into_iter().enumerate() {
        assert_eq!(up, at % 2 == 0, "half period {at} raised");
    }
    for (at, up) in middles(lowered(&square(80)), 11, 40).into_iter().enumerate() {
        assert_eq!(up, at % 2 == 0, "half period {at} lowered");
    }
    assert_eq!((sample(1e9), sample(-1e9), sample(0.6), sample(-0.6)), (i16::MAX, i16::MIN, 1, -1));
}

#[test]
fn a_sound_after_a_pause_begins_with_nothing_of_the_old_one() {
    let mut fit = RateFit::new();
    fit.fit(LentFrame::Narrow(&[12_000; SAMPLES_8K]), SampleRate::Wide);
    fit.fit(LentFrame::Narrow(&[0; SAMPLES_8K]), SampleRate::Narrow);
    let heard = fit.fit(LentFrame::Narrow(&[0; SAMPLES_8K]), SampleRate::Wide);
    assert_eq!(heard, LentFrame::Wide(&[0; SAMPLES_16K]));
}
