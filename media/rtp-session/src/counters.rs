//! What went through a session.

use std::time::Duration;

/// Counters of one session, from its beginning. They never go back, except `jitter_us` and what the peer reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RtpCounters {
    /// RTP packets that were taken: sound, events and comfort noise.
    pub packets_received: u64,
    /// RTP packets that were written.
    pub packets_sent: u64,
    /// Payload bytes that were written.
    pub bytes_sent: u64,
    /// Packets that the sequence numbers say are missing (RFC 3550 A.3).
    pub packets_lost: u64,
    /// Packets that came after their time to be played.
    pub packets_late: u64,
    /// Packets that came twice.
    pub packets_duplicate: u64,
    /// Packets that were thrown away because the buffer was full or the delay too long.
    pub packets_overflown: u64,
    /// Datagrams that were no RTP of this stream, or from a source that is not believed.
    pub packets_refused: u64,
    /// Interarrival jitter in microseconds (RFC 3550 §6.4.1), the last value.
    pub jitter_us: u32,
    /// Ticks of which at least a part was made up.
    pub frames_concealed: u64,
    /// Lost packets of which the next one carried a copy (RFC 6716 §2.1.7).
    pub packets_recovered: u64,
    /// How much sound was made up.
    pub made_up: Duration,
    /// Sound that was left out, a pitch period at a time, to shorten the delay.
    pub left_out: Duration,
    /// Sound that was repeated to lengthen it.
    pub repeated: Duration,
    /// How often the peer began a new stream.
    pub streams: u64,
    /// The share of our packets that the peer missed, in 1/256, by its last report.
    pub remote_fraction_lost: u8,
    /// The jitter that the peer measures, in microseconds, by its last report.
    pub remote_jitter_us: u32,
    /// The time to the peer and back, by its last report (RFC 3550 §6.4.1).
    pub round_trip: Option<Duration>,
}
