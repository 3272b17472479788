//! What is said in a call that stands, and by who has a password.

use super::phone::{authorization, challenges};
use super::*;

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
    let challenge = challenges(&stage.response()).remove(0);
    let line = authorization(&challenge, user, PASSWORD, script.method, script.uri, 1);
    let mut script = script.clone().with(&line);
    script.cseq += 1;
    script.branch = "z9hG4bKproved";
    script
}
