//! Replaces (RFC 3891 §6.1): the dialog whose place a call takes.

use crate::error::{Malformed, What};
use crate::grammar::Cursor;
use crate::parameters::Parameters;
use std::fmt;
use std::str::FromStr;

/// The name of a dialog as who receives the header sees it: `to_tag` is its own tag. `Debug` hides the tags: who knows
/// them may take the call over.
#[derive(Clone, PartialEq, Eq)]
pub struct Replaces {
    /// The Call-ID.
    pub call_id: String,
    /// The tag of who receives the header.
    pub to_tag: String,
    /// The tag of the other side.
    pub from_tag: String,
    /// Only while the dialog is early.
    pub early_only: bool,
}

impl FromStr for Replaces {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(text);
        cursor.skip_spaces();
        let call_id = cursor.take_while(|byte| byte > b' ' && byte < 0x7f && !matches!(byte, b';' | b','));
        let parameters = Parameters::read(&mut cursor)?;
        cursor.skip_spaces();
        if call_id.is_empty() || !cursor.at_end() {
            return Err(Malformed(What::End));
        }
        // RFC 3891 §6.1: exactly one of each.
        let one = |name: &str| {
            let mut found = parameters.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            match (found.next(), found.next()) {
                (Some((_, Some(value))), None) => Ok(value.to_owned()),
                _ => Err(Malformed(What::Parameter)),
            }
        };
        Ok(Replaces {
            call_id: call_id.to_owned(),
            to_tag: one("to-tag")?,
            from_tag: one("from-tag")?,
            early_only: parameters.contains("early-only"),
        })
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        f.write_str(if self.early_only { ";early-only" } else { "" })
    }
}

impl fmt::Debug for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replaces").field("call_id", &self.call_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_are_read_and_written() {
        for text in [
            "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff",
            "12adf2f34456gs5;to-tag=12345;from-tag=54321;early-only",
            "87134@171.161.34.23;to-tag=24796;from-tag=0",
        ] {
            let replaces: Replaces = text.parse().expect("a Replaces");
            assert_eq!(replaces.to_string().parse::<Replaces>(), Ok(replaces), "{text}");
        }
        let replaces: Replaces = "a@b ;from-tag=1 ; TO-TAG=2;Early-Only".parse().expect("a Replaces");
        assert_eq!(replaces.to_string(), "a@b;to-tag=2;from-tag=1;early-only");
        assert!(!format!("{replaces:?}").contains("tag"));
    }

    #[test]
    fn what_names_no_dialog_is_malformed() {
        for text in [
            "",
            "a",
            "a;to-tag=1",
            "a;from-tag=1",
            "a;to-tag;from-tag=1",
            "a;to-tag=1;to-tag=2;from-tag=3",
            "a;to-tag=1;from-tag=2, b;to-tag=1;from-tag=2",
            ";to-tag=1;from-tag=2",
            "a b;to-tag=1;from-tag=2",
        ] {
            assert!(text.parse::<Replaces>().is_err(), "{text}");
        }
    }
}
