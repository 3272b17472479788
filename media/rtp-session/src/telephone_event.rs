//! Keys as RFC 4733 events, both ways.

use arrayvec::ArrayVec;
use thiserror::Error;

/// Keys that wait to be sent at most; more are refused.
pub const MAX_QUEUED: usize = 64;
/// How long a key is sent, in samples at 8 kHz: 100 ms.
pub const TONE_SAMPLES: u32 = 800;
/// How long nothing is sent between two keys: 100 ms, of which the repeated ends take 40 ms.
pub const PAUSE_SAMPLES: u32 = 800;
/// The end is sent three times (RFC 4733 §2.5.1.4).
const END_PACKETS: u8 = 3;
/// The level that is told with a key: −10 dBm0.
const VOLUME: u8 = 10;
/// After so many samples an event goes on in a new segment (RFC 4733 §2.5.1.3).
const SEGMENT_SAMPLES: u32 = 0xffff;
const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// Why keys are not sent. It is always this side's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DigitFault {
    /// The peer does not take telephone events.
    #[error("telephone events were not agreed with the peer")]
    NotAgreed,
    /// A character that is no key.
    #[error("{0:?} is no key of a telephone")]
    NoKey(char),
    /// More than [`MAX_QUEUED`] would wait.
    #[error("too many keys wait to be sent")]
    TooMany,
}

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

/// Reads the events of one stream. Each key is told once, when its first packet comes, whichever that is.
#[derive(Debug, Clone, Default)]
pub struct EventReceiver {
    current: Option<Current>,
}

#[derive(Debug, Clone, Copy)]
struct Current {
    event: u8,
    timestamp: u32,
    duration: u16,
    newest: u64,
    ended: bool,
}

impl EventReceiver {
    /// The timestamp of the newest event.
    pub fn newest(&self) -> Option<u32> {
        self.current.map(|current| current.timestamp)
    }

    /// Takes an event packet; `number` is its extended sequence number.
    pub fn packet(&mut self, payload: &[u8], timestamp: u32, number: u64, marker: bool) -> Event {
        // RFC 4733 §2.3; further blocks of the same packet are not used by telephones.
        let Some([event, flags, d1, d0]) = payload.first_chunk().copied() else { return Event::Stale };
        let duration = u16::from_be_bytes([d1, d0]);
        let ended = flags & 0x80 != 0;
        let packet = Current { event, timestamp, duration, newest: number, ended };
        match &mut self.current {
            Some(current) if current.goes_on_in(&packet, marker) => {
                if number > current.newest {
                    *current = Current { ended: ended || current.ended, ..packet };
                }
                Event::Known
            }
            Some(current) if number <= current.newest => Event::Stale,
            current => {
                *current = Some(packet);
                KEYS.get(usize::from(event)).map_or(Event::Known, |key| Event::Begun(*key))
            }
        }
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
            && (later == SEGMENT_SAMPLES || (packet.duration > self.duration && later < SEGMENT_SAMPLES))
    }
}

/// Sends keys, one after the other, one packet a tick.
#[derive(Debug, Clone, Default)]
pub struct EventSender {
    queue: ArrayVec<u8, MAX_QUEUED>,
    sending: Sending,
}

#[derive(Debug, Clone, Copy, Default)]
enum Sending {
    #[default]
    Nothing,
    /// The key is held since this timestamp.
    Tone { event: u8, since: u32, first: bool },
    /// The key was let go; its end is repeated.
    End { event: u8, since: u32, duration: u16, packets: u8 },
    /// No key until the pause is over.
    Pause { since: u32 },
}

/// The payload and header fields of an event packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPacket {
    /// The event block.
    pub payload: [u8; 4],
    /// When the key began: the same in all its packets.
    pub timestamp: u32,
    /// Set on the first packet of a key.
    pub marker: bool,
}

impl EventSender {
    /// Adds keys to those that wait; all of them or none.
    pub fn queue(&mut self, digits: &str) -> Result<(), DigitFault> {
        let mut codes = ArrayVec::<u8, MAX_QUEUED>::new();
        for digit in digits.chars() {
            let key = digit.to_ascii_uppercase();
            let code = KEYS.iter().position(|k| *k == key).ok_or(DigitFault::NoKey(digit))?;
            codes.try_push(code as u8).map_err(|_| DigitFault::TooMany)?;
        }
        self.queue.try_extend_from_slice(&codes).map_err(|_| DigitFault::TooMany)
    }

    /// Whether a key is being sent or waits.
    pub fn is_busy(&self) -> bool {
        !self.queue.is_empty() || !matches!(self.sending, Sending::Nothing)
    }

    /// The packet of the tick whose RTP timestamp is `now`; `None` if the tick belongs to the sound.
    pub fn packet(&mut self, now: u32) -> Option<EventPacket> {
        if let Sending::Pause { since } = self.sending
            && now.wrapping_sub(since) >= PAUSE_SAMPLES
        {
            self.sending = Sending::Nothing;
        }
        if matches!(self.sending, Sending::Nothing) {
            let event = if self.queue.is_empty() { return None } else { self.queue.remove(0) };
            self.sending = Sending::Tone { event, since: now, first: true };
        }
        match self.sending {
            Sending::Tone { event, since, first } => {
                // The duration is told up to the end of this packet's 20 ms.
                let duration = (now.wrapping_sub(since) + 160).min(SEGMENT_SAMPLES) as u16;
                let ended = u32::from(duration) >= TONE_SAMPLES;
                self.sending = match ended {
                    false => Sending::Tone { event, since, first: false },
                    true => Sending::End { event, since, duration, packets: 1 },
                };
                Some(EventPacket { payload: block(event, ended, duration), timestamp: since, marker: first })
            }
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
}

fn block(event: u8, ended: bool, duration: u16) -> [u8; 4] {
    let [d1, d0] = duration.to_be_bytes();
    [event, (u8::from(ended) << 7) | VOLUME, d1, d0]
}

#[cfg(test)]
mod tests;
