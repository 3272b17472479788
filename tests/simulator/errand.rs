//! What a robot asks of the desk beside its calls: MESSAGE and SUBSCRIBE, written by hand, because the stack sends the one
//! without a password and the other not at all.

use super::robot::{Due, Robot, RobotOutput};
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{
    CSeq, DigestCredentials, HeaderName, Message, Method, Request, Response, StatusCode, Uri,
};
use frontdesk_sip_stack::{Flow, ha1};
use md5::{Digest, Md5};
use std::fmt::Write;
use std::time::Duration;

/// How often a request is said again that nobody answers: about as long as timer F has it (RFC 3261 §17.1.2.2).
const TRIES_MAX: u32 = 10;

/// One request, its answer and, where it subscribes, what it was told since.
#[derive(Debug, Clone)]
pub struct Errand {
    request: Request,
    call_id: String,
    tries: u32,
    challenged: bool,
    /// Its final status.
    pub status: Option<u16>,
    /// The documents of its NOTIFYs, each once.
    pub told: Vec<String>,
    /// Whether its subscription is over.
    pub over: bool,
    last_notify: Option<u32>,
}

impl Robot {
    /// Sends a MESSAGE to a number.
    pub fn message(&mut self, number: &str, text: &str, now: Moment) -> usize {
        let mut request = self.errand_request(Method::MESSAGE, number);
        request.headers.push(HeaderName::ContentType, "text/plain");
        request.body = text.as_bytes().to_vec();
        self.begin_errand(request, now)
    }

    /// Watches the calls of a number for so many seconds.
    pub fn watch(&mut self, number: &str, seconds: u32, now: Moment) -> usize {
        let mut request = self.errand_request(Method::SUBSCRIBE, number);
        request.headers.push(HeaderName::Event, "dialog");
        request.headers.push(HeaderName::Accept, "application/dialog-info+xml");
        request.headers.push(HeaderName::Expires, seconds.to_string());
        self.begin_errand(request, now)
    }

    /// What it asked, in order.
    pub fn errands(&self) -> impl Iterator<Item = &Errand> {
        self.errands.iter()
    }

    /// One of its errands.
    pub fn errand(&self, number: usize) -> &Errand {
        &self.errands[number]
    }

    fn errand_request(&mut self, method: Method, number: &str) -> Request {
        let count = self.count();
        let address = self.person.address;
        let target: Uri = super::robot::uri(&format!("sip:{number}@{}", self.desk));
        let mut request = Request::new(method.clone(), target.clone());
        let headers = &mut request.headers;
        let transport = self.person.transport.via_name();
        headers.push(
            HeaderName::Via,
            format!("SIP/2.0/{transport} {address};branch=z9hG4bK-errand-{count};rport"),
        );
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, format!("<{}>;tag=errand{count}", self.person.identity.uri));
        headers.push(HeaderName::To, format!("<{target}>"));
        headers.push(HeaderName::CallId, format!("errand-{count}@{}", address.ip()));
        headers.push(HeaderName::CSeq, CSeq { number: 1, method }.to_string());
        headers.push(HeaderName::Contact, format!("<sip:robot@{address}>"));
        request
    }

    fn begin_errand(&mut self, request: Request, now: Moment) -> usize {
        let call_id = request.headers.call_id().unwrap_or_default().to_owned();
        let errand = Errand {
            request,
            call_id,
            tries: 0,
            challenged: false,
            status: None,
            told: Vec::new(),
            over: false,
            last_notify: None,
        };
        self.errands.push(errand);
        let number = self.errands.len() - 1;
        self.run_errand(number, now);
        number
    }

    /// Says the request, and again until it is answered (RFC 3261 §17.1.2.2, timer E).
    pub(super) fn run_errand(&mut self, number: usize, now: Moment) {
        let flow = self.flow();
        let errand = &mut self.errands[number];
        if errand.status.is_some() || errand.tries > TRIES_MAX {
            return;
        }
        self.out.push(RobotOutput::Transmit(flow, errand.request.to_bytes()));
        let wait = Duration::from_millis(500 << errand.tries.min(3));
        errand.tries += 1;
        self.later(now + wait, Due::Errand(number));
    }

    /// Whether a message belongs to an errand, and is dealt with.
    pub(super) fn is_of_errand(&mut self, flow: Flow, message: &Message, now: Moment) -> bool {
        let call_id = message.headers().call_id().unwrap_or_default();
        let Some(number) = self.errands.iter().position(|errand| errand.call_id == call_id) else {
            return false;
        };
        match message {
            Message::Response(response) => self.errand_answered(number, response, now),
            Message::Request(request) => {
                self.errands[number].hear(request);
                let mut ok = Response::new(StatusCode::OK);
                for name in
                    [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq]
                {
                    for value in request.headers.get_all(name.clone()) {
                        ok.headers.push(name.clone(), value);
                    }
                }
                self.out.push(RobotOutput::Transmit(flow, ok.to_bytes()));
            }
        }
        true
    }

    fn errand_answered(&mut self, number: usize, response: &Response, now: Moment) {
        let credentials = self.person.credentials.clone();
        let errand = &mut self.errands[number];
        let asked = errand.request.headers.cseq().ok() == response.headers.cseq().ok();
        if !asked || response.status.is_provisional() || errand.status.is_some() {
            return;
        }
        let code = response.status.as_u16();
        let (Some(credentials), 401, false) = (credentials, code, errand.challenged) else {
            errand.status = Some(code);
            return;
        };
        errand.challenged = true;
        if errand.prove(response, &credentials.username, &credentials.password) {
            errand.tries = 0;
            self.run_errand(number, now);
        } else {
            errand.status = Some(code);
        }
    }
}

impl Errand {
    /// Answers a challenge by MD5 (RFC 7616 §3.4).
    fn prove(&mut self, response: &Response, username: &str, password: &str) -> bool {
        let challenges = response.headers.www_challenges().unwrap_or_default();
        let md5 = |algorithm: &Option<String>| algorithm.as_deref().is_none_or(|name| name == "MD5");
        let Some(challenge) = challenges.iter().find(|challenge| md5(&challenge.algorithm)) else {
            return false;
        };
        let (uri, method) = (self.request.uri.to_string(), self.request.method.to_string());
        let secret = hex(&ha1(username, &challenge.realm, password).ha1_md5);
        let asked = hex(&Md5::digest(format!("{method}:{uri}").as_bytes()));
        let proof = format!("{secret}:{}:00000001:errand:auth:{asked}", challenge.nonce);
        let credentials = DigestCredentials {
            username: username.to_owned(),
            realm: challenge.realm.clone(),
            nonce: challenge.nonce.clone(),
            uri,
            response: hex(&Md5::digest(proof.as_bytes())),
            algorithm: Some("MD5".to_owned()),
            cnonce: Some("errand".to_owned()),
            opaque: challenge.opaque.clone(),
            qop: Some("auth".to_owned()),
            nc: Some("00000001".to_owned()),
        };
        let headers = &mut self.request.headers;
        headers.push(HeaderName::Authorization, credentials.to_string());
        headers.set(HeaderName::CSeq, CSeq { number: 2, method: self.request.method.clone() }.to_string());
        let via = headers.get(HeaderName::Via).unwrap_or_default().replace("-errand-", "-proven-");
        headers.set(HeaderName::Via, via);
        true
    }

    fn hear(&mut self, notify: &Request) {
        let number = notify.headers.cseq().ok().map(|cseq| cseq.number);
        if number <= self.last_notify {
            return;
        }
        self.last_notify = number;
        self.told.push(String::from_utf8_lossy(&notify.body).into_owned());
        let state = notify.headers.get(HeaderName::SubscriptionState).unwrap_or_default();
        self.over |= state.starts_with("terminated");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}
