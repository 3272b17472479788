//! Reason (RFC 3326).

use crate::error::{Malformed, What};
use crate::grammar::{self, Cursor};
use crate::parameters::Parameters;
use std::fmt;
use std::str::FromStr;

/// Why a request was sent: one value of a Reason header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `SIP`, `Q.850` and others.
    pub protocol: String,
    /// `cause`, `text` and others.
    pub parameters: Parameters,
}

impl Reason {
    /// The `cause` parameter.
    pub fn cause(&self) -> Option<u16> {
        self.parameters.get("cause").and_then(grammar::number).and_then(|cause| u16::try_from(cause).ok())
    }

    /// The `text` parameter, without quotes.
    pub fn text(&self) -> Option<String> {
        self.parameters.unquoted("text")
    }
}

impl FromStr for Reason {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(text);
        cursor.skip_spaces();
        let protocol = cursor.token()?.to_owned();
        let parameters = Parameters::read(&mut cursor)?;
        cursor.skip_spaces();
        if cursor.at_end() { Ok(Reason { protocol, parameters }) } else { Err(Malformed(What::End)) }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.protocol, self.parameters)
    }
}
