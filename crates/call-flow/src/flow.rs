//! The checked flow: immutable, known by its content, shared by every run of it.

use crate::check;
use crate::context::Context;
use crate::fault::Fault;
use crate::hash::FlowHash;
use crate::source::template::{MAX_TEXT, is_word_name};
use crate::source::toml::{Fields, Reading, kind};
use crate::step::Step;
use crate::words::TransferTarget;
use frontdesk_identifiers::{FlowId, Locale};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The version of the file format that this crate reads.
pub const FORMAT: i64 = 1;

/// A flow with more steps is several flows.
const MAX_STEPS: usize = 1_000;

/// More words than this are no words of a house.
const MAX_WORDS: usize = 200;

/// A flow in which nothing is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    pub(crate) id: FlowId,
    pub(crate) hash: FlowHash,
    pub(crate) start: String,
    pub(crate) languages: Vec<Locale>,
    pub(crate) words: BTreeMap<String, String>,
    pub(crate) steps: BTreeMap<String, Step>,
}

/// A transfer that a flow may make, with the place in the file to point at if there is no such phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowTarget {
    /// To whom.
    pub target: TransferTarget,
    /// The step that puts a party through.
    pub step: String,
    /// The line in the file, counted from 1.
    pub line: u32,
    /// The column, counted in characters from 1.
    pub column: u32,
}

impl Flow {
    /// Reads and checks the text of a flow's file.
    ///
    /// `id` is the name under which the flow is known; the file must call itself so. `file` is how faults
    /// name the file. All faults are told at once, in the order of the file.
    pub fn read(id: &FlowId, file: &str, text: &str) -> Result<Arc<Flow>, Vec<Fault>> {
        read(Some(id), file, text).map(Arc::new)
    }

    /// Reads and checks a file whose flow is known by the name that the file itself gives.
    pub fn read_by_own_name(file: &str, text: &str) -> Result<Arc<Flow>, Vec<Fault>> {
        read(None, file, text).map(Arc::new)
    }

    /// Its name.
    pub fn id(&self) -> &FlowId {
        &self.id
    }

    /// By which content this version is known.
    pub fn hash(&self) -> FlowHash {
        self.hash
    }

    /// The languages that it speaks, its own first.
    pub fn languages(&self) -> &[Locale] {
        &self.languages
    }

    /// The words that it declares, with their defaults.
    pub fn words(&self) -> &BTreeMap<String, String> {
        &self.words
    }

    /// Everything that a run may ever say in this context, in every language, each once: what a voice
    /// renders before the first call comes.
    pub fn phrases_to_render(&self, context: &Context) -> Vec<(Arc<str>, Locale)> {
        let words = self.filled_words(context);
        let mut phrases = BTreeSet::new();
        for texts in self.steps.values().flat_map(Step::texts) {
            phrases
                .extend(self.languages.iter().map(|locale| texts.said(locale, self.own_language(), &words)));
        }
        phrases.into_iter().collect()
    }

    /// Every transfer that it may make, for who knows which phones exist. `text` is the file that was read.
    pub fn transfer_targets(&self, text: &str) -> Vec<FlowTarget> {
        let mut targets = Vec::new();
        for (name, step) in &self.steps {
            if let Step::Transfer(transfer) = step {
                let (line, column) = crate::source::toml::place(text, transfer.target_at);
                targets.push(FlowTarget {
                    target: transfer.target.clone(),
                    step: name.clone(),
                    line,
                    column,
                });
            }
        }
        targets.sort_by_key(|target| (target.line, target.column));
        targets
    }

    pub(crate) fn own_language(&self) -> &Locale {
        // A checked flow has at least one language; `read` sees to it.
        &self.languages[0]
    }

    /// The language of a conversation: the one wanted, else the same in another region, else the flow's own.
    pub(crate) fn spoken(&self, wanted: Option<&Locale>) -> Locale {
        let exact = self.languages.iter().find(|locale| Some(*locale) == wanted);
        let near = || self.languages.iter().find(|l| wanted.is_some_and(|w| w.language() == l.language()));
        exact.or_else(near).unwrap_or_else(|| self.own_language()).clone()
    }

    /// The flow's words as this house fills them.
    pub(crate) fn filled_words(&self, context: &Context) -> BTreeMap<String, String> {
        let filled = |(name, default): (&String, &String)| {
            (name.clone(), context.words.get(name).unwrap_or(default).chars().take(MAX_TEXT).collect())
        };
        self.words.iter().map(filled).collect()
    }
}

fn read(id: Option<&FlowId>, file: &str, text: &str) -> Result<Flow, Vec<Fault>> {
    let mut reading = Reading::new(file, text);
    let flow = match reading.document() {
        Some(document) => read_document(&mut reading, id, &document, text),
        None => None,
    };
    match flow {
        Some(flow) if reading.is_clean() => Ok(flow),
        _ => Err(reading.into_faults()),
    }
}

fn read_document(
    reading: &mut Reading<'_>,
    id: Option<&FlowId>,
    document: &Spanned<DeTable<'_>>,
    text: &str,
) -> Option<Flow> {
    let mut fields = Fields::new(document.get_ref(), "the flow".to_owned(), 0);
    format(reading, &mut fields);
    let name = name(reading, &mut fields, id);
    reading.languages = languages(reading, &mut fields);
    reading.words = words(reading, &mut fields);
    // Where steps stand in the editor is its own business.
    fields.take("layout");
    let step_tables = step_tables(reading, &mut fields);
    reading.steps = step_tables.iter().map(|(_, name, _)| (*name).to_owned()).collect();
    let start = fields
        .required(reading, "start", "add start = \"…\" with the name of the first step")
        .and_then(|value| reading.exit(value, "start"));
    fields.finish(reading);
    let count = step_tables.len();
    let steps: BTreeMap<String, Step> = step_tables
        .into_iter()
        .filter_map(|(at, name, value)| Some((name.to_owned(), Step::read(reading, name, at, value)?)))
        .collect();
    check::rounds_of_talk(reading, &steps);
    let (name, start) = (name?, start?);
    if steps.len() == count {
        check::ways(reading, &steps, &start, document.get_ref());
    }
    let (languages, words) = (reading.languages.clone(), reading.words.clone());
    Some(Flow { id: name, hash: FlowHash::of(text), start: start.to, languages, words, steps })
}

fn format(reading: &mut Reading<'_>, fields: &mut Fields<'_, '_>) {
    let remedy = format!("write format = {FORMAT} at the top of the file");
    let Some(value) = fields.required(reading, "format", &remedy) else { return };
    let number = value.get_ref().as_integer().and_then(|i| i64::from_str_radix(i.as_str(), i.radix()).ok());
    match number {
        Some(FORMAT) => {}
        Some(other) => {
            let what = format!("this file has format {other}, and only format {FORMAT} is known");
            reading.fault(value.span().start, what, remedy);
        }
        None => {
            let what = format!("`format` must be a number, and this is {}", kind(value.get_ref()));
            reading.fault(value.span().start, what, remedy);
        }
    }
}

fn name(reading: &mut Reading<'_>, fields: &mut Fields<'_, '_>, id: Option<&FlowId>) -> Option<FlowId> {
    let wanted = id.map_or("reception", FlowId::as_str);
    let value = fields.required(reading, "flow", &format!("add flow = \"{wanted}\""))?;
    let at = value.span().start;
    let text = reading.string(value, "flow")?;
    match FlowId::new(text) {
        Ok(name) if id.is_none_or(|id| *id == name) => Some(name),
        Ok(name) => {
            let what = format!("the flow calls itself `{name}`, and is known as `{wanted}`");
            reading.fault(at, what, format!("write flow = \"{wanted}\", or name the file after the flow"));
            None
        }
        Err(error) => {
            reading.fault(at, error.to_string(), format!("write flow = \"{wanted}\""));
            None
        }
    }
}

/// The languages; English if the file does not say, and after a fault, so that the rest can be checked.
fn languages(reading: &mut Reading<'_>, fields: &mut Fields<'_, '_>) -> Vec<Locale> {
    let Some(value) = fields.take("languages") else { return vec![Locale::default()] };
    let remedy = "write languages = [\"en-US\"], the flow's own language first";
    let list = value.get_ref().as_array().filter(|list| (1..=20).contains(&list.len()));
    let Some(list) = list else {
        reading.fault(value.span().start, "`languages` must be a list of 1 to 20 languages", remedy);
        return vec![Locale::default()];
    };
    let mut languages = Vec::new();
    for value in list {
        let Some(text) = reading.string(value, "languages") else { continue };
        match Locale::new(text) {
            Ok(locale) if languages.contains(&locale) => {
                reading.fault(
                    value.span().start,
                    format!("the language `{locale}` stands there twice"),
                    "leave one out",
                );
            }
            Ok(locale) => languages.push(locale),
            Err(error) => reading.fault(value.span().start, error.to_string(), remedy),
        }
    }
    if languages.is_empty() { vec![Locale::default()] } else { languages }
}

fn words(reading: &mut Reading<'_>, fields: &mut Fields<'_, '_>) -> BTreeMap<String, String> {
    let mut words = BTreeMap::new();
    let Some(value) = fields.take("words") else { return words };
    match value.get_ref().as_table() {
        Some(table) => collect_words(reading, "", table, &mut words),
        None => {
            let what = format!("`words` must be a table, and this is {}", kind(value.get_ref()));
            reading.fault(value.span().start, what, "write [words] and company.name = \"…\" below");
        }
    }
    if words.len() > MAX_WORDS {
        reading.fault(
            value.span().start,
            format!("more than {MAX_WORDS} words are declared"),
            "leave out the unused ones",
        );
    }
    words
}

/// `company.name = "…"` is a table in a table.
fn collect_words(
    reading: &mut Reading<'_>,
    above: &str,
    table: &DeTable<'_>,
    words: &mut BTreeMap<String, String>,
) {
    for (key, value) in table {
        let at = key.span().start;
        let name = format!("{above}{}", key.get_ref());
        if !is_word_name(&name) {
            let remedy = "use small letters, digits and `_`, such as company.name";
            reading.fault(at, format!("`{name}` is no name of a word"), remedy);
            continue;
        }
        match value.get_ref() {
            DeValue::Table(table) => collect_words(reading, &format!("{name}."), table, words),
            DeValue::String(text) if text.trim().is_empty() || text.contains("{{") => {
                let what = format!("the word `{name}` has no plain text as its default");
                reading.fault(
                    value.span().start,
                    what,
                    "write what is said if the house does not say otherwise",
                );
            }
            DeValue::String(text) => {
                words.insert(name, text.clone().into_owned());
            }
            other => {
                let what = format!("the word `{name}` must be a text, and this is {}", kind(other));
                reading.fault(value.span().start, what, format!("write {name} = \"…\""));
            }
        }
    }
}

type StepTable<'t, 'i> = (usize, &'t str, &'t Spanned<DeValue<'i>>);

/// The steps in the order of the file.
fn step_tables<'t, 'i>(reading: &mut Reading<'_>, fields: &mut Fields<'t, 'i>) -> Vec<StepTable<'t, 'i>> {
    let remedy = "write [step.greeting] and its verb below";
    let Some(value) = fields.required(reading, "step", remedy) else { return Vec::new() };
    let table = value.get_ref().as_table().filter(|table| !table.is_empty() && table.len() <= MAX_STEPS);
    let Some(table) = table else {
        reading.fault(
            value.span().start,
            format!("`step` must be a table of 1 to {MAX_STEPS} steps"),
            remedy,
        );
        return Vec::new();
    };
    let mut steps = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
            let what = format!("`{name}` is no name of a step");
            reading.fault(key.span().start, what, "use letters, digits, `_` and `-`, at most 64");
        }
        steps.push((key.span().start, name, value));
    }
    steps.sort_unstable_by_key(|(at, ..)| *at);
    steps
}
