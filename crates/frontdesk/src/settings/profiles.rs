//! The ready profiles of carriers and PBXs: `profile = "sipgate"`.
//!
//! A profile is a table with the keys of a `[[trunk]]` that are not the customer's own. It comes with the program, from
//! `sip-config/trunks/`, or is a file of the operator.

use super::fault::{Faults, Problem};
use super::nearest::nearest;
use super::section::{Located, Section};
use super::trunk_words::TrunkWords;
use std::path::Path;
use toml::de::DeTable;

/// A profile that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct ReadyProfile {
    /// As `profile = "…"` names it.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! ready {
    ($($name:literal),* $(,)?) => {
        [$(ReadyProfile {
            name: $name,
            text: include_str!(concat!("../../../../sip-config/trunks/", $name, ".toml")),
        }),*]
    };
}

/// Every profile that comes with the program, by name.
pub const READY_PROFILES: [ReadyProfile; 19] = ready![
    "3cx",
    "asterisk",
    "avaya-ip-office",
    "avaya-session-manager",
    "cisco-cucm",
    "didww",
    "easybell",
    "freeswitch",
    "kamailio",
    "peoplefone",
    "plusnet",
    "sipgate",
    "teams-sbc",
    "telekom-companyflex",
    "telekom-deutschlandlan",
    "telnyx",
    "twilio",
    "voip-ms",
    "vonage",
];

/// What a profile says.
#[derive(Debug, Clone, Default)]
pub(super) struct Profile {
    /// Whose it is, for people.
    pub(super) title: String,
    /// Keys that the operator must give.
    pub(super) needs: Vec<String>,
    /// Its defaults.
    pub(super) words: TrunkWords,
}

/// The profile that a trunk names: a ready one, or a file.
pub(super) fn find(section: &Section<'_, '_>, named: Located<&str>, folder: &Path) -> Option<Profile> {
    let by_path = named.value.contains('/') || named.value.ends_with(".toml");
    let (place, text) = if by_path {
        let path = folder.join(named.value);
        match std::fs::read_to_string(&path) {
            Ok(text) => (path, text),
            Err(source) => {
                section.push_at(named.line, Problem::UnreadableFile { key: "profile", path, source });
                return None;
            }
        }
    } else {
        match READY_PROFILES.iter().find(|ready| ready.name == named.value) {
            Some(ready) => {
                let place = Path::new("sip-config/trunks").join(format!("{}.toml", ready.name));
                (place, ready.text.to_owned())
            }
            None => {
                let known: Vec<&'static str> = READY_PROFILES.iter().map(|ready| ready.name).collect();
                let problem = Problem::UnknownProfile {
                    name: named.value.chars().take(64).collect(),
                    nearest: nearest(named.value, &known).map(str::to_owned),
                    known,
                };
                section.push_at(named.line, problem);
                return None;
            }
        }
    };
    match read(&place, &text) {
        Ok(profile) => Some(profile),
        Err(faults) => {
            section.extend(faults);
            None
        }
    }
}

/// Reads a profile's text.
fn read(place: &Path, text: &str) -> Result<Profile, Vec<super::SettingsFault>> {
    let faults = Faults::new(place, text);
    let (document, syntax) = DeTable::parse_recoverable(text);
    for error in &syntax {
        let line = error.span().map(|span| faults.line(span.start));
        faults.push(line, Problem::Syntax { message: error.message().to_owned() });
    }
    let mut section = Section::new("", document.get_ref(), 1, &faults);
    let title = section.text("title").map(|title| title.value.to_owned()).unwrap_or_default();
    let needs = section.texts("needs").unwrap_or_default();
    let needs = needs.into_iter().map(|need| need.value.to_owned()).collect();
    let words = TrunkWords::read(&mut section);
    section.finish();
    faults.into_result(Profile { title, needs, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ready_profile_reads_and_says_whose_it_is() {
        for ready in READY_PROFILES {
            let profile = read(Path::new(ready.name), ready.text).unwrap_or_else(|faults| {
                panic!(
                    "{}: {}",
                    ready.name,
                    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
                )
            });
            assert!(!profile.title.is_empty(), "{} has no title", ready.name);
            assert!(
                profile.words.host.is_some() || profile.needs.iter().any(|need| need == "host"),
                "{} says neither a host nor that it needs one",
                ready.name
            );
            assert!(
                ready.text.contains("ource") || ready.text.contains("https://"),
                "{} names no source",
                ready.name
            );
        }
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_program() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sip-config/trunks");
        let Ok(files) = std::fs::read_dir(&folder) else {
            println!("skipped: built outside of the project");
            return;
        };
        for file in files.map(|file| file.expect("a file").path()) {
            let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
            assert!(READY_PROFILES.iter().any(|ready| ready.name == name), "{name} is not in READY_PROFILES");
        }
    }
}
