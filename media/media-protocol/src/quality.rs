//! How good a leg's sound is, in each direction.

/// A mean opinion score, 1.00 to 4.50 (ITU-T G.107 Annex B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mos {
    hundredths: u16,
}

impl Mos {
    /// The nearest score to this; what is no number is the worst.
    pub fn new(score: f32) -> Self {
        let score = if score.is_finite() { score.clamp(1.0, 4.5) } else { 1.0 };
        Mos { hundredths: (score * 100.0).round() as u16 }
    }

    /// The score times hundred: 100 to 450.
    pub const fn hundredths(self) -> u16 {
        self.hundredths
    }

    /// The score.
    pub fn score(self) -> f32 {
        f32::from(self.hundredths) / 100.0
    }
}

/// One direction of a leg, over some seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DirectionQuality {
    /// Packets that came.
    pub packets: u64,
    /// Packets that did not.
    pub lost: u64,
    /// Packets that came too late to be heard; of the sending direction nobody says so.
    pub late: u64,
    /// Interarrival jitter in microseconds (RFC 3550 §6.4.1).
    pub jitter_us: u32,
    /// What a listener would say; nothing where nothing was heard, or nobody reports.
    pub mos: Option<Mos>,
}

/// Both directions of a leg, over some seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LegQuality {
    /// What the party says, as it arrives here.
    pub received: DirectionQuality,
    /// What the party hears, as it reports.
    pub sent: DirectionQuality,
    /// The time to the party and back, in microseconds, if it reports.
    pub round_trip_us: Option<u32>,
}

/// One direction of a leg, over its whole life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DirectionSummary {
    /// Packets that came.
    pub packets: u64,
    /// Packets that did not.
    pub lost: u64,
    /// Packets that came too late to be heard.
    pub late: u64,
    /// The mean jitter in microseconds,
    pub jitter_mean_us: u32,
    /// and the greatest.
    pub jitter_max_us: u32,
    /// The mean opinion, over time,
    pub mos_mean: Option<Mos>,
    /// and that of the worst seconds.
    pub mos_min: Option<Mos>,
}

/// Both directions of a leg, over its whole life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LegSummary {
    /// What the party said, as it arrived here.
    pub received: DirectionSummary,
    /// What the party heard, as it reported.
    pub sent: DirectionSummary,
    /// The mean time to the party and back in microseconds, if it reported,
    pub round_trip_mean_us: Option<u32>,
    /// and the longest.
    pub round_trip_max_us: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_stays_on_its_scale() {
        assert_eq!(Mos::new(4.409).hundredths(), 441);
        assert_eq!(
            (Mos::new(9.0).score(), Mos::new(-1.0).score(), Mos::new(f32::NAN).score()),
            (4.5, 1.0, 1.0)
        );
    }
}
