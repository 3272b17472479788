//! How phones prove their password: `digest = ["SHA-256", "MD5"]`.

use super::section::Section;
use frontdesk_sip_stack::DigestAlgorithm;

/// Both: each phone takes the best that it knows (RFC 8760 §2.4), as long as it passes over what it does not know.
const BOTH: [DigestAlgorithm; 2] = [DigestAlgorithm::Sha256, DigestAlgorithm::Md5];
const RULE: &str = "SHA-256, MD5 or both, the preferred one first";

pub(super) fn read(sip: &mut Section<'_, '_>) -> Vec<DigestAlgorithm> {
    let Some(listed) = sip.texts("digest") else { return BOTH.to_vec() };
    let mut digests = Vec::new();
    for text in &listed {
        match BOTH.into_iter().find(|known| known.name().eq_ignore_ascii_case(text.value)) {
            Some(known) if !digests.contains(&known) => digests.push(known),
            _ => sip.bad_at(text.line, "digest", text.value, RULE),
        }
    }
    if listed.is_empty() {
        sip.bad("digest", "[]", RULE);
    }
    digests
}
