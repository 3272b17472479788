//! Short messages (RFC 3428) to the telephones of one tenant.
//!
//! * From a telephone: relayed to every place where the other registered, from the sender's own number as the directory
//!   has it.
//! * From a peer or over a trunk: likewise, to what its calls would reach, from whom it names.
//! * To a telephone that is not registered: 480. Nothing is kept.
//! * To a number that a flow answers, which cannot chat, or outside, where no trunk takes messages: 488.
//! * To nobody: 404.
//!
//! 202 says that it was passed on (RFC 3428 §7); whether it is read is not told back.

use crate::desk::Outbox;
use crate::input::Rules;
use crate::routing::{self, Route};
use crate::switchboard::Switchboard;
use frontdesk_directory::Phone;
use frontdesk_identifiers::TenantId;
use frontdesk_sip_message::{Host, NameAddr, SipUri, StatusCode};
use frontdesk_sip_stack::{Admission, Binding, IncomingMessage, OutgoingMessage, SipCommand};

impl Switchboard {
    pub(crate) fn on_message(&mut self, mut message: IncomingMessage) {
        self.sort_message(&mut message);
        let status = match self.readers(&message) {
            Ok((places, sender)) => {
                for place in &places {
                    send(place, presented(&sender, place), &message, &mut self.out);
                }
                StatusCode::ACCEPTED
            }
            Err(status) => status,
        };
        self.out.sip(SipCommand::AnswerMessage { id: message.id, status });
    }

    /// Where it is read, and from whom it is; or why it is not.
    fn readers(&self, message: &IncomingMessage) -> Result<(Vec<Binding>, Sender), StatusCode> {
        let rules = self.rules.as_ref().ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
        let (tenant, sender) = sender(rules, message).ok_or(StatusCode::FORBIDDEN)?;
        let to = match routing::written_to(rules, &tenant, &message.admission, &message.to) {
            None => return Err(StatusCode::NOT_FOUND),
            Some(Route::Flow { .. }) => return Err(StatusCode::NOT_ACCEPTABLE_HERE),
            Some(Route::Phone { number }) => number,
        };
        let phone = rules.directory.phone(&tenant, &to).ok_or(StatusCode::NOT_ACCEPTABLE_HERE)?;
        let places: Vec<Binding> = self.stack.bindings(phone.account()).cloned().collect();
        if places.is_empty() { Err(StatusCode::TEMPORARILY_UNAVAILABLE) } else { Ok((places, sender)) }
    }
}

/// Who wrote, as it is shown.
struct Sender {
    number: String,
    name: Option<String>,
}

/// Whose message it is, and from whom: a telephone cannot call itself what it likes, a neighbour may.
fn sender(rules: &Rules, message: &IncomingMessage) -> Option<(TenantId, Sender)> {
    match &message.admission {
        Admission::Account { username } => {
            let phone: &Phone = rules.directory.phone_by_account(username)?;
            let name = Some(phone.name.clone()).filter(|name| !name.is_empty());
            Some((phone.tenant.clone(), Sender { number: phone.number.to_string(), name }))
        }
        Admission::Peer { name } => {
            let trunk = rules.directory.trunk(name).map(|trunk| trunk.tenant.clone());
            let tenant = trunk.or_else(|| rules.directory.peer(name).map(|peer| peer.tenant.clone()))?;
            let number = message.from.uri.user().map(|user| routing::plain(&user)).unwrap_or_default();
            let number = if number.is_empty() { "anonymous".to_owned() } else { number };
            let name = message.from.display.as_deref().map(routing::plain).filter(|name| !name.is_empty());
            Some((tenant, Sender { number, name }))
        }
    }
}

fn presented(sender: &Sender, place: &Binding) -> NameAddr {
    let desk = Host::Ip(place.flow.local.ip());
    let mut from = NameAddr::new(SipUri::new(Some(&sender.number), desk, None));
    from.display.clone_from(&sender.name);
    from
}

fn send(place: &Binding, from: NameAddr, written: &IncomingMessage, out: &mut Outbox) {
    let message = out.message();
    out.sip(SipCommand::Message(Box::new(OutgoingMessage {
        message,
        target: place.contact.clone(),
        flow: place.flow,
        routes: place.path.clone(),
        from,
        to: NameAddr::from(place.contact.clone()),
        content_type: written.content_type.clone(),
        body: written.body.clone(),
    })));
}
