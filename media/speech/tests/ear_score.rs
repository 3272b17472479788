//! How well the ears that ship with the desk hear, end to end: sound as a caller sends it, through the activity
//! detector of the tick, the hearing and Whisper. The table is what the README tells; the bounds hold it.
//!
//! Nothing here says how real callers are heard: the voices are made by machines.
//!
//! `cargo test -p frontdesk-speech --test ear_score -- --nocapture`

#[path = "ear_score/sounds.rs"]
mod sounds;
#[path = "ear_score/texts.rs"]
mod texts;

use frontdesk_identifiers::{LegId, Locale};
use frontdesk_media_protocol::{ListeningId, ListeningPlan, SpeechEvent, SpeechOutcome};
use frontdesk_speech::score::{Scored, Verdict, frames_of, score};
use frontdesk_speech::{Ears, SpeechToText, WhisperEngine, models};
use ringbuf::traits::Producer;
use sounds::{line, noisy, office_noise, spoken, telephone};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Right, wrong and rejected of one list.
#[derive(Debug, Default)]
struct Tally {
    right: u32,
    wrong: u32,
    rejected: u32,
    turns: u32,
}

impl Tally {
    fn count(&mut self, scored: &Scored, said: &str) {
        let verdict = scored.verdict(said);
        match verdict {
            Verdict::Right => self.right += 1,
            Verdict::Wrong => self.wrong += 1,
            Verdict::Rejected => self.rejected += 1,
        }
        self.turns += scored.turns.len() as u32;
        let least = scored.turns.iter().map(|(_, heard)| heard.mean_log_probability).fold(0.0, f32::min);
        println!("  {verdict:<9?} {least:7.3}  {said:40} | {}", scored.text());
    }

    fn total(&self) -> u32 {
        self.right + self.wrong + self.rejected
    }

    fn print(&self, list: &str) {
        let Tally { right, wrong, rejected, turns } = self;
        println!("{list:44} right {right:3}  wrong {wrong:3}  rejected {rejected:3}  ({turns} turns)\n");
    }
}

struct Bench {
    engine: WhisperEngine,
    locale: Locale,
    plan: ListeningPlan,
}

impl Bench {
    fn new() -> Self {
        let model = models::shipped().expect("the shipped model is whole");
        let engine = WhisperEngine::load(&model).expect("the shipped model loads");
        Bench { engine, locale: Locale::default(), plan: ListeningPlan::default() }
    }

    /// The first three seconds are the line while the greeting plays, before anybody listens.
    fn hear(&mut self, samples_8k: &[i16]) -> Scored {
        let (before, samples_8k) = samples_8k.split_at(sounds::GREETING_SAMPLES.min(samples_8k.len() / 2));
        score(&mut self.engine, before, samples_8k, &self.locale, &self.plan).expect("the engine works")
    }
}

#[test]
fn the_fixed_list_is_heard_as_the_card_of_the_model_says() {
    let Some(folder) = sounds::testset() else {
        println!("skipped: no test data (shared/models/testset)");
        return;
    };
    let mut bench = Bench::new();
    let mut tally = Tally::default();
    let transcripts = std::fs::read_to_string(folder.join("transcripts.tsv")).expect("a list of transcripts");
    for (at, row) in transcripts.lines().skip(1).enumerate() {
        let mut fields = row.split('\t');
        let (file, said) = (fields.next().unwrap(), fields.next().unwrap());
        let sound = sounds::read_8k(&folder.join(file));
        tally.count(&bench.hear(&line(&sound, at)), said);
    }
    tally.print("fixed list, silence of 0.5 to 1.5 s before it");
    assert_eq!(tally.total(), 24);
    assert!(tally.right >= 18, "{tally:?}");
    assert!(tally.wrong <= 4, "{tally:?}");
}

/// Clean and with office noise 15 dB below the speech; `None` where a voice program is missing.
fn hear_all(list: &[(&str, &str)]) -> Option<(Tally, Tally)> {
    let mut bench = Bench::new();
    let (mut clean, mut through_noise) = (Tally::default(), Tally::default());
    let noise = office_noise();
    for (at, (voice, said)) in list.iter().enumerate() {
        let Some(speech) = spoken(voice, said) else {
            println!("skipped: no voice program for {voice}");
            return None;
        };
        let sound = line(&speech, at);
        clean.count(&bench.hear(&telephone(&sound)), said);
        through_noise.count(&bench.hear(&telephone(&noisy(&sound, &noise, 15.0, at))), said);
    }
    Some((clean, through_noise))
}

#[test]
fn voices_never_heard_say_what_callers_say() {
    let Some((clean, through_noise)) = hear_all(&texts::CALLERS) else { return };
    clean.print("callers, G.711");
    through_noise.print("the same with office noise at 15 dB");
    // Measured 19, 1, 4 (right, wrong, rejected) and 16, 3, 5; a margin for other versions of the voices.
    assert!(clean.right >= 17 && clean.wrong <= 3, "{clean:?}");
    assert!(through_noise.right >= 12 && through_noise.wrong <= 6, "{through_noise:?}");
}

#[test]
fn callers_that_nothing_was_chosen_by_are_heard() {
    let Some((clean, through_noise)) = hear_all(&texts::LATE_CALLERS) else { return };
    clean.print("late callers, G.711");
    through_noise.print("the same with office noise at 15 dB");
    // Measured 17, 2, 1 and 14, 1, 5.
    assert!(clean.right >= 14 && clean.wrong <= 4, "{clean:?}");
    assert!(through_noise.right >= 10 && through_noise.wrong <= 4, "{through_noise:?}");
}

#[test]
fn what_nobody_tells_a_receptionist_is_rejected() {
    let mut bench = Bench::new();
    let mut tally = Tally::default();
    for (at, (voice, said)) in texts::OUT_OF_DOMAIN.iter().enumerate() {
        let Some(speech) = spoken(voice, said) else {
            println!("skipped: no voice program for {voice}");
            return;
        };
        tally.count(&bench.hear(&telephone(&line(&speech, at))), said);
    }
    tally.print("out of domain");
    // Measured 10 of 10.
    assert!(tally.rejected >= 8, "{tally:?}");
}

#[test]
fn noise_gives_no_words() {
    let mut bench = Bench::new();
    let mut tally = Tally::default();
    for (name, sound) in sounds::noises() {
        print!("{name:26}");
        tally.count(&bench.hear(&telephone(&sound)), "");
    }
    tally.print("noise");
    assert_eq!(tally.wrong, 0, "a noise was taken for words");
}

/// The whole way: rings, recogniser thread, Whisper, events.
#[test]
fn a_caller_is_heard_through_the_ears_of_the_desk() {
    let Some(speech) = spoken("espeak-ng:en-us+linda", "sales please") else {
        println!("skipped: no voice program");
        return;
    };
    let (tell, events) = std::sync::mpsc::channel();
    let engine = Box::new(Bench::new().engine);
    let told = move |event: SpeechEvent| drop(tell.send(event));
    let ears = Ears::start(engine, Instant::now(), told).expect("a thread");
    let mut ring = ears.listen(LegId(1), ListeningId(1), ListeningPlan::default());
    let sound = telephone(&line(&speech, 0));
    let (before, sound) = sound.split_at(sounds::GREETING_SAMPLES);
    for frame in frames_of(before, sound) {
        ring.try_push(frame).expect("room in the ring");
    }
    let patience = Duration::from_secs(20);
    let started = events.recv_timeout(patience).expect("the start").outcome;
    assert!(matches!(started, SpeechOutcome::Started { .. }), "{started:?}");
    let SpeechOutcome::Heard { text, times, .. } = events.recv_timeout(patience).expect("the words").outcome
    else {
        panic!("no words");
    };
    assert_eq!(text, "sales please");
    assert_eq!(times.turn_ended.since(times.last_voice), Duration::from_millis(600));
}

#[test]
fn how_long_an_utterance_takes() {
    let mut bench = Bench::new();
    let Some(speech) = spoken("flite:rms", "i'd like to speak to sales please") else {
        println!("skipped: no voice program");
        return;
    };
    let raised = frontdesk_audio::to_rate(&speech, 8_000, 16_000);
    let speech_16k: Vec<f32> = raised.iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
    let mut millis = Vec::new();
    for _ in 0..9 {
        let begun = Instant::now();
        let heard = bench.engine.recognise(&speech_16k, &bench.locale, &AtomicBool::new(false));
        millis.push(begun.elapsed().as_millis());
        assert!(heard.is_ok());
    }
    millis.sort_unstable();
    println!(
        "{} ms of speech are recognised in {} ms (median), {} ms (worst)",
        speech.len() / 8,
        millis[4],
        millis[8]
    );
}
