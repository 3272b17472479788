//! Session-Expires (RFC 4028 §4).

use crate::error::{Malformed, What};
use crate::grammar::Cursor;
use crate::header::contact::delta_seconds;
use crate::parameters::Parameters;
use std::fmt;
use std::str::FromStr;

/// Who keeps a session alive, by the part that it plays in the transaction at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresher {
    /// Who sent the request.
    Uac,
    /// Who answers it.
    Uas,
}

impl Refresher {
    /// The word of the parameter.
    pub const fn name(self) -> &'static str {
        match self {
            Refresher::Uac => "uac",
            Refresher::Uas => "uas",
        }
    }
}

/// How long a session stands without being refreshed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionExpires {
    /// The interval in seconds; more than fits is the most that fits.
    pub seconds: u32,
    /// `refresher` and extensions.
    pub parameters: Parameters,
}

impl SessionExpires {
    /// An interval and, where it is known, who refreshes.
    pub fn new(seconds: u32, refresher: Option<Refresher>) -> Self {
        let mut parameters = Parameters::new();
        if let Some(refresher) = refresher {
            parameters.set("refresher", Some(refresher.name()));
        }
        SessionExpires { seconds, parameters }
    }

    /// Who refreshes; none where it is not said, or with a word that the RFC does not know.
    pub fn refresher(&self) -> Option<Refresher> {
        let word = self.parameters.get("refresher")?;
        [Refresher::Uac, Refresher::Uas].into_iter().find(|known| known.name().eq_ignore_ascii_case(word))
    }
}

impl FromStr for SessionExpires {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(text);
        cursor.skip_spaces();
        let digits = cursor.take_while(|byte| byte.is_ascii_digit());
        let seconds = delta_seconds(digits).ok_or(Malformed(What::Number))?;
        let parameters = Parameters::read(&mut cursor)?;
        cursor.skip_spaces();
        if cursor.at_end() { Ok(SessionExpires { seconds, parameters }) } else { Err(Malformed(What::End)) }
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.seconds, self.parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_says_who_refreshes_or_leaves_it_open() {
        let full: SessionExpires = "4000 ;refresher=UAC;x".parse().unwrap();
        assert_eq!((full.seconds, full.refresher()), (4000, Some(Refresher::Uac)));
        let bare: SessionExpires = "90".parse().unwrap();
        assert_eq!((bare.seconds, bare.refresher()), (90, None));
        assert_eq!("90;refresher=proxy".parse::<SessionExpires>().unwrap().refresher(), None);
        assert_eq!(SessionExpires::new(1800, Some(Refresher::Uas)).to_string(), "1800;refresher=uas");
    }

    #[test]
    fn what_begins_with_no_number_is_no_interval() {
        for text in ["", "soon", ";refresher=uac", "90 s", "-1", "90;=uac"] {
            assert!(text.parse::<SessionExpires>().is_err(), "{text}");
        }
    }
}
