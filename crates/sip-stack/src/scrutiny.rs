//! What a request must be before anybody asks who sent it (RFC 3261 §8.2.1 to §8.2.3).
//!
//! RFC 3261 §8.2 lets authentication go first. Nothing that is judged here depends on users or numbers, so to judge
//! it first tells nobody anything, and a broken client learns what is wrong instead of being asked for a password.

use crate::dialog::provisional::may_describe;
use crate::reply::{ALLOW, Asked, is_supported};
use crate::stack::SipStack;
use frontdesk_sip_message::{HeaderName, Method, Request, Response, StatusCode, Uri};

/// What is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    Malformed,
    NotAllowed,
    NotImplemented,
    Scheme,
    TooManyHops,
    Extension(Vec<String>),
    MediaType,
    Encoding,
    NotAcceptable,
}

impl SipStack {
    /// The refusal of a request that this side cannot serve, whoever sent it. `within` is whether it names a dialog.
    pub(crate) fn scrutinise(&self, asked: &Asked, within: bool) -> Option<Response> {
        let fault = fault_of(&asked.request, within)?;
        let status = match &fault {
            Fault::Malformed => StatusCode::BAD_REQUEST,
            Fault::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Fault::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Fault::Scheme => StatusCode::UNSUPPORTED_URI_SCHEME,
            Fault::TooManyHops => StatusCode::TOO_MANY_HOPS,
            Fault::Extension(_) => StatusCode::BAD_EXTENSION,
            Fault::MediaType | Fault::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Fault::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        };
        let mut response = self.refusal(asked, status);
        match fault {
            Fault::NotAllowed | Fault::NotImplemented => response.headers.push(HeaderName::Allow, ALLOW),
            Fault::Extension(names) => response.headers.push(HeaderName::Unsupported, names.join(", ")),
            Fault::MediaType => response.headers.push(HeaderName::Accept, "application/sdp"),
            Fault::Encoding => response.headers.push(HeaderName::AcceptEncoding, "identity"),
            Fault::Malformed | Fault::Scheme | Fault::TooManyHops | Fault::NotAcceptable => {}
        }
        Some(response)
    }
}

/// Requests that this side serves. ACK and CANCEL come to nobody's scrutiny.
const SERVED: [Method; 11] = [
    Method::INVITE,
    Method::BYE,
    Method::OPTIONS,
    Method::REGISTER,
    Method::INFO,
    Method::PRACK,
    Method::UPDATE,
    Method::REFER,
    Method::NOTIFY,
    Method::SUBSCRIBE,
    Method::MESSAGE,
];

/// Requests that mean something within a dialog only; elsewhere they are 481.
pub(crate) const ONLY_WITHIN: [Method; 5] =
    [Method::BYE, Method::INFO, Method::NOTIFY, Method::PRACK, Method::UPDATE];

fn fault_of(request: &Request, within: bool) -> Option<Fault> {
    if !SERVED.contains(&request.method) {
        return Some(if request.method.is_known() { Fault::NotAllowed } else { Fault::NotImplemented });
    }
    if !matches!(request.uri, Uri::Sip(_) | Uri::Tel(_)) {
        return Some(Fault::Scheme);
    }
    let Ok(hops) = request.headers.max_forwards() else { return Some(Fault::Malformed) };
    if hops == Some(0) && request.method != Method::OPTIONS {
        // RFC 3261 §11: an OPTIONS that has run out of hops is answered by whom it reached. For the others this
        // side is the last hop too, but a count that is used up mostly means a loop.
        return Some(Fault::TooManyHops);
    }
    if ONLY_WITHIN.contains(&request.method) && !within {
        // Its 481 says enough.
        return None;
    }
    let unknown: Vec<&str> =
        request.headers.require().into_iter().filter(|tag| !is_served(tag, &request.method)).collect();
    if !unknown.is_empty() {
        return Some(Fault::Extension(unknown.into_iter().map(str::to_owned).collect()));
    }
    // RFC 3891 §3: Replaces means something in an INVITE only.
    if request.method != Method::INVITE && request.headers.contains(HeaderName::Replaces) {
        return Some(Fault::Malformed);
    }
    if !may_describe(&request.method) {
        return None;
    }
    if takes_sdp(request) { body_fault(request) } else { Some(Fault::NotAcceptable) }
}

/// Whether this side can what the option tag demands of a request of this kind.
fn is_served(tag: &str, method: &Method) -> bool {
    // RFC 3327 §5.3, RFC 5626 §6: of its registrar.
    let registering = *method == Method::REGISTER;
    is_supported(tag)
        || registering && ["path", "outbound"].iter().any(|known| known.eq_ignore_ascii_case(tag))
}

/// RFC 3261 §8.2.3. Only bodies that describe the session are read here, so only their kind matters.
fn body_fault(request: &Request) -> Option<Fault> {
    let identity = |encoding: &str| encoding.trim().eq_ignore_ascii_case("identity");
    if request.headers.get_all(HeaderName::ContentEncoding).any(|encoding| !identity(encoding)) {
        return Some(Fault::Encoding);
    }
    if request.body.is_empty() {
        return None;
    }
    match request.headers.content_type() {
        Ok(Some(kind)) if kind.is_sdp() => None,
        Ok(_) => Some(Fault::MediaType),
        Err(_) => Some(Fault::Malformed),
    }
}

/// Whether the caller can read this side's only kind of answer. Without Accept it can (RFC 3261 §20.1); RFC 4475
/// §3.3.9 is the case where it cannot.
fn takes_sdp(request: &Request) -> bool {
    let fits = |range: &&str| {
        let range = range.split(';').next().unwrap_or_default().trim();
        ["application/sdp", "application/*", "*/*"].iter().any(|kind| range.eq_ignore_ascii_case(kind))
    };
    let accepted = request.headers.accept();
    accepted.is_empty() || accepted.iter().any(fits)
}
