//! A text in the languages of its flow.

use crate::source::template::Template;
use frontdesk_identifiers::Locale;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A text in one or several languages, the flow's own first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Texts(BTreeMap<Locale, Template>);

impl Texts {
    /// At least one text must be given.
    pub(crate) fn new(texts: impl IntoIterator<Item = (Locale, Template)>) -> Self {
        Texts(texts.into_iter().collect())
    }

    /// The text in this language, else in the flow's own, with the language it is then in.
    pub(crate) fn said(
        &self,
        wanted: &Locale,
        own: &Locale,
        words: &BTreeMap<String, String>,
    ) -> (Arc<str>, Locale) {
        let found = [wanted, own]
            .into_iter()
            .find_map(|locale| self.0.get_key_value(locale))
            .or_else(|| self.0.first_key_value());
        match found {
            Some((locale, template)) => (template.fill(words).into(), locale.clone()),
            None => ("".into(), own.clone()),
        }
    }
}
