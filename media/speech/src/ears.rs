//! The recogniser thread: owns the engine, watches every listening, recognises who has waited longest first.

mod worker;

pub(crate) use worker::to_16k;

use crate::recognition::SpeechToText;
use frontdesk_identifiers::LegId;
use frontdesk_media_protocol::{
    ListeningId, ListeningPlan, SpeechEvent, SpeechFault, SpeechFrame, SpeechOutcome,
};
use ringbuf::traits::Split;
use ringbuf::{HeapCons, HeapProd, HeapRb};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// Orders to listen that wait for the recogniser; it takes them up at least after each recognition. A listening for
/// which there is no room is told [`SpeechFault::Overloaded`].
const WAITING_ORDERS: usize = 1_024;

/// What is called with each event: by the recogniser thread, and by `listen` for a listening that cannot begin.
type Report = Arc<Mutex<Box<dyn Fn(SpeechEvent) + Send>>>;

/// An order to listen, on its way to the recogniser.
struct Listen {
    leg: LegId,
    listening: ListeningId,
    plan: ListeningPlan,
    frames: HeapCons<SpeechFrame>,
    stopped: Arc<AtomicBool>,
}

/// The ears of a node. Dropping them ends the recogniser thread and waits for it.
pub struct Ears {
    orders: Option<SyncSender<Listen>>,
    report: Report,
    /// The stop flags of listenings that were not stopped yet: as many as legs listen.
    stops: Mutex<BTreeMap<ListeningId, Arc<AtomicBool>>>,
    worker: Option<JoinHandle<()>>,
}

impl Ears {
    /// Starts the recogniser thread. `epoch` is the instant of [`Moment::ZERO`](frontdesk_identifiers::Moment::ZERO);
    /// `events` is called from that thread and must not wait.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(
        engine: Box<dyn SpeechToText>,
        epoch: Instant,
        events: impl Fn(SpeechEvent) + Send + 'static,
    ) -> std::io::Result<Ears> {
        let report: Report = Arc::new(Mutex::new(Box::new(events)));
        let (orders, taken) = sync_channel(WAITING_ORDERS);
        let worker = worker::Worker::new(engine, epoch, report.clone());
        let thread = std::thread::Builder::new().name("ears".to_owned()).spawn(move || worker.run(&taken))?;
        Ok(Ears { orders: Some(orders), report, stops: Mutex::default(), worker: Some(thread) })
    }

    /// Ears without an engine: every listening is told [`SpeechFault::NoEngine`] at once, and keys must do.
    pub fn deaf(events: impl Fn(SpeechEvent) + Send + 'static) -> Ears {
        let report: Report = Arc::new(Mutex::new(Box::new(events)));
        Ears { orders: None, report, stops: Mutex::default(), worker: None }
    }

    /// Begins a listening and gives the end of the ring into which the tick pushes frames. It lasts until
    /// [`stop`](Self::stop), or until this end is dropped and what it held was heard.
    pub fn listen(&self, leg: LegId, listening: ListeningId, plan: ListeningPlan) -> HeapProd<SpeechFrame> {
        let (producer, frames) = HeapRb::new(SpeechFrame::RING_CAPACITY_FRAMES).split();
        let stopped = Arc::new(AtomicBool::new(false));
        let fault = match &self.orders {
            None => Some(SpeechFault::NoEngine),
            Some(orders) => {
                let order = Listen { leg, listening, plan, frames, stopped: stopped.clone() };
                match orders.try_send(order) {
                    Ok(()) => None,
                    Err(TrySendError::Full(_)) => Some(SpeechFault::Overloaded),
                    Err(TrySendError::Disconnected(_)) => Some(SpeechFault::EngineFailed),
                }
            }
        };
        match fault {
            Some(fault) => {
                report(&self.report, SpeechEvent { leg, listening, outcome: SpeechOutcome::Failed { fault } })
            }
            None => {
                let mut stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
                // A listening that ended by its ring alone has no other owner of its flag any more.
                stops.retain(|_, flag| Arc::strong_count(flag) > 1);
                stops.insert(listening, stopped);
            }
        }
        producer
    }

    /// Ends a listening; a recognition that is going on for it is broken off. Nothing of it is reported after the
    /// recogniser noticed, which is at most one step of the engine later.
    pub fn stop(&self, listening: ListeningId) {
        let mut stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flag) = stops.remove(&listening) {
            flag.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        let stops = self.stops.get_mut().unwrap_or_else(PoisonError::into_inner);
        stops.values().for_each(|flag| flag.store(true, Ordering::Relaxed));
        // Without a sender the worker ends once its listenings are stopped.
        self.orders = None;
        if let Some(worker) = self.worker.take() {
            // A worker that panicked has nothing left to tell.
            let _ = worker.join();
        }
    }
}

impl std::fmt::Debug for Ears {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ears").finish_non_exhaustive()
    }
}

fn report(to: &Report, event: SpeechEvent) {
    let call = to.lock().unwrap_or_else(PoisonError::into_inner);
    call(event);
}

#[cfg(test)]
mod tests;
