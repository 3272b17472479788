//! For whom a certificate may sign: the TNAuthList extension (RFC 8226 §9).

use crate::party::Party;

/// The extension's number.
pub(crate) const OID: &str = "1.3.6.1.5.5.7.1.26";

/// The most entries that are read; a list with more counts as unreadable.
const ENTRIES_MAX: usize = 1_000;

/// RFC 8226 §9: a telephone number has 1 to 15 characters.
const NUMBER_DIGITS_MAX: usize = 15;

/// What the list says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    /// A carrier's code is in it. Which numbers a carrier has is not known here, so it covers all.
    carrier: bool,
    ranges: Vec<Range>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    start: String,
    count: u64,
}

impl Authority {
    /// From the extension's DER: `SEQUENCE OF CHOICE { spc [0], range [1], one [2] }`, tags explicit.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let (SEQUENCE, mut entries, []) = element(der)? else { return None };
        let mut authority = Authority { carrier: false, ranges: Vec::new() };
        let mut count = 0;
        while !entries.is_empty() {
            count += 1;
            let (tag, content, rest) = element(entries)?;
            entries = rest;
            match tag {
                0xA0 => {
                    text(content)?;
                    authority.carrier = true;
                }
                0xA1 => authority.ranges.push(Range::read(content)?),
                0xA2 => authority.ranges.push(Range { start: number(content)?, count: 1 }),
                _ => return None,
            }
            if count > ENTRIES_MAX {
                return None;
            }
        }
        (count > 0).then_some(authority)
    }

    /// Whether it may sign for this caller. Addresses are nobody's numbers: only a carrier may sign for them.
    pub(crate) fn covers(&self, origin: &Party) -> bool {
        match origin {
            _ if self.carrier => true,
            Party::Number(number) => self.ranges.iter().any(|range| range.contains(number)),
            Party::Address(_) => false,
        }
    }
}

impl Range {
    fn read(content: &[u8]) -> Option<Self> {
        let (SEQUENCE, fields, []) = element(content)? else { return None };
        let (IA5_STRING, start, rest) = element(fields)? else { return None };
        // The sequence may grow by further fields.
        let (INTEGER, count, _) = element(rest)? else { return None };
        let count = match count {
            [first, ..] if *first < 0x80 && count.len() <= 8 => {
                count.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte))
            }
            _ => return None,
        };
        Some(Range { start: digits(start)?, count })
    }

    fn contains(&self, number: &str) -> bool {
        if self.count == 1 {
            return self.start == number;
        }
        let (Ok(start), Ok(number_value)) = (self.start.parse::<u64>(), number.parse::<u64>()) else {
            return false;
        };
        number.len() == self.start.len()
            && number_value.checked_sub(start).is_some_and(|distance| distance < self.count)
    }
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const IA5_STRING: u8 = 0x16;

fn text(der: &[u8]) -> Option<&str> {
    let (IA5_STRING, content, []) = element(der)? else { return None };
    std::str::from_utf8(content).ok().filter(|text| text.is_ascii() && !text.is_empty())
}

fn number(der: &[u8]) -> Option<String> {
    digits(text(der)?.as_bytes())
}

fn digits(content: &[u8]) -> Option<String> {
    let sound = !content.is_empty()
        && content.len() <= NUMBER_DIGITS_MAX
        && content.iter().all(|byte| byte.is_ascii_digit() || b"*#".contains(byte));
    sound.then(|| content.iter().copied().map(char::from).collect())
}

/// One DER element: its tag, its content, and what follows. Lengths up to 65,535, in their shortest form.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (length, rest) = match der {
        [_, short, rest @ ..] if *short < 0x80 => (usize::from(*short), rest),
        [_, 0x81, length, rest @ ..] if *length >= 0x80 => (usize::from(*length), rest),
        [_, 0x82, high, low, rest @ ..] if *high > 0 => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*der.first()?, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(der: &[u8], number: &str) -> Option<bool> {
        Authority::read(der).map(|authority| authority.covers(&Party::Number(number.into())))
    }

    #[test]
    fn a_carrier_covers_every_number_and_a_range_its_own() {
        assert_eq!(covers(b"\x30\x08\xa0\x06\x16\x04709J", "12155551212"), Some(true));
        let range = b"\x30\x14\xa1\x12\x30\x10\x16\x0b12155551200\x02\x01\x14";
        for (number, covered) in [
            ("12155551199", false),
            ("12155551200", true),
            ("12155551219", true),
            ("12155551220", false),
            ("012155551200", false),
            ("1215555120#", false),
        ] {
            assert_eq!(covers(range, number), Some(covered), "{number}");
        }
        let one = b"\x30\x0f\xa2\x0d\x16\x0b12155551212";
        assert_eq!((covers(one, "12155551212"), covers(one, "12155551213")), (Some(true), Some(false)));
    }

    #[test]
    fn an_address_needs_a_carrier() {
        let alice = Party::Address("sip:alice@example.com".into());
        let read = |der| Authority::read(der).expect("a list").covers(&alice);
        assert!(read(b"\x30\x08\xa0\x06\x16\x04709J"));
        assert!(!read(b"\x30\x0f\xa2\x0d\x16\x0b12155551212"));
    }

    #[test]
    fn what_is_no_list_covers_nothing() {
        for der in [
            &b""[..],
            b"\x30\x00",
            b"\x30\x08\xa0\x06\x16\x04709J\x00",
            b"\x30\x08\xa0\x06\x0c\x04709J",
            b"\x30\x08\xa3\x06\x16\x04709J",
            b"\x30\x81\x08\xa0\x06\x16\x04709J",
            b"\x30\x09\xa0\x06\x16\x04709J",
            b"\x30\x08\xa0\x06\x16\x05709J",
            b"\x30\x04\xa2\x02\x16\x00",
            b"\x30\x05\xa2\x03\x16\x01x",
            b"\x30\x09\xa1\x07\x30\x05\x16\x011\x02\x00",
            b"\x30\x0a\xa1\x08\x30\x06\x16\x011\x02\x01\xff",
        ] {
            assert_eq!(Authority::read(der), None, "{}", der.escape_ascii());
        }
    }
}
