//! Which legs are encrypted, and with which keys of this side.

use crate::desk::Desk;
use crate::routing::Party;
use crate::trunk::OverTrunk;
use frontdesk_call_record::{AdmittedBy, Fact, LegRole};
use frontdesk_directory::Encryption;
use frontdesk_identifiers::TelephoneNumber;
use frontdesk_media_protocol::AgreedAudio;
use frontdesk_session_description::{Demand, LocalSecurity, OwnKeys, is_by_secure_profile};
use rand_chacha::rand_core::Rng;

/// A leg's part in encryption, from its first description to its end. A hold, a refresh and a transfer describe the same
/// keys again, so that the other side has nothing to change.
#[derive(Debug, Clone, Default)]
pub(crate) struct Security {
    local: Option<LocalSecurity>,
}

impl Security {
    /// Draws keys, if the policy needs any.
    pub fn new(policy: Encryption, desk: &mut Desk<'_>) -> Self {
        let demand = match policy {
            Encryption::Off => return Security::default(),
            Encryption::Offered => Demand::Offered,
            Encryption::Required => Demand::Required,
        };
        let keys = OwnKeys::draw(|bytes| desk.out.chance().fill_bytes(bytes));
        Security { local: Some(LocalSecurity { demand, keys }) }
    }

    /// What the next description says.
    pub fn local(&self) -> Option<LocalSecurity> {
        self.local.clone()
    }

    /// A new exchange of offer and answer begins. What is in use stays; keys of other suites may have been in use before,
    /// and are never used again.
    pub fn renew(&mut self, agreed: Option<&AgreedAudio>, desk: &mut Desk<'_>) {
        if let Some(local) = &mut self.local {
            let suite = agreed.and_then(|audio| audio.secure).map(|keys| keys.suite);
            local.keys.redraw_others(suite, |bytes| desk.out.chance().fill_bytes(bytes));
        }
    }

    /// The other side offered: what it is offered later is of the same profile.
    pub fn offered(&mut self, offered: &[u8]) {
        if let Some(local) = self.local.as_mut().filter(|local| local.demand != Demand::Required) {
            local.demand = match is_by_secure_profile(offered) {
                true => Demand::OfferedBySecureProfile,
                false => Demand::Offered,
            };
        }
    }
}

/// Whether the sound of somebody who calls is encrypted.
pub(crate) fn of_party(party: &Party, desk: &Desk<'_>) -> Encryption {
    let directory = &desk.rules.directory;
    match &party.admitted_by {
        AdmittedBy::Account(account) => directory.phone_by_account(account).map(|phone| phone.srtp),
        AdmittedBy::Peer(name) => {
            let peer = directory.peer(name).map(|peer| peer.srtp);
            peer.or_else(|| directory.trunk(name).map(|trunk| trunk.srtp))
        }
        AdmittedBy::Desk => None,
    }
    .unwrap_or_default()
}

/// Whether the sound of somebody who is called is encrypted.
pub(crate) fn of_called(
    phone: Option<&TelephoneNumber>,
    over: Option<&OverTrunk>,
    desk: &Desk<'_>,
) -> Encryption {
    match (over, phone) {
        (Some(over), _) => over.trunk.srtp,
        (None, Some(number)) => {
            let phone = desk.rules.directory.phone_by_account(number.as_str());
            phone.map(|phone| phone.srtp).unwrap_or_default()
        }
        (None, None) => Encryption::Off,
    }
}

/// What the record says of how sound goes on a leg.
pub(crate) fn agreed(leg: LegRole, audio: &AgreedAudio) -> Fact {
    Fact::MediaAgreed {
        leg,
        codec: audio.codec.encoding_name().to_owned(),
        secured_by: audio.secure.map(|keys| keys.suite.name().to_owned()),
    }
}
