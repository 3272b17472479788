//! The engine without threads, sockets and a clock of its own: time moves when a test moves it.
//!
//! For tests and benches of this crate and of those above it. What runs is the engine's own control side and its
//! own turn; only the clock and the wire are of memory.

use crate::clock::{Clock, SPOKE, Wheel};
use crate::control::{Control, LineSource, MAX_LEGS, Opened, rings};
use crate::deck::Deck;
use crate::orders::Order;
use crate::recorder::Recorder;
use crate::stage::{NoProbe, Probe};
use crate::wire::{BATCH, Channel, Wire};
use frontdesk_identifiers::{LegId, Moment, WallTime};
use frontdesk_media_protocol::{MediaEvent, PortFault};
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

/// Datagrams that a line of memory keeps in each direction; the oldest goes.
const LINE_DATAGRAMS: usize = 64;
/// Bytes of a datagram that are kept.
const KEPT_BYTES: usize = 768;

/// A datagram that was sent.
#[derive(Clone)]
pub struct Datagram {
    /// When.
    pub at: Moment,
    /// On which of the two sockets.
    pub channel: Channel,
    /// Where it came from or goes to.
    pub address: SocketAddr,
    bytes: [u8; KEPT_BYTES],
    length: usize,
}

impl Datagram {
    fn new(at: Moment, channel: Channel, address: SocketAddr, datagram: &[u8]) -> Self {
        let length = datagram.len().min(KEPT_BYTES);
        let mut bytes = [0; KEPT_BYTES];
        bytes[..length].copy_from_slice(&datagram[..length]);
        Datagram { at, channel, address, bytes, length }
    }

    /// Its bytes, as far as they are kept.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A line of memory. Once made, it takes no more.
pub struct MemoryLine {
    arrived: VecDeque<Datagram>,
    sent: VecDeque<Datagram>,
    shared: Option<u16>,
}

impl MemoryLine {
    fn new(shared: Option<u16>) -> Self {
        let room = || VecDeque::with_capacity(LINE_DATAGRAMS);
        MemoryLine { arrived: room(), sent: room(), shared }
    }

    fn arrives(&mut self, datagram: Datagram) {
        if self.arrived.len() == LINE_DATAGRAMS {
            self.arrived.pop_front();
        }
        self.arrived.push_back(datagram);
    }
}

/// A clock that stands still until it is moved.
#[derive(Clone, Default)]
pub struct HandClock(Rc<Cell<Moment>>);

impl HandClock {
    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        self.0.set(self.0.get() + by);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Moment {
        self.0.get()
    }

    fn wall(&self) -> WallTime {
        WallTime::from_unix_micros(self.0.get().as_nanos() / 1_000)
    }
}

struct MemoryWire {
    clock: HandClock,
    received: Vec<Datagram>,
}

impl Wire for MemoryWire {
    type Line = MemoryLine;

    fn shared(line: &MemoryLine) -> Option<u16> {
        line.shared
    }

    fn receive(&mut self, line: &mut MemoryLine, channel: Channel, most: usize) -> usize {
        self.received.clear();
        for _ in 0..line.arrived.len() {
            if self.received.len() == most.min(BATCH) {
                break;
            }
            match line.arrived.pop_front() {
                Some(datagram) if datagram.channel == channel => self.received.push(datagram),
                Some(other) => line.arrived.push_back(other),
                None => break,
            }
        }
        self.received.len()
    }

    fn datagram(&mut self, at: usize) -> Option<(SocketAddr, &mut [u8])> {
        let datagram = self.received.get_mut(at)?;
        Some((datagram.address, &mut datagram.bytes[..datagram.length]))
    }

    fn send(&mut self, line: &mut MemoryLine, channel: Channel, to: SocketAddr, datagram: &[u8]) {
        if line.sent.len() == LINE_DATAGRAMS {
            line.sent.pop_front();
        }
        line.sent.push_back(Datagram::new(self.clock.now(), channel, to, datagram));
    }
}

/// Gives every leg the next even port of the address that it is bound to.
struct MemoryLines {
    next_port: u16,
    slots: Rc<Cell<Option<u16>>>,
    /// All lines share one port; whether the first is open already.
    one_port: Option<bool>,
}

impl LineSource for MemoryLines {
    type Line = MemoryLine;

    fn open(&mut self, bind: IpAddr, slot: u16) -> Result<Opened<MemoryLine>, PortFault> {
        let address = SocketAddr::new(bind, self.next_port);
        if let Some(open) = &mut self.one_port {
            self.slots.set(Some(slot));
            let common = (!std::mem::replace(open, true)).then(|| MemoryLine::new(Some(0)));
            return Ok(Opened { line: MemoryLine::new(Some(0)), address, common });
        }
        self.next_port = self.next_port.checked_add(2).ok_or(PortFault::RangeExhausted)?;
        self.slots.set(Some(slot));
        Ok(Opened { line: MemoryLine::new(None), address, common: None })
    }
}

/// An engine in memory.
pub struct Simulation {
    control: Control<MemoryLines>,
    deck: Deck<MemoryWire>,
    wheel: Wheel,
    clock: HandClock,
    last_slot: Rc<Cell<Option<u16>>>,
    slots: BTreeMap<LegId, u16>,
    readable: Vec<(u16, Channel)>,
}

impl Simulation {
    /// An engine whose time is zero. Recordings are written by a real thread to a real disk.
    pub fn new(no_media_after: Duration, seed: [u8; 32]) -> io::Result<Self> {
        Simulation::of(None, no_media_after, seed)
    }

    /// The same, with one port for all legs.
    pub fn with_one_port(no_media_after: Duration, seed: [u8; 32]) -> io::Result<Self> {
        Simulation::of(Some(false), no_media_after, seed)
    }

    fn of(one_port: Option<bool>, no_media_after: Duration, seed: [u8; 32]) -> io::Result<Self> {
        let clock = HandClock::default();
        let last_slot = Rc::new(Cell::new(None));
        let (control_rings, thread_rings) = rings();
        let lines = MemoryLines { next_port: 10_000, slots: Rc::clone(&last_slot), one_port };
        let control = Control::new(lines, control_rings, Recorder::start(None)?, seed);
        let wire = MemoryWire { clock: clock.clone(), received: Vec::with_capacity(BATCH) };
        let deck = Deck::new(wire, thread_rings, no_media_after);
        let wheel = Wheel::new(clock.now() + SPOKE);
        let readable = Vec::with_capacity(2 * MAX_LEGS);
        Ok(Simulation { control, deck, wheel, clock, last_slot, slots: BTreeMap::new(), readable })
    }

    /// Now.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// As [`MediaEngine::order`](crate::MediaEngine::order).
    pub fn order(&mut self, order: Order) {
        let opens = if let Order::Open { leg, .. } = &order { Some(*leg) } else { None };
        self.control.order(order, self.clock.now());
        if let (Some(leg), Some(slot)) = (opens, self.last_slot.take()) {
            self.slots.insert(leg, slot);
        }
    }

    /// As [`MediaEngine::poll`](crate::MediaEngine::poll).
    pub fn poll(&mut self) -> Option<MediaEvent> {
        let event = self.control.poll();
        if let Some(MediaEvent::PortClosed { leg, .. }) = &event {
            self.slots.remove(leg);
        }
        event
    }

    /// A datagram arrives at a leg; it is read before the next turn. Whether the leg is there.
    pub fn deliver(&mut self, leg: LegId, channel: Channel, from: SocketAddr, datagram: &[u8]) -> bool {
        let Some(slot) = self.slots.get(&leg).copied() else { return false };
        let Some(port) = self.deck.port_mut(slot).filter(|port| port.leg() == leg) else { return false };
        port.line_mut().arrives(Datagram::new(self.clock.now(), channel, from, datagram));
        if !self.readable.contains(&(slot, channel)) {
            self.readable.push((slot, channel));
        }
        true
    }

    /// A datagram arrives at the one port for all legs; it is read before the next turn.
    pub fn deliver_to_all(&mut self, channel: Channel, from: SocketAddr, datagram: &[u8]) {
        let datagram = Datagram::new(self.clock.now(), channel, from, datagram);
        if let Some(line) = self.deck.common_mut(0) {
            line.arrives(datagram);
        }
    }

    /// Datagrams at the one port for all legs that were nobody's.
    pub fn strangers(&self) -> u64 {
        self.control.strangers()
    }

    /// The next datagram that a leg sent.
    pub fn sent(&mut self, leg: LegId) -> Option<Datagram> {
        let slot = self.slots.get(&leg).copied()?;
        self.deck.port_mut(slot).filter(|port| port.leg() == leg)?.line_mut().sent.pop_front()
    }

    /// 5 ms pass, and the turn that is due then is made.
    pub fn step(&mut self) {
        self.step_with(&mut NoProbe);
    }

    /// As [`step`](Self::step), while somebody looks where the time goes.
    pub fn step_with<P: Probe>(&mut self, probe: &mut P) {
        self.clock.advance(SPOKE);
        self.run_due(probe);
    }

    /// The media thread gets no processor for so long, and then makes what is due.
    pub fn stall(&mut self, time: Duration) {
        self.clock.advance(time);
        self.run_due(&mut NoProbe);
    }

    /// 20 ms pass.
    pub fn tick(&mut self) {
        for _ in 0..crate::clock::SPOKES {
            self.step();
        }
    }

    /// Free places for legs: all of [`MAX_LEGS`](crate::MAX_LEGS) when nothing is left behind.
    pub fn free_slots(&self) -> usize {
        self.control.free_slots()
    }

    /// Legs that have no ticks, because all that is said is passed on.
    pub fn legs_without_ticks(&self) -> usize {
        self.deck.legs_without_ticks()
    }

    fn run_due<P: Probe>(&mut self, probe: &mut P) {
        probe.begin();
        let now = self.clock.now();
        for (slot, channel) in &self.readable {
            while self.deck.read(*slot, *channel, now, self.wheel.upcoming(now)) {}
        }
        self.readable.clear();
        for channel in [Channel::Rtp, Channel::Rtcp] {
            while self.deck.read_shared(0, channel, now, self.wheel.upcoming(now)) {}
        }
        probe.mark(crate::stage::Stage::Receive);
        while let Some(turn) = self.wheel.take_due(self.clock.now()) {
            self.deck.turn(turn, &self.clock, probe);
        }
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        let left = self.deck.clear();
        self.control.stop(left);
    }
}
