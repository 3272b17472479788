//! How well the ears that ship with the desk hear, end to end: sound as a caller sends it, through the activity
//! detector of the tick, the hearing and Whisper. The table is what the README tells; the bounds hold it.
//!
//! `cargo test -p frontdesk-speech --test ear_score -- --nocapture`

#[path = "ear_score/sounds.rs"]
mod sounds;
#[path = "ear_score/texts.rs"]
mod texts;

use frontdesk_identifiers::Locale;
use frontdesk_media_protocol::ListeningPlan;
use frontdesk_speech::score::{Scored, Verdict, score};
use frontdesk_speech::{SpeechToText, WhisperEngine, models};
use sounds::{line, noisy, office_noise, spoken, telephone};
use std::time::Instant;

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

#[test]
fn voices_never_heard_say_what_callers_say() {
    let mut bench = Bench::new();
    let (mut clean, mut through_noise) = (Tally::default(), Tally::default());
    let noise = office_noise();
    for (at, (voice, said)) in texts::CALLERS.iter().enumerate() {
        let Some(speech) = spoken(voice, said) else {
            println!("skipped: no voice program {voice}");
            return;
        };
        let sound = line(&speech, at);
        clean.count(&bench.hear(&telephone(&sound)), said);
        let sound = noisy(&sound, &noise, 15.0, at);
        through_noise.count(&bench.hear(&telephone(&sound)), said);
    }
    clean.print("voices never heard, G.711");
    through_noise.print("the same with office noise at 15 dB");
    assert!(clean.right * 2 >= clean.total(), "{clean:?}");
}

#[test]
fn what_no_receptionist_is_told_is_mostly_rejected() {
    let mut bench = Bench::new();
    let mut tally = Tally::default();
    for (at, (voice, said)) in texts::OUT_OF_DOMAIN.iter().enumerate() {
        let Some(speech) = spoken(voice, said) else {
            println!("skipped: no voice program {voice}");
            return;
        };
        tally.count(&bench.hear(&telephone(&line(&speech, at))), said);
    }
    tally.print("out of domain");
}

#[test]
fn noise_gives_no_words() {
    let mut bench = Bench::new();
    let mut tally = Tally::default();
    for (name, sound) in sounds::noises() {
        let scored = bench.hear(&telephone(&sound));
        println!("{name}");
        tally.count(&scored, "");
    }
    tally.print("noise");
}

#[test]
fn an_utterance_takes_tens_of_milliseconds() {
    let mut bench = Bench::new();
    let Some(speech) = spoken("flite:rms", "I'd like to speak to sales, please") else {
        println!("skipped: no voice program");
        return;
    };
    let sound = telephone(&line(&speech, 0));
    let speech_16k: Vec<f32> =
        frontdesk_audio::to_rate(&speech, 8_000, 16_000).iter().map(|s| f32::from(*s) / 32_768.0).collect();
    let mut millis = Vec::new();
    for _ in 0..9 {
        let cancel = std::sync::atomic::AtomicBool::new(false);
        let begun = Instant::now();
        bench.engine.recognise(&speech_16k, &bench.locale, &cancel).expect("the engine works");
        millis.push(begun.elapsed().as_millis());
    }
    millis.sort_unstable();
    println!("{} ms of speech: median {} ms, worst {} ms", speech.len() / 8, millis[4], millis[8]);
    assert!(!bench.hear(&sound).turns.is_empty());
}
