//! The sounds of the score: spoken by the voice programs, sent through a telephone line, with and without noise.

use frontdesk_audio::{g711, to_rate, wav};
use frontdesk_identifiers::Locale;
use frontdesk_speech::voice_program::VoiceProgram;
use frontdesk_speech::{TextToSpeech, VoiceFault};
use std::path::{Path, PathBuf};

/// A folder beside the repository, or the one that `FRONTDESK_TESTDATA` names (its sibling for models).
fn shared(kind: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let testdata =
        std::env::var_os("FRONTDESK_TESTDATA").map_or_else(|| beside.join("testdata"), PathBuf::from);
    let folder = if kind == "models" { testdata.join("../models") } else { testdata };
    folder.is_dir().then_some(folder)
}

/// The fixed list of the model's makers, where it is there.
pub fn testset() -> Option<PathBuf> {
    shared("models").map(|folder| folder.join("testset")).filter(|folder| folder.is_dir())
}

/// A WAV file at 8 kHz.
pub fn read_8k(path: &Path) -> Vec<i16> {
    let read = wav::read(&std::fs::read(path).expect("a file of the test data")).expect("a WAV");
    to_rate(&read.samples, read.rate, 8_000)
}

/// What this voice says, at 8 kHz; `None` if its program is not installed.
pub fn spoken(voice: &str, text: &str) -> Option<Vec<i16>> {
    let (program, name) = voice.split_once(':').expect("program:voice");
    let path = Path::new(program);
    let mut voice = match program {
        "flite" => VoiceProgram::flite(path, name),
        _ => VoiceProgram::espeak_ng(path, name),
    };
    match voice.render(text, &Locale::default()) {
        Ok(waveform) => Some(at_speech_level(to_rate(&waveform.samples, waveform.rate, 8_000))),
        Err(VoiceFault::Missing { .. }) => None,
        Err(fault) => panic!("{fault}"),
    }
}

/// Speech as it arrives on a telephone line: a peak of −9 dB of full scale.
fn at_speech_level(samples: Vec<i16>) -> Vec<i16> {
    let peak = samples.iter().map(|sample| f64::from(sample.unsigned_abs())).fold(1.0, f64::max);
    samples.iter().map(|sample| (f64::from(*sample) * 11_600.0 / peak) as i16).collect()
}

/// The line while the greeting plays: 3 s.
pub const GREETING_SAMPLES: usize = 24_000;

/// A caller who hears a greeting, thinks for 0.5 to 1.5 s, speaks, and waits for a second; on a line with a faint hiss.
pub fn line(speech: &[i16], at: usize) -> Vec<i16> {
    let before = GREETING_SAMPLES + 4_000 + (at * 2_777) % 8_000;
    let mut samples = vec![0i16; before];
    samples.extend_from_slice(speech);
    samples.resize(samples.len() + 8_000, 0);
    for (sample, hiss) in samples.iter_mut().zip(hiss(at as u32 + 1)) {
        *sample = sample.saturating_add(hiss / 2_048);
    }
    samples
}

/// White noise of full scale, the same for the same seed.
pub fn hiss(seed: u32) -> impl Iterator<Item = i16> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 16) as u16 as i16
    })
}

/// Through µ-law and back.
pub fn telephone(samples: &[i16]) -> Vec<i16> {
    let mut payload = vec![0; samples.len()];
    let mut heard = vec![0; samples.len()];
    g711::encode_ulaw(samples, &mut payload);
    g711::decode_ulaw(&payload, &mut heard);
    heard
}

/// An office at 8 kHz: the recording of the test data, or a made-up one (brown noise that swells).
pub fn office_noise() -> Vec<i16> {
    if let Some(folder) = shared("testdata") {
        return read_8k(&folder.join("noise/office.wav"));
    }
    let mut level = 0.0f64;
    let swell = |at: usize| 0.6 + 0.4 * (at as f64 / 9_000.0).sin();
    hiss(77)
        .take(8_000 * 40)
        .enumerate()
        .map(|(at, sample)| {
            level = level * 0.97 + f64::from(sample) * 0.03;
            (level * swell(at)) as i16
        })
        .collect()
}

/// Sound with noise so many dB below its speech, both by root mean square of the loud parts.
pub fn noisy(samples: &[i16], noise: &[i16], snr_db: f64, at: usize) -> Vec<i16> {
    let from = (at * 12_345) % noise.len();
    let noise = noise.iter().cycle().skip(from).take(samples.len()).copied().collect::<Vec<i16>>();
    let gain = loudness(samples) / loudness(&noise).max(1.0) / 10f64.powf(snr_db / 20.0);
    let mixed = samples.iter().zip(&noise);
    mixed.map(|(sample, noise)| (f64::from(*sample) + f64::from(*noise) * gain) as i16).collect()
}

fn loudness(samples: &[i16]) -> f64 {
    let mut frames: Vec<f64> = samples
        .chunks(160)
        .map(|frame| frame.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / frame.len() as f64)
        .collect();
    let loudest = frames.iter().copied().fold(0.0, f64::max);
    frames.retain(|frame| *frame > loudest / 100.0);
    (frames.iter().sum::<f64>() / frames.len().max(1) as f64).sqrt()
}

/// Sounds without a word: the office as it is, raised, hiss, hum, clicks, a telephone's tones.
pub fn noises() -> Vec<(String, Vec<i16>)> {
    let office = office_noise();
    let mut noises = Vec::new();
    for (at, clip) in office.chunks(40_000).enumerate() {
        noises.push((format!("office {at}"), clip.to_vec()));
        let raised = clip.iter().map(|sample| sample.saturating_mul(8)).collect();
        noises.push((format!("office {at}, 18 dB louder"), raised));
    }
    for loud in [4, 16, 64] {
        let samples: Vec<i16> = hiss(loud as u32).take(40_000).map(|sample| sample / (256 / loud)).collect();
        noises.push((format!("hiss {loud}"), samples));
    }
    let hum = |at: usize| (6_000.0 * (at as f64 * 2.0 * std::f64::consts::PI * 140.0 / 8_000.0).sin()) as i16;
    noises.push(("hum of 140 Hz".to_owned(), (0..40_000).map(hum).collect()));
    let mut clicks = vec![0i16; 40_000];
    clicks.iter_mut().enumerate().for_each(|(at, sample)| {
        if at % 8_000 < 320 {
            *sample = if at % 16 < 8 { 12_000 } else { -12_000 };
        }
    });
    noises.push(("clicks of 40 ms".to_owned(), clicks));
    noises.push(("silence".to_owned(), vec![0; 40_000]));
    noises
}
