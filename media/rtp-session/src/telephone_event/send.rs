//! Keys that go.

use super::{DigitFault, KEYS, SEGMENT_UNITS};
use arrayvec::ArrayVec;
use std::time::Duration;

/// Keys that wait to be sent at most; more are refused.
pub const MAX_QUEUED: usize = 64;
/// How long a key is sent if nobody says how long.
pub const TONE: Duration = Duration::from_millis(100);
/// No key is sent for less: receivers need 40 ms (ITU-T Q.24).
pub const SHORTEST_TONE: Duration = Duration::from_millis(40);
/// A key that is held is let go after this at last.
pub const LONGEST_HOLD: Duration = Duration::from_secs(30);
/// How long nothing is sent between two keys, of which the repeated ends take 40 ms.
pub const PAUSE: Duration = Duration::from_millis(100);
/// The end is sent three times (RFC 4733 §2.5.1.4).
const END_PACKETS: u8 = 3;
/// The level that is told with a key: −10 dBm0.
const VOLUME: u8 = 10;

/// Sends keys, one after the other, one packet a tick.
#[derive(Debug, Clone)]
pub struct EventSender {
    clock_hz: u32,
    queue: ArrayVec<Key, MAX_QUEUED>,
    sending: Sending,
}

#[derive(Debug, Clone, Copy)]
struct Key {
    event: u8,
    length: Length,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// It is let go after this.
    Known(Duration),
    /// Somebody presses it still.
    Held,
}

#[derive(Debug, Clone, Copy)]
enum Sending {
    Nothing,
    /// The key is sent.
    Tone(Tone),
    /// The key was let go; its end is repeated.
    End {
        event: u8,
        since: u32,
        duration: u16,
        packets: u8,
    },
    /// No key until the pause is over.
    Pause {
        since: u32,
    },
}

/// A key on its way.
#[derive(Debug, Clone, Copy)]
struct Tone {
    key: Key,
    /// When its segment began,
    since: u32,
    /// after so many units in other segments.
    before: u32,
    /// The duration that was told last: it never shrinks.
    told: u32,
    first: bool,
}

/// The payload and header fields of an event packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPacket {
    /// The event block.
    pub payload: [u8; 4],
    /// When the key, or this segment of it, began: the same in all its packets.
    pub timestamp: u32,
    /// Set on the first packet of a key.
    pub marker: bool,
}

impl EventSender {
    /// For a stream with this clock.
    pub fn new(clock_hz: u32) -> Self {
        EventSender { clock_hz, queue: ArrayVec::new(), sending: Sending::Nothing }
    }

    /// The clock is another from now on; a key that is being sent is begun anew.
    pub fn set_clock(&mut self, clock_hz: u32) {
        if clock_hz == self.clock_hz {
            return;
        }
        self.clock_hz = clock_hz;
        match std::mem::replace(&mut self.sending, Sending::Nothing) {
            Sending::Tone(tone) if !self.queue.is_full() => self.queue.insert(0, tone.key),
            _ => {}
        }
    }

    /// Adds keys to those that wait, [`TONE`] long each; all of them or none.
    pub fn queue(&mut self, digits: &str) -> Result<(), DigitFault> {
        let mut keys = ArrayVec::<Key, MAX_QUEUED>::new();
        for digit in digits.chars() {
            let key = Key { event: event_of(digit)?, length: Length::Known(TONE) };
            keys.try_push(key).map_err(|_| DigitFault::TooMany)?;
        }
        self.queue.try_extend_from_slice(&keys).map_err(|_| DigitFault::TooMany)
    }

    /// Adds a key that somebody presses; it lasts until [`let_go`](Self::let_go).
    pub fn hold(&mut self, digit: char) -> Result<(), DigitFault> {
        let key = Key { event: event_of(digit)?, length: Length::Held };
        self.queue.try_push(key).map_err(|_| DigitFault::TooMany)
    }

    /// The first key that is held was pressed for so long.
    pub fn let_go(&mut self, duration: Duration) {
        let sending = match &mut self.sending {
            Sending::Tone(tone) => Some(&mut tone.key),
            _ => None,
        };
        let held = sending.into_iter().chain(&mut self.queue).find(|key| key.length == Length::Held);
        if let Some(key) = held {
            key.length = Length::Known(duration.max(SHORTEST_TONE));
        }
    }

    /// Nobody presses any key that is held; how long they were pressed is not known.
    pub fn let_go_all(&mut self) {
        for _ in 0..=MAX_QUEUED {
            self.let_go(TONE);
        }
    }

    /// Whether a key is being sent or waits.
    pub fn is_busy(&self) -> bool {
        !self.queue.is_empty() || !matches!(self.sending, Sending::Nothing)
    }

    /// The packet of the tick whose RTP timestamp is `now`; `None` if the tick belongs to the sound.
    pub fn packet(&mut self, now: u32) -> Option<EventPacket> {
        if let Sending::Pause { since } = self.sending
            && now.wrapping_sub(since) >= self.units(PAUSE)
        {
            self.sending = Sending::Nothing;
        }
        if matches!(self.sending, Sending::Nothing) {
            let key = self.queue.pop_at(0)?;
            self.sending = Sending::Tone(Tone { key, since: now, before: 0, told: 0, first: true });
        }
        match self.sending {
            Sending::Tone(tone) => Some(self.tone(now, tone)),
            Sending::End { event, since, duration, packets } => {
                self.sending = if packets + 1 < END_PACKETS {
                    Sending::End { event, since, duration, packets: packets + 1 }
                } else {
                    Sending::Pause { since: since.wrapping_add(u32::from(duration)) }
                };
                Some(EventPacket { payload: block(event, true, duration), timestamp: since, marker: false })
            }
            Sending::Nothing | Sending::Pause { .. } => None,
        }
    }

    fn tone(&mut self, now: u32, tone: Tone) -> EventPacket {
        let Tone { key, since, before, told, first: marker } = tone;
        let length = match key.length {
            Length::Known(length) => length,
            Length::Held => LONGEST_HOLD,
        };
        // The duration is told up to the end of this packet's 20 ms, or of the key.
        let left = self.units(length).saturating_sub(before);
        let lasted = now.wrapping_sub(since).saturating_add(self.clock_hz / 50);
        let ended = lasted >= left;
        let duration = if ended { left.max(told) } else { lasted };
        let Ok(duration) = u16::try_from(duration) else {
            let (since_next, before) =
                (since.wrapping_add(SEGMENT_UNITS), before.saturating_add(SEGMENT_UNITS));
            self.sending = Sending::Tone(Tone { key, since: since_next, before, told: 0, first: false });
            return EventPacket { payload: block(key.event, false, u16::MAX), timestamp: since, marker };
        };
        self.sending = match ended {
            false => Sending::Tone(Tone { told: duration.into(), first: false, ..tone }),
            true => Sending::End { event: key.event, since, duration, packets: 1 },
        };
        EventPacket { payload: block(key.event, ended, duration), timestamp: since, marker }
    }

    fn units(&self, time: Duration) -> u32 {
        (time.as_micros() as u64 * u64::from(self.clock_hz) / 1_000_000) as u32
    }
}

fn event_of(digit: char) -> Result<u8, DigitFault> {
    let key = digit.to_ascii_uppercase();
    let event = KEYS.iter().position(|known| *known == key).ok_or(DigitFault::NoKey(digit))?;
    Ok(event as u8)
}

fn block(event: u8, ended: bool, duration: u16) -> [u8; 4] {
    let [d1, d0] = duration.to_be_bytes();
    [event, (u8::from(ended) << 7) | VOLUME, d1, d0]
}
