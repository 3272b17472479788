//! Diversion (RFC 5806).

use crate::error::Malformed;
use crate::grammar;
use crate::name_addr::NameAddr;
use std::fmt;
use std::str::FromStr;

/// One diversion: who was called, and why the call went on. The latest stands first (RFC 5806 §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diversion {
    /// Who was called, with the parameters of the header.
    pub address: NameAddr,
}

impl Diversion {
    /// `unconditional`, `user-busy`, `no-answer` and others; lower case.
    pub fn reason(&self) -> Option<String> {
        self.address.parameters.unquoted("reason").map(|reason| reason.to_ascii_lowercase())
    }

    /// How many diversions this line stands for; at least this one.
    pub fn counter(&self) -> u32 {
        let said = self.address.parameters.get("counter").and_then(grammar::number);
        said.and_then(|count| u32::try_from(count).ok()).unwrap_or(1).max(1)
    }

    /// Whether who was called does not want to be shown: `privacy` other than `off`.
    pub fn is_private(&self) -> bool {
        self.address.parameters.unquoted("privacy").is_some_and(|asked| !asked.eq_ignore_ascii_case("off"))
    }
}

impl FromStr for Diversion {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse().map(|address| Diversion { address })
    }
}

impl fmt::Display for Diversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_parameters_mean_what_the_rfc_says() {
        let of = |text: &str| {
            let diversion: Diversion = text.parse().expect("a header");
            (diversion.reason(), diversion.counter(), diversion.is_private())
        };
        let full = "\"Office\" <tel:+4930123>;reason=No-Answer;counter=2;privacy=full;screen=yes";
        assert_eq!(of(full), (Some("no-answer".to_owned()), 2, true));
        assert!(!of("<sip:+4930123@a>;reason=\"unconditional\";privacy=off").2);
        assert_eq!(of("<sip:+4930123@a>;counter=0"), (None, 1, false));
        assert_eq!(of("<sip:+4930123@a>;counter=99999999999999").1, 1);
    }
}
