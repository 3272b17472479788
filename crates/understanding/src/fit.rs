//! How well a phrase lies over what was said.

use crate::likeness::{NEAR, SAME, likeness};
use crate::utterance::{Role, Word};

/// Of the score of an exact phrase, so much is lost if everything else that was said is unexplained.
const LOST_BY_OTHER_WORDS: f32 = 0.25;

/// The same for a phrase that was only nearly said: between many other words it is chance.
const LOST_BY_OTHER_WORDS_IF_NEAR: f32 = 0.6;

/// A phrase whose words come in another order fits a little worse.
const LOST_BY_ORDER: f32 = 0.03;

/// A compound may be heard in pieces, "help desk" for "helpdesk": at most this many.
const MAX_PIECES: usize = 3;

/// How a phrase lies over the words that were said.
struct Cover {
    /// How much of the phrase was said, 0 to 1.
    share: f32,
    /// Which of the said words it explains.
    explains: Vec<usize>,
}

/// How well the best phrase of an option fits, 0 to 1.
pub(crate) fn option_score(phrases: &[Vec<Word>], said: &[Word], away: &[bool]) -> f32 {
    let covers: Vec<Cover> = phrases.iter().map(|phrase| cover(phrase, said, away)).collect();
    let mut explained = vec![false; said.len()];
    for at in covers.iter().flat_map(|cover| &cover.explains) {
        if let Some(slot) = explained.get_mut(*at) {
            *slot = true;
        }
    }
    let share = covers.iter().map(|cover| cover.share).fold(0.0, f32::max);
    let lost = if share >= SAME { LOST_BY_OTHER_WORDS } else { LOST_BY_OTHER_WORDS_IF_NEAR };
    share * (1.0 - (1.0 - explained_share(said, away, &explained)) * lost)
}

/// How much of the meaning of what was said is explained.
fn explained_share(said: &[Word], away: &[bool], explained: &[bool]) -> f32 {
    let (mut all, mut known) = (0.0, 0.0);
    for ((word, away), explained) in said.iter().zip(away).zip(explained) {
        let weight = match word.role {
            _ if *explained => 1.0,
            _ if *away => 0.0,
            Role::Content => 1.0,
            Role::Question | Role::Negation => 0.5,
            Role::Filler => 0.0,
        };
        all += weight;
        known += if *explained { weight } else { 0.0 };
    }
    if all == 0.0 { 1.0 } else { known / all }
}

fn cover(phrase: &[Word], said: &[Word], away: &[bool]) -> Cover {
    let mut needed: Vec<&Word> =
        phrase.iter().filter(|word| matches!(word.role, Role::Content | Role::Negation)).collect();
    // A phrase of courtesy alone, such as "yes please", is meant as it stands.
    if needed.is_empty() {
        needed = phrase.iter().collect();
    }
    // "Not working" is neither half said by "working" nor by words at both ends of a sentence.
    let negates = needed.iter().any(|word| word.role == Role::Negation);
    if negates && !said_together(&needed, said) {
        return Cover { share: 0.0, explains: Vec::new() };
    }
    let by_words = cover_by_words(&needed, said, away);
    if by_words.share >= SAME {
        return by_words;
    }
    cover_by_pieces(&needed, said, away).unwrap_or(by_words)
}

/// Whether the words were said in this order, with at most one other word among them.
fn said_together(needed: &[&Word], said: &[Word]) -> bool {
    said.windows(needed.len().min(said.len()) + 1).chain([said]).any(|window| {
        let mut at = window.iter();
        window.len() <= needed.len() + 1 && needed.iter().all(|word| at.any(|said| alike(word, said) >= NEAR))
    })
}

/// Each word of the phrase takes the said word that is most like it.
fn cover_by_words(needed: &[&Word], said: &[Word], away: &[bool]) -> Cover {
    let mut explains: Vec<usize> = Vec::new();
    let (mut found, mut all) = (0.0, 0.0);
    for word in needed {
        let letters = word.text.chars().count() as f32;
        all += letters;
        let best = said
            .iter()
            .enumerate()
            .filter(|(at, _)| !explains.contains(at) && !away.get(*at).copied().unwrap_or_default())
            .map(|(at, said)| (at, alike(word, said)))
            .fold(None, |best: Option<(usize, f32)>, next| match best {
                Some(best) if best.1 >= next.1 => Some(best),
                _ => Some(next),
            });
        if let Some((at, alike)) = best.filter(|(_, alike)| *alike >= NEAR) {
            explains.push(at);
            found += alike * letters;
        }
    }
    let in_order = explains.is_sorted();
    let share = if all == 0.0 { 0.0 } else { found / all };
    Cover { share: if in_order { share } else { (share - LOST_BY_ORDER).max(0.0) }, explains }
}

/// A filler is never nearly another word: there are too many of them, and they are spoken carelessly.
fn alike(phrase: &Word, said: &Word) -> f32 {
    let exact_only = said.role == Role::Filler || phrase.role == Role::Filler;
    if exact_only && phrase.text != said.text { 0.0 } else { likeness(phrase, said) }
}

/// The phrase as one word against neighbours as one word: "helpdesk", "help desk".
fn cover_by_pieces(needed: &[&Word], said: &[Word], away: &[bool]) -> Option<Cover> {
    let whole: String = needed.iter().map(|word| word.text.as_str()).collect();
    for from in 0..said.len() {
        let mut joined = String::new();
        for to in from..said.len().min(from + MAX_PIECES) {
            let word = said.get(to)?;
            if away.get(to).copied().unwrap_or_default() {
                break;
            }
            joined.push_str(&word.text);
            let pieces = to - from + 1;
            if joined == whole && (pieces > 1 || needed.len() > 1) && whole.chars().count() >= 5 {
                return Some(Cover { share: SAME, explains: (from..=to).collect() });
            }
        }
    }
    None
}
