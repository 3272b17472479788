//! Whisper itself, run. The stubs of the test data have a header and a vocabulary but no weights.

use super::*;
use crate::model_file;
use crate::models::{self, ModelFault};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

fn shipped() -> WhisperEngine {
    WhisperEngine::load(&models::shipped().expect("whole")).expect("loads")
}

fn stub(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    let folder = std::env::var_os("FRONTDESK_TESTDATA").map_or(beside, PathBuf::from);
    let path = folder.join("whisper").join(name);
    if !path.is_file() {
        println!("skipped: no test data ({name})");
        return None;
    }
    Some(path)
}

/// A stub as a model, past the check that would refuse it.
fn unchecked(path: &Path) -> Model {
    let bytes = std::fs::read(path).expect("readable");
    let header = model_file::check_without_weights(&bytes).expect("a header");
    let settings = EngineSettings::default();
    Model { name: "stub".to_owned(), path: Some(path.into()), header, settings, bytes: Cow::Owned(bytes) }
}

fn hiss() -> Vec<f32> {
    (0..32_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 16) as f32 / 655_360.0 - 0.05).collect()
}

#[test]
fn silence_and_hiss_give_no_words() {
    let mut engine = shipped();
    for samples in [vec![0.0; 16_000], hiss(), Vec::new(), vec![0.0; 400_000], vec![f32::NAN; 8_000]] {
        let heard = engine.recognise(&samples, &Locale::default(), &AtomicBool::new(false)).expect("works");
        assert_eq!(heard.text, "", "{heard:?}");
        assert!(heard.mean_log_probability.is_finite());
    }
}

#[test]
fn what_was_heard_before_does_not_change_what_is_heard() {
    let mut engine = shipped();
    let never = AtomicBool::new(false);
    let (short, long) = (hiss()[..9_000].to_vec(), [hiss(), hiss(), hiss()].concat());
    let alone = engine.recognise(&short, &Locale::default(), &never).expect("works");
    engine.recognise(&long, &Locale::default(), &never).expect("works");
    assert_eq!(engine.recognise(&short, &Locale::default(), &never).expect("works"), alone);
}

#[test]
fn a_recognition_that_is_cancelled_ends_and_the_next_one_works() {
    let mut engine = shipped();
    assert_eq!(
        engine.recognise(&hiss(), &Locale::default(), &AtomicBool::new(true)),
        Err(RecogniseError::Cancelled)
    );
    // Past the first look at the flag: whisper.cpp itself finds it set.
    let cancelled = engine.run(&vec![0.0; 32_000], "en", &AtomicBool::new(true));
    assert_eq!(cancelled, Err(RecogniseError::Cancelled));
    let heard = engine.recognise(&vec![0.0; 16_000], &Locale::default(), &AtomicBool::new(false));
    assert_eq!(heard.expect("works again").text, "");
}

#[test]
fn an_english_model_does_not_pretend_to_hear_german() {
    let mut engine = shipped();
    let german = Locale::new("de-DE").expect("a locale");
    let error = engine.recognise(&hiss(), &german, &AtomicBool::new(false)).expect_err("no German");
    assert!(error.to_string().contains("`de`"), "{error}");
    let british = Locale::new("en-GB").expect("a locale");
    assert!(engine.recognise(&hiss(), &british, &AtomicBool::new(false)).is_ok());
}

#[test]
fn the_context_is_cut_to_the_utterance_and_never_above_the_models() {
    let engine = shipped();
    for (samples, frames) in [(17_600, 63), (32_000, 108), (32_001, 109), (163_840, 512), (1_000_000, 512)] {
        assert_eq!(engine.audio_context(samples), frames);
    }
    assert_eq!(engine.padded(&[0.5; 100]).len(), 17_600);
    assert_eq!(engine.padded(&vec![0.5; 1_000_000]).len(), 163_840);
}

#[test]
fn a_stub_of_an_official_model_is_refused_before_the_engine_sees_it() {
    for name in ["for-tests-ggml-tiny.bin", "for-tests-ggml-tiny.en.bin"] {
        let Some(path) = stub(name) else { return };
        let fault = models::open(&path).expect_err("no weights");
        assert!(
            matches!(&fault, ModelFault::Broken { fault: model_file::FileFault::NoTensors, .. }),
            "{fault}"
        );
        assert!(fault.to_string().contains("no weights"), "{fault}");
    }
    let Some(path) = stub("for-tests-ggml-parakeet-tdt-bad-nfft0.bin") else { return };
    println!("{}", models::open(&path).expect_err("another model"));
}

#[test]
fn official_shapes_load_run_and_cancel() {
    for (name, multilingual) in [("for-tests-ggml-tiny.bin", true), ("for-tests-ggml-tiny.en.bin", false)] {
        let Some(path) = stub(name) else { return };
        let model = unchecked(&path);
        assert_eq!((model.header.audio_state, model.header.is_multilingual()), (384, multilingual));
        let mut engine = WhisperEngine::load(&model).expect("loads");
        assert_eq!(engine.audio_context(17_600), 55 + 64);
        let never = AtomicBool::new(false);
        let heard = engine.recognise(&hiss(), &Locale::default(), &never).expect("runs");
        println!("{name}: {heard:?}");
        assert_eq!(engine.run(&hiss(), "en", &AtomicBool::new(true)), Err(RecogniseError::Cancelled));
        assert!(engine.recognise(&hiss(), &Locale::default(), &never).is_ok());
        let german = Locale::new("de").expect("a locale");
        assert_eq!(engine.recognise(&hiss(), &german, &never).is_ok(), multilingual);
    }
}

#[test]
fn an_engine_may_move_to_another_thread() {
    let mut engine = shipped();
    engine.recognise(&hiss(), &Locale::default(), &AtomicBool::new(false)).expect("works here");
    let moved = std::thread::spawn(move || {
        engine.recognise(&hiss(), &Locale::default(), &AtomicBool::new(false)).map(|heard| heard.text)
    });
    assert_eq!(moved.join().expect("no panic"), Ok(String::new()));
}

#[test]
fn certainty_is_told_on_one_scale_whatever_the_model() {
    assert_eq!(on_common_scale(-0.2, -0.35), -0.2, "the shipped model is the scale");
    assert_eq!(on_common_scale(-1.0, -1.0), DOUBTFUL);
    assert_eq!(on_common_scale(-3.0, 0.0), -3.0, "a model that rejects nothing has no threshold to scale by");
}
