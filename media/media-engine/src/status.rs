//! What the media thread tells, and what it keeps until it can be told.
//!
//! The event ring may be full when the control side is busy. Then only what would be true again is dropped;
//! every other fact waits in its port, in a place that is already there, and is told on a later turn.

use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::{LegQuality, MediaEvent, Strangeness};
use ringbuf::HeapProd;
use ringbuf::traits::{Observer, Producer};
use rustix::fd::OwnedFd;
use std::net::SocketAddr;
use std::time::Duration;

/// Events between the media thread and the control side. When the ring is full, repeatable facts
/// ([`MediaEvent::HearingOverrun`], [`MediaEvent::Quality`]) are dropped, all others wait in their port.
pub const EVENT_CAPACITY: usize = 1_024;

/// Beginnings and ends of one leg's keys that wait to be told. What comes while so many wait is dropped: somebody who
/// presses 32 keys while nobody listens is not dialling.
const WAITING_DIGITS: usize = 64;

/// Wakes whoever waits on this eventfd. Rings wake nobody by themselves.
pub(crate) fn ring_bell(wake: Option<&OwnedFd>) {
    if let Some(wake) = wake {
        // It fails only when the counter is full: then the sleeper has been woken 2⁶⁴ − 2 times already.
        let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
    }
}

/// How long what is only to be tidied up (a closed port, an ended playback's memory) may wait for the bell, so that one
/// serves for many. While legs come and go the control side looks in anyway, woken by what made them come and go.
const LEAVE_TOGETHER: Duration = Duration::from_millis(100);

/// The tick's end of the event ring.
pub(crate) struct Reporter {
    ring: HeapProd<MediaEvent>,
    told_something: bool,
    left_something: bool,
    left_since: Option<Moment>,
}

impl Reporter {
    pub(crate) fn new(ring: HeapProd<MediaEvent>) -> Self {
        Reporter { ring, told_something: false, left_something: false, left_since: None }
    }

    /// Whether the ring took it.
    pub(crate) fn tell(&mut self, event: MediaEvent) -> bool {
        let taken = self.ring.try_push(event).is_ok();
        self.told_something |= taken;
        taken
    }

    /// How many events the ring still takes.
    pub(crate) fn room(&self) -> usize {
        self.ring.vacant_len()
    }

    /// Something else that the control side should come for, some time soon.
    pub(crate) fn leave(&mut self) {
        self.left_something = true;
    }

    /// Whether the bell has to be rung; asked once a round.
    pub(crate) fn take_bell(&mut self, now: Moment) -> bool {
        if std::mem::take(&mut self.left_something) {
            self.left_since.get_or_insert(now);
        }
        let late = self.left_since.is_some_and(|since| now.since(since) >= LEAVE_TOGETHER);
        let due = std::mem::take(&mut self.told_something) || late;
        if due {
            self.left_since = None;
        }
        due
    }

    /// Whether the bell has to be rung before a long rest.
    pub(crate) fn take_last_bell(&mut self) -> bool {
        let left = std::mem::take(&mut self.left_something) | self.left_since.take().is_some();
        std::mem::take(&mut self.told_something) | left
    }
}

/// The facts of one leg that were not told yet, playbacks aside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PendingFacts {
    first_packet: Option<Moment>,
    strange_packet: Option<(SocketAddr, Strangeness)>,
    no_media_since: Option<Moment>,
    quality: Option<LegQuality>,
    digits: [KeyFact; WAITING_DIGITS],
    waiting_digits: usize,
}

/// A key was pressed, or let go.
#[derive(Debug, Clone, Copy)]
struct KeyFact {
    key: char,
    at: Moment,
    pressed_for: Option<Duration>,
}

impl PendingFacts {
    /// The most events that one leg's facts can be, playbacks included: what must be free in the event ring
    /// before an order is taken, so that closing never leaves a fact untold.
    pub(crate) const MOST: usize = WAITING_DIGITS + 5;

    pub(crate) fn new() -> Self {
        let nothing = KeyFact { key: '0', at: Moment::ZERO, pressed_for: None };
        PendingFacts {
            first_packet: None,
            strange_packet: None,
            no_media_since: None,
            quality: None,
            digits: [nothing; WAITING_DIGITS],
            waiting_digits: 0,
        }
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        let nothing = self.first_packet.is_none() && self.strange_packet.is_none();
        nothing && self.no_media_since.is_none() && self.quality.is_none() && self.waiting_digits == 0
    }

    pub(crate) fn first_packet(&mut self, at: Moment) {
        self.first_packet = Some(at);
    }

    pub(crate) fn strange_packet(&mut self, from: SocketAddr, why: Strangeness) {
        self.strange_packet = Some((from, why));
    }

    pub(crate) fn no_media(&mut self, since: Moment) {
        self.no_media_since = Some(since);
    }

    pub(crate) fn quality(&mut self, quality: LegQuality) {
        self.quality = Some(quality);
    }

    pub(crate) fn digit(&mut self, key: char, at: Moment) {
        self.key(KeyFact { key, at, pressed_for: None });
    }

    pub(crate) fn digit_ended(&mut self, key: char, duration: Duration, at: Moment) {
        self.key(KeyFact { key, at, pressed_for: Some(duration) });
    }

    fn key(&mut self, fact: KeyFact) {
        if let Some(place) = self.digits.get_mut(self.waiting_digits) {
            *place = fact;
            self.waiting_digits += 1;
        }
    }

    /// Tells what the ring takes, in the order in which keys were pressed.
    pub(crate) fn tell(&mut self, leg: LegId, reporter: &mut Reporter) {
        if let Some(at) = self.first_packet
            && reporter.tell(MediaEvent::FirstPacket { leg, at })
        {
            self.first_packet = None;
        }
        if let Some((from, why)) = self.strange_packet
            && reporter.tell(MediaEvent::StrangePacket { leg, from, why })
        {
            self.strange_packet = None;
        }
        if let Some(since) = self.no_media_since
            && reporter.tell(MediaEvent::NoMedia { leg, since })
        {
            self.no_media_since = None;
        }
        if let Some(quality) = self.quality.take() {
            // Dropped if there is no room: the next one comes soon, and the sum of all when the port closes.
            let _ = reporter.tell(MediaEvent::Quality { leg, quality });
        }
        let mut told = 0;
        for KeyFact { key, at, pressed_for } in self.digits.iter().take(self.waiting_digits).copied() {
            let event = match pressed_for {
                None => MediaEvent::Digit { leg, key, at },
                Some(duration) => MediaEvent::DigitEnded { leg, key, duration, at },
            };
            if !reporter.tell(event) {
                break;
            }
            told += 1;
        }
        if told > 0 {
            self.digits.copy_within(told..self.waiting_digits, 0);
            self.waiting_digits -= told;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringbuf::HeapRb;
    use ringbuf::traits::{Consumer, Split};

    #[test]
    fn keys_wait_for_room_and_are_told_once_and_in_order() {
        let (ring, mut control) = HeapRb::new(2).split();
        let mut reporter = Reporter::new(ring);
        let mut facts = PendingFacts::new();
        let leg = LegId(1);
        for (at, key) in "12345".chars().enumerate() {
            facts.digit(key, Moment::from_millis(at as u64));
        }
        let mut heard = String::new();
        for _ in 0..4 {
            facts.tell(leg, &mut reporter);
            while let Some(event) = control.try_pop() {
                if let MediaEvent::Digit { key, .. } = event {
                    heard.push(key);
                }
            }
        }
        assert_eq!(heard, "12345");
    }

    #[test]
    fn the_bell_is_rung_once_for_all_that_a_turn_told() {
        let (ring, _control) = HeapRb::new(4).split();
        let mut reporter = Reporter::new(ring);
        assert!(!reporter.take_bell(Moment::ZERO));
        let mut facts = PendingFacts::new();
        facts.first_packet(Moment::ZERO);
        facts.no_media(Moment::ZERO);
        facts.tell(LegId(1), &mut reporter);
        assert_eq!(reporter.room(), 2);
        assert!(reporter.take_bell(Moment::ZERO));
        assert!(!reporter.take_bell(Moment::ZERO));
    }

    #[test]
    fn what_is_only_to_be_tidied_up_waits_for_others_but_not_for_ever() {
        let (ring, _control) = HeapRb::new(4).split();
        let mut reporter = Reporter::new(ring);
        let at = Moment::from_millis;
        reporter.leave();
        assert!(!reporter.take_bell(at(1_000)));
        reporter.leave();
        assert!(!reporter.take_bell(at(1_099)));
        assert!(reporter.take_bell(at(1_100)), "the first has waited long enough");
        assert!(!reporter.take_bell(at(2_000)));
        assert!(!reporter.take_last_bell());
        reporter.leave();
        assert!(!reporter.take_bell(at(3_000)));
        assert!(reporter.take_last_bell(), "nobody would ring it later");
        assert!(!reporter.take_last_bell());
    }
}
