//! Asks a message for everything it knows, and holds the answers against what must be true of every message,
//! whatever bytes it came from. Shared with the fuzz target.

use frontdesk_sip_message::{HeaderName, Headers, Message, ParseError, Response, StatusCode};

/// Panics if a rule is broken.
pub fn walk(bytes: &[u8]) {
    match Message::read(bytes) {
        Ok(message) => {
            ask(message.headers());
            match &message {
                Message::Request(request) => drop(request.fault().map(|fault| fault.status())),
                Message::Response(response) => drop(response.fault()),
            }
            let mut once = Vec::new();
            message.write(&mut once);
            let again = Message::read(&once).expect("what was written can be read");
            let mut twice = Vec::new();
            again.write(&mut twice);
            assert_eq!(once, twice, "writing is stable");
        }
        Err(error) => {
            if let Some(rejection) = error.answerable() {
                ask(&rejection.headers);
                let answer = Response::answering(&rejection.headers, rejection.fault.status()).to_bytes();
                assert!(matches!(Message::read(&answer), Ok(Message::Response(_))), "an answer can be read");
            }
            if let ParseError::Rejected(rejection) = &error {
                assert!(rejection.fault.status() >= StatusCode::BAD_REQUEST);
            }
        }
    }
}

fn ask(headers: &Headers) {
    ask_of_calls(headers);
    // What was read must be written as a text that reads as the same.
    if let Ok(via) = headers.top_via() {
        assert_eq!(via.to_string().parse(), Ok(via.clone()));
        let _ = (via.received(), via.rport(), via.branch(), via.has_rfc3261_branch());
    }
    let addresses = [headers.from(), headers.to()].into_iter().flatten();
    let routes = [headers.routes(), headers.record_routes()].into_iter().flatten().flatten();
    for address in addresses.chain(routes) {
        assert_eq!(address.to_string().parse().as_ref(), Ok(&address));
        assert!(address.uri.equivalent(&address.uri));
    }
    if let Ok(frontdesk_sip_message::Contacts::List(list)) = headers.contacts() {
        for contact in list {
            let _ = (contact.expires(), contact.preference());
            assert_eq!(contact.to_string().parse().as_ref(), Ok(&contact));
        }
    }
    if let Ok(cseq) = headers.cseq() {
        assert_eq!(cseq.to_string().parse(), Ok(cseq));
    }
    for credentials in headers.authorizations().unwrap_or_default() {
        let mut copy = Headers::new();
        copy.push(HeaderName::Authorization, credentials.to_string());
        let _ = (credentials.nonce_count(), copy.authorizations());
    }
    for challenge in headers.www_challenges().unwrap_or_default() {
        let _ = (challenge.is_digest(), challenge.to_string());
    }
    let _ = (headers.call_id(), headers.max_forwards(), headers.expires(), headers.min_expires());
    let _ = (headers.retry_after(), headers.content_length(), headers.content_type());
    let _ = (headers.proxy_authorizations(), headers.proxy_challenges(), headers.reason());
    let _ = (headers.rack(), headers.rseq(), headers.session_expires(), headers.min_se());
    let _ =
        (headers.supported(), headers.require(), headers.proxy_require(), headers.allow(), headers.accept());
}

/// What referrals, subscriptions, reliable answers and session timers say.
fn ask_of_calls(headers: &Headers) {
    if let Ok(rack) = headers.rack() {
        assert_eq!(rack.to_string().parse(), Ok(rack));
    }
    if let Ok(Some(interval)) = headers.session_expires() {
        let _ = interval.refresher();
        assert_eq!(interval.to_string().parse(), Ok(interval));
    }
    if let Ok(Some(replaces)) = headers.replaces() {
        assert_eq!(replaces.to_string().parse(), Ok(replaces));
    }
    if let Ok(event) = headers.event() {
        let _ = event.id();
        assert_eq!(event.to_string().parse(), Ok(event));
    }
    if let Ok(state) = headers.subscription_state() {
        let _ = (state.is_terminated(), state.expires(), state.reason());
        assert_eq!(state.to_string().parse(), Ok(state));
    }
    if let Ok(refer) = headers.refer_to() {
        assert_eq!(refer.target.to_string().parse(), Ok(refer.target));
    }
    if let Ok(Some(referrer)) = headers.referred_by() {
        assert_eq!(referrer.to_string().parse(), Ok(referrer));
    }
    let _ = (headers.refer_sub(), headers.rseq(), headers.min_se());
    let _ = headers.lists(HeaderName::Supported, "100rel");
    for name in ["P-Asserted-Identity", "Diversion", "History-Info", "Path", "Service-Route"] {
        let name = HeaderName::from_token(name).expect("a name");
        for address in headers.addresses(name).unwrap_or_default() {
            assert_eq!(address.to_string().parse(), Ok(address));
        }
    }
}
