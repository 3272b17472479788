//! All ports of one media thread, and the turn that is made with them.

use crate::clock::{Clock, SPOKES};
use crate::conference::Room;
use crate::control::{MAX_LEGS, ORDER_CAPACITY, ThreadRings};
use crate::exchange::Exchange;
use crate::orders::{LegOrder, Retired, ThreadOrder};
use crate::port::Port;
use crate::relay::LOOK_TURNS;
use crate::route::{OtherSide, join, pair};
use crate::stage::{Probe, Stage};
use crate::status::{PendingFacts, Reporter};
use crate::wire::{Channel, DATAGRAM_BYTES, Wire};
use frontdesk_identifiers::{Moment, WallTime};
use ringbuf::traits::{Consumer, Observer, Producer};
use ringbuf::{HeapCons, HeapProd};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

mod one_port;
pub(crate) use one_port::MOST_COMMON;
mod relays;
mod rooms;
pub(crate) use rooms::MAX_ROOMS;

/// Legs that share a spoke before the next one is begun. The thread wakes for spokes that have legs: a few legs are one
/// wake-up every 20 ms, and sending a few packets one after another delays none of them.
const TOGETHER: usize = 8;
/// From a leg's tick to the middle between it and the next one.
const HALF_ROUND: u64 = SPOKES as u64 / 2;
/// The most things that one order makes superfluous: a closed port leaves as one.
const RETIRED_BY_AN_ORDER: usize = 2;

/// A leg's port, or an empty place.
pub(crate) type Place<L> = Option<Box<Port<L>>>;

/// The ports of one media thread. Everything in it was given its memory before the first turn.
pub(crate) struct Deck<W: Wire> {
    wire: W,
    ports: Box<[Place<W::Line>]>,
    /// The slots that are served on each spoke.
    spokes: [Vec<u16>; SPOKES],
    rooms: Box<[Option<Box<Room>>]>,
    /// Those that have no ticks: all that is said is passed on.
    untimed: Vec<u16>,
    /// The lines that legs share, by their numbers.
    common: Vec<W::Line>,
    /// Whose datagrams are that come by a socket of all legs.
    exchange: Exchange,
    strangers: Arc<AtomicU64>,
    /// A datagram that is passed on.
    passing: Box<[u8; DATAGRAM_BYTES]>,
    orders: HeapCons<ThreadOrder<W::Line>>,
    retired: HeapProd<Retired<W::Line>>,
    reporter: Reporter,
    no_media_after: Duration,
}

impl<W: Wire> Deck<W> {
    pub(crate) fn new(wire: W, rings: ThreadRings<W::Line>, no_media_after: Duration) -> Self {
        Deck {
            wire,
            ports: (0..MAX_LEGS).map(|_| None).collect(),
            spokes: std::array::from_fn(|_| Vec::with_capacity(MAX_LEGS)),
            rooms: (0..MAX_ROOMS).map(|_| None).collect(),
            untimed: Vec::with_capacity(MAX_LEGS),
            common: Vec::with_capacity(MOST_COMMON),
            exchange: Exchange::new(),
            strangers: rings.strangers,
            passing: Box::new([0; DATAGRAM_BYTES]),
            orders: rings.orders,
            retired: rings.retired,
            reporter: Reporter::new(rings.events),
            no_media_after,
        }
    }

    /// Reads from a socket that has something to read; whether as much came as was asked for.
    ///
    /// A socket is read once in a round of the thread, and one that still has something is reported again: somebody who
    /// floods one port cannot keep the others waiting.
    ///
    /// `upcoming` is the next turn.
    pub(crate) fn read(&mut self, slot: u16, channel: Channel, now: Moment, upcoming: u64) -> bool {
        let Some(Some(port)) = self.ports.get_mut(usize::from(slot)) else { return false };
        let most = port.appetite(channel, now);
        let count = self.wire.receive(port.line_mut(), channel, most);
        for at in 0..count {
            match channel {
                Channel::Rtp => self.take_sound(slot, at, now, upcoming),
                Channel::Rtcp => self.take_report(slot, at, now),
            }
        }
        count == most
    }

    fn take_report(&mut self, slot: u16, at: usize, now: Moment) {
        let Some(Some(port)) = self.ports.get_mut(usize::from(slot)) else { return };
        match self.wire.datagram(at) {
            Some((from, bytes)) => port.receive_report(from, bytes, now),
            None => port.refuse(),
        }
    }

    fn take_sound(&mut self, slot: u16, at: usize, now: Moment, upcoming: u64) {
        let Some(Some(port)) = self.ports.get_mut(usize::from(slot)) else { return };
        let Some((from, bytes)) = self.wire.datagram(at) else { return port.refuse() };
        if port.is_report(bytes) {
            return port.receive_report(from, bytes, now);
        }
        if port.passes_on() {
            return self.pass_on(slot, at, now, upcoming);
        }
        let pressed = port.receive(from, bytes, now);
        let let_go = port.keys_let_go(now);
        let any = pressed.is_some() || let_go.iter().any(Option::is_some);
        if let (true, Some(partner)) = (any, port.partner()) {
            // A key crosses a bridge as an event of its own, whatever the two ends call it, as long as it is pressed.
            if let Some(Some(partner)) = self.ports.get_mut(usize::from(partner)) {
                partner.pass_on_keys(pressed, let_go);
            }
            // It may have no ticks, because it is passed on to.
            self.reconsider(slot, now, upcoming);
        }
    }

    /// One turn: orders, then 20 ms of sound of every leg on this turn's spoke.
    ///
    /// All legs hear before any speaks, so that a bridge adds no tick; all packets are made before any is sent, so
    /// that they leave together.
    pub(crate) fn turn<P: Probe>(&mut self, turn: u64, clock: &impl Clock, probe: &mut P) {
        let now = clock.now();
        let wall = clock.wall();
        self.take_orders(turn, now, wall);
        let spoke = spoke_of(turn);
        probe.begin();
        let Deck { ports, rooms, spokes, wire, reporter, retired, .. } = self;
        let Some(slots) = spokes.get(spoke) else { return };
        for slot in slots {
            if let Some(Some(port)) = ports.get_mut(usize::from(*slot)) {
                port.hear(turn, now, self.no_media_after, probe);
            }
        }
        Self::mix_rooms(rooms, ports, turn);
        for slot in slots {
            let (port, other) = OtherSide::find(ports, rooms, *slot, turn);
            if let Some(port) = port {
                port.speak(turn, now, other, probe);
            }
        }
        for slot in slots {
            if let Some(Some(port)) = ports.get_mut(usize::from(*slot)) {
                port.send(turn, now, wall, wire);
            }
        }
        // Those whose tick was half a round ago, and who send between their ticks.
        for slot in spokes.get(spoke_of(turn + HALF_ROUND)).into_iter().flatten() {
            if let Some(Some(port)) = ports.get_mut(usize::from(*slot)) {
                port.send_half(turn, now, wire);
            }
        }
        wire.flush();
        let sent_at = clock.now();
        for slot in slots {
            if let Some(Some(port)) = ports.get_mut(usize::from(*slot)) {
                port.tell(sent_at, reporter, retired);
            }
        }
        self.tell_rooms(turn);
        self.begin_relays(spoke, now);
        if turn.is_multiple_of(LOOK_TURNS) {
            self.look_at_untimed(now, wall, turn + 1);
        }
        probe.mark(Stage::Send);
    }

    /// Whether somebody is to be woken; asked after each round.
    pub(crate) fn take_bell(&mut self, now: Moment) -> bool {
        self.reporter.take_bell(now)
    }

    /// The same, before a long rest.
    pub(crate) fn take_last_bell(&mut self) -> bool {
        self.reporter.take_last_bell()
    }

    /// Whether there are orders to take.
    pub(crate) fn has_orders(&self) -> bool {
        !self.orders.is_empty()
    }

    /// The first turn from this one on in which there is something to do; none as long as there is no leg.
    pub(crate) fn next_turn(&self, from: u64) -> Option<u64> {
        let slots = |turn: u64| self.spokes.get(spoke_of(turn)).map_or(&[][..], Vec::as_slice);
        let sends_halves =
            |slot: &u16| matches!(self.ports.get(usize::from(*slot)), Some(Some(port)) if port.has_halves());
        let has_work =
            |turn: &u64| !slots(*turn).is_empty() || slots(*turn + HALF_ROUND).iter().any(sends_halves);
        let ticks = (from..from.saturating_add(SPOKES as u64)).find(has_work);
        let look = (!self.untimed.is_empty()).then(|| from.next_multiple_of(LOOK_TURNS));
        ticks.into_iter().chain(look).min()
    }

    /// Takes what was ordered, as long as all that an order may cause finds its place at once.
    ///
    /// Those that open legs find them a place from this turn on.
    pub(crate) fn take_orders(&mut self, turn: u64, now: Moment, wall: WallTime) {
        for _ in 0..ORDER_CAPACITY {
            let room = self.reporter.room() >= PendingFacts::MOST
                && self.retired.vacant_len() >= RETIRED_BY_AN_ORDER;
            if !room {
                break;
            }
            match self.orders.try_pop() {
                None => break,
                Some(ThreadOrder::Open { slot, port }) => self.open(slot, port, turn),
                Some(ThreadOrder::Leg { slot, what: LegOrder::Close }) => self.close(slot, now, wall, turn),
                Some(ThreadOrder::Leg { slot, what }) => {
                    let agrees = matches!(what, LegOrder::Configure { .. });
                    self.carry_out(slot, what, now);
                    if agrees {
                        self.signal(slot);
                    }
                    self.reconsider(slot, now, turn);
                }
                Some(ThreadOrder::Bridge { first, second }) => self.bridge(first, second, turn),
                Some(ThreadOrder::Unbridge { first, second }) => {
                    if self.partner_of(first) == Some(second) {
                        self.part(first, turn);
                    }
                }
                Some(ThreadOrder::Common { line }) => self.add_common(line),
                Some(ThreadOrder::Room { place, what }) => self.carry_out_for_room(place, what, turn),
            }
        }
    }

    fn open(&mut self, slot: u16, mut port: Box<Port<W::Line>>, turn: u64) {
        let legs = |spoke: &usize| self.spokes.get(*spoke).map_or(usize::MAX, Vec::len);
        let filling = (0..SPOKES).find(|spoke| legs(spoke) < TOGETHER);
        let spoke = filling.or_else(|| (0..SPOKES).min_by_key(legs)).unwrap_or(0);
        let wait = (spoke + SPOKES - spoke_of(turn)) % SPOKES;
        port.begin(turn + wait as u64);
        let Some(place) = self.ports.get_mut(usize::from(slot)) else {
            return self.retire(Retired::Port { slot, port });
        };
        debug_assert!(place.is_none(), "a slot is given out once");
        *place = Some(port);
        if let Some(spoke) = self.spokes.get_mut(spoke) {
            spoke.push(slot);
        }
    }

    fn close(&mut self, slot: u16, now: Moment, wall: WallTime, upcoming: u64) {
        self.part(slot, upcoming);
        self.leave_room(slot);
        self.exchange.forget(slot);
        let Some(mut port) = self.ports.get_mut(usize::from(slot)).and_then(Option::take) else { return };
        self.leave_spoke(slot, spoke_of(port.due()));
        port.farewell(now, wall, &mut self.wire);
        port.tell_all(now, &mut self.reporter);
        self.retire(Retired::Port { slot, port });
    }

    fn carry_out(&mut self, slot: u16, what: LegOrder, now: Moment) {
        let Some(Some(port)) = self.ports.get_mut(usize::from(slot)) else { return };
        if let Some(superfluous) = port.carry_out(what, now, &mut self.reporter) {
            self.retire(superfluous);
        }
    }

    /// Room was made sure of before the order was taken.
    fn retire(&mut self, superfluous: Retired<W::Line>) {
        let kept = self.retired.try_push(superfluous);
        debug_assert!(kept.is_ok(), "an order was taken without room for what it retires");
        self.reporter.leave();
    }

    fn partner_of(&self, slot: u16) -> Option<u16> {
        self.ports.get(usize::from(slot))?.as_ref()?.partner()
    }

    fn bridge(&mut self, first: u16, second: u16, upcoming: u64) {
        self.part(first, upcoming);
        self.part(second, upcoming);
        self.leave_room(first);
        self.leave_room(second);
        let Some((one, _)) = join(&mut self.ports, first, second) else { return };
        let spoke = spoke_of(one.due());
        self.move_to_spoke(second, spoke);
    }

    /// A leg moves to the spoke of those whom it talks with, forward: its next packet comes up to 15 ms late, once.
    fn move_to_spoke(&mut self, slot: u16, to: usize) {
        let Some(Some(port)) = self.ports.get_mut(usize::from(slot)) else { return };
        let from = spoke_of(port.due());
        if from == to {
            return;
        }
        port.postpone(((to + SPOKES - from) % SPOKES) as u64);
        self.leave_spoke(slot, from);
        if let Some(spoke) = self.spokes.get_mut(to) {
            spoke.push(slot);
        }
    }

    fn leave_spoke(&mut self, slot: u16, spoke: usize) {
        let Some(served) = self.spokes.get_mut(spoke) else { return };
        let place = served.iter().position(|served| *served == slot);
        debug_assert!(place.is_some(), "a port stands on the spoke of its next turn");
        if let Some(place) = place {
            served.swap_remove(place);
        }
    }

    fn part(&mut self, slot: u16, upcoming: u64) {
        let Some(partner) = self.partner_of(slot) else { return };
        self.end_relays(slot, upcoming);
        for slot in [slot, partner] {
            if let Some(Some(port)) = self.ports.get_mut(usize::from(slot)) {
                port.set_partner(None);
            }
        }
    }

    /// Everything that is left, to be dropped by whoever ended the thread.
    pub(crate) fn clear(&mut self) -> Vec<Retired<W::Line>> {
        let ports = self.ports.iter_mut().enumerate();
        let mut left: Vec<_> = ports
            .filter_map(|(slot, place)| Some(Retired::Port { slot: slot as u16, port: place.take()? }))
            .collect();
        // Orders that were not taken hold ports and rings too.
        while let Some(order) = self.orders.try_pop() {
            match order {
                ThreadOrder::Open { slot, port } => left.push(Retired::Port { slot, port }),
                ThreadOrder::Leg { what: LegOrder::Record(tap), .. } => left.push(Retired::Recorder(tap)),
                _ => {}
            }
        }
        left
    }

    /// A port, for the simulator's side of its line.
    pub(crate) fn port_mut(&mut self, slot: u16) -> Option<&mut Port<W::Line>> {
        self.ports.get_mut(usize::from(slot))?.as_deref_mut()
    }
}

pub(crate) fn spoke_of(turn: u64) -> usize {
    (turn % SPOKES as u64) as usize
}
