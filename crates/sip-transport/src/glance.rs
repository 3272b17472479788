//! A glance at a datagram: what kind of message it is, without reading it.

/// What a datagram looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Sent to keep a way through a NAT open, or meant for somebody else (RFC 5626 §4.4, RFC 8489).
    KeepAlive,
    /// A response: it belongs to something that this side began.
    Response,
    /// A request that belongs to something already begun: it has a To tag, or its method needs a call.
    Within,
    /// A request that begins something new.
    Beginning,
    /// Nothing that can be told.
    Strange,
}

/// Methods that never begin anything (RFC 3261 §9, §15, §17.1.1.3, RFC 3262).
const WITHIN: [&[u8]; 4] = [b"ACK", b"BYE", b"CANCEL", b"PRACK"];

/// The kind of a datagram.
pub(crate) fn kind(datagram: &[u8]) -> Kind {
    // STUN, DTLS and the zero bytes of some telephones begin below 4 (RFC 7983 §7); no SIP message does.
    if datagram.iter().all(u8::is_ascii_whitespace) || datagram.first().is_some_and(|b| *b < 4) {
        return Kind::KeepAlive;
    }
    let mut lines = Lines::of(datagram);
    let Some(first) = lines.start_line() else { return Kind::Strange };
    if first.starts_with(b"SIP/") {
        return Kind::Response;
    }
    let mut words = first.split(|b| *b == b' ');
    let method = words.next().unwrap_or_default();
    let version = first.rsplit(|b| *b == b' ').next().unwrap_or_default();
    if method.is_empty() || !version.starts_with(b"SIP/") {
        return Kind::Strange;
    }
    let mut has_to_tag = || lines.any(|(name, value)| is_name(name, b"To", b"t") && has_tag(value));
    if WITHIN.contains(&method) || has_to_tag() { Kind::Within } else { Kind::Beginning }
}

/// Whether a message of the desk shows that it serves the other side: a request, or an answer that is no refusal. OPTIONS
/// is answered to anybody; everything else wants a password or a peer's right first, also the 100 to an INVITE.
pub(crate) fn shows_service(message: &[u8]) -> bool {
    let mut lines = Lines::of(message);
    let Some(first) = lines.start_line() else { return false };
    let Some(answer) = first.strip_prefix(b"SIP/2.0 ") else { return true };
    let asked = lines.find(|(name, _)| name.eq_ignore_ascii_case(b"CSeq")).map(|(_, value)| value);
    matches!(answer.first(), Some(b'1' | b'2')) && asked.is_some_and(|asked| !asked.ends_with(b"OPTIONS"))
}

/// Whether a header name is this one, long or compact (RFC 3261 §7.3.1, §7.3.3).
pub(crate) fn is_name(name: &[u8], long: &[u8], compact: &[u8]) -> bool {
    name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(compact)
}

/// Whether the value of To has a tag: a parameter after the address, not one within it.
pub(crate) fn has_tag(value: &[u8]) -> bool {
    let after = value.iter().rposition(|b| *b == b'>').map_or(0, |at| at + 1);
    let parameters = value.get(after..).unwrap_or_default().split(|b| *b == b';').skip(1);
    parameters.into_iter().any(|parameter| {
        let parameter = parameter.trim_ascii();
        let name = parameter.split(|b| *b == b'=').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"tag")
    })
}

/// The header lines of a message as (name, value); a folded value is given with its line ends (RFC 3261 §7.3.1).
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    pub(crate) fn of(datagram: &'a [u8]) -> Self {
        // RFC 3261 §7.5: empty lines before the start line are passed over.
        Lines { rest: datagram.trim_ascii_start() }
    }

    /// The first line; call it once, before the headers.
    pub(crate) fn start_line(&mut self) -> Option<&'a [u8]> {
        let line = self.line()?;
        (!line.is_empty()).then_some(line)
    }

    /// The next line without its end; none at the end of the datagram.
    fn line(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|b| *b == b'\n')?;
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let begin = self.rest;
        let mut line = self.line()?;
        if line.is_empty() {
            self.rest = b"";
            return None;
        }
        let mut length = line.len();
        while matches!(self.rest.first(), Some(b' ' | b'\t')) {
            self.line()?;
            length = begin.len() - self.rest.len();
        }
        line = begin.get(..length)?;
        let colon = line.iter().position(|b| *b == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        Some((name.trim_ascii(), value.get(1..).unwrap_or_default().trim_ascii()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, to: &str) -> Vec<u8> {
        format!(
            "{method} sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK1\r\n{to}\r\n\r\nTo: x;tag=body\r\n"
        )
        .into_bytes()
    }

    #[test]
    fn what_begins_and_what_belongs_is_told_apart() {
        for (method, to, expected) in [
            ("INVITE", "To: <sip:a@b>", Kind::Beginning),
            ("INVITE", "To: <sip:a@b;tag=1>", Kind::Beginning),
            ("INVITE", "To: \"x;tag=1\" <sip:a@b>", Kind::Beginning),
            ("INVITE", "To: <sip:a@b>;tag=1", Kind::Within),
            ("INVITE", "t : sip:a@b ; TAG = 1", Kind::Within),
            ("INVITE", "TO:\r\n <sip:a@b>\r\n\t;tag=1", Kind::Within),
            ("INVITE", "Totally: <sip:a@b>;tag=1", Kind::Beginning),
            ("REGISTER", "To: <sip:a@b>", Kind::Beginning),
            ("CANCEL", "To: <sip:a@b>", Kind::Within),
            ("ACK", "To: <sip:a@b>", Kind::Within),
            ("invite", "To: <sip:a@b>", Kind::Beginning),
        ] {
            assert_eq!(kind(&request(method, to)), expected, "{method} {to}");
        }
    }

    #[test]
    fn keep_alives_and_strangers_are_known() {
        for datagram in
            [&b""[..], b"\r\n\r\n", b"\0\0\0\0", b"\r\n", b"  ", b"\x00\x01\x00\x00\x21\x12\xa4\x42"]
        {
            assert_eq!(kind(datagram), Kind::KeepAlive, "{datagram:?}");
        }
        for datagram in
            [&b"hello"[..], b"GET / HTTP/1.1\r\n\r\n", b"SIP/2.0", b"\xff\xff\n", b" SIP/2.0\r\nTo"]
        {
            assert!(matches!(kind(datagram), Kind::Strange | Kind::Response), "{datagram:?}");
        }
        assert_eq!(kind(b"\r\n\r\nSIP/2.0 200 OK\r\n\r\n"), Kind::Response);
    }

    #[test]
    fn whom_the_desk_serves_shows_in_what_it_says() {
        let answer = |status: &str, cseq: &str| format!("SIP/2.0 {status}\r\nCSeq: {cseq}\r\n\r\n");
        for (text, serves) in [
            (answer("200 OK", "2 REGISTER"), true),
            (answer("100 Trying", "1 INVITE"), true),
            (answer("401 Unauthorized", "1 REGISTER"), false),
            (answer("200 OK", "7 OPTIONS"), false),
            (answer("503 Service Unavailable", "1 INVITE"), false),
            ("INVITE sip:a@b SIP/2.0\r\n\r\n".to_owned(), true),
            ("SIP/2.0 200 OK\r\n\r\n".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(shows_service(text.as_bytes()), serves, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_glanced_at(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = kind(&bytes);
        }
    }
}
