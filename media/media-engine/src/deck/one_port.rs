//! One port for all legs: what comes by it, and whose it is.

use super::Deck;
use crate::exchange::Sender;
use crate::wire::{BATCH, Channel, Wire};
use frontdesk_identifiers::Moment;
use std::sync::atomic::Ordering;

/// Lines that legs share: one for each local address that calls come to.
pub(crate) const MOST_COMMON: usize = 16;

impl<W: Wire> Deck<W> {
    /// Another line that legs share; they are numbered as they come.
    pub(super) fn add_common(&mut self, line: W::Line) {
        debug_assert!(self.common.len() < MOST_COMMON, "the control side opens no more");
        self.common.push(line);
    }

    /// One of them, for the simulator's side of it.
    pub(crate) fn common_mut(&mut self, number: u16) -> Option<&mut W::Line> {
        self.common.get_mut(usize::from(number))
    }

    /// Reads from a socket that all legs of a local address share, at most a batch; whether a whole one came.
    pub(crate) fn read_shared(&mut self, number: u16, channel: Channel, now: Moment, upcoming: u64) -> bool {
        let Deck { common, wire, .. } = self;
        let Some(line) = common.get_mut(usize::from(number)) else { return false };
        let count = wire.receive(line, channel, BATCH);
        for at in 0..count {
            let Some((from, bytes)) = self.wire.datagram(at) else {
                self.refuse_stranger();
                continue;
            };
            let sender = Sender::of(from, bytes);
            match self.exchange.owner(sender) {
                Some(slot) => self.hand_over(slot, at, sender, now, upcoming),
                None => self.refuse_stranger(),
            }
        }
        count == BATCH
    }

    fn hand_over(&mut self, slot: u16, at: usize, sender: Sender, now: Moment, upcoming: u64) {
        if sender.reports {
            return self.take_report(slot, at, now);
        }
        self.take_sound(slot, at, now, upcoming);
        if let Some(Some(port)) = self.ports.get(usize::from(slot))
            && port.believes(sender.address, now)
        {
            self.exchange.learn(slot, sender);
        }
    }

    /// A leg's configuration says where its party is.
    pub(super) fn signal(&mut self, slot: u16) {
        let Some(Some(port)) = self.ports.get_mut(usize::from(slot)) else { return };
        if W::shared(port.line_mut()).is_some()
            && let Some(audio) = port.agreed()
        {
            self.exchange.signal(slot, &audio, port.is_spoken_to());
        }
    }

    fn refuse_stranger(&self) {
        self.strangers.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends what waits to be sent.
    pub(crate) fn flush(&mut self) {
        self.wire.flush();
    }
}
