//! `sipp/README.md` says which scenario stands for which capability. It cannot say what is not so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All that stands in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_row_names_scenarios_and_stories_that_are_there() {
    let table = read(&folder().join("sipp/README.md"));
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| What"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 40, "{} rows", rows.len());
    let mut named = BTreeSet::new();
    for row in &rows {
        let [what, scenarios, over, story] = row.as_slice() else { panic!("four cells: {row:?}") };
        for scenario in quoted(scenarios) {
            let file = folder().join("sipp").join(format!("{scenario}.xml"));
            assert!(file.is_file(), "{what}: there is no {}", file.display());
            named.insert(scenario.to_owned());
        }
        for wire in over.split(", ") {
            assert!(["UDP", "TCP", "TLS", "–"].contains(&wire), "{what}: {wire}");
        }
        // Without a scenario, the last cell says in words what holds it.
        for story in quoted(story).filter(|_| quoted(scenarios).next().is_some()) {
            let (module, test) = story.rsplit_once("::").expect("module::test");
            let file = folder().join("stories").join(module.replace("::", "/") + ".rs");
            let text = read(&file);
            assert!(text.contains(&format!("#[test]\nfn {test}()")), "{what}: {story} is no test");
            for scenario in quoted(scenarios) {
                assert!(
                    text.contains(&format!("\"{scenario}\"")),
                    "{what}: {story} does not play {scenario}"
                );
            }
        }
        assert!(quoted(scenarios).count() == 0 || quoted(story).count() > 0, "{what}: no story");
    }
    let files = std::fs::read_dir(folder().join("sipp")).expect("a folder").flatten();
    for file in files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "xml"))
    {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(named.contains(&name), "{name}.xml stands in no row");
    }
}
