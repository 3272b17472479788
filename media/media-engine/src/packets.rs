//! From the frames of the ticks to packets of another length.
//!
//! A packet leaves as soon as its last sample is there, or 10 ms after that, so that all leave at equal distances though
//! ticks come every 20 ms: of packets of 10, 30 and 50 ms, those that end in the middle of a frame leave with the tick,
//! and those that end with it leave half a tick later.

use frontdesk_audio::{FRAME_MS, LentFrame, SAMPLES_16K, SampleRate};

/// The longest packet: 60 ms.
const LONGEST_MS: usize = 60;
/// A packet that is all but complete, and one frame more.
const ROOM: usize = SAMPLES_16K / FRAME_MS as usize * (LONGEST_MS - 10) + SAMPLES_16K;

/// Sound of one leg on its way into packets. Made and dropped where memory costs nothing.
pub(crate) struct Packets {
    packet_ms: usize,
    rate: SampleRate,
    waiting: [i16; ROOM],
    length: usize,
    /// When the first of what waits began, in the time of the ticks.
    begins_ms: u64,
}

impl Packets {
    /// For packets of this length; none if they are of one frame each.
    pub(crate) fn of(packet_ms: u8) -> Option<Box<Self>> {
        if u32::from(packet_ms) == FRAME_MS {
            return None;
        }
        Some(Box::new(Packets {
            packet_ms: usize::from(packet_ms).clamp(10, LONGEST_MS) / 10 * 10,
            rate: SampleRate::Narrow,
            waiting: [0; ROOM],
            length: 0,
            begins_ms: 0,
        }))
    }

    /// Takes the frame of the tick that begins then. What waits and does not meet it is let go: there was something else
    /// between them.
    pub(crate) fn take(&mut self, frame: LentFrame<'_>, begins_ms: u64) {
        let ends_ms = self.begins_ms + self.waiting_ms() as u64;
        if self.rate != frame.rate() || ends_ms != begins_ms || self.length == 0 {
            (self.rate, self.length, self.begins_ms) = (frame.rate(), 0, begins_ms);
        }
        let samples = frame.samples();
        if let Some(room) = self.waiting.get_mut(self.length..self.length + samples.len()) {
            room.copy_from_slice(samples);
            self.length += samples.len();
        }
    }

    /// The packet that leaves with the tick, after [`take`](Self::take).
    pub(crate) fn with_tick(&mut self) -> Option<Packet<'_>> {
        let ends_with_frame = self.waiting_ms() == self.packet_ms;
        let whole_frames = self.packet_ms.is_multiple_of(FRAME_MS as usize);
        (whole_frames || !ends_with_frame).then(|| self.next(self.packet_ms)).flatten()
    }

    /// The packet that leaves half a tick later.
    pub(crate) fn half_later(&mut self) -> Option<Packet<'_>> {
        self.next(self.packet_ms)
    }

    /// What waits for the rest of its packet, as a shorter one; nothing follows on it.
    pub(crate) fn rest(&mut self) -> Option<Packet<'_>> {
        self.next(self.waiting_ms())
    }

    /// Whether packets leave between ticks.
    pub(crate) fn has_halves(&self) -> bool {
        !self.packet_ms.is_multiple_of(FRAME_MS as usize)
    }

    fn waiting_ms(&self) -> usize {
        self.length / self.samples_a_ms()
    }

    fn samples_a_ms(&self) -> usize {
        self.rate.frame_samples() / FRAME_MS as usize
    }

    fn next(&mut self, ms: usize) -> Option<Packet<'_>> {
        let count = ms * self.samples_a_ms();
        if count == 0 || count > self.length {
            return None;
        }
        // What was taken out goes behind the rest, where it stays until the next frame comes.
        let begins_ms = self.begins_ms;
        self.waiting.get_mut(..self.length)?.rotate_left(count);
        self.length -= count;
        self.begins_ms += ms as u64;
        Some(Packet { samples: self.waiting.get(self.length..self.length + count)?, begins_ms })
    }
}

/// The sound of one packet.
pub(crate) struct Packet<'a> {
    pub(crate) samples: &'a [i16],
    /// When it began, in the time of the ticks.
    pub(crate) begins_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When packets leave and when they begin, and whether their samples are those of that time.
    fn left(packet_ms: u8, ticks: u64) -> Vec<(u64, u64)> {
        let mut packets = Packets::of(packet_ms).unwrap();
        let mut left = Vec::new();
        let mut note = |at: u64, packet: Option<Packet<'_>>| {
            let Some(packet) = packet else { return };
            assert_eq!(packet.samples.len(), usize::from(packet_ms) * 8);
            let first = packet.begins_ms as i16 * 8;
            assert!(packet.samples.iter().enumerate().all(|(n, sample)| *sample == first + n as i16));
            left.push((at, packet.begins_ms));
        };
        for tick in 0..ticks {
            let frame = std::array::from_fn(|n| (tick * 160) as i16 + n as i16);
            packets.take(LentFrame::Narrow(&frame), tick * 20);
            note(tick * 20, packets.with_tick());
            note(tick * 20 + 10, packets.half_later());
        }
        left
    }

    #[test]
    fn packets_of_every_length_leave_at_equal_distances_with_all_samples() {
        for packet_ms in [10, 30, 40, 50, 60] {
            let left = left(packet_ms, 60);
            for (number, (at, begins)) in left.iter().enumerate() {
                let number = number as u64 * u64::from(packet_ms);
                assert_eq!((*at, *begins), (left[0].0 + number, number), "{packet_ms} ms");
            }
            assert!(left.len() as u64 >= 1_200 / u64::from(packet_ms) - 1);
        }
        assert!(Packets::of(20).is_none());
    }

    #[test]
    fn what_waits_is_let_go_where_something_else_was_between() {
        let mut packets = Packets::of(60).unwrap();
        packets.take(LentFrame::Narrow(&[1; 160]), 0);
        packets.take(LentFrame::Narrow(&[2; 160]), 60);
        packets.take(LentFrame::Narrow(&[3; 160]), 80);
        let rest = packets.rest().unwrap();
        assert_eq!((rest.begins_ms, rest.samples.len(), rest.samples[0]), (60, 320, 2));
        assert!(packets.rest().is_none());
        packets.take(LentFrame::Wide(&[4; 320]), 100);
        assert_eq!(packets.rest().unwrap().samples, [4; 320]);
    }
}
