//! The recogniser thread with scripted engines. Nothing sleeps: a test waits for an event, or for a thread to end.

use super::*;
use crate::fake::{Scripted, ScriptedEars};
use crate::recognition::{RecogniseError, Recognised};
use frontdesk_identifiers::{Locale, Moment};
use ringbuf::traits::Producer;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn ears(engine: impl SpeechToText + 'static) -> (Ears, Receiver<SpeechEvent>) {
    let (tell, events) = channel();
    let told = move |event| drop(tell.send(event));
    (Ears::start(Box::new(engine), Instant::now(), told).expect("a thread"), events)
}

/// Speech of 400 ms from this frame on, and the silence that ends it.
fn speak(ring: &mut HeapProd<SpeechFrame>, from: u64, arrived_ms: u64) {
    for number in 0..60 {
        let voiced = (10..30).contains(&number);
        let frame = SpeechFrame {
            samples: [if voiced { 3_000 } else { 0 }; 160],
            position: (from + number) * 160,
            arrived: Moment::from_millis(arrived_ms + number * 20),
            level_dbov: if voiced { 20 } else { 127 },
            active: voiced,
            played_dbov: 127,
            concealed: false,
        };
        ring.try_push(frame).expect("room in the ring");
    }
}

fn next(events: &Receiver<SpeechEvent>) -> SpeechEvent {
    events.recv_timeout(PATIENCE).expect("an event")
}

/// The next event that is not the start of speech.
fn next_outcome(events: &Receiver<SpeechEvent>) -> (u64, SpeechOutcome) {
    loop {
        let event = next(events);
        if !matches!(event.outcome, SpeechOutcome::Started { .. }) {
            return (event.listening.0, event.outcome);
        }
    }
}

fn words(outcome: &SpeechOutcome) -> &str {
    match outcome {
        SpeechOutcome::Heard { text, .. } => text,
        other => panic!("{other:?}"),
    }
}

const FAILED: SpeechOutcome = SpeechOutcome::Failed { fault: SpeechFault::EngineFailed };

#[test]
fn a_turn_is_told_from_its_start_to_its_words_with_its_times() {
    let (ears, events) = ears(ScriptedEars::hearing(&["sales please"]));
    let mut ring = ears.listen(LegId(7), ListeningId(1), ListeningPlan::default());
    speak(&mut ring, 0, 1_000);
    let started = next(&events);
    assert_eq!((started.leg, started.listening), (LegId(7), ListeningId(1)));
    assert_eq!(started.outcome, SpeechOutcome::Started { at: Moment::from_millis(1_200) });
    let SpeechOutcome::Heard { text, times, .. } = next(&events).outcome else { panic!("no words") };
    assert_eq!(text, "sales please");
    assert_eq!((times.first_voice.as_millis(), times.last_voice.as_millis()), (1_200, 1_580));
    assert_eq!(times.turn_ended.as_millis(), 2_180);
    assert_eq!((times.heard_from, times.heard_to), (1_600, 4_800));
    assert!(times.recognised > Moment::ZERO);
}

#[test]
fn an_engine_that_fails_or_panics_hears_the_next_turn() {
    let script = [Scripted::Fail, Scripted::Panic, Scripted::Words("yes".to_owned())];
    let (ears, events) = ears(ScriptedEars::scripted(script));
    let mut ring = ears.listen(LegId(1), ListeningId(1), ListeningPlan::default());
    for turn in 0..2 {
        speak(&mut ring, turn * 60, turn * 1_200);
        assert_eq!(next_outcome(&events), (1, FAILED));
    }
    let mut ring = ears.listen(LegId(1), ListeningId(2), ListeningPlan::default());
    speak(&mut ring, 0, 0);
    let (listening, heard) = next_outcome(&events);
    assert_eq!((listening, words(&heard)), (2, "yes"));
}

#[test]
fn a_callback_that_panics_does_not_deafen_the_desk() {
    let (tell, events) = channel();
    let told = move |event: SpeechEvent| {
        let first = event.listening == ListeningId(1);
        drop(tell.send(event));
        assert!(!first, "the first listening is unlucky");
    };
    let ears =
        Ears::start(Box::new(ScriptedEars::hearing(&["yes"])), Instant::now(), told).expect("a thread");
    let mut ring = ears.listen(LegId(1), ListeningId(1), ListeningPlan::default());
    speak(&mut ring, 0, 0);
    assert_eq!(next_outcome(&events), (1, FAILED));
    let mut ring = ears.listen(LegId(1), ListeningId(2), ListeningPlan::default());
    speak(&mut ring, 0, 0);
    assert_eq!(words(&next_outcome(&events).1), "yes");
}

/// Hears the number of samples it is given; so tests see whom it heard.
struct Waits {
    begun: std::sync::mpsc::Sender<()>,
    go_on: Receiver<()>,
}

impl SpeechToText for Waits {
    fn name(&self) -> &str {
        "waits"
    }

    fn recognise(
        &mut self,
        _: &[f32],
        locale: &Locale,
        _: &AtomicBool,
    ) -> Result<Recognised, RecogniseError> {
        let _ = self.begun.send(());
        let _ = self.go_on.recv_timeout(PATIENCE);
        Ok(Recognised { text: locale.to_string(), mean_log_probability: 0.0 })
    }
}

#[test]
fn who_waits_longest_is_heard_first() {
    let ((begun, has_begun), (go, go_on)) = (channel(), channel());
    let (ears, events) = ears(Waits { begun, go_on });
    let plan =
        |locale| ListeningPlan { locale: Locale::new(locale).expect("a locale"), ..ListeningPlan::default() };
    let mut first = ears.listen(LegId(1), ListeningId(1), plan("en"));
    speak(&mut first, 0, 0);
    has_begun.recv_timeout(PATIENCE).expect("the first is being heard");
    // While the engine is busy two more finish: the one that is listened to later has waited longer.
    let mut late = ears.listen(LegId(2), ListeningId(2), plan("de"));
    let mut early = ears.listen(LegId(3), ListeningId(3), plan("fr"));
    speak(&mut late, 0, 5_000);
    speak(&mut early, 0, 2_000);
    for _ in 0..3 {
        go.send(()).expect("the engine waits");
    }
    let heard: Vec<String> = (0..3).map(|_| words(&next_outcome(&events).1).to_owned()).collect();
    assert_eq!(heard, ["en", "fr", "de"]);
}

/// Works on its first utterance until it is cancelled, and says when it has begun.
struct Cancelled(Option<std::sync::mpsc::Sender<()>>);

impl SpeechToText for Cancelled {
    fn name(&self) -> &str {
        "cancelled"
    }

    fn recognise(
        &mut self,
        _: &[f32],
        _: &Locale,
        cancel: &AtomicBool,
    ) -> Result<Recognised, RecogniseError> {
        let Some(begun) = self.0.take() else {
            return Ok(Recognised { text: "second".to_owned(), mean_log_probability: 0.0 });
        };
        let _ = begun.send(());
        while !cancel.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        // Even an engine that does not care is not believed any more.
        Ok(Recognised { text: "first".to_owned(), mean_log_probability: 0.0 })
    }
}

#[test]
fn stopping_breaks_off_the_recognition_and_says_nothing_more() {
    let (begun, has_begun) = channel();
    let (ears, events) = ears(Cancelled(Some(begun)));
    let mut ring = ears.listen(LegId(1), ListeningId(1), ListeningPlan::default());
    speak(&mut ring, 0, 0);
    assert!(matches!(next(&events).outcome, SpeechOutcome::Started { .. }));
    has_begun.recv_timeout(PATIENCE).expect("the engine works");
    ears.stop(ListeningId(1));
    let mut ring = ears.listen(LegId(1), ListeningId(2), ListeningPlan::default());
    speak(&mut ring, 0, 0);
    let (listening, heard) = next_outcome(&events);
    assert_eq!((listening, words(&heard)), (2, "second"));
}

#[test]
fn a_listening_whose_ring_is_dropped_is_heard_out_and_forgotten() {
    let (ears, events) = ears(ScriptedEars::hearing(&["goodbye"]));
    let mut ring = ears.listen(LegId(1), ListeningId(1), ListeningPlan::default());
    speak(&mut ring, 0, 0);
    drop(ring);
    assert_eq!(words(&next_outcome(&events).1), "goodbye");
    // The worker lets go of the flag once nothing is left in the ring; each new listening sweeps up.
    let begun = Instant::now();
    let mut number = 2;
    while begun.elapsed() < PATIENCE {
        drop(ears.listen(LegId(1), ListeningId(number), ListeningPlan::default()));
        if !ears.stops.lock().expect("no panic").contains_key(&ListeningId(1)) {
            return;
        }
        number += 1;
    }
    panic!("the ears still hold the listening");
}

#[test]
fn deaf_ears_say_so_at_once() {
    let (tell, events) = channel();
    let ears = Ears::deaf(move |event| drop(tell.send(event)));
    drop(ears.listen(LegId(1), ListeningId(1), ListeningPlan::default()));
    assert_eq!(next(&events).outcome, SpeechOutcome::Failed { fault: SpeechFault::NoEngine });
}

#[test]
fn dropping_the_ears_ends_their_thread_in_the_middle_of_everything() {
    let (ears, events) = ears(ScriptedEars::scripted([Scripted::UntilCancelled]));
    let mut ring = ears.listen(LegId(1), ListeningId(1), ListeningPlan::default());
    speak(&mut ring, 0, 0);
    assert!(matches!(next(&events).outcome, SpeechOutcome::Started { .. }));
    drop(ears);
    assert!(events.iter().next().is_none(), "nothing more is told, and the callback is gone");
}
