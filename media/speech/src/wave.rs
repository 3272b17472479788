//! From a voice's waveform to a prompt: telephone rate, an even level, no long silence around it.

use crate::voice::{VoiceFault, Waveform};
use frontdesk_audio::wav::WavFault;
use frontdesk_audio::{Prompt, SAMPLES_8K};

/// The rate of the telephone.
pub(crate) const RATE_8K: u32 = 8_000;
/// The level that speech is brought to, root mean square of its loud parts, of full scale: −20 dB.
const TARGET_RMS: f64 = 3_276.8;
/// No sample is louder than this after levelling: −3 dB of full scale.
const LOUDEST_SAMPLE: f64 = 23_197.0;
/// The most by which a soft voice is raised: 12 dB. What is softer still was meant to be.
const MOST_GAIN: f64 = 4.0;
/// Frames softer than this by the loudest one are silence at the edges: 40 dB.
const SILENCE_BELOW_LOUDEST: f64 = 0.01;
/// Silence that is left before the first and after the last sound: 40 ms and 100 ms.
const SILENCE_BEFORE_FRAMES: usize = 2;
const SILENCE_AFTER_FRAMES: usize = 5;

/// Reads what a program gave or what a file holds.
pub(crate) fn read(bytes: &[u8], origin: &str) -> Result<Waveform, VoiceFault> {
    let no_sound = |why| VoiceFault::NoSound { origin: origin.to_owned(), why };
    match frontdesk_audio::wav::read(bytes) {
        Ok(wav) => Ok(Waveform { rate: wav.rate, samples: wav.samples }),
        Err(WavFault::Empty) => Err(no_sound("it holds no sample")),
        Err(WavFault::Rate { .. }) => Err(no_sound("its rate is out of range")),
        Err(WavFault::Channels { .. }) => Err(no_sound("it is neither mono nor stereo")),
        Err(WavFault::TooLong) => Err(no_sound("it is too long")),
        Err(WavFault::Truncated) => Err(no_sound("it is cut off")),
        Err(_) => Err(no_sound("its header cannot be read")),
    }
}

/// The samples of a prompt: 8 kHz, levelled, trimmed. Silence stays silence.
pub(crate) fn prepare(waveform: &Waveform) -> Vec<i16> {
    let mut samples = frontdesk_audio::to_rate(&waveform.samples, waveform.rate, RATE_8K);
    level(&mut samples);
    trim(&samples)
}

/// The prompt itself.
pub(crate) fn prompt_of(samples_8k: Vec<i16>) -> Prompt {
    Prompt::from_pcm_8k(samples_8k)
}

fn level(samples: &mut [i16]) {
    let frames: Vec<f64> = samples.chunks(SAMPLES_8K).map(rms).collect();
    let loudest = frames.iter().copied().fold(0.0, f64::max);
    let spoken: Vec<f64> = frames.into_iter().filter(|frame| *frame > loudest * 0.1).collect();
    let peak = samples.iter().map(|sample| f64::from(sample.unsigned_abs())).fold(0.0, f64::max);
    if spoken.is_empty() || peak == 0.0 {
        return;
    }
    let mean = (spoken.iter().map(|frame| frame * frame).sum::<f64>() / spoken.len() as f64).sqrt();
    let gain = (TARGET_RMS / mean).min(LOUDEST_SAMPLE / peak).min(MOST_GAIN);
    for sample in samples {
        // `as` saturates; the peak bounds it anyway.
        *sample = (f64::from(*sample) * gain).round() as i16;
    }
}

fn trim(samples: &[i16]) -> Vec<i16> {
    let frames: Vec<f64> = samples.chunks(SAMPLES_8K).map(rms).collect();
    let silence = frames.iter().copied().fold(0.0, f64::max) * SILENCE_BELOW_LOUDEST;
    let sounds = |frame: &f64| *frame > silence;
    let (Some(first), Some(last)) = (frames.iter().position(sounds), frames.iter().rposition(sounds)) else {
        return samples.to_vec();
    };
    let from = first.saturating_sub(SILENCE_BEFORE_FRAMES) * SAMPLES_8K;
    let to = ((last + 1 + SILENCE_AFTER_FRAMES) * SAMPLES_8K).min(samples.len());
    samples.get(from..to).unwrap_or(samples).to_vec()
}

fn rms(samples: &[i16]) -> f64 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (energy / samples.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u32, silence_ms: usize, tone_ms: usize, amplitude: f64) -> Waveform {
        let per_ms = rate as usize / 1_000;
        let mut samples = vec![0i16; silence_ms * per_ms];
        let step = 2.0 * std::f64::consts::PI * 400.0 / f64::from(rate);
        samples.extend((0..tone_ms * per_ms).map(|at| ((at as f64 * step).sin() * amplitude) as i16));
        samples.resize(samples.len() + silence_ms * per_ms, 0);
        Waveform { rate, samples }
    }

    #[test]
    fn a_soft_voice_at_16_khz_becomes_an_even_prompt_without_long_silence() {
        let prepared = prepare(&tone(16_000, 800, 500, 2_000.0));
        let expected = (500 + 40 + 100) * 8;
        assert!(prepared.len().abs_diff(expected) <= 2 * SAMPLES_8K, "{} samples", prepared.len());
        let level = rms(&prepared[SAMPLES_8K * 4..SAMPLES_8K * 20]);
        assert!((level / TARGET_RMS - 1.0).abs() < 0.05, "{level}");
    }

    #[test]
    fn a_loud_voice_is_lowered_and_silence_is_left_alone() {
        let loud = prepare(&tone(8_000, 100, 300, 32_000.0));
        assert!(loud.iter().all(|sample| f64::from(sample.unsigned_abs()) <= LOUDEST_SAMPLE + 1.0));
        assert_eq!(prepare(&Waveform { rate: 8_000, samples: vec![0; 800] }), vec![0; 800]);
        assert!(prepare(&Waveform { rate: 8_000, samples: Vec::new() }).is_empty());
    }

    #[test]
    fn a_file_that_lies_is_a_fault_that_names_it() {
        let fault = read(b"RIFF....WAVEjunk", "bad.wav").unwrap_err();
        assert!(fault.to_string().contains("bad.wav"), "{fault}");
    }
}
