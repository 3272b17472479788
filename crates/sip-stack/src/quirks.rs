//! What a client is known to trip over, as data: by what it says of itself.

use crate::digest::Algorithm;

/// How `User-Agent` begins where libre gives up at a challenge whose hash it does not know, wherever it stands, though
/// RFC 8760 §2.4 has it passed over: baresip 1.0 and before, as Debian 12 has it.
const MD5_OR_NOTHING: [&str; 2] = ["baresip v0.", "baresip v1.0"];

/// The hashes that are offered to a client. Whoever could forge its name could strip the challenge as well.
pub(crate) fn digests_for(user_agent: Option<&str>, offered: &[Algorithm]) -> Vec<Algorithm> {
    let trips = user_agent.is_some_and(|name| MD5_OR_NOTHING.iter().any(|start| name.starts_with(start)));
    if trips && offered.contains(&Algorithm::Md5) { vec![Algorithm::Md5] } else { offered.to_vec() }
}
