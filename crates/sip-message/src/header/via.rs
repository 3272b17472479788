//! Via (RFC 3261 §20.42; `rport` RFC 3581; IPv6 RFC 5118).

use crate::error::{Malformed, What};
use crate::grammar::{self, Cursor};
use crate::parameters::Parameters;
use crate::uri::{Host, write_port};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// One hop of the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// The transport as it came, such as `UDP`.
    pub transport: String,
    /// The host of sent-by.
    pub host: Host,
    /// The port of sent-by.
    pub port: Option<u16>,
    /// `branch`, `received`, `rport` and others.
    pub parameters: Parameters,
}

impl Via {
    /// What a branch begins with since RFC 3261 (§8.1.1.7).
    pub const MAGIC_COOKIE: &'static str = "z9hG4bK";

    /// The `branch` parameter.
    pub fn branch(&self) -> Option<&str> {
        self.parameters.get("branch")
    }

    /// Whether the branch is one of RFC 3261, which names its transaction alone: the magic cookie and something
    /// behind it (RFC 4475 §3.2.1: the cookie by itself names nothing).
    pub fn has_rfc3261_branch(&self) -> bool {
        let cookie = Self::MAGIC_COOKIE;
        self.branch().is_some_and(|branch| {
            branch.len() > cookie.len()
                && branch.get(..cookie.len()).is_some_and(|start| start.eq_ignore_ascii_case(cookie))
        })
    }

    /// The `received` parameter; IPv6 with brackets or without (RFC 5118 §4.5).
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.parameters.get("received")?;
        text.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// Sets the `received` parameter. IPv6 is written without brackets, as RFC 3261 §25.1 has it.
    pub fn set_received(&mut self, address: IpAddr) {
        self.parameters.set("received", Some(&address.to_string()));
    }

    /// The `rport` parameter: `None` if it is not there, `Some(None)` if it asks, `Some(Some(port))` if it tells.
    pub fn rport(&self) -> Option<Option<u16>> {
        if !self.parameters.contains("rport") {
            return None;
        }
        Some(self.parameters.get("rport").and_then(grammar::number).and_then(|port| u16::try_from(port).ok()))
    }

    /// Tells the port that a request came from (RFC 3581 §4).
    pub fn set_rport(&mut self, port: u16) {
        self.parameters.set("rport", Some(&port.to_string()));
    }

    /// Asks the server to tell the port that it saw (RFC 3581 §3).
    pub fn ask_rport(&mut self) {
        self.parameters.set("rport", None);
    }
}

impl FromStr for Via {
    type Err = Malformed;

    /// The version of SIP is read over: a request of another version must be answered by its Via
    /// (RFC 4475 §3.1.2.16), and it is the first line that says which version counts.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(text);
        cursor.skip_spaces();
        let protocol = cursor.token().map_err(|_| Malformed(What::Protocol))?;
        let slash = cursor.eat_spaced(b'/');
        let version = cursor.token().map_err(|_| Malformed(What::Protocol))?;
        if !protocol.eq_ignore_ascii_case("SIP")
            || !slash
            || !version.starts_with(|c: char| c.is_ascii_digit())
        {
            return Err(Malformed(What::Protocol));
        }
        if !cursor.eat_spaced(b'/') {
            return Err(Malformed(What::Protocol));
        }
        let transport = cursor.token().map_err(|_| Malformed(What::Protocol))?;
        let spaces = cursor.take_while(grammar::is_space);
        if spaces.is_empty() {
            return Err(Malformed(What::Host));
        }
        let (host, port) = read_sent_by(&mut cursor)?;
        let parameters = Parameters::read(&mut cursor)?;
        cursor.skip_spaces();
        if !cursor.at_end() {
            return Err(Malformed(What::End));
        }
        Ok(Via { transport: transport.to_owned(), host, port, parameters })
    }
}

/// `host : port`, where white space may stand around the colon.
fn read_sent_by(cursor: &mut Cursor<'_>) -> Result<(Host, Option<u16>), Malformed> {
    let host = if cursor.peek() == Some(b'[') {
        let inside = cursor.take_while(|byte| !matches!(byte, b']' | b';' | b' ' | b'\t'));
        if !cursor.eat(b']') {
            return Err(Malformed(What::Host));
        }
        format!("{inside}]").parse()?
    } else {
        cursor.take_while(|byte| !matches!(byte, b':' | b';' | b' ' | b'\t')).parse()?
    };
    if !cursor.eat_spaced(b':') {
        return Ok((host, None));
    }
    let port = cursor.take_while(|byte| byte.is_ascii_digit());
    let port =
        grammar::number(port).and_then(|port| u16::try_from(port).ok()).ok_or(Malformed(What::Port))?;
    Ok((host, Some(port)))
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SIP/2.0/")?;
        f.write_str(&self.transport)?;
        f.write_str(" ")?;
        fmt::Display::fmt(&self.host, f)?;
        write_port(self.port, f)?;
        fmt::Display::fmt(&self.parameters, f)
    }
}
