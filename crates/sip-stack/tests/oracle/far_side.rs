//! What the other ends of a script say.

use super::tape::Tape;
use frontdesk_sip_message::{HeaderName, Message, Request, Response, StatusCode};
use frontdesk_sip_stack::{Flow, ha1};

pub const PASSWORD: &str = "correct horse";
pub const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

/// Of its own.
const OPENINGS: &[&str] = &[
    "INVITE",
    "INVITE",
    "INVITE",
    "INVITE",
    "REGISTER",
    "REGISTER",
    "SUBSCRIBE",
    "MESSAGE",
    "OPTIONS",
    "REFER",
];
/// Within a dialog, or as if.
const METHODS: &[&str] = &[
    "ACK",
    "ACK",
    "ACK",
    "PRACK",
    "BYE",
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "PRACK",
    "UPDATE",
    "INFO",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
    "OPTIONS",
    "REGISTER",
    "PUBLISH",
    "FROB",
];
const STATUSES: &[u16] = &[
    200, 200, 200, 200, 200, 200, 180, 180, 183, 183, 200, 180, 183, 100, 199, 202, 204, 300, 302, 401, 403,
    407, 408, 415, 420, 421, 422, 423, 480, 481, 486, 487, 488, 491, 500, 501, 503, 504, 600, 603, 699,
];
const EXTRAS: &[&str] = &[
    "Supported: 100rel, timer, replaces, norefersub",
    "Require: 100rel",
    "Session-Expires: 90;refresher=uac",
    "Session-Expires: 1800;refresher=uas",
    "Session-Expires: 1",
    "Min-SE: 120",
    "Require: timer",
    "RSeq: 1",
    "RSeq: 2",
    "RSeq: 4294967295",
    "RAck: 1 1 INVITE",
    "RAck: 2 1 INVITE",
    "Refer-To: <sip:100@192.0.2.1>",
    "Refer-To: <sip:100@192.0.2.1?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>",
    "Refer-Sub: false",
    "Event: refer",
    "Event: dialog",
    "Event: message-summary",
    "Event: presence",
    "Subscription-State: active;expires=60",
    "Subscription-State: terminated;reason=noresource",
    "Expires: 0",
    "Expires: 60",
    "Expires: 4294967295",
    "Min-Expires: 300",
    "Max-Forwards: 0",
    "Record-Route: <sip:192.0.2.7;lr>",
    "Route: <sip:192.0.2.1;lr>",
    "Path: <sip:192.0.2.7;lr>",
    "Contact: *",
    "Contact: <sip:bob@192.0.2.9:5070;transport=tcp>;expires=60;q=0.5",
    "Contact: <sip:bob@192.0.2.9>;reg-id=1;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"",
    "Retry-After: 5",
    "Retry-After: 0 (now)",
    "Reason: Q.850;cause=17",
    "WWW-Authenticate: Digest realm=\"far\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256",
    "Proxy-Authenticate: Digest realm=\"far\", nonce=\"n\", stale=true",
    "Content-Type: application/dtmf-relay",
    "Content-Type: message/sipfrag;version=2.0",
    "Content-Type: text/plain",
];

/// A request of its own, or within a dialog that the stack spoke of.
pub fn request(tape: &mut Tape<'_>, flow: Flow, heard: &[(Flow, Message)]) -> (Flow, Vec<u8>) {
    let about = tape.below(4);
    let method = tape.one_of(if about == 0 { OPENINGS } else { METHODS });
    let (number, branch) = (tape.below(4), tape.below(12));
    let known = if about > 0 { newest(tape, heard) } else { None };
    let mut parts = known.and_then(|(flow, message)| Parts::of(*flow, message)).unwrap_or_else(|| Parts {
        flow,
        branch: String::new(),
        from: "<sip:1001@192.0.2.1>;tag=far".to_owned(),
        to: "<sip:100@192.0.2.1>".to_owned(),
        call_id: format!("call-{}", number),
        number: 1,
    });
    // An ACK to a refusal and a CANCEL belong to their INVITE by its branch.
    let borrowed = !parts.branch.is_empty() && ["ACK", "CANCEL"].contains(&method) && tape.below(2) == 0;
    if !borrowed {
        parts.branch = format!("z9hG4bK{branch}");
    }
    if !["ACK", "CANCEL"].contains(&method) {
        parts.number = parts.number.wrapping_add(number as u32);
    }
    let uri = if method == "REGISTER" { "sip:192.0.2.1" } else { "sip:100@192.0.2.1" };
    let mut text = format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{} {};branch={}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\n",
        parts.flow.transport.via_name(),
        parts.flow.remote,
        parts.branch,
        parts.from,
        parts.to,
        parts.call_id,
        parts.number,
    );
    extras(tape, &mut text);
    if method == "REGISTER" || tape.below(8) > 0 {
        text.push_str("Contact: <sip:1001@192.0.2.9:5060>\r\n");
    }
    if method == "REGISTER" || method == "SUBSCRIBE" || tape.once_in(8) {
        credentials(method, uri, number, heard, &mut text);
    }
    if method == "REFER" {
        text.push_str("Refer-To: <sip:200@192.0.2.1>\r\n");
    }
    replaces(tape, heard, &mut text);
    let mut bytes = with_body(tape, text);
    if tape.once_in(16) {
        tape.mutate(&mut bytes);
    }
    (parts.flow, bytes)
}

/// An answer to something that the stack asked.
pub fn response(tape: &mut Tape<'_>, heard: &[(Flow, Message)]) -> Option<(Flow, Vec<u8>)> {
    let asked: Vec<_> = heard
        .iter()
        .filter_map(|(flow, message)| match message {
            Message::Request(request) if request.method.as_str() != "ACK" => Some((*flow, request)),
            _ => None,
        })
        .collect();
    let (flow, request): (Flow, &Request) = *newest(tape, &asked)?;
    let mut response = Response::answering(&request.headers, StatusCode::new(tape.one_of(STATUSES))?);
    if let Ok(mut to) = request.headers.to()
        && to.tag().is_none()
    {
        to.set_tag(tape.one_of(&["far", "fork", "other"]));
        response.headers.set(HeaderName::To, to.to_string());
    }
    let mut text = String::from_utf8(response.to_bytes()).ok()?;
    let end = text.find("Content-Length").unwrap_or(text.len());
    text.truncate(end);
    extras(tape, &mut text);
    if tape.below(8) > 0 {
        text.push_str("Contact: <sip:bob@192.0.2.9:5060>\r\n");
    }
    let mut bytes = with_body(tape, text);
    if tape.once_in(16) {
        tape.mutate(&mut bytes);
    }
    Some((flow, bytes))
}

/// The newest, or one of the others.
fn newest<'a, T>(tape: &mut Tape<'_>, known: &'a [T]) -> Option<&'a T> {
    let place = tape.below(2 * known.len().max(1));
    known.get(place).or(known.last())
}

fn extras(tape: &mut Tape<'_>, text: &mut String) {
    for _ in 0..tape.below(5).saturating_sub(2) {
        text.push_str(tape.one_of(EXTRAS));
        text.push_str("\r\n");
    }
}

/// The dialog of something that was heard, taken over (RFC 3891).
fn replaces(tape: &mut Tape<'_>, heard: &[(Flow, Message)], text: &mut String) {
    if !tape.once_in(8) || heard.is_empty() {
        return;
    }
    let headers = heard[tape.below(heard.len())].1.headers();
    let tag = |name: HeaderName| {
        let address = headers.get(name).unwrap_or_default().split_once(";tag=");
        address.map(|(_, tag)| tag.split(';').next().unwrap_or_default().to_owned()).unwrap_or_default()
    };
    let call_id = headers.get(HeaderName::CallId).unwrap_or_default();
    let (to, from) = (tag(HeaderName::To), tag(HeaderName::From));
    text.push_str(&format!("Replaces: {call_id};to-tag={to};from-tag={from}\r\n"));
}

fn with_body(tape: &mut Tape<'_>, mut text: String) -> Vec<u8> {
    let body = match tape.below(4) {
        0 | 1 => "",
        2 => SDP,
        _ => "Signal=5\r\nDuration=160\r\n",
    };
    if body == SDP && !text.contains("Content-Type") {
        text.push_str("Content-Type: application/sdp\r\n");
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}

/// An answer to the newest challenge that was heard, with the right password. The hash of three texts with colons between
/// them is what an account's secret is made by, and serves for the other two hashes as well (RFC 7616 §3.4.1).
fn credentials(method: &str, uri: &str, number: usize, heard: &[(Flow, Message)], text: &mut String) {
    let hash = |one: &str, two: &str, three: &str| -> String {
        ha1(one, two, three).ha1_sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    };

    let line = heard.iter().rev().find_map(|(_, message)| message.headers().get(HeaderName::WwwAuthenticate));
    let Some(nonce) = line.and_then(|line| line.split("nonce=\"").nth(1)?.split('"').next()) else { return };

    let secret = hash("1001", "frontdesk", PASSWORD);
    let (scheme, host) = uri.split_once(':').unwrap_or((uri, ""));
    let asked = hash(method, scheme, host);
    let count = format!("{:08x}", number + 1);
    let proof = hash(&secret, nonce, &format!("{count}:c:auth:{asked}"));
    text.push_str(&format!(
        "Authorization: Digest username=\"1001\", realm=\"frontdesk\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{proof}\", algorithm=SHA-256, cnonce=\"c\", qop=auth, nc={count}\r\n"
    ));
}

/// What a request within a dialog needs.
struct Parts {
    flow: Flow,
    branch: String,
    from: String,
    to: String,
    call_id: String,
    number: u32,
}

impl Parts {
    fn of(flow: Flow, message: &Message) -> Option<Parts> {
        let headers = message.headers();
        let text = |name: HeaderName| headers.get(name).map(str::to_owned);
        let (from, to) = (text(HeaderName::From)?, text(HeaderName::To)?);
        let call_id = text(HeaderName::CallId)?;
        let number = headers.cseq().ok()?.number;
        let branch = headers.top_via().ok()?.branch().unwrap_or_default().to_owned();
        Some(match message {
            Message::Response(_) => Parts { flow, branch, from, to, call_id, number },
            Message::Request(_) => {
                let tagged = if to.contains(";tag=") { to } else { format!("{to};tag=far") };
                Parts { flow, branch: String::new(), from: tagged, to: from, call_id, number }
            }
        })
    }
}
