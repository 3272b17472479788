//! To the peer: what a tick sends, and keys.

use super::RtpSession;
use crate::packet::{self, HEADER_BYTES, RtpPacket};
use crate::telephone_event::{DigitFault, EndedKey};
use frontdesk_audio::{FRAME_MS, MediaTick};
use frontdesk_identifiers::Moment;
use std::net::SocketAddr;
use std::time::Duration;

/// Packets that are missing for so many ticks are a pause of the sender: the marker is set after it.
const MARKER_AFTER_TICKS: u64 = 3;

impl RtpSession {
    /// Where to send RTP now.
    pub fn send_to(&self) -> SocketAddr {
        self.latching.send_to()
    }

    /// Writes the packet of a tick into `out`; its length, or 0 if `out` is too small ([`MAX_PACKET_BYTES`]
    /// always fit). The timestamp is that of the tick; ticks must grow from call to call.
    pub fn write_packet(&mut self, payload: &[u8], tick: MediaTick, now: Moment, out: &mut [u8]) -> usize {
        self.write_packet_of(payload, begin_of(tick), now, out)
    }

    /// The same of a packet that begins anywhere: its first sample stands so many milliseconds after the beginning of tick
    /// 0. Those must grow from call to call.
    pub fn write_packet_of(&mut self, payload: &[u8], begins_ms: u64, now: Moment, out: &mut [u8]) -> usize {
        self.take_over(begins_ms, now);
        let tick = MediaTick(begins_ms / u64::from(FRAME_MS));
        // RFC 3551 §4.1: the marker is set on the first packet after a pause.
        let pause = self.sent_tick.map(|sent| tick.0.saturating_sub(sent.0));
        let marker = pause.is_none_or(|ticks| ticks > MARKER_AFTER_TICKS);
        let timestamp = self.clock.timestamp(begins_ms);
        let payload_type = self.payload_types.send;
        let length = self.write(marker, payload_type, timestamp, payload, out);
        if length > 0 {
            self.sent_tick = Some(tick);
            self.sent_last = Some((now, timestamp));
        }
        length
    }

    /// Adds keys to be sent; all of them or none.
    pub fn queue_digits(&mut self, digits: &str) -> Result<(), DigitFault> {
        if self.payload_types.send_event.is_none() {
            return Err(DigitFault::NotAgreed);
        }
        self.digits.queue(digits)
    }

    /// Adds a key that somebody presses, to be sent until [`let_go_digit`](RtpSession::let_go_digit).
    pub fn hold_digit(&mut self, key: char) -> Result<(), DigitFault> {
        if self.payload_types.send_event.is_none() {
            return Err(DigitFault::NotAgreed);
        }
        self.digits.hold(key)
    }

    /// The first key that is held was pressed for so long.
    pub fn let_go_digit(&mut self, duration: Duration) {
        self.digits.let_go(duration);
    }

    /// Nobody presses any key that is held.
    pub fn let_go_all_digits(&mut self) {
        self.digits.let_go_all();
    }

    /// A key that the peer let go, told once each; to be asked for after packets and once a tick.
    pub fn poll_ended_digit(&mut self, now: Moment) -> Option<EndedKey> {
        self.events.poll_ended(now)
    }

    /// Whether a key is being sent or waits.
    pub fn sends_digits(&self) -> bool {
        self.digits.is_busy()
    }

    /// Writes the event packet of this tick into `out`; 0 if no key takes this tick, which is then the
    /// sound's. To be called once a tick, before [`write_packet`](RtpSession::write_packet).
    pub fn write_digit_packet(&mut self, tick: MediaTick, now: Moment, out: &mut [u8]) -> usize {
        let Some(payload_type) = self.payload_types.send_event else { return 0 };
        if !self.digits.is_busy() || out.len() < HEADER_BYTES + 4 {
            return 0;
        }
        self.take_over(begin_of(tick), now);
        let timestamp = self.time_of_tick(tick);
        let Some(event) = self.digits.packet(timestamp) else { return 0 };
        self.sent_tick = Some(tick);
        self.sent_last = Some((now, timestamp));
        let payload = in_units_of(self.payload_types.event_hz, event.payload, self.clock.hz());
        self.write(event.marker, payload_type, event.timestamp, &payload, out)
    }

    fn write(
        &mut self,
        marker: bool,
        payload_type: u8,
        timestamp: u32,
        payload: &[u8],
        out: &mut [u8],
    ) -> usize {
        let sequence = self.sequence;
        let packet = RtpPacket { marker, payload_type, sequence, timestamp, ssrc: self.ssrc, payload };
        let length = self.put(&packet, out);
        if length > 0 {
            self.sequence = self.sequence.wrapping_add(1);
        }
        length
    }

    pub(super) fn put(&mut self, packet: &RtpPacket<'_>, out: &mut [u8]) -> usize {
        let length = packet::write(packet, out);
        let length = if length > 0 { self.security.seal_rtp(out, length) } else { 0 };
        if length > 0 {
            self.counters.packets_sent += 1;
            self.counters.bytes_sent += packet.payload.len() as u64;
        }
        length
    }

    pub(super) fn time_of_tick(&self, tick: MediaTick) -> u32 {
        self.clock.timestamp(begin_of(tick))
    }
}

/// When a tick begins.
fn begin_of(tick: MediaTick) -> u64 {
    tick.0.wrapping_mul(u64::from(FRAME_MS))
}

/// An event whose duration is told by another clock than the stream's.
fn in_units_of(event_hz: u32, event: [u8; 4], clock_hz: u32) -> [u8; 4] {
    let [key, flags, high, low] = event;
    let units = u64::from(u16::from_be_bytes([high, low])) * u64::from(event_hz) / u64::from(clock_hz.max(1));
    let [high, low] = u16::try_from(units).unwrap_or(u16::MAX).to_be_bytes();
    [key, flags, high, low]
}
