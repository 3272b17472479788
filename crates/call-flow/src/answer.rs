//! Keys and phrases → the answer meant.

use crate::source::toml::{Exit, Fields, Reading, kind};
use frontdesk_identifiers::Locale;
use frontdesk_understanding::{Choice, Heard, Language, Verdict, choose, plain};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::DeValue;

/// The keys of a telephone (RFC 4733 §3.2, events 0 to 15).
pub(crate) const KEYS: &str = "0123456789*#ABCD";

/// More phrases than this for one answer are a list of words, not a way to say it.
const MAX_PHRASES: usize = 100;

/// The longest phrase, in characters.
const MAX_PHRASE: usize = 100;

/// `answer.sales = { key = "1", phrases = ["sales", "buy"], next = "to_sales" }`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) name: String,
    pub(crate) at: usize,
    pub(crate) key: Option<char>,
    phrases: BTreeMap<Locale, Vec<String>>,
    pub(crate) next: Exit,
}

impl Answer {
    pub(crate) fn read(
        reading: &mut Reading<'_>,
        name: &str,
        at: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Answer> {
        let Some(table) = value.get_ref().as_table() else {
            let what = format!("answer `{name}` must be a table, and this is {}", kind(value.get_ref()));
            reading.fault(
                at,
                what,
                format!("write answer.{name} = {{ key = \"1\", phrases = [\"…\"], next = \"…\" }}"),
            );
            return None;
        };
        let mut fields = Fields::new(table, format!("answer `{name}`"), at);
        let key = fields.take("key").map(|value| key(reading, value));
        let phrases = fields.take("phrases").map(|value| phrases(reading, value));
        let next = fields.required_exit(reading, "next", "add next = \"…\" with the step that follows");
        if key.is_none() && phrases.is_none() {
            let what = format!("answer `{name}` has neither `key` nor `phrases`, so that nobody can give it");
            reading.fault(at, what, "add key = \"1\" or phrases = [\"…\"]");
            return None;
        }
        fields.finish(reading)?;
        let key = match key {
            Some(key) => Some(key?),
            None => None,
        };
        let phrases = phrases.unwrap_or_else(|| Some(BTreeMap::new()))?;
        Some(Answer { name: name.to_owned(), at, key, phrases, next: next? })
    }

    /// The phrases as they are compared, to find twins.
    pub(crate) fn plain_phrases(&self) -> impl Iterator<Item = (&Locale, String)> {
        self.phrases.iter().flat_map(|(locale, phrases)| {
            phrases.iter().map(move |phrase| (locale, plain(phrase, Language::of(locale))))
        })
    }

    fn phrases_in(&self, locale: &Locale, own: &Locale) -> &[String] {
        self.phrases.get(locale).or_else(|| self.phrases.get(own)).map_or(&[], Vec::as_slice)
    }
}

/// Which answer a key gives.
pub(crate) fn meant_by_key(answers: &[Answer], key: char) -> Option<&Answer> {
    answers.iter().find(|answer| answer.key == Some(key.to_ascii_uppercase()))
}

/// Which answer the party's words give, and how well they fit, 0 to 1.
pub(crate) fn meant_by_words<'a>(
    answers: &'a [Answer],
    text: &str,
    mean_log_probability: f32,
    (locale, own): (&Locale, &Locale),
) -> Option<(&'a Answer, f32)> {
    let choices: Vec<Choice<'_>> = answers
        .iter()
        .map(|answer| Choice { name: &answer.name, key: answer.key, phrases: answer.phrases_in(locale, own) })
        .collect();
    let heard = Heard { text, mean_log_probability, language: Language::of(locale) };
    match choose(heard, &choices) {
        Verdict::Chosen(chosen) => answers.get(chosen.option).map(|answer| (answer, chosen.score)),
        Verdict::Rejected(_) => None,
    }
}

fn key(reading: &mut Reading<'_>, value: &Spanned<DeValue<'_>>) -> Option<char> {
    let text = reading.string(value, "key")?;
    let mut letters = text.chars();
    match (letters.next().map(|key| key.to_ascii_uppercase()), letters.next()) {
        (Some(key), None) if KEYS.contains(key) => Some(key),
        _ => {
            reading.fault(
                value.span().start,
                format!("`{text}` is no key of a telephone"),
                "write one of 0 to 9, * or #",
            );
            None
        }
    }
}

fn phrases(reading: &mut Reading<'_>, value: &Spanned<DeValue<'_>>) -> Option<BTreeMap<Locale, Vec<String>>> {
    if let Some(table) = value.get_ref().as_table() {
        let by_locale = reading.by_locale(table, value.span().start, "phrases")?;
        let lists: Vec<_> = by_locale
            .into_iter()
            .map(|(locale, list)| phrase_list(reading, list, &locale).map(|phrases| (locale, phrases)))
            .collect();
        return lists.into_iter().collect();
    }
    // One list serves every language of the flow; it is checked in the flow's own.
    let own = reading.languages.first().cloned().unwrap_or_default();
    let list = phrase_list(reading, value, &own)?;
    Some(reading.languages.iter().map(|locale| (locale.clone(), list.clone())).collect())
}

fn phrase_list(
    reading: &mut Reading<'_>,
    value: &Spanned<DeValue<'_>>,
    locale: &Locale,
) -> Option<Vec<String>> {
    let at = value.span().start;
    let Some(list) = value.get_ref().as_array() else {
        let what = format!("`phrases` must be a list of texts, and this is {}", kind(value.get_ref()));
        reading.fault(at, what, "write phrases = [\"sales\", \"buy\"]");
        return None;
    };
    if list.is_empty() || list.len() > MAX_PHRASES {
        let what = format!("`phrases` must have 1 to {MAX_PHRASES} phrases");
        reading.fault(
            at,
            what,
            "write the words that callers use for it, or leave phrases out and give a key",
        );
        return None;
    }
    let phrases: Vec<Option<String>> =
        list.iter().map(|phrase| one_phrase(reading, phrase, locale)).collect();
    phrases.into_iter().collect()
}

fn one_phrase(reading: &mut Reading<'_>, value: &Spanned<DeValue<'_>>, locale: &Locale) -> Option<String> {
    let at = value.span().start;
    let phrase = reading.string(value, "phrases")?;
    if plain(phrase, Language::of(locale)).is_empty() {
        reading.fault(
            at,
            format!("the phrase \"{phrase}\" has no word in it"),
            "write the words that a caller says",
        );
        return None;
    }
    if phrase.chars().count() > MAX_PHRASE {
        reading.fault(
            at,
            format!("a phrase is longer than {MAX_PHRASE} characters"),
            "write only the words that matter",
        );
        return None;
    }
    Some(phrase.to_owned())
}
