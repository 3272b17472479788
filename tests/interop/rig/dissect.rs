//! A foreign reader of what desks said: tshark, once for a whole file.

use super::program::installed;
use super::watch::Spoken;
use super::wire::Wire;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// A packet of a desk that is not as it should be.
#[derive(Debug)]
pub struct Finding {
    /// Who said it.
    pub story: String,
    /// Which packet of the file.
    pub packet: String,
    /// What tshark says of it.
    pub fault: String,
}

/// What was found in a file.
pub struct Read {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many packets desks sent of what tshark knows as `sip`, `sdp`, `rtp`, `rtpevent` and `rtcp`.
    pub known: BTreeMap<&'static str, usize>,
}

const KNOWN: [&str; 5] = ["sip", "sdp", "rtp", "rtpevent", "rtcp"];

/// What tshark is asked to tell of a packet, in this order.
const FIELDS: [&str; 20] = [
    "frame.number",
    "frame.time_epoch",
    "udp.srcport",
    "udp.dstport",
    "tcp.srcport",
    "tcp.dstport",
    "_ws.col.Protocol",
    "_ws.expert.severity",
    "_ws.expert.group",
    "_ws.expert.message",
    "_ws.col.Info",
    "sdp.media.port",
    "frame.protocols",
    "sip.CSeq.seq",
    "sip.Via.branch",
    "sip.from.tag",
    "sip.Call-ID",
    "sdp.owner.address",
    "sdp.connection_info.address",
    "data.data",
];

/// What tshark must have been able to read in every message, and in every description: of a line that is cut short it
/// says nothing but what it could read of it.
const READ_IN_SIP: std::ops::Range<usize> = 13..17;
const READ_IN_SDP: [usize; 3] = [11, 17, 18];

/// tshark's numbers for a warning, and for the group of remarks on the order of a stream's segments.
const WARNING: u64 = 0x0060_0000;
const SEQUENCE: u64 = 0x0200_0000;

/// One packet, as tshark tells it.
struct Packet<'a> {
    fields: Vec<&'a str>,
    at: SystemTime,
}

impl<'a> Packet<'a> {
    fn read(line: &'a str) -> Packet<'a> {
        let fields: Vec<_> = line.split('\t').collect();
        assert_eq!(fields.len(), FIELDS.len(), "tshark tells {} fields: {line}", FIELDS.len());
        let seconds: f64 = fields[1].parse().expect("a time");
        Packet { fields, at: SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds) }
    }

    fn port(&self, field: usize) -> Option<u16> {
        self.fields[field].split('|').next()?.parse().ok()
    }

    fn is_datagram(&self) -> bool {
        self.port(2).is_some()
    }

    fn has(&self, protocol: &str) -> bool {
        self.fields[12].split(':').any(|known| known == protocol)
    }

    /// What is wrong with it, beside the order in which a stream's segments come.
    fn fault(&self) -> Option<String> {
        let number = |text: &str| text.parse::<u64>().unwrap_or_default();
        let groups = self.fields[8].split('|').map(number);
        let severities = self.fields[7].split('|').map(number);
        let bad = severities.zip(groups).any(|(severity, group)| severity >= WARNING && group != SEQUENCE);
        let malformed = self.has("_ws.malformed");
        (bad || malformed).then(|| format!("{} {} ({})", self.fields[6], self.fields[10], self.fields[9]))
    }

    /// What a desk's SIP lacks. Empty lines are none: they keep a path open (RFC 5626 §3.5.1). Nor is the first part of a
    /// message that takes several segments.
    fn lacking(&self) -> Option<String> {
        if !self.has("sip") || self.fields[10].starts_with("Continuation") {
            let empty = self.fields[19].replace("0d", "").replace("0a", "").is_empty();
            let strange = self.has("sip") || self.has("data") && !empty;
            return strange.then(|| format!("no SIP: {}", self.fields[10]));
        }
        let in_sdp = READ_IN_SDP.into_iter().filter(|_| self.has("sdp"));
        let lacks = READ_IN_SIP.chain(in_sdp).find(|field| self.fields[*field].is_empty())?;
        Some(format!("{}: no {} can be read", self.fields[10], FIELDS[lacks]))
    }

    fn is_of(&self, spoken: &Spoken) -> bool {
        let field = match (spoken.wire, spoken.is_source) {
            (Wire::Udp, true) => 2,
            (Wire::Udp, false) => 3,
            (Wire::Tcp | Wire::Tls, true) => 4,
            (Wire::Tcp | Wire::Tls, false) => 5,
        };
        self.port(field) == Some(spoken.port) && within(self.at, spoken.since, spoken.until)
    }
}

fn within(at: SystemTime, since: SystemTime, until: Option<SystemTime>) -> bool {
    since <= at && until.is_none_or(|until| at <= until)
}

/// Reads a file in which these are what desks said. Their ports of sound stand in what they said.
pub fn read(file: &Path, spoken: &[Spoken]) -> Read {
    let output = tshark(file, spoken);
    let packets: Vec<Packet<'_>> = output.lines().map(Packet::read).collect();
    let mut read = Read { findings: Vec::new(), known: BTreeMap::new() };
    let mut sound: BTreeMap<u16, Vec<&Spoken>> = BTreeMap::new();
    for packet in &packets {
        let Some(by) = spoken.iter().find(|spoken| packet.is_of(spoken)) else { continue };
        for port in packet.fields[11].split('|').filter_map(|port| port.parse::<u16>().ok()) {
            let known = sound.entry(port).or_default();
            if !known.iter().any(|one| std::ptr::eq(*one, by)) {
                known.push(by);
            }
        }
        read.count(packet);
        let fault = packet.fault().or_else(|| packet.lacking());
        read.findings.extend(fault.map(|fault| packet.finding(by, fault)));
    }
    for packet in packets.iter().filter(|packet| packet.is_datagram()) {
        let Some(port) = packet.port(2) else { continue };
        let of = |port: u16| {
            let known = sound.get(&port).into_iter().flatten();
            known.copied().find(|spoken| within(packet.at, spoken.since, spoken.until))
        };
        // The reports go from the next port (RFC 3550 §11).
        let Some(by) = of(port).or_else(|| of(port.wrapping_sub(1))) else { continue };
        let readable = ["rtp", "rtcp", "rtpevent"].iter().any(|known| packet.has(known));
        read.count(packet);
        let fault = packet.fault().or_else(|| (!readable).then(|| format!("no RTP: {}", packet.fields[10])));
        read.findings.extend(fault.map(|fault| packet.finding(by, fault)));
    }
    read
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: packet {}: {}", self.story, self.packet, self.fault)
    }
}

impl Read {
    fn count(&mut self, packet: &Packet<'_>) {
        for protocol in KNOWN.into_iter().filter(|protocol| packet.has(protocol)) {
            *self.known.entry(protocol).or_default() += 1;
        }
    }
}

impl Packet<'_> {
    fn finding(&self, by: &Spoken, fault: String) -> Finding {
        Finding { story: by.story.clone(), packet: self.fields[0].to_owned(), fault }
    }
}

fn tshark(file: &Path, spoken: &[Spoken]) -> String {
    let mut command = Command::new(installed("tshark", "tshark"));
    command.arg("-n").arg("-r").arg(file).args(["-T", "fields", "-E", "aggregator=|"]);
    // Linphone knocks with STUN where it is to be sent sound; tshark would take the sound after that for no sound any more.
    command.args(["--disable-heuristic", "stun_udp"]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    let ports: BTreeSet<(&str, u16)> = spoken
        .iter()
        .map(|spoken| (if spoken.wire == Wire::Udp { "udp" } else { "tcp" }, spoken.port))
        .collect();
    for (wire, port) in &ports {
        command.args(["-d", &format!("{wire}.port=={port},sip")]);
    }
    // Of streams only what desks are in: others may be on the loopback too. Of datagrams all, since ports of sound are known
    // when they are announced.
    let streams: Vec<_> =
        ports.iter().filter(|(wire, _)| *wire == "tcp").map(|(_, port)| port.to_string()).collect();
    let streams = match streams.is_empty() {
        true => String::new(),
        false => format!(" || (tcp.len > 0 && tcp.port in {{{}}})", streams.join(",")),
    };
    let output =
        command.args(["-Y", &format!("!icmp && !icmpv6 && (udp{streams})")]).output().expect("tshark starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
