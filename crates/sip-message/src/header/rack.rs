//! RAck (RFC 3262 §7.2).

use crate::error::{Malformed, What};
use crate::grammar::{self, Cursor};
use crate::header::cseq::CSeq;
use std::fmt;
use std::str::FromStr;

/// Which reliable provisional response a PRACK acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RAck {
    /// The `RSeq` of the response.
    pub response: u32,
    /// The `CSeq` of the response: the request that it answers.
    pub request: CSeq,
}

impl FromStr for RAck {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(text);
        cursor.skip_spaces();
        let digits = cursor.take_while(|byte| byte.is_ascii_digit());
        let response = grammar::number(digits)
            .and_then(|number| u32::try_from(number).ok())
            .ok_or(Malformed(What::Number))?;
        if cursor.take_while(grammar::is_space).is_empty() {
            return Err(Malformed(What::Number));
        }
        Ok(RAck { response, request: cursor.rest().parse()? })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.response, self.request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Method;

    #[test]
    fn the_example_of_the_rfc_is_read_and_written() {
        let rack: RAck = "776656 1 INVITE".parse().unwrap();
        assert_eq!(rack, RAck { response: 776_656, request: CSeq { number: 1, method: Method::INVITE } });
        assert_eq!(rack.to_string(), "776656 1 INVITE");
        assert_eq!(" 1 \t2   INVITE ".parse::<RAck>().unwrap().to_string(), "1 2 INVITE");
    }

    #[test]
    fn what_lacks_a_part_is_no_acknowledgement() {
        for text in
            ["", "1", "1 INVITE", "1 2", "x 1 INVITE", "4294967296 1 INVITE", "1 1 INVITE x", "-1 1 INVITE"]
        {
            assert!(text.parse::<RAck>().is_err(), "{text}");
        }
    }
}
