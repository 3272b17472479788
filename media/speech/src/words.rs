//! How heard words are written: lower case, single spaces, nothing else.

/// Lower case, without punctuation: `"I'd like Sales."` becomes `i'd like sales`.
///
/// Letters and digits of every script stay, an apostrophe stays between letters; all else parts words. A text
/// without a letter or digit (Whisper's `.` for silence) becomes empty.
pub fn plain_words(text: &str) -> String {
    let characters: Vec<char> = text.chars().map(|c| if c == '\u{2019}' { '\'' } else { c }).collect();
    let mut words = String::with_capacity(text.len());
    let letter = |at: Option<&char>| at.is_some_and(|c| c.is_alphanumeric());
    for (at, c) in characters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| characters.get(before));
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        } else if *c == '\'' && letter(before) && letter(characters.get(at + 1)) {
            words.push('\'');
        } else if !words.ends_with(' ') && !words.is_empty() {
            words.push(' ');
        }
    }
    words.truncate(words.trim_end().len());
    words
}

#[cfg(test)]
mod tests {
    use super::plain_words;

    #[test]
    fn punctuation_and_case_go_and_words_stay() {
        for (heard, plain) in [
            (" I'd like to speak to Sales, please.", "i'd like to speak to sales please"),
            (".", ""),
            (" . . .", ""),
            ("Yes!", "yes"),
            ("that\u{2019}s right", "that's right"),
            ("'quoted' words-joined", "quoted words joined"),
            ("  Ja,  GRÜSS Gott ", "ja grüss gott"),
            ("1, 2, 3", "1 2 3"),
            ("", ""),
        ] {
            assert_eq!(plain_words(heard), plain);
        }
    }
}
