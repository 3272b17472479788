//! "Not sales": words that the party turns away.

use crate::likeness::{SAME, likeness};
use crate::utterance::{Role, Word};

/// The phrases of one option, cut into words.
pub(crate) type Phrases = Vec<Vec<Word>>;

/// For each word said, whether it is turned away.
///
/// A negation reaches over fillers to the next words of meaning, and ends behind them: at a filler, or where
/// another answer begins. "Not technical support sales please" turns away both words of support, not sales.
pub(crate) fn turned_away(said: &[Word], options: &[Phrases]) -> Vec<bool> {
    let mut away = vec![false; said.len()];
    for (at, word) in said.iter().enumerate() {
        if !negates(at, word, said) || is_expected(said, at, options) {
            continue;
        }
        let mut owner = None;
        let mut reached = false;
        for (next, word) in said.iter().enumerate().skip(at + 1) {
            match word.role {
                Role::Filler | Role::Question if !reached => continue,
                Role::Content => {}
                _ => break,
            }
            let belongs_to = options.iter().position(|phrases| has_word(phrases, word));
            if owner.is_some() && belongs_to.is_some() && owner != belongs_to {
                break;
            }
            owner = owner.or(belongs_to);
            reached = true;
            away[next] = true;
        }
    }
    away
}

/// "No" at the beginning corrects the desk ("no, support"); later and right before a word it turns it away.
fn negates(at: usize, word: &Word, said: &[Word]) -> bool {
    let is_no = word.text == "no" && at > 0;
    let before_content = said.get(at + 1).is_some_and(|next| next.role == Role::Content);
    word.role == Role::Negation || is_no && before_content
}

/// Whether some answer expects just this negation: "no" by itself, or beside its neighbour, "not working".
fn is_expected(said: &[Word], at: usize, options: &[Phrases]) -> bool {
    let Some(negation) = said.get(at) else { return false };
    // Fillers between do no harm: "not really working".
    let tells = |word: &&Word| word.role != Role::Filler;
    let behind = said.iter().skip(at + 1).find(tells);
    let before = said.iter().take(at).rev().find(tells);
    let beside = |phrase: &[Word], place: usize| {
        let (expected, word) = match phrase.get(place + 1) {
            Some(expected) => (Some(expected), behind),
            None => (place.checked_sub(1).and_then(|place| phrase.get(place)), before),
        };
        expected.is_none_or(|expected| word.is_some_and(|word| likeness(expected, word) >= SAME))
    };
    options.iter().flatten().any(|phrase| {
        phrase.iter().enumerate().any(|(place, word)| word.text == negation.text && beside(phrase, place))
    })
}

fn has_word(phrases: &Phrases, word: &Word) -> bool {
    phrases.iter().flatten().any(|own| own.role == Role::Content && likeness(own, word) >= SAME)
}
