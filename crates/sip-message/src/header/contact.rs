//! Contact (RFC 3261 §20.10, RFC 5626 §4).

use crate::error::Malformed;
use crate::grammar;
use crate::name_addr::NameAddr;
use std::fmt;
use std::str::FromStr;

/// What the Contact headers of a message say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contacts {
    /// `*`: all bindings, to be taken back (RFC 3261 §10.2.2).
    Star,
    /// Addresses in their order; none if there is no Contact.
    List(Vec<Contact>),
}

impl Contacts {
    /// The first address.
    pub fn first(&self) -> Option<&Contact> {
        match self {
            Contacts::Star => None,
            Contacts::List(list) => list.first(),
        }
    }
}

/// One address of a Contact header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The address, with the parameters of the header.
    pub address: NameAddr,
}

impl Contact {
    /// The `expires` parameter in seconds. What does not fit counts as the most that fits; what is no number counts
    /// as 3600, as RFC 3261 §20.10 says.
    pub fn expires(&self) -> Option<u32> {
        let text = self.address.parameters.get("expires")?;
        Some(delta_seconds(text).unwrap_or(3600))
    }

    /// The `q` parameter in thousandths; 1000 where there is none or it is malformed.
    pub fn preference(&self) -> u16 {
        let Some(text) = self.address.parameters.get("q") else {
            return 1000;
        };
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let part = format!("{:0<3}", part.get(..3).unwrap_or(part));
        match (whole, grammar::number(&part)) {
            ("0", Some(thousandths)) => thousandths as u16,
            _ => 1000,
        }
    }
}

impl Contact {
    /// The device, whatever its address says today: `+sip.instance` (RFC 5626 §4.1), without quotes and angle brackets,
    /// mostly `urn:uuid:…`. `None` where there is none or it is empty.
    pub fn instance(&self) -> Option<String> {
        let text = self.address.parameters.unquoted("+sip.instance")?;
        let urn = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(&text);
        (!urn.is_empty()).then(|| urn.to_owned())
    }

    /// Which of the device's flows it is: `reg-id` (RFC 5626 §4.2), 1 to 2³¹−1. `None` where there is none or it is
    /// malformed.
    pub fn flow_number(&self) -> Option<u32> {
        let number = grammar::number(self.address.parameters.get("reg-id")?)?;
        u32::try_from(number).ok().filter(|number| (1..1 << 31).contains(number))
    }
}

/// Seconds (RFC 3261 §25.1, `delta-seconds`). More than fits is the most that fits.
pub(crate) fn delta_seconds(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u32::MAX))
}

impl From<NameAddr> for Contact {
    fn from(address: NameAddr) -> Self {
        Contact { address }
    }
}

impl FromStr for Contact {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse().map(|address| Contact { address })
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}
