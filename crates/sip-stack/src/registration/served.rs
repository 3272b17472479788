//! A REGISTER that came in (RFC 3261 §10.3).

use super::binding::Binding;
use super::outbound::{FLOW_TIMER_S, Way};
use crate::input::Flow;
use crate::limits::MAX_BINDINGS_PER_ACCOUNT;
use crate::output::SipEvent;
use crate::reply::Asked;
use crate::stack::{Due, SipStack};
use frontdesk_sip_message::{Contact, Contacts, HeaderName, Response, StatusCode, Uri};
use std::time::Duration;

/// What a REGISTER asks for.
enum Wish {
    /// Only to be told (RFC 3261 §10.3 step 6).
    Fetch,
    /// `Contact: *` with `Expires: 0`.
    RemoveAll,
    /// Each contact and for how long; zero takes it back.
    Update(Vec<(Contact, Duration)>, Way),
}

/// One contact that is to be bound, or with no lifetime taken back.
struct Change {
    contact: Uri,
    instance: Option<String>,
    flow_number: Option<u32>,
    preference: u16,
    lifetime: Duration,
}

/// Why it is refused.
enum Refusal {
    Status(StatusCode),
    TooBrief,
    TooMany,
}

impl SipStack {
    pub(crate) fn receive_register(&mut self, asked: &Asked) {
        // RFC 3261 §10.3 step 5, RFC 4475 §3.3.4: the address of record is a SIP URI, or it is a bad request.
        let (Ok(to), Ok(from)) = (asked.headers().to(), asked.headers().from()) else {
            return self.refuse(asked, StatusCode::BAD_REQUEST);
        };
        let (Uri::Sip(record), from) = (to.uri, from.uri) else {
            return self.refuse(asked, StatusCode::BAD_REQUEST);
        };
        let username = match self.authenticate(asked) {
            Ok(username) => username,
            Err(challenge) => return self.respond(asked, *challenge),
        };
        if !self.open_transaction(asked) {
            return;
        }
        // Step 4: nobody registers for somebody else. It is told only to who has proved to be somebody.
        let own = |user: Option<String>| user.as_deref() == Some(username.as_str());
        if !own(record.user_unescaped()) || !own(from.user()) {
            return self.refuse(asked, StatusCode::FORBIDDEN);
        }
        let wish = match self.wish(asked) {
            Ok(wish) => wish,
            Err(refusal) => return self.refuse_registration(asked, &refusal),
        };
        let outbound = matches!(&wish, Wish::Update(_, way) if way.outbound);
        match self.bind(asked, &username, wish) {
            Ok(()) => self.list_bindings(asked, &username, outbound),
            Err(refusal) => self.refuse_registration(asked, &refusal),
        }
    }

    fn refuse_registration(&mut self, asked: &Asked, refusal: &Refusal) {
        match refusal {
            Refusal::Status(status) => self.refuse(asked, *status),
            Refusal::TooBrief => {
                let mut response = self.refusal(asked, StatusCode::INTERVAL_TOO_BRIEF);
                let least = self.settings.expires_min.as_secs();
                response.headers.push_display(HeaderName::MinExpires, least);
                self.respond(asked, response);
            }
            Refusal::TooMany => self.refuse_overload(asked, "bindings of an account"),
        }
    }

    /// Steps 6 and 7: what is asked, and whether all of it may be.
    fn wish(&self, asked: &Asked) -> Result<Wish, Refusal> {
        let bad = |_| Refusal::Status(StatusCode::BAD_REQUEST);
        // RFC 3261 §20.19 gives a malformed Expires the value 3600; so does this.
        let header = asked.headers().expires().unwrap_or(Some(3600));
        let list = match asked.headers().contacts().map_err(bad)? {
            Contacts::Star if header == Some(0) => return Ok(Wish::RemoveAll),
            Contacts::Star => return Err(Refusal::Status(StatusCode::BAD_REQUEST)),
            Contacts::List(list) if list.is_empty() => return Ok(Wish::Fetch),
            Contacts::List(list) => list,
        };
        if list.len() > MAX_BINDINGS_PER_ACCOUNT {
            return Err(Refusal::TooMany);
        }
        let way = Way::of(asked, &list).map_err(Refusal::Status)?;
        let mut updates = Vec::with_capacity(list.len());
        for contact in list {
            if contact.address.uri.as_sip().is_none() {
                return Err(Refusal::Status(StatusCode::BAD_REQUEST));
            }
            let asked_for = contact.expires().or(header).map(|seconds| Duration::from_secs(seconds.into()));
            let lifetime = asked_for.unwrap_or(self.settings.expires_max).min(self.settings.expires_max);
            if !lifetime.is_zero() && lifetime < self.settings.expires_min {
                return Err(Refusal::TooBrief);
            }
            updates.push((contact, lifetime));
        }
        Ok(Wish::Update(updates, way))
    }

    /// Step 7: all changes or none.
    fn bind(&mut self, asked: &Asked, account: &str, wish: Wish) -> Result<(), Refusal> {
        let bad = |_| Refusal::Status(StatusCode::BAD_REQUEST);
        let call_id = asked.headers().call_id().map_err(bad)?.to_owned();
        let cseq = asked.headers().cseq().map_err(bad)?.number;
        let mut after = self.registrar.all(account).to_vec();
        let (changes, path) = match wish {
            Wish::Fetch => return Ok(()),
            Wish::RemoveAll => (after.iter().map(Change::taking_back).collect(), Vec::new()),
            Wish::Update(updates, way) => {
                (updates.into_iter().map(|update| Change::of(update, way.outbound)).collect(), way.path)
            }
        };
        let changes: Vec<Change> = changes;
        let mut events = Vec::new();
        for change in changes {
            let meant = |known: &Binding| {
                known.is_meant_by(&change.contact, change.instance.as_deref(), change.flow_number)
            };
            let before = after.iter().position(meant).map(|at| after.remove(at));
            // The same Call-ID with a number that is not higher is out of order: nothing changes.
            if before.as_ref().is_some_and(|known| known.call_id == call_id && known.cseq >= cseq) {
                return Err(Refusal::Status(StatusCode::SERVER_INTERNAL_ERROR));
            }
            let stays =
                |known: &Binding| !change.lifetime.is_zero() && known.contact.equivalent(&change.contact);
            let new = !before.as_ref().is_some_and(stays);
            if let Some(known) = before.filter(|_| new) {
                events.push(unbound(account, known.contact, false));
            }
            if change.lifetime.is_zero() {
                continue;
            }
            let contact = change.contact.clone();
            events.push(SipEvent::Bound { account: account.to_owned(), contact, new });
            after.push(Binding {
                contact: change.contact,
                flow: asked.flow,
                expires: self.now + change.lifetime,
                call_id: call_id.clone(),
                cseq,
                path: path.clone(),
                instance: change.instance,
                flow_number: change.flow_number,
                preference: change.preference,
            });
        }
        if after.len() > MAX_BINDINGS_PER_ACCOUNT {
            return Err(Refusal::TooMany);
        }
        self.rebind(account, after, events);
        Ok(())
    }

    /// Step 8: 200 with everything that is bound now, and the Path that is kept (RFC 3327 §5.3).
    fn list_bindings(&mut self, asked: &Asked, account: &str, outbound: bool) {
        let mut response: Response = self.refusal(asked, StatusCode::OK);
        let now = self.now;
        for binding in self.registrar.all(account).iter().filter(|binding| binding.expires > now) {
            response.headers.push(HeaderName::Contact, binding.to_line(binding.expires.since(now).as_secs()));
        }
        for proxy in asked.headers().get_all(HeaderName::Path) {
            response.headers.push(HeaderName::Path, proxy);
        }
        response.headers.push(HeaderName::Supported, "path, outbound");
        if outbound {
            // RFC 5626 §6: this is how the phone learns that its flow counts.
            response.headers.push(HeaderName::Require, "outbound");
            if asked.headers().vias().is_ok_and(|vias| vias.len() == 1) {
                response.headers.push_display(HeaderName::FlowTimer, FLOW_TIMER_S);
            }
        }
        self.respond(asked, response);
    }

    pub(crate) fn expire_bindings(&mut self, account: &str) {
        let now = self.now;
        let all = self.registrar.all(account).to_vec();
        let (left, gone): (Vec<_>, Vec<_>) = all.into_iter().partition(|binding| binding.expires > now);
        let events = gone.into_iter().map(|binding| unbound(account, binding.contact, true)).collect();
        self.rebind(account, left, events);
    }

    /// A connection closed: what was reached over it alone is bound no more (RFC 5626 §5.3), what can be reached over a
    /// new one is reached there from now on.
    pub(crate) fn flow_of_bindings_closed(&mut self, flow: Flow) {
        let accounts: Vec<String> = self.registrar.accounts_over(flow).cloned().collect();
        for account in accounts {
            let mut events = Vec::new();
            let mut left = Vec::new();
            for binding in self.registrar.all(&account).to_vec() {
                if binding.flow != flow {
                    left.push(binding);
                } else if let Some(flow) = binding.reopened() {
                    left.push(Binding { flow, ..binding });
                } else {
                    events.push(unbound(&account, binding.contact, true));
                }
            }
            self.rebind(&account, left, events);
        }
    }

    fn rebind(&mut self, account: &str, bindings: Vec<Binding>, events: Vec<SipEvent>) {
        self.registrar.set(account, bindings);
        self.watch_account(account);
        events.into_iter().for_each(|event| self.tell(event));
    }

    pub(crate) fn watch_account(&mut self, account: &str) {
        let deadline = self.registrar.deadline(account);
        self.wheel.set(Due::Account(account.to_owned()), deadline);
    }
}

impl Change {
    fn of((contact, lifetime): (Contact, Duration), outbound: bool) -> Self {
        let instance = contact.instance();
        Change {
            // RFC 5626 §6: without an instance a flow number means nothing.
            flow_number: contact.flow_number().filter(|_| outbound && instance.is_some()),
            instance,
            preference: contact.preference(),
            contact: contact.address.uri,
            lifetime,
        }
    }

    fn taking_back(known: &Binding) -> Self {
        Change {
            contact: known.contact.clone(),
            instance: known.instance.clone(),
            flow_number: known.flow_number,
            preference: known.preference,
            lifetime: Duration::ZERO,
        }
    }
}

fn unbound(account: &str, contact: Uri, expired: bool) -> SipEvent {
    SipEvent::Unbound { account: account.to_owned(), contact, expired }
}
