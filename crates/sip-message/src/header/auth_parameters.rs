//! `scheme name=value, name="value"`: what challenges and credentials are made of (RFC 7235 §2.1).

use crate::error::{Malformed, What};
use crate::grammar::{self, Cursor};

/// The most parameters of one challenge; one with more is malformed. RFC 7616 knows a dozen.
const PARAMETERS_MAX: usize = 64;

/// Names and values, quotes still on them.
pub(crate) struct AuthParameters<'a> {
    list: Vec<(&'a str, &'a str)>,
}

impl<'a> AuthParameters<'a> {
    /// What the parameter says, without quotes; whether it is quoted means nothing.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.list
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| grammar::unquote(value))
    }

    /// Reads a scheme and its parameters, up to the end or to a comma before another scheme.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<(&'a str, AuthParameters<'a>), Malformed> {
        cursor.skip_spaces();
        let scheme = cursor.token()?;
        if cursor.take_while(grammar::is_space).is_empty() && !cursor.at_end() {
            return Err(Malformed(What::Digest));
        }
        let mut list = Vec::new();
        while !cursor.at_end() {
            let mut ahead = cursor.clone();
            let name = ahead.token()?;
            if !ahead.eat_spaced(b'=') {
                if list.is_empty() {
                    return Err(Malformed(What::Digest));
                }
                // Another scheme begins here.
                break;
            }
            let value = if ahead.peek() == Some(b'"') {
                ahead.quoted()?
            } else {
                // Wider than a token: `uri` and `nonce` come without quotes from some telephones.
                ahead.take_while(|byte| !grammar::is_space(byte) && !matches!(byte, b',' | b'"'))
            };
            if list.len() >= PARAMETERS_MAX {
                return Err(Malformed(What::Digest));
            }
            list.push((name, value));
            *cursor = ahead;
            cursor.skip_spaces();
            if cursor.at_end() {
                break;
            }
            if !cursor.eat(b',') {
                return Err(Malformed(What::Digest));
            }
            while cursor.eat_spaced(b',') {}
            cursor.skip_spaces();
        }
        Ok((scheme, AuthParameters { list }))
    }
}
