//! How alike two words are.

use crate::utterance::Word;

/// At least this alike is the same word, perhaps inflected.
pub(crate) const SAME: f32 = 0.95;

/// Less alike than this is another word.
pub(crate) const NEAR: f32 = 0.7;

/// From 0 (another word) to 1 (the same).
pub(crate) fn likeness(a: &Word, b: &Word) -> f32 {
    if a.text == b.text {
        return 1.0;
    }
    if a.is_number() || b.is_number() {
        return 0.0;
    }
    if a.stem == b.stem {
        return 0.97;
    }
    let (a_len, b_len) = (a.text.chars().count(), b.text.chars().count());
    let (shorter, longer) = (a_len.min(b_len), a_len.max(b_len));
    // A short word has too many neighbours for any of them to be meant.
    if shorter < 4
        || longer - shorter > 3
        || a.text.chars().next() != b.text.chars().next() && a.sound.is_empty()
    {
        return 0.0;
    }
    let alike = 1.0 - edits(&a.text, &b.text) as f32 / longer as f32;
    if !a.sound.is_empty() && a.sound == b.sound && a.sound.len() >= 3 {
        return 0.8 + 0.12 * alike;
    }
    // One slip in five letters, two in eight or more; the first letter is heard best.
    let needed = if shorter >= 8 { 0.75 } else { 0.8 };
    let same_start = a.text.chars().next() == b.text.chars().next();
    if shorter >= 5 && same_start && alike >= needed { 0.95 * alike } else { 0.0 }
}

/// Letters to insert, drop or replace.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::utterance::words;

    fn alike(a: &str, b: &str) -> f32 {
        likeness(&words(a, Language::English)[0], &words(b, Language::English)[0])
    }

    #[test]
    fn the_same_word_a_near_word_and_another_word() {
        assert_eq!(edits("kitten", "sitting"), 3);
        for (a, b) in [("sales", "sales"), ("sales", "sale"), ("help", "helping"), ("two", "2")] {
            assert!(alike(a, b) >= SAME, "{a} {b}: {}", alike(a, b));
        }
        for (a, b) in [("sales", "sails"), ("support", "suport"), ("reception", "receptionist")] {
            assert!((NEAR..SAME).contains(&alike(a, b)), "{a} {b}: {}", alike(a, b));
        }
        for (a, b) in [
            ("sales", "sell"),
            ("support", "sport"),
            ("billing", "building"),
            ("buy", "boy"),
            ("reception", "exception"),
            ("sales", "tales"),
            ("help", "hello"),
            ("2", "3"),
            ("21", "2"),
        ] {
            assert!(alike(a, b) < NEAR, "{a} {b}: {}", alike(a, b));
        }
    }
}
