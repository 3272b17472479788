//! Whether what one side said was heard by the other: judged by the received waveform, not by packet counts.

use std::path::Path;

/// Why one side did not hear the other.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeardFault {
    /// A recording cannot be read.
    #[error("the recording {file} cannot be read: {why}")]
    Unreadable {
        /// Which.
        file: String,
        /// Why.
        why: String,
    },
    /// Nothing was said on that side.
    #[error("{who} said nothing")]
    SaidNothing {
        /// Who.
        who: &'static str,
    },
    /// What was said is not in what was heard.
    #[error("{who} did not hear the other side: likeness {likeness:.2} of at least {LIKENESS_MIN}")]
    NotHeard {
        /// Who.
        who: &'static str,
        /// The best likeness that was found.
        likeness: f32,
    },
}

/// How alike the best place was in each direction: 1 is the same waveform.
#[derive(Debug, Clone, Copy)]
pub struct Heard {
    /// The caller's last words, as the phone heard them.
    pub caller_by_phone: f32,
    /// The phone's first words, as the caller heard them.
    pub phone_by_caller: f32,
}

/// Below this the words were not there. The same words through two codecs and a jitter buffer score above 0.9, other
/// words of the demo's voices at most 0.53.
pub const LIKENESS_MIN: f32 = 0.7;
/// The loudest second is looked for in all that was heard.
const ANCHOR: usize = 8_000;
/// From there the words are compared by halves of a second,
const PIECE: usize = 4_000;
/// each up to a fifth of a second earlier or later: a jitter buffer may stretch and shrink what lies between words.
const SLACK: usize = 1_600;
/// Quieter than this (RMS) is silence.
const SILENCE_RMS: f32 = 100.0;

/// Checks that the caller's last words reached the phone, and the phone's first words the caller. Both recordings
/// hold on the left what was heard, on the right what was said.
///
/// # Errors
/// Which direction failed, and how.
pub fn check_both_ways(caller: &Path, phone: &Path) -> Result<Heard, HeardFault> {
    let (caller_heard, caller_said) = channels(caller)?;
    let (phone_heard, phone_said) = channels(phone)?;
    let caller_words =
        utterance(&caller_said, Part::Last).ok_or(HeardFault::SaidNothing { who: "the caller" })?;
    let phone_words =
        utterance(&phone_said, Part::First).ok_or(HeardFault::SaidNothing { who: "the phone" })?;
    let heard = Heard {
        caller_by_phone: likeness(&phone_heard, caller_words),
        phone_by_caller: likeness(&caller_heard, phone_words),
    };
    for (who, likeness) in [("the phone", heard.caller_by_phone), ("the caller", heard.phone_by_caller)] {
        if likeness < LIKENESS_MIN {
            return Err(HeardFault::NotHeard { who, likeness });
        }
    }
    Ok(heard)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    First,
    Last,
}

/// The first or last words: half a second of silence parts words from words.
fn utterance(said: &[i16], part: Part) -> Option<&[i16]> {
    let blocks: Vec<bool> = said.chunks(800).map(|block| rms(block) > SILENCE_RMS).collect();
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for (at, _) in blocks.iter().enumerate().filter(|(_, loud)| **loud) {
        match spans.last_mut() {
            Some((_, end)) if at - *end <= 5 => *end = at + 1,
            _ => spans.push((at, at + 1)),
        }
    }
    let (start, end) = match part {
        Part::First => spans.first()?,
        Part::Last => spans.last()?,
    };
    said.get(start * 800..(end * 800).min(said.len()))
}

fn rms(samples: &[i16]) -> f32 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (energy / samples.len().max(1) as f64).sqrt() as f32
}

/// How much of `words` is in what was `heard`: the median over their halves of a second of the best normalised
/// correlation near the place where they should be. A packet that was lost costs one piece, a silent direction all.
pub fn likeness(heard: &[i16], words: &[i16]) -> f32 {
    let window = ANCHOR.min(words.len());
    let loudest = |at: &usize| rms(words.get(*at..*at + window).unwrap_or_default());
    let starts = (0..=words.len() - window).step_by(400);
    let Some(anchor) = starts.max_by(|a, b| loudest(a).total_cmp(&loudest(b))) else { return 0.0 };
    let Some(anchor_words) = words.get(anchor..anchor + window) else { return 0.0 };
    let (_, found) = best_place(heard, anchor_words, 0);
    let mut pieces = Vec::new();
    for (number, piece) in words.chunks_exact(PIECE.min(window)).enumerate() {
        if rms(piece) <= SILENCE_RMS {
            continue;
        }
        // Where the piece should be, if what lies between is neither stretched nor shrunk.
        let from = (found + number * PIECE).saturating_sub(anchor + SLACK);
        let near = heard.get(from..(from + piece.len() + 2 * SLACK).min(heard.len())).unwrap_or_default();
        pieces.push(best_place(near, piece, from).0);
    }
    pieces.sort_by(f32::total_cmp);
    pieces.get(pieces.len() / 2).copied().unwrap_or(0.0)
}

/// The best normalised correlation of `words` with any place of `heard`, and where that is, counted from `from`.
fn best_place(heard: &[i16], words: &[i16], from: usize) -> (f32, usize) {
    let norm = |samples: &[i16]| samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>().sqrt();
    let words_norm = norm(words);
    let (mut best, mut at) = (0.0f64, from);
    if words.is_empty() || words_norm == 0.0 {
        return (0.0, from);
    }
    for (offset, place) in heard.windows(words.len()).enumerate() {
        // Most places are silent: look closely only where it may pay.
        let energy = norm(place);
        if energy < f64::from(SILENCE_RMS) * (words.len() as f64).sqrt() * 0.2 {
            continue;
        }
        let product: i64 = place.iter().zip(words).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
        let likeness = product as f64 / (energy * words_norm);
        if likeness > best {
            (best, at) = (likeness, from + offset);
        }
    }
    (best as f32, at)
}

/// Left and right of a stereo recording at 8 kHz.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn channels(file: &Path) -> Result<(Vec<i16>, Vec<i16>), HeardFault> {
    let unreadable = |why: &dyn std::fmt::Display| HeardFault::Unreadable {
        file: file.display().to_string(),
        why: why.to_string(),
    };
    let mut reader = hound::WavReader::open(file).map_err(|error| unreadable(&error))?;
    let spec = reader.spec();
    if spec.channels != 2 || spec.sample_rate != 8_000 || spec.bits_per_sample != 16 {
        return Err(unreadable(&"it is not stereo at 8 kHz with 16 bits"));
    }
    let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>().map_err(|error| unreadable(&error))?;
    let side = |first: usize| samples.iter().skip(first).step_by(2).copied().collect();
    Ok((side(0), side(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise with a voice's ups and downs; another seed is other words.
    fn words(seed: u64, samples: usize) -> Vec<i16> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut low = 0.0f64;
        (0..samples)
            .map(|at| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let noise = (state >> 40) as f64 / f64::from(1u32 << 24) - 0.5;
                low += 0.3 * (noise - low);
                (low * 20_000.0 * (0.6 + 0.4 * (at as f64 / 900.0).sin())) as i16
            })
            .collect()
    }

    fn record(file: &Path, heard: &[i16], said: &[i16]) {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(file, spec).expect("a file");
        for (left, right) in heard.iter().zip(said) {
            writer.write_sample(*left).expect("a sample");
            writer.write_sample(*right).expect("a sample");
        }
        writer.finalize().expect("a file");
    }

    /// Two recordings of one talk, each as long as the other.
    fn talk(folder: &Path, phone_hears: bool, caller_hears: bool) -> Result<Heard, HeardFault> {
        let silence = vec![0i16; 6_000];
        let (caller, phone) = (words(1, 12_000), words(2, 12_000));
        let both = |first: &[i16], second: &[i16]| [&silence, first, &silence, second].concat();
        let nothing = vec![0i16; 36_000];
        let caller_said = both(&silence.repeat(2), &caller);
        let phone_said = both(&phone, &silence.repeat(2));
        let heard = |said: &[i16], is: bool| if is { [&[0; 320], said].concat() } else { nothing.clone() };
        let (caller_file, phone_file) = (folder.join("caller.wav"), folder.join("phone.wav"));
        record(&caller_file, &heard(&phone_said, caller_hears), &caller_said);
        record(&phone_file, &heard(&caller_said, phone_hears), &phone_said);
        check_both_ways(&caller_file, &phone_file)
    }

    #[test]
    fn a_talk_that_both_hear_passes() {
        let folder = tempfile::tempdir().expect("a folder");
        let heard = talk(folder.path(), true, true).expect("both hear");
        assert!(heard.caller_by_phone > 0.99 && heard.phone_by_caller > 0.99, "{heard:?}");
    }

    #[test]
    fn one_silent_direction_fails_the_check() {
        let folder = tempfile::tempdir().expect("a folder");
        let deaf_phone = talk(folder.path(), false, true).expect_err("the phone hears nothing");
        assert!(matches!(deaf_phone, HeardFault::NotHeard { who: "the phone", .. }), "{deaf_phone}");
        let deaf_caller = talk(folder.path(), true, false).expect_err("the caller hears nothing");
        assert!(matches!(deaf_caller, HeardFault::NotHeard { who: "the caller", .. }), "{deaf_caller}");
    }

    #[test]
    fn a_lost_packet_and_a_stretched_pause_are_forgiven() {
        let spoken = words(3, 24_000);
        let mut heard = [&vec![0i16; 5_000][..], &spoken[..12_000], &[0; 320], &spoken[12_000..]].concat();
        heard[9_000..9_480].fill(0);
        let likeness = likeness(&heard, &spoken);
        assert!(likeness > 0.95, "{likeness}");
    }

    #[test]
    fn other_words_are_not_taken_for_these() {
        let likeness = likeness(&words(7, 16_000), &words(8, 8_000));
        assert!(likeness < 0.4, "{likeness}");
    }
}
