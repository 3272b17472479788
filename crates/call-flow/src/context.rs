//! What a run is told about the house it speaks for.

use frontdesk_identifiers::Locale;
use std::collections::BTreeMap;

/// The words of the house, such as `company.name`, and the language of this conversation.
///
/// A flow declares each word that it uses, with a default, under `[words]`; the context overrides the
/// defaults. A word that the flow does not declare is left unused, so that one context serves every flow. `Debug` shows
/// which words there are, not what they say: the party's name and number are among them.
#[derive(Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Context {
    /// What stands for `{{company.name}}`: by `company.name`.
    #[serde(default)]
    pub words: BTreeMap<String, String>,
    /// The language wanted; the flow's first language if there is none, or the flow does not speak it.
    #[serde(default)]
    pub locale: Option<Locale>,
}

impl Context {
    /// A context that leaves each word and the language as the flow has them.
    pub fn new() -> Self {
        Context::default()
    }

    /// The same with one word set.
    pub fn with_word(mut self, name: &str, value: &str) -> Self {
        self.words.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<_> = self.words.keys().collect();
        f.debug_struct("Context").field("words", &words).field("locale", &self.locale).finish()
    }
}
