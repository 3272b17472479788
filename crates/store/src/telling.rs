//! Facts of one call that are kept together, as a row holds them.

use crate::StoreFault;
use frontdesk_call_record::{Fact, StampedFact};
use frontdesk_identifiers::{CallId, TenantId, WallTime};

/// What is told of one call at once.
pub(crate) struct Telling {
    pub(crate) call: CallId,
    /// The number of the first fact in it.
    pub(crate) first: u32,
    /// The number of the last.
    pub(crate) last: u32,
    /// When the call began, as every fact of it tells.
    pub(crate) started_at: WallTime,
    /// When and why it ended, if that is told here.
    pub(crate) end: Option<(WallTime, &'static str)>,
    /// The facts as JSON.
    pub(crate) facts: String,
}

impl Telling {
    /// Sorts facts by their calls; those of one call stay in the order in which they were told.
    pub(crate) fn all_of(facts: &[StampedFact]) -> Result<Vec<Telling>, StoreFault> {
        let mut facts: Vec<&StampedFact> = facts.iter().collect();
        facts.sort_by_key(|fact| fact.call);
        facts.chunk_by(|one, next| one.call == next.call).filter_map(Telling::of).collect()
    }

    /// Of facts of one call; nothing when there are none.
    fn of(facts: &[&StampedFact]) -> Option<Result<Telling, StoreFault>> {
        let (first, last) = (facts.first()?, facts.last()?);
        let rows: Vec<_> = facts
            .iter()
            .map(|fact| (fact.number, fact.at.as_unix_micros(), fact.since_start_us, &fact.fact))
            .collect();
        let end = facts.iter().find_map(|fact| match &fact.fact {
            Fact::CallEnded { reason, .. } => Some((fact.at, reason.as_str())),
            _ => None,
        });
        let started_us = first.at.as_unix_micros().saturating_sub(first.since_start_us);
        let told = |facts| Telling {
            call: first.call,
            first: first.number,
            last: last.number,
            started_at: WallTime::from_unix_micros(started_us),
            end,
            facts,
        };
        let unwritable = |source| StoreFault::UnwritableFact { call: first.call, source };
        Some(serde_json::to_string(&rows).map(told).map_err(unwritable))
    }

    /// The facts in a row's JSON.
    pub(crate) fn read(
        tenant: &TenantId,
        call: CallId,
        facts: &str,
    ) -> Result<impl Iterator<Item = StampedFact>, serde_json::Error> {
        let rows: Vec<(u32, u64, u64, Fact)> = serde_json::from_str(facts)?;
        let tenant = tenant.clone();
        Ok(rows.into_iter().map(move |(number, at_us, since_start_us, fact)| StampedFact {
            tenant: tenant.clone(),
            call,
            number,
            at: WallTime::from_unix_micros(at_us),
            since_start_us,
            fact,
        }))
    }
}
