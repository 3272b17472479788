//! The way out: packets are encrypted in place.

use super::cipher::{Cipher, Place};
use super::derive::Kind;
use super::opening::{REPORT_HEADER_BYTES, header_of};
use super::window::Window;
use frontdesk_media_protocol::{SrtpKey, SrtpSuite};

/// Says in front of an SRTCP index that the report is encrypted (RFC 3711 §3.4).
pub(super) const ENCRYPTED: u32 = 1 << 31;

/// What this side encrypts with, and how far it is.
pub struct Sealing {
    rtp: Cipher,
    rtcp: Cipher,
    /// Of this side's one stream.
    sent: Option<Window>,
    next_report: u32,
}

impl Sealing {
    /// Derives the session keys; not on the tick.
    pub fn new(suite: SrtpSuite, key: &SrtpKey) -> Self {
        Sealing {
            rtp: Cipher::new(suite, key, Kind::Rtp),
            rtcp: Cipher::new(suite, key, Kind::Rtcp),
            sent: None,
            next_report: 0,
        }
    }

    /// Encrypts the packet that lies in the first `length` bytes; the length of what is to be sent. 0 if there is no room
    /// for the tag ([`ADDED_TO_RTP`](super::ADDED_TO_RTP)), or if a packet of this index was encrypted before: two
    /// packets of one index would betray each other's sound.
    pub fn seal_rtp(&mut self, packet: &mut [u8], length: usize) -> usize {
        self.try_seal_rtp(packet, length).unwrap_or(0)
    }

    fn try_seal_rtp(&mut self, room: &mut [u8], length: usize) -> Option<usize> {
        let sealed = length + self.rtp.tag_bytes();
        let (packet, tag_room) = room.get_mut(..sealed)?.split_at_mut(length);
        let header = header_of(packet)?;
        let index = match &self.sent {
            Some(sent) => sent.guess(header.sequence).filter(|index| sent.is_new(*index))?,
            None => u64::from(header.sequence),
        };
        let at = Place { ssrc: header.ssrc, index };
        match &self.rtp {
            Cipher::Counter(counter) => {
                counter.apply(at, packet.get_mut(header.length..)?);
                let tag = counter.tag(packet, &((index >> 16) as u32).to_be_bytes());
                tag_room.copy_from_slice(tag.get(..tag_room.len())?);
            }
            Cipher::Gcm(gcm) => {
                let (head, body) = packet.split_at_mut_checked(header.length)?;
                tag_room.copy_from_slice(gcm.seal(at, head, body)?.as_ref());
            }
        }
        self.sent.get_or_insert(Window::beginning_with(index)).note(index);
        Some(sealed)
    }

    /// Encrypts the report that lies in the first `length` bytes; the length of what is to be sent. 0 if there is no room
    /// ([`ADDED_TO_RTCP`](super::ADDED_TO_RTCP)), or after 2³¹ reports.
    pub fn seal_rtcp(&mut self, report: &mut [u8], length: usize) -> usize {
        self.try_seal_rtcp(report, length).unwrap_or(0)
    }

    fn try_seal_rtcp(&mut self, room: &mut [u8], length: usize) -> Option<usize> {
        let index = Some(self.next_report).filter(|index| *index < ENCRYPTED)?;
        let sealed = length + self.rtcp.tag_bytes() + 4;
        let (report, added) = room.get_mut(..sealed)?.split_at_mut(length);
        let (head, body) = report.split_first_chunk_mut::<REPORT_HEADER_BYTES>()?;
        let ssrc = u32::from_be_bytes(*head.last_chunk()?);
        let at = Place { ssrc, index: u64::from(index) };
        let index_word = (ENCRYPTED | index).to_be_bytes();
        match &self.rtcp {
            // RFC 3711 §3.4: the index, then the tag over everything.
            Cipher::Counter(counter) => {
                counter.apply(at, body);
                let (index_room, tag_room) = added.split_at_mut_checked(4)?;
                index_room.copy_from_slice(&index_word);
                let tag = counter.tag(report, &index_word);
                tag_room.copy_from_slice(tag.get(..tag_room.len())?);
            }
            // RFC 7714 §9.2: the tag, then the index.
            Cipher::Gcm(gcm) => {
                let tag = gcm.seal(at, &report_aad(*head, index_word), body)?;
                let (tag_room, index_room) = added.split_at_mut_checked(tag.as_ref().len())?;
                tag_room.copy_from_slice(tag.as_ref());
                index_room.copy_from_slice(&index_word);
            }
        }
        self.next_report = index + 1;
        Some(sealed)
    }
}

/// What GCM authenticates beside an encrypted report (RFC 7714 §9.2).
pub(super) fn report_aad(head: [u8; REPORT_HEADER_BYTES], index_word: [u8; 4]) -> [u8; 12] {
    let mut aad = [0; 12];
    aad[..8].copy_from_slice(&head);
    aad[8..].copy_from_slice(&index_word);
    aad
}
