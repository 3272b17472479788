//! Text that identifies somebody or was said in confidence.

/// A text that is kept and shown in a record, but that `Debug` masks: words of a caller, a name, a number.
///
/// Logs are read by more people than calls are answered by, so `Debug` shows only the length; `Display`
/// shows the text, for the record itself and for the operator's own eyes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Masked(String);

impl Masked {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} characters>", self.0.chars().count())
    }
}

impl std::fmt::Display for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl From<String> for Masked {
    fn from(text: String) -> Self {
        Masked(text)
    }
}

impl From<&str> for Masked {
    fn from(text: &str) -> Self {
        Masked(text.to_owned())
    }
}

impl From<std::sync::Arc<str>> for Masked {
    fn from(text: std::sync::Arc<str>) -> Self {
        Masked(text.as_ref().to_owned())
    }
}
