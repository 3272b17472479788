//! Event (RFC 6665 §8.2.1): which state of a resource is meant.

use crate::error::{Malformed, What};
use crate::grammar::Cursor;
use crate::parameters::Parameters;
use std::fmt;
use std::str::FromStr;

/// An event package and which subscription to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The package with its templates, such as `refer` or `presence.winfo`. Compared by case (RFC 6665 §8.2.1).
    pub package: String,
    /// `id` tells the subscriptions of one dialog apart.
    pub parameters: Parameters,
}

impl Event {
    /// The `id` parameter.
    pub fn id(&self) -> Option<&str> {
        self.parameters.get("id")
    }
}

impl FromStr for Event {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(text);
        cursor.skip_spaces();
        let package = cursor.token()?.to_owned();
        let parameters = Parameters::read(&mut cursor)?;
        cursor.skip_spaces();
        if cursor.at_end() { Ok(Event { package, parameters }) } else { Err(Malformed(What::End)) }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.package, self.parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_and_its_id_are_read() {
        let event: Event = "refer ; id=93809823".parse().expect("an Event");
        assert_eq!((event.package.as_str(), event.id()), ("refer", Some("93809823")));
        assert_eq!(event.to_string(), "refer;id=93809823");
        let event: Event = "presence.winfo".parse().expect("an Event");
        assert_eq!((event.package.as_str(), event.id()), ("presence.winfo", None));
        for nonsense in ["", ";id=1", "refer, dialog", "refer;", "dialog info"] {
            assert!(nonsense.parse::<Event>().is_err(), "{nonsense}");
        }
    }
}
