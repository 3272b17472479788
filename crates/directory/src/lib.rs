//! Who and what exists: tenants, phones, peers, trunks and numbers, as one immutable snapshot.
//!
//! The way of a name through this crate: the settings file is read elsewhere, each entry is handed to a
//! [`DirectoryBuilder`], and [`DirectoryBuilder::build`] either names *every* entry that cannot stand or
//! gives a [`Directory`]. The switchboard holds it as `Arc<Directory>` and looks names up while calls go
//! on; a reload hands it a new snapshot, so that nothing ever changes under a call.
//!
//! It never reads a file, never knows a phone's password (only its HA1; a trunk's password it must know, and `Debug` hides
//! both) and never decides who may call: that is the SIP stack's, by digest or by the address of a peer.

mod builder;
mod country;
mod entry;
mod number_plan;
mod trunk;

pub use builder::{DirectoryBuilder, DirectoryFault};
pub use entry::{Encryption, Number, Peer, Phone, SoundCodec, Tenant};
pub use number_plan::{NumberForm, NumberPlan};
pub use trunk::{
    DiversionForm, FromUser, IdentityForm, Presentation, ProvisionalReliability, Proxy, Redirects,
    RegisterAs, Trunk, TrunkAccount, TrunkLimits, TrunkQuirks, TrunkRegister, TrunkTransport,
};

use frontdesk_identifiers::{TelephoneNumber, TenantId};
use std::collections::BTreeMap;

/// An immutable snapshot of everything that can be called or may call.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    tenants: BTreeMap<TenantId, Tenant>,
    phones: BTreeMap<(TenantId, TelephoneNumber), Phone>,
    /// Account names are one namespace for the whole desk, because a REGISTER names no tenant.
    accounts: BTreeMap<String, (TenantId, TelephoneNumber)>,
    peers: BTreeMap<String, Peer>,
    trunks: BTreeMap<String, Trunk>,
    numbers: BTreeMap<(TenantId, TelephoneNumber), Number>,
    /// Which phone has which number of the telephone network, in E.164.
    direct: BTreeMap<TelephoneNumber, (TenantId, TelephoneNumber)>,
}

impl Directory {
    /// A builder with nothing in it.
    pub fn builder() -> DirectoryBuilder {
        DirectoryBuilder::default()
    }

    /// Every tenant, in the order of their names.
    pub fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.values()
    }

    /// The tenant of this name.
    pub fn tenant(&self, id: &TenantId) -> Option<&Tenant> {
        self.tenants.get(id)
    }

    /// Every phone, by tenant and number.
    pub fn phones(&self) -> impl Iterator<Item = &Phone> {
        self.phones.values()
    }

    /// The phone that this tenant reaches under this number.
    pub fn phone(&self, tenant: &TenantId, number: &TelephoneNumber) -> Option<&Phone> {
        // A key by reference would need a type of its own; a look-up once a call may clone.
        self.phones.get(&(tenant.clone(), number.clone()))
    }

    /// The phone that registers with this account name, which is its number (`1001`).
    pub fn phone_by_account(&self, account: &str) -> Option<&Phone> {
        self.accounts.get(account).and_then(|key| self.phones.get(key))
    }

    /// Every peer, in the order of their names.
    pub fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values()
    }

    /// The peer of this name.
    pub fn peer(&self, name: &str) -> Option<&Peer> {
        self.peers.get(name)
    }

    /// Every trunk, in the order of their names.
    pub fn trunks(&self) -> impl Iterator<Item = &Trunk> {
        self.trunks.values()
    }

    /// The trunk of this name.
    pub fn trunk(&self, name: &str) -> Option<&Trunk> {
        self.trunks.get(name)
    }

    /// Whether a tenant's caller who dials this calls for help: a number of a country in which one of its trunks is.
    pub fn is_emergency(&self, tenant: &TenantId, dialled: &TelephoneNumber) -> bool {
        self.trunks.values().any(|trunk| trunk.tenant == *tenant && trunk.plan.is_emergency(dialled))
    }

    /// The number that somebody of this tenant means who dials this, in E.164 where it is of the network: by the plan of
    /// the trunk that is used first.
    pub fn normal(&self, tenant: &TenantId, dialled: &TelephoneNumber) -> TelephoneNumber {
        let own = self.trunks.values().filter(|trunk| trunk.tenant == *tenant);
        match own.min_by_key(|trunk| trunk.priority) {
            Some(trunk) => trunk.plan.normal(dialled),
            None => dialled.clone(),
        }
    }

    /// The phone that has this direct number, in E.164.
    pub fn phone_by_direct_number(&self, tenant: &TenantId, number: &TelephoneNumber) -> Option<&Phone> {
        self.direct.get(number).filter(|key| key.0 == *tenant).and_then(|key| self.phones.get(key))
    }

    /// Every number that a flow answers, by tenant and number.
    pub fn numbers(&self) -> impl Iterator<Item = &Number> {
        self.numbers.values()
    }

    /// What answers when this tenant's number is dialled.
    pub fn number(&self, tenant: &TenantId, number: &TelephoneNumber) -> Option<&Number> {
        self.numbers.get(&(tenant.clone(), number.clone()))
    }
}
