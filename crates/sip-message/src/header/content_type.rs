//! Content-Type (RFC 3261 §20.15).

use crate::error::{Malformed, What};
use crate::grammar::Cursor;
use crate::parameters::Parameters;
use std::fmt;
use std::str::FromStr;

/// What a body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentType {
    /// Such as `application`, in lower case.
    pub main: String,
    /// Such as `sdp`, in lower case.
    pub sub: String,
    /// Such as `boundary`.
    pub parameters: Parameters,
}

impl ContentType {
    /// Whether it is `main/sub`, both given in lower case.
    pub fn is(&self, main: &str, sub: &str) -> bool {
        self.main == main && self.sub == sub
    }

    /// Whether it is `application/sdp`.
    pub fn is_sdp(&self) -> bool {
        self.is("application", "sdp")
    }
}

impl FromStr for ContentType {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(text);
        cursor.skip_spaces();
        let main = cursor.token()?.to_ascii_lowercase();
        if !cursor.eat_spaced(b'/') {
            return Err(Malformed(What::Token));
        }
        let sub = cursor.token()?.to_ascii_lowercase();
        let parameters = Parameters::read(&mut cursor)?;
        cursor.skip_spaces();
        if cursor.at_end() { Ok(ContentType { main, sub, parameters }) } else { Err(Malformed(What::End)) }
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.main, self.sub, self.parameters)
    }
}
