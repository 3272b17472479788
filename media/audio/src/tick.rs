//! Time in units of the sound: one tick is 20 ms.

/// The length of a frame, and the distance of two ticks.
pub const FRAME_MS: u32 = 20;
/// Samples of a frame at 8 kHz.
pub const SAMPLES_8K: usize = 160;

/// The number of a 20 ms tick, counted from a start that the owner chose. A tick that is skipped keeps its
/// number, so that positions and RTP timestamps are functions of it and never drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MediaTick(pub u64);

impl MediaTick {
    /// The position of the tick's first sample at 8 kHz.
    pub const fn position_8k(self) -> u64 {
        self.0.wrapping_mul(SAMPLES_8K as u64)
    }

    /// The RTP timestamp (8 kHz clock) of this tick for a stream that began at `first`, modulo 2³²
    /// (RFC 3550 §5.1).
    pub const fn rtp_timestamp(self, first: u32) -> u32 {
        first.wrapping_add(self.position_8k() as u32)
    }

    /// The tick after this one.
    pub const fn next(self) -> MediaTick {
        MediaTick(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_wrap_and_positions_do_not() {
        assert_eq!(MediaTick(1).rtp_timestamp(u32::MAX - 59), 100);
        assert_eq!(MediaTick(u64::from(u32::MAX)).next().position_8k(), 160 << 32);
    }
}
