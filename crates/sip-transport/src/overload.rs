//! Answers without remembering anything (RFC 3261 §8.2.7): that the desk is too busy, that a message cannot be read.

use crate::glance::{Lines, is_name};
use std::net::{IpAddr, SocketAddr};

/// What `Retry-After` says, in seconds: long enough for a burst to be over, short enough for a caller to wait.
pub const RETRY_AFTER_SECONDS: u32 = 5;
/// The most Via headers that are repeated; a request with more is not answered.
const VIAS_MAX: usize = 70;
/// The port of SIP when Via names none (RFC 3261 §18.2.2).
const SIP_PORT: u16 = 5060;

/// The headers that a response repeats (RFC 3261 §8.2.6.2).
#[derive(Default)]
struct Repeated<'a> {
    vias: Vec<&'a [u8]>,
    from: Option<&'a [u8]>,
    to: Option<&'a [u8]>,
    call_id: Option<&'a [u8]>,
    cseq: Option<&'a [u8]>,
}

/// Why a request is refused here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// RFC 3261 §21.5.4.
    Busy,
    /// RFC 3261 §21.4.1, §18.3: where its body ends cannot be told.
    NoLength,
    /// RFC 3261 §21.5.7.
    TooLong,
}

impl Refused {
    fn status_line(self) -> &'static [u8] {
        match self {
            Refused::Busy => b"SIP/2.0 503 Service Unavailable\r\n",
            Refused::NoLength => b"SIP/2.0 400 Content-Length Missing Or Wrong\r\n",
            Refused::TooLong => b"SIP/2.0 513 Message Too Large\r\n",
        }
    }
}

/// The refusal of this request, and where it goes; none when it is no request, or has not what a response must repeat.
pub(crate) fn refusal(request: &[u8], source: SocketAddr, refused: Refused) -> Option<(Vec<u8>, SocketAddr)> {
    let repeated = repeated(request)?;
    let (from, to, call_id, cseq) = (repeated.from?, repeated.to?, repeated.call_id?, repeated.cseq?);
    let (top, others) = repeated.vias.split_first()?;
    let (via, reply_to) = answered_via(top, source)?;

    let mut bytes = Vec::with_capacity(request.len() + 128);
    bytes.extend_from_slice(refused.status_line());
    header(&mut bytes, b"Via", &via);
    others.iter().for_each(|via| header(&mut bytes, b"Via", via));
    header(&mut bytes, b"From", from);
    // Whoever remembers nothing gives every repetition of a request the same tag (RFC 3261 §8.2.7).
    let tag = format!(";tag=busy{:016x}", fingerprint(&[top, call_id, cseq]));
    header(&mut bytes, b"To", &[to, tag.as_bytes()].concat());
    header(&mut bytes, b"Call-ID", call_id);
    header(&mut bytes, b"CSeq", cseq);
    if refused == Refused::Busy {
        header(&mut bytes, b"Retry-After", RETRY_AFTER_SECONDS.to_string().as_bytes());
    }
    bytes.extend_from_slice(b"Content-Length: 0\r\n\r\n");
    Some((bytes, reply_to))
}

fn repeated(request: &[u8]) -> Option<Repeated<'_>> {
    let mut lines = Lines::of(request);
    let first = lines.start_line()?;
    // A response or an ACK is never answered (RFC 3261 §8.1.1.5, §17.1.1.3).
    if first.starts_with(b"SIP/") || first.starts_with(b"ACK ") {
        return None;
    }
    let mut repeated = Repeated::default();
    for (name, value) in lines {
        if is_name(name, b"Via", b"v") {
            if repeated.vias.len() == VIAS_MAX {
                return None;
            }
            repeated.vias.push(value);
        } else if is_name(name, b"From", b"f") {
            repeated.from = Some(value);
        } else if is_name(name, b"To", b"t") {
            repeated.to = Some(value);
        } else if is_name(name, b"Call-ID", b"i") {
            repeated.call_id = Some(value);
        } else if name.eq_ignore_ascii_case(b"CSeq") {
            repeated.cseq = Some(value);
        }
    }
    Some(repeated)
}

/// Writes a header; a folded value is unfolded, so that nothing of it can end the line.
fn header(bytes: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(b": ");
    bytes.extend(value.iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b }));
    bytes.extend_from_slice(b"\r\n");
}

/// The first Via header as a response carries it: its first element says whence the request came, and so where
/// the response goes (RFC 3261 §18.2.1, §18.2.2, RFC 3581 §4).
fn answered_via(value: &[u8], source: SocketAddr) -> Option<(Vec<u8>, SocketAddr)> {
    let comma = value.iter().position(|b| *b == b',').unwrap_or(value.len());
    let (element, others) = value.split_at(comma);
    let mut parts = element.split(|b| *b == b';');
    let sent_by = parts.next()?.trim_ascii();
    let mut via = sent_by.to_vec();
    let mut symmetric = false;
    for parameter in parts.map(<[u8]>::trim_ascii) {
        let name = parameter.split(|b| *b == b'=').next().unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"rport") {
            symmetric = true;
        } else if !name.eq_ignore_ascii_case(b"received") {
            via.push(b';');
            via.extend_from_slice(parameter);
        }
    }
    let ip: IpAddr = source.ip().to_canonical();
    via.extend_from_slice(format!(";received={ip}").as_bytes());
    if symmetric {
        via.extend_from_slice(format!(";rport={}", source.port()).as_bytes());
    }
    via.extend_from_slice(others);
    let mut reply_to = source;
    if !symmetric {
        reply_to.set_port(sent_by_port(sent_by)?);
    }
    Some((via, reply_to))
}

/// The port of `SIP/2.0/UDP host[:port]`.
fn sent_by_port(sent_by: &[u8]) -> Option<u16> {
    let host = sent_by.rsplit(|b| b.is_ascii_whitespace()).next()?;
    let after_host = match host.iter().rposition(|b| *b == b']') {
        Some(bracket) => host.get(bracket + 1..)?,
        None => host,
    };
    match after_host.iter().position(|b| *b == b':') {
        None => Some(SIP_PORT),
        Some(colon) => {
            let digits = std::str::from_utf8(after_host.get(colon + 1..)?).ok()?;
            digits.parse().ok().filter(|port| *port != 0)
        }
    }
}

/// FNV-1a: the same for the same request, which is all that is asked of it.
fn fingerprint(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 7], 40_000))
    }

    fn refused(vias: &str) -> Option<(String, SocketAddr)> {
        let request = format!(
            "\r\nINVITE sip:100@desk SIP/2.0\r\n{vias}\r\nf: <sip:a@b>;tag=x\r\nTo:\r\n <sip:100@desk>\r\n\
             i: c1\r\nCSeq: 7 INVITE\r\nContent-Length: 4\r\n\r\nv=0\n"
        );
        refusal(request.as_bytes(), source(), Refused::Busy)
            .map(|(bytes, reply_to)| (String::from_utf8(bytes).unwrap(), reply_to))
    }

    #[test]
    fn a_refusal_says_when_to_try_again_and_goes_back_the_same_way() {
        let (text, reply_to) = refused("Via: SIP/2.0/UDP 10.0.0.7:5062;rport;branch=z9hG4bK1").unwrap();
        let tag = text.split(";tag=busy").nth(1).unwrap().get(..16).unwrap().to_owned();
        assert_eq!(
            text,
            format!(
                "SIP/2.0 503 Service Unavailable\r\n\
                 Via: SIP/2.0/UDP 10.0.0.7:5062;branch=z9hG4bK1;received=192.0.2.7;rport=40000\r\n\
                 From: <sip:a@b>;tag=x\r\nTo: <sip:100@desk>;tag=busy{tag}\r\nCall-ID: c1\r\n\
                 CSeq: 7 INVITE\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"
            )
        );
        assert_eq!(reply_to, source());
        let again = refused("Via: SIP/2.0/UDP 10.0.0.7:5062;rport;branch=z9hG4bK1").unwrap().0;
        assert_eq!(again, text, "a repetition gets the same answer");
    }

    #[test]
    fn without_rport_the_refusal_goes_to_the_port_that_via_names() {
        for (via, port) in [
            ("Via: SIP/2.0/UDP 10.0.0.7:5062;branch=1", 5062),
            ("v: SIP/2.0/UDP 10.0.0.7;branch=1", 5060),
            ("Via: SIP/2.0/UDP [2001:db8::1]:5064;branch=1", 5064),
            ("Via: SIP/2.0/UDP [2001:db8::1];branch=1", 5060),
        ] {
            assert_eq!(refused(via).unwrap().1, SocketAddr::new(source().ip(), port), "{via}");
        }
    }

    #[test]
    fn every_via_is_repeated_in_order() {
        let vias = "Via: SIP/2.0/UDP p:5061;rport;branch=1, SIP/2.0/UDP q;rport;branch=2\r\nVia: SIP/2.0/TCP r;branch=3";
        let text = refused(vias).unwrap().0;
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("Via")).collect();
        assert_eq!(
            lines,
            [
                "Via: SIP/2.0/UDP p:5061;branch=1;received=192.0.2.7;rport=40000, SIP/2.0/UDP q;rport;branch=2",
                "Via: SIP/2.0/TCP r;branch=3"
            ]
        );
    }

    #[test]
    fn what_cannot_be_answered_is_not() {
        assert_eq!(refused("X: y"), None);
        assert_eq!(refused("Via: SIP/2.0/UDP h:0;branch=1"), None);
        assert_eq!(refused(&["Via: SIP/2.0/UDP h"; VIAS_MAX + 1].join("\r\n")), None);
        assert_eq!(
            refusal(b"INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n\r\n", source(), Refused::Busy),
            None
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_refused_or_not(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = refusal(&bytes, source(), Refused::Busy);
        }

        #[test]
        fn nothing_that_came_can_end_the_headers(value in "[ -~\t\r\n]{0,40}") {
            if let Some((text, _)) = refused(&format!("Via: SIP/2.0/UDP h;x={value}")) {
                proptest::prop_assert_eq!(text.matches("\r\n\r\n").count(), 1);
                proptest::prop_assert!(text.ends_with("\r\n\r\n"));
            }
        }
    }
}
