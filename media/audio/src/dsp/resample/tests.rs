use super::*;

fn sine(hertz: f64, rate: u32, count: usize) -> Vec<i16> {
    let step = std::f64::consts::TAU * hertz / f64::from(rate);
    (0..count).map(|n| ((step * n as f64).sin() * 10_000.0).round() as i16).collect()
}

fn rms(samples: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = samples.clone().count() as f64;
    (samples.map(|s| s * s).sum::<f64>() / count).sqrt()
}

#[test]
fn rates_change_without_moving_the_sound_or_its_length() {
    for (from, to) in [
        (22_050, 8_000),
        (24_000, 8_000),
        (16_000, 8_000),
        (44_100, 8_000),
        (8_000, 16_000),
        (48_000, 16_000),
    ] {
        let count = from as usize;
        let resampled = to_rate(&sine(1_000.0, from, count), from, to);
        assert_eq!(resampled.len(), to as usize, "{from} → {to}");
        // The same wave, moved by hardly more than a sample, and nothing else. The ends ring and are left out.
        let step = std::f64::consts::TAU * 1_000.0 / f64::from(to);
        let edge = to as usize / 50;
        let middle = edge..to as usize - edge;
        let fit = |wave: fn(f64) -> f64| {
            middle.clone().map(|n| f64::from(resampled[n]) * wave(step * n as f64)).sum::<f64>() * 2.0
                / middle.len() as f64
        };
        let (sine_part, cosine_part) = (fit(f64::sin), fit(f64::cos));
        let moved = cosine_part.atan2(sine_part) / step;
        assert!(moved.abs() < 1.1, "{from} → {to}: moved by {moved} samples");
        let level = sine_part.hypot(cosine_part);
        assert!((9_950.0..10_050.0).contains(&level), "{from} → {to}: level {level}");
        let error = rms(middle.clone().map(|n| {
            let angle = step * n as f64;
            f64::from(resampled[n]) - sine_part * angle.sin() - cosine_part * angle.cos()
        }));
        assert!(error < 10.0, "{from} → {to}: error {error} of 7071");
    }
}

#[test]
fn what_the_lower_rate_cannot_carry_is_gone_and_not_folded_back() {
    let resampled = to_rate(&sine(5_000.0, 24_000, 24_000), 24_000, 8_000);
    let left = rms(resampled[400..7_600].iter().map(|s| f64::from(*s)));
    assert!(left < 15.0, "{left}");
    let kept = to_rate(&sine(3_400.0, 24_000, 24_000), 24_000, 8_000);
    let level = rms(kept[400..7_600].iter().map(|s| f64::from(*s)));
    assert!(level > 6_700.0, "the telephone's band stays: {level}");
}

#[test]
fn short_sounds_keep_their_length_and_hostile_rates_give_nothing() {
    for count in [1, 2, 50, 441, 1_023, 1_025] {
        assert_eq!(to_rate(&vec![100; count], 44_100, 8_000).len(), (count * 80).div_ceil(441));
    }
    assert_eq!(to_rate(&[1, 2, 3], 8_000, 8_000), [1, 2, 3]);
    assert!(to_rate(&[], 8_000, 16_000).is_empty());
    assert!(to_rate(&[1], 0, 8_000).is_empty() && to_rate(&[1], 8_000, u32::MAX).is_empty());
}

#[test]
fn full_scale_is_clipped_and_not_wrapped() {
    let square: Vec<i16> = (0..16_000).map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let resampled = to_rate(&square, 16_000, 8_000);
    let flat = resampled.chunks(20).flat_map(|period| &period[3..7]);
    assert!(flat.clone().filter(|s| **s > 20_000).count() * 10 > flat.count() * 9);
}
