//! A carrier at which several trunks are: over which of them a request came, and whom it is for.
//!
//! Two offices with contracts at one carrier are called from the same addresses. What tells them apart, the surest first:
//! the session whose place a call takes, the contact that one of them registered, the number that one of them has.

use crate::input::Rules;
use crate::routing::route_over;
use crate::switchboard::Switchboard;
use frontdesk_directory::{RegisterAs, Trunk};
use frontdesk_sip_message::Uri;
use frontdesk_sip_stack::{Admission, Flow, IncomingCall, IncomingMessage};

/// Over which trunk a request came, and whom it is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    pub trunk: String,
    pub called: Uri,
}

impl Switchboard {
    /// Puts right over which trunk a call came, and whom it is for.
    pub(crate) fn sort_call(&self, call: &mut IncomingCall) {
        let over = self.neighbours(&call.admission, call.flow);
        let replaced = call.replaces.and_then(|old| self.trunk_of(old));
        // Who knows a session from inside its dialog comes from where the session went.
        if let Some(trunk) = replaced.filter(|trunk| over.contains(trunk)) {
            call.admission = Admission::Peer { name: trunk.to_owned() };
        } else if let Some(meant) = self.meant(&over, &call.called, &call.to.uri) {
            (call.admission, call.called) = (Admission::Peer { name: meant.trunk }, meant.called);
        }
    }

    /// The same for a written message.
    pub(crate) fn sort_message(&self, message: &mut IncomingMessage) {
        let over = self.neighbours(&message.admission, message.flow);
        if let Some(meant) = self.meant(&over, &message.to, &message.addressee.uri) {
            (message.admission, message.to) = (Admission::Peer { name: meant.trunk }, meant.called);
        }
    }

    fn meant(&self, over: &[&str], called: &Uri, to: &Uri) -> Option<Meant> {
        self.rules.as_deref().and_then(|rules| meant(rules, over, called, to))
    }

    /// Every peer that may have sent what was admitted as one of them: all that the flow proves, no other.
    fn neighbours<'a>(&'a self, admission: &'a Admission, flow: Flow) -> Vec<&'a str> {
        let Admission::Peer { name } = admission else { return Vec::new() };
        let mut over = vec![name.as_str()];
        over.extend(self.stack.peers_over(flow).filter(|peer| *peer != name.as_str()));
        over
    }
}

/// Over which of these trunks a request came that calls `called`, and whose To is `to`; none where the first is no trunk.
///
/// A registrar writes the contact that was registered in place of what was dialled (RFC 3261 §16.5, §16.6 step 1). To has
/// the number then, and the contact tells the trunk.
pub(crate) fn meant(rules: &Rules, over: &[&str], called: &Uri, to: &Uri) -> Option<Meant> {
    let first = rules.directory.trunk(over.first()?)?;
    let trunks = || over.iter().filter_map(|name| rules.directory.trunk(name));
    let leads = |trunk: &Trunk, uri: &Uri| route_over(rules, trunk, uri).is_some();
    let meant = |trunk: &Trunk, called: &Uri| Meant { trunk: trunk.name.clone(), called: called.clone() };
    let contact = called.user();
    let by_contact =
        || trunks().filter(|trunk| contact.as_deref().is_some_and(|user| has_contact(trunk, user)));
    if let Some(trunk) = by_contact().find(|trunk| leads(trunk, to) || leads(trunk, called)) {
        // Where each number registers by itself, the contact is the number, and To may be who was called before.
        let own = registers_each(trunk) && leads(trunk, called);
        let dialled = if own || !leads(trunk, to) { called } else { to };
        return Some(meant(trunk, dialled));
    }
    let by_number = trunks().find(|trunk| leads(trunk, called));
    Some(meant(by_contact().next().or(by_number).unwrap_or(first), called))
}

/// Whether a trunk registers under a contact of this user part.
fn has_contact(trunk: &Trunk, user: &str) -> bool {
    let Some(register) = &trunk.register else { return false };
    match (&trunk.quirks.contact_user, &register.as_whom) {
        (Some(contact), _) => contact == user,
        (None, RegisterAs::Each(users)) => users.iter().any(|one| one == user),
        (None, RegisterAs::Account) => trunk.account.as_ref().is_some_and(|account| account.user == user),
    }
}

fn registers_each(trunk: &Trunk) -> bool {
    trunk.register.as_ref().is_some_and(|register| matches!(register.as_whom, RegisterAs::Each(_)))
}
