//! The session's reports: what it says about the peer's stream and hears about its own.

use super::{RtcpReceived, RtpSession};
use crate::rtcp::{self, Heard, Report, ReportBlock, SenderInfo};
use crate::secure::Room;
use frontdesk_identifiers::{Moment, WallTime};
use std::net::SocketAddr;
use std::time::Duration;

impl RtpSession {
    /// Takes a datagram that came to the RTCP socket.
    pub fn receive_rtcp(&mut self, datagram: &[u8], source: SocketAddr, now: Moment) -> RtcpReceived {
        if source != self.remote.rtcp && source.ip() != self.latching.send_to().ip() {
            return RtcpReceived::Source;
        }
        let mut room = Room::new();
        let datagram = if self.security.is_on() {
            if let Err(fault) = self.security.open_rtcp(datagram, now, &mut room) {
                return RtcpReceived::Insecure(fault);
            }
            &room
        } else {
            datagram
        };
        let heard: Heard = match rtcp::read(datagram, self.ssrc) {
            Ok(heard) => heard,
            Err(fault) => return RtcpReceived::Refused(fault),
        };
        self.rtcp_source = Some(source);
        if let Some(sender) = heard.sender {
            self.peer_report = Some((rtcp::ntp_middle(sender.ntp), now));
        }
        if let Some(block) = heard.block {
            self.note_block(&block, now);
            self.note_told(block.lost, block.fraction_lost, heard.voip);
        }
        self.note_silence(&heard, now);
        if heard.goodbye { RtcpReceived::Goodbye } else { RtcpReceived::Report }
    }

    /// A peer that reports and has sent nothing since its last report is silent and not gone: it is muted, or sends no
    /// packets while nobody speaks. One that says it sent what never came is not taken at its word.
    fn note_silence(&mut self, heard: &Heard, now: Moment) {
        let sent = heard.sender.map(|sender| sender.packets);
        let before = self.peer_sent;
        self.peer_sent = sent.or(before);
        let is_silent = match (sent, before) {
            (None, _) => true,
            (Some(sent), Some(before)) => sent == before,
            (Some(sent), None) => u64::from(sent) <= self.counters.packets_received,
        };
        if is_silent && !heard.goodbye {
            self.silent_at = Some(now);
        }
    }

    /// When the peer reported last that it sends nothing.
    pub fn peer_said_silent_at(&self) -> Option<Moment> {
        self.silent_at
    }

    /// Reports come and go on the RTP port from now on, or on their own (RFC 5761).
    pub fn set_rtcp_mux(&mut self, mux: bool) {
        self.mux = mux;
    }

    /// Whether a datagram on the RTP port is for [`receive_rtcp`](Self::receive_rtcp): by its packet type, 192–223, which
    /// encryption leaves readable (RFC 5761 §4).
    pub fn is_report(&self, datagram: &[u8]) -> bool {
        self.mux && datagram.get(1).is_some_and(|kind| (192..=223).contains(kind))
    }

    /// Whether reports go to the RTP port.
    pub fn mixes_reports(&self) -> bool {
        self.mux
    }

    fn note_block(&mut self, block: &ReportBlock, now: Moment) {
        self.counters.remote_fraction_lost = block.fraction_lost;
        let jitter_us = u64::from(block.jitter) * 1_000_000 / u64::from(self.clock.hz());
        self.counters.remote_jitter_us = u32::try_from(jitter_us).unwrap_or(u32::MAX);
        // RFC 3550 §6.4.1, by our own steady clock: the wall clock may jump between report and answer.
        if let Some((quoted, sent)) = self.our_report
            && quoted == block.last_sender_report
        {
            let held = Duration::from_nanos((u64::from(block.delay) * 1_000_000_000) >> 16);
            self.counters.round_trip = Some(now.since(sent).saturating_sub(held));
        }
    }

    /// When the next report is due.
    pub fn rtcp_deadline(&self) -> Moment {
        self.timer.deadline()
    }

    /// Where to send RTCP now: where SDP says, unless the peer turned out to be elsewhere.
    pub fn rtcp_to(&self) -> SocketAddr {
        if self.mux {
            return self.latching.send_to();
        }
        if self.latching.is_where_signalled() {
            return self.remote.rtcp;
        }
        let rtp = self.latching.send_to();
        match self.rtcp_source {
            Some(source) if source.ip() == rtp.ip() => source,
            _ => SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1)),
        }
    }

    /// Writes a report into `out` if one is due; its length, or 0. [`rtcp::MAX_REPORT_BYTES`] always fit.
    pub fn write_rtcp(&mut self, now: Moment, wall: WallTime, out: &mut [u8]) -> usize {
        if self.timer.is_due(now) { self.write_report(now, wall, false, out) } else { 0 }
    }

    /// Writes the last report, which says goodbye. Two parties need not wait with it (RFC 3550 §6.3.7).
    pub fn write_goodbye(&mut self, now: Moment, wall: WallTime, out: &mut [u8]) -> usize {
        self.write_report(now, wall, true, out)
    }

    fn write_report(&mut self, now: Moment, wall: WallTime, goodbye: bool, out: &mut [u8]) -> usize {
        let ntp = rtcp::ntp_of(wall);
        let voip = self.voip_metrics();
        let has_sent = self.counters.packets_sent > self.sent_at_report;
        let sender = self.sent_last.filter(|_| has_sent).map(|sent| SenderInfo {
            ntp,
            rtp_timestamp: self.clock.timestamp_at(now, sent),
            packets: self.counters.packets_sent as u32,
            bytes: self.counters.bytes_sent as u32,
        });
        let heard = self.peer_report;
        let block = self.stream.as_mut().map(|stream| ReportBlock {
            ssrc: stream.ssrc,
            fraction_lost: stream.sequence.fraction_lost(),
            lost: i32::try_from(stream.lost()).unwrap_or(i32::MAX),
            highest: stream.sequence.reported_highest(),
            jitter: stream.jitter_units(),
            last_sender_report: heard.map_or(0, |(middle, _)| middle),
            delay: heard.map_or(0, |(_, at)| rtcp::in_ntp_fractions(now.since(at))),
        });
        self.sent_at_report = self.counters.packets_sent;
        if sender.is_some() {
            self.our_report = Some((rtcp::ntp_middle(ntp), now));
        }
        let length =
            rtcp::write(&Report { ssrc: self.ssrc, sender, block, voip, cname: &self.cname, goodbye }, out);
        if length > 0 { self.security.seal_rtcp(out, length) } else { 0 }
    }
}
