use super::*;
use frontdesk_audio::wav;

fn folder_with(index: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("prompts.toml"), index).expect("written");
    std::fs::write(folder.path().join("welcome.wav"), wav::write_mono(8_000, &[7; 800])).expect("written");
    std::fs::write(folder.path().join("broken.wav"), b"no sound").expect("written");
    folder
}

fn locale(text: &str) -> Locale {
    Locale::new(text).expect("a locale")
}

#[test]
fn a_text_is_found_by_its_words_in_its_language() {
    let folder =
        folder_with("[en]\n\"Welcome to Acme.\" = \"welcome.wav\"\n[de-DE]\n\"Hallo\" = \"broken.wav\"\n");
    let prompts = RecordedPrompts::open(folder.path()).expect("a good index");
    let read = |text, language| prompts.read(text, &locale(language));
    let recording = read("welcome to  ACME!", "en-US").expect("recorded").expect("readable");
    assert_eq!((recording.rate, recording.samples.len()), (8_000, 800));
    assert!(read("Welcome to Acme.", "de-DE").is_none());
    assert!(read("Welcome to Acme again.", "en-US").is_none());
    assert!(matches!(read("Hallo", "de-DE"), Some(Err(VoiceFault::NoSound { .. }))));
    assert!(read("Hallo", "de-AT").is_none(), "recorded for Germany only");
}

#[test]
fn a_wrong_index_names_file_and_line() {
    for (index, line, word) in [
        ("[en]\n\"Hi\" = \"../secret.wav\"\n", 2, "inside the folder"),
        ("[en]\n\"Hi\" = \"/etc/passwd\"\n", 2, "inside the folder"),
        ("[en]\n\"Hi\" = \"\"\n", 1, "inside the folder"),
        ("[english]\n\"Hi\" = \"welcome.wav\"\n", 1, "locale"),
        ("[en]\n\n\"Hi\" = 5\n", 3, "string"),
        ("[en]\n\"...\" = \"welcome.wav\"\n", 2, "words"),
    ] {
        let folder = folder_with(index);
        let fault = RecordedPrompts::open(folder.path()).expect_err(index);
        let VoiceFault::Index { line: found, why, .. } = &fault else { panic!("{fault}") };
        assert_eq!((*found, why.contains(word)), (line, true), "{fault}");
    }
    let empty = tempfile::tempdir().expect("a folder");
    assert!(matches!(RecordedPrompts::open(empty.path()), Err(VoiceFault::Files { .. })));
}
