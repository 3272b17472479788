//! What really went over the loopback: dumpcap writes it, and the test reads the packets themselves.

use super::program::{Program, installed};
use frontdesk_audio::g711;
use rustix::process::Signal;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// A capture that runs.
pub struct Capture {
    program: Program,
    folder: tempfile::TempDir,
}

/// A UDP datagram that was captured.
#[derive(Debug)]
pub struct Datagram {
    /// From where.
    pub from: SocketAddr,
    /// Where to.
    pub to: SocketAddr,
    /// What.
    pub bytes: Vec<u8>,
}

/// A capture that is over.
pub struct Captured {
    /// Its datagrams in the order of their time.
    pub datagrams: Vec<Datagram>,
    _folder: tempfile::TempDir,
}

impl Capture {
    /// Captures all UDP on the loopback from now on.
    pub fn start() -> Capture {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = std::process::Command::new(installed("dumpcap", "tshark"));
        command.args(["-i", "lo", "-f", "udp", "-P", "-q", "-w"]).arg(folder.path().join("wire.pcap"));
        let mut program =
            Program::start("dumpcap (it needs root, or `dpkg-reconfigure wireshark-common`)", command);
        program.wait_for("it captures", Duration::from_secs(10), |line| line.starts_with("File: "));
        Capture { program, folder }
    }

    /// Ends it.
    pub fn stop(mut self) -> Captured {
        // The kernel hands packets over in blocks: the last ones are still on their way.
        std::thread::sleep(Duration::from_millis(300));
        self.program.signal(Signal::INT);
        let status = self.program.finish(Duration::from_secs(10));
        assert!(status.success(), "dumpcap ended with {status}");
        let file = self.folder.path().join("wire.pcap");
        let bytes = std::fs::read(&file).expect("dumpcap has written a file");
        Captured { datagrams: datagrams(&bytes), _folder: self.folder }
    }
}

impl Captured {
    /// The requests of this method that were sent to this place by datagrams.
    pub fn requests_to(&self, place: SocketAddr, method: &str) -> impl Iterator<Item = String> {
        let start = format!("{method} ");
        let sent = self.datagrams.iter().filter(move |datagram| datagram.to == place);
        sent.map(|datagram| String::from_utf8_lossy(&datagram.bytes).into_owned())
            .filter(move |text| text.starts_with(&start))
    }

    /// The RTP packets from this place.
    pub fn rtp_from(&self, place: SocketAddr) -> Vec<RtpPacket> {
        self.datagrams.iter().filter(|datagram| datagram.from == place).filter_map(RtpPacket::read).collect()
    }

    /// The RTP packets to this place.
    pub fn rtp_to(&self, place: SocketAddr) -> Vec<RtpPacket> {
        self.datagrams.iter().filter(|datagram| datagram.to == place).filter_map(RtpPacket::read).collect()
    }
}

/// An RTP packet (RFC 3550 §5.1), as far as the stories look at it.
#[derive(Debug)]
pub struct RtpPacket {
    /// Its payload type.
    pub payload_type: u8,
    /// Its sequence number.
    pub sequence: u16,
    /// Its timestamp.
    pub timestamp: u32,
    /// Its source.
    pub source: u32,
    /// Its payload.
    pub payload: Vec<u8>,
}

impl RtpPacket {
    fn read(datagram: &Datagram) -> Option<RtpPacket> {
        let bytes = &datagram.bytes;
        let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let (first, second) = (*bytes.first()?, *bytes.get(1)?);
        // Version 2, neither padding nor extension nor contributing sources, and no RTCP (RFC 5761 §4).
        if first != 0x80 || (64..=95).contains(&(second & 0x7F)) {
            return None;
        }
        Some(RtpPacket {
            payload_type: second & 0x7F,
            sequence: u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?),
            timestamp: word(4)?,
            source: word(8)?,
            payload: bytes.get(12..)?.to_vec(),
        })
    }
}

/// The sound of a G.711 stream, each packet at the place of its timestamp. Other payload types are left out.
pub fn sound(packets: &[RtpPacket]) -> Vec<i16> {
    let voice = || packets.iter().filter(|packet| packet.payload_type == 0 || packet.payload_type == 8);
    let Some(first) = voice().next().map(|packet| packet.timestamp) else { return Vec::new() };
    let mut sound = Vec::new();
    for packet in voice() {
        let at = packet.timestamp.wrapping_sub(first) as usize;
        let end = at + packet.payload.len();
        // Ten minutes: anything beyond is another stream.
        assert!(end < 4_800_000, "the timestamp leaps to {} from {first}", packet.timestamp);
        if sound.len() < end {
            sound.resize(end, 0);
        }
        match packet.payload_type {
            0 => g711::decode_ulaw(&packet.payload, &mut sound[at..end]),
            _ => g711::decode_alaw(&packet.payload, &mut sound[at..end]),
        }
    }
    sound
}

/// Reads a pcap file of an Ethernet-like interface.
fn datagrams(pcap: &[u8]) -> Vec<Datagram> {
    let word = |at: usize| u32::from_le_bytes(pcap[at..at + 4].try_into().expect("four bytes"));
    assert_eq!(word(0), 0xA1B2_C3D4, "a pcap file with microseconds");
    assert_eq!(word(20), 1, "Ethernet frames");
    let mut datagrams = Vec::new();
    let mut at = 24;
    while at + 16 <= pcap.len() {
        let end = at + 16 + word(at + 8) as usize;
        let Some(frame) = pcap.get(at + 16..end) else { break };
        datagrams.extend(udp(frame));
        at = end;
    }
    datagrams
}

fn udp(frame: &[u8]) -> Option<Datagram> {
    let (from, to, udp) = match frame.get(12..14)? {
        [0x08, 0x00] => {
            let header = usize::from(frame.get(14)? & 0x0F) * 4;
            let ip = |at: usize| {
                Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(frame.get(at..at + 4)?).ok()?)))
            };
            (ip(26)?, ip(30)?, frame.get(14 + header..)?)
        }
        [0x86, 0xDD] => {
            let ip = |at: usize| {
                Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(frame.get(at..at + 16)?).ok()?)))
            };
            (ip(22)?, ip(38)?, frame.get(54..)?)
        }
        _ => return None,
    };
    let number = |at: usize| Some(u16::from_be_bytes(udp.get(at..at + 2)?.try_into().ok()?));
    let bytes = udp.get(8..usize::from(number(4)?))?.to_vec();
    Some(Datagram { from: SocketAddr::new(from, number(0)?), to: SocketAddr::new(to, number(2)?), bytes })
}
