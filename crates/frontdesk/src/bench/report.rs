//! The outcome as JSON, and whether it is what was asked for.

use super::figures::Figures;
use super::histogram::{Bar, Histogram, Summary};
use super::plan::{BenchPlan, Limits};
use serde::Serialize;
use std::collections::BTreeMap;

/// The report's own version.
const SCHEMA: u32 = 1;

/// Everything that a run says.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Grows when a field changes its meaning.
    pub schema: u32,
    /// What was asked for.
    pub plan: Asked,
    /// What became of the calls.
    pub calls: CallFigures,
    /// What became of the sound.
    pub sound: SoundFigures,
    /// What was asked of the outcome, and whether it is so.
    pub limits: Vec<Verdict>,
    /// The pictures: what was seen, by the name of the figure.
    pub histograms: BTreeMap<&'static str, Vec<Bar>>,
}

/// What was asked for.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// Who was called; none for a bench that only answered.
    pub target: Option<String>,
    /// How many calls.
    pub calls: u32,
    /// Calls a second.
    pub rate: f64,
    /// Seconds that each spoke.
    pub seconds: f64,
    /// The codec's name.
    pub codec: &'static str,
    /// The share of packets that was lost on purpose, in percent.
    pub loss_percent: f64,
    /// By how much the others were delayed at most.
    pub jitter_ms: f64,
}

/// What became of the calls.
#[derive(Debug, Serialize)]
pub struct CallFigures {
    /// INVITEs that left.
    pub placed: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that ended as calls should.
    pub completed: u64,
    /// Calls that this bench answered.
    pub taken: u64,
    /// Why calls failed.
    pub failed: BTreeMap<String, u64>,
    /// INVITE → 100.
    pub trying: Option<Summary>,
    /// INVITE → 180 or 183.
    pub ringing: Option<Summary>,
    /// INVITE → 200.
    pub answer: Option<Summary>,
    /// 200 → the first packet of sound.
    pub first_sound: Option<Summary>,
}

/// What became of the sound.
#[derive(Debug, Serialize)]
pub struct SoundFigures {
    /// What the target is, as its packets show: `echo`, `bridge`, `speaks` or `silent`.
    pub target: &'static str,
    /// Packets that were sent.
    pub sent: u64,
    /// Those that were lost on purpose.
    pub lost_on_purpose: u64,
    /// Stamped packets that came.
    pub came: u64,
    /// Packets that should have come, apart from each leg's first half second and from what was lost on purpose.
    pub due: u64,
    /// Those of them that did not.
    pub lost: u64,
    /// The same in percent.
    pub lost_percent: f64,
    /// Packets that came twice.
    pub twice: u64,
    /// Packets that came after a later one.
    pub late_in_order: u64,
    /// RTP of the target's own.
    pub unstamped: u64,
    /// From leg to leg.
    pub delay: Option<Summary>,
    /// From a leg to the target and back.
    pub round_trip: Option<Summary>,
    /// Between packets that were sent 20 ms apart.
    pub spacing: Option<Summary>,
    /// How good a listener would find it (MOS, E-model), 1 to 4.5.
    pub opinion: Option<f64>,
    /// Keys that were pressed.
    pub keys_sent: u64,
    /// Keys that came.
    pub keys_came: u64,
    /// What is known of the other bench's clock, where there is one.
    pub two_clocks: Option<TwoClocks>,
}

/// The delay between two machines.
#[derive(Debug, Serialize)]
pub struct TwoClocks {
    /// How far the other clock is ahead.
    pub ahead_ms: f64,
    /// To within half of this.
    pub quickest_round_trip_ms: f64,
    /// From here to there.
    pub there: Option<Summary>,
    /// From there to here.
    pub back: Option<Summary>,
    /// Packets of this bench that the other one had, by its own account.
    pub had_there: u64,
}

/// One thing that was asked of the outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// What.
    pub what: &'static str,
    /// What was asked.
    pub limit: f64,
    /// What came out; none when nothing was measured.
    pub measured: Option<f64>,
    /// Whether it is so. What was not measured is not.
    pub kept: bool,
}

impl Report {
    /// Of a run.
    pub fn of(plan: &BenchPlan, figures: &Figures, limits: &Limits) -> Report {
        let ways = figures.clocks.ways();
        let (lost, due) = figures.lost();
        let histograms = [
            ("trying", &figures.trying),
            ("ringing", &figures.ringing),
            ("answer", &figures.answer),
            ("first sound", &figures.first_sound),
            ("delay", &figures.delay),
            ("round trip", &figures.round_trip),
            ("spacing", &figures.spacing),
        ];
        let two = ways.as_ref().map(|ways| [("way there", &ways.there), ("way back", &ways.back)]);
        let histograms = histograms.into_iter().chain(two.into_iter().flatten());
        Report {
            schema: SCHEMA,
            plan: Asked {
                target: plan.target.as_ref().map(ToString::to_string),
                calls: plan.calls,
                rate: plan.rate,
                seconds: plan.talk.as_secs_f64(),
                codec: plan.codec.encoding_name(),
                loss_percent: plan.mishap.0 * 100.0,
                jitter_ms: plan.mishap.1.as_secs_f64() * 1e3,
            },
            calls: CallFigures {
                placed: figures.placed,
                answered: figures.answered,
                completed: figures.completed,
                taken: figures.taken,
                failed: figures.failed.clone(),
                trying: figures.trying.summary(),
                ringing: figures.ringing.summary(),
                answer: figures.answer.summary(),
                first_sound: figures.first_sound.summary(),
            },
            sound: SoundFigures {
                target: kind(figures),
                sent: figures.sent,
                lost_on_purpose: figures.lost_on_purpose,
                came: figures.came,
                due,
                lost,
                lost_percent: percent(lost, due).unwrap_or(0.0),
                twice: figures.twice,
                late_in_order: figures.late_in_order,
                unstamped: figures.unstamped,
                delay: figures.delay.summary(),
                round_trip: figures.round_trip.summary(),
                spacing: figures.spacing.summary(),
                opinion: figures.opinion(),
                keys_sent: figures.keys_sent,
                keys_came: figures.keys_came,
                two_clocks: ways.as_ref().map(|ways| TwoClocks {
                    ahead_ms: ways.ahead_ns as f64 / 1e6,
                    quickest_round_trip_ms: ways.round_trip.as_secs_f64() * 1e3,
                    there: ways.there.summary(),
                    back: ways.back.summary(),
                    had_there: figures.came_elsewhere,
                }),
            },
            limits: verdicts(figures, limits),
            histograms: histograms.map(|(name, histogram)| (name, histogram.bars())).collect(),
        }
    }

    /// Whether everything that was asked of the outcome is so.
    pub fn is_kept(&self) -> bool {
        self.limits.iter().all(|verdict| verdict.kept)
    }
}

fn kind(figures: &Figures) -> &'static str {
    let ways = (figures.round_trip.count(), figures.delay.count(), figures.clocks.ways().is_some());
    match ways {
        (0, 0, false) if figures.unstamped > 0 => "speaks",
        (0, 0, false) => "silent",
        (echoed, bridged, false) if echoed > bridged => "echo",
        _ => "bridge",
    }
}

fn verdicts(figures: &Figures, limits: &Limits) -> Vec<Verdict> {
    let (lost, due) = figures.lost();
    let p99 = |histogram: &Histogram| histogram.summary().map(|summary| summary.p99_ms);
    let delay = p99(&figures.delay).or(p99(&figures.round_trip));
    let at_most = [
        ("calls that failed, %", limits.failed_percent, percent(figures.failures(), figures.placed)),
        ("packets that were lost, %", limits.lost_percent, percent(lost, due)),
        ("delay of 99 of 100 packets, ms", limits.delay_p99_ms, delay),
        ("answer to 99 of 100 calls, ms", limits.answered_p99_ms, p99(&figures.answer)),
    ];
    let at_most = at_most.into_iter().filter_map(|(what, limit, measured)| {
        let limit = limit?;
        Some(Verdict { what, limit, measured, kept: measured.is_some_and(|measured| measured <= limit) })
    });
    let keys = limits.keys_percent.map(|limit| {
        let measured = percent(figures.keys_came, figures.keys_sent);
        let kept = measured.is_some_and(|measured| measured >= limit && measured <= 100.0);
        Verdict { what: "keys that came, %", limit, measured, kept }
    });
    let opinion = limits.opinion.map(|limit| {
        let measured = figures.opinion();
        let kept = measured.is_some_and(|measured| measured >= limit);
        Verdict { what: "opinion (MOS), at least", limit, measured, kept }
    });
    at_most.chain(opinion).chain(keys).collect()
}

/// A share in percent; none of nothing.
fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_limit_that_nothing_was_measured_for_is_not_kept() {
        let mut figures = Figures::new();
        let limits = Limits { delay_p99_ms: Some(5.0), failed_percent: Some(0.0), ..Limits::default() };
        assert!(verdicts(&figures, &limits).iter().all(|verdict| !verdict.kept));
        figures.placed = 10;
        figures.delay.add(Duration::from_millis(4));
        assert!(verdicts(&figures, &limits).iter().all(|verdict| verdict.kept));
        figures.delay.add(Duration::from_millis(40));
        *figures.failed.entry("486 Busy Here".into()).or_default() += 1;
        assert!(verdicts(&figures, &limits).iter().all(|verdict| !verdict.kept));
    }

    #[test]
    fn loss_and_delay_lower_the_opinion() {
        let figures = |came, delay| {
            let mut figures = Figures { sent: 1_000, came, ..Figures::new() };
            figures.delay.add(Duration::from_millis(delay));
            figures.opinion().expect("an opinion")
        };
        assert!((figures(1_000, 30) - 4.41).abs() < 0.01);
        assert!(figures(950, 30) < 4.1 && figures(1_000, 400) < 3.6);
        assert_eq!(Figures::new().opinion(), None);
        let limits = Limits { opinion: Some(4.0), ..Limits::default() };
        assert!(!verdicts(&Figures::new(), &limits)[0].kept, "nothing was measured");
    }

    #[test]
    fn a_key_that_came_twice_is_no_better_than_one_that_did_not() {
        let limits = Limits { keys_percent: Some(100.0), ..Limits::default() };
        for (came, kept) in [(4, true), (3, false), (5, false)] {
            let figures = Figures { keys_sent: 4, keys_came: came, ..Figures::new() };
            assert_eq!(verdicts(&figures, &limits)[0].kept, kept, "{came}");
        }
    }
}
