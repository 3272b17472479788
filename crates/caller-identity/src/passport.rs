//! The token: a PASSporT (RFC 8225), with the claims of `shaken` (RFC 8588).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::JSON_DEPTH_MAX;
use crate::party::{Party, canonical};
use crate::verdict::{Attestation, Failure};

/// The longest `origid`: twice a UUID.
const ORIGID_BYTES_MAX: usize = 72;

/// The JOSE header (RFC 8225 §4).
#[derive(Debug, Deserialize)]
pub(crate) struct Jose {
    alg: String,
    typ: String,
    pub(crate) x5u: String,
    pub(crate) ppt: Option<String>,
    crit: Option<IgnoredAny>,
}

impl Jose {
    pub(crate) fn read(base64: &str) -> Result<Self, Failure> {
        let jose: Jose = json(base64)?;
        if !jose.typ.eq_ignore_ascii_case("passport") {
            return Err(Failure::TokenMalformed);
        }
        // RFC 7515 §4.1.11: what is critical must be understood.
        if jose.alg != "ES256" || jose.crit.is_some() {
            return Err(Failure::AlgorithmUnsupported);
        }
        Ok(jose)
    }
}

#[derive(Deserialize)]
struct Payload {
    attest: Option<String>,
    dest: Destinations,
    iat: u64,
    orig: Origin,
    origid: Option<String>,
}

#[derive(Deserialize)]
struct Origin {
    tn: Option<String>,
    uri: Option<String>,
}

#[derive(Deserialize)]
struct Destinations {
    #[serde(default)]
    tn: Vec<String>,
    #[serde(default)]
    uri: Vec<String>,
}

/// What the signer says of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) origin: Party,
    pub(crate) destinations: Vec<Party>,
    /// When it was signed: seconds since the Unix epoch.
    pub(crate) iat: u64,
    pub(crate) attestation: Option<Attestation>,
    pub(crate) origid: Option<String>,
}

impl Claims {
    pub(crate) fn read(base64: &str, shaken: bool) -> Result<Self, Failure> {
        let Payload { attest, dest, iat, orig, origid } = json(base64)?;
        let origin = match (orig.tn, orig.uri) {
            (Some(number), None) => canonical(&number).map(Party::Number),
            (None, Some(uri)) => Party::read(&uri),
            _ => None,
        };
        let origin = origin.ok_or(Failure::TokenMalformed)?;
        let numbers = dest.tn.iter().map(|number| canonical(number).map(Party::Number));
        let destinations: Option<Vec<_>> =
            numbers.chain(dest.uri.iter().map(|uri| Party::read(uri))).collect();
        let destinations =
            destinations.filter(|parties| !parties.is_empty()).ok_or(Failure::TokenMalformed)?;
        if !shaken {
            return Ok(Claims { origin, destinations, iat, attestation: None, origid: None });
        }
        let attestation = attest.as_deref().and_then(Attestation::from_claim);
        let origid = origid.filter(|id| {
            !id.is_empty() && id.len() <= ORIGID_BYTES_MAX && id.bytes().all(|byte| byte.is_ascii_graphic())
        });
        if attestation.is_none() || origid.is_none() {
            return Err(Failure::TokenMalformed);
        }
        Ok(Claims { origin, destinations, iat, attestation, origid })
    }
}

/// What a compact token was signed over: header and claims, written anew (RFC 8225 §7) in the one order and without
/// spaces (RFC 8225 §9).
pub(crate) fn compact(x5u: &str, origin: &Party, destination: &Party, iat: u64) -> String {
    // A text always becomes JSON.
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let header = format!(r#"{{"alg":"ES256","typ":"passport","x5u":{}}}"#, quoted(x5u));
    let dest = match destination {
        Party::Number(number) => format!(r#"{{"tn":[{}]}}"#, quoted(number)),
        Party::Address(uri) => format!(r#"{{"uri":[{}]}}"#, quoted(uri)),
    };
    let orig = match origin {
        Party::Number(number) => format!(r#"{{"tn":{}}}"#, quoted(number)),
        Party::Address(uri) => format!(r#"{{"uri":{}}}"#, quoted(uri)),
    };
    let payload = format!(r#"{{"dest":{dest},"iat":{iat},"orig":{orig}}}"#);
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

pub(crate) fn decode(base64: &str) -> Result<Vec<u8>, Failure> {
    URL_SAFE_NO_PAD.decode(base64).map_err(|_| Failure::TokenMalformed)
}

/// One JSON object. Its size is bounded by the header's; its depth is looked at before anything is built from it.
fn json<T: for<'de> Deserialize<'de>>(base64: &str) -> Result<T, Failure> {
    let bytes = decode(base64)?;
    if depth(&bytes) > JSON_DEPTH_MAX {
        return Err(Failure::TokenMalformed);
    }
    serde_json::from_slice(&bytes).map_err(|_| Failure::TokenMalformed)
}

fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_within_texts_are_not_deep() {
        assert_eq!(depth(br#"{"a":[{"b":"[[[\"{{{"}]}"#), 3);
        assert_eq!(depth(b"]]][[[["), 4);
    }

    #[test]
    fn the_compact_claims_are_written_in_the_one_order() {
        let number = |digits: &str| Party::Number(digits.into());
        let signed =
            compact("https://c.example/a", &number("12155551212"), &number("12155551213"), 1_443_208_345);
        let (header, payload) = signed.split_once('.').expect("two parts");
        let read = |text| String::from_utf8(decode(text).expect("base64")).expect("text");
        assert_eq!(read(header), r#"{"alg":"ES256","typ":"passport","x5u":"https://c.example/a"}"#);
        let claims = r#"{"dest":{"tn":["12155551213"]},"iat":1443208345,"orig":{"tn":"12155551212"}}"#;
        assert_eq!(read(payload), claims);
    }
}
