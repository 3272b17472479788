//! The peer's stream as its packets tell it: numbers, times, jitter.

use super::Refusal;
use crate::packet::RtpPacket;
use crate::sequence::{Order, Sequence};
use frontdesk_identifiers::Moment;
use std::time::Duration;

/// Packets as old as this may still be under way.
const LONGEST_STALL_SECONDS: i64 = 60;

/// One stream: what carries one SSRC.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) ssrc: u32,
    pub(super) sequence: Sequence,
    /// The timestamp of the newest sound, extended to 64 bits; its low half is the one on the wire.
    newest_timestamp: u64,
    began: Moment,
    transit: Option<i64>,
    /// RFC 3550 A.8, in nanoseconds.
    jitter_ns: i64,
    clock_hz: u32,
}

/// Where a packet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// The extended sequence number.
    pub(super) number: u64,
    /// What that means.
    pub(super) standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Newer than all before.
    Newest,
    /// Older than the newest.
    Earlier,
    /// A repetition.
    Again,
    /// The sender restarted its numbers with it.
    Restarted,
}

impl Stream {
    pub(super) fn beginning_with(packet: &RtpPacket<'_>, clock_hz: u32, now: Moment) -> Self {
        Stream {
            ssrc: packet.ssrc,
            sequence: Sequence::starting_at(packet.sequence),
            // A cycle above zero, so that a packet from before the first has a time too.
            newest_timestamp: (1 << 32) | u64::from(packet.timestamp),
            began: now,
            transit: None,
            jitter_ns: 0,
            clock_hz,
        }
    }

    pub(super) fn place(&mut self, packet: &RtpPacket<'_>) -> Result<Placed, Refusal> {
        // After a stall, packets of seconds ago may come a second time. A sender that restarts its numbers does not go on
        // with a time of a while ago: only both together are an old packet.
        let step = packet.timestamp.wrapping_sub(self.newest_timestamp as u32) as i32;
        let while_ago = LONGEST_STALL_SECONDS * i64::from(self.clock_hz);
        if self.sequence.far_behind(packet.sequence) && (-while_ago..0).contains(&i64::from(step)) {
            return Err(Refusal::Late);
        }
        match self.sequence.place(packet.sequence) {
            Order::Newest(number) => Ok(Placed { number, standing: Standing::Newest }),
            Order::Earlier(number) => Ok(Placed { number, standing: Standing::Earlier }),
            Order::Again(number) => Ok(Placed { number, standing: Standing::Again }),
            Order::Doubtful => Err(Refusal::Doubtful),
            Order::Restarted(number) => {
                self.transit = None;
                Ok(Placed { number, standing: Standing::Restarted })
            }
        }
    }

    /// The timestamp in 64 bits; whether the sender's clock went back, so that a new time begins.
    pub(super) fn extend_timestamp(
        &mut self,
        timestamp: u32,
        standing: Standing,
    ) -> Result<(u64, bool), Refusal> {
        let step = i64::from(timestamp.wrapping_sub(self.newest_timestamp as u32) as i32);
        let extended = self.newest_timestamp.saturating_add_signed(step);
        match standing {
            // An older number with a newer time belongs to a clock that was given up.
            Standing::Earlier if step > 0 => Err(Refusal::Late),
            Standing::Again => Err(Refusal::Duplicate),
            Standing::Earlier => Ok((extended, false)),
            Standing::Newest | Standing::Restarted if step >= 0 => {
                self.newest_timestamp = extended;
                Ok((extended, false))
            }
            // A newer number with an older time: some exchanges switch their source within one stream. Times
            // must grow, so the new one is put into the next cycle.
            Standing::Newest | Standing::Restarted => {
                self.newest_timestamp = extended.saturating_add(1 << 32);
                self.transit = None;
                Ok((self.newest_timestamp, true))
            }
        }
    }

    /// Notes when a packet of sound came; the jitter after it (RFC 3550 A.8).
    pub(super) fn note_arrival(&mut self, timestamp: u32, now: Moment) -> Duration {
        // Events are not counted: their packets repeat one timestamp.
        let arrival_ns = now.since(self.began).as_nanos() as i64;
        // The 64-bit time would do as well; its low half makes overflow impossible.
        let transit = arrival_ns - self.in_ns(timestamp);
        if let Some(before) = self.transit {
            let change = (transit - before).abs();
            // A wrap of the timestamp, or a pause of the sender's clock, is no jitter.
            if change < 1_000_000_000 {
                self.jitter_ns += (change - self.jitter_ns) / 16;
            }
        }
        self.transit = Some(transit);
        Duration::from_nanos(self.jitter_ns.unsigned_abs())
    }

    /// The jitter in units of the stream.
    pub(super) fn jitter_units(&self) -> u32 {
        u32::try_from(self.jitter_ns * i64::from(self.clock_hz) / 1_000_000_000).unwrap_or(0)
    }

    /// Offer and answer agreed on another codec: its clock may be another.
    pub(super) fn set_clock(&mut self, clock_hz: u32) {
        if clock_hz != self.clock_hz {
            self.clock_hz = clock_hz;
            self.transit = None;
        }
    }

    fn in_ns(&self, units: u32) -> i64 {
        i64::from(units) * 1_000_000_000 / i64::from(self.clock_hz)
    }

    pub(super) fn lost(&self) -> u64 {
        self.sequence.lost()
    }
}
