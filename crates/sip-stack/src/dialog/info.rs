//! Keys by INFO: what telephones did before RFC 6086, with `application/dtmf-relay` and `application/dtmf`.
//!
//! No standard defines the two bodies. The first has lines `Signal=5` and `Duration=160`, the second the key alone.
//! Keys are written as such or, by some, as the event codes of RFC 4733 §3.2: 10 is `*`, 11 is `#`, 12 to 15 are A to
//! D. How long a key was held is not told: it is pressed when its INFO comes.

use crate::input::SessionId;
use crate::output::SipEvent;
use crate::reply::Asked;
use crate::stack::SipStack;
use frontdesk_sip_message::{HeaderName, Request, StatusCode};

/// What an INFO of this side's dialogs may bring, as `Accept` says it.
const BODIES: &str = "application/dtmf-relay, application/dtmf";

/// What an INFO brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    /// Nothing: it asks whether the dialog stands (RFC 2976 §2.2).
    Empty,
    Key(char),
    /// A body that should bring a key, and does not.
    NoKey,
    /// Something else.
    Foreign,
}

impl SipStack {
    /// An INFO within a dialog. Its transaction is kept, so that a repeated one is no second key.
    pub(crate) fn receive_info(&mut self, id: SessionId, asked: &Asked) {
        if !self.open_transaction(asked) {
            return;
        }
        match body_of(&asked.request) {
            Body::Foreign => {
                let mut response = self.refusal(asked, StatusCode::UNSUPPORTED_MEDIA_TYPE);
                response.headers.push(HeaderName::Accept, BODIES);
                self.respond(asked, response);
            }
            Body::NoKey => self.refuse(asked, StatusCode::BAD_REQUEST),
            Body::Empty => self.refuse(asked, StatusCode::OK),
            Body::Key(key) => {
                self.refuse(asked, StatusCode::OK);
                self.tell(SipEvent::KeyInfo { session: id, key });
            }
        }
    }
}

fn body_of(request: &Request) -> Body {
    if request.body.is_empty() {
        return Body::Empty;
    }
    let encoded = |encoding: &str| !encoding.trim().eq_ignore_ascii_case("identity");
    if request.headers.get_all(HeaderName::ContentEncoding).any(encoded) {
        return Body::Foreign;
    }
    let Ok(Some(kind)) = request.headers.content_type() else { return Body::Foreign };
    let text = std::str::from_utf8(&request.body).unwrap_or_default();
    let signal = if kind.is("application", "dtmf-relay") {
        text.lines().find_map(signal_of)
    } else if kind.is("application", "dtmf") {
        Some(text.trim())
    } else {
        return Body::Foreign;
    };
    signal.and_then(key_of).map_or(Body::NoKey, Body::Key)
}

/// The value of a line `Signal=…`; spaces around the sign are common.
fn signal_of(line: &str) -> Option<&str> {
    let (name, value) = line.split_once('=')?;
    name.trim().eq_ignore_ascii_case("signal").then(|| value.trim())
}

fn key_of(signal: &str) -> Option<char> {
    let key = match signal {
        "10" => '*',
        "11" => '#',
        "12" => 'A',
        "13" => 'B',
        "14" => 'C',
        "15" => 'D',
        _ => {
            let mut letters = signal.chars();
            letters.next().filter(|_| letters.next().is_none())?.to_ascii_uppercase()
        }
    };
    matches!(key, '0'..='9' | '*' | '#' | 'A'..='D').then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_a_key_or_its_event_code() {
        for (signal, key) in
            [("0", '0'), ("9", '9'), ("*", '*'), ("#", '#'), ("d", 'D'), ("10", '*'), ("15", 'D')]
        {
            assert_eq!(key_of(signal), Some(key), "{signal}");
        }
        for signal in ["", "16", "55", "!", "hf", "E", "é", "5 5"] {
            assert_eq!(key_of(signal), None, "{signal}");
        }
    }

    #[test]
    fn a_signal_line_may_have_spaces_and_any_case() {
        assert_eq!(signal_of("Signal=5"), Some("5"));
        assert_eq!(signal_of(" SIGNAL = 5 "), Some("5"));
        assert_eq!(signal_of("Duration=160"), None);
        assert_eq!(signal_of("Signal"), None);
    }
}
