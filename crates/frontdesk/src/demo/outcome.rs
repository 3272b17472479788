//! What the desk's record tells of an act, held against what should have happened.

use super::act::Act;
use super::cast::CastFault;
use super::heard::{Heard, check_both_ways};
use super::telephone_recording;
use frontdesk_call_record::{CallRecord, TransferEnd};
use frontdesk_store::Store;
use std::path::Path;

/// What came of an act.
pub struct Outcome {
    heard: Heard,
    turns_ms: Vec<u64>,
    target: String,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "put through to {}, both heard each other", self.target)?;
        write!(f, " (likeness {:.2} and {:.2})", self.heard.caller_by_phone, self.heard.phone_by_caller)?;
        let turns: Vec<_> = self.turns_ms.iter().map(|ms| format!("{ms} ms")).collect();
        write!(f, ", replies after {}", turns.join(", "))
    }
}

/// The records of the demo's calls, the first call first.
///
/// # Errors
/// When they cannot be read.
pub fn calls(data: &Path) -> Result<Vec<CallRecord>, CastFault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut records = runtime.block_on(async {
        let store = Store::look(data)?;
        let mut records = Vec::new();
        for tenant in store.tenants()? {
            let tenant = store.tenant(&tenant).await?;
            for call in tenant.calls(100).await? {
                records.extend(tenant.record(call.call).await?);
            }
        }
        Ok::<_, frontdesk_store::StoreFault>(records)
    })?;
    records.sort_by_key(|record: &CallRecord| record.started_at);
    Ok(records)
}

/// Leaves record, recording, transcript and response times in the act's folder.
///
/// # Errors
/// When something cannot be written.
pub fn leave(record: &CallRecord, data: &Path, folder: &Path) -> Result<(), CastFault> {
    let json = record.to_json().map_err(std::io::Error::other)?;
    std::fs::write(folder.join("record.json"), json)?;
    std::fs::write(folder.join("transcript.txt"), record.transcript_text())?;
    std::fs::write(folder.join("waterfall.txt"), record.waterfall_text())?;
    for recording in &record.recordings {
        let file = data.join("tenants").join(record.tenant.as_str()).join(&recording.file);
        std::fs::copy(file, folder.join("recording.wav"))?;
    }
    Ok(())
}

/// Whether the record and the sound are as the act should go.
///
/// # Errors
/// What is not.
pub fn judge(act: &Act, record: &CallRecord, folder: &Path) -> Result<Outcome, CastFault> {
    let other = |what: String| Err(CastFault::OtherStory(what));
    let understood: Vec<_> = record.steps.iter().filter_map(|step| step.answer.as_deref()).collect();
    let by_key = record.transcript.iter().any(|line| line.key.is_some());
    let fits = match act.understood {
        None => understood.is_empty() && !by_key,
        Some(wanted) => understood == [wanted.answer] && wanted.by_key == by_key,
    };
    if !fits {
        return other(format!("understood was {understood:?}, by key: {by_key}"));
    }
    let [transfer] = record.transfers.as_slice() else {
        return other(format!("{} transfers", record.transfers.len()));
    };
    if transfer.target.as_str() != act.phone || transfer.outcome != Some(TransferEnd::Completed) {
        return other(format!("the transfer to {} ended with {:?}", transfer.target, transfer.outcome));
    }
    match &record.end {
        Some(end) if end.reason.is_ordinary() && end.fault.is_none() => {}
        end => return other(format!("the call ended with {end:?}")),
    }
    if !record.recordings.iter().any(|recording| recording.kept) {
        return other("no recording was kept".to_owned());
    }
    if record.turns.is_empty() {
        return other("no response time was measured".to_owned());
    }
    let heard =
        check_both_ways(&telephone_recording(folder, "caller"), &telephone_recording(folder, "phone"))?;
    let turns_ms = record.turns.iter().map(|turn| turn.total_us / 1_000).collect();
    Ok(Outcome { heard, turns_ms, target: act.phone.to_owned() })
}
