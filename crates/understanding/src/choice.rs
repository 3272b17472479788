//! Which of the expected answers was given.

use crate::language::Language;

/// One answer that is expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice<'a> {
    /// Its name.
    pub name: &'a str,
    /// The key that gives it, which may also be said: "press two", "two".
    pub key: Option<char>,
    /// What callers say for it.
    pub phrases: &'a [String],
}

/// What the ears made of the party's turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard<'a> {
    /// The words.
    pub text: &'a str,
    /// 0 is certain, below −0.35 is doubtful.
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
    let found = options.iter().position(|o| o.phrases.iter().any(|p| heard.text.contains(p.as_str())));
    match found {
        Some(option) => Verdict::Chosen(Chosen { option, score: 1.0 }),
        None => Verdict::Rejected(Rejection::NoneNear),
    }
}

/// A phrase as it is compared.
pub fn plain(phrase: &str, _language: Language) -> String {
    phrase.to_lowercase()
}
