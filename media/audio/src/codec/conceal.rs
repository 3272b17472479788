//! Sound in the place of packets that did not come, in the spirit of ITU-T G.711 Appendix I.
//!
//! A voice repeats itself with its pitch, so that the last pitch period may go on for a while: one period in
//! the first 10 ms, two in the next, then three, since a single period that repeats for long is heard as a
//! buzz. From 10 ms on it fades, at 60 ms it is silent. Where no pitch is found (breath, an "s", noise), the
//! last sound is played to and fro instead, which repeats nothing within those 60 ms.
//!
//! Unlike Appendix I it delays nothing: what cannot be overlapped at the beginning of a loss is bent into
//! place (see [`Template::offset`]).

use crate::dsp::dot::dot;
use crate::{SAMPLES_8K, SampleRate};

// Lengths are in samples at 8 kHz; at 16 kHz they are twice as many.

/// The longest and the shortest pitch period that are looked for: 66 and 200 Hz; a higher voice is found at
/// a multiple of its period.
const LONGEST_PITCH: usize = 120;
const SHORTEST_PITCH: usize = 40;
/// Three periods, and a quarter period before them to overlap with.
const HISTORY: usize = 3 * LONGEST_PITCH + LONGEST_PITCH / 4;
/// The room for it at either rate.
const ROOM: usize = 2 * HISTORY;
/// The sound over which periods are compared: 20 ms.
const COMPARED: usize = SAMPLES_8K;
/// Below this normalised correlation there is no pitch.
const VOICED_CORRELATION: f32 = 0.55;
/// After 10 ms the fade begins, after 60 ms it is complete.
const FADE_FROM: usize = 80;
const FADE_TO: usize = 480;
/// The real sound is faded in over a quarter period, and 4 ms more for each 10 ms of loss, up to 10 ms.
const LONGEST_RETURN: usize = 80;

/// Conceals the losses of one stream. Tell it each frame, in order: real ones by
/// [`received`](Conceal::received), missing ones by [`conceal`](Conceal::conceal). Takes no memory.
#[derive(Debug, Clone)]
pub struct Conceal {
    rate: SampleRate,
    /// What was played last, the newest at the end; of a narrow stream the end of it.
    history: [i16; ROOM],
    loss: Option<Template>,
}

/// What is continued while packets are missing.
#[derive(Debug, Clone)]
struct Template {
    /// The history when the loss began.
    sound: [i16; ROOM],
    /// Samples for each at 8 kHz.
    scale: usize,
    repeats: Repeats,
    /// Samples made so far.
    made: usize,
    /// How far the first made sample would jump; added in full to it and to ever less of the following
    /// samples, so that there is no click.
    jump: f32,
}

#[derive(Debug, Clone, Copy)]
enum Repeats {
    /// The pitch period in samples.
    Pitch(usize),
    /// The sound to and fro.
    Mirrored,
}

impl Conceal {
    /// For a stream at 8 kHz that has not begun: what is concealed before the first frame is silence.
    pub fn new() -> Self {
        Conceal::at(SampleRate::Narrow)
    }

    /// For a stream at this rate.
    pub fn at(rate: SampleRate) -> Self {
        Conceal { rate, history: [0; ROOM], loss: None }
    }

    /// The rate of its stream.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// A real frame. After a loss its beginning is blended with what was made up, in place.
    pub fn received(&mut self, frame: &mut [i16]) {
        if let Some(mut template) = self.loss.take() {
            let blend = template.return_samples().min(frame.len());
            for (at, sample) in frame.iter_mut().take(blend).enumerate() {
                let share = (at + 1) as f32 / (blend + 1) as f32;
                *sample = (f32::from(*sample) * share + template.next() * (1.0 - share)) as i16;
            }
        }
        self.remember(frame);
    }

    /// Writes what stands for a missing frame.
    pub fn conceal(&mut self, frame: &mut [i16]) {
        let mut template = self.loss.take().unwrap_or_else(|| Template::of(&self.history, self.rate));
        for sample in frame.iter_mut() {
            *sample = template.next() as i16;
        }
        self.loss = Some(template);
        self.remember(frame);
    }

    fn remember(&mut self, frame: &[i16]) {
        let newest = &frame[frame.len().saturating_sub(ROOM)..];
        self.history.copy_within(newest.len().., 0);
        self.history[ROOM - newest.len()..].copy_from_slice(newest);
    }
}

impl Default for Conceal {
    fn default() -> Self {
        Conceal::new()
    }
}

impl Template {
    fn of(history: &[i16; ROOM], rate: SampleRate) -> Self {
        let (scale, repeats) = match rate {
            SampleRate::Narrow => (1, find_pitch(&history[ROOM - HISTORY..])),
            SampleRate::Wide => (2, find_wide_pitch(history)),
        };
        let mut template = Template { sound: *history, scale, repeats, made: 0, jump: 0.0 };
        // Where the sound stood and where the continuation expects it to have stood.
        template.jump = match repeats {
            Repeats::Pitch(pitch) => template.sample(ROOM - 1) - template.sample(ROOM - 1 - pitch),
            Repeats::Mirrored => 0.0,
        };
        template
    }

    fn sample(&self, at: usize) -> f32 {
        f32::from(self.sound[at])
    }

    /// The next sample of the continuation.
    fn next(&mut self) -> f32 {
        let at = self.made;
        let (fade_from, fade_to) = (FADE_FROM * self.scale, FADE_TO * self.scale);
        if at >= fade_to {
            return 0.0;
        }
        self.made += 1;
        let sound = match self.repeats {
            Repeats::Pitch(pitch) => self.pitched(pitch, at) + self.offset(pitch, at),
            Repeats::Mirrored => self.mirrored(at),
        };
        let fade = match at.checked_sub(fade_from) {
            None => 1.0,
            Some(late) => 1.0 - late as f32 / (fade_to - fade_from) as f32,
        };
        (sound * fade).clamp(f32::from(i16::MIN), f32::from(i16::MAX))
    }

    /// The last one, two or three periods over and over; from one stage to the next, the old and the new
    /// overlap for a quarter period.
    fn pitched(&self, pitch: usize, at: usize) -> f32 {
        let quarter = pitch / 4;
        let stage_samples = FADE_FROM * self.scale;
        let stage = (at / stage_samples).min(2);
        let new = self.repeated(pitch, stage + 1, at);
        let into_stage = at - stage * stage_samples;
        if stage == 0 || into_stage >= quarter {
            return new;
        }
        let share = (into_stage + 1) as f32 / (quarter + 1) as f32;
        new * share + self.repeated(pitch, stage, at) * (1.0 - share)
    }

    /// The last `periods` periods over and over. Their end is blended into what stood before their
    /// beginning, so that the seam fits.
    fn repeated(&self, pitch: usize, periods: usize, at: usize) -> f32 {
        let length = pitch * periods;
        let quarter = pitch / 4;
        let place = at % length;
        let start = ROOM - length;
        let plain = self.sample(start + place);
        match place.checked_sub(length - quarter) {
            None => plain,
            Some(into) => {
                let share = (into + 1) as f32 / (quarter + 1) as f32;
                plain * (1.0 - share) + self.sample(start + place - length) * share
            }
        }
    }

    /// Bends the beginning into place, over a quarter period.
    fn offset(&self, pitch: usize, at: usize) -> f32 {
        let quarter = pitch / 4;
        if at >= quarter { 0.0 } else { self.jump * (quarter - at) as f32 / (quarter + 1) as f32 }
    }

    fn mirrored(&self, at: usize) -> f32 {
        // … c b a | a b c … : from the newest sample back to the oldest, and forth again.
        let history = HISTORY * self.scale;
        let place = at % (2 * history);
        let back = if place < history { place } else { 2 * history - 1 - place };
        self.sample(ROOM - 1 - back)
    }

    fn return_samples(&self) -> usize {
        let quarter = match self.repeats {
            Repeats::Pitch(pitch) => pitch / 4,
            Repeats::Mirrored => SHORTEST_PITCH / 4 * self.scale,
        };
        (quarter + self.made / 80 * 32).min(LONGEST_RETURN * self.scale)
    }
}

/// The lag at which the last 20 ms resemble what came before them most, of [`HISTORY`] samples at 8 kHz.
///
/// All legs of a node may lose a packet in the same tick, so only every second lag is tried, then the
/// neighbours of the best.
fn find_pitch(sound: &[i16]) -> Repeats {
    let mut float = [0.0; HISTORY];
    float.iter_mut().zip(sound).for_each(|(float, sample)| *float = f32::from(*sample));
    find_pitch_in(&float)
}

fn find_pitch_in(sound: &[f32; HISTORY]) -> Repeats {
    let likeness = Likeness::of(sound, COMPARED);
    let mut best = (0.0f32, LONGEST_PITCH);
    for lag in (SHORTEST_PITCH..=LONGEST_PITCH).step_by(2) {
        let correlation = likeness.at(lag);
        // A multiple of the period fits as well as the period: the shorter one wins unless clearly worse.
        if correlation > best.0 + 0.01 {
            best = (correlation, lag);
        }
    }
    for lag in [best.1 - 1, best.1 + 1] {
        let correlation = likeness.at(lag);
        if correlation > best.0 && (SHORTEST_PITCH..=LONGEST_PITCH).contains(&lag) {
            best = (correlation, lag);
        }
    }
    if best.0 >= VOICED_CORRELATION { Repeats::Pitch(best.1) } else { Repeats::Mirrored }
}

/// The same at 16 kHz: found at half the rate, where a pitch is as good to be seen, then among the neighbours.
fn find_wide_pitch(sound: &[i16; ROOM]) -> Repeats {
    let mut halved = [0.0; HISTORY];
    for (half, pair) in halved.iter_mut().zip(sound.as_chunks::<2>().0) {
        *half = (f32::from(pair[0]) + f32::from(pair[1])) / 2.0;
    }
    let Repeats::Pitch(pitch) = find_pitch_in(&halved) else { return Repeats::Mirrored };
    let float = sound.map(f32::from);
    let likeness = Likeness::of(&float, 2 * COMPARED);
    let near = (2 * pitch - 1).max(2 * SHORTEST_PITCH)..=(2 * pitch + 1).min(2 * LONGEST_PITCH);
    let best = near.max_by(|one, other| likeness.at(*one).total_cmp(&likeness.at(*other)));
    Repeats::Pitch(best.unwrap_or(2 * pitch))
}

/// How much the end of a sound resembles what came before it.
struct Likeness<'a> {
    sound: &'a [f32],
    newest: &'a [f32],
    energy: f32,
}

impl<'a> Likeness<'a> {
    fn of(sound: &'a [f32], compared: usize) -> Self {
        let newest = &sound[sound.len() - compared..];
        Likeness { sound, newest, energy: dot(newest, newest) }
    }

    /// The normalised correlation with what was so many samples earlier.
    fn at(&self, lag: usize) -> f32 {
        let end = self.sound.len() - lag;
        let earlier = &self.sound[end - self.newest.len()..end];
        dot(self.newest, earlier) / (self.energy * dot(earlier, earlier)).sqrt().max(1.0)
    }
}

#[cfg(test)]
mod tests;
