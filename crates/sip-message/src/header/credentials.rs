//! Authorization and Proxy-Authorization (RFC 3261 §20.7, §20.28; RFC 7616 §3.4, RFC 8760).

use crate::error::{Malformed, What};
use crate::grammar::{Cursor, Quoted};
use crate::header::auth_parameters::AuthParameters;
use crate::mask::masked;
use std::fmt;

/// The answer to a digest challenge. `Debug` hides what a password could be guessed by.
#[derive(Clone, PartialEq, Eq)]
pub struct DigestCredentials {
    /// Whose.
    pub username: String,
    /// The realm of the challenge.
    pub realm: String,
    /// The nonce of the challenge.
    pub nonce: String,
    /// The URI that was hashed, as it came.
    pub uri: String,
    /// The proof, in hexadecimal digits.
    pub response: String,
    /// The algorithm as it came; none means MD5.
    pub algorithm: Option<String>,
    /// The client's nonce.
    pub cnonce: Option<String>,
    /// The quality of protection as it came.
    pub qop: Option<String>,
    /// The nonce count as it came, because these very digits are hashed.
    pub nc: Option<String>,
    /// From the challenge.
    pub opaque: Option<String>,
}

impl fmt::Debug for DigestCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestCredentials")
            .field("username", &masked(&self.username))
            .field("realm", &self.realm)
            .field("algorithm", &self.algorithm)
            .field("qop", &self.qop)
            .field("nc", &self.nc)
            .finish_non_exhaustive()
    }
}

impl DigestCredentials {
    /// The nonce count: eight hexadecimal digits (RFC 7616 §3.4).
    pub fn nonce_count(&self) -> Option<u32> {
        let digits = self.nc.as_deref()?;
        let sound = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if sound { u32::from_str_radix(digits, 16).ok() } else { None }
    }

    /// Reads one header line. `None` if the scheme is another one.
    pub(crate) fn read_line(text: &str) -> Result<Option<DigestCredentials>, Malformed> {
        let mut cursor = Cursor::new(text);
        let is_digest = {
            let mut ahead = cursor.clone();
            ahead.skip_spaces();
            ahead.token()?.eq_ignore_ascii_case("Digest")
        };
        if !is_digest {
            return Ok(None);
        }
        let (_, parameters) = AuthParameters::read(&mut cursor)?;
        if !cursor.at_end() {
            return Err(Malformed(What::End));
        }
        let wanted = |name| parameters.get(name).ok_or(Malformed(What::Digest));
        Ok(Some(DigestCredentials {
            username: wanted("username")?,
            realm: wanted("realm")?,
            nonce: wanted("nonce")?,
            uri: wanted("uri")?,
            response: wanted("response")?,
            algorithm: parameters.get("algorithm"),
            cnonce: parameters.get("cnonce"),
            qop: parameters.get("qop"),
            nc: parameters.get("nc"),
            opaque: parameters.get("opaque"),
        }))
    }
}

impl fmt::Display for DigestCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Digest username={}, realm={}, nonce={}, uri={}, response={}",
            Quoted(&self.username),
            Quoted(&self.realm),
            Quoted(&self.nonce),
            Quoted(&self.uri),
            Quoted(&self.response),
        )?;
        for (name, value) in [("algorithm", &self.algorithm), ("qop", &self.qop), ("nc", &self.nc)] {
            if let Some(value) = value {
                write!(f, ", {name}={value}")?;
            }
        }
        for (name, value) in [("cnonce", &self.cnonce), ("opaque", &self.opaque)] {
            if let Some(value) = value {
                write!(f, ", {name}={}", Quoted(value))?;
            }
        }
        Ok(())
    }
}
