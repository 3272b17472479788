//! Two stacks, a wire, a clock: [`Pair`]. Everything in virtual time, everything from one seed.
//!
//! Public, because what stands on the stack is tested on the same wire.

use crate::chance::Chance;
use crate::input::{Flow, SipCommand, SipInput, Transport};
use crate::output::{SipEvent, SipOutput};
use crate::settings::SipSettings;
use crate::stack::SipStack;
use frontdesk_identifiers::Moment;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// 192.0.2.1:5060.
    A,
    /// 192.0.2.2:5060.
    B,
}

impl Side {
    /// The other one.
    pub fn other(self) -> Side {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }
}

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
    /// 10 ms each way, nothing else.
    pub const GOOD: WirePlan = WirePlan {
        latency: Duration::from_millis(10),
        jitter: Duration::ZERO,
        loss_percent: 0,
        duplicated_percent: 0,
    };

    /// A fifth is lost, a fifth comes twice, and the order is chance.
    pub const BAD: WirePlan = WirePlan {
        latency: Duration::from_millis(10),
        jitter: Duration::from_millis(300),
        loss_percent: 20,
        duplicated_percent: 20,
    };
}

/// A datagram that was sent, whether it arrived or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub at: Moment,
    /// By whom.
    pub from: Side,
    /// To which address.
    pub to: SocketAddr,
    /// The datagram.
    pub bytes: Vec<u8>,
    /// Whether the wire lost it.
    pub lost: bool,
}

impl Sent {
    /// The first line.
    pub fn first_line(&self) -> String {
        let line = self.bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    }
}

/// One end of the wire.
struct Station {
    stack: SipStack,
    address: SocketAddr,
    /// What the other end sees instead of `address`, behind a translator.
    seen_as: SocketAddr,
    events: Vec<(Moment, SipEvent)>,
}

/// Two stacks on a wire.
pub struct Pair {
    a: Station,
    b: Station,
    chance: Chance,
    /// What the wire does to datagrams now; may be changed on the way.
    pub plan: WirePlan,
    /// What both sides speak by: [`flow`](Self::flow) says so. Over a stream nothing is lost, doubled or late.
    pub transport: Transport,
    now: Moment,
    /// On the way, by arrival; the number keeps equal arrivals in order.
    wire: BTreeMap<(Moment, u64), (Side, Flow, Vec<u8>)>,
    number: u64,
    trace: Vec<Sent>,
}

impl Pair {
    /// Both with default settings; each stack and the wire draw their chance from `seed`.
    pub fn new(seed: u64, plan: WirePlan) -> Self {
        let mut wide = [0u8; 32];
        wide[..8].copy_from_slice(&seed.to_be_bytes());
        let mut chance = Chance::new(wide);
        let mut station = |address: &str| {
            let address: SocketAddr = address.parse().unwrap_or_else(|_| SocketAddr::from(([0; 4], 0)));
            Station { stack: SipStack::new(chance.bytes()), address, seen_as: address, events: Vec::new() }
        };
        let (a, b) = (station("192.0.2.1:5060"), station("192.0.2.2:5060"));
        Pair {
            a,
            b,
            chance,
            plan,
            transport: Transport::Udp,
            now: Moment::ZERO,
            wire: BTreeMap::new(),
            number: 0,
            trace: Vec::new(),
        }
    }

    /// The time.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// A stack, to look at.
    pub fn stack(&self, side: Side) -> &SipStack {
        &self.station(side).stack
    }

    /// The way from a side to the other.
    pub fn flow(&self, from: Side) -> Flow {
        let (local, remote) = (self.station(from).address, self.station(from.other()).seen_as);
        Flow { transport: self.transport, local, remote }
    }

    /// Puts a side behind a translator: the other one sees it as `address`.
    pub fn translate(&mut self, side: Side, address: SocketAddr) {
        self.station_mut(side).seen_as = address;
    }

    /// Gives a side its settings.
    pub fn settle(&mut self, side: Side, settings: SipSettings) {
        self.input(side, SipInput::Settings(Arc::new(settings)));
    }

    /// Gives a side a command, now.
    pub fn command(&mut self, side: Side, command: SipCommand) {
        self.input(side, SipInput::Command(command));
    }

    /// Gives a side any input, now.
    pub fn input(&mut self, side: Side, input: SipInput) {
        let now = self.now;
        self.station_mut(side).stack.handle(input, now);
        self.drain(side);
    }

    /// What a side told since the last time.
    pub fn take_events(&mut self, side: Side) -> Vec<(Moment, SipEvent)> {
        std::mem::take(&mut self.station_mut(side).events)
    }

    /// Everything that was sent, in order.
    pub fn trace(&self) -> &[Sent] {
        &self.trace
    }

    /// How often a side sent something whose first line begins so.
    pub fn count_sent(&self, from: Side, start: &str) -> usize {
        self.trace.iter().filter(|sent| sent.from == from && sent.first_line().starts_with(start)).count()
    }

    /// When something happens next.
    pub fn next(&self) -> Option<Moment> {
        let arrival = self.wire.keys().next().map(|(at, _)| *at);
        [arrival, self.a.stack.deadline(), self.b.stack.deadline()].into_iter().flatten().min()
    }

    /// Goes on to what happens next, and lets it happen. False if nothing ever does.
    pub fn step(&mut self) -> bool {
        let Some(next) = self.next() else { return false };
        self.now = self.now.max(next);
        match self.wire.first_key_value().map(|((at, _), _)| *at) {
            Some(at) if at <= self.now => {
                if let Some((_, (to, flow, bytes))) = self.wire.pop_first() {
                    self.input(to, SipInput::Received { flow, bytes });
                }
            }
            _ => {
                for side in [Side::A, Side::B] {
                    if self.station(side).stack.deadline().is_some_and(|at| at <= self.now) {
                        self.input(side, SipInput::Tick);
                    }
                }
            }
        }
        true
    }

    /// Lets so much time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.next().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    fn drain(&mut self, side: Side) {
        while let Some(output) = self.station_mut(side).stack.poll() {
            match output {
                SipOutput::Event(event) => {
                    let now = self.now;
                    self.station_mut(side).events.push((now, event));
                }
                SipOutput::Transmit { flow, bytes } => self.send(side, flow, bytes),
            }
        }
    }

    fn send(&mut self, from: Side, flow: Flow, bytes: Vec<u8>) {
        let plan = if flow.transport.is_reliable() {
            WirePlan { latency: self.plan.latency, ..WirePlan::GOOD }
        } else {
            self.plan
        };
        let lost = self.chance.below(100) < plan.loss_percent;
        let copies = if self.chance.below(100) < plan.duplicated_percent { 2 } else { 1 };
        self.trace.push(Sent { at: self.now, from, to: flow.remote, bytes: bytes.clone(), lost });
        if lost {
            return;
        }
        let receiver = [Side::A, Side::B].into_iter().find(|side| self.station(*side).seen_as == flow.remote);
        let Some(to) = receiver else { return };
        let arrival_flow = Flow {
            transport: flow.transport,
            local: self.station(to).address,
            remote: self.station(from).seen_as,
        };
        for _ in 0..copies {
            let jitter = u64::try_from(plan.jitter.as_nanos()).unwrap_or(u64::MAX);
            let late = Duration::from_nanos(self.chance.below(jitter));
            self.number += 1;
            let arrival = self.now + plan.latency + late;
            self.wire.insert((arrival, self.number), (to, arrival_flow, bytes.clone()));
        }
    }

    fn station(&self, side: Side) -> &Station {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    fn station_mut(&mut self, side: Side) -> &mut Station {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }
}
