//! Which model serves: one named by the operator, one found in the data folder, or the one that is built in.

use crate::model_file::{self, FileFault};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

pub use crate::model_file::ModelHeader;

/// The small model that ships with the desk, inside the binary: it works without any file beside it.
static SHIPPED: &[u8] = include_bytes!("../models/desk-en-tiny.q5_0.bin");
/// The settings that belong to it.
static SHIPPED_SETTINGS: &str = include_str!("../models/desk-en-tiny.q5_0.toml");
/// Its name for people.
const SHIPPED_NAME: &str = "desk-en-tiny.q5_0";
/// What its bytes must add up to (SHA-256): a binary that was damaged on disk must not mishear callers.
const SHIPPED_SHA256: &str = "4ef4f5b7b23b77c6dc07f913455c3f6a312023f9c66da39f387451a7cdeb603c";
/// The largest model file that is read: the largest official one has 3.1 GB.
const LARGEST_FILE_BYTES: u64 = 4 << 30;
/// The largest settings file that is read.
const LARGEST_SETTINGS_BYTES: u64 = 64 << 10;

/// A model that was found whole, ready to be loaded into an engine.
#[derive(Clone)]
pub struct Model {
    /// Its name for people, such as `desk-en-tiny.q5_0` or `ggml-base.en`.
    pub name: String,
    /// Where it stands; `None` for the one that is built in.
    pub path: Option<PathBuf>,
    /// Its shape, as its header says.
    pub header: ModelHeader,
    /// How an engine must be set for it.
    pub settings: EngineSettings,
    pub(crate) bytes: Cow<'static, [u8]>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.name)
            .field("path", &self.path)
            .field("header", &self.header)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// How an engine must be set for a model. Beside a model `x.bin` an `x.toml` with these names overrides what is
/// taken for it by default.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineSettings {
    /// Flash attention. It must be off wherever the context is cut: attention would run over what was heard before.
    pub flash_attention: bool,
    /// Threads for one recognition, 1 to 16. More threads than idle cores are slower than one.
    pub threads: u8,
    /// Zeros are added up to this many samples at 16 kHz.
    pub least_samples: u32,
    /// Frames of 20 ms of context beyond those that the samples fill.
    pub audio_context_spare: u16,
    /// The one language that the model knows; `None`: the language of the listening.
    pub language: Option<String>,
    /// A text whose mean log probability is lower is rejected: it is given as empty.
    pub reject_below: f32,
}

/// For an official model: its own language list, its context cut to the utterance like the small one's.
impl Default for EngineSettings {
    fn default() -> Self {
        EngineSettings {
            flash_attention: false,
            threads: 1,
            least_samples: 17_600,
            audio_context_spare: 64,
            language: None,
            // Not measured: no official model could be run here. OpenAI's own decoder gives up at -1.
            reject_below: -1.0,
        }
    }
}

/// Why a model cannot serve; always for whoever runs this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFault {
    /// The file or folder cannot be read.
    #[error("the model `{path}` cannot be read: {kind}; check the path and its rights")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// The file is not a whole ggml model of Whisper.
    #[error("the model `{path}` is refused: {fault}; fetch it again")]
    Broken {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        fault: FileFault,
    },
    /// The settings beside the model are wrong.
    #[error("the settings `{path}` of a model are wrong: {why}")]
    Settings {
        /// Which.
        path: PathBuf,
        /// What is wrong, with the line.
        why: String,
    },
    /// The model that is built in was damaged.
    #[error("the model inside this program is damaged (SHA-256 {found}); install the program again")]
    Damaged {
        /// What its bytes add up to.
        found: String,
    },
    /// The engine would not take a file that looked whole.
    #[error("the engine refused the model `{name}`; its log says why")]
    Refused {
        /// The model.
        name: String,
    },
}

/// One row of what can be listed.
#[derive(Debug)]
pub struct Listed {
    /// Where it stands; `None` for the one that is built in.
    pub path: Option<PathBuf>,
    /// The model, or why it cannot serve.
    pub model: Result<Model, ModelFault>,
}

/// The model that serves: `named` before any in `<data>/models/ggml-*.bin` before the one that is built in.
///
/// Of several in the folder the largest serves, since it hears best. One that is named must work; one in the folder
/// that is broken is refused too, rather than silently replaced by worse ears.
pub fn find(data_folder: &Path, named: Option<&Path>) -> Result<Model, ModelFault> {
    if let Some(path) = named {
        return open(path);
    }
    match files_in(data_folder)?.pop() {
        Some((_, path)) => open(&path),
        None => shipped(),
    }
}

/// Every model that is there: those in the data folder, then the one that is built in.
pub fn list(data_folder: &Path) -> Result<Vec<Listed>, ModelFault> {
    let found = files_in(data_folder)?.into_iter().rev();
    let mut listed: Vec<Listed> =
        found.map(|(_, path)| Listed { model: open(&path), path: Some(path) }).collect();
    listed.push(Listed { path: None, model: shipped() });
    Ok(listed)
}

/// The model that is built in.
pub fn shipped() -> Result<Model, ModelFault> {
    let found = hexadecimal(&Sha256::digest(SHIPPED));
    if found != SHIPPED_SHA256 {
        return Err(ModelFault::Damaged { found });
    }
    let path = PathBuf::from(SHIPPED_NAME);
    let settings = read_settings(SHIPPED_SETTINGS, &path.with_extension("toml"))?;
    let header = model_file::check(SHIPPED).map_err(|fault| ModelFault::Broken { path, fault })?;
    Ok(Model { name: SHIPPED_NAME.to_owned(), path: None, header, settings, bytes: Cow::Borrowed(SHIPPED) })
}

/// The model in this file, read and checked to its last byte before any engine sees it.
pub fn open(path: &Path) -> Result<Model, ModelFault> {
    let unreadable = |error: std::io::Error| ModelFault::Unreadable { path: path.into(), kind: error.kind() };
    let broken = |fault| ModelFault::Broken { path: path.into(), fault };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST_FILE_BYTES {
        return Err(broken(FileFault::TooLarge));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let header = model_file::check(&bytes).map_err(broken)?;
    let settings = settings_beside(path)?;
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(Model { name, path: Some(path.into()), header, settings, bytes: Cow::Owned(bytes) })
}

/// `<data>/models/ggml-*.bin`, the smallest first. A folder that is not there holds none.
fn files_in(data_folder: &Path) -> Result<Vec<(u64, PathBuf)>, ModelFault> {
    let folder = data_folder.join("models");
    let unreadable =
        |error: std::io::Error| ModelFault::Unreadable { path: folder.clone(), kind: error.kind() };
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("ggml-") && name.ends_with(".bin") {
            let size = std::fs::metadata(&path).map_or(0, |found| found.len());
            files.push((size, path));
        }
    }
    files.sort();
    Ok(files)
}

fn settings_beside(model: &Path) -> Result<EngineSettings, ModelFault> {
    let path = model.with_extension("toml");
    let wrong =
        |error: std::io::Error| ModelFault::Settings { path: path.clone(), why: error.kind().to_string() };
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(EngineSettings::default()),
        Err(error) => return Err(wrong(error)),
        Ok(found) if found.len() > LARGEST_SETTINGS_BYTES => {
            return Err(ModelFault::Settings { path, why: "the file is too large".to_owned() });
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(&path).map_err(wrong)?;
    read_settings(&text, &path)
}

fn read_settings(text: &str, path: &Path) -> Result<EngineSettings, ModelFault> {
    let wrong = |why: String| ModelFault::Settings { path: path.into(), why };
    let settings: EngineSettings = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let faults = [
        (!(1..=16).contains(&settings.threads), "`threads` must be 1 to 16"),
        (settings.least_samples > 480_000, "`least_samples` must be at most 480000"),
        (settings.reject_below.is_nan() || settings.reject_below > 0.0, "`reject_below` must be 0 or less"),
        (
            settings.language.as_ref().is_some_and(|l| !(2..=3).contains(&l.len()) || !l.is_ascii()),
            "`language` must be a code such as \"en\"",
        ),
    ];
    match faults.iter().find(|(wrong, _)| *wrong) {
        Some((_, why)) => Err(wrong((*why).to_owned())),
        None => Ok(settings),
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
