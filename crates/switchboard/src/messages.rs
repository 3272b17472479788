//! Short messages (RFC 3428) between the telephones of one tenant.
//!
//! * To a telephone: relayed to every place where it registered, from the sender's own number as the directory has it.
//! * To a number that a flow answers, to a telephone that is not registered, to nobody: a flow cannot chat yet, and
//!   nothing is kept. The sender is told so by a message back, once a day, so that two robots do not answer each other.
//! * From a peer or a trunk: dropped. Nobody has said what such a message may cost.

use crate::desk::Outbox;
use crate::routing;
use crate::switchboard::Switchboard;
use frontdesk_directory::Phone;
use frontdesk_identifiers::{Moment, TelephoneNumber};
use frontdesk_sip_message::{Host, NameAddr, SipUri};
use frontdesk_sip_stack::{Admission, Binding, IncomingMessage, OutgoingMessage, SipCommand};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a sender is told that nobody reads what it sends.
const TOLD_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Who was told when that nobody reads here: as many as there are telephones at most.
#[derive(Debug, Default)]
pub(crate) struct Told(BTreeMap<String, Moment>);

impl Told {
    fn is_due(&mut self, account: &str, now: Moment) -> bool {
        self.0.retain(|_, at| now.since(*at) < TOLD_EVERY);
        if self.0.contains_key(account) {
            return false;
        }
        self.0.insert(account.to_owned(), now);
        true
    }
}

impl Switchboard {
    pub(crate) fn on_message(&mut self, message: &IncomingMessage, now: Moment) {
        let Admission::Account { username } = &message.admission else { return };
        let Some(rules) = self.rules.clone() else { return };
        let Some(sender) = rules.directory.phone_by_account(username) else { return };
        let number = message.to.user().and_then(|user| TelephoneNumber::new(&user).ok());
        let to = number.as_ref().and_then(|number| rules.directory.phone(&sender.tenant, number));
        let places: Vec<Binding> =
            to.iter().flat_map(|phone| self.stack.bindings(phone.account())).cloned().collect();
        for place in &places {
            let from = presented(sender, place);
            send(place, from, &message.content_type, message.body.clone(), &mut self.out);
        }
        if !places.is_empty() || !self.told.is_due(username, now) {
            return;
        }
        let why = match (to, routing::dialled(&rules, &sender.tenant, &message.to)) {
            (Some(_), _) => "This telephone is not registered now. Your message was not kept.",
            (None, Some(_)) => "Nobody reads messages at this number. Please call.",
            (None, None) => "There is no such number. Your message went nowhere.",
        };
        let back: Vec<Binding> = self.stack.bindings(username).cloned().collect();
        for place in &back {
            let from = NameAddr::from(message.to.clone());
            send(place, from, "text/plain", why.as_bytes().to_vec(), &mut self.out);
        }
    }
}

fn presented(sender: &Phone, place: &Binding) -> NameAddr {
    let desk = Host::Ip(place.flow.local.ip());
    let mut from = NameAddr::new(SipUri::new(Some(sender.number.as_str()), desk, None));
    from.display = Some(sender.name.clone()).filter(|name| !name.is_empty());
    from
}

fn send(place: &Binding, from: NameAddr, content_type: &str, body: Vec<u8>, out: &mut Outbox) {
    let message = out.message();
    out.sip(SipCommand::Message(Box::new(OutgoingMessage {
        message,
        target: place.contact.clone(),
        flow: place.flow,
        routes: place.path.clone(),
        from,
        to: NameAddr::from(place.contact.clone()),
        content_type: content_type.to_owned(),
        body,
    })));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_later_it_is_told_again() {
        let mut told = Told::default();
        let at = |hours: u64| Moment::from_millis(hours * 3_600_000);
        assert!(told.is_due("1001", at(1)));
        assert!(!told.is_due("1001", at(24)));
        assert!(told.is_due("1001", at(25)));
        assert!(told.is_due("1002", at(25)));
    }
}
