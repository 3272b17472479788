//! One port for all legs: whose is a datagram?
//!
//! By its sender's address, if one leg alone has that: the address that was signalled, or the one that the leg's party turned
//! out to send from. Of several legs behind one address (another such exchange), and of a sender who moved, by the stream's
//! name (SSRC). A leg that has received nothing yet is found by its party's host, signalled or that of its SIP messages, if
//! no other such leg is awaited from there. Everything else is nobody's: it is counted, and nothing is believed of it. Whether the leg
//! that is found believes its sender is then its own question ([`frontdesk_rtp_session::latching`]).

use crate::control::MAX_LEGS;
use frontdesk_media_protocol::AgreedAudio;
use std::net::{IpAddr, SocketAddr};

/// Addresses that one leg can have at a time: for sound and for reports, signalled and found.
const ADDRESSES_A_LEG: usize = 4;

/// Who is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender {
    pub(crate) address: SocketAddr,
    /// The name of its stream, if it says one.
    pub(crate) ssrc: Option<u32>,
    /// It brings a report and no sound.
    pub(crate) reports: bool,
}

impl Sender {
    /// Of a datagram. Encrypted ones show the stream's name too (RFC 3711 §3.1, §3.4).
    pub(crate) fn of(address: SocketAddr, datagram: &[u8]) -> Self {
        let reports = is_report(datagram);
        let place = if reports { 4 } else { 8 };
        let ssrc = datagram.get(place..).and_then(<[u8]>::first_chunk).map(|ssrc| u32::from_be_bytes(*ssrc));
        Sender { address, ssrc, reports }
    }
}

/// Whether a datagram is RTCP, on whichever port it came (RFC 5761 §4).
fn is_report(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if first >> 6 == 2)
}

/// Legs by something that tells them apart; several may share it. Takes its memory when it is made.
struct Index<K> {
    entries: Vec<(K, u16)>,
}

impl<K: Ord + Copy> Index<K> {
    fn new(capacity: usize) -> Self {
        Index { entries: Vec::with_capacity(capacity) }
    }

    fn insert(&mut self, key: K, slot: u16) {
        // A leg never has more keys than there is room for; it is only made sure of.
        if let Err(place) = self.entries.binary_search(&(key, slot))
            && self.entries.len() < self.entries.capacity()
        {
            self.entries.insert(place, (key, slot));
        }
    }

    fn remove(&mut self, slot: u16) {
        self.entries.retain(|(_, owner)| *owner != slot);
    }

    fn has(&self, key: K, slot: u16) -> bool {
        self.entries.binary_search(&(key, slot)).is_ok()
    }

    /// The legs that share it.
    fn of(&self, key: K) -> impl Iterator<Item = u16> + '_ {
        let from = self.entries.partition_point(|(other, _)| *other < key);
        self.entries.iter().skip(from).take_while(move |(other, _)| *other == key).map(|(_, slot)| *slot)
    }
}

/// The only one, if there is one and no more.
fn sole(mut slots: impl Iterator<Item = u16>) -> Option<u16> {
    slots.next().filter(|_| slots.next().is_none())
}

/// The legs of one media thread, as datagrams find them.
pub(crate) struct Exchange {
    signalled: Index<SocketAddr>,
    found: Index<SocketAddr>,
    streams: Index<u32>,
    awaited: Index<IpAddr>,
}

impl Exchange {
    pub(crate) fn new() -> Self {
        Exchange {
            signalled: Index::new(ADDRESSES_A_LEG * MAX_LEGS),
            found: Index::new(ADDRESSES_A_LEG * MAX_LEGS),
            streams: Index::new(MAX_LEGS),
            awaited: Index::new(2 * MAX_LEGS),
        }
    }

    /// What was agreed for a leg says where its party is.
    pub(crate) fn signal(&mut self, slot: u16, audio: &AgreedAudio, received: bool) {
        self.signalled.remove(slot);
        self.awaited.remove(slot);
        self.signalled.insert(audio.remote, slot);
        self.signalled.insert(audio.remote_rtcp, slot);
        if !received {
            self.awaited.insert(audio.remote.ip().to_canonical(), slot);
            if let Some(host) = audio.messages_from {
                self.awaited.insert(host.to_canonical(), slot);
            }
        }
    }

    /// A leg took a datagram, and believes that its party is there.
    pub(crate) fn learn(&mut self, slot: u16, sender: Sender) {
        let known = self.found.has(sender.address, slot) || self.signalled.has(sender.address, slot);
        let Some(ssrc) = sender.ssrc.filter(|_| !sender.reports) else { return };
        if known && self.streams.has(ssrc, slot) {
            return;
        }
        self.awaited.remove(slot);
        self.found.remove(slot);
        self.found.insert(sender.address, slot);
        self.streams.remove(slot);
        self.streams.insert(ssrc, slot);
    }

    /// A leg is gone.
    pub(crate) fn forget(&mut self, slot: u16) {
        self.signalled.remove(slot);
        self.found.remove(slot);
        self.streams.remove(slot);
        self.awaited.remove(slot);
    }

    /// Whose a datagram is.
    pub(crate) fn owner(&self, sender: Sender) -> Option<u16> {
        let Sender { address, ssrc, .. } = sender;
        let at = || {
            let signalled = self.signalled.of(address).filter(move |slot| !self.found.has(address, *slot));
            self.found.of(address).chain(signalled)
        };
        if let Some(slot) = sole(at()) {
            return Some(slot);
        }
        let streams = || ssrc.into_iter().flat_map(|ssrc| self.streams.of(ssrc));
        if at().next().is_some() {
            // Of several at one address the one that knows the stream, else the one that knows none yet.
            let by_name = sole(at().filter(|slot| ssrc.is_some_and(|ssrc| self.streams.has(ssrc, *slot))));
            return by_name.or_else(|| sole(at().filter(|slot| self.is_awaited(*slot))));
        }
        sole(streams()).or_else(|| sole(self.awaited.of(address.ip().to_canonical())))
    }

    fn is_awaited(&self, slot: u16) -> bool {
        self.awaited.entries.iter().any(|(_, awaited)| *awaited == slot)
    }
}

#[cfg(test)]
mod tests;
