//! CSeq (RFC 3261 §20.16).

use crate::error::{Malformed, What};
use crate::grammar::{self, Cursor};
use crate::vocabulary::Method;
use std::fmt;
use std::str::FromStr;

/// The number of a request in its dialog, and its method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2³¹ (RFC 3261 §8.1.1.5).
    pub number: u32,
    /// The method.
    pub method: Method,
}

impl CSeq {
    /// The greatest number.
    pub const NUMBER_MAX: u32 = (1 << 31) - 1;
}

impl FromStr for CSeq {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(text);
        cursor.skip_spaces();
        let digits = cursor.take_while(|byte| byte.is_ascii_digit());
        let number = grammar::number(digits)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number <= CSeq::NUMBER_MAX)
            .ok_or(Malformed(What::Number))?;
        if cursor.take_while(grammar::is_space).is_empty() {
            return Err(Malformed(What::Token));
        }
        let method = Method::from_token(cursor.token()?).ok_or(Malformed(What::Token))?;
        cursor.skip_spaces();
        if cursor.at_end() { Ok(CSeq { number, method }) } else { Err(Malformed(What::End)) }
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}
