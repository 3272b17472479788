//! History-Info (RFC 7044).

use crate::error::{Malformed, What};
use crate::header::privacy::Privacy;
use crate::name_addr::NameAddr;
use std::fmt;
use std::str::FromStr;

/// How deep an index may go: more is a loop, or an attack.
const DEPTH_MAX: usize = 32;

/// One target that the call had on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The target, with the parameters of the header; Reason and Privacy stand behind `?` in its URI.
    pub address: NameAddr,
    /// Where in the tree of targets it is: `1.2.1`.
    pub index: Vec<u32>,
}

impl HistoryEntry {
    /// Whether this target was itself reached by changing who is called, rather than by routing: `mp` or `rc`.
    pub fn is_retargeted(&self) -> bool {
        self.address.parameters.contains("mp") || self.address.parameters.contains("rc")
    }

    /// Whether the target is not to be shown: `Privacy=history` behind its URI (RFC 7044 §10.1.1).
    pub fn is_private(&self) -> bool {
        let Some(uri) = self.address.uri.as_sip() else { return false };
        let mut fields = uri.header_fields();
        fields.any(|(name, value)| {
            let privacy: Privacy = value.parse().unwrap_or_default();
            name.eq_ignore_ascii_case("privacy") && (privacy.history || privacy.hides_caller())
        })
    }
}

impl FromStr for HistoryEntry {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let address: NameAddr = text.parse()?;
        let index = address.parameters.get("index").ok_or(Malformed(What::Number))?;
        let index = index.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>();
        match index {
            Ok(index) if index.len() <= DEPTH_MAX => Ok(HistoryEntry { address, index }),
            _ => Err(Malformed(What::Number)),
        }
    }
}

impl fmt::Display for HistoryEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_its_place_in_the_tree() {
        let entry: HistoryEntry =
            "<sip:office@a?Reason=SIP%3Bcause%3D302&Privacy=history>;index=1.2.1;mp=1.2"
                .parse()
                .expect("an entry");
        assert_eq!(entry.index, [1, 2, 1]);
        assert!(entry.is_retargeted() && entry.is_private());
        let plain: HistoryEntry = "<sip:+4930123@a>;index=1".parse().expect("an entry");
        assert!(!plain.is_retargeted() && !plain.is_private());
    }

    #[test]
    fn a_place_that_is_none_is_refused() {
        let deep = format!("<sip:a@b>;index=1{}", ".1".repeat(40));
        for text in
            ["<sip:a@b>", "<sip:a@b>;index=", "<sip:a@b>;index=1..2", "<sip:a@b>;index=99999999999", &deep]
        {
            assert!(text.parse::<HistoryEntry>().is_err(), "{text}");
        }
    }
}
