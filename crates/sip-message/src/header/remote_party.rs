//! Remote-Party-ID (draft-ietf-sip-privacy-04), which RFC 3325 replaced and many PBXs still send.

use crate::error::Malformed;
use crate::name_addr::NameAddr;
use std::fmt;
use std::str::FromStr;

/// Who a party is, as the network says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteParty {
    /// The party, with the parameters of the header.
    pub address: NameAddr,
}

impl RemoteParty {
    /// Whether it is about the caller: `party=calling`, or nothing is said in a request.
    pub fn is_calling(&self) -> bool {
        self.is("party", "calling") || !self.address.parameters.contains("party")
    }

    /// `screen=yes`: the network looked, and the number is the party's.
    pub fn is_screened(&self) -> bool {
        self.is("screen", "yes")
    }

    /// Whether the party does not want to be shown: `privacy=full`, or at least not its number.
    pub fn hides_party(&self) -> bool {
        let asked = self.address.parameters.unquoted("privacy").unwrap_or_default().to_ascii_lowercase();
        asked.split([';', ',']).any(|word| matches!(word.trim(), "full" | "uri" | "id"))
    }

    fn is(&self, parameter: &str, value: &str) -> bool {
        self.address.parameters.get(parameter).is_some_and(|said| said.eq_ignore_ascii_case(value))
    }
}

impl FromStr for RemoteParty {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse().map(|address| RemoteParty { address })
    }
}

impl fmt::Display for RemoteParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_of_the_caller() {
        let of = |text: &str| {
            let party: RemoteParty = text.parse().expect("a header");
            (party.is_calling(), party.is_screened(), party.hides_party())
        };
        assert_eq!(of("<sip:1@a>;party=calling;screen=yes;privacy=off"), (true, true, false));
        assert_eq!(of("\"A\" <sip:1@a>;screen=no;privacy=full"), (true, false, true));
        assert_eq!(of("<sip:1@a>;party=called;id-type=subscriber"), (false, false, false));
        assert_eq!(of("<sip:1@a>;privacy=\"name;uri\""), (true, false, true));
    }
}
