//! How good the session's sound is: for the record, and for the peer.

use super::{RtpSession, Stream};
use crate::playout::{MOST_WAITING, line::GREATEST_SPREAD};
use crate::quality::bursts::{BurstMetrics, Bursts, GMIN};
use crate::quality::e_model::opinion;
use crate::quality::watch::{Known, Told, rating_of_received};
use crate::rtcp::VoipMetrics;
use crate::rtcp::xr::{CONFIGURATION, UNAVAILABLE};
use frontdesk_media_protocol::{LegQuality, LegSummary, Mos};
use std::time::Duration;

impl RtpSession {
    /// Both directions since this was asked last, or since the beginning.
    pub fn close_quality_interval(&mut self) -> LegQuality {
        let known = self.known();
        self.watch.close(&known)
    }

    /// Both directions over all intervals that were closed.
    pub fn quality_summary(&self) -> LegSummary {
        self.watch.summary()
    }

    fn known(&self) -> Known {
        let counters = self.counters();
        Known {
            received: counters.packets_received,
            lost: counters.packets_lost,
            late: counters.packets_late + counters.packets_overflown,
            jitter_us: counters.jitter_us,
            burst_ratio: self.stream.as_ref().map_or(1.0, |stream| stream.sequence.bursts().ratio()),
            held: self.held,
            round_trip: counters.round_trip,
            sent: counters.packets_sent,
            told: self.told,
        }
    }

    /// What the peer reports of our stream: a block of each report, and its own opinion where it has one.
    pub(super) fn note_told(&mut self, lost: i32, fraction_lost: u8, voip: Option<VoipMetrics>) {
        let told = self.told.get_or_insert_default();
        *told = Told {
            reports: told.reports + 1,
            lost: u64::try_from(lost).unwrap_or(0),
            loss: f32::from(fraction_lost) / 256.0,
            jitter_us: self.counters.remote_jitter_us,
            // RFC 3611 §4.7.5: 10 to 50.
            mos: voip
                .map(|voip| voip.conversation)
                .filter(|mos| (10..=50).contains(mos))
                .map(|mos| Mos::new(f32::from(mos) / 10.0)),
        };
    }

    /// What we tell the peer about its sound (RFC 3611 §4.7).
    pub(super) fn voip_metrics(&self) -> Option<VoipMetrics> {
        let stream = self.stream.as_ref()?;
        let known = self.known();
        let expected = known.received + known.lost + known.late;
        let share = |count: u64| if expected == 0 { 0.0 } else { count as f32 / expected as f32 };
        let rating = rating_of_received(share(known.lost + known.late), &known);
        let without_delay = Known { held: Duration::ZERO, round_trip: None, ..known };
        let listening = rating_of_received(share(known.lost + known.late), &without_delay);
        let tenths = |rating: f32| (opinion(rating).hundredths() / 10) as u8;
        let BurstMetrics { burst_density, gap_density, burst_packets, gap_packets, .. } =
            bursts_of(stream).metrics();
        let packet_ms = self.packet_time.as_secs_f32() * 1_000.0;
        Some(VoipMetrics {
            ssrc: stream.ssrc,
            loss_rate: fraction(share(known.lost)),
            discard_rate: fraction(share(known.late)),
            burst_density: fraction(burst_density),
            gap_density: fraction(gap_density),
            burst_ms: (burst_packets * packet_ms) as u16,
            gap_ms: (gap_packets * packet_ms) as u16,
            round_trip_ms: millis(known.round_trip.unwrap_or_default()),
            end_system_ms: millis(known.held),
            signal_level: UNAVAILABLE,
            noise_level: UNAVAILABLE,
            echo_return_loss: UNAVAILABLE,
            gmin: GMIN as u8,
            rating: rating as u8,
            external_rating: UNAVAILABLE,
            listening: tenths(listening),
            conversation: tenths(rating),
            configuration: CONFIGURATION,
            buffer_ms: millis(known.held),
            buffer_most_ms: millis(GREATEST_SPREAD),
            buffer_limit_ms: millis(MOST_WAITING),
        })
    }
}

fn bursts_of(stream: &Stream) -> &Bursts {
    stream.sequence.bursts()
}

/// A share in 1/256.
fn fraction(share: f32) -> u8 {
    (share * 256.0) as u8
}

fn millis(time: Duration) -> u16 {
    u16::try_from(time.as_millis()).unwrap_or(u16::MAX)
}
