//! `branch`: the way goes on by what a word is, such as whether who calls is verified.

use crate::source::toml::{Exit, Fields, Reading, kind};
use std::collections::BTreeMap;

/// More ways than this nobody oversees.
const MAX_WAYS: usize = 50;

/// `branch = "caller.verified"`, `when.verified-a = "…"`, `otherwise = "…"`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Branch {
    word: String,
    when: BTreeMap<String, Exit>,
    otherwise: Exit,
}

impl Branch {
    pub(crate) fn read(reading: &mut Reading<'_>, mut fields: Fields<'_, '_>) -> Option<Branch> {
        let word = fields.take("branch").and_then(|value| {
            let word = reading.string(value, "branch")?;
            if !reading.words.contains_key(word) {
                let what =
                    format!("{} asks for the word `{word}`, which the flow does not declare", fields.what);
                reading.fault(value.span().start, what, format!("declare it under [words]: {word} = \"…\""));
                return None;
            }
            Some(word.to_owned())
        });
        let when = ways(reading, &mut fields);
        let otherwise = fields.required_exit(
            reading,
            "otherwise",
            "add otherwise = \"…\" with the step for all the rest",
        );
        fields.finish(reading)?;
        Some(Branch { word: word?, when: when?, otherwise: otherwise? })
    }

    /// The step that follows where the words are these.
    pub(crate) fn next(&self, words: &BTreeMap<String, String>) -> &str {
        let way = words.get(&self.word).and_then(|word| self.when.get(word));
        &way.unwrap_or(&self.otherwise).to
    }

    pub(crate) fn exits(&self) -> Vec<&Exit> {
        self.when.values().chain([&self.otherwise]).collect()
    }
}

fn ways(reading: &mut Reading<'_>, fields: &mut Fields<'_, '_>) -> Option<BTreeMap<String, Exit>> {
    let remedy = "add when.verified-a = \"…\" with the step for that word";
    let value = fields.required(reading, "when", remedy)?;
    let Some(table) = value.get_ref().as_table() else {
        let what = format!("`when` must be a table, and this is {}", kind(value.get_ref()));
        reading.fault(value.span().start, what, remedy);
        return None;
    };
    if table.is_empty() || table.len() > MAX_WAYS {
        let what = format!("{} must have 1 to {MAX_WAYS} words under `when`", fields.what);
        reading.fault(value.span().start, what, remedy);
        return None;
    }
    let way = |(key, value): (&toml::Spanned<_>, _)| {
        let word: &std::borrow::Cow<'_, str> = key.get_ref();
        Some((word.to_string(), reading.exit(value, &format!("when.{word}"))?))
    };
    let ways: Vec<Option<(String, Exit)>> = table.iter().map(way).collect();
    ways.into_iter().collect()
}
