//! What is said in a call that stands, and by who has a password.

use super::*;
use md5::Digest;

/// A call that came in, was answered and acknowledged.
pub fn talking() -> (Stage, SessionId, Response) {
    let mut stage = Stage::with_peer();
    let (session, response) = answered(&mut stage, &Script::invite());
    (stage, session, response)
}

/// A call that comes in by this INVITE, is answered and acknowledged.
pub fn answered(stage: &mut Stage, invite: &Script) -> (SessionId, Response) {
    let session = stage.incoming(&invite.text());
    stage.sent();
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let response = stage.response();
    let mut ack = Script::within("ACK", "z9hG4bKack", 1, &response);
    (ack.from, ack.call_id) = (invite.from, invite.call_id);
    stage.receive(&ack.text());
    stage.events();
    (session, response)
}

/// A call of this side that was answered; the request is its INVITE.
pub fn calling(stage: &mut Stage, number: u64, credentials: Option<Credentials>) -> (SessionId, Request) {
    let session = SessionId::Outgoing(number);
    stage.command(SipCommand::Invite(Box::new(outgoing(session, stage.flow, credentials))));
    let invite = stage.requests().pop().expect("an INVITE");
    stage.receive(&answer(&invite, 200, "phone", "Contact: <sip:1001@192.0.2.9>", ANSWER));
    stage.sent();
    stage.events();
    (session, invite)
}

/// A request of who was called by this INVITE, within its dialog.
pub fn from_callee(
    method: &'static str,
    branch: &'static str,
    cseq: u32,
    invite: &Request,
    extra: &str,
    body: &str,
) -> String {
    let value = |name| invite.headers.get(name).expect("a header");
    let (from, call_id) = (value(HeaderName::From), value(HeaderName::CallId));
    let body = body.replace('\n', "\r\n");
    let length = body.len();
    format!(
        "{method} sip:desk@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch={branch}\nMax-Forwards: 70\n\
         From: <sip:1001@192.0.2.9>;tag=phone\nTo: {from}\nCall-ID: {call_id}\nCSeq: {cseq} {method}\n{extra}\
         Content-Length: {length}\n\n{}",
        body.replace("\r\n", "\n")
    )
}

/// The only request sent since the last time.
pub fn only_request(stage: &mut Stage) -> Request {
    let mut requests = stage.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

/// A header of a request.
pub fn said(request: &Request, name: HeaderName) -> String {
    request.headers.get(&name).unwrap_or_else(|| panic!("no {name}")).to_owned()
}

/// Sends the request, is challenged, and gives it back with its proof and the next number.
pub fn proved(stage: &mut Stage, script: &Script, user: &str) -> Script {
    stage.receive(&script.text());
    let refusal = stage.response();
    assert_eq!(refusal.status, status(401));
    let challenge = refusal.headers.www_challenges().expect("challenges").remove(0);
    let hash = |text: String| {
        let bytes = sha2::Sha256::digest(text);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let (realm, nonce, uri) = (&challenge.realm, &challenge.nonce, script.uri);
    let ha1 = hash(format!("{user}:{realm}:{PASSWORD}"));
    let ha2 = hash(format!("{}:{uri}", script.method));
    let response = hash(format!("{ha1}:{nonce}:00000001:abc:auth:{ha2}"));
    let mut script = script.clone().with(&format!(
        "Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm=SHA-256, cnonce=\"abc\", qop=auth, nc=00000001"
    ));
    script.cseq += 1;
    script.branch = "z9hG4bKproved";
    script
}
