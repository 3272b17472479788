//! The quality of a session's two directions, over some seconds and over its life.

use super::e_model::{Conditions, G711_CONCEALED, opinion, rating};
use frontdesk_media_protocol::{DirectionQuality, DirectionSummary, LegQuality, LegSummary, Mos};
use std::time::Duration;

/// What is known of a session at a time. Counts are from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Known {
    /// Packets that were taken.
    pub received: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that came too late, or were thrown away.
    pub late: u64,
    /// The jitter now.
    pub jitter_us: u32,
    /// How much longer the runs of loss are than by chance.
    pub burst_ratio: f32,
    /// How long a packet waits here, and how long it lasts.
    pub held: Duration,
    /// The last round trip time, if it is known.
    pub round_trip: Option<Duration>,
    /// Packets that were sent.
    pub sent: u64,
    /// What the peer says of them, if it ever did.
    pub told: Option<Told>,
}

/// What the peer's reports say of our stream.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Told {
    /// Reports so far.
    pub reports: u64,
    /// Packets that it missed from the beginning.
    pub lost: u64,
    /// The share that it missed of late, 0 to 1.
    pub loss: f32,
    /// The jitter that it measures.
    pub jitter_us: u32,
    /// Its own opinion (RFC 3611 §4.7.5), if it has one.
    pub mos: Option<Mos>,
}

/// Watches one session.
#[derive(Debug, Clone, Copy, Default)]
pub struct QualityWatch {
    before: Known,
    received: Sums,
    sent: Sums,
    round_trips: u32,
    round_trip_sum_us: u64,
    round_trip_max_us: u32,
}

/// One direction, summed up over all intervals.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    intervals: u32,
    packets: u64,
    lost: u64,
    late: u64,
    jitter_sum_us: u64,
    jitter_max_us: u32,
    opinions: u32,
    mos_sum: u64,
    mos_min: Option<Mos>,
}

impl QualityWatch {
    /// Closes an interval: what happened since the last one was closed.
    pub fn close(&mut self, known: &Known) -> LegQuality {
        let before = std::mem::replace(&mut self.before, *known);
        let received = received_since(&before, known);
        let sent = sent_since(&before, known);
        self.received.add(&received);
        self.sent.add(&sent);
        let round_trip_us = known.round_trip.map(|time| u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
        if let Some(time) = round_trip_us {
            self.round_trips = self.round_trips.saturating_add(1);
            self.round_trip_sum_us += u64::from(time);
            self.round_trip_max_us = self.round_trip_max_us.max(time);
        }
        LegQuality { received, sent, round_trip_us }
    }

    /// All intervals together.
    pub fn summary(&self) -> LegSummary {
        let any = self.round_trips > 0;
        LegSummary {
            received: self.received.summary(),
            sent: self.sent.summary(),
            round_trip_mean_us: self
                .round_trip_sum_us
                .checked_div(u64::from(self.round_trips))
                .map(|us| us as u32),
            round_trip_max_us: any.then_some(self.round_trip_max_us),
        }
    }
}

/// The rating of what is received, by loss and delay.
pub fn rating_of_received(loss: f32, known: &Known) -> f32 {
    let way_ms = known.round_trip.unwrap_or_default().as_secs_f32() * 500.0;
    let delay_ms = way_ms + known.held.as_secs_f32() * 1_000.0;
    rating(G711_CONCEALED, Conditions { loss, burst_ratio: known.burst_ratio, delay_ms })
}

fn received_since(before: &Known, known: &Known) -> DirectionQuality {
    let packets = known.received.saturating_sub(before.received);
    // What was missing may come after all.
    let lost = known.lost.saturating_sub(before.lost);
    let late = known.late.saturating_sub(before.late);
    // Late packets came, though they are counted apart.
    let expected = packets + lost + late;
    let loss = if expected == 0 { 0.0 } else { (lost + late) as f32 / expected as f32 };
    let mos = (expected > 0).then(|| opinion(rating_of_received(loss, known)));
    DirectionQuality { packets, lost, late, jitter_us: known.jitter_us, mos }
}

fn sent_since(before: &Known, known: &Known) -> DirectionQuality {
    let packets = known.sent.saturating_sub(before.sent);
    let told_before = before.told.unwrap_or_default();
    let Some(told) = known.told.filter(|told| told.reports > told_before.reports) else {
        return DirectionQuality { packets, ..DirectionQuality::default() };
    };
    let way_ms = known.round_trip.unwrap_or_default().as_secs_f32() * 500.0;
    // What the peer holds back is not known; its own opinion is better.
    let conditions = Conditions { loss: told.loss, burst_ratio: 1.0, delay_ms: way_ms };
    let mos = told.mos.unwrap_or_else(|| opinion(rating(G711_CONCEALED, conditions)));
    DirectionQuality {
        packets,
        lost: told.lost.saturating_sub(told_before.lost),
        late: 0,
        jitter_us: told.jitter_us,
        mos: (packets > 0).then_some(mos),
    }
}

impl Sums {
    fn add(&mut self, quality: &DirectionQuality) {
        self.packets += quality.packets;
        self.lost += quality.lost;
        self.late += quality.late;
        if quality.packets > 0 {
            self.intervals = self.intervals.saturating_add(1);
            self.jitter_sum_us += u64::from(quality.jitter_us);
            self.jitter_max_us = self.jitter_max_us.max(quality.jitter_us);
        }
        if let Some(mos) = quality.mos {
            self.opinions = self.opinions.saturating_add(1);
            self.mos_sum += u64::from(mos.hundredths());
            self.mos_min = Some(self.mos_min.map_or(mos, |worst| worst.min(mos)));
        }
    }

    fn summary(&self) -> DirectionSummary {
        let mean = self.mos_sum.checked_div(u64::from(self.opinions));
        DirectionSummary {
            packets: self.packets,
            lost: self.lost,
            late: self.late,
            jitter_mean_us: self.jitter_sum_us.checked_div(u64::from(self.intervals)).unwrap_or(0) as u32,
            jitter_max_us: self.jitter_max_us,
            mos_mean: mean.map(|hundredths| Mos::new(hundredths as f32 / 100.0)),
            mos_min: self.mos_min,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_seconds_and_bad_ones_make_a_mean_and_a_worst() {
        let mut watch = QualityWatch::default();
        let good = Known { received: 250, sent: 250, burst_ratio: 1.0, jitter_us: 1_000, ..Known::default() };
        let first = watch.close(&good);
        assert_eq!(first.received.mos.map(Mos::hundredths), Some(441));
        assert_eq!((first.sent.mos, first.round_trip_us), (None, None), "nobody reports");
        let bad = Known {
            received: 450,
            lost: 25,
            late: 25,
            sent: 500,
            jitter_us: 9_000,
            round_trip: Some(Duration::from_millis(80)),
            told: Some(Told { reports: 1, lost: 3, loss: 0.012, jitter_us: 4_000, mos: None }),
            ..good
        };
        let second = watch.close(&bad);
        assert_eq!((second.received.packets, second.received.lost, second.received.late), (200, 25, 25));
        let mos = second.received.mos.unwrap();
        assert!((200..300).contains(&mos.hundredths()), "{mos:?}: one in five");
        assert!((410..440).contains(&second.sent.mos.unwrap().hundredths()), "{:?}", second.sent.mos);
        let silent = watch.close(&bad);
        assert_eq!(
            (silent.received.mos, silent.sent.mos),
            (None, None),
            "nothing was said in either direction"
        );
        let summary = watch.summary();
        assert_eq!((summary.received.packets, summary.received.mos_min), (450, Some(mos)));
        assert_eq!((summary.received.jitter_mean_us, summary.received.jitter_max_us), (5_000, 9_000));
        let mean = summary.received.mos_mean.unwrap().hundredths();
        assert_eq!(mean, (441 + mos.hundredths()) / 2);
        assert_eq!((summary.sent.lost, summary.round_trip_max_us), (3, Some(80_000)));
    }
}
