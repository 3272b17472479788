//! Which word was probably meant.

/// The known word that is nearest, if it is near enough to be a slip of the hand.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // A long word would cost its square, and is no slip.
    if word.chars().count() > 64 {
        return None;
    }
    let allowed = (word.chars().count() / 3).max(1);
    known
        .iter()
        .map(|candidate| (distance(&word.to_lowercase(), candidate), *candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, left out, changed or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut this = vec![row + 1];
        for (column, b) in other.iter().enumerate() {
            let mut best =
                (last[column] + usize::from(a != b)).min(last[column + 1] + 1).min(this[column] + 1);
            if row > 0 && column > 0 && *a == other[column - 1] && one[row - 1] == *b {
                best = best.min(before_last[column - 1] + 1);
            }
            this.push(best);
        }
        before_last = last;
        last = this;
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_recognised_and_another_word_is_not() {
        let known = ["listen", "realm"];
        for slip in ["lissen", "listne", "Listen", "listens", "lsten"] {
            assert_eq!(nearest(slip, &known), Some("listen"), "{slip}");
        }
        for other in ["port", "", "codec", &"l".repeat(1_000)] {
            assert_eq!(nearest(other, &known), None, "{other}");
        }
    }
}
