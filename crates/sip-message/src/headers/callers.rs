//! The headers that say who calls and by which way the call came, as what they mean.
//!
//! What cannot be read is passed over: who writes a broken `Diversion` shall not lose the call for it.

use crate::grammar;
use crate::header::diversion::Diversion;
use crate::header::history_info::HistoryEntry;
use crate::header::privacy::Privacy;
use crate::header::remote_party::RemoteParty;
use crate::header_name::HeaderName;
use crate::headers::Headers;
use crate::name_addr::NameAddr;
use std::str::FromStr;

/// Values of one such header that are looked at; more say nothing more.
const VALUES_MAX: usize = 32;

impl Headers {
    /// Every readable P-Asserted-Identity (RFC 3325 §9.1).
    pub fn asserted_identities(&self) -> Vec<NameAddr> {
        self.readable(HeaderName::PAssertedIdentity)
    }

    /// What all Privacy headers ask for together (RFC 3323 §4.2).
    pub fn privacy(&self) -> Privacy {
        let all: Vec<&str> = self.get_all(HeaderName::Privacy).take(VALUES_MAX).collect();
        all.join(";").parse().unwrap_or_default()
    }

    /// Every readable Remote-Party-ID.
    pub fn remote_parties(&self) -> Vec<RemoteParty> {
        self.readable(HeaderName::RemotePartyId)
    }

    /// Every readable Diversion, the latest first (RFC 5806 §4).
    pub fn diversions(&self) -> Vec<Diversion> {
        self.readable(HeaderName::Diversion)
    }

    /// Every readable History-Info, the first target first (RFC 7044 §10.3).
    pub fn history(&self) -> Vec<HistoryEntry> {
        let mut entries: Vec<HistoryEntry> = self.readable(HeaderName::HistoryInfo);
        entries.sort_by(|one, other| one.index.cmp(&other.index));
        entries
    }

    fn readable<T: FromStr>(&self, name: HeaderName) -> Vec<T> {
        let pieces = self.get_all(name).flat_map(grammar::pieces);
        pieces.take(VALUES_MAX).filter_map(|piece| piece.parse().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lines_and_lists_count_the_same_and_what_is_broken_is_passed_over() {
        let mut headers = Headers::new();
        headers.push(
            HeaderName::Diversion,
            "<tel:+4930222>;reason=user-busy, <tel:+4930111>;reason=unconditional",
        );
        headers.push(HeaderName::Diversion, "this is none");
        headers.push(HeaderName::HistoryInfo, "<sip:c@x>;index=1.1.1, <sip:a@x>;index=1");
        headers.push(HeaderName::HistoryInfo, "<sip:b@x>;index=1.1");
        headers.push(HeaderName::PAssertedIdentity, "\"A, B\" <sip:+49301@x>, <tel:+49301>");
        headers.push(HeaderName::Privacy, "user");
        headers.push(HeaderName::Privacy, "critical");
        assert_eq!(headers.diversions().len(), 2);
        let users: Vec<_> = headers.history().iter().filter_map(|entry| entry.address.uri.user()).collect();
        assert_eq!(users, ["a", "b", "c"]);
        assert_eq!(headers.asserted_identities().len(), 2);
        assert!(headers.privacy().user && headers.privacy().critical);
    }

    #[test]
    fn nobody_makes_this_side_read_without_end() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Diversion, "<tel:+4930222>,".repeat(2_000));
        assert_eq!(headers.diversions().len(), VALUES_MAX);
    }
}
