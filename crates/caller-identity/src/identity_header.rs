//! The grammar of one `Identity` value (RFC 8224 §4).

use crate::IDENTITY_BYTES_MAX;
use crate::verdict::Failure;

/// One value: `header.payload.signature;info=<URL>;alg=ES256;ppt=shaken`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdentityHeader<'a> {
    pub(crate) token: Token<'a>,
    /// Where the certificate is: the same URL as `x5u`.
    pub(crate) info: &'a str,
    pub(crate) ppt: Option<&'a str>,
}

/// The `signed-identity-digest`, still in base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    Full(FullToken<'a>),
    Compact { signature: &'a str },
}

/// A token that carries its claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FullToken<'a> {
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    /// `header.payload`: what the signature is over.
    pub(crate) signed: &'a str,
    pub(crate) signature: &'a str,
}

impl<'a> IdentityHeader<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, Failure> {
        if text.len() > IDENTITY_BYTES_MAX {
            return Err(Failure::HeaderMalformed);
        }
        let (token, mut rest) = match text.split_once(';') {
            Some((token, rest)) => (token.trim_matches(is_blank), Some(rest)),
            None => return Err(Failure::HeaderMalformed),
        };
        let token = Token::read(token).ok_or(Failure::HeaderMalformed)?;
        let (mut info, mut alg, mut ppt) = (None, None, None);
        while let Some(text) = rest {
            let parameter = Parameter::read(text).ok_or(Failure::HeaderMalformed)?;
            rest = parameter.rest;
            let place = match parameter.name {
                name if name.eq_ignore_ascii_case("info") => &mut info,
                name if name.eq_ignore_ascii_case("alg") => &mut alg,
                name if name.eq_ignore_ascii_case("ppt") => &mut ppt,
                _ => continue,
            };
            if place.replace(parameter.value).is_some() {
                return Err(Failure::HeaderMalformed);
            }
        }
        let Some(Value::Url(info)) = info else { return Err(Failure::HeaderMalformed) };
        let (alg, ppt) = (Value::word(alg)?, Value::word(ppt)?);
        if alg.is_some_and(|alg| alg != "ES256") {
            return Err(Failure::AlgorithmUnsupported);
        }
        Ok(IdentityHeader { token, info, ppt })
    }
}

impl<'a> Token<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if !is_base64url(signature) || signature.is_empty() {
            return None;
        }
        if header.is_empty() && payload.is_empty() {
            return Some(Token::Compact { signature });
        }
        let whole = !header.is_empty() && !payload.is_empty();
        let sound = whole && is_base64url(header) && is_base64url(payload);
        sound.then_some(Token::Full(FullToken { header, payload, signed, signature }))
    }
}

fn is_base64url(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// `name = value`, and what follows the next semicolon.
struct Parameter<'a> {
    name: &'a str,
    value: Value<'a>,
    rest: Option<&'a str>,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    /// Between angle brackets; semicolons may stand in it.
    Url(&'a str),
    /// A token, or a quoted string without escapes, as some signers write `ppt`.
    Word(&'a str),
}

impl<'a> Parameter<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (name, text) = text.split_once('=')?;
        let name = name.trim_matches(is_blank);
        if !is_token(name) {
            return None;
        }
        let text = text.trim_start_matches(is_blank);
        let (value, rest) = if let Some(url) = text.strip_prefix('<') {
            let (url, rest) = url.split_once('>')?;
            let sound = !url.is_empty() && url.bytes().all(|byte| byte.is_ascii_graphic());
            (sound.then_some(Value::Url(url))?, rest)
        } else if let Some(quoted) = text.strip_prefix('"') {
            let (word, rest) = quoted.split_once('"')?;
            (is_token(word).then_some(Value::Word(word))?, rest)
        } else {
            let end = text.find(|c| c == ';' || is_blank(c)).unwrap_or(text.len());
            let (word, rest) = text.split_at_checked(end)?;
            (is_token(word).then_some(Value::Word(word))?, rest)
        };
        let rest = rest.trim_start_matches(is_blank);
        let rest = match rest.strip_prefix(';') {
            Some(rest) => Some(rest),
            None if rest.is_empty() => None,
            None => return None,
        };
        Some(Parameter { name, value, rest })
    }
}

impl<'a> Value<'a> {
    fn word(value: Option<Self>) -> Result<Option<&'a str>, Failure> {
        match value {
            Some(Value::Word(word)) => Ok(Some(word)),
            Some(Value::Url(_)) => Err(Failure::HeaderMalformed),
            None => Ok(None),
        }
    }
}

/// RFC 3261 §25.1.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte))
}

#[cfg(test)]
mod grammar {
    use super::*;

    fn read(text: &str) -> Result<IdentityHeader<'_>, Failure> {
        IdentityHeader::read(text)
    }

    #[test]
    fn full_and_compact_forms_are_told_apart() {
        let full = read("aGE.cGE.c2k;info=<https://c.example/a;b.pem>;alg=ES256;ppt=shaken").expect("full");
        let token =
            Token::Full(FullToken { header: "aGE", payload: "cGE", signed: "aGE.cGE", signature: "c2k" });
        assert_eq!(full, IdentityHeader { token, info: "https://c.example/a;b.pem", ppt: Some("shaken") });
        let compact = read("..c2k ; info = <https://c.example/a.pem>").expect("compact");
        assert_eq!(compact.token, Token::Compact { signature: "c2k" });
        assert_eq!(compact.ppt, None);
    }

    #[test]
    fn spaces_quotes_letters_and_unknown_parameters_are_borne_with() {
        let header =
            read(" aGE.cGE.c2k ;INFO = <https://c.example/a>; future=1 ;PPT = \"shaken\" ; alg=ES256")
                .expect("read");
        assert_eq!((header.info, header.ppt), ("https://c.example/a", Some("shaken")));
    }

    #[test]
    fn what_is_not_of_the_grammar_is_refused() {
        for wrong in [
            "",
            ";",
            "aGE.cGE.c2k",
            "aGE.cGE.c2k;",
            "aGE.cGE.c2k;info",
            "aGE.cGE.c2k;info=https://c.example/a",
            "aGE.cGE.c2k;info=<>",
            "aGE.cGE.c2k;info=<https://c.example/a",
            "aGE.cGE.c2k;info=<https://c.example/a b>",
            "aGE.cGE.c2k;info=<https://c.example/a> x",
            "aGE.cGE.c2k;info=<https://c.example/a>;",
            "aGE.cGE.c2k;info=<https://c.example/a>;info=<https://c.example/b>",
            "aGE.cGE.c2k;info=<https://c.example/a>;ppt=<shaken>",
            "aGE.cGE.c2k;info=<https://c.example/a>;ppt=\"sha ken\"",
            "aGE.cGE.c2k;alg=ES256;ppt=shaken",
            "aGE.cGE.;info=<https://c.example/a>",
            ".cGE.c2k;info=<https://c.example/a>",
            "aGE..c2k;info=<https://c.example/a>",
            "aGE.c2k;info=<https://c.example/a>",
            "aGE.cG=.c2k;info=<https://c.example/a>",
            "a.b.c.d;info=<https://c.example/a>",
            "\"c2ln\";info=<https://c.example/a>",
        ] {
            assert_eq!(read(wrong), Err(Failure::HeaderMalformed), "{wrong}");
        }
        let other = read("aGE.cGE.c2k;info=<https://c.example/a>;alg=RS256");
        assert_eq!(other, Err(Failure::AlgorithmUnsupported));
        let long = format!("{}.cGE.c2k;info=<https://c.example/a>", "a".repeat(IDENTITY_BYTES_MAX));
        assert_eq!(read(&long), Err(Failure::HeaderMalformed));
    }
}
