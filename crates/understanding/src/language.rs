//! Whose filler words and inflections are meant.

use frontdesk_identifiers::Locale;

/// A language with rules of its own here; any other is compared word for word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
    /// Any other.
    Other,
}

impl Language {
    /// The language of a locale.
    pub fn of(locale: &Locale) -> Self {
        match locale.language() {
            "en" => Language::English,
            "de" => Language::German,
            _ => Language::Other,
        }
    }
}
