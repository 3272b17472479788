//! A neighbour made by hand: it writes its own messages, right or wrong, and sees what comes back.

use md5::{Digest, Md5};
use std::cell::Cell;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// The carrier: this address may call without a password.
pub const CARRIER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
/// Somebody whom the desk does not know.
pub const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);

/// A SIP socket of its own.
pub struct Neighbour {
    socket: UdpSocket,
    desk: SocketAddr,
    requests: Cell<u32>,
}

/// A request, part by part.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static str,
    pub uri: String,
    pub via: String,
    pub from: String,
    pub to: String,
    pub call_id: String,
    pub cseq: u32,
    /// Whole header lines without their ends.
    pub more: Vec<String>,
    pub body: String,
}

impl Neighbour {
    /// At this address, on a port of its own.
    pub fn at(ip: impl Into<IpAddr>, desk: SocketAddr) -> Neighbour {
        let socket = UdpSocket::bind((ip.into(), 0)).expect("a loopback address");
        socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        Neighbour { socket, desk, requests: Cell::new(0) }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("it is bound")
    }

    /// A request with fresh names, outside of any dialog.
    pub fn request(&self, method: &'static str, user: &str) -> Request {
        let number = self.requests.get() + 1;
        self.requests.set(number);
        let (local, port) = (self.address(), self.address().port());
        let uri = format!("sip:{user}@{}", self.desk);
        Request {
            method,
            via: format!("SIP/2.0/UDP {local};rport;branch=z9hG4bK-{port}-{number}"),
            from: format!("<sip:neighbour@{local}>;tag=n{number}"),
            to: format!("<{uri}>"),
            uri,
            call_id: format!("{port}-{number}@hostile"),
            cseq: 1,
            more: vec![format!("Contact: <sip:neighbour@{local}>")],
            body: String::new(),
        }
    }

    /// An INVITE with this description.
    pub fn invite(&self, user: &str, body: &str) -> Request {
        let mut invite = self.request("INVITE", user);
        body.clone_into(&mut invite.body);
        if !body.is_empty() {
            invite.more.push("Content-Type: application/sdp".to_owned());
        }
        invite
    }

    /// A fresh branch for the next request of a dialog.
    pub fn renew(&self, request: &mut Request) {
        request.via = self.request("OPTIONS", "x").via;
    }

    /// A request in the dialog that this INVITE and its answer made.
    pub fn within(&self, invite: &Request, answer: &str, method: &'static str, cseq: u32) -> Request {
        let mut request = invite.clone();
        request.method = method;
        request.cseq = cseq;
        request.to = header(answer, "To");
        request.more.retain(|line| line.starts_with("Contact") || line.starts_with("Route"));
        request.body.clear();
        self.renew(&mut request);
        request
    }

    /// Sends whatever this is.
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        self.socket.send_to(bytes.as_ref(), self.desk).expect("the loopback takes it");
    }

    /// The next message, or none in time.
    pub fn receive_within(&self, longest: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(longest.max(Duration::from_millis(1)))).expect("a time-out");
        let mut bytes = vec![0; 65_536];
        let length = self.socket.recv(&mut bytes).ok()?;
        bytes.truncate(length);
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Waits for a message that fits; others are passed over.
    pub fn wait_for(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        let mut passed_over = Vec::new();
        while let Some(message) = self.receive_within(until.saturating_duration_since(Instant::now())) {
            if fits(&message) {
                return message;
            }
            passed_over.push(message);
        }
        panic!("no {what} came; what came instead: {passed_over:#?}");
    }

    /// Waits for a request with this method.
    pub fn wait_for_request(&self, method: &str) -> String {
        self.wait_for(method, |message| message.starts_with(&format!("{method} ")))
    }

    /// Sends a request and waits for its final answer.
    pub fn ask(&self, request: &Request) -> String {
        self.send(request.text());
        self.final_answer(request)
    }

    /// The final answer to a request.
    pub fn final_answer(&self, request: &Request) -> String {
        let cseq = format!("{} {}", request.cseq, request.method);
        self.wait_for(&format!("final answer to {cseq}"), |message| {
            message.starts_with("SIP/2.0") && status(message) >= 200 && header(message, "CSeq") == cseq
        })
    }

    /// Acknowledges a refusal: by the same way as the INVITE (RFC 3261 section 17.1.1.3).
    pub fn acknowledge_refusal(&self, invite: &Request, refusal: &str) {
        let mut ack = self.within(invite, refusal, "ACK", invite.cseq);
        ack.via.clone_from(&invite.via);
        self.send(ack.text());
    }

    /// Calls and acknowledges; the answer.
    pub fn call(&self, invite: &Request) -> String {
        let answer = self.ask(invite);
        assert_eq!(status(&answer), 200, "{answer}");
        self.acknowledge(invite, &answer);
        answer
    }

    /// The ACK to a 2xx.
    pub fn acknowledge(&self, invite: &Request, answer: &str) {
        self.send(self.within(invite, answer, "ACK", invite.cseq).text());
    }

    /// Hangs up; the answer.
    pub fn hang_up(&self, invite: &Request, answer: &str) -> String {
        self.ask(&self.within(invite, answer, "BYE", invite.cseq + 1))
    }

    /// Answers a request of the desk.
    pub fn answer(&self, request: &str, status: &str, more: &[String], body: &str) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for line in request.lines().skip(1).take_while(|line| !line.is_empty()) {
            let repeated = ["Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"];
            if repeated.iter().any(|name| line.starts_with(name)) {
                let _ = write!(text, "{line}\r\n");
            }
        }
        let to = header(request, "To");
        let tag = if to.contains(";tag=") { "" } else { ";tag=phone" };
        let _ = write!(text, "To: {to}{tag}\r\n");
        for line in more {
            let _ = write!(text, "{line}\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
        self.send(text);
    }

    /// Answers a call of the desk, and waits for the ACK.
    pub fn pick_up(&self, invite: &str, description: &str) {
        let contact = format!("Contact: <sip:{}>", self.address());
        let kind = "Content-Type: application/sdp".to_owned();
        self.answer(invite, "200 OK", &[contact, kind], description);
        self.wait_for_request("ACK");
    }

    /// Registers as a telephone of the house; the REGISTER that was taken.
    pub fn register(&self, account: &str, password: &str) -> Request {
        let mut register = self.request("REGISTER", account);
        register.from = format!("<sip:{account}@{}>;tag=r", self.desk);
        register.more = vec![format!("Contact: <sip:{account}@{}>", self.address())];
        let challenge = self.ask(&register);
        assert_eq!(status(&challenge), 401, "{challenge}");
        self.renew(&mut register);
        register.cseq += 1;
        register.more.push(credentials(&challenge, account, password, "REGISTER", &register.uri, 1));
        assert_eq!(status(&self.ask(&register)), 200);
        register
    }
}

impl Request {
    /// As it goes over the wire.
    pub fn text(&self) -> String {
        let Request { method, uri, via, from, to, call_id, cseq, more, body } = self;
        let mut text = format!(
            "{method} {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
        );
        for line in more {
            let _ = write!(text, "{line}\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
        text
    }
}

/// The status of a response.
pub fn status(message: &str) -> u16 {
    let word = message.split(' ').nth(1).unwrap_or_default();
    word.parse().unwrap_or_else(|_| panic!("no status stands in {message}"))
}

/// The value of a header; empty if it is not there.
pub fn header(message: &str, name: &str) -> String {
    let value = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.unwrap_or_default().trim().to_owned()
}

/// An offer or answer for G.711 and keys, at this address.
pub fn sound_at(address: SocketAddr) -> String {
    stream_at(address, "audio", "RTP/AVP 0 101", &["a=rtpmap:101 telephone-event/8000"])
}

/// A description with one stream.
pub fn stream_at(address: SocketAddr, media: &str, formats: &str, attributes: &[&str]) -> String {
    let ip = address.ip();
    let mut text = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm={media} {} {formats}\r\n",
        address.port()
    );
    for attribute in attributes {
        let _ = write!(text, "{attribute}\r\n");
    }
    text
}

/// The address that a description names.
pub fn sound_address(message: &str) -> SocketAddr {
    let word = |start: &str| message.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_default();
    let ip = word("c=IN IP4 ").trim();
    let port = word("m=audio ").split(' ').next().unwrap_or_default();
    format!("{ip}:{port}").parse().unwrap_or_else(|_| panic!("no address stands in {message}"))
}

/// The Authorization line that answers a challenge (RFC 7616), with MD5 as most telephones do it.
pub fn credentials(
    challenge: &str,
    account: &str,
    password: &str,
    method: &str,
    uri: &str,
    count: u32,
) -> String {
    let md5 =
        |text: String| Md5::digest(text).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let part = |name: &str| {
        let (_, rest) = challenge.split_once(&format!("{name}=\"")).expect("the challenge has it");
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let (realm, nonce) = (part("realm"), part("nonce"));
    let (ha1, ha2) = (md5(format!("{account}:{realm}:{password}")), md5(format!("{method}:{uri}")));
    let response = md5(format!("{ha1}:{nonce}:{count:08x}:0a0b:auth:{ha2}"));
    format!(
        "Authorization: Digest username=\"{account}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm=MD5, qop=auth, nc={count:08x}, cnonce=\"0a0b\""
    )
}
