//! Telephone numbers: E.164, and what trunks and offices send instead.

use crate::NameError;

/// What can be dialled: an optional `+`, then 1 to 32 digits, `*` or `#`.
///
/// Offices dial `100`, carriers send `004930…` or `+4930…`; all of them are kept as they came, without
/// visual separators (RFC 3966 §5.1.1). `Debug` masks all but the last two digits of a number that is
/// longer than four, since logs are read by more people than calls are answered by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TelephoneNumber(Box<str>);

impl TelephoneNumber {
    /// Reads a number; the visual separators `-`, `.`, `(`, `)` and space are left out.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let what = "telephone number";
        if text.len() > 128 {
            return Err(NameError::new(what, text, "it is longer than 128 characters"));
        }
        let plain: String = text.chars().filter(|c| !"-.() ".contains(*c)).collect();
        let digits = plain.strip_prefix('+').unwrap_or(&plain);
        if digits.is_empty() || digits.len() > 32 {
            return Err(NameError::new(what, text, "it must have 1 to 32 digits"));
        }
        if !digits.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#') {
            return Err(NameError::new(
                what,
                text,
                "only digits, '*', '#' and a leading '+' may stand in it",
            ));
        }
        Ok(TelephoneNumber(plain.into()))
    }

    /// The number with these digits in E.164: country code first, without `+`. None if they cannot be one.
    pub fn e164(digits: &str) -> Option<Self> {
        TelephoneNumber::new(&format!("+{digits}")).ok().filter(|number| number.is_e164() && digits.len() > 3)
    }

    /// The number without separators.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is in the international form of E.164, with `+` and the country first.
    pub fn is_e164(&self) -> bool {
        self.0.strip_prefix('+').is_some_and(|digits| {
            digits.len() <= 15 && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
        })
    }
}

impl TryFrom<String> for TelephoneNumber {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        TelephoneNumber::new(&text)
    }
}

impl From<TelephoneNumber> for String {
    fn from(number: TelephoneNumber) -> String {
        number.0.into()
    }
}

impl std::fmt::Display for TelephoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for TelephoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hidden = if self.0.len() > 4 { self.0.len() - 2 } else { 0 };
        let shown: String =
            self.0.chars().enumerate().map(|(at, c)| if at < hidden { 'x' } else { c }).collect();
        write!(f, "TelephoneNumber({shown})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_go_and_rubbish_is_refused() {
        assert_eq!(TelephoneNumber::new("+49 (30) 12-34.5").unwrap().as_str(), "+493012345");
        for text in ["", "+", "12a", "sip:1", "1+2", &"1".repeat(33)] {
            assert!(TelephoneNumber::new(text).is_err(), "{text}");
        }
        assert!(TelephoneNumber::new("+4930123").unwrap().is_e164());
        assert!(!TelephoneNumber::new("100").unwrap().is_e164());
    }

    #[test]
    fn debug_masks_what_identifies_a_caller_and_shows_an_extension() {
        assert_eq!(
            format!("{:?}", TelephoneNumber::new("+4930123456").unwrap()),
            "TelephoneNumber(xxxxxxxxx56)"
        );
        assert_eq!(format!("{:?}", TelephoneNumber::new("1001").unwrap()), "TelephoneNumber(1001)");
    }
}
