//! Privacy (RFC 3323 §4.2, RFC 3325 §9.3, RFC 7044 §10.1).

use crate::error::Malformed;
use std::fmt;
use std::str::FromStr;

/// What a caller does not want to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Privacy {
    /// `id`: the asserted identity stays within the trust domain.
    pub id: bool,
    /// `header`: headers that name the caller are taken out.
    pub header: bool,
    /// `user`: what the caller's own telephone says of the caller is taken out.
    pub user: bool,
    /// `session`: the description of the sound hides where the caller is.
    pub session: bool,
    /// `history`: the way that the call took is not told.
    pub history: bool,
    /// `none`: nothing is hidden, whatever is usual.
    pub none: bool,
    /// `critical`: rather no call than a call without it.
    pub critical: bool,
}

impl Privacy {
    /// Whether the caller does not want to be shown.
    pub const fn hides_caller(&self) -> bool {
        !self.none && (self.id || self.header || self.user)
    }
}

/// Words that are not known are passed over: they ask for a service that this side does not have.
impl FromStr for Privacy {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut privacy = Privacy::default();
        // RFC 3323 has `;` between them; many write a comma.
        for word in text.split([';', ',']) {
            match word.trim().to_ascii_lowercase().as_str() {
                "id" => privacy.id = true,
                "header" => privacy.header = true,
                "user" => privacy.user = true,
                "session" => privacy.session = true,
                "history" => privacy.history = true,
                "none" => privacy.none = true,
                "critical" => privacy.critical = true,
                _ => {}
            }
        }
        Ok(privacy)
    }
}

impl fmt::Display for Privacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.id, "id"),
            (self.header, "header"),
            (self.user, "user"),
            (self.session, "session"),
            (self.history, "history"),
            (self.none, "none"),
            (self.critical, "critical"),
        ];
        for (at, (_, word)) in words.iter().filter(|(set, _)| *set).enumerate() {
            write!(f, "{}{word}", if at > 0 { ";" } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_known_and_strange_ones_are_passed_over() {
        let table = [
            ("id", true),
            ("user;id", true),
            ("Header ; critical", true),
            ("user, session", true),
            ("session", false),
            ("history", false),
            ("none", false),
            ("none;id", false),
            ("full", false),
            ("", false),
        ];
        for (text, hidden) in table {
            assert_eq!(text.parse::<Privacy>().expect("anything goes").hides_caller(), hidden, "{text}");
        }
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        let text = "id;user;critical";
        assert_eq!(text.parse::<Privacy>().expect("words").to_string(), text);
    }
}
