//! `;name=value;flag`, as it follows addresses, Via and many other headers.

use crate::error::{Malformed, What};
use crate::grammar::{self, Cursor, Quoted};
use std::fmt;

/// The most parameters that one address, URI or Via may bring; one with more is malformed. It keeps the comparison of
/// two URIs, which looks for each parameter of the one among those of the other, short.
const PARAMETERS_MAX: usize = 64;

/// Parameters in their order. Names are compared whatever their case; values are kept as they came, quotes included.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    list: Vec<Parameter>,
}

#[derive(Debug, Clone)]
struct Parameter {
    name: String,
    value: Option<String>,
}

impl Parameters {
    /// None yet.
    pub const fn new() -> Self {
        Parameters { list: Vec::new() }
    }

    /// Whether a parameter of this name is there, with a value or without.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value of the first parameter of this name, as it came: a quoted string has its quotes. `None` if it is
    /// not there or has no value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).and_then(|parameter| parameter.value.as_deref())
    }

    /// The value of the first parameter of this name, without quotes and escapes.
    pub fn unquoted(&self, name: &str) -> Option<String> {
        self.get(name).map(grammar::unquote)
    }

    /// Sets or replaces a parameter. A value that is neither a token nor an address is quoted.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value
            .map(|value| if may_stand_bare(value) { value.to_owned() } else { Quoted(value).to_string() });
        match self.list.iter_mut().find(|parameter| parameter.name.eq_ignore_ascii_case(name)) {
            Some(parameter) => parameter.value = value,
            None => self.list.push(Parameter { name: name.to_owned(), value }),
        }
    }

    /// The same, for building in one expression.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.set(name, value);
        self
    }

    /// Takes away every parameter of this name.
    pub fn remove(&mut self, name: &str) {
        self.list.retain(|parameter| !parameter.name.eq_ignore_ascii_case(name));
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.list.iter().map(|parameter| (parameter.name.as_str(), parameter.value.as_deref()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn find(&self, name: &str) -> Option<&Parameter> {
        self.list.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name))
    }

    fn add(&mut self, name: &str, value: Option<String>) -> Result<(), Malformed> {
        if self.list.len() >= PARAMETERS_MAX {
            return Err(Malformed(What::Parameter));
        }
        self.list.push(Parameter { name: name.to_owned(), value });
        Ok(())
    }

    /// Reads `;name=value` as often as it comes, with white space around `;` and `=`.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let mut parameters = Parameters::new();
        while cursor.eat_spaced(b';') {
            let name = cursor.token().map_err(|_| Malformed(What::Parameter))?;
            let value = if cursor.eat_spaced(b'=') { Some(read_value(cursor)?.to_owned()) } else { None };
            parameters.add(name, value)?;
        }
        Ok(parameters)
    }

    /// Reads the parameters of a URI (RFC 3261 §19.1.1): no white space, no quotes, escapes by `%`.
    pub(crate) fn read_in_uri(text: &str) -> Result<Self, Malformed> {
        let mut parameters = Parameters::new();
        for piece in text.split(';') {
            let (name, value) = match piece.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (piece, None),
            };
            let sound = |text: &str| {
                !text.is_empty()
                    && text.bytes().all(is_uri_parameter_byte)
                    && grammar::escapes_are_whole(text)
            };
            if !sound(name) || !value.is_none_or(sound) {
                return Err(Malformed(What::Parameter));
            }
            parameters.add(name, value.map(str::to_owned))?;
        }
        Ok(parameters)
    }
}

/// Names without case; values by case. The order counts.
impl PartialEq for Parameters {
    fn eq(&self, other: &Self) -> bool {
        self.list.len() == other.list.len()
            && self
                .list
                .iter()
                .zip(&other.list)
                .all(|(one, two)| one.name.eq_ignore_ascii_case(&two.name) && one.value == two.value)
    }
}

impl Eq for Parameters {}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Parameter { name, value } in &self.list {
            write!(f, ";{name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}

/// Wider than the grammar's `gen-value`, because addresses come without brackets too (RFC 5118 §4.5).
fn is_bare_byte(byte: u8) -> bool {
    !byte.is_ascii_control() && !matches!(byte, b' ' | b';' | b',' | b'"' | b'<' | b'>' | b'\\')
}

fn may_stand_bare(value: &str) -> bool {
    let quoted = || {
        let mut cursor = Cursor::new(value);
        cursor.quoted().is_ok() && cursor.at_end() && !value.contains(['\r', '\n'])
    };
    (!value.is_empty() && value.bytes().all(is_bare_byte)) || quoted()
}

fn read_value<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, Malformed> {
    if cursor.peek() == Some(b'"') {
        return cursor.quoted();
    }
    let value = cursor.take_while(is_bare_byte);
    if value.is_empty() { Err(Malformed(What::Parameter)) } else { Ok(value) }
}

fn is_uri_parameter_byte(byte: u8) -> bool {
    !byte.is_ascii_control() && !matches!(byte, b' ' | b';' | b',' | b'"' | b'<' | b'>' | b'=' | b'?' | b'@')
}
