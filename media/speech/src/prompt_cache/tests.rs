use super::*;

fn prompt(samples: usize) -> Arc<Prompt> {
    Arc::new(Prompt::from_pcm_8k(vec![5; samples]))
}

#[test]
fn a_key_depends_on_text_language_and_voice_and_on_where_they_part() {
    let (en, de) = (Locale::default(), Locale::new("de-DE").expect("a locale"));
    let keys = [
        PromptKey::new("hello", &en, "flite:slt"),
        PromptKey::new("hello", &de, "flite:slt"),
        PromptKey::new("hello", &en, "flite:rms"),
        PromptKey::new("hello ", &en, "flite:slt"),
    ];
    let different: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(different.len(), keys.len());
    assert_eq!(keys[0], PromptKey::new("hello", &en, "flite:slt"));
    assert_eq!(keys[0].as_str().len(), 64);
}

#[test]
fn memory_lets_go_of_what_was_used_longest_ago() {
    let (mut memory, en) = (Memory::default(), Locale::default());
    for text in ["a", "b", "c"] {
        memory.put_within(text.into(), en.clone(), prompt(160), 480);
    }
    assert!(memory.get("a", &en).is_some(), "used just now");
    memory.put_within("d".into(), en.clone(), prompt(160), 480);
    assert!(memory.get("b", &en).is_none());
    assert!(["a", "c", "d"].iter().all(|text| memory.get(text, &en).is_some()));
    memory.put_within("d".into(), en.clone(), prompt(320), 480);
    assert_eq!(memory.samples, memory.prompts.values().map(|(_, p)| p.pcm_8k().len()).sum::<usize>());
    memory.put_within("huge".into(), en.clone(), prompt(1_600), 480);
    assert_eq!((memory.samples, memory.prompts.len()), (0, 0), "what fits nowhere is not kept");
}

#[test]
fn the_disk_keeps_whole_files_and_counts_damaged_ones_as_none() {
    let data = tempfile::tempdir().expect("a folder");
    let path = data.path().join("cache");
    let mut folder = Folder::open(&path).expect("made");
    let key = PromptKey::new("hello", &Locale::default(), "tone");
    assert_eq!(folder.read(&key), None);
    folder.write(&key, &[1, 2, 3]).expect("written");
    assert_eq!(folder.read(&key), Some(vec![1, 2, 3]));
    let file = path.join(format!("{}.wav", key.as_str()));
    let bytes = std::fs::read(&file).expect("there");
    std::fs::write(&file, &bytes[..bytes.len() - 1]).expect("damaged");
    assert_eq!(folder.read(&key), None);
    let part = path.join(format!("{}.wav.part", key.as_str()));
    std::fs::write(&part, b"half").expect("left over");
    std::fs::write(path.join("notes.txt"), b"not ours").expect("written");
    Folder::open(&path).expect("opened again");
    assert!(!part.exists() && file.exists() && path.join("notes.txt").exists());
}

#[test]
fn the_disk_does_not_fill_with_a_file_for_each_callers_name() {
    let data = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::open(data.path()).expect("made");
    for caller in 0..MOST_FILES + SWEEP_EVERY {
        let key = PromptKey::new(&format!("Good day, caller {caller}"), &Locale::default(), "tone");
        folder.write(&key, &[1]).expect("written");
    }
    let files = std::fs::read_dir(data.path()).expect("a folder").count();
    assert!(files <= MOST_FILES + 1, "{files} files");
}
