//! What the recogniser thread does all day.

use super::{Listen, Report, report};
use crate::hearing::{Hearing, HearingOutput, Utterance};
use crate::recognition::{RecogniseError, SpeechToText};
use frontdesk_identifiers::{LegId, Locale, Moment};
use frontdesk_media_protocol::{
    ListeningId, SpeechEvent, SpeechFault, SpeechFrame, SpeechOutcome, TurnTimes,
};
use ringbuf::HeapCons;
use ringbuf::traits::{Consumer, Observer};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

/// How often the rings are looked into while somebody is listened to: half a frame.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Utterances that may wait for the engine. One more is answered with [`SpeechFault::Overloaded`]: its caller has
/// already waited for as long as the others take.
const WAITING_UTTERANCES: usize = 32;

pub(super) struct Worker {
    engine: Box<dyn SpeechToText>,
    epoch: Instant,
    report: Report,
    listenings: BTreeMap<ListeningId, Listening>,
    waiting: Vec<Waiting>,
}

struct Listening {
    leg: LegId,
    locale: Locale,
    hearing: Hearing,
    frames: HeapCons<SpeechFrame>,
    stopped: Arc<AtomicBool>,
}

/// An utterance that waits for the engine.
struct Waiting {
    leg: LegId,
    listening: ListeningId,
    locale: Locale,
    stopped: Arc<AtomicBool>,
    utterance: Utterance,
}

impl Worker {
    pub(super) fn new(engine: Box<dyn SpeechToText>, epoch: Instant, report: Report) -> Self {
        Worker { engine, epoch, report, listenings: BTreeMap::new(), waiting: Vec::new() }
    }

    /// Until the ears are dropped. Something that panics costs the listenings of the moment, not the ears.
    pub(super) fn run(mut self, orders: &Receiver<Listen>) {
        loop {
            let turn = catch_unwind(AssertUnwindSafe(|| self.serve(orders)));
            match turn {
                Ok(()) => return,
                Err(_) => self.fail_all(),
            }
        }
    }

    fn serve(&mut self, orders: &Receiver<Listen>) {
        loop {
            let open = self.take_orders(orders);
            self.drop_stopped();
            if !open && self.listenings.is_empty() && self.waiting.is_empty() {
                return;
            }
            self.hear();
            if let Some(next) = self.longest_waiting() {
                self.recognise(next);
            }
        }
    }

    /// Takes up every order that is there; sleeps when there is nothing else to do. Whether more may come.
    fn take_orders(&mut self, orders: &Receiver<Listen>) -> bool {
        let first = if !self.waiting.is_empty() {
            orders.try_recv().map_err(|error| error == TryRecvError::Empty)
        } else if self.listenings.is_empty() {
            orders.recv().map_err(|_| false)
        } else {
            let taken = orders.recv_timeout(POLL_INTERVAL);
            taken.map_err(|error| {
                let open = error == RecvTimeoutError::Timeout;
                if !open {
                    // The ears are being dropped; the last frames of those who still speak are heard out.
                    std::thread::sleep(POLL_INTERVAL);
                }
                open
            })
        };
        let mut next = match first {
            Ok(order) => Some(order),
            Err(open) => return open,
        };
        while let Some(order) = next {
            let hearing = Hearing::new(&order.plan);
            let Listen { leg, listening, plan, frames, stopped } = order;
            let begun = Listening { leg, locale: plan.locale, hearing, frames, stopped };
            self.listenings.insert(listening, begun);
            next = orders.try_recv().ok();
        }
        true
    }

    fn drop_stopped(&mut self) {
        self.listenings.retain(|_, listening| !listening.stopped.load(Ordering::Relaxed));
        self.waiting.retain(|waiting| !waiting.stopped.load(Ordering::Relaxed));
    }

    /// Shows every frame that came to the hearing of its listening.
    fn hear(&mut self) {
        let now = self.now();
        let mut ended = Vec::new();
        for (id, listening) in &mut self.listenings {
            // Asked before the ring is emptied: what came in between is seen the next time.
            let finished = !listening.frames.write_is_held();
            for _ in 0..SpeechFrame::RING_CAPACITY_FRAMES {
                let Some(frame) = listening.frames.try_pop() else { break };
                listening.hearing.handle(&frame);
            }
            listening.hearing.handle_deadline(now);
            while let Some(output) = listening.hearing.poll() {
                let (leg, listening_id) = (listening.leg, *id);
                match output {
                    HearingOutput::Started { at } => {
                        let outcome = SpeechOutcome::Started { at };
                        report(&self.report, SpeechEvent { leg, listening: listening_id, outcome });
                    }
                    HearingOutput::Spoken(_) if self.waiting.len() >= WAITING_UTTERANCES => {
                        let outcome = SpeechOutcome::Failed { fault: SpeechFault::Overloaded };
                        report(&self.report, SpeechEvent { leg, listening: listening_id, outcome });
                    }
                    HearingOutput::Spoken(utterance) => self.waiting.push(Waiting {
                        leg,
                        listening: listening_id,
                        locale: listening.locale.clone(),
                        stopped: listening.stopped.clone(),
                        utterance,
                    }),
                }
            }
            if finished && listening.hearing.deadline().is_none() && listening.frames.is_empty() {
                ended.push(*id);
            }
        }
        for id in ended {
            self.listenings.remove(&id);
        }
    }

    /// Earliest deadline first: each caller waits since the last packet of speech.
    fn longest_waiting(&mut self) -> Option<Waiting> {
        let waits = self.waiting.iter().enumerate();
        let (at, _) = waits.min_by_key(|(_, w)| (w.utterance.last_voice, w.listening))?;
        Some(self.waiting.swap_remove(at))
    }

    fn recognise(&mut self, waiting: Waiting) {
        let Waiting { leg, listening, locale, stopped, utterance } = waiting;
        let speech = to_16k(&utterance.samples);
        // An engine that panics fails this utterance; the next one finds it as it is.
        let engine = &mut self.engine;
        let answer = catch_unwind(AssertUnwindSafe(|| engine.recognise(&speech, &locale, &stopped)));
        let outcome = match answer {
            Ok(Ok(recognised)) => SpeechOutcome::Heard {
                text: recognised.text,
                mean_log_probability: recognised.mean_log_probability,
                times: self.times_of(&utterance),
            },
            Ok(Err(RecogniseError::Cancelled)) => return,
            Ok(Err(error)) => {
                tracing::warn!(engine = self.engine.name(), %error, "an utterance was not recognised");
                SpeechOutcome::Failed { fault: SpeechFault::EngineFailed }
            }
            Err(_) => {
                tracing::error!("the speech engine panicked on an utterance");
                SpeechOutcome::Failed { fault: SpeechFault::EngineFailed }
            }
        };
        if !stopped.load(Ordering::Relaxed) {
            report(&self.report, SpeechEvent { leg, listening, outcome });
        }
    }

    fn times_of(&self, utterance: &Utterance) -> TurnTimes {
        TurnTimes {
            first_voice: utterance.first_voice,
            last_voice: utterance.last_voice,
            turn_ended: utterance.turn_ended,
            recognised: self.now(),
            heard_from: utterance.heard_from,
            heard_to: utterance.heard_to,
        }
    }

    /// After a panic outside the engine: tell everybody, begin anew.
    fn fail_all(&mut self) {
        tracing::error!("the recogniser panicked; its listenings are given up");
        self.waiting.clear();
        for (listening, given_up) in std::mem::take(&mut self.listenings) {
            let outcome = SpeechOutcome::Failed { fault: SpeechFault::EngineFailed };
            let event = SpeechEvent { leg: given_up.leg, listening, outcome };
            // The callback may be what panicked.
            let _ = catch_unwind(AssertUnwindSafe(|| report(&self.report, event)));
        }
    }

    fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

/// What an engine wants: 16 kHz, full scale ±1, with a proper low-pass.
pub(crate) fn to_16k(samples_8k: &[i16]) -> Vec<f32> {
    let raised = frontdesk_audio::to_rate(samples_8k, 8_000, 16_000);
    raised.iter().map(|sample| f32::from(*sample) / 32_768.0).collect()
}
