//! In which language and region.

use crate::NameError;

/// A language and perhaps a region, such as `en` or `de-DE` (RFC 5646, without scripts and variants).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Locale(std::sync::Arc<str>);

impl Locale {
    /// The locale, written as `xx` or `xx-YY`.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let mut parts = text.split('-');
        let language = parts.next().unwrap_or_default();
        let region = parts.next();
        let language_fits =
            (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
        let region_fits = region.is_none_or(|r| r.len() == 2 && r.bytes().all(|b| b.is_ascii_uppercase()));
        if !language_fits || !region_fits || parts.next().is_some() {
            return Err(NameError::new("locale", text, "write it like `en` or `de-DE`"));
        }
        Ok(Locale(text.into()))
    }

    /// The locale as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language alone: `de` of `de-DE`.
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl Default for Locale {
    fn default() -> Self {
        Locale("en-US".into())
    }
}

impl TryFrom<String> for Locale {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Locale::new(&text)
    }
}

impl From<Locale> for String {
    fn from(locale: Locale) -> String {
        locale.0.as_ref().to_owned()
    }
}

impl std::fmt::Display for Locale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for Locale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Locale({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_has_a_language_and_perhaps_a_region() {
        assert_eq!(Locale::new("de-DE").map(|l| l.language().to_owned()), Ok("de".to_owned()));
        assert!(Locale::new("en").is_ok());
        for text in ["", "e", "EN", "en-us", "en_US", "en-US-x"] {
            assert!(Locale::new(text).is_err(), "{text}");
        }
    }
}
