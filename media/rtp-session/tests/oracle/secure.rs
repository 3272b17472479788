//! The rules of encrypted packets that hold for any script and any bytes; judged by properties and by fuzzing.

use frontdesk_media_protocol::{SrtpKey, SrtpSuite};
use frontdesk_rtp_session::secure::{ADDED_TO_RTCP, ADDED_TO_RTP, Opening, Room, Sealing};
use std::collections::BTreeSet;

const SUITES: [SrtpSuite; 4] = [
    SrtpSuite::AesCm128HmacSha1_80,
    SrtpSuite::AesCm128HmacSha1_32,
    SrtpSuite::AeadAes128Gcm,
    SrtpSuite::AeadAes256Gcm,
];

/// A sender, what it sent so far, and a receiver.
struct Stage {
    sealing: Sealing,
    opening: Opening,
    sequence: u16,
    /// How many numbers the sender went on since the last packet that was taken, or since its first.
    ahead: u32,
    packets: Vec<Vec<u8>>,
    reports: Vec<Vec<u8>>,
    taken: BTreeSet<Vec<u8>>,
}

/// The first byte chooses the suite; then steps of: what to do, which packet, which byte.
pub fn check(bytes: &[u8]) {
    let Some((first, script)) = bytes.split_first() else { return };
    let suite = SUITES[usize::from(first % 4)];
    let key = SrtpKey::new(suite, &vec![*first; suite.key_bytes() + suite.salt_bytes()]).expect("a key");
    let mut stage = Stage {
        sealing: Sealing::new(suite, &key),
        opening: Opening::new(suite, &key),
        sequence: u16::from(*first) << 8,
        ahead: 0,
        packets: Vec::new(),
        reports: Vec::new(),
        taken: BTreeSet::new(),
    };
    for step in script.chunks_exact(3) {
        let [what, which, how] = [step[0], step[1], step[2]].map(usize::from);
        match what % 6 {
            0 | 1 => stage.sends(which),
            2 => stage.delivers(which),
            3 => stage.forges(which, how),
            4 => stage.reports(which, how),
            _ => stage.hears_rubbish(bytes.get(which..).unwrap_or_default()),
        }
    }
    // Whatever came, who has the key is heard; unless so much of it was lost that its number may be of any cycle.
    stage.sends(1);
    if stage.ahead >= 0x8000 {
        return;
    }
    let last = stage.packets.len() - 1;
    assert!(stage.open(last), "a good packet is refused after all of that");
}

impl Stage {
    /// The next packet, or one some numbers on.
    fn sends(&mut self, skip: usize) {
        let step = 1 + skip as u16 % 100;
        self.sequence = self.sequence.wrapping_add(step);
        self.ahead += u32::from(step);
        let mut packet = vec![0x80, 0];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend([0, 0, 0, 0, 0, 0, 0, 7]);
        packet.extend((0..skip).map(|n| n as u8));
        let length = packet.len();
        packet.resize(length + ADDED_TO_RTP, 0);
        let length = self.sealing.seal_rtp(&mut packet, length);
        assert!(length > 0, "a number of its own is encrypted");
        packet.truncate(length);
        self.packets.push(packet);
    }

    /// A packet arrives, perhaps not for the first time.
    fn delivers(&mut self, which: usize) {
        if !self.packets.is_empty() {
            self.open(which % self.packets.len());
        }
    }

    fn open(&mut self, at: usize) -> bool {
        let mut room = Room::new();
        let packet = self.packets[at].clone();
        let opened = self.opening.open_rtp(&packet, &mut room).is_ok();
        if opened {
            let number = u16::from_be_bytes([packet[2], packet[3]]);
            self.ahead = self.ahead.min(u32::from(self.sequence.wrapping_sub(number)));
            assert!(self.taken.insert(packet.clone()), "a packet was taken twice");
            assert_eq!(room[..12], packet[..12]);
            assert!(room[12..].iter().enumerate().all(|(n, byte)| *byte == n as u8), "another sound");
        }
        opened
    }

    fn forges(&mut self, which: usize, how: usize) {
        let Some(packet) = self.packets.get(which % self.packets.len().max(1)) else { return };
        let mut forged = packet.clone();
        let at = how % forged.len();
        match which % 2 {
            0 => forged[at] ^= 1 << (how % 8),
            _ => forged.truncate(at),
        }
        // With a tag of 32 bits one forgery in four thousand million would pass; not one of these.
        assert!(self.opening.open_rtp(&forged, &mut Room::new()).is_err(), "a forgery was taken");
    }

    fn reports(&mut self, which: usize, how: usize) {
        let mut report = vec![0x80, 201, 0, 1, 0, 0, 0, 7];
        report.extend((0..which).map(|n| n as u8));
        let length = report.len();
        report.resize(length + ADDED_TO_RTCP, 0);
        let length = self.sealing.seal_rtcp(&mut report, length);
        report.truncate(length);
        self.reports.push(report);
        let sent = self.reports[how % self.reports.len()].clone();
        let mut room = Room::new();
        if self.opening.open_rtcp(&sent, &mut room).is_ok() {
            assert!(self.taken.insert(sent.clone()), "a report was taken twice");
            assert!(room[8..].iter().enumerate().all(|(n, byte)| *byte == n as u8), "another report");
        }
        let mut forged = sent;
        let at = which % forged.len();
        forged[at] ^= 0x40;
        assert!(self.opening.open_rtcp(&forged, &mut room).is_err(), "a forged report was taken");
    }

    fn hears_rubbish(&mut self, bytes: &[u8]) {
        assert!(self.opening.open_rtp(bytes, &mut Room::new()).is_err());
        assert!(self.opening.open_rtcp(bytes, &mut Room::new()).is_err());
    }
}
