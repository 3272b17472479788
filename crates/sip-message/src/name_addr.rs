//! `"Display name" <uri>;parameter=value` and the short form without brackets (RFC 3261 §20.10, §25.1).

use crate::error::{Malformed, What};
use crate::grammar::{self, Cursor, Quoted};
use crate::parameters::{Parameters, next_parameter};
use crate::uri::Uri;
use std::fmt;
use std::str::FromStr;

/// An address with a name and parameters: From, To, Contact, Route and others. `Debug` hides the name and masks the
/// address.
#[derive(Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// What to show, without quotes and escapes.
    pub display: Option<String>,
    /// The address.
    pub uri: Uri,
    /// The parameters of the header, such as `tag`.
    pub parameters: Parameters,
}

impl NameAddr {
    /// An address alone.
    pub fn new(uri: impl Into<Uri>) -> Self {
        NameAddr { display: None, uri: uri.into(), parameters: Parameters::new() }
    }

    /// The `tag` parameter (RFC 3261 §19.3).
    pub fn tag(&self) -> Option<&str> {
        self.parameters.get("tag")
    }

    /// Sets the `tag` parameter.
    pub fn set_tag(&mut self, tag: &str) {
        self.parameters.set("tag", Some(tag));
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let (display, uri) = read_place(cursor)?;
        let uri = uri.parse()?;
        let parameters = Parameters::read(cursor)?;
        Ok(NameAddr { display: display.map(grammar::unquote), uri, parameters })
    }

    /// Whether a text is such an address.
    pub(crate) fn check(text: &str) -> Result<(), Malformed> {
        let mut cursor = Cursor::new(text);
        let (_, uri) = read_place(&mut cursor)?;
        Uri::check(uri)?;
        Parameters::check(&mut cursor)?;
        cursor.skip_spaces();
        if cursor.at_end() { Ok(()) } else { Err(Malformed(What::End)) }
    }

    /// The tag of the address that a text is, read without what stands before it.
    pub(crate) fn tag_in(text: &str) -> Option<&str> {
        let mut cursor = Cursor::new(text);
        read_place(&mut cursor).ok()?;
        while let Some((name, value)) = next_parameter(&mut cursor).ok()? {
            if name.eq_ignore_ascii_case("tag") {
                return value;
            }
        }
        None
    }
}

/// The name, with its quotes, and the URI.
fn read_place<'a>(cursor: &mut Cursor<'a>) -> Result<(Option<&'a str>, &'a str), Malformed> {
    cursor.skip_spaces();
    let display = if cursor.peek() == Some(b'"') {
        let display = cursor.quoted()?;
        cursor.skip_spaces();
        if cursor.peek() != Some(b'<') {
            return Err(Malformed(What::Address));
        }
        Some(display)
    } else {
        read_bare_display(cursor)?
    };
    if !cursor.eat(b'<') {
        return Ok((display, read_bare_uri(cursor)));
    }
    let uri = cursor.take_while(|byte| byte != b'>');
    if !cursor.eat(b'>') {
        return Err(Malformed(What::Address));
    }
    // Deviation: white space inside the brackets is passed over (RFC 4475 §3.1.2.14 leaves it to the reader).
    Ok((display, grammar::trim(uri)))
}

/// What stands before `<` without quotes.
///
/// Deviation: not only tokens. `From: Bell, Alexander <sip:…>` (RFC 4475 §3.1.2.15) and names in UTF-8 without quotes
/// come from real telephones; as long as no quote is in them they cannot be mistaken.
fn read_bare_display<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a str>, Malformed> {
    let Some((before, _)) = cursor.rest().split_once('<') else {
        return Ok(None);
    };
    // `sip:a@b;x="<"` is an address without brackets: its `<` belongs to a parameter.
    if before.contains('"') {
        return if before.contains(';') { Ok(None) } else { Err(Malformed(What::QuotedString)) };
    }
    let display = grammar::trim(cursor.take_while(|byte| byte != b'<'));
    Ok((!display.is_empty()).then_some(display))
}

/// Without brackets all parameters belong to the header, and neither comma nor question mark may stand in the URI
/// (RFC 3261 §20, RFC 4475 §3.1.2.13).
fn read_bare_uri<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    cursor.take_while(|byte| !matches!(byte, b';' | b' ' | b'\t' | b',' | b'?' | b'"' | b'>'))
}

impl FromStr for NameAddr {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(text);
        let address = NameAddr::read(&mut cursor)?;
        cursor.skip_spaces();
        if cursor.at_end() { Ok(address) } else { Err(Malformed(What::End)) }
    }
}

impl From<Uri> for NameAddr {
    fn from(uri: Uri) -> Self {
        NameAddr::new(uri)
    }
}

impl fmt::Debug for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.display.is_some() { "\"…\" " } else { "" })?;
        write!(f, "<{:?}>{}", self.uri, self.parameters)
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            fmt::Display::fmt(&Quoted(display), f)?;
            f.write_str(" ")?;
        }
        f.write_str("<")?;
        fmt::Display::fmt(&self.uri, f)?;
        f.write_str(">")?;
        fmt::Display::fmt(&self.parameters, f)
    }
}
