//! What a robot says within a dialog beside its stack: re-INVITEs, and answers in an ACK.
//!
//! The stack does not originate re-INVITEs yet, and a foreign telephone does. So the robot writes them by hand, and
//! keeps the stack's later requests in keeping with it: their CSeq is raised on the way out, and lowered again in
//! what comes back.

use frontdesk_media_protocol::AgreedAudio;
use frontdesk_session_description::{LocalAudio, answer, complete};
use frontdesk_sip_message::{CSeq, HeaderName, Message, Method, NameAddr, Request, Uri};
use frontdesk_sip_stack::SessionId;
use std::net::SocketAddr;

/// How far the stack's own requests are raised once the robot has sent one beside it.
const RAISED_BY: u32 = 1_000;

/// One dialog, as it is seen on the wire.
#[derive(Debug)]
pub(crate) struct Dialogue {
    local_address: SocketAddr,
    session: SessionId,
    call_id: Option<String>,
    local: Option<NameAddr>,
    remote: Option<NameAddr>,
    target: Option<Uri>,
    cseq: u32,
    /// Whether the dialog stands for both: a called robot sends nothing within it before the ACK.
    stands: bool,
    /// Whether the robot has sent a request beside the stack.
    raised: bool,
    reinvite: Option<Reinvite>,
    /// SDP for the ACK to the first 2xx.
    answer: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
struct Reinvite {
    request: Request,
    /// Whether it brought an offer; if not, the ACK brings an answer.
    offered: bool,
    last: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Unanswered,
    Provisional,
    Final,
}

/// What became of a message from the desk.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The message for the stack, unless it was the robot's own business.
    pub(crate) pass_on: Option<Vec<u8>>,
    /// An ACK.
    pub(crate) send: Option<Vec<u8>>,
    /// The final status of a re-INVITE.
    pub(crate) status: Option<u16>,
    /// What was agreed by a re-INVITE.
    pub(crate) agreed: Option<AgreedAudio>,
}

impl Dialogue {
    pub(crate) fn new(local_address: SocketAddr, session: SessionId) -> Dialogue {
        Dialogue {
            local_address,
            session,
            call_id: None,
            local: None,
            remote: None,
            target: None,
            cseq: 0,
            stands: matches!(session, SessionId::Outgoing(_)),
            raised: false,
            reinvite: None,
            answer: None,
        }
    }

    pub(crate) fn name(&mut self, call_id: &str) {
        self.call_id = Some(call_id.to_owned());
    }

    pub(crate) fn is_named(&self, call_id: &str) -> bool {
        self.call_id.as_deref() == Some(call_id)
    }

    pub(crate) fn call_id(&self) -> Option<&str> {
        self.call_id.as_deref()
    }

    /// A call of this side whose INVITE has not been seen yet.
    pub(crate) fn is_nameless(&self) -> bool {
        self.call_id.is_none() && matches!(self.session, SessionId::Outgoing(_))
    }

    /// The answer that the ACK shall bring.
    pub(crate) fn answer_in_ack(&mut self, description: Vec<u8>) {
        self.answer = Some(description);
    }

    /// Begins a re-INVITE, unless there is no dialog or one is under way.
    pub(crate) fn reinvite(&mut self, description: Option<Vec<u8>>) -> bool {
        let under_way = self.reinvite.as_ref().is_some_and(|one| one.last != Progress::Final);
        if under_way || !self.stands || self.target.is_none() {
            return false;
        }
        self.cseq += 1;
        self.raised = true;
        let branch = format!("z9hG4bK-beside-{}-{}", self.call_id.as_deref().unwrap_or_default(), self.cseq);
        let Some(mut request) = self.request(Method::INVITE, &branch) else { return false };
        let offered = description.is_some();
        if let Some(description) = description {
            request.headers.push(HeaderName::ContentType, "application/sdp");
            request.body = description;
        }
        self.reinvite = Some(Reinvite { request, offered, last: Progress::Unanswered });
        true
    }

    /// An INFO with this key, unless there is no dialog.
    pub(crate) fn inform(&mut self, key: char) -> Option<Vec<u8>> {
        if !self.stands {
            return None;
        }
        let branch =
            format!("z9hG4bK-info-{}-{}", self.call_id.as_deref().unwrap_or_default(), self.cseq + 1);
        let mut request = self.request(Method::INFO, &branch)?;
        self.cseq += 1;
        self.raised = true;
        request.headers.set(HeaderName::CSeq, CSeq { number: self.cseq, method: Method::INFO }.to_string());
        request.headers.push(HeaderName::ContentType, "application/dtmf-relay");
        request.body = format!("Signal={key}\r\nDuration=160\r\n").into_bytes();
        Some(request.to_bytes())
    }

    /// The re-INVITE to be sent again, while nothing has answered it.
    pub(crate) fn unanswered(&self) -> Option<Vec<u8>> {
        let reinvite = self.reinvite.as_ref().filter(|one| one.last == Progress::Unanswered)?;
        Some(reinvite.request.to_bytes())
    }

    /// A message of the stack on its way out.
    pub(crate) fn sent(&mut self, message: Message, bytes: Vec<u8>) -> Vec<u8> {
        let Ok(cseq) = message.headers().cseq() else { return bytes };
        match message {
            Message::Request(mut request) => {
                if request.method == Method::INVITE {
                    self.call_id = request.headers.call_id().ok().map(str::to_owned);
                    self.local = request.headers.from().ok();
                    self.cseq = self.cseq.max(cseq.number);
                }
                if let Some(answer) = self.answer.as_ref().filter(|_| request.method == Method::ACK) {
                    request.headers.set(HeaderName::ContentType, "application/sdp");
                    request.body = answer.clone();
                    return request.to_bytes();
                }
                if request.method == Method::BYE && self.raised {
                    let number = cseq.number + RAISED_BY;
                    request.headers.set(HeaderName::CSeq, CSeq { number, ..cseq }.to_string());
                    return request.to_bytes();
                }
            }
            Message::Response(response) => {
                if cseq.method == Method::INVITE && response.status.is_success() && self.local.is_none() {
                    self.local = response.headers.to().ok();
                }
            }
        }
        bytes
    }

    /// A message of the desk on its way in.
    pub(crate) fn received(&mut self, message: &Message, local: &LocalAudio) -> Heard {
        let mut passed = Vec::new();
        message.write(&mut passed);
        let whole = Heard { pass_on: Some(passed), ..Heard::default() };
        let Ok(cseq) = message.headers().cseq() else { return whole };
        match message {
            Message::Request(request) => {
                if request.method == Method::INVITE {
                    self.remote = request.headers.from().ok();
                    self.take_target(message);
                }
                self.stands |= request.method == Method::ACK;
                whole
            }
            Message::Response(response) => {
                if cseq.method == Method::BYE && self.raised {
                    let mut lowered = response.clone();
                    let number = cseq.number.saturating_sub(RAISED_BY);
                    lowered.headers.set(HeaderName::CSeq, CSeq { number, ..cseq }.to_string());
                    return Heard { pass_on: Some(lowered.to_bytes()), ..Heard::default() };
                }
                if cseq.method != Method::INVITE {
                    return whole;
                }
                if self.is_reply_to_reinvite(message) {
                    return self.reinvite_answered(message, local);
                }
                if response.status.is_success() && self.remote.is_none() {
                    self.remote = response.headers.to().ok();
                    self.take_target(message);
                }
                whole
            }
        }
    }

    fn take_target(&mut self, message: &Message) {
        let contacts = message.headers().contacts().ok();
        self.target = contacts.as_ref().and_then(|contacts| Some(contacts.first()?.address.uri.clone()));
    }

    fn is_reply_to_reinvite(&self, message: &Message) -> bool {
        let branch = |headers: &frontdesk_sip_message::Headers| {
            headers.top_via().ok().and_then(|via| via.branch().map(str::to_owned))
        };
        self.reinvite.as_ref().is_some_and(|one| branch(&one.request.headers) == branch(message.headers()))
    }

    fn reinvite_answered(&mut self, message: &Message, local: &LocalAudio) -> Heard {
        let (Message::Response(response), Some(mut reinvite)) = (message, self.reinvite.take()) else {
            return Heard::default();
        };
        let mut heard = Heard::default();
        if response.status.is_provisional() {
            if reinvite.last == Progress::Unanswered {
                reinvite.last = Progress::Provisional;
            }
            self.reinvite = Some(reinvite);
            return heard;
        }
        if std::mem::replace(&mut reinvite.last, Progress::Final) != Progress::Final {
            heard.status = Some(response.status.as_u16());
        }
        let number = reinvite.request.headers.cseq().map_or(0, |cseq| cseq.number);
        let branch = if response.status.is_success() {
            // RFC 3261 §13.2.2.4: the ACK to a 2xx is a transaction of its own.
            format!("z9hG4bK-beside-ack-{}-{number}", self.call_id.as_deref().unwrap_or_default())
        } else {
            let via = reinvite.request.headers.top_via().ok();
            via.and_then(|via| via.branch().map(str::to_owned)).unwrap_or_default()
        };
        if let Some(mut ack) = self.request(Method::ACK, &branch) {
            // Another request may have been sent since.
            ack.headers.set(HeaderName::CSeq, CSeq { number, method: Method::ACK }.to_string());
            ack.headers.set(HeaderName::To, response.headers.get(HeaderName::To).unwrap_or_default());
            if response.status.is_success() && reinvite.offered {
                heard.agreed = complete(local, &response.body).ok();
            } else if response.status.is_success() {
                let negotiated = answer(local, &response.body).expect("the desk's offer can be answered");
                heard.agreed = Some(negotiated.audio);
                ack.headers.push(HeaderName::ContentType, "application/sdp");
                ack.body = negotiated.description;
            }
            heard.send = Some(ack.to_bytes());
        }
        self.reinvite = Some(reinvite);
        heard
    }

    /// A request within the dialog, with the number of the last one.
    fn request(&self, method: Method, branch: &str) -> Option<Request> {
        let mut request = Request::new(method.clone(), self.target.clone()?);
        let headers = &mut request.headers;
        headers.push(HeaderName::Via, format!("SIP/2.0/UDP {};branch={branch};rport", self.local_address));
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, self.local.as_ref()?.to_string());
        headers.push(HeaderName::To, self.remote.as_ref()?.to_string());
        headers.push(HeaderName::CallId, self.call_id.as_deref()?);
        headers.push(HeaderName::CSeq, CSeq { number: self.cseq, method }.to_string());
        headers.push(HeaderName::Contact, format!("<sip:robot@{}>", self.local_address));
        Some(request)
    }
}
