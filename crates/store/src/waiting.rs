//! Facts that wait for the disk, each tenant's in a queue of its own.

use crate::writer::{Full, WAITING_FACTS_MAX};
use frontdesk_call_record::StampedFact;
use frontdesk_identifiers::TenantId;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;

/// Room for facts that a queue keeps when it has been emptied: what comes in within one gathering of a busy desk.
const IDLE_ROOM_FACTS: usize = 4_096;

/// All that was taken and is not kept yet.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    queues: BTreeMap<TenantId, Queue>,
    /// Of all tenants, those among them that are being written.
    facts: usize,
    /// Facts that found no room, or came when nothing was written any more.
    shed: u64,
    closed: bool,
}

#[derive(Debug)]
struct Queue {
    facts: Vec<StampedFact>,
    /// Those in `facts` and those that are being written.
    held: usize,
    shed: u64,
    /// To be answered when everything before stands on the disk.
    acknowledge: Vec<oneshot::Sender<()>>,
    bells: Arc<Bells>,
    task: AbortHandle,
}

/// What a tenant's task waits for.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    /// Something waits.
    pub(crate) news: Notify,
    /// Somebody waits for it to be written.
    pub(crate) hurry: Notify,
}

/// What is to be written now.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// In the order in which they were told.
    pub(crate) facts: Vec<StampedFact>,
    /// To be answered afterwards.
    pub(crate) acknowledge: Vec<oneshot::Sender<()>>,
}

impl Waiting {
    /// Takes a fact in. `start` begins the writing for a tenant of whom nothing has come before.
    pub(crate) fn take(
        &mut self,
        fact: StampedFact,
        start: impl FnOnce(&TenantId, Arc<Bells>) -> AbortHandle,
    ) -> Result<(), Full> {
        if self.closed {
            self.shed += 1;
            return Err(Full);
        }
        let queue = match self.queues.get_mut(&fact.tenant) {
            Some(queue) => queue,
            None => {
                let bells = Arc::<Bells>::default();
                let task = start(&fact.tenant, Arc::clone(&bells));
                self.queues.entry(fact.tenant.clone()).or_insert(Queue::new(bells, task))
            }
        };
        // As much as is left free: one tenant alone gets half of the room, and whoever fails leaves room for others.
        if queue.held >= WAITING_FACTS_MAX - self.facts {
            queue.shed += 1;
            self.shed += 1;
            return Err(Full);
        }
        // The first one wakes the task; the others find it awake, or woken already.
        if queue.facts.is_empty() {
            queue.bells.news.notify_one();
        }
        queue.facts.push(fact);
        queue.held += 1;
        self.facts += 1;
        Ok(())
    }

    /// Everything of this tenant that waits. `emptied` is a list without facts, whose room is used again.
    pub(crate) fn batch(&mut self, tenant: &TenantId, mut emptied: Vec<StampedFact>) -> Batch {
        let Some(queue) = self.queues.get_mut(tenant) else { return Batch::default() };
        emptied.shrink_to(IDLE_ROOM_FACTS);
        let facts = std::mem::replace(&mut queue.facts, emptied);
        Batch { facts, acknowledge: std::mem::take(&mut queue.acknowledge) }
    }

    /// So many facts of this tenant wait no longer: they are kept, or refused for good.
    pub(crate) fn done(&mut self, tenant: &TenantId, facts: usize) {
        self.facts = self.facts.saturating_sub(facts);
        if let Some(queue) = self.queues.get_mut(tenant) {
            queue.held = queue.held.saturating_sub(facts);
        }
    }

    /// Asks every queue to be written now, and to say when that is done.
    pub(crate) fn hurry(&mut self) -> Vec<oneshot::Receiver<()>> {
        let ask = |queue: &mut Queue| {
            let (acknowledge, acknowledged) = oneshot::channel();
            queue.acknowledge.push(acknowledge);
            queue.bells.news.notify_one();
            queue.bells.hurry.notify_one();
            acknowledged
        };
        self.queues.values_mut().map(ask).collect()
    }

    /// Nothing is taken or written any more; says how many facts still waited.
    pub(crate) fn close(&mut self) -> usize {
        self.closed = true;
        self.queues.values().for_each(|queue| queue.task.abort());
        // The tasks hold what holds this.
        self.queues.clear();
        std::mem::take(&mut self.facts)
    }

    /// How many facts of this tenant were shed so far.
    pub(crate) fn shed_of(&self, tenant: &TenantId) -> u64 {
        self.queues.get(tenant).map_or(0, |queue| queue.shed)
    }

    /// How many facts were shed so far.
    pub(crate) fn shed(&self) -> u64 {
        self.shed
    }
}

impl Queue {
    fn new(bells: Arc<Bells>, task: AbortHandle) -> Queue {
        Queue { facts: Vec::new(), held: 0, shed: 0, acknowledge: Vec::new(), bells, task }
    }
}
