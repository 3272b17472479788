use super::*;
use crate::fake::ToneVoice;
use crate::voice::Waveform;
use frontdesk_audio::wav;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// A tone voice that counts, speaks only English, and fails or panics when the text says so.
struct Counted(Arc<AtomicUsize>);

impl TextToSpeech for Counted {
    fn name(&self) -> &str {
        "counted"
    }

    fn speaks(&self, locale: &Locale) -> bool {
        locale.language() == "en"
    }

    fn render(&mut self, text: &str, locale: &Locale) -> Result<Waveform, VoiceFault> {
        self.0.fetch_add(1, Ordering::Relaxed);
        match text {
            "fail" => Err(VoiceFault::Missing { program: "counted".to_owned(), package: "counted" }),
            "panic" => panic!("the text says so"),
            _ => ToneVoice.render(text, locale),
        }
    }
}

struct Desk {
    voices: Voices,
    rendered: Receiver<Rendered>,
    count: Arc<AtomicUsize>,
}

impl Desk {
    fn new(settings: VoiceSettings, more: Vec<Box<dyn TextToSpeech>>) -> Desk {
        let (tell, rendered) = channel();
        let count = Arc::new(AtomicUsize::new(0));
        let mut voices: Vec<Box<dyn TextToSpeech>> = vec![Box::new(Counted(count.clone()))];
        voices.extend(more);
        let voices =
            Voices::with_voices(settings, voices, move |done| drop(tell.send(done))).expect("starts");
        Desk { voices, rendered, count }
    }

    fn says(&self, text: &str, locale: &str) -> Result<Arc<Prompt>, VoiceFault> {
        self.voices.render(text, Locale::new(locale).expect("a locale"));
        let done = self.rendered.recv_timeout(PATIENCE).expect("an answer");
        assert_eq!((&*done.text, done.locale.as_str()), (text, locale));
        done.result
    }
}

#[test]
fn a_text_is_rendered_once_and_comes_from_memory_then_from_disk() {
    let data = tempfile::tempdir().expect("a folder");
    let desk = Desk::new(VoiceSettings::new(data.path().join("cache")), vec![]);
    let en = Locale::default();
    assert!(desk.voices.cached("hello", &en).is_none());
    let prompt = desk.says("hello", "en-US").expect("spoken");
    assert!(
        prompt.duration().abs_diff(Duration::from_millis(300)) <= Duration::from_millis(40),
        "{prompt:?}"
    );
    assert!(Arc::ptr_eq(&prompt, &desk.voices.cached("hello", &en).expect("in memory")));
    desk.says("hello", "en-US").expect("again");
    assert_eq!(desk.count.load(Ordering::Relaxed), 1);
    drop(desk);
    let desk = Desk::new(VoiceSettings::new(data.path().join("cache")), vec![]);
    assert_eq!(*desk.says("hello", "en-US").expect("from disk"), *prompt);
    assert_eq!(desk.count.load(Ordering::Relaxed), 0);
}

#[test]
fn a_recorded_prompt_wins_over_every_voice() {
    let data = tempfile::tempdir().expect("a folder");
    let prompts = data.path().join("prompts");
    std::fs::create_dir(&prompts).expect("a folder");
    std::fs::write(prompts.join("prompts.toml"), "[en]\n\"Hello!\" = \"hello.wav\"\n\"Bad\" = \"bad.wav\"\n")
        .expect("written");
    let recording: Vec<i16> = (0..32_000).map(|at| if at % 40 < 20 { 4_000 } else { -4_000 }).collect();
    std::fs::write(prompts.join("hello.wav"), wav::write_stereo(16_000, &recording, &recording))
        .expect("written");
    let settings =
        VoiceSettings { prompts_folder: Some(prompts), ..VoiceSettings::new(data.path().join("cache")) };
    let desk = Desk::new(settings, vec![]);
    let prompt = desk.says("hello", "en-GB").expect("recorded");
    assert_eq!((prompt.duration(), desk.count.load(Ordering::Relaxed)), (Duration::from_secs(2), 0));
    // A recording that was promised and is not there is not silently replaced.
    assert!(matches!(desk.says("bad", "en-GB"), Err(VoiceFault::Files { .. })));
}

#[test]
fn the_next_voice_serves_where_the_first_fails_or_does_not_speak_the_language() {
    let data = tempfile::tempdir().expect("a folder");
    let desk = Desk::new(VoiceSettings::new(data.path().join("cache")), vec![Box::new(ToneVoice)]);
    assert!(desk.says("fail", "en-US").is_ok());
    assert!(desk.says("guten tag", "de-DE").is_ok());
    assert_eq!(desk.count.load(Ordering::Relaxed), 1, "it does not speak German");
}

#[test]
fn the_fault_that_is_told_is_that_of_the_voice_that_was_meant() {
    let data = tempfile::tempdir().expect("a folder");
    let desk = Desk::new(VoiceSettings::new(data.path().join("cache")), vec![]);
    assert!(matches!(desk.says("fail", "en-US"), Err(VoiceFault::Missing { .. })));
    assert_eq!(
        desk.says("bonjour", "fr-FR").map(|_| ()),
        Err(VoiceFault::Language { locale: "fr-FR".to_owned() })
    );
    assert!(matches!(desk.says("panic", "en-US"), Err(VoiceFault::Program { .. })));
    assert!(desk.says("hello", "en-US").is_ok(), "the voice thread lives on");
}

#[test]
fn a_folder_that_cannot_be_made_is_told_at_the_start() {
    let data = tempfile::tempdir().expect("a folder");
    let file = data.path().join("file");
    std::fs::write(&file, b"in the way").expect("written");
    let fault = Voices::start(VoiceSettings::new(file.join("cache")), |_| {}).expect_err("in the way");
    assert!(fault.to_string().contains("cache"), "{fault}");
}
