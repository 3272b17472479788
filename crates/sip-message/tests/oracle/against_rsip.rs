//! `rsip` as the differential oracle: what it accepts, whole and typed, must be accepted here with the same values.
//! Shared with the fuzz target.

use frontdesk_sip_message::{HeaderName, Message, MessageFault, ParseError, Request, Uri};
use rsip::headers::ToTypedHeader;
use rsip::message::HeadersExt;
use rsip::typed;
use std::convert::TryFrom;

/// What was compared: `None` if `rsip` does not accept the bytes, or if it is one of the differences that are meant.
///
/// # Panics
/// If the two disagree.
pub fn compare(bytes: &[u8]) -> Option<()> {
    // It ends a line at CRLF only and takes a lone CR or LF into a value; here a lone LF ends the line.
    let lone_line_end = |two: &[u8]| (two[0] == b'\r') != (two[1] == b'\n');
    if bytes.starts_with(b"\n") || bytes.windows(2).any(lone_line_end) {
        return None;
    }
    let rsip::SipMessage::Request(theirs) = rsip::SipMessage::try_from(bytes).ok()? else {
        return None;
    };
    let typed = Typed::of(&theirs)?;
    // It drops what it does not know from a URI, such as headers behind `?`: then it has not understood it.
    let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let uri = theirs.uri.to_string();
    if !String::from_utf8_lossy(first_line).contains(&format!(" {uri} ")) {
        return None;
    }
    match Message::read(bytes) {
        Ok(Message::Request(ours)) => {
            typed.hold_against(&theirs, &ours);
            Some(())
        }
        Ok(Message::Response(_)) => panic!("a request became a response"),
        Err(error) => {
            assert!(is_meant(&error), "refused what rsip accepts: {error}");
            None
        }
    }
}

/// `rsip` leaves Content-Length to others, and reads URIs that are none.
fn is_meant(error: &ParseError) -> bool {
    match error {
        ParseError::Rejected(rejection) => matches!(
            rejection.fault,
            MessageFault::BodyTooShort { .. }
                | MessageFault::Header(_)
                | MessageFault::RequestLine
                | MessageFault::RequestUri
                | MessageFault::Version
        ),
        ParseError::HeadersDoNotEnd | ParseError::KeepAlive | ParseError::TooLong { .. } => true,
        _ => false,
    }
}

struct Typed {
    via: typed::Via,
    from: typed::From,
    to: typed::To,
    cseq: typed::CSeq,
    call_id: String,
}

impl Typed {
    fn of(request: &rsip::Request) -> Option<Typed> {
        Some(Typed {
            via: request.via_header().ok()?.typed().ok()?,
            from: request.from_header().ok()?.typed().ok()?,
            to: request.to_header().ok()?.typed().ok()?,
            cseq: request.cseq_header().ok()?.typed().ok()?,
            call_id: rsip::headers::UntypedHeader::value(request.call_id_header().ok()?).to_owned(),
        })
    }

    fn hold_against(&self, theirs: &rsip::Request, ours: &Request) {
        assert_eq!(ours.method.as_str().to_uppercase(), theirs.method.to_string());
        if let (Uri::Sip(ours), Some(auth)) = (&ours.uri, &theirs.uri.auth) {
            assert_eq!(ours.user.as_deref(), Some(auth.user.as_str()));
            assert_eq!(ours.password, auth.password);
        }
        // Each typed header that can be read on both sides says the same. One that `rsip` reads and this crate refuses
        // must be one that a server must refuse: `rsip` checks neither tokens nor escapes. It has understood Via, From
        // and To whole only if it would write them as they came: it reads over white space and quotes.
        let headers = &ours.headers;
        if let Ok(call_id) = headers.call_id() {
            assert_eq!(call_id, self.call_id.trim_matches([' ', '\t']));
        }
        if let Ok(cseq) = headers.cseq() {
            assert_eq!(u64::from(cseq.number), u64::from(self.cseq.seq));
            assert_eq!(cseq.method.as_str().to_uppercase(), self.cseq.method.to_string());
        }
        // It takes a list of Vias for one with odd parameters.
        let whole =
            |typed: String, name| headers.get(name).is_some_and(|text| text == typed && !text.contains(','));
        if let Ok(via) = headers.top_via()
            && whole(self.via.to_string(), HeaderName::Via)
        {
            assert!(via.transport.eq_ignore_ascii_case(&self.via.transport.to_string()));
            let branch = self.via.branch().map(ToString::to_string);
            assert_eq!(via.branch().map(str::to_owned), branch);
            assert_eq!(via.port, self.via.uri.host_with_port.port.as_ref().map(|port| *port.value()));
        }
        if let Ok(from) = headers.from()
            && whole(self.from.to_string(), HeaderName::From)
        {
            assert_eq!(from.tag().map(str::to_owned), self.from.tag().map(|tag| tag.value().to_owned()));
        }
        if let Ok(to) = headers.to()
            && whole(self.to.to_string(), HeaderName::To)
        {
            assert_eq!(to.tag().map(str::to_owned), self.to.tag().map(|tag| tag.value().to_owned()));
        }
    }
}
