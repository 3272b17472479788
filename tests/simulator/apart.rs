//! Nothing of one tenant is ever in another's: facts, sound, numbers, lights and messages.

use super::network::Sent;
use super::robot::Robot;
use super::world::World;
use frontdesk_call_record::{AdmittedBy, CallRecord, Fact, StampedFact, TransferEnd};
use frontdesk_directory::Directory;
use frontdesk_identifiers::{CallId, TelephoneNumber, TenantId};
use frontdesk_sip_message::{HeaderName, Host, Message, Method, Request, Uri};
use frontdesk_sip_stack::SessionId;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Header lines that say who calls: what stands there is of the tenant that calls. The others name who is called, or
/// the call.
const OF_CALLER: [HeaderName; 7] = [
    HeaderName::From,
    HeaderName::Contact,
    HeaderName::Authorization,
    HeaderName::ProxyAuthorization,
    HeaderName::PAssertedIdentity,
    HeaderName::PPreferredIdentity,
    HeaderName::RemotePartyId,
];

/// Who belongs to whom, as the rules have it.
struct Owners<'a> {
    world: &'a World,
    directory: &'a Directory,
    records: &'a [CallRecord],
    callers: BTreeMap<&'a str, &'a TenantId>,
    calls: BTreeMap<CallId, &'a TenantId>,
}

/// One check.
type Check = fn(&World, &[CallRecord]);

/// Each by its name.
pub const CHECKS: [(&str, Check); 5] = [
    ("facts", |world, records| Owners::of(world, records).facts_are_their_tenants()),
    ("rings", |world, records| Owners::of(world, records).nobody_strange_rang()),
    ("sound", |world, records| Owners::of(world, records).sound_stays_within()),
    ("numbers", |world, records| Owners::of(world, records).trunks_carry_their_own()),
    ("lights and messages", |world, records| Owners::of(world, records).lights_and_messages_stay_within()),
];

/// All of it. Where there is one tenant, there is nothing to mix up.
pub fn tenants_are_apart(world: &World, records: &[CallRecord]) {
    if world.rules.directory.tenants().count() > 1 {
        CHECKS.iter().for_each(|(_, check)| check(world, records));
    }
}

impl<'a> Owners<'a> {
    fn of(world: &'a World, records: &'a [CallRecord]) -> Owners<'a> {
        let directory = &*world.rules.directory;
        let callers = records.iter().map(|record| (record.sip_call_id.as_str(), &record.tenant)).collect();
        let calls = records.iter().map(|record| (record.call, &record.tenant)).collect();
        Owners { world, directory, records, callers, calls }
    }

    fn of_phone(&self, number: &str) -> Option<&'a TenantId> {
        self.directory.phone_by_account(number).map(|phone| &phone.tenant)
    }

    fn of_trunk(&self, name: &str) -> Option<&'a TenantId> {
        self.directory.trunk(name).map(|trunk| &trunk.tenant)
    }

    fn of_robot(&self, robot: &Robot) -> Option<&'a TenantId> {
        self.of_phone(&robot.person.credentials.as_ref()?.username)
    }

    /// The trunk that a request of the desk goes over says its host.
    fn of_request(&self, request: &Request) -> Option<&'a TenantId> {
        let Uri::Sip(uri) = &request.uri else { return None };
        let Host::Name(host) = &uri.host else { return None };
        self.directory.trunks().find(|trunk| trunk.host == *host).map(|trunk| &trunk.tenant)
    }

    /// Facts name trunks, accounts, calls and flows of their own tenant only.
    fn facts_are_their_tenants(&self) {
        self.world.facts().iter().for_each(|fact| self.fact_is_its_tenants(fact));
    }

    fn fact_is_its_tenants(&self, fact: &StampedFact) {
        let own = |named: Option<&TenantId>, what: &str| {
            let replay = self.world.replay();
            assert_eq!(
                named,
                Some(&fact.tenant),
                "{replay}: {what} in a record of {}: {fact:?}",
                fact.tenant
            );
        };
        own(self.calls.get(&fact.call).copied(), "another's call");
        match &fact.fact {
            Fact::CallStarted { admitted_by: AdmittedBy::Account(account), .. } => {
                own(self.of_phone(account), "another's telephone");
            }
            Fact::CallStarted { admitted_by: AdmittedBy::Peer(name), .. } => {
                let peer = || self.directory.peer(name).map(|peer| &peer.tenant);
                own(self.of_trunk(name).or_else(peer), "another's neighbour");
            }
            Fact::TrunkTried { trunk, .. }
            | Fact::TrunkFailed { trunk, .. }
            | Fact::TrunkPassedOver { trunk, .. }
            | Fact::Redirected { trunk, .. }
            | Fact::ReferRefused { trunk, .. } => own(self.of_trunk(trunk), "another's trunk"),
            Fact::HandedOver { to: other } | Fact::TakenOver { from: other } => {
                own(self.calls.get(other).copied(), "another's call");
            }
            Fact::StepEntered { flow, .. } => {
                let numbers = || self.directory.numbers().filter(|number| number.flow == *flow);
                let is_own = numbers().any(|number| number.tenant == fact.tenant);
                assert!(is_own, "{}: another's flow {flow} in {fact:?}", self.world.replay());
            }
            Fact::RecordingStarted { file } => {
                let place = format!("tenants/{}/{file}", fact.tenant);
                let there = self.world.sound.recordings().iter().any(|path| path.ends_with(&place));
                assert!(there, "{}: nothing was recorded at {place}", self.world.replay());
            }
            _ => {}
        }
    }

    /// No telephone of another tenant ever rang for a call.
    fn nobody_strange_rang(&self) {
        let of_record =
            |record: &'a CallRecord| record.transfers.iter().map(move |transfer| (record, transfer));
        for (record, transfer) in self.records.iter().flat_map(of_record) {
            let owner = self.of_phone(transfer.target.as_str());
            let strange = owner.is_some_and(|owner| *owner != record.tenant);
            let rang = !matches!(transfer.outcome, Some(TransferEnd::Unreachable | TransferEnd::CallerLeft));
            assert!(!(strange && rang), "{}: {transfer:?} in {}", self.world.replay(), record.tenant);
        }
    }

    /// Who speaks from this address.
    fn of_sound(&self, party: SocketAddr) -> Option<&'a TenantId> {
        let robot = self.world.robots().iter().find(|robot| robot.person.address.ip() == party.ip())?;
        if let Some(owner) = self.of_robot(robot) {
            return Some(owner);
        }
        let (session, call) = robot.calls().iter().find(|(_, call)| call.sound == party)?;
        let call_id = call.call_id()?;
        match session {
            SessionId::Outgoing(_) => self.callers.get(call_id).copied(),
            SessionId::Incoming(_) => {
                let invites = self.invites(robot.person.address);
                let mut own = invites.filter(|invite| invite.headers.call_id() == Ok(call_id));
                self.of_request(own.next()?)
            }
        }
    }

    /// INVITEs to this address that begin a call.
    fn invites(&self, to: SocketAddr) -> impl Iterator<Item = &'a Request> {
        let first = move |sent: &'a Sent| match &sent.message {
            Message::Request(request) if request.method == Method::INVITE && sent.to == to => {
                request.headers.to().is_ok_and(|to| to.tag().is_none()).then_some(request)
            }
            _ => None,
        };
        self.world.network.trace().iter().filter_map(first)
    }

    /// Nobody ever heard somebody of another tenant.
    fn sound_stays_within(&self) {
        for (one, other) in self.world.sound.joined() {
            let (Some(left), Some(right)) = (self.of_sound(one), self.of_sound(other)) else { continue };
            assert_eq!(left, right, "{}: {one} and {other} heard each other", self.world.replay());
        }
    }

    /// What goes to a carrier over the trunk of one tenant names no number and no account of another as who calls.
    fn trunks_carry_their_own(&self) {
        let to_carriers = self.world.robots().iter().filter(|robot| self.of_robot(robot).is_none());
        for invite in to_carriers.flat_map(|robot| self.invites(robot.person.address)) {
            let Some(owner) = self.of_request(invite) else { continue };
            for trunk in self.directory.trunks().filter(|trunk| trunk.tenant != *owner) {
                let account = trunk.account.as_ref().map(|account| account.user.as_str());
                let main = trunk.presentation.main.as_ref().map(TelephoneNumber::as_str);
                for strange in account.into_iter().chain(main) {
                    let said = OF_CALLER.iter().flat_map(|name| invite.headers.get_all(name.clone()));
                    let told = said.filter(|line| line.contains(strange)).collect::<Vec<_>>();
                    assert!(told.is_empty(), "{}: {told:?} over a trunk of {owner}", self.world.replay());
                }
            }
        }
    }

    /// A telephone sees lamps of its own tenant's telephones, and reads what was written to its own tenant: in a world
    /// with two, each text begins with the name of the tenant whose it is.
    fn lights_and_messages_stay_within(&self) {
        for robot in self.world.robots() {
            let Some(owner) = self.of_robot(robot) else { continue };
            let replay = self.world.replay();
            for text in &robot.texts {
                let of_other = self
                    .directory
                    .tenants()
                    .any(|tenant| tenant.id != *owner && text.starts_with(tenant.id.as_str()));
                assert!(!of_other, "{replay}: {owner} reads {text:?}");
            }
            for document in robot.errands().flat_map(|errand| &errand.told).filter(|told| !told.is_empty()) {
                let watched = document.split("entity=\"sip:").nth(1).and_then(|rest| rest.split('@').next());
                let of = watched.and_then(|number| self.of_phone(number));
                assert_eq!(of, Some(owner), "{replay}: {owner} sees {document}");
            }
        }
    }
}
