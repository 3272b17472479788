//! The media thread: waits for its wheel and its sockets, reads what came, makes the turns that are due.

use crate::clock::{Clock, SPOKE, Wheel};
use crate::control::ThreadRings;
use crate::deck::Deck;
use crate::orders::Retired;
use crate::rest::Rest;
use crate::sockets::{UdpLine, UdpWire};
use crate::stage::NoProbe;
use crate::status::ring_bell;
use crate::wire::{Channel, Wire};
use frontdesk_identifiers::Moment;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Socket reports a wait; what is more waits for the next one, which follows at once.
const REPORTS: usize = 256;

/// Where packets come further apart than this, each is read as it comes.
const SPARSE: Duration = Duration::from_micros(1_500);

/// How long packets gather before sockets are read again, after so many came at once. Where many legs speak they come
/// faster than a sleep and a wake-up cost; where fewer do, a wake-up for a few costs little in all and delays them less.
const fn gathering(packets: usize) -> Duration {
    match packets {
        0..8 => Duration::from_micros(500),
        _ => Duration::from_millis(1),
    }
}

/// Whose a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SocketOf {
    /// The leg's in this slot.
    Leg(u16),
    /// All legs', of this number.
    All(u16),
}

/// How a socket is named in epoll: whose it is, and which of the two it is.
pub(crate) fn epoll_name(owner: SocketOf, channel: Channel) -> u64 {
    let (number, of_all) = match owner {
        SocketOf::Leg(slot) => (slot, 0),
        SocketOf::All(number) => (number, 1 << 32),
    };
    of_all | u64::from(number) << 1 | u64::from(channel == Channel::Rtcp)
}

fn named(name: u64) -> (SocketOf, Channel) {
    let channel = if name & 1 == 1 { Channel::Rtcp } else { Channel::Rtp };
    let number = (name >> 1) as u16;
    let owner = if name >> 32 == 1 { SocketOf::All(number) } else { SocketOf::Leg(number) };
    (owner, channel)
}

/// What a media thread is started with.
pub(crate) struct ThreadPlan<C> {
    pub(crate) rings: ThreadRings<UdpLine>,
    pub(crate) epoll: Arc<OwnedFd>,
    pub(crate) clock: C,
    pub(crate) no_media_after: Duration,
    pub(crate) wake: Option<OwnedFd>,
    pub(crate) rest: Arc<Rest>,
    pub(crate) stop: Arc<AtomicBool>,
}

/// The loop. Gives back, at its end, everything that has to be dropped.
///
/// System calls of a round: at most one `nanosleep`, one `epoll_pwait2`, one read for each readable socket, one `sendto` for
/// each packet, at most one `write` to the eventfd; the clock is read in user space. There is a round for each turn in which
/// legs have a tick, and one for packets that come; none while there is no leg.
pub(crate) fn run<C: Clock>(plan: ThreadPlan<C>) -> Vec<Retired<UdpLine>> {
    let ThreadPlan { rings, epoll, clock, no_media_after, wake, rest, stop } = plan;
    let mut deck = Deck::new(UdpWire::new(), rings, no_media_after);
    let mut wheel = Wheel::new(clock.now() + SPOKE);
    let mut reports = [MaybeUninit::uninit(); REPORTS];
    // When sockets were read last, and until when they are to be left alone.
    let (mut read, mut gathered) = (Moment::ZERO, None);
    while !stop.load(Ordering::Acquire) {
        let Some(deadline) = next_deadline(&deck, &mut wheel, clock.now()) else {
            if deck.take_last_bell() {
                ring_bell(wake.as_ref());
            }
            rest.until_called(|| deck.has_orders() || stop.load(Ordering::Acquire));
            continue;
        };
        if let Some(gathered) = gathered.take() {
            let pause = deadline.min(gathered).since(clock.now());
            let pause = Timespec { tv_sec: 0, tv_nsec: pause.subsec_nanos().into() };
            let _ = rustix::thread::nanosleep(&pause);
        }
        // A patience that is counted from a clock read just before is as good as an absolute deadline: what is
        // lost between the two is not carried into the next turn. An interrupted wait ends early, which is fine.
        let patience = deadline.since(clock.now());
        let timeout = Timespec { tv_sec: 0, tv_nsec: patience.subsec_nanos().into() };
        let (ready, _) = epoll::wait(&epoll, &mut reports, Some(&timeout)).unwrap_or((&mut [], &mut []));
        let now = clock.now();
        if !ready.is_empty() {
            gathered = (now.since(read) < SPARSE).then(|| now + gathering(ready.len()));
            read = now;
            // What was agreed is known before the first packet is read that follows from it.
            deck.take_orders(wheel.upcoming(now), now, clock.wall());
        }
        let upcoming = wheel.upcoming(now);
        for report in ready.iter() {
            match named(report.data.u64()) {
                (SocketOf::Leg(slot), channel) => {
                    deck.read(slot, channel, now, upcoming);
                }
                (SocketOf::All(number), channel) => {
                    if deck.read_shared(number, channel, now, upcoming) {
                        // More waits than a batch: nothing has to gather first.
                        gathered = None;
                    }
                }
            }
        }
        deck.flush();
        if let Some(turn) = next_turn(&deck, &wheel)
            && wheel.due(turn) <= now
        {
            wheel.pass_to(turn);
            if let Some(turn) = wheel.take_due(now) {
                deck.turn(turn, &clock, &mut NoProbe);
            }
        }
        if deck.take_bell(now) {
            ring_bell(wake.as_ref());
        }
    }
    deck.clear()
}

/// When there is something to do next; the turns before it in which there is nothing are left out, as far as they are
/// due. Nothing while there is no leg and no order.
fn next_deadline<W: Wire>(deck: &Deck<W>, wheel: &mut Wheel, now: Moment) -> Option<Moment> {
    let upcoming = wheel.upcoming(now);
    wheel.pass_to(deck.next_turn(wheel.next()).map_or(upcoming, |turn| turn.min(upcoming)));
    next_turn(deck, wheel).map(|turn| wheel.due(turn))
}

/// The next turn in which there is something to do: orders wait for no leg.
fn next_turn<W: Wire>(deck: &Deck<W>, wheel: &Wheel) -> Option<u64> {
    if deck.has_orders() { Some(wheel.next()) } else { deck.next_turn(wheel.next()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_found_again_by_its_name() {
        for slot in [0, 1, 1_023, u16::MAX] {
            for channel in [Channel::Rtp, Channel::Rtcp] {
                for owner in [SocketOf::Leg(slot), SocketOf::All(slot)] {
                    assert_eq!(named(epoll_name(owner, channel)), (owner, channel));
                }
            }
        }
    }
}
