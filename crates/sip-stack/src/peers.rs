//! Which listed peer a request comes from: by its address, by its certificate, or by both.

use crate::input::Flow;
use crate::settings::PeerRule;

impl PeerRule {
    /// Whether who comes over a flow, and proved these names by its certificate, is this peer. What the rule names must
    /// fit; a rule that names nothing is nobody.
    pub(crate) fn is(&self, flow: Flow, proved: &[String]) -> bool {
        if self.secure && !flow.transport.is_secure() {
            return false;
        }
        let ip = flow.remote.ip().to_canonical();
        let by_address = self.addresses.iter().any(|address| address.to_canonical() == ip);
        let by_name =
            self.certificate_names.iter().any(|name| proved.iter().any(|proof| proves(proof, name)));
        match (self.addresses.is_empty(), self.certificate_names.is_empty()) {
            (true, true) => false,
            (false, true) => by_address,
            (true, false) => by_name,
            (false, false) => by_address && by_name,
        }
    }
}

/// Whether a name in a certificate proves the one that is expected: the same, whatever the case (RFC 5922 §7.2).
///
/// Deviation: RFC 5922 §7.2 lets no wildcard match. PBXs and session border controllers do come with `*.example.com`
/// (Microsoft documents it for those that are connected to Teams), so a star counts as one whole first label, in front of
/// two labels at least, never within a label or further behind (RFC 6125 §6.4.3). Held by `certificates::a_wildcard_…`.
fn proves(proof: &str, expected: &str) -> bool {
    let (proof, expected) = (proof.trim_end_matches('.'), expected.trim_end_matches('.'));
    if proof.is_empty() || expected.is_empty() {
        return false;
    }
    let Some(parent) = proof.strip_prefix("*.") else { return proof.eq_ignore_ascii_case(expected) };
    let is_domain = parent.contains('.') && !parent.contains('*');
    let below = expected.split_once('.').filter(|(label, _)| !label.is_empty());
    is_domain && below.is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_whole_and_a_star_is_one_first_label() {
        for (proof, expected, matches) in [
            ("sbc.example.com", "SBC.Example.com.", true),
            ("example.com", "sbc.example.com", false),
            ("sbc.example.com", "example.com", false),
            ("*.example.com", "sbc.example.com", true),
            ("*.example.com", "a.sbc.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.com", "example.com", false),
            ("s*.example.com", "sbc.example.com", false),
            ("sbc.*.com", "sbc.example.com", false),
            ("*.*.com", "sbc.example.com", false),
            ("*", "sbc.example.com", false),
            ("sbc.example.com", "*.example.com", false),
            ("", "", false),
        ] {
            assert_eq!(proves(proof, expected), matches, "{proof} {expected}");
        }
    }
}
