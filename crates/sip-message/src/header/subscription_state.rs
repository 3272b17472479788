//! Subscription-State (RFC 6665 §8.2.3): whether a subscription goes on.

use crate::error::{Malformed, What};
use crate::grammar::Cursor;
use crate::header::contact::delta_seconds;
use crate::parameters::Parameters;
use std::fmt;
use std::str::FromStr;

/// What a NOTIFY says of its subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionState {
    /// `active`, `pending`, `terminated`, or a word of an extension; in lower case.
    pub state: String,
    /// `expires`, `reason`, `retry-after`.
    pub parameters: Parameters,
}

impl SubscriptionState {
    /// Whether it is over.
    pub fn is_terminated(&self) -> bool {
        self.state == "terminated"
    }

    /// For how many seconds it goes on.
    pub fn expires(&self) -> Option<u32> {
        self.parameters.get("expires").and_then(delta_seconds)
    }

    /// Why it is over (RFC 6665 §4.1.3).
    pub fn reason(&self) -> Option<&str> {
        self.parameters.get("reason")
    }
}

impl FromStr for SubscriptionState {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(text);
        cursor.skip_spaces();
        let state = cursor.token()?.to_ascii_lowercase();
        let parameters = Parameters::read(&mut cursor)?;
        cursor.skip_spaces();
        if cursor.at_end() { Ok(SubscriptionState { state, parameters }) } else { Err(Malformed(What::End)) }
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.state, self.parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_and_its_parameters_are_read() {
        let state: SubscriptionState = "Active;expires=60".parse().expect("a state");
        assert!(!state.is_terminated());
        assert_eq!((state.expires(), state.reason()), (Some(60), None));
        let state: SubscriptionState = "terminated ;reason=noresource".parse().expect("a state");
        assert!(state.is_terminated());
        assert_eq!(state.reason(), Some("noresource"));
        let state: SubscriptionState = "active;expires=never".parse().expect("a state");
        assert_eq!(state.expires(), None);
        assert!("".parse::<SubscriptionState>().is_err());
        assert!("active pending".parse::<SubscriptionState>().is_err());
    }
}
