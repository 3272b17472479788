//! `ask`: a question with its answers, and patience.

use crate::answer::Answer;
use crate::source::toml::{Exit, Fields, Reading, kind};
use crate::text::Texts;
use std::collections::BTreeMap;
use std::time::Duration;
use toml::Spanned;
use toml::de::DeValue;

/// How long a question waits for its answer if the flow does not say.
const WAIT: Duration = Duration::from_secs(6);

/// Shorter, nobody can answer; longer, nobody is there.
const WAIT_RANGE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A question is put at most this often anew: more is no service.
const MAX_REPEATS: usize = 9;

/// More answers than this nobody remembers, and no keypad has.
const MAX_ANSWERS: usize = 50;

/// `ask = "…"`, `answer.<name> = { … }` and where it leads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ask {
    pub(crate) text: Texts,
    pub(crate) repeat: Vec<Texts>,
    pub(crate) wait: Duration,
    pub(crate) barge_in: bool,
    pub(crate) answers: Vec<Answer>,
    pub(crate) no_input: Exit,
    pub(crate) no_match: Exit,
    pub(crate) failed: Exit,
}

impl Ask {
    pub(crate) fn read(reading: &mut Reading<'_>, mut fields: Fields<'_, '_>) -> Option<Ask> {
        let text = fields.take("ask").and_then(|value| reading.texts(value, "ask"));
        let repeat = fields.take("repeat").map_or(Some(Vec::new()), |value| repeats(reading, value));
        let wait = fields.duration(reading, "wait", WAIT_RANGE, WAIT);
        let barge_in = fields.flag(reading, "barge_in", true);
        let answers = answers(reading, &mut fields);
        let failed = fields.required_exit(
            reading,
            "failed",
            "add failed = \"…\" with the step for a caller who is not understood or cannot be heard",
        );
        let no_input = fields.exit(reading, "no_input").unwrap_or_else(|| failed.clone());
        let no_match = fields.exit(reading, "no_match").unwrap_or_else(|| failed.clone());
        fields.finish(reading)?;
        Some(Ask {
            text: text?,
            repeat: repeat?,
            wait: wait?,
            barge_in: barge_in?,
            answers: answers?,
            no_input: no_input?,
            no_match: no_match?,
            failed: failed?,
        })
    }

    pub(crate) fn exits(&self) -> Vec<&Exit> {
        let ends = [&self.no_input, &self.no_match, &self.failed];
        self.answers.iter().map(|answer| &answer.next).chain(ends).collect()
    }

    /// The words of the question, or of its n-th repetition.
    pub(crate) fn prompt(&self, attempt: usize) -> Option<&Texts> {
        match attempt.checked_sub(1) {
            None => Some(&self.text),
            Some(repetition) => self.repeat.get(repetition),
        }
    }

    /// Whether the question can be answered without being heard.
    pub(crate) fn has_keys(&self) -> bool {
        self.answers.iter().any(|answer| answer.key.is_some())
    }
}

fn repeats(reading: &mut Reading<'_>, value: &Spanned<DeValue<'_>>) -> Option<Vec<Texts>> {
    let Some(list) = value.get_ref().as_array() else {
        let what = format!("`repeat` must be a list of texts, and this is {}", kind(value.get_ref()));
        reading.fault(
            value.span().start,
            what,
            "write repeat = [\"…\", \"…\"]: each is said once, in this order",
        );
        return None;
    };
    if list.len() > MAX_REPEATS {
        let what = format!("`repeat` asks more than {MAX_REPEATS} times");
        reading.fault(value.span().start, what, "let failed lead to a person instead");
        return None;
    }
    let texts: Vec<Option<Texts>> = list.iter().map(|text| reading.texts(text, "repeat")).collect();
    texts.into_iter().collect()
}

fn answers(reading: &mut Reading<'_>, fields: &mut Fields<'_, '_>) -> Option<Vec<Answer>> {
    let remedy = "add answer.sales = { key = \"1\", phrases = [\"sales\"], next = \"…\" }";
    let value = fields.required(reading, "answer", remedy)?;
    let Some(table) = value.get_ref().as_table() else {
        reading.fault(
            value.span().start,
            format!("`answer` must be a table, and this is {}", kind(value.get_ref())),
            remedy,
        );
        return None;
    };
    if table.is_empty() || table.len() > MAX_ANSWERS {
        let what = format!("{} must have 1 to {MAX_ANSWERS} answers", fields.what);
        reading.fault(value.span().start, what, remedy);
        return None;
    }
    let mut in_order: Vec<_> =
        table.iter().map(|(key, value)| (key.span().start, key.get_ref(), value)).collect();
    in_order.sort_unstable_by_key(|(at, ..)| *at);
    let answers: Vec<Option<Answer>> =
        in_order.into_iter().map(|(at, name, value)| Answer::read(reading, name, at, value)).collect();
    refuse_twins(reading, answers.iter().flatten());
    answers.into_iter().collect()
}

/// A key or a phrase belongs to one answer.
fn refuse_twins<'a>(reading: &mut Reading<'_>, answers: impl Iterator<Item = &'a Answer> + Clone) {
    let mut keys = BTreeMap::new();
    let mut phrases = BTreeMap::new();
    for answer in answers {
        if let Some(key) = answer.key
            && let Some(other) = keys.insert(key, &answer.name)
        {
            let what = format!("the answers `{other}` and `{}` have the same key {key}", answer.name);
            reading.fault(answer.at, what, "give each answer a key of its own");
        }
        for (locale, phrase) in answer.plain_phrases() {
            let other = phrases.insert((locale, phrase.clone()), &answer.name);
            if let Some(other) = other.filter(|other| **other != answer.name) {
                let what =
                    format!("the answers `{other}` and `{}` have the same phrase \"{phrase}\"", answer.name);
                reading.fault(answer.at, what, "leave it to the one that it means");
            }
        }
    }
}
