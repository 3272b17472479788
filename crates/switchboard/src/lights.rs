//! Lights: what telephones watch of one another, told at each change (RFC 6665).
//!
//! * `dialog` (RFC 4235): the calls of a telephone, for its busy lamp at another. One that rings is named, so that it can
//!   be picked up by INVITE with Replaces (RFC 3891).
//! * `presence` (RFC 3856): whether it is registered, and on the phone.
//! * `message-summary` (RFC 3842): no voicemail is kept yet, so that no message waits is the truth.
//!
//! A telephone watches telephones of its own tenant, and its own mailbox; what else it asks for does not exist for it.
//! Changes are gathered over one input and told once, and only where the document differs. How many may watch is bounded
//! by the stack.

use crate::call::{Call, Stage};
use crate::documents::{self, Dialog};
use crate::leg::Leg;
use crate::switchboard::Switchboard;
use crate::transfer::Transfer;
use frontdesk_call_record::LegRole;
use frontdesk_directory::Phone;
use frontdesk_identifiers::{LegId, TelephoneNumber};
use frontdesk_sip_stack::{Package, SipCommand, SubscriptionId};
use std::collections::{BTreeMap, BTreeSet};

/// How far a call of a telephone is (RFC 4235 §3.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Light {
    /// It is being called, or its call is under way.
    Trying,
    /// It rings, or hears that the other rings.
    Early,
    /// It talks.
    Confirmed,
    /// It was there in the document before.
    Terminated,
}

/// Who watches what.
#[derive(Debug, Default)]
pub(crate) struct Lights {
    watches: BTreeMap<SubscriptionId, Watch>,
    /// Telephones of whom something changed since the last word.
    changed: BTreeSet<TelephoneNumber>,
    /// Whether everything may have changed: the rules did.
    all_changed: bool,
}

#[derive(Debug)]
pub(crate) struct Watch {
    account: String,
    resource: String,
    /// Where that is, as who watches says: telephones look for their lamp by the address that they asked for.
    host: String,
    package: Package,
    /// What the next document is numbered (RFC 4235 §3.2).
    version: u32,
    told: Option<State>,
}

/// What documents tell of a telephone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub registered: bool,
    pub talks: bool,
    pub dialogs: BTreeMap<LegId, Dialog>,
}

impl State {
    /// As much of it as this package tells: what changes beside that is no news for who watches it.
    fn told_by(self, package: Package) -> State {
        match package {
            Package::Presence => State { dialogs: BTreeMap::new(), ..self },
            _ => State { registered: false, talks: false, ..self },
        }
    }
}

impl Watch {
    pub fn new(account: String, resource: String, host: String, package: Package) -> Watch {
        Watch { account, resource, host, package, version: 0, told: None }
    }
}

impl Lights {
    /// Something of this telephone may have changed.
    pub fn touch(&mut self, phone: TelephoneNumber) {
        if !self.is_dark() {
            self.changed.insert(phone);
        }
    }

    pub fn touch_all(&mut self) {
        self.all_changed = !self.is_dark();
    }

    /// Whether nobody watches anything.
    pub fn is_dark(&self) -> bool {
        self.watches.is_empty()
    }

    pub fn unsubscribed(&mut self, subscription: SubscriptionId) {
        self.watches.remove(&subscription);
    }
}

/// The telephones of a call, how far it is for each, and whom it is with.
pub(crate) type CallLights = Vec<(TelephoneNumber, LegId, Dialog)>;

impl Call {
    pub(crate) fn lights(&self) -> CallLights {
        let caller = (&self.caller, self.callers_light());
        let transfers = self.transfer.iter().chain(self.referral.iter().map(|referral| &referral.transfer));
        let called = transfers.flat_map(Transfer::lights);
        std::iter::once(caller).chain(called).filter_map(|(leg, light)| self.light_of(leg, light)).collect()
    }

    fn callers_light(&self) -> Light {
        match self.stage {
            Stage::Summoning | Stage::OpeningPort { .. } => Light::Trying,
            Stage::Alerting { .. } if self.transfer.as_ref().is_some_and(Transfer::rang) => Light::Early,
            Stage::Alerting { .. } => Light::Trying,
            Stage::AwaitingAck | Stage::Talking => Light::Confirmed,
        }
    }

    fn light_of(&self, leg: &Leg, light: Light) -> Option<(TelephoneNumber, LegId, Dialog)> {
        let phone = leg.phone.clone().filter(|_| leg.session.is_some() && self.ending.is_none())?;
        let calls = leg.id == self.caller.id && leg.role == LegRole::Caller && self.summons.is_none();
        let remote = (leg.id != self.caller.id).then(|| self.party.number_for_others().to_owned());
        Some((phone, leg.id, Dialog { light, calls, remote, session: leg.session, name: None }))
    }
}

impl Switchboard {
    pub(crate) fn on_subscribed(&mut self, subscription: SubscriptionId, watch: Watch) {
        let version = self.lights.watches.get(&subscription).map_or(0, |watch| watch.version);
        self.lights.watches.insert(subscription, Watch { version, ..watch });
        self.tell_watch(subscription);
    }

    /// Tells who watches what changed; true if anybody was told.
    pub(crate) fn tell_changes(&mut self) -> bool {
        let all = std::mem::take(&mut self.lights.all_changed);
        let changed = std::mem::take(&mut self.lights.changed);
        if !all && changed.is_empty() {
            return false;
        }
        let is_meant = |watch: &Watch| all || changed.iter().any(|phone| phone.as_str() == watch.resource);
        let watches = self.lights.watches.iter().filter(|(_, watch)| is_meant(watch));
        let meant: Vec<SubscriptionId> = watches.map(|(subscription, _)| *subscription).collect();
        for subscription in meant {
            self.tell_watch(subscription);
        }
        !self.out.commands.is_empty()
    }

    /// Tells one what it watches, if that is not what it was told before.
    fn tell_watch(&mut self, subscription: SubscriptionId) {
        let Some(watch) = self.lights.watches.get(&subscription) else { return };
        let Some(phone) = self.watched(watch) else {
            self.lights.watches.remove(&subscription);
            return self.out.sip(SipCommand::EndSubscription { subscription, reason: "noresource" });
        };
        let state = match watch.package {
            Package::MessageSummary => State::default(),
            package => self.state_of(&phone).told_by(package),
        };
        let Some(watch) = self.lights.watches.get_mut(&subscription) else { return };
        if watch.told.as_ref() == Some(&state) {
            return;
        }
        let entity = format!("sip:{}@{}", phone.number, watch.host);
        let document = match watch.package {
            Package::Dialog => {
                documents::dialog_info(&entity, watch.version, &state, watch.told.as_ref(), &watch.host)
            }
            Package::Presence => documents::presence(&entity, &state),
            _ => documents::no_messages(&entity),
        };
        watch.version += 1;
        watch.told = Some(state);
        self.out.sip(SipCommand::Notify { subscription, document });
    }

    /// The telephone that is watched, if who watches may.
    fn watched(&self, watch: &Watch) -> Option<Phone> {
        let directory = &self.rules.as_ref()?.directory;
        let watcher = directory.phone_by_account(&watch.account)?;
        let number = TelephoneNumber::new(&watch.resource).ok()?;
        let phone = directory.phone(&watcher.tenant, &number)?;
        // A mailbox is its owner's business.
        let own = watch.package != Package::MessageSummary || phone.number == watcher.number;
        own.then(|| phone.clone())
    }

    /// A call that rings is told with the name of its dialog, so that who watches can pick it up by `Replaces`. That of a
    /// talk is not told: a talk is nobody's to take.
    fn named(&self, dialog: Dialog) -> Dialog {
        let rings = dialog.light == Light::Early && !dialog.calls;
        let name = dialog.session.filter(|_| rings).and_then(|session| self.stack.dialog(session));
        Dialog { name, ..dialog }
    }

    fn state_of(&self, phone: &Phone) -> State {
        let calls = self.calls.values().filter(|call| call.party.tenant == phone.tenant);
        let lights = calls.flat_map(|call| call.lights());
        let own = lights.filter(|light| light.0 == phone.number);
        let dialogs: BTreeMap<_, _> = own.map(|(_, leg, dialog)| (leg, self.named(dialog))).collect();
        State {
            registered: self.stack.bindings(phone.account()).next().is_some(),
            talks: dialogs.values().any(|dialog| dialog.light == Light::Confirmed),
            dialogs,
        }
    }
}
