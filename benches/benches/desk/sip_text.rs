//! The other side's SIP, as plain text: what is measured is the desk's reading and writing, not this side's.

use std::net::{Ipv4Addr, SocketAddr};

/// A message that came, looked at line by line.
#[derive(Clone, Copy)]
pub struct Text<'a>(pub &'a str);

impl<'a> Text<'a> {
    /// The status, if it is a response.
    pub fn status(self) -> Option<u16> {
        self.0.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The method, of a request or of the request that is answered.
    pub fn method(self) -> &'a str {
        let cseq = self.header("CSeq").unwrap_or_default();
        cseq.split_whitespace().nth(1).unwrap_or_default()
    }

    /// The first header of a name.
    pub fn header(self, name: &str) -> Option<&'a str> {
        self.headers(name).next()
    }

    /// Every header of a name.
    pub fn headers(self, name: &str) -> impl Iterator<Item = &'a str> {
        let head = self.0.split("\r\n\r\n").next().unwrap_or_default();
        head.split("\r\n").skip(1).filter_map(move |line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The number in front of the `@` of a header: of Call-ID, or of From's URI.
    pub fn number_in(self, name: &str) -> Option<u32> {
        let value = self.header(name)?;
        let user = value.split('@').next()?;
        let digits = user.rsplit(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    }

    /// The URI between the angles of a header.
    pub fn uri_in(self, name: &str) -> Option<&'a str> {
        self.header(name)?.split('<').nth(1)?.split('>').next()
    }

    /// Where the sound shall go, from the session description.
    pub fn sound(self) -> Option<SocketAddr> {
        let body = self.0.split("\r\n\r\n").nth(1)?;
        let line = |start: &str| body.lines().find_map(|line| line.strip_prefix(start));
        let ip: Ipv4Addr = line("c=IN IP4 ")?.trim().parse().ok()?;
        let port = line("m=audio ")?.split_whitespace().next()?.parse().ok()?;
        Some(SocketAddr::from((ip, port)))
    }
}

/// A description of PCMU and telephone-event at this port.
pub fn description(port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )
}

/// A caller's request outside or inside its dialog.
pub struct Request<'a> {
    pub method: &'a str,
    pub target: &'a str,
    /// This side.
    pub from: SocketAddr,
    /// Number of the call.
    pub number: u32,
    /// The To header.
    pub to: &'a str,
    pub sequence: u32,
    /// Tells transactions apart.
    pub branch: &'a str,
    pub body: &'a str,
}

impl Request<'_> {
    /// The datagram.
    pub fn text(&self) -> String {
        let Request { method, target, from, number, to, sequence, branch, body } = self;
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {from};rport;branch=z9hG4bK{branch}{number}\r\n\
             Max-Forwards: 70\r\nFrom: \"Caller\" <sip:{number}@127.0.0.1>;tag=c{number}\r\nTo: {to}\r\n\
             Call-ID: {number}@bench\r\nCSeq: {sequence} {method}\r\nContact: <sip:{number}@{from}>\r\n\
             User-Agent: bench\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// The answer to a request that came.
pub fn response(request: Text<'_>, status: &str, contact: SocketAddr, body: &str) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for name in ["Via", "Record-Route", "From"] {
        for value in request.headers(name) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    let to = request.header("To").unwrap_or_default();
    let tag = if to.contains(";tag=") { "" } else { ";tag=phone" };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    text.push_str(&format!(
        "To: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <sip:1001@{contact}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        request.header("Call-ID").unwrap_or_default(),
        request.header("CSeq").unwrap_or_default(),
        body.len()
    ));
    text
}
