use super::*;
use crate::ToneGenerator;

fn tone(low: f64, high: f64, low_peak: f64, high_peak: f64, count: usize) -> Vec<i16> {
    let wave = |hertz: f64, n: usize| (std::f64::consts::TAU * hertz * n as f64 / 8_000.0).sin();
    (0..count).map(|n| (wave(low, n) * low_peak + wave(high, n) * high_peak) as i16).collect()
}

/// Every key that is told in a sound.
fn keys(samples: &[i16]) -> String {
    let mut detector = ToneDetector::new();
    samples.chunks(160).filter_map(|frame| detector.frame(frame)).collect()
}

#[test]
fn each_key_is_told_once_however_long_it_is_pressed() {
    for key in KEYS.iter().flatten() {
        for millis in [40, 60, 100, 1_000] {
            let mut samples = vec![0; 100];
            let at = samples.len();
            samples.resize(at + 8 * millis, 0);
            ToneGenerator::dtmf(*key).unwrap().fill(&mut samples[at..]);
            samples.resize(samples.len() + 800, 0);
            assert_eq!(keys(&samples), key.to_string(), "{millis} ms");
        }
    }
}

#[test]
fn the_same_key_twice_is_told_twice() {
    let mut samples = Vec::new();
    for key in "1122#".chars() {
        let at = samples.len();
        samples.resize(at + 480, 0);
        ToneGenerator::dtmf(key).unwrap().fill(&mut samples[at..]);
        samples.resize(samples.len() + 480, 0);
    }
    assert_eq!(keys(&samples), "1122#");
}

#[test]
fn frequencies_may_be_off_by_one_and_a_half_percent_and_not_by_more_than_five() {
    for shift in [0.985, 1.015] {
        assert_eq!(keys(&tone(770.0 * shift, 1336.0 * shift, 6_000.0, 6_000.0, 800)), "5", "{shift}");
    }
    for shift in [0.95, 1.05] {
        assert_eq!(keys(&tone(770.0 * shift, 1336.0 * shift, 6_000.0, 6_000.0, 800)), "", "{shift}");
    }
}

#[test]
fn twist_is_borne_as_far_as_lines_make_it() {
    let twisted = |row: f64, column: f64| keys(&tone(852.0, 1477.0, row, column, 800));
    assert_eq!(twisted(8_000.0, 4_000.0), "9");
    assert_eq!(twisted(5_000.0, 7_000.0), "9");
    assert_eq!(twisted(8_000.0, 2_500.0), "");
    assert_eq!(twisted(3_000.0, 8_000.0), "");
}

#[test]
fn one_tone_or_a_soft_one_or_call_progress_is_no_key() {
    assert_eq!(keys(&tone(697.0, 1209.0, 8_000.0, 0.0, 1_600)), "");
    assert_eq!(keys(&tone(697.0, 1209.0, 300.0, 300.0, 1_600)), "");
    assert_eq!(keys(&tone(440.0, 480.0, 8_000.0, 8_000.0, 1_600)), "");
    assert_eq!(keys(&tone(697.0, 1209.0, 700.0, 700.0, 1_600)), "1");
}

#[test]
fn a_key_in_noise_is_told_and_a_key_under_speech_is_not_invented() {
    let mut seed = 5u32;
    let mut noise = |peak: i32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((seed >> 16) as i16 as i32 * peak / 32_768) as i16
    };
    let mut samples = tone(941.0, 1336.0, 5_000.0, 5_000.0, 800);
    samples.iter_mut().for_each(|s| *s = s.saturating_add(noise(2_500)));
    assert_eq!(keys(&samples), "0");
    let only_noise: Vec<i16> = (0..80_000).map(|_| noise(20_000)).collect();
    assert_eq!(keys(&only_noise), "");
}
