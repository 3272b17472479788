//! The names of header fields, compact forms resolved (RFC 3261 §7.3.3, §20).

use crate::grammar;
use std::cmp::Ordering;
use std::fmt;

/// The name of a header field. Names are equal whatever their case.
#[derive(Clone)]
#[non_exhaustive]
pub struct HeaderName(Word);

#[derive(Clone)]
enum Word {
    Known(Known),
    Extension(Box<str>),
}

macro_rules! known_headers {
    ($($variant:ident $text:literal $($compact:literal)?, $rfc:literal;)*) => {
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        enum Known {
            $($variant,)*
        }

        #[allow(non_upper_case_globals, reason = "names as the RFC writes them, used like the variants of an enum")]
        impl HeaderName {
            $(
                #[doc = concat!("`", $text, "`, ", $rfc, ".")]
                pub const $variant: HeaderName = HeaderName(Word::Known(Known::$variant));
            )*

            /// Every name that has a constant.
            pub const KNOWN: &'static [HeaderName] = &[$(HeaderName::$variant),*];
        }

        const TEXTS: &[&str] = &[$($text),*];
        const COMPACT: &[(u8, Known)] = &[$($(($compact, Known::$variant),)?)*];
        const ALL: &[Known] = &[$(Known::$variant),*];
    };
}

known_headers! {
    Accept "Accept", "RFC 3261 §20.1";
    AcceptContact "Accept-Contact" b'a', "RFC 3841";
    AcceptEncoding "Accept-Encoding", "RFC 3261 §20.2";
    AcceptLanguage "Accept-Language", "RFC 3261 §20.3";
    AlertInfo "Alert-Info", "RFC 3261 §20.4";
    Allow "Allow", "RFC 3261 §20.5";
    AllowEvents "Allow-Events" b'u', "RFC 6665";
    AuthenticationInfo "Authentication-Info", "RFC 3261 §20.6";
    Authorization "Authorization", "RFC 3261 §20.7";
    CallId "Call-ID" b'i', "RFC 3261 §20.8";
    CallInfo "Call-Info", "RFC 3261 §20.9";
    Contact "Contact" b'm', "RFC 3261 §20.10";
    ContentDisposition "Content-Disposition", "RFC 3261 §20.11";
    ContentEncoding "Content-Encoding" b'e', "RFC 3261 §20.12";
    ContentLanguage "Content-Language", "RFC 3261 §20.13";
    ContentLength "Content-Length" b'l', "RFC 3261 §20.14";
    ContentType "Content-Type" b'c', "RFC 3261 §20.15";
    CSeq "CSeq", "RFC 3261 §20.16";
    Date "Date", "RFC 3261 §20.17";
    Diversion "Diversion", "RFC 5806";
    ErrorInfo "Error-Info", "RFC 3261 §20.18";
    Event "Event" b'o', "RFC 6665";
    Expires "Expires", "RFC 3261 §20.19";
    FlowTimer "Flow-Timer", "RFC 5626";
    From "From" b'f', "RFC 3261 §20.20";
    HistoryInfo "History-Info", "RFC 7044";
    Identity "Identity" b'y', "RFC 8224";
    InReplyTo "In-Reply-To", "RFC 3261 §20.21";
    Join "Join", "RFC 3911";
    MaxForwards "Max-Forwards", "RFC 3261 §20.22";
    MimeVersion "MIME-Version", "RFC 3261 §20.24";
    MinExpires "Min-Expires", "RFC 3261 §20.23";
    MinSe "Min-SE", "RFC 4028";
    Organization "Organization", "RFC 3261 §20.25";
    PAssertedIdentity "P-Asserted-Identity", "RFC 3325";
    PPreferredIdentity "P-Preferred-Identity", "RFC 3325";
    Path "Path", "RFC 3327";
    Priority "Priority", "RFC 3261 §20.26";
    Privacy "Privacy", "RFC 3323";
    ProxyAuthenticate "Proxy-Authenticate", "RFC 3261 §20.27";
    ProxyAuthorization "Proxy-Authorization", "RFC 3261 §20.28";
    ProxyRequire "Proxy-Require", "RFC 3261 §20.29";
    RAck "RAck", "RFC 3262";
    Reason "Reason", "RFC 3326";
    RecordRoute "Record-Route", "RFC 3261 §20.30";
    ReferSub "Refer-Sub", "RFC 4488";
    ReferTo "Refer-To" b'r', "RFC 3515";
    ReferredBy "Referred-By" b'b', "RFC 3892";
    RemotePartyId "Remote-Party-ID", "as old trunks send it";
    Replaces "Replaces", "RFC 3891";
    ReplyTo "Reply-To", "RFC 3261 §20.31";
    RequestDisposition "Request-Disposition" b'd', "RFC 3841";
    Require "Require", "RFC 3261 §20.32";
    RetryAfter "Retry-After", "RFC 3261 §20.33";
    Route "Route", "RFC 3261 §20.34";
    RSeq "RSeq", "RFC 3262";
    Server "Server", "RFC 3261 §20.35";
    ServiceRoute "Service-Route", "RFC 3608";
    SessionExpires "Session-Expires" b'x', "RFC 4028";
    SipEtag "SIP-ETag", "RFC 3903";
    SipIfMatch "SIP-If-Match", "RFC 3903";
    Subject "Subject" b's', "RFC 3261 §20.36";
    SubscriptionState "Subscription-State", "RFC 6665";
    Supported "Supported" b'k', "RFC 3261 §20.37";
    Timestamp "Timestamp", "RFC 3261 §20.38";
    To "To" b't', "RFC 3261 §20.39";
    Unsupported "Unsupported", "RFC 3261 §20.40";
    UserAgent "User-Agent", "RFC 3261 §20.41";
    Via "Via" b'v', "RFC 3261 §20.42";
    Warning "Warning", "RFC 3261 §20.43";
    WwwAuthenticate "WWW-Authenticate", "RFC 3261 §20.44";
}

impl HeaderName {
    /// The name that a text means: long, compact or unknown, in whatever case. `None` if it is no token.
    pub fn from_token(text: &str) -> Option<HeaderName> {
        if let [letter] = text.as_bytes() {
            let letter = letter.to_ascii_lowercase();
            if let Some((_, known)) = COMPACT.iter().find(|(compact, _)| *compact == letter) {
                return Some(HeaderName(Word::Known(*known)));
            }
        }
        if let Some(at) =
            TEXTS.iter().position(|known| known.len() == text.len() && known.eq_ignore_ascii_case(text))
        {
            return ALL.get(at).map(|known| HeaderName(Word::Known(*known)));
        }
        grammar::is_token(text).then(|| HeaderName(Word::Extension(text.into())))
    }

    /// The long form, as the RFC spells it; an unknown name as it came.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Word::Known(known) => TEXTS.get(*known as usize).copied().unwrap_or_default(),
            Word::Extension(text) => text,
        }
    }

    /// Whether this crate has a constant for it.
    pub fn is_known(&self) -> bool {
        matches!(self.0, Word::Known(_))
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Word::Known(one), Word::Known(two)) => one == two,
            (Word::Extension(one), Word::Extension(two)) => one.eq_ignore_ascii_case(two),
            _ => false,
        }
    }
}

impl Eq for HeaderName {}

impl PartialOrd for HeaderName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for HeaderName {
    fn cmp(&self, other: &Self) -> Ordering {
        let lower = |name: &'_ HeaderName| name.as_str().to_ascii_lowercase();
        lower(self).cmp(&lower(other))
    }
}

impl From<&HeaderName> for HeaderName {
    fn from(name: &HeaderName) -> Self {
        name.clone()
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
