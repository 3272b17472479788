//! Bridges that are passed on unheard, and those of their legs that have no ticks.

use super::{Deck, LOOK_TURNS, pair, spoke_of};
use crate::port::Port;
use crate::wire::Wire;
use frontdesk_identifiers::{Moment, WallTime};

impl<W: Wire> Deck<W> {
    /// A datagram of a leg whose party's sound is passed on.
    pub(super) fn pass_on(&mut self, slot: u16, at: usize, now: Moment, upcoming: u64) {
        let Deck { ports, wire, reporter, passing, .. } = self;
        let Some(Some(port)) = ports.get_mut(usize::from(slot)) else { return };
        let Some(partner) = port.partner() else { return };
        let Some((port, partner)) = pair(ports, slot, partner) else { return };
        let Some((from, bytes)) = wire.datagram(at) else { return port.refuse() };
        // The wire that sends it may not lend it any more.
        let Some(datagram) = passing.get_mut(..bytes.len()) else { return };
        datagram.copy_from_slice(bytes);
        port.relay(partner, from, datagram, now, wire);
        port.tell_facts(reporter);
        if !port.could_pass_on(partner, now) {
            self.reconsider(slot, now, upcoming);
        }
    }

    /// Begins to pass on what may be, after the ticks of a spoke; a bridge that is passed on both ways leaves it.
    pub(super) fn begin_relays(&mut self, spoke: usize, now: Moment) {
        let mut at = 0;
        while let Some(slot) = self.spokes.get(spoke).and_then(|slots| slots.get(at)).copied() {
            at += 1;
            let Some(partner) = self.partner_of(slot) else { continue };
            let Deck { ports, wire, .. } = self;
            let Some((port, other)) = pair(ports, slot, partner) else { continue };
            if port.passes_on() && !port.could_pass_on(other, now) {
                // Its party fell silent, while the other one is heard by ticks.
                port.end_relay(Some(other));
            } else if !port.passes_on() && port.could_pass_on(other, now) && port.due() == other.due() {
                port.begin_relay(other, now, wire);
            }
            if port.passes_on() && other.passes_on() {
                self.leave_spoke(slot, spoke);
                self.leave_spoke(partner, spoke);
                self.untimed.extend([slot, partner]);
                at = at.saturating_sub(2);
            }
        }
    }

    /// Something changed at a leg: what is passed on to it or from it goes back to the tick if it must.
    pub(super) fn reconsider(&mut self, slot: u16, now: Moment, upcoming: u64) {
        let Some(partner) = self.partner_of(slot) else { return };
        for (one, other) in [(slot, partner), (partner, slot)] {
            let Some((port, to)) = pair(&mut self.ports, one, other) else { continue };
            if port.passes_on() && !port.could_pass_on(to, now) {
                port.end_relay(Some(to));
                self.rejoin(one, upcoming);
                self.rejoin(other, upcoming);
            }
        }
    }

    /// A leg's bridge ends, and with it all passing on.
    pub(super) fn end_relays(&mut self, slot: u16, upcoming: u64) {
        let Some(partner) = self.partner_of(slot) else { return };
        for (one, other) in [(slot, partner), (partner, slot)] {
            if let Some((port, to)) = pair(&mut self.ports, one, other) {
                port.end_relay(Some(to));
            }
            self.rejoin(one, upcoming);
        }
    }

    /// A leg has ticks again, on the spoke that it had.
    fn rejoin(&mut self, slot: u16, upcoming: u64) {
        let Some(place) = self.untimed.iter().position(|untimed| *untimed == slot) else { return };
        self.untimed.swap_remove(place);
        let Some(Some(port)) = self.ports.get_mut(usize::from(slot)) else { return };
        port.rejoin(upcoming);
        if let Some(spoke) = self.spokes.get_mut(spoke_of(port.due())) {
            spoke.push(slot);
        }
    }

    pub(crate) fn legs_without_ticks(&self) -> usize {
        self.untimed.len()
    }

    /// Reports and time-outs of the legs without ticks, once in [`LOOK_TURNS`].
    pub(super) fn look_at_untimed(&mut self, now: Moment, wall: WallTime, upcoming: u64) {
        debug_assert!((upcoming - 1).is_multiple_of(LOOK_TURNS));
        let mut at = 0;
        while let Some(slot) = self.untimed.get(at).copied() {
            let Deck { ports, wire, reporter, no_media_after, .. } = self;
            if let Some(port) = ports.get_mut(usize::from(slot)).and_then(Option::as_deref_mut) {
                Port::look(port, now, wall, *no_media_after, wire);
                port.tell_facts(reporter);
            }
            self.reconsider(slot, now, upcoming);
            // One that has ticks again has left its place to another.
            if self.untimed.get(at) == Some(&slot) {
                at += 1;
            }
        }
        self.wire.flush();
    }
}
