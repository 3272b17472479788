//! From the sum of many back to 16 bits.

/// Up to here the sum is left alone; beyond it rises ever more slowly and never reaches the end.
const KNEE: i32 = 22_000;
const REST: i32 = i16::MAX as i32 - KNEE;

/// Brings a sum into 16 bits. A single part fits as it is; of several, what is loud is bent rather than cut, because a cut
/// is heard as a crackle.
pub(super) fn limit(sum: &[i32], parts: usize, out: &mut [i16]) {
    for (out, sum) in out.iter_mut().zip(sum) {
        *out = if parts > 1 { bend(*sum) } else { saturate(*sum) };
    }
}

fn saturate(value: i32) -> i16 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

fn bend(value: i32) -> i16 {
    let beyond = value.abs() - KNEE;
    if beyond <= 0 {
        return saturate(value);
    }
    // 128 parts of 16 bits are 22 bits; times the rest, 36.
    let bent = KNEE + (i64::from(REST) * i64::from(beyond) / i64::from(beyond + REST)) as i32;
    saturate(if value < 0 { -bent } else { bent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bent_grows_with_the_sum_and_stays_within_16_bits() {
        let mut before = 0;
        for value in (0..128 * 32_768).step_by(997) {
            let bent = bend(value);
            assert!(bent >= before && bend(-value) == -bent);
            assert!(value > KNEE || i32::from(bent) == value);
            before = bent;
        }
        assert!(before > 32_000);
        let mut out = [0; 2];
        limit(&[30_000, -40_000], 1, &mut out);
        assert_eq!(out, [30_000, i16::MIN], "a single voice is not touched");
    }
}
