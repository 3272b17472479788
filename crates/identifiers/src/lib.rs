//! The typed names of things, and time as a value.
//!
//! A call, a leg and a flow are told apart by the compiler, not by the reader: a [`LegId`] cannot be
//! handed to something that wants a [`CallId`]. Time is a value too: a decision is told the [`Moment`]
//! and never asks a clock for it, so that a test owns the time and a recorded call can be replayed.
//!
//! This crate and `media-protocol` are the only ones that both planes, the desk and the sound, see.
//! It never reads a clock, never draws a random number and never does I/O.

mod call;
mod flow;
mod locale;
mod moment;
mod node;
mod telephone_number;
mod tenant;

pub use call::{CallId, LegId};
pub use flow::FlowId;
pub use locale::Locale;
pub use moment::{Moment, WallTime};
pub use node::NodeId;
pub use telephone_number::TelephoneNumber;
pub use tenant::TenantId;

/// Why a text cannot be the name it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}: {rule}")]
pub struct NameError {
    /// What the text was meant to be, such as `tenant name`.
    pub what: &'static str,
    /// The text as it was given, cut to 64 characters.
    pub text: String,
    /// The rule that it breaks, as a phrase.
    pub rule: &'static str,
}

impl NameError {
    pub(crate) fn new(what: &'static str, text: &str, rule: &'static str) -> Self {
        NameError { what, text: text.chars().take(64).collect(), rule }
    }
}

/// A short name that operators write: `a-z`, `0-9`, `-`, `_` and `.`, 1 to 64 characters, no dot first.
///
/// Such a name is safe as a folder, as a database key and in a URL.
pub(crate) fn check_slug(what: &'static str, text: &str) -> Result<(), NameError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if text.is_empty() || text.len() > 64 {
        return Err(NameError::new(what, text, "it must have 1 to 64 characters"));
    }
    if text.starts_with('.') || !text.chars().all(fits) {
        let rule = "only a-z, 0-9, '-', '_' and '.' may stand in it, and no '.' first";
        return Err(NameError::new(what, text, rule));
    }
    Ok(())
}

/// A slug type: a cheap clone, ordered, serialised as its text.
macro_rules! slug {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The name, or the rule that the text breaks.
            pub fn new(text: &str) -> Result<Self, crate::NameError> {
                crate::check_slug($what, text)?;
                Ok($name(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = crate::NameError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                $name::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.as_ref().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}
pub(crate) use slug;
