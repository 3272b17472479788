//! The words of SIP that are taken from the `rsip` crate: this is the only file that names it, so that leaving it
//! one day is a change to one file.

use crate::grammar;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// A request method (RFC 3261 §7.1). Methods are compared by case, as the RFC says: `Invite` is not `INVITE`.
#[derive(Clone, PartialEq, Eq)]
pub struct Method(MethodWord);

#[derive(Clone, PartialEq, Eq)]
enum MethodWord {
    Known(rsip::Method),
    Extension(Box<str>),
}

macro_rules! known_methods {
    ($($constant:ident $word:literal $variant:ident $rfc:literal;)*) => {
        impl Method {
            $(
                #[doc = concat!("`", $word, "`, ", $rfc, ".")]
                pub const $constant: Method = Method(MethodWord::Known(rsip::Method::$variant));
            )*

            /// Every method that has a constant.
            pub const KNOWN: &'static [Method] = &[$(Method::$constant),*];

            /// The method that a token names. `None` if the text is no token (RFC 3261 §25.1).
            pub fn from_token(token: &str) -> Option<Method> {
                match token {
                    $($word => Some(Method::$constant),)*
                    other if grammar::is_token(other) => Some(Method(MethodWord::Extension(other.into()))),
                    _ => None,
                }
            }
        }

        const fn word_of(method: &rsip::Method) -> &'static str {
            match method {
                $(rsip::Method::$variant => $word,)*
            }
        }
    };
}

known_methods! {
    INVITE "INVITE" Invite "RFC 3261 §13";
    ACK "ACK" Ack "RFC 3261 §13";
    BYE "BYE" Bye "RFC 3261 §15";
    CANCEL "CANCEL" Cancel "RFC 3261 §9";
    OPTIONS "OPTIONS" Options "RFC 3261 §11";
    REGISTER "REGISTER" Register "RFC 3261 §10";
    PRACK "PRACK" PRack "RFC 3262";
    UPDATE "UPDATE" Update "RFC 3311";
    REFER "REFER" Refer "RFC 3515";
    NOTIFY "NOTIFY" Notify "RFC 6665";
    SUBSCRIBE "SUBSCRIBE" Subscribe "RFC 6665";
    INFO "INFO" Info "RFC 6086";
    MESSAGE "MESSAGE" Message "RFC 3428";
    PUBLISH "PUBLISH" Publish "RFC 3903";
}

impl Method {
    /// The word as it stands in a message.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            MethodWord::Known(known) => word_of(known),
            MethodWord::Extension(word) => word,
        }
    }

    /// Whether this crate has a constant for it.
    pub fn is_known(&self) -> bool {
        matches!(self.0, MethodWord::Known(_))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialOrd for Method {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Method {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Method {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl FromStr for Method {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Method::from_token(text).ok_or(NotAToken)
    }
}

/// A text that should be a token (RFC 3261 §25.1) and is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token")]
pub struct NotAToken;

/// The status code of a response, 100 to 699 (RFC 3261 §7.2, §21).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode(u16);

macro_rules! status_codes {
    ($($code:literal $constant:ident $reason:literal;)*) => {
        impl StatusCode {
            $(
                #[doc = concat!($code, " ", $reason, ".")]
                pub const $constant: StatusCode = StatusCode($code);
            )*

            /// The reason phrase that the RFCs give to this code; `Unknown` where they give none.
            pub const fn default_reason(self) -> &'static str {
                match self.0 {
                    $($code => $reason,)*
                    _ => "Unknown",
                }
            }
        }

        #[cfg(test)]
        const KNOWN_CODES: &[(u16, &str)] = &[$(($code, $reason)),*];
    };
}

status_codes! {
    100 TRYING "Trying";
    180 RINGING "Ringing";
    181 CALL_IS_BEING_FORWARDED "Call Is Being Forwarded";
    182 QUEUED "Queued";
    183 SESSION_PROGRESS "Session Progress";
    199 EARLY_DIALOG_TERMINATED "Early Dialog Terminated";
    200 OK "OK";
    202 ACCEPTED "Accepted";
    204 NO_NOTIFICATION "No Notification";
    300 MULTIPLE_CHOICES "Multiple Choices";
    301 MOVED_PERMANENTLY "Moved Permanently";
    302 MOVED_TEMPORARILY "Moved Temporarily";
    305 USE_PROXY "Use Proxy";
    380 ALTERNATIVE_SERVICE "Alternative Service";
    400 BAD_REQUEST "Bad Request";
    401 UNAUTHORIZED "Unauthorized";
    402 PAYMENT_REQUIRED "Payment Required";
    403 FORBIDDEN "Forbidden";
    404 NOT_FOUND "Not Found";
    405 METHOD_NOT_ALLOWED "Method Not Allowed";
    406 NOT_ACCEPTABLE "Not Acceptable";
    407 PROXY_AUTHENTICATION_REQUIRED "Proxy Authentication Required";
    408 REQUEST_TIMEOUT "Request Timeout";
    409 CONFLICT "Conflict";
    410 GONE "Gone";
    411 LENGTH_REQUIRED "Length Required";
    412 CONDITIONAL_REQUEST_FAILED "Conditional Request Failed";
    413 REQUEST_ENTITY_TOO_LARGE "Request Entity Too Large";
    414 REQUEST_URI_TOO_LONG "Request-URI Too Long";
    415 UNSUPPORTED_MEDIA_TYPE "Unsupported Media Type";
    416 UNSUPPORTED_URI_SCHEME "Unsupported URI Scheme";
    417 UNKNOWN_RESOURCE_PRIORITY "Unknown Resource-Priority";
    420 BAD_EXTENSION "Bad Extension";
    421 EXTENSION_REQUIRED "Extension Required";
    422 SESSION_INTERVAL_TOO_SMALL "Session Interval Too Small";
    423 INTERVAL_TOO_BRIEF "Interval Too Brief";
    424 BAD_LOCATION_INFORMATION "Bad Location Information";
    428 USE_IDENTITY_HEADER "Use Identity Header";
    429 PROVIDE_REFERRER_IDENTITY "Provide Referrer Identity";
    430 FLOW_FAILED "Flow Failed";
    433 ANONYMITY_DISALLOWED "Anonymity Disallowed";
    436 BAD_IDENTITY_INFO "Bad Identity Info";
    437 UNSUPPORTED_CERTIFICATE "Unsupported Certificate";
    438 INVALID_IDENTITY_HEADER "Invalid Identity Header";
    439 FIRST_HOP_LACKS_OUTBOUND_SUPPORT "First Hop Lacks Outbound Support";
    440 MAX_BREADTH_EXCEEDED "Max-Breadth Exceeded";
    469 BAD_INFO_PACKAGE "Bad Info Package";
    470 CONSENT_NEEDED "Consent Needed";
    480 TEMPORARILY_UNAVAILABLE "Temporarily Unavailable";
    481 CALL_TRANSACTION_DOES_NOT_EXIST "Call/Transaction Does Not Exist";
    482 LOOP_DETECTED "Loop Detected";
    483 TOO_MANY_HOPS "Too Many Hops";
    484 ADDRESS_INCOMPLETE "Address Incomplete";
    485 AMBIGUOUS "Ambiguous";
    486 BUSY_HERE "Busy Here";
    487 REQUEST_TERMINATED "Request Terminated";
    488 NOT_ACCEPTABLE_HERE "Not Acceptable Here";
    489 BAD_EVENT "Bad Event";
    491 REQUEST_PENDING "Request Pending";
    493 UNDECIPHERABLE "Undecipherable";
    494 SECURITY_AGREEMENT_REQUIRED "Security Agreement Required";
    500 SERVER_INTERNAL_ERROR "Server Internal Error";
    501 NOT_IMPLEMENTED "Not Implemented";
    502 BAD_GATEWAY "Bad Gateway";
    503 SERVICE_UNAVAILABLE "Service Unavailable";
    504 SERVER_TIME_OUT "Server Time-out";
    505 VERSION_NOT_SUPPORTED "Version Not Supported";
    513 MESSAGE_TOO_LARGE "Message Too Large";
    580 PRECONDITION_FAILURE "Precondition Failure";
    600 BUSY_EVERYWHERE "Busy Everywhere";
    603 DECLINE "Decline";
    604 DOES_NOT_EXIST_ANYWHERE "Does Not Exist Anywhere";
    606 NOT_ACCEPTABLE_ANYWHERE "Not Acceptable";
    607 UNWANTED "Unwanted";
    608 REJECTED "Rejected";
}

impl StatusCode {
    /// `None` outside 100 to 699.
    pub const fn new(code: u16) -> Option<StatusCode> {
        if code >= 100 && code <= 699 { Some(StatusCode(code)) } else { None }
    }

    /// The number.
    pub const fn as_u16(self) -> u16 {
        self.0
    }

    /// 1xx.
    pub const fn is_provisional(self) -> bool {
        self.0 < 200
    }

    /// 2xx.
    pub const fn is_success(self) -> bool {
        self.0 >= 200 && self.0 < 300
    }

    /// 200 and above.
    pub const fn is_final(self) -> bool {
        self.0 >= 200
    }

    /// 300 and above.
    pub const fn is_failure(self) -> bool {
        self.0 >= 300
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.default_reason())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_that_rsip_knows_has_a_constant_and_the_same_word() {
        assert_eq!(Method::KNOWN.len(), rsip::Method::all().len());
        for method in rsip::Method::all() {
            let word = method.to_string();
            assert_eq!(Method::from_token(&word), Some(Method(MethodWord::Known(method))));
        }
    }

    #[test]
    fn methods_are_compared_by_case_and_kept_when_unknown() {
        assert_ne!(Method::from_token("Invite"), Some(Method::INVITE));
        assert_eq!(
            Method::from_token("NEWMETHOD").map(|method| method.to_string()),
            Some("NEWMETHOD".to_owned())
        );
        assert_eq!(Method::from_token("IN VITE"), None);
        assert_eq!(Method::from_token(""), None);
    }

    /// `AddressIncomplete` and `Address Incomplete` are the same letters.
    #[test]
    fn the_reasons_are_those_of_rsip_where_it_knows_the_code() {
        for (code, reason) in KNOWN_CODES {
            let theirs = rsip::StatusCode::from(*code);
            if matches!(theirs, rsip::StatusCode::Other(..)) || *code == 606 {
                continue;
            }
            let letters: String = reason.chars().filter(char::is_ascii_alphabetic).collect();
            assert!(format!("{theirs:?}").eq_ignore_ascii_case(&letters), "{code} {theirs:?} {reason}");
        }
    }

    #[test]
    fn a_status_code_lies_between_100_and_699() {
        assert_eq!(StatusCode::new(99), None);
        assert_eq!(StatusCode::new(700), None);
        assert_eq!(StatusCode::new(180), Some(StatusCode::RINGING));
        assert!(StatusCode::RINGING.is_provisional() && !StatusCode::RINGING.is_final());
        assert!(StatusCode::OK.is_success() && StatusCode::OK.is_final());
        assert!(StatusCode::BUSY_HERE.is_failure() && !StatusCode::BUSY_HERE.is_success());
        assert_eq!(StatusCode::new(299).map(StatusCode::default_reason), Some("Unknown"));
    }
}
