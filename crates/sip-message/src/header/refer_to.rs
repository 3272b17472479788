//! Refer-To (RFC 3515 §2.1): whom to call, and what to say in the call.

use crate::error::{Malformed, What};
use crate::name_addr::NameAddr;
use crate::uri::Uri;
use std::str::FromStr;

/// What a Refer-To asks for, its URI taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferTo {
    /// Whom to call: the URI without its headers and its `method` parameter, which no Request-URI may have (RFC 3261
    /// §19.1.1, table 1).
    pub target: Uri,
    /// The `method` parameter; none means INVITE.
    pub method: Option<String>,
    /// The `Replaces` of the header part, unescaped (RFC 3891 §4).
    pub replaces: Option<String>,
}

impl FromStr for ReferTo {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let address: NameAddr = text.parse()?;
        let Uri::Sip(mut uri) = address.uri else {
            return Ok(ReferTo { target: address.uri, method: None, replaces: None });
        };
        let named = uri.header_fields().filter(|(name, _)| name.eq_ignore_ascii_case("Replaces"));
        let mut found: Vec<String> = named.map(|(_, value)| value).collect();
        let replaces = found.pop();
        if !found.is_empty() {
            return Err(Malformed(What::End));
        }
        let method = uri.parameters.get("method").map(str::to_owned);
        uri.headers = None;
        uri.parameters.remove("method");
        Ok(ReferTo { target: Uri::Sip(uri), method, replaces })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dialog_to_replace_is_unescaped() {
        let said =
            "<sip:b@192.0.2.2;method=INVITE?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces>";
        let refer: ReferTo = said.parse().expect("a Refer-To");
        assert_eq!(refer.target.to_string(), "sip:b@192.0.2.2");
        assert_eq!(refer.method.as_deref(), Some("INVITE"));
        assert_eq!(refer.replaces.as_deref(), Some("a@b;to-tag=1;from-tag=2"));
    }

    #[test]
    fn a_number_is_called_too_and_nonsense_is_none() {
        let refer: ReferTo = "<tel:+4930123456>".parse().expect("a Refer-To");
        assert_eq!((refer.method, refer.replaces), (None, None));
        for nonsense in ["", "sip:a@b, sip:c@d", "<sip:a@b?Replaces=x&Replaces=y>", "<sip:a@b"] {
            assert!(nonsense.parse::<ReferTo>().is_err(), "{nonsense}");
        }
    }
}
