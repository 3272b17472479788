//! The registrar (RFC 3261 §10.3).

use super::binding::Binding;
use crate::limits::MAX_BINDINGS_PER_ACCOUNT;
use crate::output::SipEvent;
use crate::reply::Asked;
use crate::stack::{Due, SipStack};
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{Contact, Contacts, HeaderName, Response, StatusCode, Uri};
use std::collections::BTreeMap;
use std::time::Duration;

/// The bindings, by account. There are never more accounts here than the settings name.
#[derive(Debug)]
pub(crate) struct Registrar {
    accounts: BTreeMap<String, Vec<Binding>>,
}

impl Registrar {
    pub(crate) fn new() -> Self {
        Registrar { accounts: BTreeMap::new() }
    }

    pub(crate) fn bindings(&self, account: &str) -> impl Iterator<Item = &Binding> {
        self.accounts.get(account).into_iter().flatten()
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = &String> {
        self.accounts.keys()
    }

    pub(crate) fn len(&self) -> usize {
        self.accounts.values().map(Vec::len).sum()
    }

    pub(crate) fn clear(&mut self, account: &str) -> Vec<Binding> {
        self.accounts.remove(account).unwrap_or_default()
    }

    fn deadline(&self, account: &str) -> Option<Moment> {
        self.bindings(account).map(|binding| binding.expires).min()
    }

    fn set(&mut self, account: &str, bindings: Vec<Binding>) {
        if bindings.is_empty() {
            self.accounts.remove(account);
        } else {
            self.accounts.insert(account.to_owned(), bindings);
        }
    }
}

/// What a REGISTER asks for.
enum Wish {
    /// Only to be told (RFC 3261 §10.3 step 6).
    Fetch,
    /// `Contact: *` with `Expires: 0`.
    RemoveAll,
    /// Each contact and for how long; zero takes it back.
    Update(Vec<(Contact, Duration)>),
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
        match self.wish(asked).and_then(|wish| self.bind(asked, &username, wish)) {
            Ok(()) => self.list_bindings(asked, &username),
            Err(refusal) => self.refuse_registration(asked, &refusal),
        }
    }

    fn refuse_registration(&mut self, asked: &Asked, refusal: &Refusal) {
        match refusal {
            Refusal::Status(status) => self.refuse(asked, *status),
            Refusal::TooBrief => {
                let mut response = self.refusal(asked, StatusCode::INTERVAL_TOO_BRIEF);
                let least = self.settings.expires_min.as_secs();
                response.headers.push(HeaderName::MinExpires, least.to_string());
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
        Ok(Wish::Update(updates))
    }

    /// Step 7: all changes or none.
    fn bind(&mut self, asked: &Asked, account: &str, wish: Wish) -> Result<(), Refusal> {
        let bad = |_| Refusal::Status(StatusCode::BAD_REQUEST);
        let call_id = asked.headers().call_id().map_err(bad)?.to_owned();
        let cseq = asked.headers().cseq().map_err(bad)?.number;
        let now = self.now;
        let before: Vec<Binding> = self.bindings(account).cloned().collect();
        let mut after = before.clone();
        // The same Call-ID with a number that is not higher is out of order: nothing changes.
        let overtaken = |known: &Binding| known.call_id == call_id && known.cseq >= cseq;
        let mut events = Vec::new();
        let account_name = || account.to_owned();
        let updates = match wish {
            Wish::Fetch => return Ok(()),
            Wish::RemoveAll => {
                before.iter().map(|known| (known.contact.clone(), 1000, Duration::ZERO)).collect()
            }
            Wish::Update(updates) => updates
                .into_iter()
                .map(|(contact, lifetime)| {
                    let preference = contact.preference();
                    (contact.address.uri, preference, lifetime)
                })
                .collect::<Vec<_>>(),
        };
        for (contact, preference, lifetime) in updates {
            let at = after.iter().position(|known| known.contact.equivalent(&contact));
            if at.and_then(|at| after.get(at)).is_some_and(overtaken) {
                return Err(Refusal::Status(StatusCode::SERVER_INTERNAL_ERROR));
            }
            if let Some(at) = at {
                let known = after.remove(at);
                if lifetime.is_zero() {
                    let (account, contact) = (account_name(), known.contact);
                    events.push(SipEvent::Unbound { account, contact, expired: false });
                }
            }
            if !lifetime.is_zero() {
                events.push(SipEvent::Bound {
                    account: account_name(),
                    contact: contact.clone(),
                    new: at.is_none(),
                });
                let (flow, expires, call_id) = (asked.flow, now + lifetime, call_id.clone());
                after.push(Binding {
                    contact,
                    flow,
                    expires,
                    call_id,
                    cseq,
                    path: Vec::new(),
                    instance: None,
                    flow_number: None,
                    preference,
                });
            }
        }
        if after.len() > MAX_BINDINGS_PER_ACCOUNT {
            return Err(Refusal::TooMany);
        }
        self.registrar.set(account, after);
        self.watch_account(account);
        events.into_iter().for_each(|event| self.tell(event));
        Ok(())
    }

    /// Step 8: 200 with everything that is bound now.
    fn list_bindings(&mut self, asked: &Asked, account: &str) {
        let mut response: Response = self.refusal(asked, StatusCode::OK);
        let now = self.now;
        for binding in self.registrar.bindings(account).filter(|binding| binding.expires > now) {
            let left = binding.expires.since(now).as_secs();
            let (contact, q) = (&binding.contact, binding.preference);
            let mut line = format!("<{contact}>;expires={left}");
            if q < 1000 {
                line.push_str(&format!(";q=0.{q:03}"));
            }
            response.headers.push(HeaderName::Contact, line);
        }
        self.respond(asked, response);
    }

    pub(crate) fn expire_bindings(&mut self, account: &str) {
        let now = self.now;
        let (left, gone): (Vec<_>, Vec<_>) =
            self.registrar.bindings(account).cloned().partition(|binding| binding.expires > now);
        self.registrar.set(account, left);
        self.watch_account(account);
        for binding in gone {
            let (account, contact) = (account.to_owned(), binding.contact);
            self.tell(SipEvent::Unbound { account, contact, expired: true });
        }
    }

    pub(crate) fn watch_account(&mut self, account: &str) {
        let deadline = self.registrar.deadline(account);
        self.wheel.set(Due::Account(account.to_owned()), deadline);
    }
}
