//! One listening: where a turn of speech begins and where it ends. Pure, and told the time.
//!
//! Whether a frame is voice is what the tick's detector says of it, within [`VOICE_RANGE_DB`] of the loudest frame of
//! the turn. A neural detector as a second opinion was measured (earshot 1.2, at 16 kHz, threshold 0.5) and left out: on
//! telephone audio it follows the level. It took 47 to 99 % of each raised clip of office noise, 99 % of a loud hiss and
//! 99 % of a 140 Hz hum for voice, and in office noise at 15 dB began more than a second before the speech in 20 of 24
//! sounds; the tick's detector, which knows the line's noise by then, began within 0.15 s of it in 21 of them.

use frontdesk_identifiers::Moment;
use frontdesk_media_protocol::{ListeningPlan, SpeechFrame};
use std::collections::VecDeque;
use std::time::Duration;

/// Length of a frame in milliseconds.
const FRAME_MS: u32 = 20;
/// What is kept of the sound before the first voiced frame: 240 ms, since soft consonants come before the
/// detector sees voice, and since the small model does not bear more than 0.25 s of lead-in.
const PREROLL_FRAMES: usize = 12;
/// What is kept of the silence after the last voiced frame: 300 ms. The rest of the wait says nothing.
const TAIL_FRAMES: u32 = 15;
/// Voiced frames that begin a turn: 120 ms. A click is 60 ms at most, a chair or a cup stays under 100 ms, and the
/// curtest "no" has 150 ms. What began is always recognised, so that whoever was told of the start is told of the end.
const ONSET_FRAMES: u32 = 6;
/// A frame so much softer than the loudest of its turn is no voice, whatever the detector says: detectors hold on
/// for a while after the sound is gone, and a turn must not seem longer, or a click be taken for a word, for that.
const VOICE_RANGE_DB: u8 = 20;
/// No turn begins with a frame that is so much softer than what a playback just sent to the party: it may be the
/// playback's echo. Prompts stand at −20 dB of full scale and callers between −20 and −33 dB, so that these still
/// interrupt; an echo that is not damped by so much, from a loudspeaker without a canceller, interrupts as well.
const ECHO_LOSS_DB: u8 = 18;
/// Speech begins where frames come within so many dB of the loudest tenth of the turn.
const SPEECH_RANGE_DB: u8 = 12;
/// So many of one more frames in a row must be as loud as speech for speech to begin there.
const SPEECH_LASTS_FRAMES: usize = 3;
/// Unvoiced frames that may stand among those of an onset without it being a new one: detectors flicker.
const ONSET_GAP_FRAMES: u32 = 2;
/// A jump of the position longer than this is not filled with silence but ends the turn: 2 s.
const LONGEST_FILLED_GAP_SAMPLES: u64 = 16_000;
/// How long after the moment at which silence should have ended the turn it is ended even if no frames come.
const MISSING_FRAMES_GRACE: Duration = Duration::from_millis(200);
/// Outputs that can be waiting: one frame makes at most the end of a turn and the start of the next.
const WAITING_OUTPUTS: usize = 4;

/// What a listening noticed.
#[derive(Debug, Clone, PartialEq)]
pub enum HearingOutput {
    /// Somebody began to speak.
    Started {
        /// When the first voiced frame came.
        at: Moment,
    },
    /// A turn is over; these samples go to the engine.
    Spoken(Utterance),
}

/// One turn of speech, ready for an engine.
#[derive(Clone, PartialEq)]
pub struct Utterance {
    /// 8 kHz: at most 240 ms of lead-in, the speech, at most 300 ms after it.
    pub samples: Vec<i16>,
    /// The first voiced packet came in.
    pub first_voice: Moment,
    /// The last voiced packet came in.
    pub last_voice: Moment,
    /// The silence after it was long enough.
    pub turn_ended: Moment,
    /// Position of the first voiced sample, at 8 kHz.
    pub heard_from: u64,
    /// Position after the last voiced sample.
    pub heard_to: u64,
}

/// Sound of a caller is not for the log: only its length is shown.
impl std::fmt::Debug for Utterance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Utterance")
            .field("samples", &self.samples.len())
            .field("first_voice", &self.first_voice)
            .field("last_voice", &self.last_voice)
            .field("turn_ended", &self.turn_ended)
            .field("heard_from", &self.heard_from)
            .field("heard_to", &self.heard_to)
            .finish()
    }
}

/// The machine of one listening.
pub struct Hearing {
    end_of_turn_frames: u32,
    longest_turn_frames: u32,
    state: State,
    /// The last sound heard, at most [`PREROLL_FRAMES`] and what an onset may take.
    before: VecDeque<[i16; SpeechFrame::SAMPLES]>,
    next_position: Option<u64>,
    outputs: VecDeque<HearingOutput>,
}

/// One frame as the machine sees it.
#[derive(Clone, Copy)]
struct Heard<'a> {
    samples: &'a [i16; SpeechFrame::SAMPLES],
    mark: Mark,
    active: bool,
    level_dbov: u8,
}

impl Heard<'_> {
    /// Whether it is voice, seen from a turn whose loudest frame has this level.
    fn is_voice(&self, loudest_dbov: u8) -> bool {
        self.active && self.level_dbov <= loudest_dbov.saturating_add(VOICE_RANGE_DB)
    }
}

/// Named by what is true.
enum State {
    /// Nobody speaks.
    Quiet,
    /// A few voiced frames came: perhaps a click, perhaps speech.
    Stirring { first: Mark, loudest_dbov: u8, frames: u32, voiced: u32, unvoiced_since: u32 },
    /// Somebody speaks, or has just stopped.
    Speaking(Turn),
}

/// A frame's place.
#[derive(Clone, Copy)]
struct Mark {
    arrived: Moment,
    position: u64,
}

struct Turn {
    first: Mark,
    last: Mark,
    samples: Vec<i16>,
    loudest_dbov: u8,
    silent_frames: u32,
    frames: u32,
}

impl Turn {
    fn new(first: Mark, last: Mark, loudest_dbov: u8, frames: u32) -> Self {
        Turn { first, last, samples: Vec::new(), loudest_dbov, silent_frames: 0, frames }
    }
}

impl Hearing {
    /// A listening that has heard nothing yet. Times below 100 ms and above 60 s are brought within.
    pub fn new(plan: &ListeningPlan) -> Self {
        Hearing {
            end_of_turn_frames: u32::from(plan.end_of_turn_ms.clamp(100, 60_000)).div_ceil(FRAME_MS),
            longest_turn_frames: u32::from(plan.longest_turn_ms.clamp(500, 60_000)).div_ceil(FRAME_MS),
            state: State::Quiet,
            before: VecDeque::with_capacity(PREROLL_FRAMES + 8),
            next_position: None,
            outputs: VecDeque::with_capacity(WAITING_OUTPUTS),
        }
    }

    /// Takes one frame. Frames come in the order of their positions; one from before is left out.
    pub fn handle(&mut self, frame: &SpeechFrame) {
        let expected = self.next_position.unwrap_or(frame.position);
        if frame.position < expected {
            return;
        }
        let missing = frame.position - expected;
        if missing >= LONGEST_FILLED_GAP_SAMPLES {
            self.end_turn(frame.arrived);
            self.before.clear();
        } else {
            // The ears did not keep up: silence stands for what was lost, so that times stay true.
            for lost in 0..missing / SpeechFrame::SAMPLES as u64 {
                let position = expected + lost * SpeechFrame::SAMPLES as u64;
                let mark = Mark { arrived: frame.arrived, position };
                self.take(Heard {
                    samples: &[0; SpeechFrame::SAMPLES],
                    mark,
                    active: false,
                    level_dbov: 127,
                });
            }
        }
        self.next_position = Some(frame.position + SpeechFrame::SAMPLES as u64);
        let mark = Mark { arrived: frame.arrived, position: frame.position };
        let begun = matches!(self.state, State::Speaking(_));
        let active = frame.active && !frame.concealed && (begun || !may_be_echo(frame));
        self.take(Heard { samples: &frame.samples, mark, active, level_dbov: frame.level_dbov });
    }

    /// Ends a turn whose frames have stopped coming. Does nothing before [`deadline`](Self::deadline).
    pub fn handle_deadline(&mut self, now: Moment) {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.end_turn(now);
        }
    }

    /// The next thing noticed.
    pub fn poll(&mut self) -> Option<HearingOutput> {
        self.outputs.pop_front()
    }

    /// When the turn is to be ended even if no frame comes any more.
    pub fn deadline(&self) -> Option<Moment> {
        let State::Speaking(turn) = &self.state else { return None };
        let wait = Duration::from_millis(u64::from(self.end_of_turn_frames * FRAME_MS));
        Some(turn.last.arrived + wait + MISSING_FRAMES_GRACE)
    }

    fn take(&mut self, heard: Heard<'_>) {
        match std::mem::replace(&mut self.state, State::Quiet) {
            State::Quiet => {
                self.remember(heard.samples, PREROLL_FRAMES + usize::from(heard.active));
                if heard.active {
                    self.state = State::Stirring {
                        first: heard.mark,
                        loudest_dbov: heard.level_dbov,
                        frames: 1,
                        voiced: 1,
                        unvoiced_since: 0,
                    };
                }
            }
            State::Stirring { first, loudest_dbov, frames, voiced, unvoiced_since } => {
                let voice = heard.is_voice(loudest_dbov);
                let (frames, voiced) = (frames + 1, voiced + u32::from(voice));
                let loudest_dbov = if voice { loudest_dbov.min(heard.level_dbov) } else { loudest_dbov };
                let unvoiced_since = if voice { 0 } else { unvoiced_since + 1 };
                self.remember(heard.samples, PREROLL_FRAMES + frames as usize);
                if voiced >= ONSET_FRAMES {
                    self.begin(Turn::new(first, heard.mark, loudest_dbov, frames));
                } else if unvoiced_since <= ONSET_GAP_FRAMES {
                    self.state = State::Stirring { first, loudest_dbov, frames, voiced, unvoiced_since };
                }
            }
            State::Speaking(turn) => self.go_on(turn, heard),
        }
    }

    fn begin(&mut self, mut turn: Turn) {
        self.outputs.push_back(HearingOutput::Started { at: turn.first.arrived });
        turn.samples.extend(self.before.drain(..).flatten());
        self.state = State::Speaking(turn);
    }

    fn go_on(&mut self, mut turn: Turn, heard: Heard<'_>) {
        turn.frames += 1;
        turn.samples.extend_from_slice(heard.samples);
        if heard.is_voice(turn.loudest_dbov) {
            turn.silent_frames = 0;
            turn.last = heard.mark;
            turn.loudest_dbov = turn.loudest_dbov.min(heard.level_dbov);
            self.before.clear();
        } else {
            turn.silent_frames += 1;
            self.remember(heard.samples, PREROLL_FRAMES);
        }
        let over = turn.silent_frames >= self.end_of_turn_frames || turn.frames >= self.longest_turn_frames;
        self.state = State::Speaking(turn);
        if over {
            self.end_turn(heard.mark.arrived);
        }
    }

    fn end_turn(&mut self, now: Moment) {
        let State::Speaking(mut turn) = std::mem::replace(&mut self.state, State::Quiet) else { return };
        let surplus = turn.silent_frames.saturating_sub(TAIL_FRAMES) as usize * SpeechFrame::SAMPLES;
        turn.samples.truncate(turn.samples.len().saturating_sub(surplus));
        turn.samples.drain(..lead_in_surplus(&turn.samples));
        self.outputs.push_back(HearingOutput::Spoken(Utterance {
            samples: turn.samples,
            first_voice: turn.first.arrived,
            last_voice: turn.last.arrived,
            turn_ended: now,
            heard_from: turn.first.position,
            heard_to: turn.last.position + SpeechFrame::SAMPLES as u64,
        }));
    }

    fn remember(&mut self, samples: &[i16; SpeechFrame::SAMPLES], most: usize) {
        self.before.push_back(*samples);
        while self.before.len() > most {
            self.before.pop_front();
        }
    }
}

fn may_be_echo(frame: &SpeechFrame) -> bool {
    frame.played_dbov < 127 && frame.level_dbov >= frame.played_dbov.saturating_add(ECHO_LOSS_DB)
}

/// How many samples at the front of a turn to leave out, so that at most [`PREROLL_FRAMES`] stand before the speech.
///
/// A noise may have begun the turn long before the caller spoke. Afterwards the two can be told apart: speech is about
/// as loud as the loudest tenth of the turn, and lasts.
fn lead_in_surplus(samples: &[i16]) -> usize {
    let levels: Vec<u8> = samples.chunks(SpeechFrame::SAMPLES).map(frontdesk_audio::level_dbov).collect();
    let mut sorted = levels.clone();
    sorted.sort_unstable();
    let Some(loud) = sorted.get(sorted.len() / 10) else { return 0 };
    let softest = loud.saturating_add(SPEECH_RANGE_DB);
    let is_loud = |level: &u8| *level <= softest;
    let lasts = |frames: &[u8]| {
        let loud_frames = frames.iter().filter(|level| is_loud(level)).count();
        frames.first().is_some_and(is_loud) && loud_frames >= SPEECH_LASTS_FRAMES
    };
    let begins = levels.windows(SPEECH_LASTS_FRAMES + 1).position(lasts).unwrap_or(0);
    begins.saturating_sub(PREROLL_FRAMES) * SpeechFrame::SAMPLES
}

#[cfg(test)]
mod tests;
