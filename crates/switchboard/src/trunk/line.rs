//! One trunk of this node: where it is, whether it is registered and alive, and what may go over it now.

use super::breaker::Breaker;
use super::choice::ordered;
use super::health::TrunkHealth;
use super::meter::Meter;
use super::pulse::{Beat, Pulse};
use super::registration::Registration;
use super::whereabouts::Whereabouts;
use crate::desk::Outbox;
use crate::input::{Hop, LocateFailure};
use crate::output::{Notice, SwitchboardOutput};
use frontdesk_call_record::TrunkTrouble;
use frontdesk_directory::{ProvisionalReliability, RegisterAs, Trunk, TrunkTransport};
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{Host, NameAddr, SipUri};
use frontdesk_sip_stack::{
    Credentials, Flow, OutgoingRegistration, ProbeId, Quirks, RegistrationId, Reliability, SipCommand,
    Transport,
};
use rand_chacha::rand_core::Rng;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Ways of one trunk that a call tries, the best first: a caller does not wait for more.
const WAYS_MAX: usize = 3;

/// A trunk, and everything that is known of it now.
#[derive(Debug)]
pub(crate) struct Line {
    pub trunk: Arc<Trunk>,
    pub quirks: Arc<Quirks>,
    whereabouts: Whereabouts,
    registrations: Vec<Registering>,
    pub pulse: Pulse,
    pub breaker: Breaker,
    pub meter: Meter,
    /// What was told last.
    told: TrunkHealth,
}

/// A registration under one address of record.
#[derive(Debug)]
struct Registering {
    id: RegistrationId,
    user: String,
    state: Registration,
}

impl Line {
    pub fn new(trunk: Arc<Trunk>, out: &mut Outbox) -> Line {
        let account = trunk.account.as_ref().map(|account| account.user.clone());
        let users = match trunk.register.as_ref().map(|register| &register.as_whom) {
            None => Vec::new(),
            Some(RegisterAs::Account) => account.into_iter().collect(),
            Some(RegisterAs::Each(users)) => users.clone(),
        };
        let registering =
            |user| Registering { id: out.registration(), user, state: Registration::AwaitingPlace };
        Line {
            registrations: users.into_iter().map(registering).collect(),
            quirks: Arc::new(quirks(&trunk)),
            whereabouts: Whereabouts::Unasked,
            pulse: Pulse::new(trunk.probe_every.map(|_| Moment::ZERO)),
            breaker: Breaker::new(),
            meter: Meter::default(),
            told: TrunkHealth::Unknown,
            trunk,
        }
    }

    /// New rules: false if they change how the trunk is reached, so that it must be begun anew.
    pub fn takes(&mut self, trunk: &Trunk) -> bool {
        let reached = |trunk: &Trunk| {
            let (host, port) = trunk.next_hop();
            let place = (host.to_owned(), port, trunk.transport, trunk.host.clone(), trunk.tenant.clone());
            (place, trunk.account.clone(), trunk.register.clone(), trunk.probe_every, trunk.quirks.clone())
        };
        let same = reached(&self.trunk) == reached(trunk);
        if same && *self.trunk != *trunk {
            self.trunk = Arc::new(trunk.clone());
        }
        same
    }

    pub fn hops(&self) -> &[Hop] {
        self.whereabouts.hops()
    }

    /// Lets happen what is due.
    pub fn tick(&mut self, out: &mut Outbox, now: Moment) {
        if self.whereabouts.deadline() <= now {
            self.whereabouts = std::mem::replace(&mut self.whereabouts, Whereabouts::Unasked).asked(now);
            let (host, port) = self.trunk.next_hop();
            out.outputs.push_back(SwitchboardOutput::Locate {
                trunk: self.trunk.name.clone(),
                host: host.to_owned(),
                port,
                transport: self.trunk.transport.map(transport),
            });
        }
        self.register(out, now);
        if self.pulse.next.is_some_and(|at| at <= now) && !self.hops().is_empty() {
            self.pulse.next = self.trunk.probe_every.map(|every| now + every.max(PROBE_EVERY_MIN));
            for hop in self.whereabouts.hops() {
                let probe = out.probe();
                self.pulse.asked(probe, hop.flow);
                let target = SipUri::new(None, host(&self.trunk.host), self.trunk.port);
                out.sip(SipCommand::Probe { probe, target: target.into(), flow: hop.flow });
            }
        }
        self.tell(out, now);
    }

    pub fn deadline(&self) -> Moment {
        let registrations = self.registrations.iter().filter_map(|one| one.state.deadline());
        let pulse = self.pulse.next.filter(|_| !self.hops().is_empty());
        registrations.chain(pulse).chain([self.whereabouts.deadline()]).min().unwrap_or(Moment::ZERO)
    }

    pub fn located(
        &mut self,
        answer: Result<Vec<Hop>, LocateFailure>,
        valid_for: Duration,
        out: &mut Outbox,
        now: Moment,
    ) {
        let before = std::mem::replace(&mut self.whereabouts, Whereabouts::Unasked);
        self.whereabouts = before.answered(answer, valid_for, now);
        self.pulse.keep(self.whereabouts.hops());
        self.tick(out, now);
    }

    fn register(&mut self, out: &mut Outbox, now: Moment) {
        for one in &mut self.registrations {
            if let Some(over) = one.state.due(self.whereabouts.hops(), now) {
                one.state = std::mem::replace(&mut one.state, Registration::AwaitingPlace).asked(over);
                out.sip(register(&self.trunk, &self.quirks, one.id, &one.user, over));
            }
        }
    }

    pub fn registered(&mut self, id: RegistrationId, out: &mut Outbox, now: Moment) {
        self.change(id, out, now, |state, _| (state.granted(), None));
    }

    pub fn registration_failed(
        &mut self,
        id: RegistrationId,
        status: Option<u16>,
        out: &mut Outbox,
        now: Moment,
    ) {
        self.change(id, out, now, |state, hops| state.failed(status, hops));
    }

    pub fn registration_ended(
        &mut self,
        id: RegistrationId,
        status: Option<u16>,
        out: &mut Outbox,
        now: Moment,
    ) {
        self.change(id, out, now, |state, _| (state.given_up(status, now), None));
    }

    fn change(
        &mut self,
        id: RegistrationId,
        out: &mut Outbox,
        now: Moment,
        to: impl FnOnce(Registration, &[Hop]) -> (Registration, Option<Flow>),
    ) {
        let hops = self.whereabouts.hops();
        let Some(one) = self.registrations.iter_mut().find(|one| one.id == id) else { return };
        let (state, over) = to(std::mem::replace(&mut one.state, Registration::AwaitingPlace), hops);
        one.state = state;
        if let Some(over) = over {
            out.sip(register(&self.trunk, &self.quirks, one.id, &one.user, over));
        }
        self.tell(out, now);
    }

    pub fn has_registration(&self, id: RegistrationId) -> bool {
        self.registrations.iter().any(|one| one.id == id)
    }

    pub fn probed(
        &mut self,
        probe: ProbeId,
        answered: bool,
        wait: Option<Duration>,
        out: &mut Outbox,
        now: Moment,
    ) -> bool {
        let own = self.pulse.probed(probe, answered, wait, now);
        if own {
            self.tell(out, now);
        }
        own
    }

    /// Takes the registrations back: the trunk is listed no more, or reached in another way.
    pub fn leave(&self, out: &mut Outbox) {
        for one in &self.registrations {
            out.sip(SipCommand::Unregister { registration: one.id });
        }
    }

    /// Takes back what a registrar has granted or may grant yet, and tells which. What failed is not waited for: there is
    /// nothing to take back, or nobody to tell.
    pub fn close(&mut self, out: &mut Outbox) -> Vec<RegistrationId> {
        let granted = |one: &&Registering| {
            matches!(one.state, Registration::Standing { .. } | Registration::AwaitingAnswer { .. })
        };
        let ids: Vec<_> = self.registrations.iter().filter(granted).map(|one| one.id).collect();
        ids.iter().for_each(|id| out.sip(SipCommand::Unregister { registration: *id }));
        ids
    }

    /// How it is.
    pub fn health(&self, now: Moment) -> TrunkHealth {
        if let Some(trouble) = self.fatal(now) {
            return TrunkHealth::Down(trouble);
        }
        if matches!(self.whereabouts, Whereabouts::Lost { .. }) {
            return TrunkHealth::Degraded(TrunkTrouble::NotLocated);
        }
        if self.registrations.iter().any(|one| one.state.status().is_some()) {
            return TrunkHealth::Degraded(TrunkTrouble::NotRegistered);
        }
        let registers = !self.registrations.is_empty();
        let stands = registers && self.registrations.iter().all(|one| one.state.stands());
        match self.pulse.beat(self.hops()) {
            Beat::Weak => TrunkHealth::Degraded(TrunkTrouble::NoAnswer),
            // A trunk that answers takes no calls before it has registered this side.
            Beat::Steady if stands || !registers => TrunkHealth::Up,
            Beat::Unknown if stands => TrunkHealth::Up,
            Beat::Steady | Beat::Unknown | Beat::None => TrunkHealth::Unknown,
        }
    }

    /// Why no call at all can go over it, if none can. What is not known yet is no trouble, except that a trunk that
    /// wants a registration takes no calls before it.
    fn fatal(&self, now: Moment) -> Option<TrunkTrouble> {
        if self.whereabouts.failure().is_some() {
            return Some(TrunkTrouble::NotLocated);
        }
        let failed = |one: &Registering| {
            matches!(one.state, Registration::Failing { .. } | Registration::GivenUp { .. })
        };
        if !self.registrations.is_empty() && self.registrations.iter().all(failed) {
            return Some(TrunkTrouble::NotRegistered);
        }
        if self.pulse.beat(self.hops()) == Beat::None {
            return Some(TrunkTrouble::NoAnswer);
        }
        (!self.breaker.permits(now)).then_some(TrunkTrouble::BreakerOpen)
    }

    /// Why this call cannot go over it now, if it cannot.
    pub fn trouble(&self, now: Moment) -> Option<TrunkTrouble> {
        if self.hops().is_empty() {
            return Some(TrunkTrouble::NotLocated);
        }
        if let Some(trouble) = self.fatal(now) {
            return Some(trouble);
        }
        if !self.registrations.is_empty() && !self.registrations.iter().any(|one| one.state.stands()) {
            return Some(TrunkTrouble::NotRegistered);
        }
        if self.hops().iter().all(|hop| self.pulse.rests(&hop.flow, now)) {
            return Some(TrunkTrouble::Resting);
        }
        self.meter.is_full(self.trunk.limits, now)
    }

    /// The ways that a call tries, in order. `all`: also those that are known to be dead or to rest, after the others.
    pub fn ways(&self, all: bool, chance: &mut impl Rng, now: Moment) -> Vec<Flow> {
        let hops = ordered(self.hops().to_vec(), |hop| (hop.priority, hop.weight), chance);
        let bad = |hop: &Hop| self.pulse.is_dead(&hop.flow) || self.pulse.rests(&hop.flow, now);
        let (worse, good): (Vec<Hop>, Vec<Hop>) = hops.into_iter().partition(bad);
        let rest = worse.into_iter().filter(|_| all);
        good.into_iter().chain(rest).map(|hop| hop.flow).take(WAYS_MAX).collect()
    }

    /// Tells how it is, when that changed.
    pub fn tell(&mut self, out: &mut Outbox, now: Moment) {
        let health = self.health(now);
        if std::mem::replace(&mut self.told, health) != health {
            let trunk = self.trunk.name.clone();
            out.outputs.push_back(SwitchboardOutput::Notice(Notice::Trunk { trunk, health }));
        }
    }
}

/// No trunk is asked more often, whatever its entry says.
const PROBE_EVERY_MIN: Duration = Duration::from_secs(5);

/// A host of the settings, as a URI has it.
pub(crate) fn host(text: &str) -> Host {
    match text.parse::<IpAddr>() {
        Ok(address) => Host::Ip(address),
        Err(_) => text.parse().unwrap_or_else(|_| Host::Name(text.to_owned())),
    }
}

/// The credentials of the trunk's account.
pub(crate) fn credentials(trunk: &Trunk) -> Option<Credentials> {
    let account = trunk.account.as_ref()?;
    Some(Credentials { username: account.digest_user().to_owned(), password: account.password.clone() })
}

/// The outbound proxy as a Route (RFC 3261 §8.1.2).
pub(crate) fn routes(trunk: &Trunk) -> Vec<NameAddr> {
    let route = |proxy: &frontdesk_directory::Proxy| {
        let mut uri = SipUri::new(None, host(&proxy.host), proxy.port);
        uri.parameters.set("lr", None);
        NameAddr::new(uri)
    };
    trunk.proxy.iter().map(route).collect()
}

fn register(trunk: &Trunk, quirks: &Arc<Quirks>, id: RegistrationId, user: &str, over: Flow) -> SipCommand {
    let domain = || host(trunk.domain());
    SipCommand::Register(Box::new(OutgoingRegistration {
        registration: id,
        registrar: SipUri::new(None, domain(), None).into(),
        address_of_record: NameAddr::new(SipUri::new(Some(user), domain(), None)),
        flow: over,
        credentials: credentials(trunk),
        expires: trunk.register.as_ref().map_or(Duration::from_secs(600), |register| register.expires),
        routes: routes(trunk),
        quirks: Arc::clone(quirks),
    }))
}

fn transport(transport: TrunkTransport) -> Transport {
    match transport {
        TrunkTransport::Udp => Transport::Udp,
        TrunkTransport::Tcp => Transport::Tcp,
        TrunkTransport::Tls => Transport::Tls,
    }
}

fn quirks(trunk: &Trunk) -> Quirks {
    let quirks = &trunk.quirks;
    Quirks {
        reliable_provisional: match quirks.reliable_provisional {
            ProvisionalReliability::WhenUseful => Reliability::WhenUseful,
            ProvisionalReliability::WhenRequired => Reliability::WhenRequired,
            ProvisionalReliability::Demanded => Reliability::Demanded,
        },
        no_session_timer: quirks.no_session_timer,
        no_update: quirks.no_update,
        contact_user: quirks.contact_user.clone(),
        register_expires_max_s: quirks.register_expires_max_s,
    }
}
