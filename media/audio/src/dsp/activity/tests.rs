use super::*;
use crate::ToneGenerator;

/// Noise of a level, in dB below full scale, by a seed.
struct Noise(u32);

impl Noise {
    fn frame(&mut self, dbov: f32) -> Vec<i16> {
        // Evenly spread noise has a root mean square of its peak / √3.
        let peak = 10f32.powf(dbov / 20.0) * 32_768.0 * 3f32.sqrt();
        (0..160)
            .map(|_| {
                self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((self.0 >> 8) as f32 / 8_388_608.0 - 1.0).mul_add(peak, 0.0) as i16
            })
            .collect()
    }
}

/// Syllables: the level of frame `n` of somebody who speaks.
fn syllables(n: usize) -> f32 {
    [-40.0, -28.0, -22.0, -20.0, -21.0, -23.0, -26.0, -34.0, -44.0][n % 9]
}

#[test]
fn the_level_is_told_as_rfc_6464_says() {
    assert_eq!(level_dbov(&[i16::MIN; 160]), 0);
    assert_eq!(level_dbov(&[0; 160]), 127);
    assert_eq!(level_dbov(&[]), 127);
    assert_eq!(level_dbov(&[1; 160]), 90);
    assert_eq!(level_dbov(&Noise(7).frame(-30.0)), 30);
}

#[test]
fn speech_over_noise_begins_within_two_frames_and_ends_within_six() {
    for floor in [-90.0, -60.0, -45.0] {
        let (mut detector, mut noise) = (ActivityDetector::new(), Noise(1));
        for n in 0..100 {
            let activity = detector.frame(&noise.frame(floor));
            assert!(!activity.active || n < 30, "noise of {floor} taken for speech at frame {n}");
        }
        let active: Vec<bool> =
            (0..90).map(|n| detector.frame(&noise.frame(syllables(n + 1))).active).collect();
        let first = active.iter().position(|a| *a).expect("heard");
        assert!(first <= 2, "{floor}: begins at frame {first}");
        let share = active.iter().filter(|a| **a).count();
        assert!(share >= 80, "{floor}: {share} of 90");
        let after: Vec<bool> = (0..20).map(|_| detector.frame(&noise.frame(floor)).active).collect();
        assert!(!after[6..].contains(&true), "{floor}: {after:?}");
    }
}

#[test]
fn a_click_is_no_speech() {
    let (mut detector, mut noise) = (ActivityDetector::new(), Noise(2));
    for n in 0..200 {
        let level = if n % 20 == 10 { -20.0 } else { -70.0 };
        assert!(!detector.frame(&noise.frame(level)).active);
    }
}

#[test]
fn a_tone_and_a_fan_become_background_within_half_a_second() {
    let (mut detector, mut noise) = (ActivityDetector::new(), Noise(3));
    let mut tone = ToneGenerator::new(425.0, 425.0, None);
    for _ in 0..50 {
        detector.frame(&noise.frame(-70.0));
    }
    let mut frame = [0; 160];
    let active: Vec<bool> = (0..100)
        .map(|_| {
            tone.fill(&mut frame);
            detector.frame(&frame).active
        })
        .collect();
    assert!(active[10] && !active[30..].contains(&true), "the tone ends as activity");
    let mut detector = ActivityDetector::new();
    let active: Vec<bool> = (0..100).map(|_| detector.frame(&noise.frame(-35.0)).active).collect();
    assert!(!active[30..].contains(&true), "the fan ends as activity");
}

#[test]
fn speech_is_heard_over_a_noise_that_began_later() {
    let (mut detector, mut noise) = (ActivityDetector::new(), Noise(4));
    for _ in 0..100 {
        detector.frame(&noise.frame(-75.0));
    }
    for _ in 0..100 {
        detector.frame(&noise.frame(-42.0));
    }
    assert!(!detector.frame(&noise.frame(-42.0)).active);
    assert!((38..=46).contains(&detector.floor_dbov()), "{}", detector.floor_dbov());
    let active = (0..18).filter(|n| detector.frame(&noise.frame(syllables(n + 2))).active).count();
    assert!(active > 10, "{active}");
}
