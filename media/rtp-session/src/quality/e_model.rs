//! The E-model (ITU-T G.107), as far as packets decide: R = R0 − Is − Id − Ie,eff.
//!
//! With all other parameters at their defaults (G.107 table 2) R0 − Is is 93.2. The delay impairment is that of absolute
//! delay, Idd (G.107 §7.4): echo is not known here, and a line without one is assumed. The impairments by the codec are
//! those of ITU-T G.113 Appendix I (table I.4: G.711 with the concealment of its Appendix I has Ie 0 and Bpl 25.1; without
//! concealment Bpl is 4.3). G.722 and Opus at 16 kHz are heard as at least as good as G.711; the scale of narrow-band
//! telephony has no room above it, so they are judged by the same values.

use frontdesk_media_protocol::Mos;

/// R0 − Is with the defaults of G.107.
const BEST: f32 = 93.2;

/// What a codec does to the sound (G.113 Appendix I).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impairment {
    /// Ie: without loss.
    pub equipment: f32,
    /// Bpl: how well it bears loss.
    pub robustness: f32,
}

/// G.711 with concealment.
pub const G711_CONCEALED: Impairment = Impairment { equipment: 0.0, robustness: 25.1 };

/// What packets went through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// The share of packets that was not heard, lost or late, 0 to 1.
    pub loss: f32,
    /// How much longer the runs of loss are than by chance: 1 is chance (G.107 §7.5, BurstR).
    pub burst_ratio: f32,
    /// From mouth to ear, in milliseconds.
    pub delay_ms: f32,
}

/// The transmission rating R, 0 to 100.
pub fn rating(codec: Impairment, conditions: Conditions) -> f32 {
    let percent = conditions.loss.clamp(0.0, 1.0) * 100.0;
    let burst_ratio = conditions.burst_ratio.max(1.0);
    // G.107 §7.5.
    let by_loss = (95.0 - codec.equipment) * percent / (percent / burst_ratio + codec.robustness);
    (BEST - by_delay(conditions.delay_ms) - codec.equipment - by_loss).clamp(0.0, 100.0)
}

/// Idd (G.107 §7.4).
fn by_delay(delay_ms: f32) -> f32 {
    if delay_ms <= 100.0 {
        return 0.0;
    }
    let x = (delay_ms / 100.0).log2();
    25.0 * ((1.0 + x.powi(6)).powf(1.0 / 6.0) - 3.0 * (1.0 + (x / 3.0).powi(6)).powf(1.0 / 6.0) + 2.0)
}

/// The opinion that goes with a rating (G.107 Annex B).
pub fn opinion(rating: f32) -> Mos {
    let r = rating.clamp(0.0, 100.0);
    Mos::new(1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7.0e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(loss: f32, delay_ms: f32) -> Conditions {
        Conditions { loss, burst_ratio: 1.0, delay_ms }
    }

    #[test]
    fn the_known_points_of_the_model_are_met() {
        let r = |loss, delay_ms| rating(G711_CONCEALED, conditions(loss, delay_ms));
        assert_eq!((r(0.0, 50.0), opinion(r(0.0, 50.0)).hundredths()), (93.2, 441));
        // 1 % of loss costs 95 · 1 / 26.1.
        assert!((r(0.01, 0.0) - (93.2 - 3.64)).abs() < 0.01);
        let plain = Impairment { robustness: 4.3, ..G711_CONCEALED };
        assert!((rating(plain, conditions(0.01, 0.0)) - (93.2 - 17.92)).abs() < 0.01);
        // G.107 §7.4 at twice and four times 100 ms.
        assert!((by_delay(200.0) - 3.04).abs() < 0.05, "{}", by_delay(200.0));
        assert!((by_delay(400.0) - 24.2).abs() < 0.4, "{}", by_delay(400.0));
        // G.107 Annex B: R of 50, 60, 70, 80, 90.
        let opinions = [50.0, 60.0, 70.0, 80.0, 90.0].map(|r| opinion(r).hundredths());
        assert_eq!(opinions, [258, 310, 360, 402, 434]);
    }

    #[test]
    fn more_loss_bursts_and_delay_never_make_it_better() {
        let mut last = 100.0;
        for step in 0..=100 {
            let worse = step as f32 / 100.0;
            let now = Conditions { loss: worse, burst_ratio: 1.0 + worse, delay_ms: worse * 1_000.0 };
            let rating = rating(G711_CONCEALED, now);
            assert!(rating <= last && (0.0..=100.0).contains(&rating));
            last = rating;
        }
        assert_eq!(opinion(last).hundredths(), 100);
    }
}
