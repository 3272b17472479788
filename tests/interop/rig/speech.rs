//! Speech that the foreign programs say, and whether somebody heard it.

use super::program::installed;
use frontdesk_audio::{g711, to_rate, wav};
use std::path::Path;
use std::process::Command;

/// Sound at 8 kHz.
#[derive(Debug, Clone)]
pub struct Speech(pub Vec<i16>);

/// The same words through codecs and jitter buffers stay above this; other words of the same voice below 0.6.
pub const HEARD: f32 = 0.8;
/// How much of it is compared: half a second.
const WINDOW: usize = 4_000;

impl Speech {
    /// These words by one of flite's voices.
    pub fn say(text: &str, voice: &str) -> Speech {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("speech.wav");
        let status = Command::new(installed("flite", "flite"))
            .args(["-voice", voice, "-t", text, "-o"])
            .arg(&file)
            .status()
            .expect("flite starts");
        assert!(status.success(), "flite ended with {status}");
        Speech::read(&file)
    }

    /// A WAV file's sound.
    pub fn read(file: &Path) -> Speech {
        let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let wav = wav::read(&bytes).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
        Speech(to_rate(&wav.samples, wav.rate, 8_000))
    }

    /// With this much silence before and after it, in milliseconds.
    pub fn between_silence(self, before_ms: usize, after_ms: usize) -> Speech {
        Speech([vec![0; before_ms * 8], self.0, vec![0; after_ms * 8]].concat())
    }

    /// Said again and again for a minute: whoever listens for a few seconds hears it.
    pub fn again_and_again(self) -> Speech {
        let once = [&self.0[..], &[0; 4_000]].concat();
        Speech(once.repeat(480_000 / once.len() + 1))
    }

    /// Its last so many milliseconds.
    pub fn last(&self, milliseconds: usize) -> Speech {
        Speech(self.0[self.0.len().saturating_sub(milliseconds * 8)..].to_vec())
    }

    /// As raw µ-law, as sipp plays it.
    pub fn ulaw(&self) -> Vec<u8> {
        let mut coded = vec![0; self.0.len()];
        g711::encode_ulaw(&self.0, &mut coded);
        coded
    }

    /// As a WAV file.
    pub fn wav(&self) -> Vec<u8> {
        wav::write_mono(8_000, &self.0)
    }

    /// How long it is.
    pub fn seconds(&self) -> f32 {
        self.0.len() as f32 / 8_000.0
    }

    /// How alike its loudest parts, each of half a second, are to the best places of `heard`; 1 is the same.
    pub fn likeness_in(&self, heard: &Speech) -> f32 {
        let found: Vec<f32> = self.loudest().iter().map(|part| likeness(&heard.0, part)).collect();
        match found.as_slice() {
            [] => panic!("it takes half a second of speech"),
            // A jitter buffer may leave out or repeat one period of a voice, which is not heard, but the waveform after it is
            // at another place: of three parts one may be hit.
            [one, other, third] => one.max(*other).min(one.max(*third)).min(other.max(*third)),
            few => few.iter().copied().fold(0.0, f32::max),
        }
    }

    /// The loudest parts of it that do not overlap, three at most.
    fn loudest(&self) -> Vec<&[i16]> {
        let energy =
            |at: usize| self.0[at..at + WINDOW].iter().map(|sample| i64::from(*sample).pow(2)).sum::<i64>();
        let Some(last) = self.0.len().checked_sub(WINDOW) else { return Vec::new() };
        let mut places: Vec<usize> = Vec::new();
        while places.len() < 3 {
            let free = |at: &usize| places.iter().all(|taken| at.abs_diff(*taken) >= WINDOW);
            let Some(place) = (0..=last).step_by(400).filter(free).max_by_key(|at| energy(*at)) else {
                break;
            };
            places.push(place);
        }
        let loudest = places.iter().copied().map(energy).max().unwrap_or(0);
        // Breath and silence are like any other silence.
        places.retain(|place| energy(*place) * 10 >= loudest);
        places.into_iter().map(|at| &self.0[at..at + WINDOW]).collect()
    }

    /// Fails unless these words are in what was heard.
    pub fn must_be_in(&self, heard: &Speech, who: &str) {
        let likeness = self.likeness_in(heard);
        let seconds = heard.seconds();
        assert!(likeness > HEARD, "{who} did not hear it: likeness {likeness:.2} in {seconds:.1} s of sound");
    }
}

/// The best normalised correlation of `words` with any place of `heard`: the waveform itself, not its loudness.
fn likeness(heard: &[i16], words: &[i16]) -> f32 {
    let square = |sample: i16| i64::from(sample).pow(2);
    let words_energy: i64 = words.iter().map(|sample| square(*sample)).sum();
    let Some(first) = heard.get(..words.len()) else { return 0.0 };
    let mut energy: i64 = first.iter().map(|sample| square(*sample)).sum();
    let mut best = 0.0f64;
    for (at, place) in heard.windows(words.len()).enumerate() {
        if at > 0 {
            energy += square(heard[at + words.len() - 1]) - square(heard[at - 1]);
        }
        // Silence is like nothing: less than a hundredth of the loudness of these words.
        if energy * 10_000 > words_energy {
            let product: i64 = place.iter().zip(words).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
            best = best.max(product as f64 / (energy as f64 * words_energy as f64).sqrt());
        }
    }
    best as f32
}

#[test]
fn likeness_knows_the_same_words_softer_and_later_and_no_others() {
    let words = Speech::say("I would like to speak to sales please", "rms");
    let softer = Speech(words.0.iter().map(|sample| sample / 3).collect()).between_silence(333, 100);
    assert!(words.likeness_in(&softer) > 0.99, "{}", words.likeness_in(&softer));
    let others = Speech::say("Nobody is at home today, good bye", "rms");
    assert!(words.likeness_in(&others) < 0.7, "{}", words.likeness_in(&others));
    assert_eq!(words.likeness_in(&Speech(vec![0; 16_000])), 0.0);
}
