//! `transfer`: the party is put through, and every outcome has its step.

use crate::source::toml::{Exit, Fields, Reading};
use crate::text::Texts;
use crate::words::{TransferOutcome, TransferTarget};
use std::time::Duration;
use toml::Spanned;
use toml::de::DeValue;

/// How long a telephone rings if the flow does not say.
const RING: Duration = Duration::from_secs(20);

/// Shorter, nobody reaches the receiver; longer, the carrier gives up first.
const RING_RANGE: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(120));

/// `transfer = "phone:1001"` and what follows if it does not come about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transfer {
    pub(crate) target: TransferTarget,
    pub(crate) target_at: usize,
    pub(crate) ring: Duration,
    pub(crate) announce: Option<Texts>,
    busy: Exit,
    no_answer: Exit,
    declined: Exit,
    unreachable: Exit,
}

impl Transfer {
    pub(crate) fn read(reading: &mut Reading<'_>, mut fields: Fields<'_, '_>) -> Option<Transfer> {
        let target = fields.take("transfer").and_then(|value| target(reading, value));
        let ring = fields.duration(reading, "ring", RING_RANGE, RING);
        let announce = fields.take("announce").map(|value| reading.texts(value, "announce"));
        let failed = fields.exit(reading, "failed");
        let outcomes = ["busy", "no_answer", "declined", "unreachable"]
            .map(|outcome| fields.exit(reading, outcome).or_else(|| failed.clone()).ok_or(outcome));
        let open: Vec<&str> = outcomes.iter().filter_map(|exit| exit.as_ref().err().copied()).collect();
        if !open.is_empty() {
            let what =
                format!("{} does not say what follows if the phone is: {}", fields.what, open.join(", "));
            reading.fault(
                fields.at,
                what,
                "add each as a key with a step, or failed = \"…\" for all of them",
            );
        }
        fields.finish(reading)?;
        let [busy, no_answer, declined, unreachable] = outcomes.map(|exit| exit.ok().flatten());
        let (target, target_at) = target?;
        let announce = match announce {
            Some(text) => Some(text?),
            None => None,
        };
        let (busy, no_answer, declined, unreachable) = (busy?, no_answer?, declined?, unreachable?);
        Some(Transfer { target, target_at, ring: ring?, announce, busy, no_answer, declined, unreachable })
    }

    /// The step that follows an outcome; none if the talk took place.
    pub(crate) fn after(&self, outcome: TransferOutcome) -> Option<&str> {
        let exit = match outcome {
            TransferOutcome::Completed => return None,
            TransferOutcome::Busy => &self.busy,
            TransferOutcome::NoAnswer => &self.no_answer,
            TransferOutcome::Declined => &self.declined,
            TransferOutcome::Unreachable => &self.unreachable,
        };
        Some(&exit.to)
    }

    pub(crate) fn exits(&self) -> Vec<&Exit> {
        vec![&self.busy, &self.no_answer, &self.declined, &self.unreachable]
    }
}

fn target(reading: &mut Reading<'_>, value: &Spanned<DeValue<'_>>) -> Option<(TransferTarget, usize)> {
    let at = value.span().start;
    let text = reading.string(value, "transfer")?;
    match TransferTarget::read(text) {
        Ok(target) => Some((target, at)),
        Err(fault) => {
            reading.fault(
                at,
                format!("`{text}`: {fault}"),
                "write transfer = \"phone:1001\" with the number of a phone of the house, \"number:+4930123456\" or \"room:monday\"",
            );
            None
        }
    }
}
