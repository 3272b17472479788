//! A word without its inflection: sale and sales, help and helping.

use crate::language::Language;

/// Forms that no ending explains, with the form that the rules would make of their base.
const ENGLISH_IRREGULAR: &[(&str, &str)] = &[
    ("bought", "buy"),
    ("broke", "broken"),
    ("breaks", "broken"),
    ("brought", "bring"),
    ("left", "leave"),
    ("made", "make"),
    ("paid", "pay"),
    ("sold", "sell"),
    ("spoke", "speak"),
    ("spoken", "speak"),
    ("spent", "spend"),
];

/// What stays of a word when its inflection is taken off; words with the same rest are the same word.
pub(crate) fn stem(word: &str, language: Language) -> String {
    if !word.is_ascii() || word.len() < 4 {
        return word.to_owned();
    }
    match language {
        Language::English => english(word),
        Language::German => german(word),
        Language::Other => word.to_owned(),
    }
}

fn english(word: &str) -> String {
    let word = ENGLISH_IRREGULAR.iter().find(|(form, _)| *form == word).map_or(word, |(_, base)| base);
    let singular = if let Some(base) = word.strip_suffix("ies").filter(|base| base.len() > 2) {
        format!("{base}y")
    } else if word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        word.to_owned()
    } else if let Some(base) = word.strip_suffix("es").filter(|base| base.ends_with(['s', 'x', 'z', 'h'])) {
        base.to_owned()
    } else {
        word.strip_suffix('s').filter(|base| base.len() > 2).unwrap_or(word).to_owned()
    };
    let has_vowel = |base: &&str| base.len() > 2 && base.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    let bare = match singular.strip_suffix("ied").filter(has_vowel) {
        Some(base) => format!("{base}y"),
        None => singular
            .strip_suffix("ing")
            .filter(has_vowel)
            .or_else(|| singular.strip_suffix("ed").filter(has_vowel).filter(|base| !base.ends_with('e')))
            .unwrap_or(&singular)
            .to_owned(),
    };
    // "sale" and "shopping" lose what their bases do not share: a silent e, a doubled consonant.
    let bare = bare.strip_suffix('e').filter(|base| base.len() > 2).unwrap_or(&bare);
    let mut letters: Vec<char> = bare.chars().collect();
    if let [.., a, b] = letters[..]
        && a == b
        && letters.len() > 3
    {
        letters.pop();
    }
    letters.into_iter().collect()
}

fn german(word: &str) -> String {
    let endings = ["ern", "en", "em", "er", "es", "e", "s"];
    let rest = endings.iter().find_map(|ending| word.strip_suffix(ending)).or_else(|| {
        // "-n" alone is an ending behind l and r only: "Artikeln", not "Termin".
        word.strip_suffix('n').filter(|base| base.ends_with(['l', 'r']))
    });
    rest.filter(|base| base.len() >= 4).unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflected_forms_of_a_word_have_one_stem() {
        for (a, b) in [
            ("sale", "sales"),
            ("help", "helping"),
            ("help", "helped"),
            ("help", "helps"),
            ("buy", "buying"),
            ("buy", "bought"),
            ("bill", "billing"),
            ("shop", "shopping"),
            ("party", "parties"),
            ("copies", "copied"),
            ("order", "orders"),
            ("book", "booked"),
            ("box", "boxes"),
            ("invoice", "invoicing"),
            ("broken", "broke"),
        ] {
            assert_eq!(stem(a, Language::English), stem(b, Language::English), "{a} {b}");
        }
        for (a, b) in [("rechnung", "rechnungen"), ("termin", "termine"), ("verkauf", "verkaufen")] {
            assert_eq!(stem(a, Language::German), stem(b, Language::German), "{a} {b}");
        }
    }

    #[test]
    fn other_words_keep_their_own_stem() {
        for (a, b) in
            [("sell", "sales"), ("king", "kind"), ("bus", "busy"), ("need", "nee"), ("order", "older")]
        {
            assert_ne!(stem(a, Language::English), stem(b, Language::English), "{a} {b}");
        }
        assert_eq!(stem("sales", Language::Other), "sales");
    }
}
