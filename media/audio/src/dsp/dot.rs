//! The sum of products, as the processor likes it.

/// Sums are kept apart, so that several products are made at once; floats may not be reordered otherwise.
const LANES: usize = 8;

/// The sum of the products of two slices, as far as both reach.
pub(crate) fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (one_chunks, one_rest) = one.as_chunks::<LANES>();
    let (other_chunks, other_rest) = other.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in one_chunks.iter().zip(other_chunks) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    let rest: f32 = one_rest.iter().zip(other_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_is_counted_once() {
        let one: Vec<f32> = (0..21).map(|n| n as f32).collect();
        for length in 0..=21usize {
            let expected: f32 = (0..length).map(|n| (n * n) as f32).sum();
            assert_eq!(dot(&one[..length], &one[..length]), expected);
        }
    }
}
