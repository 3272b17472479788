//! The way in: a packet is checked, and only then decrypted and remembered.

use super::cipher::{Cipher, GCM_TAG_BYTES, Place};
use super::derive::Kind;
use super::sealing::{ENCRYPTED, report_aad};
use super::window::Window;
use super::{DATAGRAM_BYTES, SecureFault};
use crate::packet::HEADER_BYTES;
use arrayvec::ArrayVec;
use frontdesk_media_protocol::{SrtpKey, SrtpSuite};

/// The streams of one key that are remembered. Beyond it the one that was silent for longest is forgotten, and a recording
/// of it could be played to us again; it would have to win against the stream that is being heard, by its SSRC.
const STREAMS: usize = 16;
/// What stands before the encrypted part of a report: its first header and the sender's name.
pub(super) const REPORT_HEADER_BYTES: usize = 8;
/// The index behind a report.
const INDEX_BYTES: usize = 4;

/// Where a packet is decrypted.
pub type Room = ArrayVec<u8, DATAGRAM_BYTES>;

/// What the other side encrypts with, and what came so far.
pub struct Opening {
    rtp: Cipher,
    rtcp: Cipher,
    /// The one that was heard last stands first.
    streams: ArrayVec<Heard, STREAMS>,
    /// Streams that had wrapped under the keys before these, with their rollover counters.
    wrapped_before: ArrayVec<(u32, u32), STREAMS>,
}

/// What came of one stream.
#[derive(Debug, Clone, Copy)]
struct Heard {
    ssrc: u32,
    packets: Option<Window>,
    reports: Option<Window>,
}

impl Opening {
    /// Derives the session keys; not on the tick.
    pub fn new(suite: SrtpSuite, key: &SrtpKey) -> Self {
        Opening {
            rtp: Cipher::new(suite, key, Kind::Rtp),
            rtcp: Cipher::new(suite, key, Kind::Rtcp),
            streams: ArrayVec::new(),
            wrapped_before: ArrayVec::new(),
        }
    }

    /// These keys follow others: a peer may keep its rollover counters (RFC 3711 §3.3.1).
    pub(super) fn follows(&mut self, before: &Opening) {
        let wrapped = before.streams.iter().filter_map(|heard| {
            let rollovers = heard.packets?.rollovers();
            (rollovers > 0).then_some((heard.ssrc, rollovers))
        });
        self.wrapped_before = wrapped.take(STREAMS).collect();
    }

    /// Opens an RTP packet into `room`: header and payload, as they were before they were encrypted.
    ///
    /// # Errors
    /// Then nothing of this context has changed.
    pub fn open_rtp(&mut self, datagram: &[u8], room: &mut Room) -> Result<(), SecureFault> {
        let header = header_of(datagram).ok_or(SecureFault::Malformed)?;
        let index = match self.heard(header.ssrc).and_then(|heard| heard.packets) {
            Some(window) => {
                let index = window.guess(header.sequence).filter(|index| window.is_new(*index));
                let index = index.ok_or(SecureFault::Replayed)?;
                self.unseal(datagram, &header, index, room)?;
                index
            }
            None => self.unseal_first(datagram, &header, room)?,
        };
        let heard = self.hear(header.ssrc);
        heard.packets.get_or_insert(Window::beginning_with(index)).note(index);
        Ok(())
    }

    /// The first packet of a stream: with a rollover counter of 0, or of 1 if it may have wrapped before anything came, or
    /// with the one that it had under the keys before.
    fn unseal_first(&self, datagram: &[u8], header: &Header, room: &mut Room) -> Result<u64, SecureFault> {
        let fresh = u64::from(header.sequence);
        let fault = match self.unseal(datagram, header, fresh, room) {
            Ok(()) => return Ok(fresh),
            Err(fault) => fault,
        };
        // A stream that began just before a wrap, of which only what follows comes through: nobody would ever be heard.
        let wrapped = 1 << 16 | fresh;
        if header.sequence < 0x8000 && self.unseal(datagram, header, wrapped, room).is_ok() {
            return Ok(wrapped);
        }
        let before = self.wrapped_before.iter().find(|(ssrc, _)| *ssrc == header.ssrc);
        let index = u64::from(before.ok_or(fault)?.1) << 16 | fresh;
        self.unseal(datagram, header, index, room)?;
        Ok(index)
    }

    fn unseal(
        &self,
        datagram: &[u8],
        header: &Header,
        index: u64,
        room: &mut Room,
    ) -> Result<(), SecureFault> {
        let length = datagram.len().checked_sub(self.rtp.tag_bytes()).ok_or(SecureFault::Malformed)?;
        let (packet, tag) = datagram.split_at_checked(length).ok_or(SecureFault::Malformed)?;
        if header.length > packet.len() {
            return Err(SecureFault::Malformed);
        }
        let at = Place { ssrc: header.ssrc, index };
        match &self.rtp {
            Cipher::Counter(counter) => {
                counter.check(packet, &((index >> 16) as u32).to_be_bytes(), tag)?;
                let (_, body) = copied(packet, header.length, room)?;
                counter.apply(at, body);
            }
            Cipher::Gcm(gcm) => {
                let (head, body) = copied(packet, header.length, room)?;
                gcm.open(at, head, body, tag)?;
            }
        }
        Ok(())
    }

    /// Opens an RTCP packet into `room`.
    ///
    /// # Errors
    /// Then nothing of this context has changed.
    pub fn open_rtcp(&mut self, datagram: &[u8], room: &mut Room) -> Result<(), SecureFault> {
        let (ssrc, index) = match &self.rtcp {
            Cipher::Counter(counter) => {
                let trailer = counter.tag_bytes + INDEX_BYTES;
                let report = ReportParts::of(datagram, trailer, trailer)?;
                self.is_new_report(&report)?;
                counter.check(
                    &datagram[..report.body_end + INDEX_BYTES],
                    &[],
                    &datagram[report.body_end + INDEX_BYTES..],
                )?;
                let (_, body) = copied(&datagram[..report.body_end], REPORT_HEADER_BYTES, room)?;
                if report.is_encrypted {
                    counter.apply(report.place(), body);
                }
                (report.ssrc, report.index)
            }
            Cipher::Gcm(gcm) => {
                let report = ReportParts::of(datagram, GCM_TAG_BYTES + INDEX_BYTES, INDEX_BYTES)?;
                self.is_new_report(&report)?;
                let tag = &datagram[report.body_end..datagram.len() - INDEX_BYTES];
                let (head, body) = copied(&datagram[..report.body_end], REPORT_HEADER_BYTES, room)?;
                if report.is_encrypted {
                    let head = *head.first_chunk().ok_or(SecureFault::Malformed)?;
                    gcm.open(report.place(), &report_aad(head, report.index_word), body, tag)?;
                } else {
                    // RFC 7714 §9.3: all of it is only authenticated, the index too.
                    room.try_extend_from_slice(&report.index_word).map_err(|_| SecureFault::Malformed)?;
                    gcm.open(report.place(), room, &mut [], tag)?;
                    room.truncate(report.body_end);
                }
                (report.ssrc, report.index)
            }
        };
        let heard = self.hear(ssrc);
        heard.reports.get_or_insert(Window::beginning_with(index)).note(index);
        Ok(())
    }

    fn is_new_report(&self, report: &ReportParts) -> Result<(), SecureFault> {
        let window = self.heard(report.ssrc).and_then(|heard| heard.reports);
        let is_new = window.is_none_or(|window| window.is_new(report.index));
        if is_new { Ok(()) } else { Err(SecureFault::Replayed) }
    }

    fn heard(&self, ssrc: u32) -> Option<&Heard> {
        self.streams.iter().find(|heard| heard.ssrc == ssrc)
    }

    /// The stream, which now stands first.
    fn hear(&mut self, ssrc: u32) -> &mut Heard {
        match self.streams.iter().position(|heard| heard.ssrc == ssrc) {
            Some(place) => self.streams[..=place].rotate_right(1),
            None => {
                if self.streams.is_full() {
                    self.streams.pop();
                }
                self.streams.insert(0, Heard { ssrc, packets: None, reports: None });
            }
        }
        &mut self.streams[0]
    }
}

/// Copies a packet to where it is decrypted: its head and its body.
fn copied<'r>(
    packet: &[u8],
    head: usize,
    room: &'r mut Room,
) -> Result<(&'r mut [u8], &'r mut [u8]), SecureFault> {
    room.clear();
    room.try_extend_from_slice(packet).map_err(|_| SecureFault::Malformed)?;
    room.split_at_mut_checked(head).ok_or(SecureFault::Malformed)
}

/// What of an RTP header encryption needs to know.
pub(super) struct Header {
    pub(super) ssrc: u32,
    pub(super) sequence: u16,
    /// With contributing sources and extension, which stay readable (RFC 3711 §3.1).
    pub(super) length: usize,
}

pub(super) fn header_of(packet: &[u8]) -> Option<Header> {
    let (fixed, rest) = packet.split_first_chunk::<HEADER_BYTES>()?;
    let [first, _, s1, s0, .., n3, n2, n1, n0] = *fixed;
    if first >> 6 != 2 {
        return None;
    }
    let sources = usize::from(first & 0x0f) * 4;
    let mut length = HEADER_BYTES + sources;
    if first & 0x10 != 0 {
        let extension = rest.get(sources..)?.first_chunk::<4>()?;
        length += 4 + 4 * usize::from(u16::from_be_bytes([extension[2], extension[3]]));
    }
    let header =
        Header { ssrc: u32::from_be_bytes([n3, n2, n1, n0]), sequence: u16::from_be_bytes([s1, s0]), length };
    (length <= packet.len()).then_some(header)
}

/// The parts of an SRTCP packet (RFC 3711 §3.4, RFC 7714 §9).
struct ReportParts {
    ssrc: u32,
    /// Where the report ends and what was added begins.
    body_end: usize,
    index_word: [u8; 4],
    index: u64,
    is_encrypted: bool,
}

impl ReportParts {
    /// `added` bytes stand behind the report, and the index begins `index_at` bytes before the end.
    fn of(datagram: &[u8], added: usize, index_at: usize) -> Result<Self, SecureFault> {
        let parts = || {
            let body_end = datagram.len().checked_sub(added)?;
            let head = datagram.get(..body_end)?.first_chunk::<REPORT_HEADER_BYTES>()?;
            let index_word = *datagram.get(datagram.len().checked_sub(index_at)?..)?.first_chunk::<4>()?;
            let word = u32::from_be_bytes(index_word);
            Some(ReportParts {
                ssrc: u32::from_be_bytes(*head.last_chunk()?),
                body_end,
                index_word,
                index: u64::from(word & !ENCRYPTED),
                is_encrypted: word & ENCRYPTED != 0,
            })
            .filter(|_| head[0] >> 6 == 2)
        };
        parts().ok_or(SecureFault::Malformed)
    }

    fn place(&self) -> Place {
        Place { ssrc: self.ssrc, index: self.index }
    }
}
