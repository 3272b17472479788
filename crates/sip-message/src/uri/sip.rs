//! `sip:` and `sips:` (RFC 3261 §19.1).

use crate::error::{Malformed, What};
use crate::grammar;
use crate::mask::masked;
use crate::parameters::Parameters;
use crate::uri::{Host, write_port};
use std::fmt;

/// A SIP or SIPS URI. User, password and headers are kept as they came, with their escapes.
/// `Debug` writes it like `Display`, but masks the user and hides the password and the headers.
#[derive(Clone, PartialEq, Eq)]
pub struct SipUri {
    /// Whether it is `sips:`.
    pub secure: bool,
    /// The user part, escaped; [`user_unescaped`](Self::user_unescaped) says what it means.
    pub user: Option<String>,
    /// The password, escaped. Never log it.
    pub password: Option<String>,
    /// The host.
    pub host: Host,
    /// The port, if one is named.
    pub port: Option<u16>,
    /// The parameters of the URI (not of the header it stands in).
    pub parameters: Parameters,
    /// What stands behind `?`, escaped.
    pub headers: Option<String>,
}

impl SipUri {
    /// `sip:user@host:port`. The user is escaped where it must be.
    pub fn new(user: Option<&str>, host: impl Into<Host>, port: Option<u16>) -> Self {
        SipUri {
            secure: false,
            user: user.map(escape_user),
            password: None,
            host: host.into(),
            port,
            parameters: Parameters::new(),
            headers: None,
        }
    }

    /// What the user part means. Bytes that are not UTF-8 become U+FFFD.
    pub fn user_unescaped(&self) -> Option<String> {
        self.user.as_ref().map(|user| String::from_utf8_lossy(&grammar::unescape(user)).into_owned())
    }

    /// The `transport` parameter, such as `udp`.
    pub fn transport(&self) -> Option<&str> {
        self.parameters.get("transport")
    }

    /// Whether it has the `lr` parameter: loose routing (RFC 3261 §16.12).
    pub fn is_loose_router(&self) -> bool {
        self.parameters.contains("lr")
    }

    /// Name and value of each header behind `?`, unescaped (RFC 3261 §19.1.1).
    pub fn header_fields(&self) -> impl Iterator<Item = (String, String)> {
        let said = |text: &str| String::from_utf8_lossy(&grammar::unescape(text)).into_owned();
        self.headers.iter().flat_map(|headers| headers.split('&')).map(move |field| {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            (said(name), said(value))
        })
    }

    /// Adds a header behind `?`, escaped: `Replaces` in a Refer-To (RFC 3891 §4).
    pub fn add_header_field(&mut self, name: &str, value: &str) {
        let field = format!("{}={}", escape(name, |_| false), escape(value, |_| false));
        match &mut self.headers {
            Some(headers) => {
                headers.push('&');
                headers.push_str(&field);
            }
            None => self.headers = Some(field),
        }
    }

    /// Reads what stands behind `sip:` or `sips:`.
    pub(crate) fn read(secure: bool, text: &str) -> Result<Self, Malformed> {
        let Parts { user, password, host, port, parameters, headers } = Parts::read(text)?;
        Ok(SipUri {
            secure,
            user: user.map(str::to_owned),
            password: password.map(str::to_owned),
            host,
            port,
            parameters,
            headers: headers.map(str::to_owned),
        })
    }

    /// RFC 3261 §19.1.4.
    pub(crate) fn equivalent(&self, other: &SipUri) -> bool {
        self.secure == other.secure
            && same_escaped(self.user.as_deref(), other.user.as_deref())
            && same_escaped(self.password.as_deref(), other.password.as_deref())
            && self.host == other.host
            && self.port == other.port
            && parameters_agree(&self.parameters, &other.parameters)
            && headers_agree(self, other)
    }
}

/// What a SIP URI is made of, in words borrowed from its text.
pub(crate) struct Parts<'a> {
    user: Option<&'a str>,
    password: Option<&'a str>,
    host: Host,
    port: Option<u16>,
    parameters: Parameters,
    headers: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Reads what stands behind `sip:` or `sips:`.
    pub(crate) fn read(text: &'a str) -> Result<Self, Malformed> {
        let (user_part, rest) = match text.split_once('@') {
            Some((user_part, rest)) => (Some(user_part), rest),
            None => (None, text),
        };
        let (user, password) = match user_part {
            Some(part) => match part.split_once(':') {
                Some((user, password)) => (Some(user), Some(password)),
                None => (Some(part), None),
            },
            None => (None, None),
        };
        if user == Some("") || ![user, password].into_iter().flatten().all(is_user_text) {
            return Err(Malformed(What::Uri));
        }
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, Some(headers)),
            None => (rest, None),
        };
        if headers.is_some_and(|headers| headers.is_empty() || !is_user_text(headers)) {
            return Err(Malformed(What::Uri));
        }
        let (place, parameters) = match rest.split_once(';') {
            Some((place, parameters)) => (place, Parameters::read_in_uri(parameters)?),
            None => (rest, Parameters::new()),
        };
        let (host, port) = Host::read_with_port(place)?;
        Ok(Parts { user, password, host, port, parameters, headers })
    }
}

/// Wider than the grammar: whatever cannot be mistaken for something else, so that a telephone that forgets to escape
/// a `#` is still understood.
fn is_user_text(text: &str) -> bool {
    let is_user_byte =
        |byte: u8| !byte.is_ascii_control() && !matches!(byte, b' ' | b'<' | b'>' | b'"' | b'@' | b'\\');
    text.bytes().all(is_user_byte) && grammar::escapes_are_whole(text)
}

fn escape_user(user: &str) -> String {
    escape(user, |byte| matches!(byte, b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/'))
}

/// Everything but `unreserved` (RFC 3261 §25.1) and what `bare` lets stand.
fn escape(text: &str, bare: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => escaped.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() || bare(byte) => escaped.push(char::from(byte)),
            _ => {
                escaped.push('%');
                for nibble in [byte >> 4, byte & 15] {
                    escaped.extend(
                        char::from_digit(u32::from(nibble), 16).map(|digit| digit.to_ascii_uppercase()),
                    );
                }
            }
        }
    }
    escaped
}

fn same_escaped(one: Option<&str>, two: Option<&str>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => one == two || grammar::unescape(one) == grammar::unescape(two),
        (None, None) => true,
        _ => false,
    }
}

/// These never match when only one side has them. `transport` stands among them by the examples of
/// RFC 3261 §19.1.4: it may resolve to another place.
const NEVER_IGNORED: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

fn parameters_agree(one: &Parameters, two: &Parameters) -> bool {
    let agrees = |one: &Parameters, two: &Parameters| {
        // The first of a name counts, should it be there twice.
        one.iter().all(|(name, _)| match two.contains(name) {
            true => match (one.get(name), two.get(name)) {
                (Some(one), Some(two)) => {
                    grammar::unescape(one).eq_ignore_ascii_case(&grammar::unescape(two))
                }
                (one, two) => one == two,
            },
            false => !NEVER_IGNORED.iter().any(|never| never.eq_ignore_ascii_case(name)),
        })
    };
    agrees(one, two) && agrees(two, one)
}

fn headers_agree(one: &SipUri, two: &SipUri) -> bool {
    let sorted = |uri: &SipUri| {
        let mut fields: Vec<_> =
            uri.header_fields().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        fields.sort();
        fields
    };
    one.headers == two.headers || sorted(one) == sorted(two)
}

impl fmt::Debug for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_place(
            f,
            self.user.as_deref().map(masked).as_deref(),
            self.password.as_ref().map(|_| "…"),
        )?;
        if self.headers.is_some() { f.write_str("?…") } else { Ok(()) }
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_place(f, self.user.as_deref(), self.password.as_deref())?;
        match &self.headers {
            Some(headers) => write!(f, "?{headers}"),
            None => Ok(()),
        }
    }
}

impl SipUri {
    /// All but the headers.
    fn write_place(
        &self,
        f: &mut fmt::Formatter<'_>,
        user: Option<&str>,
        password: Option<&str>,
    ) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        if let Some(user) = user {
            f.write_str(user)?;
            if let Some(password) = password {
                f.write_str(":")?;
                f.write_str(password)?;
            }
            f.write_str("@")?;
        }
        fmt::Display::fmt(&self.host, f)?;
        write_port(self.port, f)?;
        fmt::Display::fmt(&self.parameters, f)
    }
}
