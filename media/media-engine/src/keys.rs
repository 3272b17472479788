//! Keys on their way to a party that did not agree to telephone-events: as tones in the sound.

use crate::orders::StreamFrame;
use frontdesk_audio::ToneGenerator;

/// How long a key sounds: 100 ms, well over the 40 ms of ITU-T Q.24.
const TONE_TICKS: u8 = 5;
/// How long it is silent after a key.
const PAUSE_TICKS: u8 = 3;
/// Keys that wait to be sent. What is more is dropped.
const WAITING_KEYS: usize = 64;

/// The keys of one leg that are to be sounded.
pub(crate) struct SoundedKeys {
    waiting: [char; WAITING_KEYS],
    length: usize,
    sounding: Sounding,
}

/// What the tones are doing.
enum Sounding {
    /// No key sounds.
    Silent,
    /// A key sounds for some ticks more.
    Tone { tone: ToneGenerator, ticks_left: u8 },
    /// The pause after a key.
    Pause { ticks_left: u8 },
}

impl SoundedKeys {
    pub(crate) fn new() -> Self {
        SoundedKeys { waiting: ['0'; WAITING_KEYS], length: 0, sounding: Sounding::Silent }
    }

    pub(crate) fn push(&mut self, key: char) {
        if let Some(place) = self.waiting.get_mut(self.length) {
            *place = key;
            self.length += 1;
        }
    }

    /// Whether a key sounds or waits.
    pub(crate) fn is_busy(&self) -> bool {
        self.length > 0 || !matches!(self.sounding, Sounding::Silent)
    }

    fn pop(&mut self) -> Option<char> {
        let key = *self.waiting.first().filter(|_| self.length > 0)?;
        self.waiting.copy_within(1..self.length, 0);
        self.length -= 1;
        Some(key)
    }

    /// The next 20 ms of tones; `None` when no key is to be sent.
    pub(crate) fn tones(&mut self) -> Option<StreamFrame> {
        if matches!(self.sounding, Sounding::Silent) {
            let tone = ToneGenerator::dtmf(self.pop()?)?;
            self.sounding = Sounding::Tone { tone, ticks_left: TONE_TICKS };
        }
        let mut frame = crate::tap::SILENCE;
        match &mut self.sounding {
            Sounding::Silent => return None,
            Sounding::Tone { tone, ticks_left } => {
                tone.fill(&mut frame);
                *ticks_left -= 1;
                if *ticks_left == 0 {
                    self.sounding = Sounding::Pause { ticks_left: PAUSE_TICKS };
                }
            }
            Sounding::Pause { ticks_left } => {
                *ticks_left -= 1;
                if *ticks_left == 0 {
                    self.sounding = Sounding::Silent;
                }
            }
        }
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_keys_are_two_tones_with_a_pause_between_and_after() {
        let mut keys = SoundedKeys::new();
        keys.push('1');
        keys.push('#');
        let mut sounding = Vec::new();
        while let Some(frame) = keys.tones() {
            sounding.push(frame.iter().any(|sample| *sample != 0));
        }
        let one = [vec![true; 5], vec![false; 3]].concat();
        assert_eq!(sounding, [one.clone(), one].concat());
    }

    #[test]
    fn keys_beyond_what_can_wait_are_dropped() {
        let mut keys = SoundedKeys::new();
        for _ in 0..WAITING_KEYS + 5 {
            keys.push('7');
        }
        assert_eq!(std::iter::from_fn(|| keys.pop()).count(), WAITING_KEYS);
    }
}
