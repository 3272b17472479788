//! TOML with places: each fault of a file with its line and column, and all of them at once.

use crate::fault::{Fault, did_you_mean};
use crate::source::template::{MAX_TEXT, Template, TemplateFault};
use crate::text::Texts;
use frontdesk_identifiers::Locale;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The largest file that is read, in bytes; a larger one is refused whole.
pub(crate) const MAX_FILE: usize = 1 << 20;

/// More faults than this are not told: nobody reads them, and the first ones cause the rest.
const MAX_FAULTS: usize = 100;

/// What a reader of one file has found out so far.
pub(crate) struct Reading<'a> {
    file: &'a str,
    text: &'a str,
    faults: Vec<Fault>,
    /// The languages of the flow; the first is its own.
    pub(crate) languages: Vec<Locale>,
    /// The declared words, with their defaults.
    pub(crate) words: BTreeMap<String, String>,
    /// The names of all steps that the file has.
    pub(crate) steps: BTreeSet<String>,
}

/// Where a step leads to, and the byte of the file that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) to: String,
    pub(crate) at: usize,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Reading {
            file,
            text,
            faults: Vec::new(),
            languages: Vec::new(),
            words: BTreeMap::new(),
            steps: BTreeSet::new(),
        }
    }

    /// The document, or its faults of grammar, all of them.
    pub(crate) fn document(&mut self) -> Option<Spanned<DeTable<'a>>> {
        if self.text.len() > MAX_FILE {
            self.fault(
                0,
                "the file is larger than 1 MiB",
                "keep a flow short; sound and data do not belong in it",
            );
            return None;
        }
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            let what = error.message().lines().next().unwrap_or("this is not TOML").to_owned();
            self.fault(at, what, "write it as TOML, such as key = \"value\"");
        }
        errors.is_empty().then_some(document)
    }

    /// Remembers a fault at a byte of the file.
    pub(crate) fn fault(&mut self, at: usize, what: impl Into<String>, remedy: impl Into<String>) {
        let (line, column) = place(self.text, at);
        let file = self.file.to_owned();
        self.faults.push(Fault { file, line, column, what: what.into(), remedy: remedy.into() });
    }

    /// Whether nothing was wrong so far.
    pub(crate) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// The faults, in the order of the file.
    pub(crate) fn into_faults(mut self) -> Vec<Fault> {
        self.faults.sort();
        self.faults.dedup();
        self.faults.truncate(MAX_FAULTS);
        self.faults
    }

    /// A string, or a fault.
    pub(crate) fn string<'t>(&mut self, value: &'t Spanned<DeValue<'_>>, name: &str) -> Option<&'t str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            let what = format!("`{name}` must be a text, and this is {}", kind(value.get_ref()));
            self.fault(value.span().start, what, format!("write {name} = \"…\""));
        }
        text
    }

    /// A text to say: a string, or a table by language.
    pub(crate) fn texts(&mut self, value: &Spanned<DeValue<'_>>, name: &str) -> Option<Texts> {
        match value.get_ref() {
            DeValue::String(text) => {
                let own = self.languages.first().cloned().unwrap_or_default();
                let template = self.template(text, value.span().start)?;
                Some(Texts::new([(own, template)]))
            }
            DeValue::Table(table) => self.texts_by_locale(table, value.span().start, name),
            other => {
                let what = format!("`{name}` must be a text, and this is {}", kind(other));
                let remedy = format!("write {name} = \"…\", or {name} = {{ en-US = \"…\", de-DE = \"…\" }}");
                self.fault(value.span().start, what, remedy);
                None
            }
        }
    }

    fn texts_by_locale(&mut self, table: &DeTable<'_>, at: usize, name: &str) -> Option<Texts> {
        let by_locale = self.by_locale(table, at, name)?;
        let mut texts = Vec::new();
        for (locale, value) in by_locale {
            let text = self.string(value, &format!("{name}.{locale}"))?;
            texts.push((locale, self.template(text, value.span().start)?));
        }
        Some(Texts::new(texts))
    }

    /// The values of a table by language; the flow's own language must be among them.
    pub(crate) fn by_locale<'t, 'i>(
        &mut self,
        table: &'t DeTable<'i>,
        at: usize,
        name: &str,
    ) -> Option<Vec<(Locale, &'t Spanned<DeValue<'i>>)>> {
        let mut values = Vec::new();
        let mut sound = true;
        for (key, value) in table {
            let spoken =
                self.languages.iter().find(|locale| locale.as_str() == key.get_ref().as_ref()).cloned();
            if let Some(locale) = spoken {
                values.push((locale, value));
                continue;
            }
            let known: Vec<String> = self.languages.iter().map(ToString::to_string).collect();
            let what = format!("`{name}` has `{}`, which is none of the flow's languages", key.get_ref());
            let remedy = format!("add it to languages, or write one of: {}", known.join(", "));
            self.fault(key.span().start, what, remedy);
            sound = false;
        }
        let own = self.languages.first().cloned().unwrap_or_default();
        if !values.iter().any(|(locale, _)| *locale == own) {
            let what = format!("`{name}` has nothing in the flow's own language `{own}`");
            self.fault(at, what, format!("add {own} = \"…\": every other language falls back to it"));
            sound = false;
        }
        sound.then_some(values)
    }

    fn template(&mut self, text: &str, at: usize) -> Option<Template> {
        let template = match Template::read(text) {
            Ok(template) => template,
            Err(fault) => {
                let (what, remedy) = match fault {
                    TemplateFault::Empty => {
                        ("the text is empty".to_owned(), "write what is to be said".into())
                    }
                    TemplateFault::TooLong => (
                        format!("the text is longer than {MAX_TEXT} characters"),
                        "say it in several steps".into(),
                    ),
                    TemplateFault::Unclosed => {
                        ("a `{{` has no `}}`".to_owned(), "write words as {{company.name}}".into())
                    }
                    TemplateFault::Unopened => {
                        ("a `}}` has no `{{`".to_owned(), "write words as {{company.name}}".into())
                    }
                    TemplateFault::NoName(name) => (
                        format!("`{{{{{name}}}}}` is no name of a word"),
                        "write a declared word such as {{company.name}}: small letters, digits, `_` and `.`"
                            .to_owned(),
                    ),
                };
                self.fault(at, what, remedy);
                return None;
            }
        };
        let unknown: Vec<String> =
            template.words().filter(|word| !self.words.contains_key(*word)).map(str::to_owned).collect();
        for word in &unknown {
            let remedy = match did_you_mean(word, self.words.keys().map(String::as_str)) {
                Some(meant) => format!("did you mean {{{{{meant}}}}}?"),
                None => format!("declare it under [words]: {word} = \"…\""),
            };
            self.fault(
                at,
                format!("the text names the word `{word}`, which the flow does not declare"),
                remedy,
            );
        }
        unknown.is_empty().then_some(template)
    }

    /// The step that a key leads to, which must exist.
    pub(crate) fn exit(&mut self, value: &Spanned<DeValue<'_>>, name: &str) -> Option<Exit> {
        let at = value.span().start;
        let to = self.string(value, name)?;
        if self.steps.contains(to) {
            return Some(Exit { to: to.to_owned(), at });
        }
        let remedy = match did_you_mean(to, self.steps.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => {
                format!("write a [step.{}], or lead to one that exists", if to.is_empty() { "…" } else { to })
            }
        };
        self.fault(at, format!("`{name}` leads to the step `{to}`, which does not exist"), remedy);
        None
    }

    /// A time such as `6s`, within a range.
    pub(crate) fn duration(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        name: &str,
        (least, most): (Duration, Duration),
    ) -> Option<Duration> {
        let at = value.span().start;
        let range = format!("from {} to {}", written(least), written(most));
        let remedy =
            format!("write it like {name} = \"{}\", {range}", written(least.max(Duration::from_secs(6))));
        let Some(text) = value.get_ref().as_str() else {
            self.fault(
                at,
                format!("`{name}` must be a time in quotes, and this is {}", kind(value.get_ref())),
                remedy,
            );
            return None;
        };
        match read_duration(text) {
            Some(time) if (least..=most).contains(&time) => Some(time),
            Some(_) => {
                self.fault(at, format!("`{name}` is {text}, and that is not {range}"), remedy);
                None
            }
            None => {
                self.fault(at, format!("`{text}` is no time"), remedy);
                None
            }
        }
    }
}

/// The line and the column, both from 1, of a byte of a text.
pub(crate) fn place(text: &str, at: usize) -> (u32, u32) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

/// Reads `500ms`, `6s`, `1.5s`, `2m`.
fn read_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(unit_at);
    let unit_ms: u64 = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    let (whole, tenths) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || whole.len() > 9 || tenths.len() != 1 {
        return None;
    }
    let tenths = whole.parse::<u64>().ok()? * 10 + tenths.parse::<u64>().ok()?;
    (tenths * unit_ms).is_multiple_of(10).then(|| Duration::from_millis(tenths * unit_ms / 10))
}

fn written(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{}s", time.as_secs()) } else { format!("{}ms", time.as_millis()) }
}

/// What a value is, for a sentence.
pub(crate) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The fields of one table, each taken once; what is left at the end is unknown.
pub(crate) struct Fields<'t, 'i> {
    table: &'t DeTable<'i>,
    /// What the table is, for a sentence: ``step `wish` ``.
    pub(crate) what: String,
    /// The byte at which it is named.
    pub(crate) at: usize,
    known: Vec<&'static str>,
}

impl<'t, 'i> Fields<'t, 'i> {
    pub(crate) fn new(table: &'t DeTable<'i>, what: String, at: usize) -> Self {
        Fields { table, what, at, known: Vec::new() }
    }

    /// The field, if the table has it.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.known.push(name);
        self.table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
    }

    /// The field, or the fault that it is missing.
    pub(crate) fn required(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
        remedy: &str,
    ) -> Option<&'t Spanned<DeValue<'i>>> {
        let value = self.take(name);
        if value.is_none() {
            reading.fault(self.at, format!("{} has no `{name}`", self.what), remedy);
        }
        value
    }

    /// The step that a required field leads to.
    pub(crate) fn required_exit(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
        remedy: &str,
    ) -> Option<Exit> {
        let value = self.required(reading, name, remedy)?;
        reading.exit(value, name)
    }

    /// The step that a field leads to: nothing if there is no field, the inner nothing if it is wrong.
    pub(crate) fn exit(&mut self, reading: &mut Reading<'_>, name: &'static str) -> Option<Option<Exit>> {
        self.take(name).map(|value| reading.exit(value, name))
    }

    /// A time, or its default.
    pub(crate) fn duration(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
        range: (Duration, Duration),
        default: Duration,
    ) -> Option<Duration> {
        self.take(name).map_or(Some(default), |value| reading.duration(value, name, range))
    }

    /// True or false, or its default.
    pub(crate) fn flag(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
        default: bool,
    ) -> Option<bool> {
        let Some(value) = self.take(name) else { return Some(default) };
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            let what = format!("`{name}` must be true or false, and this is {}", kind(value.get_ref()));
            reading.fault(value.span().start, what, format!("write {name} = {default}"));
        }
        flag
    }

    /// Every field that nobody took is a fault.
    pub(crate) fn finish(self, reading: &mut Reading<'_>) -> Option<()> {
        let mut sound = true;
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) {
                continue;
            }
            let remedy = match did_you_mean(name, self.known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("leave it out; known here are: {}", self.known.join(", ")),
            };
            reading.fault(key.span().start, format!("{} does not know `{name}`", self.what), remedy);
            sound = false;
        }
        sound.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::read_duration;
    use std::time::Duration;

    #[test]
    fn times_are_a_number_with_a_unit() {
        for (text, ms) in [("6s", 6_000), ("500ms", 500), ("1.5s", 1_500), ("2m", 120_000), ("20 s", 20_000)]
        {
            assert_eq!(read_duration(text), Some(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "6", "s", "-1s", "6 sec", "1.55s", "1..5s", "0.5ms", "99999999999s", ".5s", "6h"] {
            assert_eq!(read_duration(text), None, "{text}");
        }
    }
}
