//! The RTP header (RFC 3550 §5.1), read and written in place.

use thiserror::Error;

/// The length of a header without contributing sources and extension.
pub const HEADER_BYTES: usize = 12;

/// A packet that was read; its payload lies in the datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// Begins a talk spurt or an event.
    pub marker: bool,
    /// What the payload is, 0–127.
    pub payload_type: u8,
    /// Counts packets, modulo 2¹⁶.
    pub sequence: u16,
    /// The first sample's time, modulo 2³².
    pub timestamp: u32,
    /// The stream's name.
    pub ssrc: u32,
    /// The payload without padding.
    pub payload: &'a [u8],
}

/// Why a datagram is no RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PacketFault {
    /// Shorter than its header says it is.
    #[error("the datagram is shorter than its RTP header")]
    Short,
    /// Another version than 2: STUN, DTLS, or nothing of ours.
    #[error("not RTP version 2")]
    Version,
    /// A packet type of RTCP (RFC 5761 §4) on the RTP port.
    #[error("RTCP on the RTP port")]
    Rtcp,
    /// Padding that is longer than the packet, or of length 0 (RFC 3550 A.1).
    #[error("padding that does not fit into the packet")]
    Padding,
}

/// Reads a datagram. Contributing sources and header extensions are stepped over.
pub fn read(datagram: &[u8]) -> Result<RtpPacket<'_>, PacketFault> {
    let (header, mut rest) = datagram.split_first_chunk::<HEADER_BYTES>().ok_or(PacketFault::Short)?;
    let [first, second, s1, s0, t3, t2, t1, t0, n3, n2, n1, n0] = *header;
    if first >> 6 != 2 {
        return Err(PacketFault::Version);
    }
    // RFC 5761 §4: RTCP's types 192–223 are payload types 64–95 with the marker set.
    if (192..=223).contains(&second) {
        return Err(PacketFault::Rtcp);
    }
    let sources = usize::from(first & 0x0f) * 4;
    rest = rest.get(sources..).ok_or(PacketFault::Short)?;
    if first & 0x10 != 0 {
        // RFC 3550 §5.3.1: 16 bits of profile, then the length in words.
        let (head, after) = rest.split_first_chunk::<4>().ok_or(PacketFault::Short)?;
        let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
        rest = after.get(words * 4..).ok_or(PacketFault::Short)?;
    }
    if first & 0x20 != 0 {
        let padding = usize::from(*rest.last().ok_or(PacketFault::Padding)?);
        let length = rest.len().checked_sub(padding).ok_or(PacketFault::Padding)?;
        if padding == 0 {
            return Err(PacketFault::Padding);
        }
        rest = &rest[..length];
    }
    Ok(RtpPacket {
        marker: second & 0x80 != 0,
        payload_type: second & 0x7f,
        sequence: u16::from_be_bytes([s1, s0]),
        timestamp: u32::from_be_bytes([t3, t2, t1, t0]),
        ssrc: u32::from_be_bytes([n3, n2, n1, n0]),
        payload: rest,
    })
}

/// Writes a packet; its length, or 0 if it does not fit into `out`.
pub fn write(packet: &RtpPacket<'_>, out: &mut [u8]) -> usize {
    let length = HEADER_BYTES + packet.payload.len();
    let Some(out) = out.get_mut(..length) else { return 0 };
    let (header, payload) = out.split_at_mut(HEADER_BYTES);
    header[0] = 0x80;
    header[1] = (u8::from(packet.marker) << 7) | (packet.payload_type & 0x7f);
    header[2..4].copy_from_slice(&packet.sequence.to_be_bytes());
    header[4..8].copy_from_slice(&packet.timestamp.to_be_bytes());
    header[8..12].copy_from_slice(&packet.ssrc.to_be_bytes());
    payload.copy_from_slice(packet.payload);
    length
}

#[cfg(test)]
mod tests;
