//! Number words → figures: "extension two oh four" dials 204.

use crate::language::Language;
use crate::utterance::spellings;

/// More figures than this are no telephone number (E.164 has 15, offices add prefixes).
const MAX_FIGURES: usize = 32;

const ENGLISH: &[(&str, u64)] = &[
    ("zero", 0),
    ("nought", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("niner", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
];

const GERMAN: &[(&str, u64)] = &[
    ("null", 0),
    ("eins", 1),
    ("zwei", 2),
    ("zwo", 2),
    ("drei", 3),
    ("vier", 4),
    ("fuenf", 5),
    ("sechs", 6),
    ("sieben", 7),
    ("acht", 8),
    ("neun", 9),
    ("zehn", 10),
    ("elf", 11),
    ("zwoelf", 12),
    ("dreizehn", 13),
    ("vierzehn", 14),
    ("fuenfzehn", 15),
    ("sechzehn", 16),
    ("siebzehn", 17),
    ("achtzehn", 18),
    ("neunzehn", 19),
    ("zwanzig", 20),
    ("dreissig", 30),
    ("vierzig", 40),
    ("fuenfzig", 50),
    ("sechzig", 60),
    ("siebzig", 70),
    ("achtzig", 80),
    ("neunzig", 90),
];

/// The figures that a text of number words stands for, if it has no other words: "one two three" → `123`,
/// "double two" → `22`, "oh four" → `04`, "twenty one" → `21`, "two hundred and four" → `204`.
pub fn digits(text: &str, language: Language) -> Option<String> {
    digits_of(&spellings(text), language)
}

/// The figure of a word from zero to nine.
pub(crate) fn figure(word: &str, language: Language) -> Option<u64> {
    value(word, language).filter(|value| *value < 10)
}

fn value(word: &str, language: Language) -> Option<u64> {
    let table = match language {
        Language::English => ENGLISH,
        Language::German => GERMAN,
        Language::Other => &[],
    };
    let listed = table.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    listed.or_else(|| (language == Language::German).then(|| german_pair(word)).flatten())
}

/// "einundzwanzig": the unit stands before the tens.
fn german_pair(word: &str) -> Option<u64> {
    let (unit, tens) = word.split_once("und")?;
    let tens = GERMAN.iter().find(|(name, value)| *name == tens && *value >= 20)?.1;
    let unit = if unit == "ein" { 1 } else { GERMAN.iter().find(|(name, v)| *name == unit && *v < 10)?.1 };
    Some(tens + unit)
}

pub(crate) fn digits_of<S: AsRef<str>>(words: &[S], language: Language) -> Option<String> {
    let mut dialled = Dialled::default();
    let mut times = 1;
    for word in words {
        let word = word.as_ref();
        match (word, language) {
            ("double", Language::English) | ("doppel", Language::German) => times = 2,
            ("triple" | "treble", Language::English) => times = 3,
            ("hundred", Language::English) | ("hundert", Language::German) => dialled.multiply(100)?,
            ("thousand", Language::English) | ("tausend", Language::German) => dialled.multiply(1_000)?,
            ("and", Language::English) | ("und", Language::German) if dialled.room > 1 => {}
            ("oh" | "o", Language::English) => dialled.repeat("0", &mut times),
            _ if word.bytes().all(|b| b.is_ascii_digit()) => dialled.repeat(word, &mut times),
            _ => {
                let value = value(word, language)?;
                if times == 1 {
                    dialled.number(value)
                } else {
                    dialled.repeat(&value.to_string(), &mut times)
                }
            }
        }
        if dialled.figures.len() > MAX_FIGURES {
            return None;
        }
    }
    let all = dialled.finish();
    (times == 1 && !all.is_empty() && all.len() <= MAX_FIGURES).then_some(all)
}

/// What was dialled so far, and the number that is still being spoken.
#[derive(Default)]
struct Dialled {
    figures: String,
    open: Option<u64>,
    /// Below this the open number takes another one in: "twenty" a unit, "hundred" tens and units.
    room: u64,
    /// The part of the open number that a following "hundred" multiplies.
    last: u64,
}

impl Dialled {
    fn number(&mut self, value: u64) {
        match self.open {
            Some(open) if value > 0 && value < self.room => {
                self.last = if self.room == 10 { self.last + value } else { value };
                self.open = Some(open + value);
                self.room = if value >= 20 && value.is_multiple_of(10) { 10 } else { 0 };
            }
            _ => {
                self.close();
                self.open = Some(value);
                self.last = value;
                self.room = if value >= 20 { 10 } else { 0 };
            }
        }
    }

    fn multiply(&mut self, by: u64) -> Option<()> {
        let (open, last) = self.open.map_or((1, 1), |open| (open, self.last));
        if last == 0 || last >= by {
            return None;
        }
        self.open = Some(open - last + last * by);
        self.room = by;
        self.last = 0;
        Some(())
    }

    fn repeat(&mut self, figures: &str, times: &mut u32) {
        self.close();
        for _ in 0..std::mem::replace(times, 1) {
            self.figures.push_str(figures);
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.figures.push_str(&open.to_string());
        }
        self.room = 0;
    }

    fn finish(mut self) -> String {
        self.close();
        self.figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_number_words_are_dialled() {
        for (text, figures) in [
            ("one two three four", Some("1234")),
            ("five five one nine", Some("5519")),
            ("two oh four", Some("204")),
            ("double two", Some("22")),
            ("triple five one", Some("5551")),
            ("twenty one", Some("21")),
            ("twenty one oh four", Some("2104")),
            ("twenty twenty", Some("2020")),
            ("one hundred", Some("100")),
            ("two hundred and four", Some("204")),
            ("two hundred and twenty four", Some("224")),
            ("one thousand and one", Some("1001")),
            ("one thousand two hundred", Some("1200")),
            ("twenty four hundred", Some("2400")),
            ("hundred hundred", None),
            ("ten oh one", Some("1001")),
            ("1001", Some("1001")),
            ("10 01", Some("1001")),
            ("eleven", Some("11")),
            ("", None),
            ("double", None),
            ("and", None),
            ("two and four", None),
            ("sales", None),
            ("two sales", None),
            ("zero hundred", None),
        ] {
            assert_eq!(digits(text, Language::English).as_deref(), figures, "{text}");
        }
    }

    #[test]
    fn german_number_words_are_dialled() {
        for (text, figures) in [
            ("eins zwo drei", Some("123")),
            ("einundzwanzig", Some("21")),
            ("fünfunddreißig", Some("35")),
            ("null vier", Some("04")),
            ("hund", None),
        ] {
            assert_eq!(digits(text, Language::German).as_deref(), figures, "{text}");
        }
    }

    #[test]
    fn a_flood_of_figures_is_no_number() {
        assert_eq!(digits(&"nine ".repeat(60), Language::English), None);
        assert_eq!(digits(&"9".repeat(40), Language::English), None);
    }
}
