//! What a room is played: prompts, and the signs of coming and going.

use super::{PlayFrame, PlaySource, Playback, add};
use crate::orders::Retired;
use crate::status::Reporter;
use crate::tap::SILENCE;
use frontdesk_audio::{LentFrame, Prompt, RateFit, SAMPLES_8K, SampleRate};
use frontdesk_media_protocol::{MediaEvent, PlaybackEnd, PlaybackId, RoomId};
use ringbuf::HeapProd;
use ringbuf::traits::{Observer, Producer};
use std::sync::Arc;

/// The signs that a room hears, shared by all rooms.
pub(crate) struct Signs {
    coming: Prompt,
    going: Prompt,
}

impl Signs {
    /// Two soft tones: upwards who comes, downwards who goes.
    pub(crate) fn new() -> Self {
        let tones = |tones: [f32; 2]| {
            let tone = |hertz: f32| (0..TONE_SAMPLES).map(move |at| sample(hertz, at));
            Prompt::from_pcm_8k(tones.into_iter().flat_map(tone).collect())
        };
        Signs { coming: tones([523.0, 784.0]), going: tones([784.0, 523.0]) }
    }
}

/// A tone of a sign lasts 120 ms.
const TONE_SAMPLES: usize = 6 * SAMPLES_8K;

/// A tone that swells and fades, 18 dB below full scale.
fn sample(hertz: f32, at: usize) -> i16 {
    let turn = std::f32::consts::TAU * hertz * at as f32 / 8_000.0;
    let swell = (std::f32::consts::PI * at as f32 / TONE_SAMPLES as f32).sin();
    (turn.sin() * swell * 4_000.0) as i16
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    None,
    Coming { frame: usize },
    Going { frame: usize },
}

/// What a room is played now.
pub(crate) struct RoomPlayback {
    signs: Arc<Signs>,
    sign: Sign,
    playback: Option<Playback>,
    /// A playback's end that was not told yet.
    ended: Option<(PlaybackId, PlaybackEnd)>,
    fit: RateFit,
}

impl RoomPlayback {
    pub(super) fn new(signs: Arc<Signs>) -> Self {
        RoomPlayback { signs, sign: Sign::None, playback: None, ended: None, fit: RateFit::new() }
    }

    pub(super) fn sign_of_coming(&mut self) {
        self.sign = Sign::Coming { frame: 0 };
    }

    pub(super) fn sign_of_going(&mut self) {
        self.sign = Sign::Going { frame: 0 };
    }

    /// A playback begins; the one before it.
    pub(crate) fn begin(
        &mut self,
        room: RoomId,
        playback: Playback,
        reporter: &mut Reporter,
    ) -> Option<Playback> {
        let before = self.end(room, None, reporter);
        self.playback = Some(playback);
        before
    }

    /// A playback is stopped, if it is the meant one or any is meant. There was made sure of room to tell of it.
    pub(crate) fn end(
        &mut self,
        room: RoomId,
        which: Option<PlaybackId>,
        reporter: &mut Reporter,
    ) -> Option<Playback> {
        self.tell_end(room, reporter);
        let stopped = self.playback.take_if(|playback| which.is_none_or(|which| which == playback.id))?;
        if !stopped.is_over() {
            self.ended = Some((stopped.id, PlaybackEnd::Stopped));
            self.tell_end(room, reporter);
        }
        Some(stopped)
    }

    /// Adds what is played to the sum; of how many parts that is.
    pub(super) fn add_to(&mut self, sum: &mut [i32], rate: SampleRate) -> usize {
        let RoomPlayback { signs, sign, playback, fit, ended } = self;
        let mut parts = 0;
        let (prompt, frame) = match sign {
            Sign::None => (None, &mut 0),
            Sign::Coming { frame } => (Some(&signs.coming), frame),
            Sign::Going { frame } => (Some(&signs.going), frame),
        };
        let mut both = [0; SAMPLES_8K];
        if let Some(prompt) = prompt {
            match prompt.frame(*frame) {
                Some(ready) => {
                    both = *ready.pcm;
                    *frame += 1;
                    parts += 1;
                }
                None => *sign = Sign::None,
            }
        }
        let mut room = SILENCE;
        if let Some(playback) = playback {
            let was_over = playback.is_over();
            let samples = match playback.next(&mut room) {
                Some(PlayFrame::Ready(ready)) => Some(ready.pcm),
                Some(PlayFrame::Samples(samples)) => Some(samples),
                None => None,
            };
            if let Some(samples) = samples {
                both.iter_mut().zip(samples).for_each(|(both, sample)| *both = both.saturating_add(*sample));
                parts += 1;
            }
            if playback.is_over() && !was_over {
                *ended = Some((playback.id, PlaybackEnd::Completed));
            }
        }
        if parts > 0 {
            add(sum, fit.fit(LentFrame::Narrow(&both), rate).samples());
        }
        parts
    }

    fn tell_end(&mut self, room: RoomId, reporter: &mut Reporter) {
        if let Some((playback, end)) = self.ended
            && reporter.tell(MediaEvent::RoomPlaybackEnded { room, playback, end })
        {
            self.ended = None;
        }
    }

    /// Tells what there is to tell, and moves an ended playback out, if there is room.
    pub(crate) fn tell<L>(
        &mut self,
        room: RoomId,
        reporter: &mut Reporter,
        retired: &mut HeapProd<Retired<L>>,
    ) {
        self.tell_end(room, reporter);
        if self.ended.is_none()
            && !retired.is_full()
            && let Some(over) = self.playback.take_if(|playback| playback.is_over())
        {
            let _ = retired.try_push(Retired::Playback(over));
            reporter.leave();
        }
    }

    /// What is left of it when the room closes.
    pub(crate) fn prompt_of(playback: PlaybackId, prompt: Arc<Prompt>, repeat: bool) -> Playback {
        Playback::new(playback, PlaySource::Prompt { prompt, at: 0, repeat })
    }
}
