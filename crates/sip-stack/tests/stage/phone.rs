//! A telephone that registers by hand, over any flow.

use super::{PASSWORD, Script, Stage, settings, status};
use frontdesk_sip_message::{Challenge, HeaderName, Response};
use frontdesk_sip_stack::{Binding, Flow, SipSettings, Transport};
use md5::Digest;

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn hash(algorithm: &str, text: &str) -> String {
    match algorithm {
        "MD5" => hex(&md5::Md5::digest(text)),
        _ => hex(&sha2::Sha256::digest(text)),
    }
}

pub fn challenges(response: &Response) -> Vec<Challenge> {
    assert_eq!(response.status, status(401));
    response.headers.www_challenges().expect("challenges")
}

/// Written from RFC 7616 §3.4.1, apart from the code under test.
pub fn authorization(
    challenge: &Challenge,
    user: &str,
    password: &str,
    method: &str,
    uri: &str,
    count: u32,
) -> String {
    let algorithm = challenge.algorithm.as_deref().expect("an algorithm");
    let (realm, nonce) = (&challenge.realm, &challenge.nonce);
    let ha1 = hash(algorithm, &format!("{user}:{realm}:{password}"));
    let ha2 = hash(algorithm, &format!("{method}:{uri}"));
    let response = hash(algorithm, &format!("{ha1}:{nonce}:{count:08x}:abc:auth:{ha2}"));
    format!(
        "Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm={algorithm}, cnonce=\"abc\", qop=auth, nc={count:08x}"
    )
}

/// The flow of a connection from 192.0.2.9.
pub fn flow(transport: Transport, remote: &str) -> Flow {
    let local = "192.0.2.1:5060".parse().expect("an address");
    Flow { transport, local, remote: remote.parse().expect("an address") }
}

/// Account 1001.
pub struct Phone {
    pub stage: Stage,
    /// What stands above its own Via: those of the proxies between.
    pub proxies: String,
    number: u32,
}

impl Phone {
    pub fn new() -> Self {
        Phone::with(settings(&[]))
    }

    pub fn with(settings: SipSettings) -> Self {
        Phone { stage: Stage::with(settings), proxies: String::new(), number: 0 }
    }

    /// One REGISTER, as it is.
    pub fn send(&mut self, flow: Flow, lines: &str, authorization: Option<&str>) -> Response {
        self.number += 1;
        let mut script = Script {
            uri: "sip:frontdesk",
            from: "<sip:1001@frontdesk>;tag=p",
            ..Script::new("REGISTER", "z9hG4bKx", self.number)
        };
        script.to = "<sip:1001@frontdesk>".to_owned();
        for line in lines.lines().chain(authorization) {
            script = script.with(line);
        }
        let via = format!("{}Via: SIP/2.0/{}", self.proxies, flow.transport.via_name());
        let text = script.text().replace("z9hG4bKx", &format!("z9hG4bKr{}", self.number));
        self.stage.receive_over(flow, &text.replace("Via: SIP/2.0/UDP", &via));
        self.stage.last_response()
    }

    /// A challenge for who comes by this flow.
    pub fn challenge(&mut self, flow: Flow) -> Challenge {
        challenges(&self.send(flow, "", None)).remove(0)
    }

    /// REGISTER, challenged and answered.
    pub fn register(&mut self, flow: Flow, lines: &str) -> Response {
        self.register_with(flow, lines, PASSWORD)
    }

    pub fn register_with(&mut self, flow: Flow, lines: &str, password: &str) -> Response {
        let challenge = self.challenge(flow);
        let line = authorization(&challenge, "1001", password, "REGISTER", "sip:frontdesk", 1);
        self.send(flow, lines, Some(&line))
    }

    pub fn bindings(&self) -> Vec<Binding> {
        self.stage.stack.bindings("1001").cloned().collect()
    }

    pub fn contacts(&self) -> Vec<String> {
        self.bindings().iter().map(|binding| binding.contact.to_string()).collect()
    }
}

/// The lines of a header in a response.
pub fn lines(response: &Response, name: &str) -> Vec<String> {
    let name = HeaderName::from_token(name).expect("a name");
    response.headers.get_all(name).map(str::to_owned).collect()
}
