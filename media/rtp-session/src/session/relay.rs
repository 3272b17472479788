//! A stream that is passed on unheard: what one session receives, another one writes, as it comes.
//!
//! The writer keeps its own name and goes on with its own numbers and times: both are moved by a constant, so that what is
//! lost, late or in disorder on the way here is seen as such by whoever hears it. The constants are chosen when passing on
//! begins, and anew when the peer's stream begins anew.
//!
//! # From the tick to passing on, and back
//!
//! What waits to be played when passing on begins is written at once, behind what was sent last: the samples stay
//! contiguous, and what this side held back waits with the hearer from then on. On the way back our stream goes on
//! where the last packet that was passed on ended, whatever the tick: the delay that the jitter buffer adds is a pause in
//! arrival and none in the times. A hearer with a buffer of its own bridges the pause out of it and has heard nothing;
//! if times went on during the pause, silence would stand in the middle of the sound for everybody.

use super::{Kind, Refusal, RtpSession};
use crate::jitter_buffer::Content;
use crate::packet::RtpPacket;
use crate::secure::Room;
use crate::telephone_event::Event;
use frontdesk_audio::{FRAME_MS, MediaTick};
use frontdesk_identifiers::Moment;
use std::net::SocketAddr;
use std::time::Duration;

/// Nothing was passed on for so long: the peer paused, and our times go on with the clock.
const PAUSE: Duration = Duration::from_millis(250);

/// Times that run so far ahead of the clock were put forward by the sender.
const JUMP: Duration = Duration::from_millis(250);

/// What a packet is that is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// Sound, in the codec that was agreed.
    Sound,
    /// What a silence sounds like (RFC 3389).
    ComfortNoise,
    /// A telephone-event (RFC 4733), and its key if the key begins with it.
    Event(Option<char>),
    /// Nothing to pass on: it belongs to a key that was told in another way.
    Nothing,
}

/// A packet on its way from one session to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassedOn<'a> {
    /// What it is.
    pub passage: Passage,
    marker: bool,
    /// Its extended number in the stream that it came by; none if it waited here.
    number: Option<u64>,
    timestamp: u32,
    units: u16,
    /// The stream that it came by has begun anew.
    begins_anew: bool,
    payload: &'a [u8],
}

/// The receiving half of passing on.
#[derive(Debug, Clone, Copy)]
pub(super) struct PassingOn {
    /// The end of the newest sound, in 64 bits.
    end: u64,
    /// Sound of before was played or written already.
    since: u64,
    /// When the newest sound came, or passing on began.
    last: Moment,
    /// The event that was told in another way before.
    told_event: Option<u32>,
    /// The next packet is the first of another stream.
    begins_anew: bool,
}

/// The sending half.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    /// What is added to a timestamp,
    timestamps: u32,
    /// and to a number, as soon as one came.
    numbers: Option<u16>,
    /// The time after the newest sound.
    end: u32,
}

impl RtpSession {
    /// From now on what comes is asked for by [`receive_for_relay`](Self::receive_for_relay). The time of the first
    /// sample that was not played, for [`begin_relayed`](Self::begin_relayed); `None` if this tick does not suit.
    pub fn begin_passing_on(&mut self, now: Moment) -> Option<u32> {
        let position = self.playout.hand_over()?;
        self.pass_on_from(position, now);
        Some(position as u32)
    }

    /// The same where nobody hears it anyway: what waits is given up.
    pub fn begin_ignoring(&mut self, now: Moment) {
        self.playout.rest();
        self.playout.restart(0);
        self.pass_on_from(0, now);
    }

    fn pass_on_from(&mut self, position: u64, now: Moment) {
        let told_event = self.events.newest();
        self.held = Duration::ZERO;
        self.passing =
            Some(PassingOn { end: position, since: position, last: now, told_event, begins_anew: false });
    }

    /// The next packet of those that waited to be played, oldest first, its payload in `room`.
    pub fn take_waiting<'a>(&mut self, room: &'a mut [u8]) -> Option<PassedOn<'a>> {
        let (timestamp, units, content, length) = self.playout.take_waiting(room)?;
        let passage = match content {
            Content::Sound => Passage::Sound,
            Content::ComfortNoise => Passage::ComfortNoise,
        };
        if let Some(passing) = &mut self.passing {
            passing.end = passing.end.max(timestamp + u64::from(units));
            passing.since = passing.end;
        }
        Some(PassedOn {
            passage,
            marker: false,
            number: None,
            timestamp: timestamp as u32,
            units,
            begins_anew: false,
            payload: room.get(..length)?,
        })
    }

    /// Takes a datagram that came to the RTP socket, to be passed on. `room` is where an encrypted one is opened.
    pub fn receive_for_relay<'a>(
        &mut self,
        datagram: &'a [u8],
        room: &'a mut Room,
        source: SocketAddr,
        now: Moment,
    ) -> Result<PassedOn<'a>, Refusal> {
        let outcome = self.open_for_relay(datagram, room, source, now);
        match &outcome {
            Ok(_) => self.count_taken(now),
            Err(refusal) => self.count_refused(*refusal),
        }
        outcome
    }

    fn open_for_relay<'a>(
        &mut self,
        datagram: &'a [u8],
        room: &'a mut Room,
        source: SocketAddr,
        now: Moment,
    ) -> Result<PassedOn<'a>, Refusal> {
        if !self.security.is_on() {
            return self.take_for_relay(datagram, source, now);
        }
        self.security.open_rtp(datagram, now, room).map_err(Refusal::Secure)?;
        self.take_for_relay(room, source, now)
    }

    fn take_for_relay<'a>(
        &mut self,
        datagram: &'a [u8],
        source: SocketAddr,
        now: Moment,
    ) -> Result<PassedOn<'a>, Refusal> {
        let (packet, kind, placed) = self.admit(datagram, source, now)?;
        let RtpPacket { marker, timestamp, payload, .. } = packet;
        let (passage, units) = match kind {
            Kind::Sound => {
                let units = self.playout.duration(payload).ok_or(Refusal::Length)?;
                let (time, clock_restarted) = self.time_of(&packet, placed, now)?;
                self.note_passed(time, units, clock_restarted, now)?;
                (Passage::Sound, units)
            }
            Kind::ComfortNoise => (Passage::ComfortNoise, 0),
            Kind::Event => (self.event_passage(&packet, placed.number, now)?, 0),
        };
        let begins_anew = self.passing.as_mut().is_some_and(|p| std::mem::take(&mut p.begins_anew));
        let number = Some(placed.number);
        Ok(PassedOn { passage, marker, number, timestamp, units, begins_anew, payload })
    }

    fn note_passed(&mut self, time: u64, units: u16, restarted: bool, now: Moment) -> Result<(), Refusal> {
        let clock_hz = u64::from(self.playout.clock_hz());
        let Some(passing) = &mut self.passing else { return Ok(()) };
        let end = time + u64::from(units);
        // Further ahead than time has passed: the sender's times jumped, and the hearer's shall not.
        let passed = (now.since(passing.last) + JUMP).as_millis() as u64 * clock_hz / 1_000;
        if passing.begins_anew || restarted || time > passing.end + passed {
            (passing.since, passing.end, passing.begins_anew) = (time, end, true);
        }
        if time < passing.since {
            return Err(Refusal::Late);
        }
        if end > passing.end || passing.begins_anew {
            (passing.end, passing.last) = (end, now);
        }
        Ok(())
    }

    fn event_passage(
        &mut self,
        packet: &RtpPacket<'_>,
        number: u64,
        now: Moment,
    ) -> Result<Passage, Refusal> {
        let event = self.events.packet(packet.payload, packet.timestamp, number, packet.marker, now);
        let told = self.passing.is_some_and(|passing| passing.told_event == Some(packet.timestamp));
        match event {
            Event::Stale => Err(Refusal::Late),
            Event::Known if told => Ok(Passage::Nothing),
            Event::Known => Ok(Passage::Event(None)),
            Event::Begun(key) => Ok(Passage::Event(Some(key))),
        }
    }

    /// The peer's stream has begun anew while it is passed on.
    pub(super) fn pass_on_anew(&mut self) {
        if let Some(passing) = &mut self.passing {
            passing.begins_anew = true;
        }
    }

    /// What comes is heard here again, from where passing on ended.
    pub fn end_passing_on(&mut self) {
        if let Some(passing) = self.passing.take() {
            self.playout.restart(passing.end);
        }
    }

    /// From now on another session's packets are written: its sound of this time stands where this session's `tick`
    /// would.
    pub fn begin_relayed(&mut self, from: u32, tick: MediaTick) {
        let by_clock = self.time_of_tick(tick);
        let reached = self.relayed.map_or(by_clock, |written| written.end);
        let end = if is_ahead(reached, by_clock, 32) { reached } else { by_clock };
        self.relayed = Some(Written { timestamps: end.wrapping_sub(from), numbers: None, end });
    }

    /// Writes a packet of another session into `out`; its length, or 0 if there is nothing to send or no room.
    pub fn write_relayed(&mut self, packet: &PassedOn<'_>, now: Moment, out: &mut [u8]) -> usize {
        let types = self.payload_types;
        let payload_type = match packet.passage {
            Passage::Sound => Some(types.send),
            Passage::ComfortNoise => Some(super::COMFORT_NOISE),
            Passage::Event(_) => types.send_event,
            Passage::Nothing => None,
        };
        let Some(payload_type) = payload_type else { return 0 };
        let known = self.relayed.filter(|_| !packet.begins_anew);
        let mut written = known.unwrap_or_else(|| self.anchor(packet, now));
        let timestamp = packet.timestamp.wrapping_add(written.timestamps);
        let sequence = match packet.number {
            Some(number) => {
                let offset = *written.numbers.get_or_insert(self.sequence.wrapping_sub(number as u16));
                offset.wrapping_add(number as u16)
            }
            None => self.sequence,
        };
        let marker = packet.marker || known.is_none();
        let payload = packet.payload;
        let whole = RtpPacket { marker, payload_type, sequence, timestamp, ssrc: self.ssrc, payload };
        let length = self.put(&whole, out);
        if length > 0 && is_ahead(sequence.wrapping_add(1).into(), self.sequence.into(), 16) {
            self.sequence = sequence.wrapping_add(1);
        }
        let end = timestamp.wrapping_add(packet.units.into());
        if packet.passage == Passage::Sound && is_ahead(end, written.end, 32) {
            written.end = end;
            self.sent_last = Some((now, timestamp));
        }
        self.relayed = Some(written);
        length
    }

    /// Where a stream goes on that begins with this packet: as much later than the last as it is.
    fn anchor(&self, packet: &PassedOn<'_>, now: Moment) -> Written {
        let end = self.relayed.map_or_else(|| self.by_clock(now), |written| self.later(written.end, now));
        Written { timestamps: end.wrapping_sub(packet.timestamp), numbers: None, end }
    }

    /// The time of now, going on from what was sent last.
    fn by_clock(&self, now: Moment) -> u32 {
        self.sent_last.map_or(self.clock.first(), |sent| self.clock.timestamp_at(now, sent))
    }

    fn later(&self, end: u32, now: Moment) -> u32 {
        let clock = self.by_clock(now);
        if is_ahead(clock, end, 32) { clock } else { end }
    }

    /// Whether what was passed on reaches beyond this tick: what was held back here went at once, and the hearer has it
    /// still before it.
    pub fn stands_ahead(&self, tick: MediaTick) -> bool {
        self.relayed.is_some_and(|written| {
            let ahead = written.end.wrapping_sub(self.time_of_tick(tick)).cast_signed();
            i64::from(ahead) >= i64::from(self.clock.hz() / 100)
        })
    }

    /// From this tick on something else is sent than what was passed on: it need not join it, and goes by the clock.
    pub fn begin_other(&mut self, tick: MediaTick) {
        let Some(written) = self.relayed.take() else { return };
        let by_clock = self.time_of_tick(tick);
        if is_ahead(written.end, by_clock, 32) {
            self.clock.shift(written.end.wrapping_sub(by_clock));
        }
        self.sent_tick = tick.0.checked_sub(1).map(MediaTick);
    }

    /// The ticks' own packets go on, where what was passed on ended.
    pub(super) fn take_over(&mut self, begins_ms: u64, now: Moment) {
        let Some(written) = self.relayed.take() else { return };
        let paused = self.sent_last.is_none_or(|(at, _)| now.since(at) > PAUSE);
        let next = if paused { self.later(written.end, now) } else { written.end };
        self.clock.shift(next.wrapping_sub(self.clock.timestamp(begins_ms)));
        let tick = begins_ms / u64::from(FRAME_MS);
        self.sent_tick = if paused { None } else { tick.checked_sub(1).map(MediaTick) };
    }
}

/// Whether a counter of so many bits stands further than another one, around the corner too.
fn is_ahead(one: u32, other: u32, bits: u32) -> bool {
    let ahead = one.wrapping_sub(other) << (32 - bits);
    ahead != 0 && ahead < 1 << 31
}
