//! WWW-Authenticate and Proxy-Authenticate (RFC 3261 §20.27, §20.44; RFC 7616, RFC 8760).

use crate::error::{Malformed, What};
use crate::grammar::{self, Cursor, Quoted};
use crate::header::auth_parameters::AuthParameters;
use std::fmt;

/// A challenge of a server. Of another scheme than `Digest` only the scheme and the realm mean something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Such as `Digest`, as it came.
    pub scheme: String,
    /// Whose password is asked for.
    pub realm: String,
    /// The nonce; empty only if the scheme is not `Digest`.
    pub nonce: String,
    /// To be sent back as it is.
    pub opaque: Option<String>,
    /// The algorithm as it came, such as `SHA-256`; none means MD5.
    pub algorithm: Option<String>,
    /// The qualities of protection on offer, in lower case: `auth`, `auth-int`. Empty means RFC 2069.
    pub qop: Vec<String>,
    /// Whether only the nonce was too old: the password need not be asked for again.
    pub stale: bool,
    /// The domain of protection.
    pub domain: Option<String>,
}

impl Challenge {
    /// A digest challenge with `qop="auth"`.
    pub fn digest(realm: &str, nonce: &str, algorithm: &str) -> Self {
        Challenge {
            scheme: "Digest".to_owned(),
            realm: realm.to_owned(),
            nonce: nonce.to_owned(),
            opaque: None,
            algorithm: Some(algorithm.to_owned()),
            qop: vec!["auth".to_owned()],
            stale: false,
            domain: None,
        }
    }

    /// Whether the scheme is `Digest`.
    pub fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("Digest")
    }

    /// Reads one header line. The RFC has one challenge a line; several, as HTTP writes them, are read too.
    pub(crate) fn read_line(text: &str) -> Result<Vec<Challenge>, Malformed> {
        let mut cursor = Cursor::new(text);
        let mut challenges = Vec::new();
        while !cursor.at_end() {
            let (scheme, parameters) = AuthParameters::read(&mut cursor)?;
            challenges.push(Challenge::from_parameters(scheme, &parameters)?);
        }
        Ok(challenges)
    }

    fn from_parameters(scheme: &str, parameters: &AuthParameters<'_>) -> Result<Self, Malformed> {
        let is_digest = scheme.eq_ignore_ascii_case("Digest");
        let wanted = |name| match parameters.get(name) {
            Some(value) => Ok(value),
            None if is_digest => Err(Malformed(What::Digest)),
            None => Ok(String::new()),
        };
        let qop = parameters.get("qop").unwrap_or_default();
        Ok(Challenge {
            scheme: scheme.to_owned(),
            realm: wanted("realm")?,
            nonce: wanted("nonce")?,
            opaque: parameters.get("opaque"),
            algorithm: parameters.get("algorithm"),
            qop: grammar::pieces(&qop).map(str::to_ascii_lowercase).collect(),
            stale: parameters.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            domain: parameters.get("domain"),
        })
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} realm={}", self.scheme, Quoted(&self.realm))?;
        if !self.nonce.is_empty() {
            write!(f, ", nonce={}", Quoted(&self.nonce))?;
        }
        if let Some(domain) = &self.domain {
            write!(f, ", domain={}", Quoted(domain))?;
        }
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque={}", Quoted(opaque))?;
        }
        if self.stale {
            f.write_str(", stale=true")?;
        }
        if let Some(algorithm) = &self.algorithm {
            write!(f, ", algorithm={algorithm}")?;
        }
        if !self.qop.is_empty() {
            write!(f, ", qop={}", Quoted(&self.qop.join(",")))?;
        }
        Ok(())
    }
}
