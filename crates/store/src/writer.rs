//! From the switchboard's thread to the disk, without the switchboard ever waiting.

use crate::{Store, StoreFault};
use frontdesk_call_record::StampedFact;
use frontdesk_identifiers::TenantId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Facts that wait for the disk. A call tells some dozens, so this is a minute of a failing disk under a
/// hundred calls. When it is full the new fact is shed: counted in [`WriterStatus::shed`], said in the log,
/// and seen in the record as `facts_missing`.
pub const QUEUE_CAPACITY_FACTS: usize = 4_096;
/// Facts in one transaction: one fsync for all that came in while the last one ran.
pub const BATCH_FACTS_MAX: usize = 256;
/// The first wait after a failure; doubled up to [`RETRY_WAIT_MAX`].
const RETRY_WAIT_MIN: Duration = Duration::from_millis(50);
/// The longest wait between two tries.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(5);

/// The queue to the disk is full, or its writer has stopped: the fact was shed and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the queue of facts is full: a fact was shed")]
pub struct Full;

/// Facts that a stopped writer did not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the disk did not take every fact: {waiting} were not written in time, {shed} were shed, {lost} were refused"
)]
pub struct FactsLost {
    /// Facts that still waited for the disk.
    pub waiting: u64,
    /// Facts that found the queue full.
    pub shed: u64,
    /// Facts that the store refused for good.
    pub lost: u64,
}

/// How the writing goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriterStatus {
    /// Facts that outlive the process.
    pub written: u64,
    /// Facts that found the queue full.
    pub shed: u64,
    /// Facts that the store refused for good: damaged data, or a bug.
    pub lost: u64,
    /// Tries that failed and were repeated.
    pub retries: u64,
    /// Why the last try failed; nothing while the disk works.
    pub failing: Option<String>,
}

enum Job {
    Keep(Box<StampedFact>),
    /// Answer when everything before this stands on the disk.
    Acknowledge(oneshot::Sender<()>),
}

/// The switchboard's end of the queue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FactSender {
    jobs: mpsc::Sender<Job>,
    taken: Arc<AtomicU64>,
    shed: Arc<AtomicU64>,
}

impl FactSender {
    /// Hands a fact over; never waits.
    ///
    /// # Errors
    /// [`Full`]: the fact is shed and counted.
    pub fn try_submit(&self, fact: StampedFact) -> Result<(), Full> {
        let handed_over = self.jobs.try_send(Job::Keep(Box::new(fact)));
        let counter = if handed_over.is_ok() { &self.taken } else { &self.shed };
        counter.fetch_add(1, Ordering::Relaxed);
        handed_over.map_err(|_| Full)
    }
}

/// The task that writes facts, in the order in which they came.
#[derive(Debug)]
pub struct Writer {
    sender: FactSender,
    status: watch::Receiver<WriterStatus>,
    task: JoinHandle<()>,
}

impl Writer {
    /// Starts writing to this store. Must be called within a tokio runtime.
    pub fn start(store: Store) -> Writer {
        let (jobs, queue) = mpsc::channel(QUEUE_CAPACITY_FACTS);
        let (told, status) = watch::channel(WriterStatus::default());
        let shed = Arc::new(AtomicU64::new(0));
        let sender = FactSender { jobs, taken: Arc::default(), shed: Arc::clone(&shed) };
        let task = tokio::spawn(Writing { store, queue, told, shed, shed_said: 0 }.run());
        Writer { sender, status, task }
    }

    /// An end for the switchboard.
    pub fn sender(&self) -> FactSender {
        self.sender.clone()
    }

    /// How the writing goes.
    pub fn status(&self) -> WriterStatus {
        let mut status = self.status.borrow().clone();
        status.shed = self.sender.shed.load(Ordering::Relaxed);
        status
    }

    /// Changes of the status, to wait for.
    pub fn watch(&self) -> watch::Receiver<WriterStatus> {
        self.status.clone()
    }

    /// Waits until everything that was submitted before stands on the disk, as long as that takes.
    pub async fn flush(&self) {
        let (acknowledge, acknowledged) = oneshot::channel();
        if self.sender.jobs.send(Job::Acknowledge(acknowledge)).await.is_ok() {
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
        self.task.abort();
        let status = self.status();
        let taken = self.sender.taken.load(Ordering::Relaxed);
        let waiting = taken.saturating_sub(status.written + status.lost);
        if waiting == 0 && status.lost == 0 && status.shed == 0 {
            return Ok(());
        }
        Err(FactsLost { waiting, shed: status.shed, lost: status.lost })
    }
}

struct Writing {
    store: Store,
    queue: mpsc::Receiver<Job>,
    told: watch::Sender<WriterStatus>,
    shed: Arc<AtomicU64>,
    shed_said: u64,
}

impl Writing {
    /// Runs until every sender is gone.
    async fn run(mut self) {
        let mut jobs = Vec::with_capacity(BATCH_FACTS_MAX);
        while self.queue.recv_many(&mut jobs, BATCH_FACTS_MAX).await > 0 {
            let mut by_tenant: BTreeMap<TenantId, Vec<StampedFact>> = BTreeMap::new();
            let mut waiting = Vec::new();
            for job in jobs.drain(..) {
                match job {
                    Job::Keep(fact) => by_tenant.entry(fact.tenant.clone()).or_default().push(*fact),
                    Job::Acknowledge(answer) => waiting.push(answer),
                }
            }
            for (tenant, facts) in by_tenant {
                self.keep(&tenant, &facts).await;
            }
            self.say_shed();
            for answer in waiting {
                // Who does not wait any more needs no answer.
                let _ = answer.send(());
            }
        }
    }

    /// Appends until it works. While it does not, the queue fills; that is where facts are shed.
    async fn keep(&mut self, tenant: &TenantId, facts: &[StampedFact]) {
        let mut wait = RETRY_WAIT_MIN;
        loop {
            let fault = match self.append(tenant, facts).await {
                Ok(()) => {
                    self.say_working();
                    self.told.send_modify(|status| status.written += facts.len() as u64);
                    return;
                }
                Err(fault) => fault,
            };
            if !fault.is_retryable() {
                tracing::error!(%tenant, facts = facts.len(), %fault, "facts are lost");
                self.told.send_modify(|status| {
                    status.lost += facts.len() as u64;
                    status.failing = Some(fault.to_string());
                });
                return;
            }
            if self.told.borrow().failing.is_none() {
                tracing::warn!(%tenant, %fault, "facts wait for the disk");
            }
            self.told.send_modify(|status| {
                status.retries += 1;
                status.failing = Some(fault.to_string());
            });
            self.say_shed();
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_WAIT_MAX);
        }
    }

    async fn append(&self, tenant: &TenantId, facts: &[StampedFact]) -> Result<(), StoreFault> {
        self.store.tenant(tenant).await?.append_facts(facts).await.map(drop)
    }

    fn say_working(&self) {
        if self.told.borrow().failing.is_some() {
            tracing::info!("the disk takes facts again");
            self.told.send_modify(|status| status.failing = None);
        }
    }

    fn say_shed(&mut self) {
        let shed = self.shed.load(Ordering::Relaxed);
        if shed > self.shed_said {
            tracing::error!(facts = shed - self.shed_said, "facts are shed: the disk does not keep up");
            self.shed_said = shed;
            self.told.send_modify(|status| status.shed = shed);
        }
    }
}
