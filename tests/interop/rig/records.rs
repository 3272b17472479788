//! What the desk keeps of calls.

use super::desk::Desk;
use frontdesk_call_record::{CallRecord, EndReason};
use frontdesk_store::{Store, StoreFault};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long after a call its record may take to be closed: goodbyes, a file's fsync.
const CLOSING: Duration = Duration::from_secs(6);

impl Desk {
    /// Waits until so many calls are closed and none is open; their records, the first call first.
    pub fn closed_records(&self, count: usize) -> Vec<CallRecord> {
        let until = Instant::now() + CLOSING;
        loop {
            let records = records(&self.data());
            let open = records.iter().filter(|record| record.is_open()).count();
            if records.len() == count && open == 0 {
                return records;
            }
            let known = records.len();
            assert!(Instant::now() < until, "{known} records, {open} open, instead of {count} closed ones");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until the only call is closed; its record.
    pub fn closed_record(&self) -> CallRecord {
        self.closed_records(1).pop().expect("one record")
    }
}

/// Everything that is kept, the first call first.
pub fn records(data: &Path) -> Vec<CallRecord> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut records = runtime.block_on(read(data)).expect("records can be read while the desk is open");
    records.sort_by_key(|record| record.started_at);
    records
}

async fn read(data: &Path) -> Result<Vec<CallRecord>, StoreFault> {
    let store = Store::look(data)?;
    let mut records = Vec::new();
    for tenant in store.tenants()? {
        let tenant = store.tenant(&tenant).await?;
        for call in tenant.calls(100_000).await? {
            records.extend(tenant.record(call.call).await?);
        }
    }
    Ok(records)
}

/// Why the call is over.
pub fn reason(record: &CallRecord) -> EndReason {
    record.end.as_ref().expect("the record is closed").reason
}

/// The steps that were gone through.
pub fn steps(record: &CallRecord) -> Vec<&str> {
    record.steps.iter().map(|step| step.step.as_str()).collect()
}
