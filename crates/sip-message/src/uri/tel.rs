//! `tel:` (RFC 3966).

use crate::error::{Malformed, What};
use crate::mask::masked;
use crate::parameters::Parameters;
use std::fmt;

/// A telephone number as a URI. `Debug` masks it.
#[derive(Clone, PartialEq, Eq)]
pub struct TelUri {
    /// The number as it came, with its `-`, `.`, `(` and `)`.
    pub number: String,
    /// The parameters, such as `phone-context`.
    pub parameters: Parameters,
}

impl TelUri {
    /// The number without visual separators: `+49301234` for `+49-30-1234`.
    pub fn digits(&self) -> String {
        self.number.chars().filter(|character| !is_separator(*character)).collect()
    }

    /// Reads what stands behind `tel:`. A local number without its `phone-context` is accepted.
    pub(crate) fn read(text: &str) -> Result<Self, Malformed> {
        let (number, parameters) = match text.split_once(';') {
            Some((number, parameters)) => (number, Parameters::read_in_uri(parameters)?),
            None => (text, Parameters::new()),
        };
        let is_local = |character: char| character.is_ascii_hexdigit() || matches!(character, '*' | '#');
        let sound = match number.strip_prefix('+') {
            Some(global) => {
                global.contains(|character: char| character.is_ascii_digit())
                    && global.chars().all(|character| character.is_ascii_digit() || is_separator(character))
            }
            None => {
                number.contains(is_local)
                    && number.chars().all(|character| is_local(character) || is_separator(character))
            }
        };
        if !sound {
            return Err(Malformed(What::Uri));
        }
        Ok(TelUri { number: number.to_owned(), parameters })
    }

    /// RFC 3966 §4: numbers without separators, parameters in any order.
    pub(crate) fn equivalent(&self, other: &TelUri) -> bool {
        let within = |one: &Parameters, two: &Parameters| {
            one.iter().all(|(name, _)| match (one.get(name), two.get(name)) {
                (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
                (None, None) => two.contains(name),
                _ => false,
            })
        };
        self.digits().eq_ignore_ascii_case(&other.digits())
            && within(&self.parameters, &other.parameters)
            && within(&other.parameters, &self.parameters)
    }
}

fn is_separator(character: char) -> bool {
    matches!(character, '-' | '.' | '(' | ')')
}

impl fmt::Debug for TelUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tel:{}{}", masked(&self.number), self.parameters)
    }
}

impl fmt::Display for TelUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tel:{}{}", self.number, self.parameters)
    }
}
