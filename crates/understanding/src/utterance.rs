//! Text cut into words, each with what it is compared by.

use crate::filler;
use crate::inflection;
use crate::language::Language;
use crate::number_words;
use crate::sound;

/// A turn on the telephone has at most this many words; what follows is left out.
const MAX_WORDS: usize = 64;

/// The longest word; what follows is cut off.
const MAX_LETTERS: usize = 40;

/// What a word contributes to the meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Courtesy and grammar: "I would like to speak to … please".
    Filler,
    /// It makes a question of the sentence: "what", "do".
    Question,
    /// It turns away what follows: "not".
    Negation,
    /// Everything else.
    Content,
}

/// One word, as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Small letters without accents; a spoken digit is its figure.
    pub(crate) text: String,
    /// Without its inflection.
    pub(crate) stem: String,
    /// How it sounds; empty where the language has no rules here.
    pub(crate) sound: String,
    pub(crate) role: Role,
}

impl Word {
    fn new(text: String, language: Language) -> Self {
        let role = filler::role(&text, language);
        let text = number_words::figure(&text, language).map_or(text, |figure| figure.to_string());
        let stem = inflection::stem(&text, language);
        let sound = if language == Language::English { sound::key(&text) } else { String::new() };
        Word { text, stem, sound, role }
    }

    /// Whether it is made of figures, which have no near sounds.
    pub(crate) fn is_number(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_digit())
    }
}

/// The words of a text, in order.
pub(crate) fn words(text: &str, language: Language) -> Vec<Word> {
    spellings(text).into_iter().map(|word| Word::new(word, language)).collect()
}

/// The words as they are written: small letters, accents folded, punctuation gone.
pub(crate) fn spellings(text: &str) -> Vec<String> {
    let mut folded = String::with_capacity(text.len());
    // A bound before any work: what is dropped could not be a word of the bounds above.
    for letter in text.chars().take(MAX_WORDS * (MAX_LETTERS + 1)).flat_map(char::to_lowercase) {
        match letter {
            '\'' | '’' | '‘' | '`' => {}
            'ä' => folded.push_str("ae"),
            'ö' => folded.push_str("oe"),
            'ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            'à' | 'á' | 'â' | 'ã' | 'å' => folded.push('a'),
            'è' | 'é' | 'ê' | 'ë' => folded.push('e'),
            'ì' | 'í' | 'î' | 'ï' => folded.push('i'),
            'ò' | 'ó' | 'ô' | 'õ' => folded.push('o'),
            'ù' | 'ú' | 'û' => folded.push('u'),
            'ñ' => folded.push('n'),
            'ç' => folded.push('c'),
            letter if letter.is_alphanumeric() => folded.push(letter),
            // A combining accent belongs to the letter before it.
            '\u{300}'..='\u{36f}' => {}
            _ => folded.push(' '),
        }
    }
    folded.split_whitespace().take(MAX_WORDS).map(|word| word.chars().take(MAX_LETTERS).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::spellings;

    #[test]
    fn spelling_is_folded() {
        for (text, words) in [
            ("I'd like SALES, please!", "id like sales please"),
            ("Für Rückfragen – Größe", "fuer rueckfragen groesse"),
            ("café e\u{301}cole", "cafe ecole"),
            ("", ""),
            (" ?! ", ""),
            ("don’t", "dont"),
        ] {
            assert_eq!(spellings(text).join(" "), words, "{text}");
        }
        assert_eq!(spellings(&"a ".repeat(10_000)).len(), 64);
        assert_eq!(spellings(&"a".repeat(10_000)).concat().len(), 40);
    }
}
