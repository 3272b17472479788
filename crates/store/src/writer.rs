//! From the switchboard's thread to the disk, without the switchboard ever waiting.

use crate::waiting::{Batch, Bells, Waiting};
use crate::{Store, StoreFault};
use frontdesk_call_record::StampedFact;
use frontdesk_identifiers::TenantId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// Facts of all tenants that wait for the disk, some 300 bytes each. A tenant may fill as much as is left free: half of
/// it when no other waits, which is ten seconds of a disk that stands still under 1,000 calls a second. Beyond that its
/// new facts are shed: counted in [`WriterStatus::shed`], said in the log with the tenant's name, and seen in the record as
/// `facts_missing`.
pub const WAITING_FACTS_MAX: usize = 400_000;
/// How long the first fact of a transaction waits for others, so that all of them cost one fsync. What is told within this
/// time, and while the disk takes what was told before, is what a crash can lose; [`Writer::flush`] and
/// [`Writer::stop`] do not wait for it.
pub const GATHERING: Duration = Duration::from_millis(200);
/// The first wait after a failure; doubled up to [`RETRY_WAIT_MAX`].
const RETRY_WAIT_MIN: Duration = Duration::from_millis(50);
/// The longest wait between two tries.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(5);

/// There is no room for the tenant's facts, or their writer has stopped: the fact was shed and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no room for more facts: a fact was shed")]
pub struct Full;

/// Facts that a stopped writer did not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the disk did not take every fact: {waiting} were not written in time, {shed} were shed, {lost} were refused"
)]
pub struct FactsLost {
    /// Facts that still waited for the disk.
    pub waiting: u64,
    /// Facts that found no room.
    pub shed: u64,
    /// Facts that the store refused for good.
    pub lost: u64,
}

/// How the writing goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriterStatus {
    /// Facts that outlive the process and the power.
    pub written: u64,
    /// Transactions that they took.
    pub transactions: u64,
    /// Facts that found no room.
    pub shed: u64,
    /// Facts that the store refused for good: damaged data, or a bug.
    pub lost: u64,
    /// Tries that failed and were repeated.
    pub retries: u64,
    /// Whose last try failed, and why; nobody while the disk works.
    pub failing: BTreeMap<TenantId, String>,
}

/// The switchboard's end of the queues. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FactSender {
    writing: Arc<Writing>,
}

impl FactSender {
    /// Hands a fact over; never waits for the disk.
    ///
    /// # Errors
    /// [`Full`]: the fact is shed and counted.
    pub fn try_submit(&self, fact: StampedFact) -> Result<(), Full> {
        self.writing.waiting().take(fact, |tenant, bells| self.writing.start(tenant, bells))
    }
}

/// The tasks that write facts, one a tenant, each in the order in which they came: a disk or a file that fails holds back
/// its own tenant's facts, and nobody else's.
#[derive(Debug)]
pub struct Writer {
    writing: Arc<Writing>,
}

impl Writer {
    /// Starts writing to this store. Must be called within a tokio runtime.
    pub fn start(store: Store) -> Writer {
        let (waiting, told) = (Mutex::default(), watch::Sender::default());
        Writer { writing: Arc::new(Writing { store, runtime: Handle::current(), waiting, told }) }
    }

    /// An end for the switchboard.
    pub fn sender(&self) -> FactSender {
        FactSender { writing: Arc::clone(&self.writing) }
    }

    /// How the writing goes.
    pub fn status(&self) -> WriterStatus {
        let mut status = self.writing.told.borrow().clone();
        status.shed = self.writing.waiting().shed();
        status
    }

    /// Changes of the status, to wait for.
    pub fn watch(&self) -> watch::Receiver<WriterStatus> {
        self.writing.told.subscribe()
    }

    /// Waits until everything that was submitted before stands on the disk, as long as that takes.
    pub async fn flush(&self) {
        let asked = self.writing.waiting().hurry();
        for acknowledged in asked {
            // An answer that never comes means that the task is gone with the runtime.
            let _ = acknowledged.await;
        }
    }

    /// Writes what is left, then stops; gives up after `within`.
    ///
    /// # Errors
    /// [`FactsLost`] when the disk did not take everything in time, or facts were shed or refused earlier.
    pub async fn stop(self, within: Duration) -> Result<(), FactsLost> {
        // Whether it came to its end or not is seen in what is left.
        let _ = tokio::time::timeout(within, self.flush()).await;
        let waiting = self.writing.waiting().close() as u64;
        let status = self.status();
        if waiting == 0 && status.lost == 0 && status.shed == 0 {
            return Ok(());
        }
        Err(FactsLost { waiting, shed: status.shed, lost: status.lost })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.writing.waiting().close();
    }
}

/// What the tasks and the senders share.
#[derive(Debug)]
struct Writing {
    store: Store,
    runtime: Handle,
    /// Held for a moment only, never over anything that waits.
    waiting: Mutex<Waiting>,
    told: watch::Sender<WriterStatus>,
}

impl Writing {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(self: &Arc<Self>, tenant: &TenantId, bells: Arc<Bells>) -> AbortHandle {
        let task = TenantWriting { tenant: tenant.clone(), writing: Arc::clone(self), bells, shed_said: 0 };
        self.runtime.spawn(task.run()).abort_handle()
    }
}

/// The writing of one tenant's facts.
struct TenantWriting {
    tenant: TenantId,
    writing: Arc<Writing>,
    bells: Arc<Bells>,
    shed_said: u64,
}

impl TenantWriting {
    /// Runs until it is aborted.
    async fn run(mut self) {
        let mut emptied = Vec::new();
        loop {
            self.bells.news.notified().await;
            // Over early when somebody asks for it.
            let _ = tokio::time::timeout(GATHERING, self.bells.hurry.notified()).await;
            let Batch { mut facts, acknowledge } = self.writing.waiting().batch(&self.tenant, emptied);
            // All in one transaction, so that a disk that is slow gets fewer and larger ones.
            if !facts.is_empty() {
                self.keep(&facts).await;
            }
            for answer in acknowledge {
                // Who does not wait any more needs no answer.
                let _ = answer.send(());
            }
            facts.clear();
            emptied = facts;
        }
    }

    /// Appends until it works. While it does not, the queue fills; that is where facts are shed.
    async fn keep(&mut self, facts: &[StampedFact]) {
        let mut wait = RETRY_WAIT_MIN;
        loop {
            let kept = self.append(facts).await;
            self.say_shed();
            match kept {
                Ok(()) => return self.say_kept(facts.len()),
                Err(fault) if !fault.is_retryable() => return self.say_lost(facts.len(), &fault),
                Err(fault) => self.say_failing(&fault),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_WAIT_MAX);
        }
    }

    async fn append(&self, facts: &[StampedFact]) -> Result<(), StoreFault> {
        self.writing.store.tenant(&self.tenant).await?.append_facts(facts).await
    }

    fn say_kept(&self, facts: usize) {
        self.writing.waiting().done(&self.tenant, facts);
        self.writing.told.send_modify(|status| {
            if status.failing.remove(&self.tenant).is_some() {
                tracing::info!(tenant = %self.tenant, "the disk takes facts again");
            }
            status.written += facts as u64;
            status.transactions += 1;
        });
    }

    fn say_lost(&self, facts: usize, fault: &StoreFault) {
        tracing::error!(tenant = %self.tenant, facts, %fault, "facts are lost");
        self.writing.waiting().done(&self.tenant, facts);
        self.writing.told.send_modify(|status| {
            status.lost += facts as u64;
            status.failing.insert(self.tenant.clone(), fault.to_string());
        });
    }

    fn say_failing(&self, fault: &StoreFault) {
        self.writing.told.send_modify(|status| {
            if status.failing.insert(self.tenant.clone(), fault.to_string()).is_none() {
                tracing::warn!(tenant = %self.tenant, %fault, "facts wait for the disk");
            }
            status.retries += 1;
        });
    }

    fn say_shed(&mut self) {
        let (shed, of_all) = {
            let waiting = self.writing.waiting();
            (waiting.shed_of(&self.tenant), waiting.shed())
        };
        if shed > self.shed_said {
            let facts = shed - self.shed_said;
            tracing::error!(tenant = %self.tenant, facts, "facts are shed: the disk does not keep up");
            self.shed_said = shed;
            self.writing.told.send_modify(|status| status.shed = of_all);
        }
    }
}
