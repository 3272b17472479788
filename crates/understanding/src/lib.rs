//! What a caller's words mean: deterministic, local, and honest about not knowing.
//!
//! The way of one turn through this crate: the ears' text is cut into words, each folded, stemmed and given a
//! key of its sound (`utterance`, `inflection`, `sound`); words that a negation turns away are set aside
//! (`negation`); each phrase of each expected answer is laid over the rest (`fit`), which gives a score from how
//! much of the phrase was said and how much else was; and [`choose`] names the best answer, if it is good enough,
//! far enough ahead of the second, and the ears were sure enough. Anything else is a [`Rejection`]: asking again
//! costs five seconds, a wrong transfer costs the caller's patience.
//!
//! ```
//! use frontdesk_understanding::{Choice, Heard, Language, Verdict, choose};
//! let sales = ["sales".to_owned(), "buy".to_owned()];
//! let support = ["support".to_owned(), "broken".to_owned()];
//! let options = [
//!     Choice { name: "sales", key: Some('1'), phrases: &sales },
//!     Choice { name: "support", key: Some('2'), phrases: &support },
//! ];
//! let heard = |text| Heard { text, mean_log_probability: -0.05, language: Language::English };
//! let Verdict::Chosen(chosen) = choose(heard("i'd like to speak to sales please"), &options) else { panic!() };
//! assert_eq!(chosen.option, 0);
//! assert!(matches!(choose(heard("what is the weather"), &options), Verdict::Rejected(_)));
//! ```
//!
//! It never learns, never asks a clock, a network or chance: the same words mean the same tomorrow.

mod backchannel;
mod choice;
mod filler;
mod fit;
mod inflection;
mod language;
mod likeness;
mod negation;
mod number_words;
mod sound;
mod utterance;

pub use backchannel::is_backchannel;
pub use choice::{
    AMBIGUOUS_WITHIN, Choice, Chosen, DOUBTFUL_BELOW, Heard, Rejection, UNUSABLE_BELOW, Verdict, choose,
    plain,
};
pub use language::Language;
pub use number_words::digits;
