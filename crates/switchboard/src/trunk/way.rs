//! From a number and a trunk to an INVITE.

use super::line::{credentials, host, routes};
use super::trunks::{Trunks, Way};
use crate::attempt::Contact;
use crate::desk::Desk;
use crate::identity;
use crate::routing::Party;
use frontdesk_call_record::Fact;
use frontdesk_directory::Trunk;
use frontdesk_identifiers::TelephoneNumber;
use frontdesk_sip_message::{SipUri, Uri};
use frontdesk_sip_stack::{Credentials, Quirks};
use std::sync::Arc;

/// What an INVITE over a trunk has that one to a telephone of the house has not.
#[derive(Debug, Clone)]
pub(crate) struct OverTrunk {
    pub trunk: Arc<Trunk>,
    pub quirks: Arc<Quirks>,
    pub credentials: Option<Credentials>,
    /// Who calls, in the trunk's own headers.
    pub extra: Vec<(String, String)>,
    /// An emergency passes every limit.
    pub emergency: bool,
}

/// The ways to a number of the telephone network for a caller, the first to try first; none where no trunk of the tenant
/// takes the call. Trunks that are passed over are told to the record.
pub(crate) fn contacts(caller: &Party, number: &TelephoneNumber, desk: &mut Desk<'_>) -> Vec<Contact> {
    let emergency = desk.rules.directory.is_emergency(&caller.tenant, number);
    if !emergency && !number.is_e164() {
        return Vec::new();
    }
    let found = desk.trunks.ways(&caller.tenant, emergency, desk.out, desk.now);
    for (trunk, trouble) in found.passed_over {
        Trunks::refused(&trunk, trouble, desk.out);
        desk.out.aside.push(Fact::TrunkPassedOver { trunk, trouble });
    }
    contacts_over(found.ways, FIRST_PREFERENCE, caller, number, emergency, desk)
}

/// Each way is a preference of its own: the next is tried only when the one before has failed.
const FIRST_PREFERENCE: u16 = 1_000;

/// These ways, as contacts to be tried one after the other.
pub(crate) fn contacts_over(
    ways: Vec<Way>,
    first: u16,
    caller: &Party,
    number: &TelephoneNumber,
    emergency: bool,
    desk: &Desk<'_>,
) -> Vec<Contact> {
    let helped = emergency.then(|| caller.calling_for_help());
    let caller = helped.as_ref().unwrap_or(caller);
    let contact = |(at, way): (usize, Way)| {
        let shown = identity::shown(caller, &way.trunk, &desk.rules.directory);
        Contact {
            uri: target(&way.trunk, number),
            flow: way.over,
            from: shown.from,
            phone: None,
            routes: routes(&way.trunk),
            preference: first.saturating_sub(at as u16),
            over: Some(Box::new(OverTrunk {
                credentials: credentials(&way.trunk),
                quirks: way.quirks,
                trunk: way.trunk,
                extra: shown.extra,
                emergency,
            })),
        }
    };
    ways.into_iter().enumerate().map(contact).collect()
}

/// The number at the trunk, as it wants it written. `user=phone` says that it is one (RFC 3261 §19.1.1).
pub(crate) fn target(trunk: &Trunk, number: &TelephoneNumber) -> Uri {
    let written = trunk.plan.outward(number);
    let mut uri = SipUri::new(Some(written.as_str()), host(&trunk.host), trunk.port);
    if number.is_e164() {
        uri.parameters.set("user", Some("phone"));
    }
    uri.into()
}
