//! REFER of this side (RFC 3515 §2.4): asking the other side of a session to call somebody, and hearing how it goes.

use super::dialog::DialogKey;
use super::invite_session::Session;
use crate::errand::{Errand, Outcome};
use crate::event::sipfrag;
use crate::event::usages::Usage;
use crate::input::{Credentials, SessionId};
use crate::output::{ReferOutcome, SessionEnd, SipEvent};
use crate::reply::{Asked, SUPPORTED};
use crate::routing::Owner;
use crate::stack::SipStack;
use crate::transaction::table::ClientKey;
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{HeaderName, Method, NameAddr, Request, Response, StatusCode, Uri};
use std::time::Duration;

/// How long a NOTIFY is awaited after one that does not say for how long its subscription stands.
const NEXT_NOTIFY: Duration = Duration::from_secs(180);

/// The longest that a NOTIFY is awaited after another, whatever that says.
const NEXT_NOTIFY_MAX: Duration = Duration::from_secs(600);

/// A REFER of this side.
#[derive(Debug)]
pub(crate) struct Referring {
    pub(crate) dialog: DialogKey,
    /// The number of the REFER: the `id` of its NOTIFYs (RFC 3515 §2.4.6).
    number: u32,
    credentials: Option<Credentials>,
    state: State,
    /// What was told last.
    last: Option<StatusCode>,
}

/// By what is awaited.
#[derive(Debug)]
enum State {
    /// The answer to the REFER. NOTIFYs may come before it (RFC 6665 §4.1.2.4).
    Asking { key: ClientKey, authenticated: bool },
    /// The next NOTIFY.
    Listening { until: Moment },
}

impl Referring {
    pub(crate) fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Asking { .. } => None,
            State::Listening { until } => Some(until),
        }
    }
}

impl SipStack {
    /// `Refer`.
    pub(crate) fn refer(&mut self, session: SessionId, refer_to: Uri, referred_by: Option<Uri>) {
        if self.usages.referring.contains_key(&session) {
            return;
        }
        let room = self.has_room();
        let Some(Session::Talking(talking)) = self.sessions.get_mut(&session) else {
            let outcome = ReferOutcome::Refused(StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST);
            return self.tell(SipEvent::ReferEnded { session, outcome });
        };
        if talking.leaving.is_some() || !room {
            let outcome = ReferOutcome::Refused(StatusCode::SERVICE_UNAVAILABLE);
            return self.tell(SipEvent::ReferEnded { session, outcome });
        }
        let mut refer = talking.partner.dialog.request(Method::REFER);
        refer.headers.push_display(HeaderName::Contact, talking.partner.dialog.contact());
        refer.headers.push_display(HeaderName::ReferTo, NameAddr::new(refer_to));
        if let Some(referred_by) = referred_by {
            refer.headers.push_display(HeaderName::ReferredBy, NameAddr::new(referred_by));
        }
        refer.headers.push(HeaderName::Supported, SUPPORTED);
        let (dialog, flow) = (talking.partner.dialog.key.clone(), talking.partner.dialog.flow());
        let (number, credentials) = (number_of(&refer), talking.partner.credentials.clone());
        let key = self.send_request(refer, flow, Owner::Errand(Errand::Refer(session)));
        let state = State::Asking { key, authenticated: false };
        self.begin_referring(session, Referring { dialog, number, credentials, state, last: None });
    }

    /// The transaction of a REFER moved.
    pub(crate) fn refer_stepped(&mut self, session: SessionId, outcome: Outcome<'_>) {
        let authenticated = match self.usages.referring.get(&session).map(|referring| &referring.state) {
            Some(State::Asking { key, authenticated }) if key == outcome.key => *authenticated,
            _ => return,
        };
        let Some(end) = outcome.end() else { return };
        match end {
            Some(status) if status.is_success() => self.refer_accepted(session, outcome.answer),
            Some(StatusCode::REQUEST_TIMEOUT) | None => self.end_referring(session, ReferOutcome::NoResponse),
            Some(status) => {
                if !authenticated && self.refer_again(session, outcome) {
                    return;
                }
                self.end_referring(session, ReferOutcome::Refused(status));
                // RFC 5057 §5.1, RFC 3261 §12.2.1.2: the other side has no such session any more.
                if status == StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST && self.stands(session) {
                    self.hang_up(session, None);
                    self.told_end(session, SessionEnd::DialogGone);
                }
            }
        }
    }

    fn refer_accepted(&mut self, session: SessionId, answer: Option<&Response>) {
        // RFC 4488 §4: accepted, and nothing will be told.
        if answer.is_some_and(|answer| answer.headers.refer_sub() == Some(false)) {
            return self.end_referring(session, ReferOutcome::Unknown);
        }
        // RFC 6665 §4.1.2.4, timer N: the first NOTIFY comes soon.
        let until = self.now + self.settings.timers.life();
        if let Some(referring) = self.usages.referring.get_mut(&session) {
            let heard = referring.last.is_some();
            referring.state = State::Listening { until: if heard { self.now + NEXT_NOTIFY } else { until } };
        }
        self.watch_usage(Usage::Referring(session));
    }

    /// 401 and 407 are answered once (RFC 3261 §22.2).
    fn refer_again(&mut self, session: SessionId, outcome: Outcome<'_>) -> bool {
        let credentials = self.usages.referring.get(&session).and_then(|known| known.credentials.clone());
        let (Some(credentials), Some((request, flow)), Some(answer)) =
            (credentials, outcome.challenged, outcome.answer)
        else {
            return false;
        };
        let Some(mut refer) = self.answering_challenge(request, answer, &credentials) else { return false };
        let Some(dialog) = self.usages.referring.get(&session).map(|known| known.dialog.clone()) else {
            return false;
        };
        let Some(dialog) = self.dialog_named(&dialog) else { return false };
        dialog.renumber(&mut refer);
        let number = number_of(&refer);
        let key = self.send_request(refer, flow, Owner::Errand(Errand::Refer(session)));
        if let Some(referring) = self.usages.referring.get_mut(&session) {
            referring.number = number;
            referring.state = State::Asking { key, authenticated: true };
        }
        true
    }

    /// A NOTIFY within a dialog.
    pub(crate) fn receive_notify(&mut self, dialog: &DialogKey, asked: &Asked) {
        let (Ok(event), Ok(state)) = (asked.headers().event(), asked.headers().subscription_state()) else {
            return self.refuse(asked, StatusCode::BAD_REQUEST);
        };
        let session = self.usages.of(dialog).find_map(|usage| match usage {
            Usage::Referring(session) => Some(session),
            Usage::Referral(_) | Usage::Watch(_) => None,
        });
        let asked_for = |session: &SessionId| {
            let number = self.usages.referring.get(session).map(|known| known.number.to_string());
            event.package == "refer" && (event.id().is_none() || event.id() == number.as_deref())
        };
        // RFC 6665 §4.1.3: what nobody subscribed to.
        let Some(session) = session.filter(asked_for) else {
            return self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST);
        };
        let status = match progress_of(&asked.request) {
            Ok(status) => status,
            Err(StatusCode::UNSUPPORTED_MEDIA_TYPE) => {
                let mut refusal = self.refusal(asked, StatusCode::UNSUPPORTED_MEDIA_TYPE);
                refusal.headers.push(HeaderName::Accept, sipfrag::SIPFRAG);
                return self.respond(asked, refusal);
            }
            Err(status) => return self.refuse(asked, status),
        };
        if !self.open_transaction(asked) {
            return;
        }
        self.refuse(asked, StatusCode::OK);
        self.referral_progressed(session, status, state.is_terminated(), state.expires());
    }

    fn referral_progressed(
        &mut self,
        session: SessionId,
        status: Option<StatusCode>,
        over: bool,
        expires: Option<u32>,
    ) {
        let Some(referring) = self.usages.referring.get_mut(&session) else { return };
        if let Some(status) = status.filter(|status| status.is_final()) {
            return self.end_referring(session, ReferOutcome::Status(status));
        }
        if over {
            return self.end_referring(session, ReferOutcome::Unknown);
        }
        let wait = expires.map_or(NEXT_NOTIFY, |seconds| Duration::from_secs(seconds.into()));
        if let State::Listening { until } = &mut referring.state {
            *until = self.now + wait.min(NEXT_NOTIFY_MAX);
        }
        let news = status.filter(|status| referring.last != Some(*status));
        referring.last = status.or(referring.last);
        self.watch_usage(Usage::Referring(session));
        if let Some(status) = news {
            self.tell(SipEvent::ReferProgress { session, status });
        }
    }

    /// No NOTIFY came for too long.
    pub(crate) fn referring_due(&mut self, session: SessionId) {
        self.end_referring(session, ReferOutcome::NoResponse);
    }

    fn stands(&self, session: SessionId) -> bool {
        matches!(self.sessions.get(&session), Some(Session::Talking(talking)) if talking.leaving.is_none())
    }

    fn end_referring(&mut self, session: SessionId, outcome: ReferOutcome) {
        self.end_usage(Usage::Referring(session));
        self.tell(SipEvent::ReferEnded { session, outcome });
    }
}

fn number_of(request: &Request) -> u32 {
    request.headers.cseq().map_or(0, |cseq| cseq.number)
}

/// The status that a NOTIFY tells; none without a body, and a refusal where the body is something else.
fn progress_of(notify: &Request) -> Result<Option<StatusCode>, StatusCode> {
    if notify.body.is_empty() {
        return Ok(None);
    }
    match notify.headers.content_type() {
        Ok(Some(kind)) if kind.is("message", "sipfrag") => {}
        _ => return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    }
    sipfrag::read(&notify.body).map(Some).ok_or(StatusCode::BAD_REQUEST)
}
