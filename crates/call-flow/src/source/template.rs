//! Texts with `{{words}}` in them.

use std::collections::BTreeMap;

/// The longest text that one saying may have, in characters; two minutes of speech.
pub(crate) const MAX_TEXT: usize = 2_000;

/// A text cut into what stands there and what is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Plain(String),
    Word(String),
}

/// Why a text is no template, with the byte at which it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TemplateFault {
    /// Nothing would be said.
    Empty,
    /// More than [`MAX_TEXT`] characters.
    TooLong,
    /// `{{` without `}}`.
    Unclosed,
    /// `}}` without `{{`.
    Unopened,
    /// What stands between the braces is no name of a word.
    NoName(String),
}

/// Whether a text can be the name of a word: `company.name`.
pub(crate) fn is_word_name(name: &str) -> bool {
    let part_fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    name.len() <= 64 && name.split('.').all(part_fits)
}

impl Template {
    /// Cuts a text.
    pub(crate) fn read(text: &str) -> Result<Self, TemplateFault> {
        if text.trim().is_empty() {
            return Err(TemplateFault::Empty);
        }
        if text.chars().count() > MAX_TEXT {
            return Err(TemplateFault::TooLong);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((plain, behind)) = rest.split_once("{{") {
            let (name, after) = behind.split_once("}}").ok_or(TemplateFault::Unclosed)?;
            if plain.contains("}}") {
                return Err(TemplateFault::Unopened);
            }
            let name = name.trim();
            if !is_word_name(name) {
                return Err(TemplateFault::NoName(name.to_owned()));
            }
            parts.push(Part::Plain(plain.to_owned()));
            parts.push(Part::Word(name.to_owned()));
            rest = after;
        }
        if rest.contains("}}") {
            return Err(TemplateFault::Unopened);
        }
        parts.push(Part::Plain(rest.to_owned()));
        parts.retain(|part| !matches!(part, Part::Plain(text) if text.is_empty()));
        Ok(Template(parts))
    }

    /// The names of the words in it.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Word(name) => Some(name.as_str()),
            Part::Plain(_) => None,
        })
    }

    /// The text with its words filled in, cut to [`MAX_TEXT`] characters since a context comes from outside.
    pub(crate) fn fill(&self, words: &BTreeMap<String, String>) -> String {
        let filled: String = self
            .0
            .iter()
            .map(|part| match part {
                Part::Plain(text) => text.as_str(),
                Part::Word(name) => words.get(name).map_or("", String::as_str),
            })
            .collect();
        let filled = filled.split_whitespace().collect::<Vec<_>>().join(" ");
        filled.chars().take(MAX_TEXT).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_in() {
        let words = BTreeMap::from([("company.name".to_owned(), "Acme".to_owned())]);
        for (text, said) in [
            ("Hello.", "Hello."),
            ("Welcome to {{company.name}}.", "Welcome to Acme."),
            ("{{ company.name }} and {{company.name}}", "Acme and Acme"),
            ("  two\n  lines ", "two lines"),
        ] {
            assert_eq!(Template::read(text).unwrap().fill(&words), said);
        }
    }

    #[test]
    fn broken_braces_are_refused() {
        for (text, fault) in [
            ("", TemplateFault::Empty),
            (" \n", TemplateFault::Empty),
            ("{{company.name", TemplateFault::Unclosed),
            ("company.name}}", TemplateFault::Unopened),
            ("a }} b {{c}}", TemplateFault::Unopened),
            ("{{}}", TemplateFault::NoName(String::new())),
            ("{{company name}}", TemplateFault::NoName("company name".into())),
        ] {
            assert_eq!(Template::read(text), Err(fault), "{text}");
        }
        assert_eq!(Template::read(&"a".repeat(MAX_TEXT + 1)), Err(TemplateFault::TooLong));
    }
}
