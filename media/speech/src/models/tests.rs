use super::*;
use crate::model_file::FileFault;

fn data_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let data = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(data.path().join("models")).expect("a folder in it");
    for (name, bytes) in files {
        std::fs::write(data.path().join("models").join(name), bytes).expect("written");
    }
    data
}

#[test]
fn without_any_file_the_built_in_model_serves() {
    let data = tempfile::tempdir().expect("a folder");
    let model = find(data.path(), None).expect("built in");
    assert_eq!((model.name.as_str(), model.path.as_deref()), ("desk-en-tiny.q5_0", None));
    assert_eq!(model.settings.reject_below, -0.35);
    assert_eq!((model.settings.flash_attention, model.settings.threads), (false, 1));
    assert_eq!((model.settings.least_samples, model.settings.audio_context_spare), (17_600, 8));
    assert_eq!(model.settings.language.as_deref(), Some("en"));
}

#[test]
fn the_largest_official_model_in_the_data_folder_wins() {
    let mut longer = SHIPPED.to_vec();
    // Whole in every respect but its size: a word of the vocabulary grows by a byte.
    let word = 48 + 8 + 80 * 201 * 4 + 4;
    longer[word] += 1;
    longer.insert(word + 4, b'x');
    let data = data_with(&[("ggml-small.bin", &longer), ("ggml-base.bin", SHIPPED), ("notes.bin", b"x")]);
    let model = find(data.path(), None).expect("whole");
    assert_eq!(model.name, "ggml-small");
    assert_eq!(model.settings, EngineSettings::default());
    let listed = list(data.path()).expect("readable");
    let names: Vec<_> = listed.iter().map(|row| row.model.as_ref().map(|model| model.name.clone())).collect();
    assert_eq!(
        names,
        [Ok("ggml-small".to_owned()), Ok("ggml-base".to_owned()), Ok("desk-en-tiny.q5_0".to_owned())]
    );
}

#[test]
fn a_named_model_wins_over_the_folder_and_must_work() {
    let data = data_with(&[("ggml-base.bin", SHIPPED), ("mine.bin", SHIPPED)]);
    let named = data.path().join("models/mine.bin");
    assert_eq!(find(data.path(), Some(&named)).expect("whole").name, "mine");
    let missing = data.path().join("nowhere.bin");
    let fault = find(data.path(), Some(&missing)).expect_err("not there");
    assert!(fault.to_string().contains("nowhere.bin"), "{fault}");
}

#[test]
fn a_download_that_was_cut_off_is_refused_and_listed_with_its_reason() {
    let data = data_with(&[("ggml-base.en.bin", &SHIPPED[..1_000_000])]);
    let fault = find(data.path(), None).expect_err("cut off");
    assert!(matches!(fault, ModelFault::Broken { fault: FileFault::Truncated { .. }, .. }), "{fault}");
    assert!(fault.to_string().contains("fetch it again"), "{fault}");
    let listed = list(data.path()).expect("readable");
    assert_eq!(listed.iter().map(|row| row.model.is_ok()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn settings_beside_a_model_override_and_wrong_ones_name_the_line() {
    let data =
        data_with(&[("ggml-base.bin", SHIPPED), ("ggml-base.toml", b"threads = 2\nreject_below = -0.7\n")]);
    let settings = find(data.path(), None).expect("whole").settings;
    assert_eq!((settings.threads, settings.reject_below, settings.least_samples), (2, -0.7, 17_600));
    for (text, word) in [
        ("threads = 2\nthread = 3\n", "line 2"),
        ("threads = 0", "threads"),
        ("reject_below = 1.0", "reject_below"),
        ("reject_below = nan", "reject_below"),
        ("language = \"english\"", "language"),
        ("least_samples = 100000000", "least_samples"),
    ] {
        let data = data_with(&[("ggml-base.bin", SHIPPED), ("ggml-base.toml", text.as_bytes())]);
        let fault = find(data.path(), None).expect_err(text).to_string();
        assert!(fault.contains(word) && fault.contains("ggml-base.toml"), "{fault}");
    }
}
