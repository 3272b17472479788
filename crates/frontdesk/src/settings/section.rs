//! One table of the file: each key is asked for once, and what nobody asked for is unknown.

use super::fault::{Faults, Problem, SettingsFault};
use super::kind_of;
use super::nearest::nearest;
use frontdesk_identifiers::NameError;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and its line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

/// One table that is being read.
pub(super) struct Section<'d, 'i> {
    place: String,
    /// None stands for a table that is not there: every key has its default.
    table: Option<&'d DeTable<'i>>,
    line: usize,
    asked: Vec<&'static str>,
    faults: &'d Faults<'d>,
}

impl<'d, 'i> Section<'d, 'i> {
    /// `place` is the table's name, or empty for the whole file.
    pub(super) fn new(place: &str, table: &'d DeTable<'i>, line: usize, faults: &'d Faults<'d>) -> Self {
        Section { place: place.to_owned(), table: Some(table), line, asked: Vec::new(), faults }
    }

    pub(super) fn line(&self) -> usize {
        self.line
    }

    pub(super) fn place(&self) -> String {
        if self.place.is_empty() { "the settings".to_owned() } else { self.place.clone() }
    }

    fn get(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'i>>> {
        self.asked.push(key);
        self.table?.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn line_of(&self, value: &Spanned<DeValue<'_>>) -> usize {
        self.faults.line(value.span().start)
    }

    /// The line of a key, else of the table.
    fn line_of_key(&self, key: &str) -> usize {
        let found = self.table.and_then(|table| table.iter().find(|(name, _)| name.get_ref() == key));
        found.map_or(self.line, |(name, _)| self.faults.line(name.span().start))
    }

    pub(super) fn push_at(&self, line: usize, problem: Problem) {
        self.faults.push(Some(line), problem);
    }

    /// The key's value breaks its rule.
    pub(super) fn bad(&self, key: &str, text: &str, rule: &'static str) {
        self.bad_at(self.line_of_key(key), key, text, rule);
    }

    pub(super) fn bad_at(&self, line: usize, key: &str, text: &str, rule: &'static str) {
        let text = text.chars().take(64).collect();
        self.push_at(line, Problem::BadValue { key: key.to_owned(), text, rule });
    }

    fn wrong_kind(&self, key: &str, wanted: &'static str, value: &Spanned<DeValue<'_>>) {
        let problem = Problem::WrongKind { key: key.to_owned(), wanted, found: kind_of(value.get_ref()) };
        self.push_at(self.line_of(value), problem);
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<Located<&'d str>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Located { value: text.as_ref(), line: self.line_of(value) }),
            _ => {
                self.wrong_kind(key, "a text", value);
                None
            }
        }
    }

    /// A list of texts, or one text.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<Located<&'d str>>> {
        let value = self.get(key)?;
        let list = match value.get_ref() {
            DeValue::String(text) => {
                return Some(vec![Located { value: text.as_ref(), line: self.line_of(value) }]);
            }
            DeValue::Array(list) => list,
            _ => {
                self.wrong_kind(key, "a list of texts", value);
                return None;
            }
        };
        let mut texts = Vec::new();
        for item in list.iter() {
            match item.get_ref() {
                DeValue::String(text) => {
                    texts.push(Located { value: text.as_ref(), line: self.line_of(item) })
                }
                _ => {
                    self.wrong_kind(key, "a list of texts", item);
                    return None;
                }
            }
        }
        Some(texts)
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(*flag);
        }
        self.wrong_kind(key, "true or false", value);
        None
    }

    pub(super) fn integer(&mut self, key: &'static str, rule: &'static str) -> Option<u64> {
        let value = self.get(key)?;
        let DeValue::Integer(integer) = value.get_ref() else {
            self.wrong_kind(key, rule, value);
            return None;
        };
        let read = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        if read.is_none() {
            self.bad(key, integer.as_str(), rule);
        }
        read
    }

    /// A whole number within bounds, as the type that it is for.
    pub(super) fn bounded<T: TryFrom<u64>>(
        &mut self,
        key: &'static str,
        rule: &'static str,
        least: u64,
        most: u64,
    ) -> Option<T> {
        let read = self.integer(key, rule)?;
        let fits = (least..=most).contains(&read).then(|| T::try_from(read).ok()).flatten();
        if fits.is_none() {
            self.bad(key, &read.to_string(), rule);
        }
        fits
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        rule: &'static str,
    ) -> Option<T> {
        let text = self.text(key)?;
        let chosen = choices.iter().find(|(word, _)| *word == text.value).map(|(_, chosen)| *chosen);
        if chosen.is_none() {
            self.bad_at(text.line, key, text.value, rule);
        }
        chosen
    }

    /// What is wrong with another file that this table names.
    pub(super) fn extend(&self, faults: Vec<SettingsFault>) {
        self.faults.extend(faults);
    }

    /// A path, relative to the settings' folder.
    pub(super) fn path(&mut self, key: &'static str, folder: &Path) -> Option<PathBuf> {
        let text = self.text(key)?;
        if text.value.is_empty() {
            self.bad(key, "", "a path");
            return None;
        }
        Some(folder.join(text.value))
    }

    /// A name of a kind that has a rule.
    pub(super) fn name<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, NameError>,
    ) -> Option<T> {
        let text = self.text(key)?;
        match read(text.value) {
            Ok(name) => Some(name),
            Err(fault) => {
                self.push_at(text.line, Problem::BadName { key: key.to_owned(), fault });
                None
            }
        }
    }

    /// A name without which the entry means nothing.
    pub(super) fn needed_name<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, NameError>,
    ) -> Option<T> {
        let name = self.name(key, read);
        self.need(key);
        name
    }

    /// Says so if the key is missing.
    pub(super) fn need(&self, key: &'static str) {
        let there = self.table.is_some_and(|table| table.iter().any(|(name, _)| name.get_ref() == key));
        if !there {
            self.push_at(self.line, Problem::Missing { key, place: self.place() });
        }
    }

    /// `"20000-20999"`, or `0` for any.
    pub(super) fn ports(&mut self, key: &'static str) -> Option<RangeInclusive<u16>> {
        const RULE: &str =
            "a range with room for RTP and RTCP, such as \"20000-20999\", or 0 for any free ports";
        let value = self.get(key)?;
        let text = match value.get_ref() {
            DeValue::String(text) => text.as_ref(),
            DeValue::Integer(integer) if integer.as_str() == "0" => "0",
            _ => {
                self.wrong_kind(key, RULE, value);
                return None;
            }
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
            (Ok(0), Ok(0)) => Some(0..=0),
            // RTP takes an even port and RTCP the odd one above it (RFC 3550 §11).
            (Ok(first), Ok(last)) if first > 0 && first.next_multiple_of(2) < last => Some(first..=last),
            _ => {
                self.bad(key, text, RULE);
                None
            }
        }
    }

    /// Words for flows: texts, in tables as deep as the operator likes; `company.name = "…"`.
    pub(super) fn words(&mut self, key: &'static str) -> BTreeMap<String, String> {
        let mut words = BTreeMap::new();
        let Some(value) = self.get(key) else { return words };
        match value.get_ref() {
            DeValue::Table(table) => self.gather_words("", table, &mut words),
            _ => self.wrong_kind(key, "a table of texts", value),
        }
        words
    }

    // The TOML reader bounds how deep tables may stand in each other, so this ends.
    fn gather_words(&self, before: &str, table: &DeTable<'_>, words: &mut BTreeMap<String, String>) {
        for (name, value) in table.iter() {
            let key = if before.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{before}.{}", name.get_ref())
            };
            match value.get_ref() {
                DeValue::String(text) => {
                    words.insert(key, text.to_string());
                }
                DeValue::Table(table) => self.gather_words(&key, table, words),
                _ => self.wrong_kind(&key, "a text", value),
            }
        }
    }

    /// `[name]`, be it there or not.
    pub(super) fn table(&mut self, key: &'static str) -> Section<'d, 'i> {
        let place = format!("[{key}]");
        let value = self.get(key);
        let line = self.line_of_key(key);
        let table = match value.map(|value| (value, value.get_ref())) {
            Some((_, DeValue::Table(table))) => Some(table),
            Some((value, _)) => {
                self.wrong_kind(key, "a table", value);
                None
            }
            None => None,
        };
        Section { place, table, line, asked: Vec::new(), faults: self.faults }
    }

    /// Every `[[name]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Section<'d, 'i>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(list) = value.get_ref() else {
            self.wrong_kind(key, "a list: write it with two brackets", value);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in list.iter() {
            match item.get_ref() {
                DeValue::Table(table) => sections.push(Section {
                    place: format!("[[{key}]]"),
                    table: Some(table),
                    line: self.line_of(item),
                    asked: Vec::new(),
                    faults: self.faults,
                }),
                _ => self.wrong_kind(key, "a list of tables", item),
            }
        }
        sections
    }

    /// Says which keys nobody knows.
    pub(super) fn finish(self) {
        let Some(table) = self.table else { return };
        for (name, _) in table.iter() {
            let key = name.get_ref().as_ref();
            if !self.asked.contains(&key) {
                let problem = Problem::UnknownKey {
                    key: key.to_owned(),
                    place: self.place(),
                    nearest: nearest(key, &self.asked).map(str::to_owned),
                    known: self.asked.clone(),
                };
                self.push_at(self.faults.line(name.span().start), problem);
            }
        }
    }
}
