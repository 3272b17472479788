//! Keys that come.

use super::{KEYS, SEGMENT_UNITS};
use arrayvec::ArrayVec;
use frontdesk_identifiers::Moment;
use std::time::Duration;

/// A key of which nothing came for so long was let go, and all packets that said so are lost.
pub const GIVEN_UP_AFTER: Duration = Duration::from_millis(300);
/// Ends that wait to be asked for: that of a key and that of the one before it. A third pushes the oldest out.
const MOST_ENDED: usize = 2;

/// What an event packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A key begins; told once.
    Begun(char),
    /// Goes on, ends, is repeated, or is no key.
    Known,
    /// Belongs to a key before the current one, or is too short to be an event.
    Stale,
}

/// A key that was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedKey {
    /// Which.
    pub key: char,
    /// How long it was pressed, as far as was told.
    pub duration: Duration,
}

/// Reads the events of one stream. Each key is told once, when its first packet comes, whichever that is; and its end once.
#[derive(Debug, Clone)]
pub struct EventReceiver {
    clock_hz: u32,
    current: Option<Current>,
    ended: ArrayVec<EndedKey, MOST_ENDED>,
}

#[derive(Debug, Clone, Copy)]
struct Current {
    event: u8,
    timestamp: u32,
    duration: u16,
    /// Units of the segments before.
    before: u32,
    newest: u64,
    ended: bool,
    end_told: bool,
    last: Moment,
}

impl EventReceiver {
    /// For a stream with this clock.
    pub fn new(clock_hz: u32) -> Self {
        EventReceiver { clock_hz, current: None, ended: ArrayVec::new() }
    }

    /// The clock is another from now on.
    pub fn set_clock(&mut self, clock_hz: u32) {
        self.clock_hz = clock_hz;
    }

    /// Times and numbers begin anew. A key that was pressed is let go.
    pub fn restart(&mut self) {
        self.tell_end();
        self.current = None;
    }

    /// The timestamp of the newest event.
    pub fn newest(&self) -> Option<u32> {
        self.current.map(|current| current.timestamp)
    }

    /// Takes an event packet; `number` is its extended sequence number.
    pub fn packet(
        &mut self,
        payload: &[u8],
        timestamp: u32,
        number: u64,
        marker: bool,
        now: Moment,
    ) -> Event {
        // RFC 4733 §2.3; further blocks of the same packet are not used by telephones.
        let Some([event, flags, d1, d0]) = payload.first_chunk().copied() else { return Event::Stale };
        let packet = Current {
            event,
            timestamp,
            duration: u16::from_be_bytes([d1, d0]),
            before: 0,
            newest: number,
            ended: flags & 0x80 != 0,
            end_told: false,
            last: now,
        };
        match &mut self.current {
            Some(current) if current.goes_on_in(&packet, marker) => {
                if number > current.newest {
                    current.go_on(&packet);
                }
                if current.ended {
                    self.tell_end();
                }
                Event::Known
            }
            Some(current) if number <= current.newest => Event::Stale,
            _ => {
                self.tell_end();
                self.current = Some(packet);
                if packet.ended {
                    self.tell_end();
                }
                KEYS.get(usize::from(event)).map_or(Event::Known, |key| Event::Begun(*key))
            }
        }
    }

    /// A key that was let go, told once.
    pub fn poll_ended(&mut self, now: Moment) -> Option<EndedKey> {
        if self.current.is_some_and(|current| now.since(current.last) >= GIVEN_UP_AFTER) {
            self.tell_end();
        }
        self.ended.pop_at(0)
    }

    fn tell_end(&mut self) {
        let Some(current) = self.current.as_mut().filter(|current| !current.end_told) else { return };
        current.end_told = true;
        let Some(key) = KEYS.get(usize::from(current.event)) else { return };
        let units = u64::from(current.before) + u64::from(current.duration);
        let duration = Duration::from_micros(units * 1_000_000 / u64::from(self.clock_hz));
        if self.ended.is_full() {
            self.ended.remove(0);
        }
        self.ended.push(EndedKey { key: *key, duration });
    }
}

impl Current {
    /// Whether a packet belongs to this event.
    fn goes_on_in(&self, packet: &Current, marker: bool) -> bool {
        if packet.event != self.event {
            return false;
        }
        if packet.timestamp == self.timestamp {
            return true;
        }
        let later = packet.timestamp.wrapping_sub(self.timestamp);
        // A long key goes on in a new segment. Some gateways let the timestamp run within a key; then the
        // duration still grows from packet to packet, which it does not when the key is pressed anew.
        packet.newest > self.newest
            && !self.ended
            && !marker
            && (is_segment(later) || (packet.duration > self.duration && later < SEGMENT_UNITS))
    }

    fn go_on(&mut self, packet: &Current) {
        let later = packet.timestamp.wrapping_sub(self.timestamp);
        if is_segment(later) {
            self.before = self.before.saturating_add(later);
        }
        // An end that was told stays one, whatever an exchange sends after it.
        let ended = self.ended || packet.ended;
        let duration = if self.ended { self.duration } else { packet.duration };
        *self = Current { before: self.before, ended, duration, end_told: self.end_told, ..*packet };
    }
}

/// One segment after another, of which one may be lost whole.
fn is_segment(later: u32) -> bool {
    later == SEGMENT_UNITS || later == 2 * SEGMENT_UNITS
}
