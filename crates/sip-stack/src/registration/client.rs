//! Registrations that this side holds (RFC 3261 §10.2).

use crate::dialog::dialog::local_contact;
use crate::input::{OutgoingRegistration, RegistrationId};
use crate::limits::MAX_REGISTRATIONS;
use crate::output::SipEvent;
use crate::routing::Owner;
use crate::stack::{Due, SipStack};
use crate::transaction::table::{ClientKey, Step};
use frontdesk_sip_message::{
    CSeq, Contacts, HeaderName, Headers, Method, NameAddr, Request, Response, StatusCode,
};
use std::time::Duration;

/// How much of the granted time passes before the refresh, in percent. The rest leaves room for a whole transaction
/// that times out, where the registrar grants a minute or more.
const REFRESH_AFTER_PERCENT: u32 = 50;

/// The shortest wait before a refresh, whatever the registrar grants: nobody makes this side flood it.
const REFRESH_MIN: Duration = Duration::from_secs(5);

/// How often in a row a 423 is obeyed.
const TOO_BRIEF_MAX: u8 = 3;

/// One registration.
#[derive(Debug)]
pub(crate) struct Registration {
    wanted: OutgoingRegistration,
    call_id: String,
    tag: String,
    cseq: u32,
    /// What is asked for: as wanted, or as a 423 demanded.
    expires: Duration,
    too_brief: u8,
    state: State,
}

/// By what is awaited.
#[derive(Debug)]
enum State {
    /// The answer to a REGISTER. `authenticated`: it carries an answer to a challenge.
    Asking { key: ClientKey, authenticated: bool },
    /// The time of the refresh.
    Standing,
    /// The answer to the REGISTER that takes it back.
    Leaving { key: ClientKey, authenticated: bool },
}

impl Registration {
    fn awaited(&self) -> Option<(&ClientKey, bool)> {
        match &self.state {
            State::Asking { key, authenticated } | State::Leaving { key, authenticated } => {
                Some((key, *authenticated))
            }
            State::Standing => None,
        }
    }

    fn contact(&self) -> NameAddr {
        local_contact(self.wanted.address_of_record.uri.user().as_deref(), self.wanted.flow)
    }

    /// The next REGISTER, without Via. All of one registration share Call-ID and From tag (RFC 3261 §10.2).
    fn request(&mut self, expires: Duration) -> Request {
        self.cseq += 1;
        let mut from = self.wanted.address_of_record.clone();
        from.set_tag(&self.tag);
        let mut headers = Headers::new();
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, from.to_string());
        headers.push(HeaderName::To, self.wanted.address_of_record.to_string());
        headers.push(HeaderName::CallId, &self.call_id);
        let cseq = CSeq { number: self.cseq, method: Method::REGISTER };
        headers.push(HeaderName::CSeq, cseq.to_string());
        headers.push(HeaderName::Contact, self.contact().to_string());
        headers.push(HeaderName::Expires, expires.as_secs().to_string());
        let uri = self.wanted.registrar.clone();
        Request { method: Method::REGISTER, uri, headers, body: Vec::new() }
    }

    /// For how long the registrar granted it: the parameter of this side's contact, else `Expires`, else as asked.
    fn granted(&self, answer: &Response) -> Duration {
        let own = self.contact().uri;
        let parameter = match answer.headers.contacts() {
            Ok(Contacts::List(list)) => {
                list.iter().find(|contact| contact.address.uri.equivalent(&own)).and_then(|c| c.expires())
            }
            _ => None,
        };
        let seconds = parameter.or_else(|| answer.headers.expires().ok().flatten());
        seconds.map_or(self.expires, |seconds| Duration::from_secs(u64::from(seconds)))
    }
}

impl SipStack {
    /// `Register`. The same id again replaces what was wanted, with the same Call-ID.
    pub(crate) fn register(&mut self, wanted: OutgoingRegistration) {
        let id = wanted.registration;
        if !self.registrations.contains_key(&id) && self.registrations.len() >= MAX_REGISTRATIONS {
            self.overloaded("registrations");
            return self.tell(SipEvent::RegistrationEnded { registration: id, status: None });
        }
        let (call_id, tag, cseq) = match self.registrations.remove(&id) {
            Some(before) => (before.call_id, before.tag, before.cseq),
            None => (self.chance.call_id(), self.chance.tag(), 0),
        };
        let expires = wanted.expires;
        let state = State::Standing;
        let registration = Registration { wanted, call_id, tag, cseq, expires, too_brief: 0, state };
        self.registrations.insert(id, registration);
        self.ask(id);
    }

    /// `Unregister`.
    pub(crate) fn unregister(&mut self, id: RegistrationId) {
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        let request = registration.request(Duration::ZERO);
        let flow = registration.wanted.flow;
        self.wheel.set(Due::Registration(id), None);
        let key = self.send_request(request, flow, Owner::Registration(id));
        if let Some(registration) = self.registrations.get_mut(&id) {
            registration.state = State::Leaving { key, authenticated: false };
        }
    }

    /// The refresh is due.
    pub(crate) fn refresh_registration(&mut self, id: RegistrationId) {
        self.ask(id);
    }

    fn ask(&mut self, id: RegistrationId) {
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        let request = registration.request(registration.expires);
        let flow = registration.wanted.flow;
        self.wheel.set(Due::Registration(id), None);
        let key = self.send_request(request, flow, Owner::Registration(id));
        if let Some(registration) = self.registrations.get_mut(&id) {
            registration.state = State::Asking { key, authenticated: false };
        }
    }

    /// The transaction of a REGISTER moved.
    pub(crate) fn registration_stepped(
        &mut self,
        id: RegistrationId,
        key: &ClientKey,
        answer: Option<&Response>,
        step: Step,
    ) {
        // An answer to a REGISTER that was overtaken by a newer one means nothing.
        let awaited = self.registrations.get(&id).and_then(Registration::awaited);
        let Some((_, authenticated)) = awaited.filter(|(awaited, _)| *awaited == key) else { return };
        match answer {
            Some(answer) if answer.status.is_provisional() => {}
            Some(answer) if answer.status.is_success() => self.registration_granted(id, answer),
            Some(answer) if !authenticated && self.retry_registration(id, key, answer) => {}
            Some(answer) => self.registration_refused(id, answer),
            None if step.timed_out || step.failed => self.registration_over(id, None),
            None => {}
        }
    }

    fn registration_granted(&mut self, id: RegistrationId, answer: &Response) {
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        if matches!(registration.state, State::Leaving { .. }) {
            return self.registration_over(id, Some(answer.status));
        }
        let expires = registration.granted(answer);
        registration.state = State::Standing;
        registration.too_brief = 0;
        let wait = (expires * REFRESH_AFTER_PERCENT / 100).max(REFRESH_MIN);
        self.wheel.set(Due::Registration(id), Some(self.now + wait));
        self.tell(SipEvent::Registered { registration: id, expires });
    }

    fn retry_registration(&mut self, id: RegistrationId, key: &ClientKey, answer: &Response) -> bool {
        let Some(registration) = self.registrations.get(&id) else { return false };
        let Some(credentials) = registration.wanted.credentials.clone() else { return false };
        let flow = registration.wanted.flow;
        let Some(request) = self.transactions.client(key).map(|client| client.request.clone()) else {
            return false;
        };
        let Some(request) = self.answering_challenge(request, answer, &credentials) else { return false };
        let number = request.headers.cseq().map_or(0, |cseq| cseq.number);
        let key = self.send_request(request, flow, Owner::Registration(id));
        let Some(registration) = self.registrations.get_mut(&id) else { return true };
        registration.cseq = registration.cseq.max(number);
        registration.state = match registration.state {
            State::Leaving { .. } => State::Leaving { key, authenticated: true },
            State::Asking { .. } | State::Standing => State::Asking { key, authenticated: true },
        };
        true
    }

    /// 423 is obeyed (RFC 3261 §10.2.8); anything else ends the registration.
    fn registration_refused(&mut self, id: RegistrationId, answer: &Response) {
        let least = answer.headers.min_expires().ok().flatten().map(|s| Duration::from_secs(u64::from(s)));
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        let asking = matches!(registration.state, State::Asking { .. });
        match least {
            Some(least)
                if asking
                    && answer.status == StatusCode::INTERVAL_TOO_BRIEF
                    && least > registration.expires
                    && registration.too_brief < TOO_BRIEF_MAX =>
            {
                registration.expires = least;
                registration.too_brief += 1;
                self.ask(id);
            }
            _ => self.registration_over(id, Some(answer.status)),
        }
    }

    fn registration_over(&mut self, id: RegistrationId, status: Option<StatusCode>) {
        self.registrations.remove(&id);
        self.wheel.set(Due::Registration(id), None);
        self.tell(SipEvent::RegistrationEnded { registration: id, status });
    }
}
