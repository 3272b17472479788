//! Reports about the streams (RFC 3550 §6): read and written in place, and when they are due.

use crate::secure::ADDED_TO_RTCP;
use frontdesk_identifiers::{Moment, WallTime};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;
use thiserror::Error;

pub mod xr;
pub use xr::VoipMetrics;
use xr::{EXTENDED_REPORT, VOIP_METRICS_BYTES};

/// The longest report that a session writes, with the longest name, encrypted or not.
pub const MAX_REPORT_BYTES: usize =
    28 + 24 + 4 + 4 + 2 + MAX_CNAME_BYTES + 4 + VOIP_METRICS_BYTES + 8 + ADDED_TO_RTCP;
/// The longest canonical name that is sent; a longer one is cut.
pub const MAX_CNAME_BYTES: usize = 64;
/// The shortest mean time between two reports (RFC 3550 §6.2); the first comes after half of it. With two
/// parties and G.711 the 5 % of bandwidth never ask for more.
const MEAN_INTERVAL: Duration = Duration::from_secs(5);
/// Compensates the bias of timer reconsideration: e − 3/2 (RFC 3550 §6.3.1).
const COMPENSATION: f64 = 1.218_28;
/// Seconds between 1900 and 1970.
const NTP_OFFSET_SECONDS: u64 = 2_208_988_800;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const ITEM_CNAME: u8 = 1;

/// What a sender says about its stream (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall clock time, NTP format.
    pub ntp: u64,
    /// The same time in units of the stream.
    pub rtp_timestamp: u32,
    /// Packets sent, modulo 2³².
    pub packets: u32,
    /// Payload bytes sent, modulo 2³².
    pub bytes: u32,
}

/// What a receiver says about a stream (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream that the report is about.
    pub ssrc: u32,
    /// The share lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; negative if more came than were sent.
    pub lost: i32,
    /// The extended highest sequence number.
    pub highest: u32,
    /// The jitter in units of the stream.
    pub jitter: u32,
    /// The middle of the NTP time of the last sender report; 0 if none came.
    pub last_sender_report: u32,
    /// The time since then, in 1/65,536 s.
    pub delay: u32,
}

/// One compound packet, as it is written.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Who reports.
    pub ssrc: u32,
    /// Present if it has sent since its last report.
    pub sender: Option<SenderInfo>,
    /// About the peer's stream, if one is received.
    pub block: Option<ReportBlock>,
    /// About the sound of the peer's stream (RFC 3611).
    pub voip: Option<VoipMetrics>,
    /// The reporter's canonical name (RFC 7022).
    pub cname: &'a str,
    /// It leaves.
    pub goodbye: bool,
}

/// What was read from a compound packet, as far as it concerns two parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Who reports.
    pub ssrc: u32,
    /// What it says about its own stream.
    pub sender: Option<SenderInfo>,
    /// What it says about the stream that was asked for.
    pub block: Option<ReportBlock>,
    /// What it says about that stream's sound (RFC 3611).
    pub voip: Option<VoipMetrics>,
    /// It leaves.
    pub goodbye: bool,
}

/// Why a datagram is no RTCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReportFault {
    /// It ends within a packet.
    #[error("the RTCP packet is cut short")]
    Short,
    /// Another version than 2.
    #[error("not RTCP version 2")]
    Version,
    /// A compound packet begins with a report (RFC 3550 A.2).
    #[error("the RTCP packet does not begin with a report")]
    NoReport,
}

/// Reads a compound packet (RFC 3550 A.2); `about` is the stream whose report block is wanted.
pub fn read(datagram: &[u8], about: u32) -> Result<Heard, ReportFault> {
    let mut heard: Option<Heard> = None;
    let mut rest = datagram;
    while let Some((header, after)) = rest.split_first_chunk::<4>() {
        let [first, kind, l1, l0] = *header;
        if first >> 6 != 2 {
            return Err(ReportFault::Version);
        }
        let length = usize::from(u16::from_be_bytes([l1, l0])) * 4;
        let (body, next) = after.split_at_checked(length).ok_or(ReportFault::Short)?;
        match (kind, &mut heard) {
            (SENDER_REPORT | RECEIVER_REPORT, None) => heard = Some(read_report(kind, body, about)?),
            (_, None) => return Err(ReportFault::NoReport),
            (GOODBYE, Some(heard)) => {
                let leavers = body.as_chunks::<4>().0.iter().take(usize::from(first & 0x1f));
                heard.goodbye |= leavers.copied().any(|ssrc| u32::from_be_bytes(ssrc) == heard.ssrc);
            }
            (EXTENDED_REPORT, Some(heard)) => heard.voip = VoipMetrics::read(body, about).or(heard.voip),
            // SDES, APP and further reports say nothing that two parties need.
            (_, Some(_)) => {}
        }
        rest = next;
    }
    if !rest.is_empty() {
        return Err(ReportFault::Short);
    }
    heard.ok_or(ReportFault::Short)
}

fn read_report(kind: u8, body: &[u8], about: u32) -> Result<Heard, ReportFault> {
    let (words, _) = body.as_chunks::<4>();
    let mut words = words.iter().map(|word| u32::from_be_bytes(*word));
    let mut next = || words.next().ok_or(ReportFault::Short);
    let ssrc = next()?;
    let sender = match kind {
        SENDER_REPORT => Some(SenderInfo {
            ntp: (u64::from(next()?) << 32) | u64::from(next()?),
            rtp_timestamp: next()?,
            packets: next()?,
            bytes: next()?,
        }),
        _ => None,
    };
    let mut found = None;
    // What follows the blocks that are there is the profile's business; the count is not needed.
    while let Ok(block_ssrc) = next() {
        let (Ok(loss), Ok(highest), Ok(jitter)) = (next(), next(), next()) else { break };
        let (Ok(last_sender_report), Ok(delay)) = (next(), next()) else { break };
        if block_ssrc == about {
            found = Some(ReportBlock {
                ssrc: block_ssrc,
                fraction_lost: (loss >> 24) as u8,
                // 24 bits with a sign.
                lost: ((loss << 8) as i32) >> 8,
                highest,
                jitter,
                last_sender_report,
                delay,
            });
        }
    }
    Ok(Heard { ssrc, sender, block: found, voip: None, goodbye: false })
}

/// Writes a compound packet: report, source description, and goodbye if it leaves. Its length, or 0 if it
/// does not fit into `out`; [`MAX_REPORT_BYTES`] always fit.
pub fn write(report: &Report<'_>, out: &mut [u8]) -> usize {
    let mut writer = Writer { out, at: 0, fits: true };
    let blocks = u8::from(report.block.is_some());
    let block_words = 6 * u16::from(blocks);
    match report.sender {
        Some(sender) => {
            writer.header(blocks, SENDER_REPORT, 6 + block_words);
            writer.word(report.ssrc);
            writer.word((sender.ntp >> 32) as u32);
            writer.word(sender.ntp as u32);
            writer.word(sender.rtp_timestamp);
            writer.word(sender.packets);
            writer.word(sender.bytes);
        }
        None => {
            writer.header(blocks, RECEIVER_REPORT, 1 + block_words);
            writer.word(report.ssrc);
        }
    }
    if let Some(block) = report.block {
        writer.word(block.ssrc);
        let lost = block.lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        writer.word((u32::from(block.fraction_lost) << 24) | lost);
        writer.word(block.highest);
        writer.word(block.jitter);
        writer.word(block.last_sender_report);
        writer.word(block.delay);
    }
    let name = &report.cname.as_bytes()[..report.cname.len().min(MAX_CNAME_BYTES)];
    // Type, length, name, and at least one zero up to the next word (RFC 3550 §6.5).
    let item = (2 + name.len() + 1).next_multiple_of(4);
    writer.header(1, SOURCE_DESCRIPTION, 1 + (item / 4) as u16);
    writer.word(report.ssrc);
    writer.bytes(&[ITEM_CNAME, name.len() as u8]);
    writer.bytes(name);
    writer.bytes(&[0; 4][..item - 2 - name.len()]);
    if let Some(voip) = &report.voip {
        voip.write(report.ssrc, &mut writer);
    }
    if report.goodbye {
        writer.header(1, GOODBYE, 1);
        writer.word(report.ssrc);
    }
    if writer.fits { writer.at } else { 0 }
}

struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
    fits: bool,
}

impl Writer<'_> {
    fn header(&mut self, count: u8, kind: u8, words: u16) {
        let [l1, l0] = words.to_be_bytes();
        self.bytes(&[0x80 | count, kind, l1, l0]);
    }

    fn word(&mut self, word: u32) {
        self.bytes(&word.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        match self.out.get_mut(self.at..self.at + bytes.len()) {
            Some(place) => place.copy_from_slice(bytes),
            None => self.fits = false,
        }
        self.at += bytes.len();
    }
}

/// The NTP format of a wall clock time: seconds since 1900 and their fraction, 32 bits each.
pub fn ntp_of(wall: WallTime) -> u64 {
    let micros = wall.as_unix_micros();
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    (seconds.wrapping_add(NTP_OFFSET_SECONDS) << 32) | ((fraction << 32) / 1_000_000)
}

/// The middle 32 bits of an NTP time, as report blocks quote it.
pub const fn ntp_middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// A duration in 1/65,536 s.
pub fn in_ntp_fractions(time: Duration) -> u32 {
    u32::try_from((time.as_nanos() << 16) / 1_000_000_000).unwrap_or(u32::MAX)
}

/// When reports are due (RFC 3550 §6.3.1, for two parties).
#[derive(Debug, Clone)]
pub struct ReportTimer {
    chance: ChaCha8Rng,
    next: Moment,
}

impl ReportTimer {
    /// The first report is due after half the mean interval.
    pub fn new(seed: [u8; 32], now: Moment) -> Self {
        let mut timer = ReportTimer { chance: ChaCha8Rng::from_seed(seed), next: now };
        timer.next = now + timer.draw(MEAN_INTERVAL / 2);
        timer
    }

    /// When the next report is due.
    pub fn deadline(&self) -> Moment {
        self.next
    }

    /// Whether a report is due; if so, the next one is drawn.
    pub fn is_due(&mut self, now: Moment) -> bool {
        let due = now >= self.next;
        if due {
            self.next = now + self.draw(MEAN_INTERVAL);
        }
        due
    }

    /// Between half and one and a half of the interval, so that parties do not fall into step.
    fn draw(&mut self, mean: Duration) -> Duration {
        let chance = f64::from(self.chance.next_u32()) / f64::from(u32::MAX);
        mean.mul_f64((0.5 + chance) / COMPENSATION)
    }
}

#[cfg(test)]
mod tests;
