//! How well an engine hears: sound as a caller would send it, through the same machines as in a call.

use crate::ears::to_16k;
use crate::hearing::{Hearing, HearingOutput, Utterance};
use crate::recognition::{RecogniseError, Recognised, SpeechToText};
use frontdesk_audio::ActivityDetector;
use frontdesk_identifiers::{Locale, Moment};
use frontdesk_media_protocol::{ListeningPlan, SpeechFrame};
use std::sync::atomic::AtomicBool;

/// Nanoseconds of a frame.
const FRAME_NANOS: u64 = 20_000_000;

/// How one expected text fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every word, and no other.
    Right,
    /// Other words were believed.
    Wrong,
    /// Nothing was believed.
    Rejected,
}

/// What became of one sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The turns that were found in it, each with what was recognised.
    pub turns: Vec<(Utterance, Recognised)>,
}

impl Scored {
    /// The words of all turns together.
    pub fn text(&self) -> String {
        let words: Vec<&str> =
            self.turns.iter().map(|(_, heard)| heard.text.as_str()).filter(|text| !text.is_empty()).collect();
        words.join(" ")
    }

    /// Against the words that were said.
    pub fn verdict(&self, said: &str) -> Verdict {
        match self.text() {
            text if text.is_empty() => Verdict::Rejected,
            text if text == said => Verdict::Right,
            _ => Verdict::Wrong,
        }
    }
}

/// Cuts a sound at 8 kHz into the frames that a tick would push, one each 20 ms from the start of time.
///
/// The tick watches a leg from its first packet, so its detector knows the line's noise by the time the greeting is
/// over: `heard_before` is what it heard until then.
pub fn frames_of(heard_before: &[i16], samples_8k: &[i16]) -> Vec<SpeechFrame> {
    let mut detector = ActivityDetector::new();
    for chunk in heard_before.chunks_exact(SpeechFrame::SAMPLES) {
        detector.frame(chunk);
    }
    let mut frames = Vec::new();
    for (at, chunk) in samples_8k.chunks(SpeechFrame::SAMPLES).enumerate() {
        let mut samples = [0; SpeechFrame::SAMPLES];
        samples[..chunk.len()].copy_from_slice(chunk);
        let activity = detector.frame(&samples);
        frames.push(SpeechFrame {
            samples,
            position: (at * SpeechFrame::SAMPLES) as u64,
            arrived: Moment::from_nanos(at as u64 * FRAME_NANOS),
            level_dbov: activity.level_dbov,
            active: activity.active,
            played_dbov: 127,
            concealed: false,
        });
    }
    frames
}

/// The turns in a sound; `heard_before` as in [`frames_of`].
pub fn turns_in(heard_before: &[i16], samples_8k: &[i16], plan: &ListeningPlan) -> Vec<Utterance> {
    let mut hearing = Hearing::new(plan);
    let mut turns = Vec::new();
    let mut collect = |hearing: &mut Hearing| {
        while let Some(output) = hearing.poll() {
            if let HearingOutput::Spoken(utterance) = output {
                turns.push(utterance);
            }
        }
    };
    for frame in frames_of(heard_before, samples_8k) {
        hearing.handle(&frame);
        collect(&mut hearing);
    }
    if let Some(deadline) = hearing.deadline() {
        hearing.handle_deadline(deadline);
        collect(&mut hearing);
    }
    turns
}

/// Hears a whole sound as a call would; `heard_before` as in [`frames_of`].
pub fn score(
    engine: &mut dyn SpeechToText,
    heard_before: &[i16],
    samples_8k: &[i16],
    locale: &Locale,
    plan: &ListeningPlan,
) -> Result<Scored, RecogniseError> {
    let cancel = AtomicBool::new(false);
    let mut turns = Vec::new();
    for utterance in turns_in(heard_before, samples_8k, plan) {
        let recognised = engine.recognise(&to_16k(&utterance.samples), locale, &cancel)?;
        turns.push((utterance, recognised));
    }
    Ok(Scored { turns })
}
