//! Several sounds at once.

/// Adds `sound` to `frame` sample by sample, as far as both reach; what is too loud is clipped.
pub fn mix_into(frame: &mut [i16], sound: &[i16]) {
    for (sample, other) in frame.iter_mut().zip(sound) {
        *sample = sample.saturating_add(*other);
    }
}

/// Writes the sum of all sounds into `frame`, clipped once at the end, so that the order does not matter.
/// A sound that is shorter than the frame is silent after its end.
pub fn mix(sounds: &[&[i16]], frame: &mut [i16]) {
    for (at, sample) in frame.iter_mut().enumerate() {
        let sum: i32 = sounds.iter().map(|sound| i32::from(sound.get(at).copied().unwrap_or(0))).sum();
        *sample = sum.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_sum_is_clipped_and_not_wrapped() {
        let mut frame = [30_000i16, -30_000, 5];
        mix_into(&mut frame, &[30_000, -30_000]);
        assert_eq!(frame, [i16::MAX, i16::MIN, 5]);
    }

    proptest! {
        #[test]
        fn mixing_is_commutative(mut a: [i16; 8], b: [i16; 8], c: [i16; 8]) {
            let (mut one, mut other) = ([0; 8], [0; 8]);
            mix(&[&a, &b, &c], &mut one);
            mix(&[&c, &a, &b], &mut other);
            prop_assert_eq!(one, other);
            mix(&[&a, &b], &mut one);
            mix_into(&mut a, &b);
            prop_assert_eq!(one, a);
        }
    }
}
