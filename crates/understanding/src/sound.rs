//! How an English word sounds, as a short key: words with the same key are easily misheard for each other.
//!
//! The idea of Metaphone, with one difference: a run of vowels leaves an `A`, so that words of another number
//! of syllables stay apart ("sport" is not "support").

/// The key: consonant sounds, and `A` for each run of vowels.
pub(crate) fn key(word: &str) -> String {
    let letters: Vec<char> = spoken_letters(word);
    let mut key = String::with_capacity(letters.len());
    let mut at = 0;
    while let Some(letter) = letters.get(at).copied() {
        let around = Around {
            first: at == 0,
            before: at.checked_sub(1).and_then(|at| letters.get(at)).copied().unwrap_or(' '),
            next: letters.get(at + 1).copied().unwrap_or(' '),
            after: letters.get(at + 2).copied().unwrap_or(' '),
        };
        let (sounds, taken) = sounds(letter, around);
        for sound in sounds.chars() {
            if !key.ends_with(sound) {
                key.push(sound);
            }
        }
        at += taken;
    }
    key
}

/// The letters without those that are written and not spoken at either end.
fn spoken_letters(word: &str) -> Vec<char> {
    let word = ["kn", "gn", "pn", "wr", "ps"]
        .iter()
        .find(|silent| word.starts_with(**silent))
        .and_then(|_| word.get(1..))
        .unwrap_or(word);
    let mut letters: Vec<char> = word.chars().collect();
    let vowel_before = |letters: &[char], end: usize| letters.iter().take(end).any(|c| is_vowel(*c));
    match letters[..] {
        // "sales": the e is silent, unless the s needs it ("prices").
        [.., before, 'e', 's'] if !is_vowel(before) && !"sxzcgh".contains(before) => {
            let e_at = letters.len() - 2;
            if vowel_before(&letters, e_at) {
                letters.remove(e_at);
            }
        }
        [.., before, 'e'] if !is_vowel(before) && vowel_before(&letters, letters.len() - 1) => {
            // A c or g before it keeps its soft sound.
            letters.pop();
            match before {
                'c' => replace_last(&mut letters, 's'),
                'g' => replace_last(&mut letters, 'j'),
                _ => {}
            }
        }
        [.., 'm', 'b'] => {
            letters.pop();
        }
        _ => {}
    }
    letters
}

fn replace_last(letters: &mut [char], letter: char) {
    if let Some(last) = letters.last_mut() {
        *last = letter;
    }
}

fn is_vowel(letter: char) -> bool {
    "aeiouy".contains(letter)
}

/// The letters beside one letter; a space where there is none.
struct Around {
    first: bool,
    before: char,
    next: char,
    after: char,
}

/// What a letter sounds like here, and how many letters that takes.
fn sounds(letter: char, around: Around) -> (&'static str, usize) {
    let Around { first, before, next, after } = around;
    let soft = "eiy".contains(next);
    match letter {
        'y' if first && is_vowel(next) => ("Y", 1),
        'a' | 'e' | 'i' | 'o' | 'u' | 'y' => ("A", 1),
        'b' => ("B", 1),
        'c' if next == 'h' => ("X", 2),
        'c' if next == 'k' => ("K", 2),
        'c' if soft => ("S", 1),
        'c' | 'q' | 'k' => ("K", 1),
        'd' if next == 'g' && "eiy".contains(after) => ("J", 2),
        'd' => ("T", 1),
        'f' | 'v' => ("F", 1),
        'g' if next == 'h' => (if first { "K" } else { "" }, 2),
        'g' if before == 'n' => ("", 1),
        'g' if soft => ("J", 1),
        'g' => ("K", 1),
        'h' => (if is_vowel(next) && (first || is_vowel(before)) { "H" } else { "" }, 1),
        'j' => ("J", 1),
        'l' => ("L", 1),
        'm' => ("M", 1),
        'n' => ("N", 1),
        'p' if next == 'h' => ("F", 2),
        'p' => ("P", 1),
        'r' => ("R", 1),
        's' if next == 'h' => ("X", 2),
        's' if next == 'i' && (after == 'o' || after == 'a') => ("X", 1),
        's' => ("S", 1),
        't' if next == 'h' => ("0", 2),
        't' if next == 'i' && (after == 'o' || after == 'a') => ("X", 1),
        't' if next == 'c' && after == 'h' => ("X", 3),
        't' => ("T", 1),
        'w' => (if is_vowel(next) || (first && next == 'h') { "W" } else { "" }, 1),
        'x' => (if first { "S" } else { "KS" }, 1),
        'z' => ("S", 1),
        _ => ("", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn words_that_sound_alike_have_one_key() {
        for (a, b) in [
            ("sales", "sails"),
            ("sales", "cells"),
            ("sales", "sells"),
            ("billing", "biling"),
            ("write", "right"),
            ("phone", "fone"),
            ("knight", "night"),
            ("price", "prise"),
            ("support", "suport"),
            ("service", "servis"),
        ] {
            assert_eq!(key(a), key(b), "{a} {b}");
        }
    }

    #[test]
    fn words_that_sound_apart_have_not() {
        for (a, b) in [
            ("sales", "sell"),
            ("support", "sport"),
            ("billing", "building"),
            ("help", "hello"),
            ("visit", "visa"),
            ("order", "other"),
            ("sales", "tales"),
        ] {
            assert_ne!(key(a), key(b), "{a} {b}");
        }
    }

    #[test]
    fn any_text_has_a_key() {
        for word in ["", "e", "es", "kn", "mb", "äöü", "123", "ghgh", "tch", "日本"] {
            let _ = key(word);
        }
    }
}
