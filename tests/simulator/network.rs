//! The wire between the desk and everybody else: datagrams take time, get lost, come twice and overtake each other.

use super::chance::Chance;
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::Message;
use frontdesk_sip_stack::Flow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What the wire does to datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WirePlan {
    /// How long each is on the way at least.
    pub latency: Duration,
    /// Up to how much longer, by chance; more than the time between two datagrams reorders them.
    pub jitter: Duration,
    /// How many of a hundred are lost.
    pub loss_percent: u64,
    /// How many of a hundred arrive twice.
    pub duplicated_percent: u64,
}

impl WirePlan {
    /// 5 ms each way, nothing else.
    pub const GOOD: WirePlan = WirePlan {
        latency: Duration::from_millis(5),
        jitter: Duration::ZERO,
        loss_percent: 0,
        duplicated_percent: 0,
    };

    /// A wire to a far and bad place, as `chance` has it: up to a second late and two fifths lost.
    pub fn slow(chance: &mut Chance) -> WirePlan {
        WirePlan {
            latency: Duration::from_millis(100 + chance.below(500)),
            jitter: chance.time(Duration::from_millis(400)),
            loss_percent: chance.below(41),
            duplicated_percent: chance.below(21),
        }
    }

    /// A wire as bad as `chance` has it, up to a fifth lost, a fifth twice, and 300 ms late.
    pub fn bad(chance: &mut Chance) -> WirePlan {
        WirePlan {
            latency: Duration::from_millis(1 + chance.below(60)),
            jitter: chance.time(Duration::from_millis(240)),
            loss_percent: chance.below(21),
            duplicated_percent: chance.below(21),
        }
    }
}

/// A datagram that was sent, whether it arrived or not.
#[derive(Debug, Clone)]
pub struct Sent {
    /// When.
    pub at: Moment,
    /// By whom.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// What it says.
    pub message: Message,
    /// Whether any copy of it reached the other side.
    pub arrived: bool,
}

/// The wire, and everything that was ever sent over it.
pub struct Network {
    /// What it does now; may be changed on the way.
    pub plan: WirePlan,
    chance: Chance,
    /// Addresses to and from which the wire is another.
    bad: BTreeMap<IpAddr, WirePlan>,
    unplugged: BTreeSet<IpAddr>,
    closed: BTreeSet<IpAddr>,
    /// When what was said last on a stream arrives: streams lose nothing and keep order.
    streams: BTreeMap<(SocketAddr, SocketAddr), Moment>,
    /// By arrival; the number keeps equal arrivals in order and names the datagram in the trace.
    on_the_way: BTreeMap<(Moment, u64), Letter>,
    number: u64,
    trace: Vec<Sent>,
}

struct Letter {
    flow: Flow,
    /// None for the word that nobody is there (ICMP port unreachable).
    bytes: Option<Vec<u8>>,
    sent: usize,
}

/// What has arrived.
#[derive(Debug, Clone)]
pub enum Arrival {
    /// A datagram, and its flow as the receiver sees it.
    Datagram(Flow, Vec<u8>),
    /// The word that nobody is at the end of this flow, as its sender knows it.
    NobodyThere(Flow),
}

impl Network {
    /// A wire that draws from `chance`.
    pub fn new(plan: WirePlan, chance: Chance) -> Network {
        Network {
            plan,
            chance,
            bad: BTreeMap::new(),
            unplugged: BTreeSet::new(),
            closed: BTreeSet::new(),
            streams: BTreeMap::new(),
            on_the_way: BTreeMap::new(),
            number: 0,
            trace: Vec::new(),
        }
    }

    /// From now on the wire to this address and from it is like this; none makes it one with the others again.
    pub fn set_plan(&mut self, address: IpAddr, plan: Option<WirePlan>) {
        match plan {
            Some(plan) => self.bad.insert(address, plan),
            None => self.bad.remove(&address),
        };
    }

    /// The whole wire is as good as it can be again.
    pub fn heal(&mut self) {
        self.plan = WirePlan::GOOD;
        self.bad.clear();
    }

    fn plan_of(&self, from: IpAddr, to: IpAddr) -> WirePlan {
        let other = self.bad.get(&from).or_else(|| self.bad.get(&to));
        other.copied().unwrap_or(self.plan)
    }

    /// Nothing reaches this address any more, and nothing comes from it.
    pub fn unplug(&mut self, address: IpAddr) {
        self.unplugged.insert(address);
    }

    /// The machine is there, and nobody on it listens: who sends to it is told so.
    pub fn close(&mut self, address: IpAddr) {
        self.closed.insert(address);
    }

    /// The address is there again.
    pub fn plug_in(&mut self, address: IpAddr) {
        self.unplugged.remove(&address);
        self.closed.remove(&address);
    }

    /// Takes a datagram on its way. A sender that writes what nobody can read is a bug: it panics.
    pub fn send(&mut self, flow: Flow, bytes: Vec<u8>, now: Moment) {
        let message = Message::read(&bytes)
            .unwrap_or_else(|fault| panic!("{fault} in\n{}", String::from_utf8_lossy(&bytes)));
        let sent = self.trace.len();
        let (from, to) = (flow.local, flow.remote);
        self.trace.push(Sent { at: now, from, to, message, arrived: false });
        let plan = self.plan_of(from.ip(), to.ip());
        let lost = self.chance.percent(plan.loss_percent);
        let copies = if self.chance.percent(plan.duplicated_percent) { 2 } else { 1 };
        let lost = lost && !flow.transport.is_reliable();
        if lost || self.unplugged.contains(&from.ip()) || self.unplugged.contains(&to.ip()) {
            return;
        }
        if self.closed.contains(&to.ip()) || self.closed.contains(&from.ip()) {
            self.number += 1;
            let word = Letter { flow, bytes: None, sent };
            self.on_the_way.insert((now + plan.latency * 2, self.number), word);
            return;
        }
        let copies = if flow.transport.is_reliable() { 1 } else { copies };
        let stream = flow.transport.is_reliable();
        let flow = Flow { transport: flow.transport, local: to, remote: from };
        for _ in 0..copies {
            let mut arrival = now + plan.latency + self.chance.time(plan.jitter);
            if stream {
                let last = self.streams.entry((from, to)).or_insert(arrival);
                arrival = arrival.max(*last);
                *last = arrival;
            }
            self.number += 1;
            self.on_the_way.insert((arrival, self.number), Letter { flow, bytes: Some(bytes.clone()), sent });
        }
    }

    /// The connection between these two breaks: what is on its way over it arrives nowhere.
    pub fn cut(&mut self, one: SocketAddr, other: SocketAddr) {
        let between = |flow: &Flow| {
            flow.transport.is_reliable()
                && ((flow.local, flow.remote) == (one, other) || (flow.remote, flow.local) == (one, other))
        };
        self.on_the_way.retain(|_, letter| !between(&letter.flow));
    }

    /// When the next datagram arrives.
    pub fn next(&self) -> Option<Moment> {
        self.on_the_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// What has arrived by now, if something has.
    pub fn arrival(&mut self, now: Moment) -> Option<Arrival> {
        while self.next().is_some_and(|at| at <= now) {
            let (_, letter) = self.on_the_way.pop_first()?;
            if self.unplugged.contains(&letter.flow.local.ip()) {
                continue;
            }
            let Some(bytes) = letter.bytes else { return Some(Arrival::NobodyThere(letter.flow)) };
            self.trace[letter.sent].arrived = true;
            return Some(Arrival::Datagram(letter.flow, bytes));
        }
        None
    }

    /// Forgets what was sent.
    pub(super) fn forget_the_past(&mut self) {
        assert!(self.on_the_way.is_empty(), "something is on its way");
        self.trace = Vec::new();
    }

    /// Everything that was sent, in order.
    pub fn trace(&self) -> &[Sent] {
        &self.trace
    }
}
