//! In which order equals are tried: by priority, and within it by chance in proportion to their weights (RFC 2782).

use rand_chacha::rand_core::Rng;

/// Puts what has a priority and a weight into the order in which it is to be tried.
///
/// RFC 2782: lower priorities first; among equals each place goes to one of those left with a chance in proportion to its
/// weight, so that a weight of 0 has almost none while others are left.
pub(crate) fn ordered<T>(mut all: Vec<T>, rank: impl Fn(&T) -> (u16, u16), chance: &mut impl Rng) -> Vec<T> {
    let mut order = Vec::with_capacity(all.len());
    while let Some(first) = all.iter().map(|one| rank(one).0).min() {
        let (mut equals, rest): (Vec<T>, Vec<T>) = all.into_iter().partition(|one| rank(one).0 == first);
        all = rest;
        // RFC 2782: those with weight 0 at the beginning of the list that the running sum goes through.
        equals.sort_by_key(|one| rank(one).1 != 0);
        while !equals.is_empty() {
            let sum: u64 = equals.iter().map(|one| u64::from(rank(one).1)).sum();
            let drawn = (u64::from(chance.next_u32()) * (sum + 1)) >> 32;
            let mut running = 0;
            let at = equals.iter().position(|one| {
                running += u64::from(rank(one).1);
                running >= drawn
            });
            order.push(equals.remove(at.unwrap_or(0)));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    fn draws(all: &[(u16, u16)], times: usize) -> Vec<Vec<(u16, u16)>> {
        let mut chance = ChaCha20Rng::from_seed([7; 32]);
        (0..times).map(|_| ordered(all.to_vec(), |one| *one, &mut chance)).collect()
    }

    #[test]
    fn a_lower_priority_always_goes_first() {
        for order in draws(&[(20, 1), (10, 1), (30, 900), (10, 2)], 100) {
            assert_eq!(order.iter().map(|one| one.0).collect::<Vec<_>>(), [10, 10, 20, 30]);
        }
    }

    #[test]
    fn among_equals_each_is_first_as_often_as_its_weight_says() {
        let orders = draws(&[(10, 10), (10, 30), (10, 60)], 10_000);
        let first = |weight| orders.iter().filter(|order| order[0].1 == weight).count();
        for (weight, expected) in [(10, 1_000_i64), (30, 3_000), (60, 6_000)] {
            assert!((first(weight) as i64 - expected).abs() < 250, "{weight}: {}", first(weight));
        }
    }

    #[test]
    fn no_weight_is_almost_never_first_and_still_tried() {
        let orders = draws(&[(10, 0), (10, 99)], 10_000);
        let first = orders.iter().filter(|order| order[0].1 == 0).count();
        assert!((1..300).contains(&first), "{first}");
        assert!(orders.iter().all(|order| order.len() == 2));
    }

    #[test]
    fn nothing_is_an_order_of_nothing() {
        assert!(draws(&[], 1)[0].is_empty());
    }
}
