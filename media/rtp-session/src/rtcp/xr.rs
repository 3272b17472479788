//! The VoIP metrics of an extended report (RFC 3611 §4.7). It may be sent without being agreed on (§5).

use super::Writer;

/// The packet type of extended reports.
pub(super) const EXTENDED_REPORT: u8 = 207;
/// The block type of VoIP metrics.
const VOIP_METRICS: u8 = 7;
/// The length of the block behind its head, in words.
const BLOCK_WORDS: u16 = 8;
/// The length of the packet behind its head, in words: who reports, the block's head, the block.
const PACKET_WORDS: u16 = 1 + 1 + BLOCK_WORDS;
/// The bytes that it adds to a compound packet.
pub const VOIP_METRICS_BYTES: usize = 4 + 4 * PACKET_WORDS as usize;
/// "Not available", for levels, ratings and opinions.
pub const UNAVAILABLE: u8 = 127;

/// What a receiver says about the sound of a stream. Shares are in 1/256, times in milliseconds, opinions times ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoipMetrics {
    /// The stream that it is about.
    pub ssrc: u32,
    /// The share of packets that never came.
    pub loss_rate: u8,
    /// The share of packets that came too late.
    pub discard_rate: u8,
    /// The share of packets not heard within bursts.
    pub burst_density: u8,
    /// The same within gaps.
    pub gap_density: u8,
    /// The mean length of bursts.
    pub burst_ms: u16,
    /// The mean length of gaps.
    pub gap_ms: u16,
    /// The last round trip time.
    pub round_trip_ms: u16,
    /// The delay within this side.
    pub end_system_ms: u16,
    /// The level of speech, dBm0, two's complement.
    pub signal_level: u8,
    /// The level of silence, dBm0, two's complement.
    pub noise_level: u8,
    /// The residual echo return loss, dB.
    pub echo_return_loss: u8,
    /// So many packets end a burst.
    pub gmin: u8,
    /// The rating R, 0 to 100.
    pub rating: u8,
    /// The rating of what lies behind, 0 to 100.
    pub external_rating: u8,
    /// The opinion about listening.
    pub listening: u8,
    /// The opinion about talking with each other: with the delay.
    pub conversation: u8,
    /// Concealment and kind of jitter buffer.
    pub configuration: u8,
    /// The delay of the jitter buffer now,
    pub buffer_ms: u16,
    /// the one that it would need for the slowest packets,
    pub buffer_most_ms: u16,
    /// and the longest that it can have.
    pub buffer_limit_ms: u16,
}

/// "Enhanced" concealment, an adaptive jitter buffer, of the quickest rate (RFC 3611 §4.7.6).
pub const CONFIGURATION: u8 = (0b11 << 6) | (0b11 << 4);

impl VoipMetrics {
    pub(super) fn write(&self, reporter: u32, writer: &mut Writer<'_>) {
        writer.header(0, EXTENDED_REPORT, PACKET_WORDS);
        writer.word(reporter);
        let [l1, l0] = BLOCK_WORDS.to_be_bytes();
        writer.bytes(&[VOIP_METRICS, 0, l1, l0]);
        writer.word(self.ssrc);
        writer.bytes(&[self.loss_rate, self.discard_rate, self.burst_density, self.gap_density]);
        for time in [self.burst_ms, self.gap_ms, self.round_trip_ms, self.end_system_ms] {
            writer.bytes(&time.to_be_bytes());
        }
        writer.bytes(&[self.signal_level, self.noise_level, self.echo_return_loss, self.gmin]);
        writer.bytes(&[self.rating, self.external_rating, self.listening, self.conversation]);
        let [b1, b0] = self.buffer_ms.to_be_bytes();
        writer.bytes(&[self.configuration, 0, b1, b0]);
        writer.bytes(&self.buffer_most_ms.to_be_bytes());
        writer.bytes(&self.buffer_limit_ms.to_be_bytes());
    }

    /// The metrics about a stream in the body of an extended report, if there are any. Other blocks are stepped over
    /// (RFC 3611 §3), as is one that is cut short.
    pub(super) fn read(body: &[u8], about: u32) -> Option<VoipMetrics> {
        let mut rest = body.get(4..)?;
        while let Some((head, after)) = rest.split_first_chunk::<4>() {
            let [kind, _, l1, l0] = *head;
            let length = usize::from(u16::from_be_bytes([l1, l0])) * 4;
            let (block, next) = after.split_at_checked(length)?;
            if kind == VOIP_METRICS
                && let Some(metrics) = block.first_chunk().map(Self::of).filter(|found| found.ssrc == about)
            {
                return Some(metrics);
            }
            rest = next;
        }
        None
    }

    fn of(block: &[u8; 4 * BLOCK_WORDS as usize]) -> VoipMetrics {
        let [s3, s2, s1, s0, loss_rate, discard_rate, burst_density, gap_density, rest @ ..] = *block;
        let [b1, b0, g1, g0, r1, r0, e1, e0, rest @ ..] = rest;
        let [signal_level, noise_level, echo_return_loss, gmin, rest @ ..] = rest;
        let [rating, external_rating, listening, conversation, configuration, _, rest @ ..] = rest;
        let [n1, n0, m1, m0, a1, a0] = rest;
        VoipMetrics {
            ssrc: u32::from_be_bytes([s3, s2, s1, s0]),
            loss_rate,
            discard_rate,
            burst_density,
            gap_density,
            burst_ms: u16::from_be_bytes([b1, b0]),
            gap_ms: u16::from_be_bytes([g1, g0]),
            round_trip_ms: u16::from_be_bytes([r1, r0]),
            end_system_ms: u16::from_be_bytes([e1, e0]),
            signal_level,
            noise_level,
            echo_return_loss,
            gmin,
            rating,
            external_rating,
            listening,
            conversation,
            configuration,
            buffer_ms: u16::from_be_bytes([n1, n0]),
            buffer_most_ms: u16::from_be_bytes([m1, m0]),
            buffer_limit_ms: u16::from_be_bytes([a1, a0]),
        }
    }
}
