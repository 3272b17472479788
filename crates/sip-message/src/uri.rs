//! URIs: sip, sips (RFC 3261 §19.1), tel (RFC 3966), and any other kept whole.

mod host;
mod sip;
mod tel;

pub use host::Host;
pub(crate) use host::write_port;
pub use sip::SipUri;
pub use tel::TelUri;

use crate::error::{Malformed, What};
use std::fmt;
use std::str::FromStr;

/// A URI. `Debug` writes it like `Display`, but masks who is meant.
#[derive(Clone, PartialEq, Eq)]
pub enum Uri {
    /// `sip:` or `sips:`.
    Sip(SipUri),
    /// `tel:`.
    Tel(TelUri),
    /// Another scheme; the whole text, scheme included.
    Other(String),
}

impl Uri {
    /// The scheme, as it is compared: lower case.
    pub fn scheme(&self) -> String {
        match self {
            Uri::Sip(uri) => if uri.secure { "sips" } else { "sip" }.to_owned(),
            Uri::Tel(_) => "tel".to_owned(),
            Uri::Other(whole) => whole.split(':').next().unwrap_or_default().to_ascii_lowercase(),
        }
    }

    /// As a SIP URI, if it is one.
    pub fn as_sip(&self) -> Option<&SipUri> {
        match self {
            Uri::Sip(uri) => Some(uri),
            _ => None,
        }
    }

    /// The user of a SIP URI, unescaped, or the digits of a telephone number.
    pub fn user(&self) -> Option<String> {
        match self {
            Uri::Sip(uri) => uri.user_unescaped(),
            Uri::Tel(uri) => Some(uri.digits()),
            Uri::Other(_) => None,
        }
    }

    /// Whether both mean the same by the rules of their scheme (RFC 3261 §19.1.4, RFC 3966 §4). It is no
    /// equivalence in the sense of mathematics: parameters that only one side has may be ignored.
    pub fn equivalent(&self, other: &Uri) -> bool {
        match (self, other) {
            (Uri::Sip(one), Uri::Sip(two)) => one.equivalent(two),
            (Uri::Tel(one), Uri::Tel(two)) => one.equivalent(two),
            (Uri::Other(one), Uri::Other(two)) => one == two,
            _ => false,
        }
    }
}

impl Uri {
    /// Whether a text is a URI.
    pub(crate) fn check(text: &str) -> Result<(), Malformed> {
        let (scheme, rest) = text.split_once(':').ok_or(Malformed(What::Uri))?;
        if scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips") {
            return sip::Parts::read(rest).map(drop);
        }
        text.parse::<Uri>().map(drop)
    }
}

impl FromStr for Uri {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (scheme, rest) = text.split_once(':').ok_or(Malformed(What::Uri))?;
        if scheme.eq_ignore_ascii_case("sip") {
            return SipUri::read(false, rest).map(Uri::Sip);
        }
        if scheme.eq_ignore_ascii_case("sips") {
            return SipUri::read(true, rest).map(Uri::Sip);
        }
        if scheme.eq_ignore_ascii_case("tel") {
            return TelUri::read(rest).map(Uri::Tel);
        }
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        let is_rest = !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| !byte.is_ascii_control() && !matches!(byte, b' ' | b'<' | b'>' | b'"'));
        if is_scheme && is_rest { Ok(Uri::Other(text.to_owned())) } else { Err(Malformed(What::Uri)) }
    }
}

impl From<SipUri> for Uri {
    fn from(uri: SipUri) -> Self {
        Uri::Sip(uri)
    }
}

impl From<TelUri> for Uri {
    fn from(uri: TelUri) -> Self {
        Uri::Tel(uri)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Uri::Sip(uri) => write!(f, "{uri:?}"),
            Uri::Tel(uri) => write!(f, "{uri:?}"),
            Uri::Other(_) => write!(f, "{}:…", self.scheme()),
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Uri::Sip(uri) => fmt::Display::fmt(uri, f),
            Uri::Tel(uri) => fmt::Display::fmt(uri, f),
            Uri::Other(whole) => f.write_str(whole),
        }
    }
}
