//! The desk speaks, and the caller's telephone sends some of it back; or the caller speaks meanwhile.

#[path = "ear_score/sounds.rs"]
#[allow(dead_code, reason = "each test file uses its part of it")]
mod sounds;

use frontdesk_audio::level_dbov;
use frontdesk_media_protocol::{ListeningPlan, SpeechFrame};
use frontdesk_speech::score::frames_of;
use frontdesk_speech::{Hearing, HearingOutput};
use sounds::{hiss, spoken, telephone};

const QUESTION: &str = "Would you like to speak to sales, or to reception?";

/// Speech whose loud parts have this level, root mean square in dB of full scale, as prompts and callers are told by.
fn at_level(samples: &[i16], dbov: f64) -> Vec<i16> {
    let power = |frame: &[i16]| frame.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / frame.len() as f64;
    let frames: Vec<f64> = samples.chunks(160).map(power).collect();
    let loudest = frames.iter().copied().fold(0.0, f64::max);
    let loud: Vec<f64> = frames.into_iter().filter(|frame| *frame > loudest / 100.0).collect();
    let level = (loud.iter().sum::<f64>() / loud.len().max(1) as f64).sqrt();
    softer(samples, 20.0 * (level / 32_768.0).log10() - dbov)
}

fn softer(samples: &[i16], db: f64) -> Vec<i16> {
    samples.iter().map(|sample| (f64::from(*sample) / 10f64.powf(db / 20.0)) as i16).collect()
}

/// What a tick would push while it plays `prompt`, if `back` comes back after `delay_ms`.
fn frames_while_playing(prompt: &[i16], back: &[i16], delay_ms: usize) -> Vec<SpeechFrame> {
    let mut line = vec![0; delay_ms * 8];
    line.extend_from_slice(back);
    line.resize(line.len().max(prompt.len()) + 8_000, 0);
    for (sample, hiss) in line.iter_mut().zip(hiss(3)) {
        *sample = sample.saturating_add(hiss / 2_048);
    }
    let mut frames = frames_of(&[0; 24_000], &telephone(&line));
    let played: Vec<u8> = prompt.chunks(160).map(level_dbov).collect();
    for (at, frame) in frames.iter_mut().enumerate() {
        let from = at.saturating_sub(SpeechFrame::ECHO_FRAMES).min(played.len());
        frame.played_dbov = played[from..at.min(played.len())].iter().copied().min().unwrap_or(127);
    }
    frames
}

/// When turns began and when their last voice came, in milliseconds.
fn turns(frames: &[SpeechFrame]) -> Vec<(u64, u64)> {
    let mut hearing = Hearing::new(&ListeningPlan::default());
    let mut turns = Vec::new();
    for frame in frames {
        hearing.handle(frame);
        while let Some(output) = hearing.poll() {
            if let HearingOutput::Spoken(turn) = output {
                turns.push((turn.first_voice.as_millis(), turn.last_voice.as_millis()));
            }
        }
    }
    turns
}

#[test]
fn the_desk_does_not_interrupt_itself_by_its_echo() {
    for voice in ["flite:slt", "espeak-ng:en-us+linda"] {
        let Some(prompt) = spoken(voice, QUESTION) else {
            println!("skipped: no voice program for {voice}");
            continue;
        };
        let prompt = at_level(&prompt, -20.0);
        for (delay_ms, loss_db) in [(40, 18.0), (120, 20.0), (300, 20.0), (120, 25.0), (200, 30.0)] {
            let mut frames = frames_while_playing(&prompt, &softer(&prompt, loss_db), delay_ms);
            assert_eq!(turns(&frames), [], "{voice}: an echo after {delay_ms} ms, {loss_db} dB softer");
            // It is the guard that does it.
            frames.iter_mut().for_each(|frame| frame.played_dbov = 127);
            assert_eq!(turns(&frames).len(), 1, "{voice}: {delay_ms} ms, {loss_db} dB");
        }
    }
}

#[test]
fn a_caller_interrupts_a_prompt() {
    let Some(prompt) = spoken("flite:slt", QUESTION) else {
        println!("skipped: no voice program");
        return;
    };
    let prompt = at_level(&prompt, -20.0);
    for (voice, words) in [
        ("flite:rms", "sales please"),
        ("espeak-ng:en-gb", "i would like to speak to reception please"),
        ("flite:rms", "no"),
        ("espeak-ng:en-us+linda", "yes"),
    ] {
        let Some(speech) = spoken(voice, words) else { continue };
        for level in [-20.0, -26.0, -30.0] {
            let frames = frames_while_playing(&prompt, &at_level(&speech, level), 1_000);
            let heard = turns(&frames);
            let mut quiet = frames.clone();
            quiet.iter_mut().for_each(|frame| frame.played_dbov = 127);
            let alone = turns(&quiet);
            assert_eq!((heard.len(), alone.len()), (1, 1), "{words} at {level} dB");
            let late = heard[0].0 - alone[0].0;
            // The lead-in of 240 ms covers it.
            assert!(late <= 240, "{words} at {level} dB begins {late} ms late");
        }
    }
}
