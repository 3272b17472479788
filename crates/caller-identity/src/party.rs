//! Who calls and who is called, in the one form in which both sides can compare them.

/// A telephone number or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Party {
    /// Digits, `*` and `#` (RFC 8224 §8.3).
    Number(String),
    /// `sip:user@host` without parameters, scheme and host in lower case (RFC 8224 §8.5).
    Address(String),
}

/// Longer than any number that can be dialled.
const NUMBER_DIGITS_MAX: usize = 32;

impl Party {
    /// From a number, a `tel:` URI or a SIP URI. One whose user is a number is that number.
    pub(crate) fn read(text: &str) -> Option<Party> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').map_or(("", text), |(scheme, rest)| (scheme, rest));
        if scheme.is_empty() || scheme.eq_ignore_ascii_case("tel") {
            let number = rest.split(';').next().unwrap_or_default();
            return canonical(number).map(Party::Number);
        }
        if !scheme.eq_ignore_ascii_case("sip") && !scheme.eq_ignore_ascii_case("sips") {
            return None;
        }
        let address = rest.split(['?', '>']).next().unwrap_or_default();
        let (user, host) = match address.rsplit_once('@') {
            Some((user, host)) => (Some(user.split(';').next().unwrap_or_default()), host),
            None => (None, address),
        };
        let host = host.split(';').next().unwrap_or_default();
        if let Some(number) = user.and_then(canonical) {
            return Some(Party::Number(number));
        }
        Party::address(&scheme.to_ascii_lowercase(), user, host)
    }

    fn address(scheme: &str, user: Option<&str>, host: &str) -> Option<Party> {
        let host = host.to_ascii_lowercase();
        let user = user.map(|user| format!("{user}@")).unwrap_or_default();
        (!host.is_empty()).then(|| Party::Address(format!("{scheme}:{user}{host}")))
    }
}

/// RFC 8224 §8.3: no visual separators, no `+`.
pub(crate) fn canonical(number: &str) -> Option<String> {
    let number = number.trim();
    let number = number.strip_prefix('+').unwrap_or(number);
    let mut digits = String::new();
    for c in number.chars() {
        match c {
            '0'..='9' | '*' | '#' => digits.push(c),
            '-' | '.' | '(' | ')' | ' ' => {}
            _ => return None,
        }
        if digits.len() > NUMBER_DIGITS_MAX {
            return None;
        }
    }
    (!digits.is_empty()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_number_are_one() {
        for text in [
            "+12155551212",
            "12155551212",
            " +1 (215) 555-1212 ",
            "tel:+1-215-555-1212",
            "tel:12155551212;phone-context=example.com",
            "sip:+12155551212@carrier.example;user=phone",
            "SIPS:+1.215.555.1212;npdi@carrier.example:5061",
        ] {
            assert_eq!(Party::read(text), Some(Party::Number("12155551212".into())), "{text}");
        }
    }

    #[test]
    fn an_address_keeps_its_user_and_loses_its_parameters() {
        let alice = Party::Address("sip:Alice@example.com".into());
        assert_eq!(Party::read("SIP:Alice@Example.COM;transport=tcp?x=y"), Some(alice));
        assert_eq!(Party::read("sip:example.com"), Some(Party::Address("sip:example.com".into())));
    }

    #[test]
    fn what_names_nobody_is_nobody() {
        for text in ["", "+", "anonymous", "tel:", "sip:", "mailto:a@b", "+49x", "1".repeat(33).as_str()] {
            assert_eq!(Party::read(text), None, "{text}");
        }
    }
}
