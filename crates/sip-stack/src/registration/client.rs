//! Registrations that this side holds (RFC 3261 §10.2): asked, refreshed before they run out, tried again after failures.

use super::retry;
use crate::dialog::dialog::local_contact;
use crate::input::{Flow, OutgoingRegistration, RegistrationId};
use crate::limits::MAX_REGISTRATIONS;
use crate::output::SipEvent;
use crate::routing::Owner;
use crate::settings::SipSettings;
use crate::stack::{Due, SipStack};
use crate::transaction::table::{ClientKey, Step};
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{
    CSeq, Contacts, HeaderName, Headers, Method, NameAddr, Request, Response, StatusCode,
};
use std::time::Duration;

/// Between how much of the granted time the refresh is sent, in percent; by chance, so that a thousand registrations do
/// not come at once. The rest leaves room for a whole transaction that times out, where a minute or more is granted.
const REFRESH_AFTER_PERCENT: (u32, u32) = (40, 50);

/// The shortest wait before a refresh, whatever the registrar grants: nobody makes this side flood it.
const REFRESH_MIN: Duration = Duration::from_secs(5);

/// How often in a row a 423 is obeyed.
const TOO_BRIEF_MAX: u8 = 3;

/// How many challenges of one REGISTER are answered: the first, and those that say that only the nonce was old.
const CHALLENGES_MAX: u8 = 3;

/// Up to how long this side waits before it asks again because its connection closed.
const REOPEN_WITHIN: Duration = Duration::from_secs(2);

/// How long a registration stands at least before it is asked for again because its connection closed: some registrars
/// close after each answer.
const REOPEN_AFTER: Duration = Duration::from_secs(30);

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
    /// How often in a row it failed.
    failures: u32,
    state: State,
}

/// By what is awaited.
#[derive(Debug)]
enum State {
    /// The answer to a REGISTER that answers so many challenges.
    Asking { key: ClientKey, challenges: u8 },
    /// The time of the refresh.
    Standing { since: Moment, refresh_at: Moment },
    /// The time of the next try, after a failure.
    Failed,
    /// The answer to the REGISTER that takes it back.
    Leaving { key: ClientKey, challenges: u8 },
}

impl Registration {
    fn new(wanted: OutgoingRegistration, call_id: String, tag: String) -> Self {
        let expires = wished(&wanted);
        let state = State::Failed;
        Registration { wanted, call_id, tag, cseq: 0, expires, too_brief: 0, failures: 0, state }
    }

    fn awaited(&self) -> Option<(&ClientKey, u8)> {
        match &self.state {
            State::Asking { key, challenges } | State::Leaving { key, challenges } => {
                Some((key, *challenges))
            }
            State::Standing { .. } | State::Failed => None,
        }
    }

    fn contact(&self, settings: &SipSettings) -> NameAddr {
        let own = self.wanted.address_of_record.uri.user();
        let user = self.wanted.quirks.contact_user.clone().or(own);
        let sips = self.wanted.registrar.as_sip().is_some_and(|uri| uri.secure);
        local_contact(user.as_deref(), self.wanted.flow, sips, settings)
    }

    /// The next REGISTER, without Via. All of one registration share Call-ID and From tag (RFC 3261 §10.2).
    fn request(&mut self, expires: Duration, settings: &SipSettings) -> Request {
        self.cseq = self.cseq.saturating_add(1);
        let mut from = self.wanted.address_of_record.clone();
        from.set_tag(&self.tag);
        let mut headers = Headers::new();
        for route in &self.wanted.routes {
            headers.push_display(HeaderName::Route, route);
        }
        headers.push(HeaderName::MaxForwards, "70");
        headers.push_display(HeaderName::From, from);
        headers.push_display(HeaderName::To, &self.wanted.address_of_record);
        headers.push(HeaderName::CallId, &self.call_id);
        let cseq = CSeq { number: self.cseq, method: Method::REGISTER };
        headers.push_display(HeaderName::CSeq, cseq);
        headers.push_display(HeaderName::Contact, self.contact(settings));
        headers.push_display(HeaderName::Expires, expires.as_secs());
        // RFC 3608 §6.1 has no option tag; RFC 3327 §5.1 has one.
        headers.push(HeaderName::Supported, "path");
        let uri = self.wanted.registrar.clone();
        Request { method: Method::REGISTER, uri, headers, body: Vec::new() }
    }

    /// For how long the registrar granted it: the parameter of this side's contact, else `Expires`, else as asked.
    fn granted(&self, answer: &Response, settings: &SipSettings) -> Duration {
        let own = self.contact(settings).uri;
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

/// What is asked for at first.
fn wished(wanted: &OutgoingRegistration) -> Duration {
    let most = wanted.quirks.register_expires_max_s.map(|seconds| Duration::from_secs(u64::from(seconds)));
    most.map_or(wanted.expires, |most| wanted.expires.min(most))
}

impl SipStack {
    /// `Register`. The same id again replaces what was wanted, with the same Call-ID and numbers that go on: to the
    /// registrar another way is the same registration.
    pub(crate) fn register(&mut self, wanted: OutgoingRegistration) {
        let id = wanted.registration;
        if !self.registrations.contains_key(&id) && self.registrations.len() >= MAX_REGISTRATIONS {
            self.overloaded("registrations");
            return self.tell(SipEvent::RegistrationEnded { registration: id, status: None });
        }
        let registration = match self.registrations.remove(&id) {
            Some(before) => Registration {
                expires: wished(&wanted),
                wanted,
                too_brief: 0,
                state: State::Failed,
                ..before
            },
            None => Registration::new(wanted, self.chance.call_id(), self.chance.tag()),
        };
        self.registrations.insert(id, registration);
        self.ask(id);
    }

    /// `Unregister`.
    pub(crate) fn unregister(&mut self, id: RegistrationId) {
        if let Some(key) = self.send_register(id, Some(Duration::ZERO))
            && let Some(registration) = self.registrations.get_mut(&id)
        {
            registration.state = State::Leaving { key, challenges: 0 };
        }
    }

    /// The refresh or the next try is due.
    pub(crate) fn refresh_registration(&mut self, id: RegistrationId) {
        self.ask(id);
    }

    fn ask(&mut self, id: RegistrationId) {
        if let Some(key) = self.send_register(id, None)
            && let Some(registration) = self.registrations.get_mut(&id)
        {
            registration.state = State::Asking { key, challenges: 0 };
        }
    }

    fn send_register(&mut self, id: RegistrationId, expires: Option<Duration>) -> Option<ClientKey> {
        let registration = self.registrations.get_mut(&id)?;
        let request = registration.request(expires.unwrap_or(registration.expires), &self.settings);
        let flow = registration.wanted.flow;
        self.wheel.set(Due::Registration(id), None);
        Some(self.send_request(request, flow, Owner::Registration(id)))
    }

    /// The connection is closed over which the registrar would bring its calls: what stands is asked for again.
    ///
    /// Deviation: RFC 5626 §4.5 waits 15 s at least, for registrars that lost all their phones at once; a trunk that
    /// waits loses calls, and there is one of it. Should it fail, the waits of the RFC follow. Held by
    /// `registering::a_registration_whose_connection_closes_is_asked_for_again_soon`.
    pub(crate) fn flow_of_registrations_closed(&mut self, flow: Flow) {
        let stands = |registration: &Registration| match registration.state {
            State::Standing { since, refresh_at } if registration.wanted.flow == flow => {
                Some((since, refresh_at))
            }
            _ => None,
        };
        let concerned: Vec<_> =
            self.registrations.iter().filter_map(|(id, r)| stands(r).map(|times| (*id, times))).collect();
        for (id, (since, refresh_at)) in concerned {
            let jitter = Duration::from_millis(self.chance.below(REOPEN_WITHIN.as_millis() as u64));
            let again_at = self.now.max(since + REOPEN_AFTER) + jitter;
            self.wheel.set(Due::Registration(id), Some(again_at.min(refresh_at)));
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
        let Some((_, challenges)) = awaited.filter(|(awaited, _)| *awaited == key) else { return };
        match answer {
            Some(answer) if answer.status.is_provisional() => {}
            Some(answer) if answer.status.is_success() => self.registration_granted(id, answer),
            Some(answer) if self.answer_registrar(id, key, answer, challenges) => {}
            Some(answer) => self.registration_refused(id, answer),
            None if step.timed_out || step.failed => self.registration_failed(id, None),
            None => {}
        }
    }

    fn registration_granted(&mut self, id: RegistrationId, answer: &Response) {
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        if matches!(registration.state, State::Leaving { .. }) {
            return self.registration_over(id, Some(answer.status));
        }
        let expires = registration.granted(answer, &self.settings);
        let (least, most) = REFRESH_AFTER_PERCENT;
        let span = (expires * (most - least) / 100).as_millis() as u64;
        let jitter = Duration::from_millis(self.chance.below(span + 1));
        let refresh_at = self.now + (expires * least / 100 + jitter).max(REFRESH_MIN);
        registration.state = State::Standing { since: self.now, refresh_at };
        (registration.too_brief, registration.failures) = (0, 0);
        self.wheel.set(Due::Registration(id), Some(refresh_at));
        let service_route = answer.headers.addresses(HeaderName::ServiceRoute).unwrap_or_default();
        self.tell(SipEvent::Registered { registration: id, expires, service_route });
    }

    /// A challenge is answered once, and again where it says that only the nonce was old (RFC 7616 §3.3): whoever
    /// repeats a password that does not fit is locked out by most registrars.
    fn answer_registrar(
        &mut self,
        id: RegistrationId,
        key: &ClientKey,
        answer: &Response,
        challenges: u8,
    ) -> bool {
        if challenges > 0 && (!says_stale(answer) || challenges >= CHALLENGES_MAX) {
            return false;
        }
        let Some(registration) = self.registrations.get(&id) else { return false };
        let Some(credentials) = registration.wanted.credentials.clone() else { return false };
        let flow = registration.wanted.flow;
        let Some(request) = self.transactions.client(key).map(|client| Request::clone(&client.request))
        else {
            return false;
        };
        let Some(request) = self.answering_challenge(request, answer, &credentials) else { return false };
        let number = request.headers.cseq().map_or(0, |cseq| cseq.number);
        let key = self.send_request(request, flow, Owner::Registration(id));
        let Some(registration) = self.registrations.get_mut(&id) else { return true };
        registration.cseq = registration.cseq.max(number);
        let challenges = challenges + 1;
        registration.state = match registration.state {
            State::Leaving { .. } => State::Leaving { key, challenges },
            State::Asking { .. } | State::Standing { .. } | State::Failed => {
                State::Asking { key, challenges }
            }
        };
        true
    }

    /// 423 is obeyed (RFC 3261 §10.2.8); after anything else it is tried again later.
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
            _ => self.registration_failed(id, Some(answer)),
        }
    }

    /// It does not stand now. What was to be taken back is gone; the rest is tried again (RFC 5626 §4.5).
    fn registration_failed(&mut self, id: RegistrationId, answer: Option<&Response>) {
        let status = answer.map(|answer| answer.status);
        let Some(registration) = self.registrations.get_mut(&id) else { return };
        if matches!(registration.state, State::Leaving { .. }) {
            return self.registration_over(id, status);
        }
        registration.state = State::Failed;
        registration.too_brief = 0;
        registration.expires = wished(&registration.wanted);
        registration.failures = registration.failures.saturating_add(1);
        let failures = registration.failures;
        let retry_in = retry::wait(failures, answer, &mut self.chance);
        self.wheel.set(Due::Registration(id), Some(self.now + retry_in));
        self.tell(SipEvent::RegistrationFailed { registration: id, status, retry_in });
    }

    fn registration_over(&mut self, id: RegistrationId, status: Option<StatusCode>) {
        self.registrations.remove(&id);
        self.wheel.set(Due::Registration(id), None);
        self.tell(SipEvent::RegistrationEnded { registration: id, status });
    }
}

fn says_stale(answer: &Response) -> bool {
    let challenges = match answer.status {
        StatusCode::UNAUTHORIZED => answer.headers.www_challenges(),
        _ => answer.headers.proxy_challenges(),
    };
    challenges.is_ok_and(|challenges| challenges.iter().any(|challenge| challenge.stale))
}
