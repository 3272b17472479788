//! Against recorded speech, noise and keys. They are not part of the project; without them nothing is tested.

use frontdesk_audio::wav::{self, WavFault};
use frontdesk_audio::{
    ActivityDetector, Conceal, Decoder, Encoder, LentFrame, RateFit, SampleRate, ToneDetector, g711, to_rate,
};
use std::path::{Path, PathBuf};

/// The folder of recordings, if it is there.
fn testdata() -> Option<PathBuf> {
    let folder = std::env::var_os("FRONTDESK_TESTDATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata"),
        PathBuf::from,
    );
    if !folder.is_dir() {
        println!("skipped: no test data");
        return None;
    }
    Some(folder)
}

/// A recording at 8 kHz as a telephone line would carry it.
fn over_the_line(path: &str) -> Option<Vec<i16>> {
    let sound = wav::read(&std::fs::read(testdata()?.join(path)).unwrap()).unwrap();
    let mut samples = to_rate(&sound.samples, sound.rate, 8_000);
    let mut payload = vec![0; samples.len()];
    g711::encode_ulaw(&samples, &mut payload);
    g711::decode_ulaw(&payload, &mut samples);
    Some(samples)
}

const SPEECH: [&str; 6] = [
    "speech/jfk/jfk.wav",
    "speech/librivox/sense_and_sensibility_01_austen_64kb-0870.wav",
    "speech/librivox/sense_and_sensibility_01_austen_64kb-0880.wav",
    "speech/librivox/sense_and_sensibility_01_austen_64kb-0890.wav",
    "speech/librivox/sense_and_sensibility_01_austen_64kb-0920.wav",
    "speech/librivox/sense_and_sensibility_01_austen_64kb-0930.wav",
];

#[test]
fn every_recorded_key_is_told_once() {
    for (name, key) in "0123456789"
        .chars()
        .map(|k| (k.to_string(), k))
        .chain([("star".to_owned(), '*'), ("pound".to_owned(), '#')])
    {
        let Some(samples) = over_the_line(&format!("dtmf/dtmf-{name}.wav")) else { return };
        let mut detector = ToneDetector::new();
        let told: Vec<char> = samples.chunks(160).filter_map(|frame| detector.frame(frame)).collect();
        assert_eq!(told, [key]);
    }
}

#[test]
fn speech_and_office_noise_press_no_keys() {
    for path in SPEECH.iter().chain(&["noise/office.wav"]) {
        let Some(samples) = over_the_line(path) else { return };
        // At two levels, since talk-off depends on it.
        for factor in [1.0, 0.25] {
            let mut detector = ToneDetector::new();
            let scaled: Vec<i16> = samples.iter().map(|s| (f32::from(*s) * factor) as i16).collect();
            let told: String = scaled.chunks(160).filter_map(|frame| detector.frame(frame)).collect();
            assert_eq!(told, "", "{path}");
        }
    }
}

/// A recording as a telephone with G.722 sends it, brought down for the detector as a port does it.
fn over_a_wide_line(samples_8k: &[i16]) -> Vec<i16> {
    let (mut encoder, mut decoder) = (Encoder::g722(), Decoder::g722());
    let (mut raise, mut lower) = (RateFit::new(), RateFit::new());
    let mut heard = Vec::new();
    for frame in samples_8k.as_chunks::<160>().0 {
        let wide = raise.fit(LentFrame::Narrow(frame), SampleRate::Wide);
        let (mut payload, mut room) = ([0; 160], [0; 320]);
        encoder.encode(wide.samples(), &mut payload);
        decoder.decode(&payload, &mut room);
        heard.extend_from_slice(lower.fit(LentFrame::Wide(&room), SampleRate::Narrow).samples());
    }
    heard
}

#[test]
fn every_recorded_key_is_told_once_from_a_wide_line_too() {
    for name in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "star", "pound"] {
        let Some(samples) = over_the_line(&format!("dtmf/dtmf-{name}.wav")) else { return };
        let mut detector = ToneDetector::new();
        let heard = over_a_wide_line(&samples);
        let told: Vec<char> = heard.chunks(160).filter_map(|frame| detector.frame(frame)).collect();
        let key = match name {
            "star" => '*',
            "pound" => '#',
            digit => digit.chars().next().unwrap(),
        };
        assert_eq!(told, [key]);
    }
}

/// The recordings in a folder and those below it.
fn recordings(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match entry.extension() {
            _ if entry.is_dir() => recordings(&entry, found),
            Some(extension) if extension == "wav" => found.push(entry),
            _ => {}
        }
    }
}

#[test]
fn no_recording_of_speech_presses_a_key_on_either_line() {
    let Some(folder) = testdata() else { return };
    let mut found = Vec::new();
    recordings(&folder.join("speech"), &mut found);
    let mut read = 0;
    for path in found {
        // Broken ones are there too, for those who read files.
        let Ok(sound) = wav::read(&std::fs::read(&path).unwrap()) else { continue };
        read += 1;
        let narrow = to_rate(&sound.samples, sound.rate, 8_000);
        for samples in [over_a_wide_line(&narrow), narrow] {
            let mut detector = ToneDetector::new();
            let told: String = samples.chunks(160).filter_map(|frame| detector.frame(frame)).collect();
            assert_eq!(told, "", "{}", path.display());
        }
    }
    assert!(read > 5, "{read}");
}

/// The share of frames that are active.
fn activity(samples: &[i16]) -> f64 {
    let mut detector = ActivityDetector::new();
    let frames: Vec<bool> = samples.chunks(160).map(|frame| detector.frame(frame).active).collect();
    frames.iter().filter(|a| **a).count() as f64 / frames.len() as f64
}

#[test]
fn speech_is_active_and_an_office_mostly_is_not() {
    for path in SPEECH {
        let Some(samples) = over_the_line(path) else { return };
        let share = activity(&samples);
        println!("{path}: {share:.2}");
        assert!(share > 0.5, "{path}: {share}");
    }
    let Some(office) = over_the_line("noise/office.wav") else { return };
    let share = activity(&office);
    println!("office: {share:.2}");
    assert!(share < 0.35, "office: {share}");
}

#[test]
fn speech_with_five_percent_of_its_frames_missing_keeps_its_shape() {
    let Some(speech) = over_the_line(SPEECH[0]) else { return };
    let (mut conceal, mut silent_error, mut error, mut energy) = (Conceal::new(), 0.0, 0.0, 0.0);
    let mut steepest = 0;
    for (n, real) in speech.as_chunks::<160>().0.iter().enumerate() {
        let mut frame = *real;
        if n % 20 == 13 {
            conceal.conceal(&mut frame);
            for (made, real) in frame.iter().zip(real) {
                error += (f64::from(*made) - f64::from(*real)).powi(2);
                silent_error += f64::from(*real).powi(2);
                energy += f64::from(*made).powi(2);
            }
        } else {
            conceal.received(&mut frame);
        }
        let step = |w: &[i16]| (i32::from(w[0]) - i32::from(w[1])).abs();
        steepest = steepest.max(frame.windows(2).map(step).max().unwrap());
    }
    println!("energy kept {:.2}, error against silence {:.2}", energy / silent_error, error / silent_error);
    assert!((0.4..1.6).contains(&(energy / silent_error)));
    assert!(error < 1.5 * silent_error);
    let natural = speech.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().unwrap();
    assert!(steepest <= natural * 5 / 4, "{steepest} against {natural}");
}

#[test]
fn hostile_headers_are_refused_and_odd_formats_are_read() {
    let Some(folder) = testdata() else { return };
    let read = |name: &str| wav::read(&std::fs::read(folder.join("speech/hostile-wav").join(name)).unwrap());
    assert!(matches!(read("awful.wav"), Err(WavFault::Malformed { .. })), "a rate of a million");
    assert!(matches!(read("bad.wav"), Err(WavFault::Malformed { .. })), "an endless format");
    assert_eq!(read("evil.wav"), Err(WavFault::Truncated));
    assert_eq!(read("null.wav"), Err(WavFault::Empty));
    let eight = read("audio-mono-8-bit-44100Hz.wav").unwrap();
    assert_eq!((eight.rate, eight.channels, eight.samples.len()), (44_100, 1, 0x1_d8dc));
    let wide = read("audio-stereo-24-bit-44100Hz.wav").unwrap();
    assert_eq!((wide.rate, wide.channels, wide.samples.len()), (44_100, 2, 0xb_1528 / 6));
    assert!(read("english.wav").is_ok());
}
