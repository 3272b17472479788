//! Which of the expected answers was given.

use crate::filler;
use crate::fit::option_score;
use crate::language::Language;
use crate::negation::{Phrases, turned_away};
use crate::number_words::digits_of;
use crate::utterance::{spellings, words};

/// Words whose mean log probability is below this are doubtful, and only an exact answer with nothing else
/// beside it counts. Measured on the small Whisper that ships with the desk: above it 87 % of what is
/// accepted is right, and noise gives nothing.
pub const DOUBTFUL_BELOW: f32 = -0.35;

/// Below this nothing that the ears say counts.
pub const UNUSABLE_BELOW: f32 = -0.7;

/// The best answer must be ahead of the second by more than this.
pub const AMBIGUOUS_WITHIN: f32 = 0.08;

/// The least score of an answer.
const ACCEPTED_FROM: f32 = 0.65;

/// The least score of an answer from doubtful words.
const ACCEPTED_FROM_IF_DOUBTFUL: f32 = 0.95;

/// The score of a key that was said in a word that only sounds like it: "to" for "two".
const KEY_BY_SOUND: f32 = 0.8;

/// One answer that is expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice<'a> {
    /// Its name, for who reads a test.
    pub name: &'a str,
    /// The key that gives it, which may also be said: "press two", "two".
    pub key: Option<char>,
    /// What callers say for it.
    pub phrases: &'a [String],
}

/// What the ears made of the party's turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard<'a> {
    /// The words, however they are written.
    pub text: &'a str,
    /// 0 is certain, below [`DOUBTFUL_BELOW`] is doubtful. An engine with another scale brings it to this one.
    pub mean_log_probability: f32,
    /// The language in which they were heard.
    pub language: Language,
}

/// The answer that was meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// Its index in the options.
    pub option: usize,
    /// How well the words fit, 0 to 1.
    pub score: f32,
}

/// What the words mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// One of the answers.
    Chosen(Chosen),
    /// None of them.
    Rejected(Rejection),
}

/// Why words are none of the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// No word was heard.
    Nothing,
    /// The ears are not sure enough of what they heard.
    Doubtful,
    /// The words are near to none of the answers.
    NoneNear,
    /// They are as near to a second one.
    Ambiguous,
}

/// Which of the options was meant.
pub fn choose(heard: Heard<'_>, options: &[Choice<'_>]) -> Verdict {
    let said = words(heard.text, heard.language);
    if said.is_empty() {
        return Verdict::Rejected(Rejection::Nothing);
    }
    let sureness = heard.mean_log_probability;
    if sureness.is_nan() || sureness < UNUSABLE_BELOW {
        return Verdict::Rejected(Rejection::Doubtful);
    }
    let phrases: Vec<Phrases> = options
        .iter()
        .map(|option| option.phrases.iter().map(|phrase| words(phrase, heard.language)).collect())
        .collect();
    let away = turned_away(&said, &phrases);
    let key = said_key(heard);
    let scores = options.iter().zip(&phrases).map(|(option, phrases)| {
        let by_words = option_score(phrases, &said, &away);
        let by_key = key.filter(|(key, _)| option.key == Some(*key)).map_or(0.0, |(_, score)| score);
        by_words.max(by_key)
    });
    verdict(scores, heard.mean_log_probability < DOUBTFUL_BELOW)
}

/// A phrase as it is compared, in small letters without punctuation; empty if there is no word in it.
pub fn plain(phrase: &str, language: Language) -> String {
    words(phrase, language).into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
}

fn verdict(scores: impl Iterator<Item = f32>, doubtful: bool) -> Verdict {
    let mut best = Chosen { option: 0, score: 0.0 };
    let mut second = 0.0f32;
    for (option, score) in scores.enumerate() {
        if score > best.score {
            second = best.score;
            best = Chosen { option, score };
        } else {
            second = second.max(score);
        }
    }
    if best.score < ACCEPTED_FROM {
        Verdict::Rejected(Rejection::NoneNear)
    } else if best.score - second <= AMBIGUOUS_WITHIN {
        Verdict::Rejected(Rejection::Ambiguous)
    } else if doubtful && best.score < ACCEPTED_FROM_IF_DOUBTFUL {
        Verdict::Rejected(Rejection::Doubtful)
    } else {
        Verdict::Chosen(best)
    }
}

/// The key that was named, if nothing else was said: "press two please", "number two", "star".
///
/// "Two in the afternoon" and "I need two" name a time and an amount, so only [`filler::beside_key`] may stand there.
fn said_key(heard: Heard<'_>) -> Option<(char, f32)> {
    let spelled = spellings(heard.text);
    let mut told: Vec<&str> = Vec::new();
    for word in &spelled {
        let goes_on = word == "oh" && !told.is_empty();
        if goes_on || !filler::beside_key(word) {
            told.push(word);
        }
    }
    match told[..] {
        [] => key_by_sound(&spelled, heard.language),
        [only] if named_key(only).is_some() => named_key(only).map(|key| (key, 1.0)),
        _ => single(&digits_of(&told, heard.language)?).map(|key| (key, 1.0)),
    }
}

/// Nothing but fillers: some of them are numbers to the ear, where a key was announced: "press to".
fn key_by_sound(spelled: &[String], language: Language) -> Option<(char, f32)> {
    let asked = spelled.iter().any(|word| filler::asks_for_key(word));
    if language != Language::English || !asked {
        return None;
    }
    let key = match spelled.last()?.as_str() {
        "oh" => '0',
        "to" | "too" => '2',
        "for" => '4',
        _ => return None,
    };
    Some((key, KEY_BY_SOUND))
}

fn named_key(word: &str) -> Option<char> {
    match word {
        "star" | "asterisk" | "stern" | "sternchen" => Some('*'),
        "hash" | "pound" | "raute" => Some('#'),
        _ => None,
    }
}

fn single(figures: &str) -> Option<char> {
    let mut figures = figures.chars();
    figures.next().filter(|_| figures.next().is_none())
}

#[cfg(test)]
mod tests;
